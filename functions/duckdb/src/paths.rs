//! The names of files in a statement: `FROM 'in.csv'`, `read_csv('in.csv')`, `COPY t TO 'out.csv'`,
//! `ATTACH 'other.db'`.
//!
//! DuckDB searches relative names in the directory of the process, which all tasks share. So a relative name becomes a
//! path in the task's own directory, and an address becomes the path of its downloaded file. Which files a statement
//! may use is not decided here, but by DuckDB (`engine`).

use segue_jdbc::lexer::{Part, parts};

/// Functions with a file as the first argument.
const FILE_FUNCTIONS: &[&str] = &[
    "glob",
    "parquet_bloom_probe",
    "parquet_file_metadata",
    "parquet_full_metadata",
    "parquet_kv_metadata",
    "parquet_metadata",
    "parquet_scan",
    "parquet_schema",
    "read_blob",
    "read_csv",
    "read_csv_auto",
    "read_duckdb",
    "read_json",
    "read_json_auto",
    "read_json_objects",
    "read_json_objects_auto",
    "read_ndjson",
    "read_ndjson_auto",
    "read_ndjson_objects",
    "read_parquet",
    "read_text",
    "read_xlsx",
    "sniff_csv",
];
/// Words before the name of a table, which can be the name of a file.
const BEFORE_TABLES: &[&str] = &["FROM", "JOIN", "SUMMARIZE", "DESCRIBE", "DESC", "TABLE"];
/// Words before the name of a file or of a database.
const BEFORE_FILES: &[&str] = &["ATTACH", "DATABASE", "EXISTS"];

/// Words after the tables of FROM. Before them, a comma separates tables.
const AFTER_TABLES: &[&str] = &[
    "SELECT",
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "LIMIT",
    "QUALIFY",
    "WINDOW",
    "UNION",
    "SET",
    "RETURNING",
    "VALUES",
];

/// What stands at the position of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// A table or a file.
    Table,
    /// Only a file.
    File,
    /// A file that is written.
    Written,
}

/// The statement with other names of files. `replace` returns None for a name that stays as it is.
pub(crate) fn with_paths(sql: &str, replace: &mut dyn FnMut(Position, &str) -> Option<String>) -> String {
    let mut reader = Reader::default();
    let mut out = String::with_capacity(sql.len());
    for (part, text) in parts(sql) {
        let name = if part == Part::Quoted { reader.position(text).zip(unquoted(text)) } else { None };
        match name.and_then(|(position, name)| replace(position, &name)) {
            Some(path) => out.push_str(&format!("'{}'", path.replace('\'', "''"))),
            None => out.push_str(text),
        }
        reader.read(part, text);
    }
    out
}

/// What is open at a position, and what stands before it.
#[derive(Default)]
struct Reader {
    first_word: String,
    before: Before,
    open: Vec<Open>,
    /// Whether the text outside of brackets is between FROM and what follows the tables.
    in_from: bool,
}

#[derive(Default, PartialEq, Eq)]
enum Before {
    #[default]
    Nothing,
    Word(String),
    /// A bracket that was opened, or a comma.
    Opened,
}

/// An open bracket.
struct Open {
    /// What a name directly in it is.
    position: Option<Position>,
    is_list: bool,
    /// As [`Reader::in_from`], for the text in the bracket.
    in_from: bool,
}

impl Reader {
    fn position(&self, text: &str) -> Option<Position> {
        match &self.before {
            Before::Word(word) => {
                // A name in double quotes is never a text.
                let position = self.after(word)?;
                (position == Position::Table || !text.starts_with('"')).then_some(position)
            }
            Before::Opened if self.in_from() => Some(Position::Table),
            Before::Opened if !text.starts_with('"') => self.open.last().and_then(|open| open.position),
            _ => None,
        }
    }

    fn after(&self, word: &str) -> Option<Position> {
        let is = |words: &[&str]| words.iter().any(|one| word.eq_ignore_ascii_case(one));
        let copies = self.first_word.eq_ignore_ascii_case("COPY");
        let attaches =
            ["ATTACH", "EXPORT", "IMPORT"].iter().any(|one| self.first_word.eq_ignore_ascii_case(one));
        match () {
            () if copies && self.open.is_empty() && is(&["FROM"]) => Some(Position::File),
            () if copies && self.open.is_empty() && is(&["TO"]) => Some(Position::Written),
            () if is(BEFORE_TABLES) => Some(Position::Table),
            () if attaches && is(BEFORE_FILES) => Some(Position::File),
            () => None,
        }
    }

    fn in_from(&self) -> bool {
        self.open.last().map_or(self.in_from, |open| open.in_from)
    }

