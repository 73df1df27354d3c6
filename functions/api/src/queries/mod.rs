//! What is asked of the ports, answered in the types of `segue-api-types`.
//!
//! What it is: one module for each kind of thing. A query takes what it looks for and gives a type, so that handlers
//! answer with it, and pages can show it.
//!
//! What it must not know: how a request is written, and how an answer is sent.
//!
//! How to add one more: a function here, and a handler in `routes` that calls it.

pub(crate) mod executions;
pub(crate) mod flows;
pub(crate) mod triggers;
