//! The client of the API: how the verbs that speak to a server reach it.
//!
//! What it is: where the server is and who asks (`connection`), requests and their errors (`http`, `error`), streams
//! of events (`events`), answers in the types of `segue-api-types` (`answered`), and these made readable (`shape`,
//! `cells`, `names`).
//!
//! What it must not know: how flows run, and what any verb prints.
//!
//! How to add one more: a verb is a file in `commands/` that asks through [`Session::client`] and answers with a
//! [`Reply`]. Something new in an answer is a field of its type in `segue-api-types`; how the field looks in a table
//! goes into `cells`.

mod answered;
mod cells;
mod connection;
mod error;
mod events;
mod http;
mod names;
mod shape;
#[cfg(test)]
pub(crate) mod stub;

pub(crate) use answered::Answered;
pub(crate) use cells::{date, elapsed, labels, list, page, state, text};
pub(crate) use connection::{Connection, Session};
pub(crate) use error::{Refused, exit_code};
pub(crate) use events::Events;
pub(crate) use http::{Client, ClientError};
pub(crate) use names::{FlowArg, flow_name, pair, pairs};
pub(crate) use shape::{execution, is_over};

use crate::report::Output;
use segue_model::Json;

/// What a verb has to say, for programs and for people.
#[derive(Debug)]
pub(crate) struct Reply {
    /// As the API answered.
    pub(crate) json: Json,
    /// The same for people, lines ended.
    pub(crate) text: String,
    /// The exit code.
    pub(crate) code: u8,
}

impl Reply {
    /// A reply of success.
    pub(crate) fn new(json: Json, text: impl Into<String>) -> Self {
        Self { json, text: text.into(), code: crate::OK }
    }

    /// Prints it and hands on the exit code.
    pub(crate) fn show(&self, output: Output) -> anyhow::Result<u8> {
        match output {
            Output::Json => println!("{}", serde_json::to_string_pretty(&self.json)?),
            Output::Text => print!("{}", self.text),
        }
        Ok(self.code)
    }
}
