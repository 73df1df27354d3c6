//! Table names: `` `p.d.t` ``, `d.t`, `p.d.INFORMATION_SCHEMA.TABLES`, and their meaning with a default dataset.
//!
//! There is one local project. The project in a name is parsed and kept for messages, but does not distinguish tables.
//!
//! The module must not know expressions and statements.

use super::lex::{Kind, Token};
use super::routine::Routine;
use super::{invalid, syntax_error};
use segue_ports::warehouse::{Parameter, TableReference, WarehouseError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The column with the time of the partition, in tables that are partitioned by the time when a row arrives.
pub(crate) const PARTITION_TIME: &str = "_PARTITIONTIME";

/// Refuses a name that no column of a table or result can have.
pub(crate) fn check_column(name: &str, at: Option<(u32, u32)>) -> Result<(), WarehouseError> {
    let upper = name.to_uppercase();
    let reserved = ["_PARTITION", "_TABLE_", "_FILE_", "_ROW_TIMESTAMP", "__ROOT__", "_COLIDENTIFIER"];
    let Some(prefix) = reserved.iter().find(|prefix| upper.starts_with(**prefix)) else { return Ok(()) };
    let message =
        format!("Invalid field name \"{name}\". Field names are not allowed to start with {prefix}");
    Err(invalid(&message, at, Some("give the column another name, with AS")))
}

/// The defaults for incomplete names.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// The project for names without a project.
    pub(crate) project: Option<String>,
    /// The dataset for names without a dataset.
    pub(crate) dataset: Option<String>,
    /// The values of named parameters.
    pub(crate) parameters: BTreeMap<String, Parameter>,
    /// The values of positional parameters.
    pub(crate) positional: Vec<Parameter>,
    /// The dataset with the temporary tables of the script.
    pub(crate) temporary_dataset: String,
    /// The names of the temporary tables, in lower case.
    pub(crate) temporary_tables: BTreeSet<String>,
    /// The temporary functions, by their names in lower case.
    pub(crate) functions: BTreeMap<String, Routine>,
    /// The text of the script, for the parts that are stored as written.
    pub(crate) text: Arc<str>,
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            project: None,
            dataset: None,
            parameters: BTreeMap::new(),
            positional: Vec::new(),
            temporary_dataset: "_script".to_owned(),
            temporary_tables: BTreeSet::new(),
            functions: BTreeMap::new(),
            text: Arc::from(""),
        }
    }
}

impl Scope {
    /// Parses `dataset` or `project.dataset` as the default.
    pub(crate) fn new(project: Option<String>, default_dataset: Option<&str>) -> Self {
        match default_dataset.map(|name| name.trim_matches('`').rsplit_once(['.', ':'])) {
            Some(Some((own, dataset))) => {
                Self { project: Some(own.to_owned()), dataset: Some(dataset.to_owned()), ..Self::default() }
            }
            Some(None) => {
                let dataset = default_dataset.map(|name| name.trim_matches('`').to_owned());
                Self { project, dataset, ..Self::default() }
            }
            None => Self { project, ..Self::default() },
        }
    }

    /// The temporary table with this name.
    pub(crate) fn temporary_table(&self, table: &str) -> TableReference {
        TableReference {
            project: self.project.clone(),
            dataset: self.temporary_dataset.clone(),
            table: table.to_owned(),
        }
    }

    /// The part of the script from `start` to `end`, in bytes.
    pub(crate) fn written(&self, start: usize, end: usize) -> String {
        self.text.get(start..end).unwrap_or_default().to_owned()
    }

    /// Builds a table from the parts of its name.
    pub(crate) fn table(
        &self,
        parts: &[String],
        location: (u32, u32),
    ) -> Result<TableReference, WarehouseError> {
        let (project, dataset, table) = match parts {
            [table] if self.temporary_tables.contains(&table.to_lowercase()) => {
                return Ok(self.temporary_table(table));
            }
            [session, table] if session.eq_ignore_ascii_case("_SESSION") => {
                return Ok(self.temporary_table(table));
            }
            [table] => {
                let Some(dataset) = &self.dataset else {
                    return Err(invalid(
                        &format!("Table \"{table}\" must be qualified with a dataset (e.g. dataset.table)"),
                        Some(location),
                        None,
                    ));
                };
                (self.project.clone(), dataset.clone(), table.clone())
            }
            [dataset, table] => (self.project.clone(), dataset.clone(), table.clone()),
            [project, dataset, table] => (Some(project.clone()), dataset.clone(), table.clone()),
            _ => {
                return Err(invalid(
                    &format!("Invalid table name: {}", parts.join(".")),
                    Some(location),
                    Some("write project.dataset.table"),
                ));
            }
        };
        check_dataset(&dataset, Some(location))?;
        Ok(TableReference { project, dataset, table })
    }
}

