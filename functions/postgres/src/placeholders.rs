//! Numbers the question marks of a statement for the server.

use segue_jdbc::lexer::{Part, parts};
use segue_jdbc::{Statement, statements};
use segue_model::Map;

/// The statement with `$1`, `$2`, … in the places of `?`, and their number. `??` is the operator `?`.
///
/// # Errors
/// A sentence if the text is not one statement.
pub(crate) fn with_placeholders(sql: &str) -> Result<(Statement, usize), String> {
    let mut found = statements(sql, &Map::new())?;
    let (Some(mut statement), true) = (found.pop(), found.is_empty()) else {
        return Err("sql must be one statement, such as INSERT INTO t VALUES (?, ?)".to_owned());
    };
    let (mut text, mut count) = (String::new(), 0);
    for (part, piece) in parts(&statement.text) {
        match part {
            Part::Question => {
                count += 1;
                text.push_str(&format!("${count}"));
            }
            Part::EscapedQuestion => text.push('?'),
            _ => text.push_str(piece),
        }
    }
    statement.text = text;
    Ok((statement, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn question_marks_are_numbered() {
        let (statement, count) = with_placeholders("INSERT INTO t VALUES (?, '?', ?, a ?? b);").unwrap();
        assert_eq!((statement.text.as_str(), count), ("INSERT INTO t VALUES ($1, '?', $2, a ? b)", 2));
        assert!(
            with_placeholders("SELECT 1; SELECT 2").unwrap_err().starts_with("sql must be one statement")
        );
        assert!(with_placeholders("").is_err());
    }
}
