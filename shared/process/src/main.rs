//! A keeper only, for the tests of this crate.

fn main() {
    segue_process::enter();
}
