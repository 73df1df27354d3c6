//! Stand-ins for Google's services without an emulator, or without one that has the features Segue needs.
//!
//! They implement the service's own protocol as far as the adapters of `segue-gcp` use it, so that the
//! adapters are tested unchanged, and do what the service would do. They must not know Segue. To add one: a
//! module here with a router, merged where a program of `src/bin` serves it.

pub mod answer;
pub mod bigquery;
pub mod google;
pub mod jobs;
pub mod objects;
pub mod scheduler;
pub mod secrets;
pub mod tasks;
