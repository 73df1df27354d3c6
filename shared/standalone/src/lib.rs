//! Everything in one process: all functions and the executor, on the embedded adapters or on Google Cloud's.
//!
//! What it is: a composition root.
//!
//! - [`Standalone`] starts a worker for each service on the embedded bus. The messages are the same as on Google Cloud.
//! - [`Server`] adds the API and triggers.
//! - `CloudServer`, with the feature `gcp`, has the same API on Google Cloud's ports. On emulators it also handles the
//!   messages of all functions.
//!
//! What it must not know: how a task type works, and how a flow is shown.
//!
//! How to add one more: a new function family gets one line in `families.rs`.

#[cfg(feature = "gcp")]
mod cloud;
mod families;
mod google;
mod running;
mod server;
mod standalone;
mod work;

#[cfg(feature = "gcp")]
pub use cloud::CloudServer;
pub use families::families;
pub use google::{GoogleAccess, GoogleOptions, make_key};
pub use running::Running;
pub use segue_catalog::{CatalogError, catalog, catalog_with, editor, pages};
pub use segue_embedded::Durability;
pub use segue_executor::{Change, Watch};
pub use segue_fn_api::{Access, AllowedHost, BasicAuth, Hosts, Token};
pub use segue_google_apis::{AccountError, KeyFile};
pub use segue_runtime::own_connectors;
pub use server::{ServeError, Server};
pub use standalone::{Options, PutFlowError, Standalone};
