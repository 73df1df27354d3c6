//! What every Segue service needs in addition to its own work: configuration, telemetry, the push endpoint,
//! an orderly stop.
//!
//! What it is: [`Config`] from the environment; [`telemetry`]; [`app`], the router with Pub/Sub's push
//! endpoint; and [`serve`], which runs the router until the platform stops the process.
//!
//! What it must not know: what a message is about, who handles it, which adapter is behind a port.
//!
//! How to add one more: a setting is a field of [`Config`] with its variable in the doc comment; an endpoint
//! of every service is a module with its handler, and a line in [`app`].

mod app;
mod caller;
mod config;
mod connections;
mod envelope;
mod facts;
mod health;
mod iap;
mod serve;
mod shared;
pub mod telemetry;
mod trace;

pub use app::{Handlers, app};
pub use caller::PushCaller;
pub use config::{Config, ConfigError, LogFormat, Platform};
pub use connections::{Limits, answer};
pub use facts::{ActAs, FactsError, FunctionFacts, FunctionKind, Grant, Ingress, Subscription};
pub use iap::{IapCheck, IapError};
pub use serve::{ServeError, serve, serve_router};
