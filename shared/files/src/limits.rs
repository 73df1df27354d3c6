//! How much is done at once.

/// How many files are copied at once.
pub(crate) const AT_ONCE: usize = 8;
