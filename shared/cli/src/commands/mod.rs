//! The verbs, one file each.

pub(crate) mod expr;
pub(crate) mod query;
pub(crate) mod run;
pub(crate) mod tables;
pub(crate) mod validate;