    fn set_in_from(&mut self, text: &str) {
        let is = |words: &[&str]| words.iter().any(|one| text.eq_ignore_ascii_case(one));
        let in_from = self.open.last_mut().map_or(&mut self.in_from, |open| &mut open.in_from);
        *in_from = is(&["FROM"]) || (*in_from && !is(AFTER_TABLES));
    }

    fn read(&mut self, part: Part, text: &str) {
        match part {
            Part::Blank => return,
            Part::Word => {
                if self.first_word.is_empty() {
                    text.clone_into(&mut self.first_word);
                }
                self.set_in_from(text);
                self.before = Before::Word(text.to_owned());
                return;
            }
            Part::Other(bracket @ ('(' | '[')) => {
                let position = match &self.before {
                    Before::Word(word)
                        if FILE_FUNCTIONS.iter().any(|name| word.eq_ignore_ascii_case(name)) =>
                    {
                        Some(Position::File)
                    }
                    // The values of parameters have brackets.
                    Before::Word(word) => self.after(word),
                    Before::Opened => self.open.last().and_then(|open| open.position),
                    Before::Nothing => None,
                };
                self.open.push(Open { position, is_list: bracket == '[', in_from: false });
                self.before = Before::Opened;
                return;
            }
            Part::Other(')' | ']') => {
                self.open.pop();
            }
            Part::Other(',') => {
                // The arguments after the first are options.
                if let Some(open) = self.open.last_mut().filter(|open| !open.is_list) {
                    open.position = None;
                }
                self.before = Before::Opened;
                return;
            }
            _ => {}
        }
        self.before = Before::Nothing;
    }
}

/// The content of a quoted text or name. None for a text with escapes.
fn unquoted(text: &str) -> Option<String> {
    let text = text.strip_prefix(['e', 'E']).unwrap_or(text);
    let quote = text.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let content = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!content.contains('\\')).then(|| content.replace(&format!("{quote}{quote}"), &quote.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(sql: &str) -> String {
        with_paths(sql, &mut |position, name| {
            let kind = match position {
                Position::Table => "t",
                Position::File => "f",
                Position::Written => "w",
            };
            Some(format!("{kind}:{name}"))
        })
    }

    #[test]
    fn names_are_found_where_files_can_be() {
        for (sql, expected) in [
            ("FROM 'a.csv' x JOIN \"b.csv\" y", "FROM 't:a.csv' x JOIN 't:b.csv' y"),
            (
                "SELECT 'x', (SELECT 1 FROM 'a' x, 'b' WHERE c IN ('d', 'e')), 'f' FROM g, 'h' ORDER BY 'i', 'j'",
                "SELECT 'x', (SELECT 1 FROM 't:a' x, 't:b' WHERE c IN ('d', 'e')), 'f' FROM g, 't:h' ORDER BY 'i', 'j'",
            ),
            ("SELECT 'a.csv', count(*) FROM 'it''s.csv'", "SELECT 'a.csv', count(*) FROM 't:it''s.csv'"),
            (
                "FROM read_csv('a.csv', delim = ',', names=['b'])",
                "FROM read_csv('f:a.csv', delim = ',', names=['b'])",
            ),
            ("FROM read_parquet(['a', 'b'], x = ['c'])", "FROM read_parquet(['f:a', 'f:b'], x = ['c'])"),
            ("FROM READ_TEXT((E'a'))", "FROM READ_TEXT(('f:a'))"),
            ("FROM read_csv('data/' || x || '.csv')", "FROM read_csv('f:data/' || x || '.csv')"),
            (
                "COPY (SELECT 'x' FROM 't') TO 'o.csv' (HEADER)",
                "COPY (SELECT 'x' FROM 't:t') TO 'w:o.csv' (HEADER)",
            ),
            ("COPY t FROM 'i.csv' (DELIMITER ';')", "COPY t FROM 'f:i.csv' (DELIMITER ';')"),
            ("ATTACH IF NOT EXISTS 'o.db' AS o", "ATTACH IF NOT EXISTS 'f:o.db' AS o"),
            ("EXPORT DATABASE 'dir' (FORMAT parquet)", "EXPORT DATABASE 'f:dir' (FORMAT parquet)"),
            ("ALTER TABLE t RENAME TO \"u\"", "ALTER TABLE t RENAME TO \"u\""),
            (
                "SELECT * FROM t WHERE a IN ('x', 'y') -- FROM 'z'",
                "SELECT * FROM t WHERE a IN ('x', 'y') -- FROM 'z'",
            ),
            ("SELECT trim('a', 'b'), read_csv || ('c')", "SELECT trim('a', 'b'), read_csv || ('c')"),
            ("FROM read_text(E'a\\n')", "FROM read_text(E'a\\n')"),
        ] {
            assert_eq!(replaced(sql), expected);
        }
        assert_eq!(with_paths("FROM 'a'", &mut |_, _| None), "FROM 'a'");
    }
}
