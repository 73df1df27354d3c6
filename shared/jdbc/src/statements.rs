//! Splits a text of SQL into its statements, and puts values in the places of `:name`.

use crate::lexer::{Part, parts};
use segue_model::{Json, Map};

/// One statement of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The statement without its semicolon. Values are in the places of their names.
    pub text: String,
    /// Its number, from 1.
    pub number: usize,
    /// The line of its first word in the whole text, from 1.
    pub line: usize,
}

impl Statement {
    /// The line in the whole text of a character of this statement. `character` is counted from 1, as PostgreSQL
    /// counts.
    pub fn line_at(&self, character: u32) -> usize {
        let before = usize::try_from(character).unwrap_or(usize::MAX).saturating_sub(1);
        self.line + self.text.chars().take(before).filter(|c| *c == '\n').count()
    }

    /// The first word, in capitals. Empty if the statement begins with something else.
    pub fn first_word(&self) -> String {
        let first = parts(&self.text).find(|(part, _)| *part != Part::Blank);
        first.filter(|(part, _)| *part == Part::Word).map(|(_, word)| word.to_uppercase()).unwrap_or_default()
    }
}

/// The statements of the text, without those that are only comments. Without parameters, `:name` is left as it is.
///
/// # Errors
/// A sentence about a parameter without a value, or a value that cannot be written in SQL.
pub fn statements(sql: &str, parameters: &Map) -> Result<Vec<Statement>, String> {
    let mut found = Vec::new();
    let mut current = Draft::default();
    let mut line = 1;
    for (part, text) in parts(sql) {
        if part == Part::Other(';') && current.may_end() {
            found.extend(std::mem::take(&mut current).finish(found.len() + 1));
        } else if part != Part::Blank || current.line.is_some() {
            current.add(part, text, line, parameters)?;
        }
        line += text.matches('\n').count();
    }
    found.extend(current.finish(found.len() + 1));
    Ok(found)
}

/// A statement that is being read.
#[derive(Default)]
struct Draft {
    text: String,
    line: Option<usize>,
    words: usize,
    /// Whether the statement is CREATE FUNCTION or CREATE PROCEDURE, which may have a body of statements.
    makes_routine: bool,
    /// The number of open parentheses.
    parentheses: usize,
    /// The number of open brackets and braces.
    brackets: usize,
    /// The number of BEGIN and CASE without their END, in the body of a routine.
    blocks: usize,
}

impl Draft {
    fn may_end(&self) -> bool {
        self.parentheses == 0 && self.blocks == 0
    }

    fn add(&mut self, part: Part, text: &str, line: usize, parameters: &Map) -> Result<(), String> {
        self.line.get_or_insert(line);
        match part {
            Part::Word => self.word(text),
            Part::Other('(') => self.parentheses += 1,
            Part::Other(')') => self.parentheses = self.parentheses.saturating_sub(1),
            Part::Other('[' | '{') => self.brackets += 1,
            Part::Other(']' | '}') => self.brackets = self.brackets.saturating_sub(1),
            Part::Named if !parameters.is_empty() => {
                let name = text.trim_start_matches(':');
                match parameters.get(name) {
                    Some(value) => self
                        .text
                        .push_str(&literal(value).map_err(|why| format!("parameter '{name}': {why}"))?),
                    // The bounds of a slice, a[1:n], and the fields of a struct, {a:n}.
                    None if self.brackets > 0 => self.text.push_str(text),
                    None => {
                        return Err(format!(
                            "line {line} of sql has {text}, and parameters has no '{name}'; add it"
                        ));
                    }
                }
                return Ok(());
            }
            _ => {}
        }
        self.text.push_str(text);
        Ok(())
    }

    fn word(&mut self, word: &str) {
        self.words += 1;
        let is = |name: &str| word.eq_ignore_ascii_case(name);
        match self.words {
            1 => self.makes_routine = is("CREATE"),
            // CREATE [OR REPLACE] FUNCTION
            2..=4
                if self.makes_routine && (is("OR") || is("REPLACE") || is("FUNCTION") || is("PROCEDURE")) => {
            }
            2 => self.makes_routine = false,
            _ if !self.makes_routine => {}
            _ if is("BEGIN") || (is("CASE") && self.blocks > 0) => self.blocks += 1,
            _ if is("END") => self.blocks = self.blocks.saturating_sub(1),
            _ => {}
        }
    }

