//! Turns DuckDB's errors into errors with BigQuery's texts and with positions in the original statement.
//!
//! To add an error, add a branch in [`translate`].

use super::source_file::SourceFile;
use super::sql::invalid;
use super::sql::lex::lex;
use segue_ports::warehouse::WarehouseError;

/// Facts about the failed statement.
pub(crate) struct Context<'a> {
    /// The BigQuery text of the whole script. Positions of errors are searched in it.
    pub(crate) script: &'a str,
    /// The files that the statement reads.
    pub(crate) files: &'a [SourceFile],
}

/// Turns DuckDB's error of a statement into an error with BigQuery's text.
pub(crate) fn translate(error: &duckdb::Error, context: &Context<'_>) -> WarehouseError {
    let text = text(error);
    let (kind, message) = text.split_once(": ").unwrap_or(("", &text));
    let first_line = message.lines().next().unwrap_or_default();
    if message.starts_with("CSV Error on Line") || message.contains("unterminated quote") {
        return csv(message, context);
    }
    if let Some(rest) = message.strip_prefix("Malformed JSON in file \"") {
        return malformed(rest, context);
    }
    if message.starts_with("Could not parse '") {
        return WarehouseError::BadData {
            file: context.files.first().filter(|_| context.files.len() == 1).map(|file| file.uri.clone()),
            row: None,
            message: first_line.to_owned(),
            hint: Some("correct the file, or declare the column with the type it holds".into()),
        };
    }
    match kind {
        "Binder Error" => binder(message, context),
        "Catalog Error" => catalog(message, context),
        "Parser Error" => invalid(&format!("Syntax error: {first_line}"), None, None),
        "Constraint Error" => constraint(first_line),
        "Invalid Input Error" | "Conversion Error" | "Out of Range Error" | "Mismatch Type Error" => {
            invalid(first_line, None, None)
        }
        "Syntax Error" if first_line.contains("must not end with escape character") => {
            invalid("LIKE pattern ends with a backslash", None, None)
        }
        "Not implemented Error" => invalid(
            &format!("This statement is not supported by the embedded warehouse: {first_line}"),
            None,
            Some("run this statement on BigQuery"),
        ),
        "TransactionContext Error" => WarehouseError::Busy { message: first_line.to_owned(), hint: None },
        "IO Error" if message.contains("lock on file") => lock(first_line),
        "" => invalid(first_line, None, None),
        _ => WarehouseError::Unavailable { message: text.lines().next().unwrap_or_default().to_owned() },
    }
}

/// The text of DuckDB's error.
pub(crate) fn text(error: &duckdb::Error) -> String {
    match error {
        duckdb::Error::DuckDBFailure(_, Some(text)) => text.clone(),
        other => other.to_string(),
    }
}

/// Turns an error that no statement caused, for example when the database is opened.
pub(crate) fn internal(error: &duckdb::Error) -> WarehouseError {
    let text = text(error);
    if text.contains("lock on file") {
        return lock(&text);
    }
    WarehouseError::Unavailable { message: text.lines().next().unwrap_or_default().to_owned() }
}

fn lock(message: &str) -> WarehouseError {
    let holder = message.split("(PID ").nth(1).and_then(|rest| rest.split(')').next());
    WarehouseError::Busy {
        message: match holder {
            Some(process) => format!("the warehouse file is held by another process (PID {process})"),
            None => "the warehouse file is held by another process".to_owned(),
        },
        hint: Some(
            "one process at a time may use a data directory: stop the other, or name another --data-dir"
                .into(),
        ),
    }
}

fn binder(message: &str, context: &Context<'_>) -> WarehouseError {
    let first_line = message.lines().next().unwrap_or_default();
    let quoted = first_line.split('"').nth(1).unwrap_or_default();
    if first_line.starts_with("Referenced column") || first_line.contains("does not have a column named") {
        let name = if first_line.starts_with("Referenced") {
            quoted
        } else {
            first_line.split('"').nth(3).unwrap_or(quoted)
        };
        let candidates = message.split("Candidate bindings: ").nth(1).and_then(|rest| rest.lines().next());
        let hint = candidates.map(|names| format!("did you mean {}?", names.replace('"', "")));
        return invalid(&format!("Unrecognized name: {name}"), find(context.script, name), hint.as_deref());
    }
    if first_line.starts_with("Referenced table") {
        let hint = "name the table in FROM, or use its alias";
        return invalid(&format!("Unrecognized name: {quoted}"), find(context.script, quoted), Some(hint));
    }
    invalid(first_line, None, None)
}

fn catalog(message: &str, context: &Context<'_>) -> WarehouseError {
    let first_line = message.lines().next().unwrap_or_default();
    let name = first_line
        .split("with name ")
        .nth(1)
        .and_then(|rest| rest.split([' ', '!']).next())
        .unwrap_or_default();
    let name = name.trim_matches('"');
    if first_line.contains("Function with name") {
        let hint = "run this statement on BigQuery; the embedded warehouse may not have the function";
        let shown = name.trim_start_matches("bq_").to_uppercase();
        return invalid(&format!("Function not found: {shown}"), find(context.script, &shown), Some(hint));
    }
    if first_line.contains("does not exist") {
        let (what, name) = if first_line.starts_with("Schema") { ("Dataset", name) } else { ("Table", name) };
        return WarehouseError::NotFound { what: what.into(), name: name.to_owned(), hint: None };
    }
    if first_line.contains("already exists") {
        return WarehouseError::AlreadyExists { what: "Table".into(), name: name.to_owned() };
    }
    invalid(first_line, None, None)
}

