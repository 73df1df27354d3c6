//! Builds the crate again after a connector is added. A macro embeds the files, and Cargo sees only those it knows.

#[path = "../../shared/embedded/rpath/build.rs"]
mod rpath;

fn main() {
    println!("cargo::rerun-if-changed=connectors");
    rpath::main();
}
