//! The functions of docs/kestra.md 3.6, in one file for each group.
//!
//! To add a function, add it to the matching file and add a line to the `TABLE` of this file.

mod context;
mod crypto;
mod data;
mod lookups;
mod numbers;
mod random;
mod time;

use crate::builtin::Builtin;

/// All functions of all groups.
pub(crate) fn all() -> impl Iterator<Item = &'static Builtin> {
    [context::TABLE, crypto::TABLE, data::TABLE, lookups::TABLE, numbers::TABLE, random::TABLE, time::TABLE]
        .into_iter()
        .flatten()
}

/// The function with this name. `None` if there is no such function.
pub(crate) fn find(name: &str) -> Option<&'static Builtin> {
    all().find(|builtin| builtin.name == name)
}