fn constraint(message: &str) -> WarehouseError {
    match message.split("NOT NULL constraint failed: ").nth(1) {
        Some(column) => {
            let name = column.rsplit('.').next().unwrap_or(column);
            invalid(
                &format!("Required field {name} cannot be null"),
                None,
                Some("give every row a value for it"),
            )
        }
        None => invalid(message, None, None),
    }
}

/// Turns the error of a row that cannot be read: `CSV Error on Line: 6`, `Original Line: …`, `Expected Number of
/// Columns: 3 Found: 2`.
fn csv(message: &str, context: &Context<'_>) -> WarehouseError {
    let after = |mark: &str| message.split(mark).nth(1).and_then(|rest| rest.lines().next()).map(str::trim);
    let row = after("CSV Error on Line: ").and_then(|number| number.parse().ok());
    let path = after("file = ");
    let file = context.files.iter().find(|file| path.is_some_and(|path| path == file.path.to_string_lossy()));
    let file = file
        .or_else(|| context.files.first().filter(|_| context.files.len() == 1))
        .map(|file| file.uri.clone());
    let counts = after("Expected Number of Columns: ").and_then(|rest| rest.split_once(" Found: "));
    let counts = counts.and_then(|(want, have)| Some((want.parse::<u64>().ok()?, have.parse::<u64>().ok()?)));
    let (message, hint) = match counts {
        Some((wanted, found)) if found < wanted => (
            format!("CSV table references column position {found}, but line contains only {found} columns."),
            "fetch the file again if it is truncated, or set allow_jagged_rows for missing trailing columns",
        ),
        Some(_) => (
            "Too many values in line.".to_owned(),
            "declare all columns, set ignore_unknown_values, or correct the quote or delimiter",
        ),
        None if message.contains("unterminated quote") => (
            "Missing close quote character (\").".to_owned(),
            "fetch the file again if it is truncated, or correct the quote option",
        ),
        None => {
            let conversion = after("Error when converting column ");
            let text = conversion.unwrap_or_else(|| message.lines().nth(2).unwrap_or(message).trim());
            (text.to_owned(), "correct the file, or declare the column with the type it holds")
        }
    };
    WarehouseError::BadData { file, row, message, hint: Some(hint.into()) }
}

/// Turns the error of a file that is no JSON: `/path", at byte 1 in line 2: unexpected character.`
fn malformed(rest: &str, context: &Context<'_>) -> WarehouseError {
    let (path, found) = rest.split_once("\", ").unwrap_or((rest, ""));
    let file = context.files.iter().find(|file| file.path.to_string_lossy() == path);
    let row = found.split_once(" in line ").and_then(|(_, rest)| rest.split(':').next()?.trim().parse().ok());
    // DuckDB counts one line too many.
    let row = row.map(|row: u64| row.saturating_sub(1));
    let reason = found.split_once(": ").map_or(found, |(_, reason)| reason).trim();
    let reason = reason.lines().next().unwrap_or_default();
    WarehouseError::BadData {
        file: file.map(|file| file.uri.clone()),
        row,
        message: format!("JSON parsing error: {reason}"),
        hint: Some("write one JSON object in each line".into()),
    }
}

/// The line and column of a name in the script. `None` if the script does not contain the name.
fn find(script: &str, name: &str) -> Option<(u32, u32)> {
    let tokens = lex(script).ok()?;
    let found = tokens.iter().find(|token| token.name().is_some_and(|own| own.eq_ignore_ascii_case(name)))?;
    Some((found.line, found.column))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(text: &str, script: &str) -> String {
        let error = duckdb::Error::DuckDBFailure(duckdb::ffi::Error::new(1), Some(text.to_owned()));
        let files = [SourceFile { path: "/data/b/t.csv".into(), uri: "gs://b/t.csv".into() }];
        translate(&error, &Context { script, files: &files }).to_string()
    }

    #[test]
    fn a_short_row_names_file_and_row() {
        let text = "Invalid Input Error: CSV Error on Line: 6\nOriginal Line: q,2021-0\nExpected Number of Columns: 3 Found: 2\n\n  file = /data/b/t.csv";
        assert_eq!(
            translated(text, ""),
            "Error while reading data from gs://b/t.csv, row 6: CSV table references column position 2, but line \
             contains only 2 columns. (fetch the file again if it is truncated, or set allow_jagged_rows for missing \
             trailing columns)"
        );
    }

    #[test]
    fn a_file_another_process_holds_is_named() {
        let text = "IO Error: Could not set lock on file \"/d/warehouse.duckdb\": Conflicting lock is held in \
                    /usr/bin/segue (PID 4711) by user me. See also https://duckdb.org/docs/";
        assert_eq!(
            translated(text, ""),
            "Warehouse busy: the warehouse file is held by another process (PID 4711) (one process at a time may use a \
             data directory: stop the other, or name another --data-dir)"
        );
    }

    #[test]
    fn an_unknown_column_is_placed_in_the_script() {
        let text = "Binder Error: Referenced column \"fare\" not found in FROM clause!\nCandidate bindings: \"fares\"\n";
        assert_eq!(
            translated(text, "SELECT\n  fare FROM d.t"),
            "Invalid query: Unrecognized name: fare at [2:3] (did you mean fares?)"
        );
    }
}
