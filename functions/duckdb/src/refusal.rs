//! What DuckDB says, as sentences for the author of a flow.

use segue_jdbc::Statement;

/// A statement and the property that it is in.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) statement: Statement,
    /// `sql` or `afterSQL`.
    pub(crate) of: &'static str,
    /// Whether the rows are wanted.
    pub(crate) fetch: bool,
}

impl Step {
    /// A sentence about the statement.
    pub(crate) fn about(&self, line: usize, what: &str) -> String {
        format!("statement {}, line {line} of {}: {what}", self.statement.number, self.of)
    }
}

/// The text of DuckDB's error.
pub(crate) fn text(error: &duckdb::Error) -> String {
    match error {
        duckdb::Error::DuckDBFailure(_, Some(text)) => text.clone(),
        other => other.to_string(),
    }
}

/// Why a statement failed, where, and what to do.
pub(crate) fn of_statement(error: &duckdb::Error, step: &Step) -> String {
    let text = text(error);
    let (said, excerpt) = text.split_once("\nLINE ").unwrap_or((&text, ""));
    let line: usize = excerpt.split(':').next().and_then(|number| number.trim().parse().ok()).unwrap_or(1);
    let line = step.statement.line + line.saturating_sub(1);
    let lines: Vec<_> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let first = lines.first().copied().unwrap_or_default();
    match hint(&text) {
        // DuckDB's own advice is about settings that belong to the service.
        Some(hint) => step.about(line, &format!("{first}; {hint}")),
        None => step.about(line, &lines.join(" ")),
    }
}

fn hint(text: &str) -> Option<&'static str> {
    let has = |part: &str| text.contains(part);
    if has("file system operations are disabled") && has("://") && !has("\"file:") {
        return Some(
            "a statement reads no addresses, apart from http and https in FROM and in functions like read_csv; download \
             the file with another task, and name it in inputFiles",
        );
    }
    if has("file system operations are disabled") {
        return Some(
            "a statement uses only files of its working directory; name files to read in inputFiles and files to write \
             in outputFiles, and use {{ workingDir }} where a name is computed",
        );
    }
    if text.starts_with("Out of Memory Error") {
        return Some(
            "a task has a share of the memory of the service, and a limit on disk; read fewer columns or rows, or \
             aggregate in steps",
        );
    }
    if has("the configuration has been locked") {
        return Some("the service sets this; remove the statement");
    }
    if has("Loading external extensions is disabled") {
        return Some("write INSTALL and LOAD as statements of their own");
    }
    if has("decoding Variant columns") {
        return Some("cast the column of the type VARIANT to JSON or VARCHAR");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_jdbc::statements;
    use segue_model::Map;

    #[test]
    fn errors_name_the_line_of_the_whole_text() {
        let found = statements("SELECT 1;\n\nSELECT\n  x\nFROM t", &Map::new()).unwrap();
        let step = Step { statement: found[1].clone(), of: "afterSQL", fetch: true };
        let said = |text: &str| {
            of_statement(
                &duckdb::Error::DuckDBFailure(duckdb::ffi::Error::new(1), Some(text.to_owned())),
                &step,
            )
        };
        assert_eq!(
            said(
                "Catalog Error: Table with name t does not exist!\nDid you mean \"u\"?\n\nLINE 3: FROM t\n             ^"
            ),
            "statement 2, line 5 of afterSQL: Catalog Error: Table with name t does not exist! Did you mean \"u\"?"
        );
        let full =
            said("Out of Memory Error: failed to allocate 2 GiB\n\nPossible solutions:\n* SET memory_limit");
        assert!(full.starts_with(
            "statement 2, line 3 of afterSQL: Out of Memory Error: failed to allocate 2 GiB; a task"
        ));
        assert!(!full.contains("SET memory_limit"));
    }
}
