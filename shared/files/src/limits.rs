//! How much is done at the same time.

/// How many files are copied at the same time.
pub(crate) const AT_ONCE: usize = 8;
