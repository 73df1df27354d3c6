//! The client of the API, for the verbs that need a server.
//!
//! What it is: the address of the server and the user (`connection`), requests and their errors (`http`, `error`),
//! the data directory instead of a server (`offline`),
//! streams of events (`events`), answers in the types of `segue-api-types` (`answered`), and answers as text (`shape`,
//! `cells`, `names`).
//!
//! What it must not know: how flows run, and what any verb prints.
//!
//! How to add one more: a verb is a file in `commands/remote/` that calls [`Reach::open`] and returns a
//! [`Reply`]. A new part of an answer is a field of its type in `segue-api-types`. The look of the field in a table
//! belongs in `cells`.

mod answered;
mod cells;
mod connection;
mod error;
mod events;
mod http;
mod names;
mod offline;
mod shape;
#[cfg(test)]
pub(crate) mod stub;

pub(crate) use answered::Answered;
pub(crate) use cells::{date, elapsed, labels, list, page, state, text};
pub(crate) use connection::{Connection, Format, Needs, Reach, Session};
pub(crate) use error::{Refused, exit_code};
pub(crate) use events::Events;
pub(crate) use http::{Client, ClientError};
pub(crate) use names::{FlowArg, flow_name, pair, pairs};
pub(crate) use shape::{execution, is_over};

use crate::report::Output;
use segue_model::Json;

/// The output of a verb, for programs and for people.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The JSON of the API.
    pub(crate) json: Json,
    /// The text for people, with a line break at the end.
    pub(crate) text: String,
    /// The exit code.
    pub(crate) code: u8,
}

impl Reply {
    /// A reply of success.
    pub(crate) fn new(json: Json, text: impl Into<String>) -> Self {
        Self { json, text: text.into(), code: crate::OK }
    }

    /// Prints the reply, and returns the exit code.
    pub(crate) fn show(&self, output: Output) -> anyhow::Result<u8> {
        match output {
            Output::Json => crate::print::line(serde_json::to_string_pretty(&self.json)?),
            Output::Text => crate::print::text(&self.text),
        }
        Ok(self.code)
    }
}