    fn finish(self, number: usize) -> Option<Statement> {
        let line = self.line?;
        Some(Statement { text: self.text.trim_end().to_owned(), number, line })
    }
}

/// A value in SQL. It has parentheses, so that `-:n` is not a comment when n is negative.
fn literal(value: &Json) -> Result<String, String> {
    match value {
        Json::Null => Ok("NULL".to_owned()),
        Json::Bool(flag) => Ok(if *flag { "TRUE" } else { "FALSE" }.to_owned()),
        Json::Number(number) => Ok(format!("({number})")),
        Json::String(text) => Ok(format!("({})", quoted(text)?)),
        Json::Array(_) | Json::Object(_) => Ok(format!("({})", quoted(&value.to_string())?)),
    }
}

/// A text in quotes, on one line: a position that the server reports is on the same line as in the flow.
///
/// # Errors
/// A sentence if the text has a zero byte, which no text in SQL may have.
pub fn quoted(text: &str) -> Result<String, String> {
    let mut out = String::from("E'");
    for c in text.chars() {
        match c {
            '\0' => return Err("a text in SQL must have no zero byte".to_owned()),
            '\'' => out.push_str("''"),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c => out.push(c),
        }
    }
    out.push('\'');
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn split(sql: &str) -> Vec<(String, usize)> {
        let found = statements(sql, &Map::new()).unwrap();
        found.into_iter().map(|statement| (statement.text, statement.line)).collect()
    }

    fn bound(sql: &str, parameters: Json) -> Result<String, String> {
        statements(sql, parameters.as_object().unwrap()).map(|found| found[0].text.clone())
    }

    #[test]
    fn statements_end_at_semicolons_outside_of_quotes() {
        let sql = "-- first\nSELECT ';';\n\nDO $$ BEGIN x; END $$ ; ;\n/* none; */\nINSERT INTO t VALUES (1) -- end;";
        let expected = [
            ("SELECT ';'".to_owned(), 2),
            ("DO $$ BEGIN x; END $$".to_owned(), 4),
            ("INSERT INTO t VALUES (1) -- end;".to_owned(), 6),
        ];
        assert_eq!(split(sql), expected);
        assert_eq!(split(" ; -- nothing\n"), []);
    }

    #[test]
    fn the_body_of_a_routine_is_one_statement() {
        let sql = "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC\n INSERT INTO t VALUES (CASE WHEN true THEN 1 END); \
                   DELETE FROM t; END; CREATE RULE r AS ON UPDATE TO t DO (SELECT 1; SELECT 2); BEGIN; SELECT 1; END";
        let found = split(sql);
        assert_eq!(found.len(), 5, "{found:?}");
        assert!(found[0].0.ends_with("DELETE FROM t; END"));
    }

    #[test]
    fn a_position_is_a_line_of_the_whole_text() {
        let found = statements("SELECT 1;\n\nSELECT\n  *\nFROM nowhere", &Map::new()).unwrap();
        let second = &found[1];
        let position = 1 + second.text.find("nowhere").unwrap();
        assert_eq!((second.number, second.line), (2, 3));
        assert_eq!(second.line_at(u32::try_from(position).unwrap()), 5);
        assert_eq!(second.first_word(), "SELECT");
    }

    #[test]
    fn values_are_quoted() {
        let parameters = json!({"n": -5, "s": "O'Neill\\\n", "b": true, "nil": null, "l": [1, "a"]});
        let sql = "SELECT 1 -:n, :s::text, :b, :nil, :l, ':n', '10:30'::time, a[1:m], {a:m}";
        assert_eq!(
            bound(sql, parameters).unwrap(),
            "SELECT 1 -(-5), (E'O''Neill\\\\\\n')::text, TRUE, NULL, (E'[1,\"a\"]'), ':n', '10:30'::time, a[1:m], {a:m}"
        );
    }

    #[test]
    fn a_parameter_without_a_value_is_an_error() {
        let why = bound("SELECT\n :nmae", json!({"name": 1})).unwrap_err();
        assert_eq!(why, "line 2 of sql has :nmae, and parameters has no 'nmae'; add it");
        assert!(bound("SELECT :a", json!({"a": "x\0"})).unwrap_err().starts_with("parameter 'a':"));
        assert_eq!(bound("SELECT :nmae", json!({})).unwrap(), "SELECT :nmae");
    }
}