/// Refuses the name of a dataset that BigQuery refuses.
pub(crate) fn check_dataset(name: &str, location: Option<(u32, u32)>) -> Result<(), WarehouseError> {
    let fits =
        !name.is_empty() && name.len() <= 1024 && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let own = name.to_ascii_lowercase();
    if fits && own != "main" && own != "segue_catalog" && own != "information_schema" && own != "pg_catalog" {
        return Ok(());
    }
    let hint = if fits {
        "use another name; the warehouse needs this name itself"
    } else {
        "use only letters, digits and underscores"
    };
    Err(invalid(
        &format!(
            "Invalid dataset ID \"{name}\". Dataset IDs must be alphanumeric (plus underscores) and must be at most \
             1024 characters long."
        ),
        location,
        Some(hint),
    ))
}

/// Parses a dotted path at the start of `tokens`. Returns its parts and the number of its tokens. An unquoted
/// project may contain dashes (`my-project.d.t`).
pub(crate) fn path(tokens: &[Token]) -> Result<(Vec<String>, usize), WarehouseError> {
    let mut parts: Vec<String> = Vec::new();
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        match &token.kind {
            Kind::Word(word) => {
                let mut part = word.clone();
                index += 1;
                while let [dash, next, ..] = tokens.get(index..).unwrap_or_default() {
                    let glued = tokens.get(index - 1).is_some_and(|last| last.end == dash.start)
                        && dash.end == next.start;
                    let (true, true, Kind::Word(more) | Kind::Number(more)) =
                        (dash.is_symbol("-"), glued, &next.kind)
                    else {
                        break;
                    };
                    part = format!("{part}-{more}");
                    index += 2;
                }
                parts.push(part);
            }
            Kind::Quoted(name) => {
                parts.extend(name.split(['.', ':']).map(str::to_owned));
                index += 1;
            }
            _ => break,
        }
        match tokens.get(index) {
            Some(dot) if dot.is_symbol(".") => index += 1,
            _ => return Ok((parts, index)),
        }
    }
    let location = tokens.get(index).or_else(|| tokens.last()).map(|token| (token.line, token.column));
    Err(syntax_error("Expected a table name", location))
}

/// Quotes a name in DuckDB's syntax.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a string in DuckDB's syntax.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The name of a table in DuckDB's syntax.
pub(crate) fn duckdb_name(table: &TableReference) -> String {
    format!("{}.{}", quote(&table.dataset), quote(&table.table))
}

/// The name of a table as in BigQuery's messages, `project:dataset.table`.
pub(crate) fn message_name(table: &TableReference) -> String {
    match &table.project {
        Some(project) => format!("{project}:{}.{}", table.dataset, table.table),
        None => format!("{}.{}", table.dataset, table.table),
    }
}

#[cfg(test)]
mod tests {
    use super::super::lex::lex;
    use super::*;

    fn parts(sql: &str) -> (String, usize) {
        let (parts, taken) = path(&lex(sql).unwrap()).unwrap();
        (parts.join("|"), taken)
    }

    #[test]
    fn paths_of_every_spelling() {
        assert_eq!(parts("`p.d.t` T"), ("p|d|t".into(), 1));
        assert_eq!(parts("my-project-1.d.t AS x"), ("my-project-1|d|t".into(), 9));
        assert_eq!(parts("`p`.`d`.t"), ("p|d|t".into(), 5));
        assert_eq!(parts("a - b"), ("a".into(), 1));
        assert!(path(&lex("d.").unwrap()).is_err());
    }

    #[test]
    fn default_dataset_fills_in() {
        let scope = Scope::new(Some("p".into()), Some("d"));
        assert_eq!(message_name(&scope.table(&["t".into()], (1, 1)).unwrap()), "p:d.t");
        let scope = Scope::new(None, Some("q.e"));
        assert_eq!(message_name(&scope.table(&["t".into()], (1, 1)).unwrap()), "q:e.t");
        assert!(Scope::default().table(&["t".into()], (1, 1)).is_err());
    }

    #[test]
    fn dashes_in_datasets_are_refused() {
        let error = Scope::default().table(&["my-set".into(), "t".into()], (1, 15)).unwrap_err().to_string();
        assert!(error.contains("Invalid dataset ID \"my-set\"") && error.contains("underscore"), "{error}");
    }
}
