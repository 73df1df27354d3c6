//! The allocator of every program. This crate is linked into all of them, also into the command line.
//!
//! The allocator is jemalloc, because it returns memory to the system ten seconds after a peak. The system's
//! allocator does not: after a ForEach over 100,000 values the server held more than a gigabyte until it
//! ended.

use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;
