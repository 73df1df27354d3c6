//! Connectors: task types that are one HTTP request, described as data in a YAML file.
//!
//! What it is: [`Connector`], the parts of a file; [`Connector::parse`], which reads and checks a file;
//! [`Connector::schema`], the JSON Schema of the task type's properties; [`folder`], the files of a user's own folder;
//! [`file_schema`], the JSON Schema of the files themselves, for editors.
//!
//! What it must not know: how a request is sent, how a template is rendered, which connectors exist.
//!
//! How to add one more: a connector is a file in `functions/connect/connectors`, see the README there. A new part of
//! the format is a field in [`format`](mod@format) and its use in `functions/connect`.

pub mod folder;
pub mod format;
mod properties;
mod reading;
pub mod testing;

pub use format::Connector;
pub use reading::{ConnectorError, file_schema};
