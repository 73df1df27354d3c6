//! The two service tasks of a ForEachItem (docs/kestra.md 2.7): the engine puts them before and after the
//! subflows; no flow names them.

mod merge;
mod split;

pub use merge::Merge;
pub use split::Split;
