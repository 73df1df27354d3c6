//! The functions of docs/kestra.md 3.6, one file a group.
//!
//! To add one: a function in the fitting file and a line in that file's `TABLE`.

mod context;
mod crypto;
mod data;
mod lookups;
mod numbers;
mod random;
mod time;

use crate::builtin::Builtin;

/// All functions.
pub(crate) fn all() -> impl Iterator<Item = &'static Builtin> {
    [context::TABLE, crypto::TABLE, data::TABLE, lookups::TABLE, numbers::TABLE, random::TABLE, time::TABLE]
        .into_iter()
        .flatten()
}

/// The function of a name.
pub(crate) fn find(name: &str) -> Option<&'static Builtin> {
    all().find(|builtin| builtin.name == name)
}
