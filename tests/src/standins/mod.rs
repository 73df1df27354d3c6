//! Stand-ins for Google's services that have no emulator, or an emulator without features that Segue needs.
//!
//! A stand-in implements the part of a service's protocol that the adapters of `segue-gcp` use. So tests run the
//! adapters unchanged. A stand-in must not know Segue. To add a stand-in, write a module here with a router, and merge
//! the router into a program of `src/bin`.

pub mod answer;
pub mod bigquery;
pub mod builds;
pub mod google;
pub mod jobs;
pub mod objects;
pub mod scheduler;
pub mod secrets;
pub mod tasks;
