//! Stand-ins for Google's services of which there is no emulator, or none that does what Segue needs of them.
//!
//! They speak the service's own protocol as far as the adapters of `segue-gcp` ask it, so that these are tested as
//! they are, and do what the service would do. They must not know Segue. To add one: a module here with a router, merged
//! where a program of `src/bin` serves it.

pub mod answer;
pub mod bigquery;
pub mod google;
pub mod jobs;
pub mod objects;
pub mod secrets;
pub mod tasks;
