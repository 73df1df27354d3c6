//! Everything in one process: all functions, the executor and the embedded adapters.
//!
//! What it is: a composition root. It starts a worker for each service on the embedded bus, so that the same messages
//! travel as on Google Cloud.
//!
//! What it must not know: how a task type works, how a flow is shown.
//!
//! How to add one more: a new function family gets one line in `segue-families`.

mod running;
mod server;
mod standalone;

pub use running::Running;
pub use segue_executor::{Change, Watch};
pub use segue_families::{PortAnswers, catalog, families};
pub use segue_fn_api::BasicAuth;
pub use server::{ServeError, Server};
pub use standalone::{Options, PutFlowError, Standalone};
