//! Task types that change or end their own or another execution. To add one: a file here and a line in the
//! table of inline types.

pub(super) mod assert;
pub(super) mod exit;
pub(super) mod fail;
pub(super) mod labels;
pub(super) mod resume;
pub(super) mod set_variables;
pub(super) mod unset_variables;
