//! A program that is only a keeper, for the tests of this crate.

fn main() {
    segue_process::enter();
}
