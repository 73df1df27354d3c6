//! The two service tasks of a ForEachItem (docs/kestra.md 2.7). The engine adds them before and after the
//! subflows. Flows do not name them.

mod merge;
mod split;

pub use merge::Merge;
pub use split::Split;
