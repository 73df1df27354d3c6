//! Code that the tests, the demo and the benchmarks share: a small web server for a folder of data files, a
//! Segue server seen from outside, stand-ins for Google's services, and the paths of this repository.
//!
//! It knows nothing about flows. To serve one more kind of address, add a route in [`sample_server::app`].

#[cfg(test)]
mod sample_server_test;

#[cfg(feature = "gcp")]
pub mod cloud;
pub mod sample_server;
pub mod server;
pub mod standins;
pub mod taxi;

use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The folder of the sample data.
pub fn sample_data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data")
}
