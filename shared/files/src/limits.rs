//! The limit of work at the same time.

/// The number of files that are copied at the same time.
pub(crate) const AT_ONCE: usize = 8;
