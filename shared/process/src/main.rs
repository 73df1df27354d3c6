//! A keeper and nothing else, for the tests of this crate.

fn main() {
    segue_process::enter();
}
