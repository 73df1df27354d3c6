//! The database of a JDBC URL.

/// A database.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Database {
    /// A new one, which is deleted with the task.
    New,
    /// The file at a path.
    File(String),
}

/// Reads `jdbc:duckdb:`, `jdbc:duckdb::memory:` or `jdbc:duckdb:path`. Returns also the options after a semicolon.
///
/// # Errors
/// A sentence about a URL of another database.
pub(crate) fn database(url: &str) -> Result<(Database, Option<&str>), String> {
    let url = url.trim();
    let Some(rest) = url.strip_prefix("jdbc:duckdb:") else {
        return Err(format!("url is '{url}'; write jdbc:duckdb: or jdbc:duckdb:file.duckdb"));
    };
    let (path, options) = rest.split_once(';').map_or((rest, None), |(path, options)| (path, Some(options)));
    let path = path.trim();
    if path.starts_with("md:") || path.starts_with("motherduck:") {
        return Err("url names a database of MotherDuck, which Segue does not reach; use a file".to_owned());
    }
    let is_new = path.is_empty() || path.starts_with(":memory:");
    Ok((if is_new { Database::New } else { Database::File(path.to_owned()) }, options))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_a_file_or_a_new_database() {
        assert_eq!(database("jdbc:duckdb:").unwrap(), (Database::New, None));
        assert_eq!(database(" jdbc:duckdb::memory:x ").unwrap(), (Database::New, None));
        let file = Database::File("a/b.db".to_owned());
        assert_eq!(database("jdbc:duckdb:a/b.db;threads=4").unwrap(), (file, Some("threads=4")));
        assert!(database("jdbc:duckdb:md:x").unwrap_err().contains("MotherDuck"));
        assert!(database("jdbc:postgresql://x/y").unwrap_err().starts_with("url is 'jdbc:postgresql"));
    }
}
