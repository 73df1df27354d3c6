//! The rules of the repository that a compiler does not check: the direction of dependencies, the files that every
//! crate and every function must have, and texts that no file may contain.
//!
//! The rules read files and `cargo metadata`. This crate must not depend on a crate of the workspace, so that
//! `cargo test -p segue-tidy` takes seconds. A rule that needs such a crate is a test in `tests/tests`.
//!
//! To add a rule, add a test to the file of its subject.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")
)]

#[cfg(test)]
mod citations;
#[cfg(test)]
mod configuration;
#[cfg(test)]
mod crates;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod links;
#[cfg(test)]
mod targets;
#[cfg(test)]
mod texts;
#[cfg(test)]
mod tree;
#[cfg(test)]
mod words;
