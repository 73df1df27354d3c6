//! The REST API, with Kestra's paths and shapes (docs/kestra.md 6), and the webhooks.
//!
//! What it is: [`router`], made of endpoints. An endpoint says where it is, what it takes and what it answers; the
//! router and the OpenAPI description both come from that list. A handler (`routes`) reads the request (`request`) and
//! asks a query (`queries`), or changes something through the executor, the scheduler or a port. Answers are types of
//! `segue-api-types`; `view` makes them from what is stored.
//!
//! What it must not know: how an execution goes on, when a trigger fires, or which technology is behind a port.
//!
//! How to add one more: a handler in a file of `routes`, a line with its description in that file's `endpoints`.

mod config;
mod door;
mod endpoint;
mod error;
mod health;
mod openapi;
mod parts;
mod queries;
mod request;
mod router;
mod routes;
mod source;
mod view;

pub use config::{ApiConfig, ApiConfigError};
pub use door::{Access, AllowedHost, BasicAuth, HalfSet, Hosts, NoHost, Token, behind_door};
pub use parts::ApiParts;
pub use router::router;
