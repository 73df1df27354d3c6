//! The allocator of every program: this crate is linked into each, the command line's too.
//!
//! jemalloc, since its own threads give memory back to the system ten seconds after a peak. The system's allocator
//! keeps it: after a ForEach over 100,000 values the server held more than a gigabyte for as long as it ran.

use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;
