//! What a statement does, as far as its words say so.

use segue_jdbc::lexer::{Part, parts};

/// Verbs of statements that return rows.
const QUERIES: &[&str] = &[
    "SELECT",
    "FROM",
    "VALUES",
    "TABLE",
    "SHOW",
    "DESCRIBE",
    "DESC",
    "SUMMARIZE",
    "EXPLAIN",
    "PIVOT",
    "UNPIVOT",
    "PIVOT_WIDER",
    "PIVOT_LONGER",
    "CALL",
    "EXECUTE",
    "PRAGMA",
];
/// Verbs that can follow the named queries of WITH.
const AFTER_WITH: &[&str] =
    &["SELECT", "FROM", "VALUES", "PIVOT", "UNPIVOT", "INSERT", "UPDATE", "DELETE", "MERGE"];
/// Functions that make DuckDB write to the log of the service, which all tasks share.
const OF_THE_LOG: &[&str] = &["enable_logging", "enable_progress_bar", "enable_print_progress_bar"];
/// Settings that belong to the service. To set them has no effect.
const OF_THE_SERVICE: &[&str] = &[
    "threads",
    "worker_threads",
    "memory_limit",
    "max_memory",
    "temp_directory",
    "max_temp_directory_size",
    "home_directory",
    "extension_directory",
    "secret_directory",
    "enable_progress_bar",
    "enable_print_progress_bar",
];

/// Whether the statement has rows that a flow can want.
pub(crate) fn is_query(sql: &str) -> bool {
    let words = top_words(sql);
    let first = words.first().map(String::as_str).unwrap_or_default();
    let verb = match first {
        "WITH" => words.iter().find(|word| AFTER_WITH.contains(&word.as_str())).map_or("", String::as_str),
        first => first,
    };
    verb.is_empty() || QUERIES.contains(&verb) || words.iter().any(|word| word == "RETURNING")
}

/// The words outside of brackets, in capitals. A statement that begins with a bracket is a query.
fn top_words(sql: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let mut words = Vec::new();
    for (part, text) in parts(sql) {
        match part {
            Part::Other('(' | '[' | '{') if words.is_empty() => return Vec::new(),
            Part::Other('(' | '[' | '{') => depth += 1,
            Part::Other(')' | ']' | '}') => depth = depth.saturating_sub(1),
            Part::Word if depth == 0 => words.push(text.to_uppercase()),
            _ => {}
        }
    }
    words
}

/// A statement that Segue does not pass on as it is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Special {
    /// INSTALL or LOAD of an extension.
    Extension {
        /// The name of the extension.
        name: String,
        /// Whether it comes from another place than DuckDB's own list.
        foreign: bool,
    },
    /// Sets something that belongs to the service.
    NoEffect(String),
    /// Would write to the log of the service.
    OfTheLog(String),
}

/// None for a statement that DuckDB runs.
pub(crate) fn special(sql: &str) -> Option<Special> {
    let texts: Vec<String> = parts(sql)
        .filter(|(part, _)| *part != Part::Blank)
        .map(|(_, text)| text.trim_matches(['\'', '"']).to_lowercase())
        .collect();
    let mut rest = texts.iter().map(String::as_str).peekable();
    let first = rest.next()?;
    match first {
        "force" | "install" | "load" => {
            let name = rest.find(|word| *word != "install")?.to_owned();
            let foreign = rest.next().is_some_and(|word| word == "from") && rest.next() != Some("core");
            return Some(Special::Extension { name, foreign });
        }
        "set" | "pragma" | "reset" => {
            let name = rest.find(|word| !matches!(*word, "global" | "session" | "local"))?;
            if OF_THE_SERVICE.contains(&name) {
                return Some(Special::NoEffect(name.to_owned()));
            }
        }
        _ => {}
    }
    let of_log = parts(sql).filter(|(part, text)| *part == Part::Word || text.starts_with('"'));
    let mut of_log = of_log.map(|(_, text)| text.trim_matches('"').to_lowercase());
    of_log.find(|word| OF_THE_LOG.contains(&word.as_str())).map(Special::OfTheLog)
}

/// Whether the statement begins or ends a transaction, or cannot be in one.
pub(crate) fn decides_transaction(first_word: &str) -> bool {
    [
        "BEGIN",
        "START",
        "COMMIT",
        "END",
        "ROLLBACK",
        "ABORT",
        "ATTACH",
        "DETACH",
        "CHECKPOINT",
        "FORCE",
        "VACUUM",
    ]
    .contains(&first_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_and_changes_differ() {
        for sql in [
            "SELECT 1",
            "from t",
            "(SELECT 1)",
            "WITH a AS (INSERT) SELECT * FROM a",
            "SHOW TABLES",
            "EXPLAIN SELECT 1",
            "INSERT INTO t VALUES (1) RETURNING *",
            "PRAGMA table_info('t')",
            "-- x\nVALUES (1)",
            "DESCRIBE t",
        ] {
            assert!(is_query(sql), "{sql}");
        }
        for sql in [
            "INSERT INTO t SELECT 1",
            "WITH a AS (SELECT 1) INSERT INTO t FROM a",
            "CREATE TABLE t AS SELECT 1",
            "COPY (SELECT 1) TO 'x'",
            "UPDATE t SET a = 1",
            "SET x = 1",
            "ATTACH 'x'",
            "DELETE FROM t",
        ] {
            assert!(!is_query(sql), "{sql}");
        }
    }

    #[test]
    fn statements_about_the_service_are_found() {
        let extension = |name: &str, foreign| Some(Special::Extension { name: name.to_owned(), foreign });
        assert_eq!(special("INSTALL httpfs"), extension("httpfs", false));
        assert_eq!(special("FORCE INSTALL 'Spatial' FROM core"), extension("spatial", false));
        assert_eq!(special("install ion from community"), extension("ion", true));
        assert_eq!(special("LOAD /* x */ json"), extension("json", false));
        assert_eq!(
            special("SET GLOBAL memory_limit = '1GB'"),
            Some(Special::NoEffect("memory_limit".to_owned()))
        );
        assert_eq!(special("PRAGMA threads=4"), Some(Special::NoEffect("threads".to_owned())));
        assert_eq!(special("SET TimeZone = 'UTC'"), None);
        assert_eq!(
            special("CALL \"enable_logging\"()"),
            Some(Special::OfTheLog("enable_logging".to_owned()))
        );
        assert_eq!(special("SELECT 'enable_logging', load FROM install"), None);
    }
}
