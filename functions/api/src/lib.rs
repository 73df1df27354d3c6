//! The REST API, with Kestra's paths and shapes (docs/kestra.md 6), and the webhooks.
//!
//! What it is: [`router`], made of endpoints. An endpoint declares its path, parameters, body and answer. The router
//! and the OpenAPI description are both made from the list of endpoints. A handler (`routes`) reads the request
//! (`request`). Then the handler calls a query (`queries`), or changes something through the executor, the scheduler or
//! a port. Answers are types of `segue-api-types`. `view` makes the answers from stored values.
//!
//! What it must not know: how an execution continues, when a trigger fires, or which technology is behind a port.
//!
//! How to add an endpoint: write a handler in a file of `routes`, and add an entry to `endpoints()` of the same file.

mod config;
mod door;
mod endpoint;
mod error;
mod followed;
mod gauges;
mod health;
mod looks;
mod openapi;
mod parts;
mod queries;
mod request;
mod router;
mod routes;
mod snapshots;
mod source;
mod view;

pub use config::{ApiConfig, ApiConfigError};
pub use door::{Access, AllowedHost, BasicAuth, HalfSet, Hosts, NoHost, Token, behind_door};
pub use parts::ApiParts;
pub use router::router;
