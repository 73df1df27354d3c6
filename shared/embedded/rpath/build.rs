//! The build script of every package with a program in which this crate may be: it gives the program the folders in
//! which it looks for the DuckDB library, from where it is: beside it, in cargo's `deps`, and in a `lib` next to its
//! `bin`. What a library's own build script says of linking does not reach the programs that use it.

#![expect(clippy::disallowed_methods, reason = "Cargo gives a build script its settings in the environment")]

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=Cargo.toml");
    let origin = match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => "@loader_path",
        _ => "$ORIGIN",
    };
    for folder in ["", "/deps", "/../lib"] {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{origin}{folder}");
    }
}
