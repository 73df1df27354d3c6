//! Looks whether the pages are built. With `SEGUE_WEB=require` the build fails if they are not.

use std::path::Path;
use std::process::ExitCode;

#[expect(clippy::disallowed_methods, reason = "a build script is a program: nobody hands it an environment")]
fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=dist");
    println!("cargo::rerun-if-env-changed=SEGUE_WEB");
    let is_required = std::env::var("SEGUE_WEB").is_ok_and(|value| value == "require");
    if is_required && !Path::new("dist/index.html").is_file() {
        println!(
            "cargo::error=SEGUE_WEB=require, but shared/web/dist has no index.html: run `make web` first"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
