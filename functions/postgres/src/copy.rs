//! The properties of both directions of COPY, and the statement that they make.

use crate::connection::Connection;
use schemars::JsonSchema;
use segue_jdbc::Statement;
use segue_jdbc::statements::quoted;
use segue_task::TaskError;
use serde::Deserialize;
use std::fmt::Write as _;

/// The format of the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Format {
    /// Tabs between the columns, and `\N` for NULL.
    #[default]
    Text,
    /// Comma-separated values.
    Csv,
    /// PostgreSQL's own binary format.
    Binary,
}

/// The connection, and the format of the data.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Copy {
    /// Server, database, user and encryption.
    #[serde(flatten)]
    pub connection: Connection,
    /// The columns, in the order of the data. Default: all columns of the table.
    pub columns: Option<Vec<String>>,
    /// TEXT (default), CSV or BINARY.
    #[serde(default)]
    pub format: Format,
    /// Whether the first line has the names of the columns. Only for CSV and, from PostgreSQL 15 on, TEXT.
    pub header: Option<bool>,
    /// The character between columns. Default: a tab in TEXT, a comma in CSV.
    pub delimiter: Option<String>,
    /// The text that stands for NULL. Default: `\N` in TEXT, an empty field without quotes in CSV.
    pub null_string: Option<String>,
    /// The quotes around a value in CSV. Default: `"`.
    pub quote: Option<String>,
    /// The character before a quote inside of quotes in CSV. Default: the quote.
    pub escape: Option<String>,
    /// The encoding of the data: `LATIN1`. Default: UTF8.
    pub encoding: Option<String>,
    /// Whether each row has an OID. Servers before 12 only.
    pub oids: Option<bool>,
    /// Whether rows are written frozen, into a table that was created or truncated in the same transaction.
    pub freeze: Option<bool>,
    /// Columns with values that are always quoted in CSV; `*` for all. CopyOut only.
    pub force_quote: Option<Vec<String>>,
    /// Columns with empty values that are empty texts in CSV, and not NULL. CopyIn only.
    pub force_not_null: Option<Vec<String>>,
    /// Columns in which a quoted empty value is NULL in CSV. CopyIn only.
    pub force_null: Option<Vec<String>>,
}

impl Copy {
    /// COPY of a table with its columns, or of a query in parentheses. `direction` is `FROM STDIN` or `TO STDOUT`.
    ///
    /// # Errors
    /// [`TaskError::Failed`] if a text has a zero byte.
    pub(crate) fn statement(&self, what: &str, direction: &str) -> Result<Statement, TaskError> {
        let options = self.options().map_err(TaskError::failed)?;
        let mut text = format!("COPY {what}");
        if let Some(columns) = some(self.columns.as_ref()).filter(|_| !what.starts_with('(')) {
            let _infallible = write!(text, " ({})", columns.join(", "));
        }
        let _infallible = write!(text, " {direction}");
        if !options.is_empty() {
            let _infallible = write!(text, " WITH ({})", options.join(", "));
        }
        Ok(Statement { text, number: 1, line: 1 })
    }

    fn options(&self) -> Result<Vec<String>, String> {
        let mut options = Vec::new();
        match self.format {
            Format::Text => {}
            Format::Csv => options.push("FORMAT CSV".to_owned()),
            Format::Binary => options.push("FORMAT BINARY".to_owned()),
        }
        for (name, flag) in [("OIDS", self.oids), ("FREEZE", self.freeze)] {
            if flag == Some(true) {
                options.push(name.to_owned());
            }
        }
        for (name, value) in [
            ("DELIMITER", &self.delimiter),
            ("NULL", &self.null_string),
            ("QUOTE", &self.quote),
            ("ESCAPE", &self.escape),
            ("ENCODING", &self.encoding),
        ] {
            if let Some(value) = value {
                options.push(format!("{name} {}", quoted(value)?));
            }
        }
        if let Some(header) = self.header {
            options.push(format!("HEADER {header}"));
        }
        for (name, columns) in [
            ("FORCE_QUOTE", &self.force_quote),
            ("FORCE_NOT_NULL", &self.force_not_null),
            ("FORCE_NULL", &self.force_null),
        ] {
            if let Some(columns) = some(columns.as_ref()) {
                let all = columns.iter().any(|column| column == "*");
                options.push(if all {
                    format!("{name} *")
                } else {
                    format!("{name} ({})", columns.join(", "))
                });
            }
        }
        Ok(options)
    }
}

fn some(columns: Option<&Vec<String>>) -> Option<&Vec<String>> {
    columns.filter(|columns| !columns.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_statement_has_the_options_that_are_set() {
        let copy: Copy = serde_json::from_value(json!({"url": "", "columns": ["VendorID", "b"], "format": "CSV", "header": true,
            "delimiter": "'", "nullString": "", "forceQuote": ["*"], "forceNull": ["a", "b"], "freeze": true}))
        .unwrap();
        assert_eq!(
            copy.statement("public.t", "FROM STDIN").unwrap().text,
            "COPY public.t (VendorID, b) FROM STDIN WITH (FORMAT CSV, FREEZE, DELIMITER E'''', NULL E'', HEADER true, \
             FORCE_QUOTE *, FORCE_NULL (a, b))"
        );
        let plain: Copy = serde_json::from_value(json!({"url": ""})).unwrap();
        assert_eq!(plain.statement("t", "TO STDOUT").unwrap().text, "COPY t TO STDOUT");
    }
}
