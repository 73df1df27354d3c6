//! What a server or the network says, as sentences for the author of a flow.

use crate::settings::Settings;
use segue_jdbc::Statement;
use std::error::Error as _;
use std::io;
use std::time::Duration;
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

/// What is known about the place of an error.
pub(crate) struct Scene<'a> {
    /// The address of the server.
    pub(crate) place: &'a str,
    /// The version of the server. Empty if it is not known.
    pub(crate) version: &'a str,
    /// The statement. None if the error is about another message.
    pub(crate) statement: Option<&'a Statement>,
}

/// A connection that cannot be established.
pub(crate) fn of_login(error: &Error, place: &str, settings: &Settings) -> String {
    let Settings { user, database, .. } = settings;
    if let Some(said) = error.as_db_error() {
        let what = said.message();
        return match said.code() {
            code if *code == SqlState::INVALID_PASSWORD => {
                format!("{place} refuses the user '{user}': {what}; check username and password")
            }
            code if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
                format!(
                    "{place} refuses the user '{user}': {what}; check username, and pg_hba.conf of the server"
                )
            }
            code if *code == SqlState::INVALID_CATALOG_NAME => {
                format!(
                    "{place} has no database '{database}': {what}; check the database in url, or create it"
                )
            }
            code if *code == SqlState::TOO_MANY_CONNECTIONS => {
                format!(
                    "{place} has no free connection: {what}; retry later, or limit the flow's concurrency"
                )
            }
            code => format!("{place} refuses the connection: {what} ({})", code.code()),
        };
    }
    let text = causes(error);
    if text.contains("password missing") {
        return format!("{place} asks the user '{user}' for a password; add the property password");
    }
    if text.contains("does not support TLS") {
        return format!(
            "{place} has no TLS; set sslMode: DISABLE if the network is trusted, or turn ssl on in the server"
        );
    }
    match io_error(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) => {
            format!(
                "no server answers at {place}; is PostgreSQL running there, and are host and port in url right?"
            )
        }
        Some(io::ErrorKind::TimedOut) => {
            format!("{place} did not answer in time; may this machine reach the server through the network?")
        }
        _ if text.contains("TLS") => {
            format!("the connection to {place} could not be encrypted: {text}; check sslMode and sslRootCert")
        }
        _ => format!("the connection to {place} failed: {text}"),
    }
}

/// A server that takes too long.
pub(crate) fn no_answer(place: &str, limit: Duration) -> String {
    format!("{place} did not answer within {} s; the work was stopped and undone", limit.as_secs())
}

/// A statement that failed.
pub(crate) fn of_statement(error: &Error, scene: &Scene<'_>) -> String {
    if let Some(said) = error.as_db_error() {
        return said_about(said, scene);
    }
    let place = scene.place;
    if error.is_closed() || io_error(error).is_some() {
        return format!(
            "the connection to {place} was lost: {}; the server undoes what was not committed",
            causes(error)
        );
    }
    if scene.statement.is_some_and(|statement| statement.first_word() == "COPY") {
        return "COPY FROM STDIN and COPY TO STDOUT are tasks of their own; use CopyIn or CopyOut".to_owned();
    }
    format!("{place}: {}", causes(error))
}

/// The server's own words, with the line of the flow's text, and a hint where Segue knows one.
fn said_about(said: &DbError, scene: &Scene<'_>) -> String {
    let mut text = String::new();
    let line = match (scene.statement, said.position()) {
        (Some(statement), Some(ErrorPosition::Original(position))) => Some(statement.line_at(*position)),
        (statement, _) => statement.map(|statement| statement.line),
    };
    if let (Some(statement), Some(line)) = (scene.statement, line) {
        text = format!("statement {}, line {line} of sql: ", statement.number);
    }
    text.push_str(said.message());
    text.push_str(&format!(" (PostgreSQL error {})", said.code().code()));
    for (name, more) in [("detail", said.detail()), ("where", said.where_()), ("hint", said.hint())] {
        if let Some(more) = more {
            text.push_str(&format!("; {name}: {}", more.replace('\n', " ")));
        }
    }
    if let Some(own) = hint(said.code(), said.message(), scene) {
        text.push_str(&format!("; {own}"));
    }
    text
}

fn hint(code: &SqlState, message: &str, scene: &Scene<'_>) -> Option<String> {
    let major: u32 =
        scene.version.split(['.', ' ']).next().and_then(|number| number.parse().ok()).unwrap_or(u32::MAX);
    let merge = scene.statement.is_some_and(|statement| statement.first_word() == "MERGE");
    match code {
        code if *code == SqlState::SYNTAX_ERROR && merge && message.contains("MERGE") && major < 15 => {
            Some(format!(
                "MERGE needs PostgreSQL 15 or newer, and this server is {}: use a newer server, or INSERT … ON CONFLICT DO \
             NOTHING",
                scene.version
            ))
        }
        code if *code == SqlState::ACTIVE_SQL_TRANSACTION => {
            Some("run this statement alone in a Query, or set transaction: false in Queries".to_owned())
        }
        code if *code == SqlState::BAD_COPY_FILE_FORMAT => Some(copy_hint(message).to_owned()),
        code if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
            Some("GRANT the user this right, or use another user".to_owned())
        }
        _ => None,
    }
}

/// What to do about a file that COPY does not understand. The server undoes the rows before this line.
fn copy_hint(message: &str) -> &'static str {
    if message.contains("missing data") || message.contains("unterminated") {
        "nothing was loaded: the file is cut off here, or this line is wrong. Make the file again, or fix the line; if every \
         line is like this, set columns, delimiter, quote and header as the file has them"
    } else if message.contains("extra data") {
        "nothing was loaded: this line has more fields than the table, or than columns. Set columns, delimiter and quote as \
         the file has them, or fix the line"
    } else {
        "nothing was loaded: set format, delimiter, quote, escape and encoding as the file has them, or fix the line"
    }
}

fn io_error(error: &Error) -> Option<&io::Error> {
    error.source().and_then(|source| source.downcast_ref())
}

/// The text of an error with all its causes.
fn causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        if !text.contains(&reason) {
            text.push_str(": ");
            text.push_str(&reason);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_jdbc::statements;
    use segue_model::Map;

    /// No old server is needed to know what an old server says.
    #[test]
    fn merge_on_an_old_server() {
        let merge = &statements("MERGE INTO t USING s ON true WHEN NOT MATCHED THEN DO NOTHING", &Map::new())
            .unwrap()[0];
        let said = "syntax error at or near \"MERGE\"";
        let on = |version| {
            hint(&SqlState::SYNTAX_ERROR, said, &Scene { place: "h:1", version, statement: Some(merge) })
        };
        assert!(
            on("14.9 (Debian 14.9-1)")
                .unwrap()
                .starts_with("MERGE needs PostgreSQL 15 or newer, and this server is 14.9")
        );
        assert_eq!(on("15.4"), None);
        assert_eq!(on(""), None);
    }
}
