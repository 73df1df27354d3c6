//! Splits a script into statements, so that each statement is a job of its own. Blanks replace the text before a
//! statement, so that positions in error messages stay correct.
//!
//! A script with variables, control flow or temporary tables is one piece, because its statements share them.

/// The words at the beginning of statements that need the statements around them.
const SHARING: &[&str] = &[
    "DECLARE", "SET", "IF", "LOOP", "WHILE", "REPEAT", "FOR", "CASE", "BEGIN", "COMMIT", "ROLLBACK", "CALL",
    "EXECUTE", "RAISE", "ASSERT", "BREAK", "LEAVE", "CONTINUE", "ITERATE", "RETURN", "END",
];

/// The statements. A piece with only blanks and comments is left out.
pub(super) fn statements(script: &str) -> Vec<String> {
    let found = pieces(script);
    if found.len() > 1 && found.iter().any(|statement| shares(statement)) {
        return vec![script.to_owned()];
    }
    found
}

/// Whether a statement needs the statements around it.
fn shares(statement: &str) -> bool {
    let statement = without_comments(statement);
    let mut words =
        statement.split_whitespace().map(|word| word.trim_end_matches(['(', ';']).to_ascii_uppercase());
    let first = words.next().unwrap_or_default();
    let makes_temporary = || words.take(3).any(|word| matches!(word.as_str(), "TEMP" | "TEMPORARY"));
    SHARING.contains(&first.as_str()) || (first == "CREATE" && makes_temporary())
}

/// The text with a blank instead of each comment. Before a keyword there may be comments.
fn without_comments(statement: &str) -> String {
    let mut text = String::with_capacity(statement.len());
    let mut scanner = Scanner::of(statement);
    loop {
        let start = scanner.position();
        match scanner.next_piece() {
            None => return text,
            Some(Piece::Nothing) => text.push(' '),
            Some(_) => text.push_str(statement.get(start..scanner.position()).unwrap_or_default()),
        }
    }
}

fn pieces(script: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut rest = Scanner::of(script);
    let mut says_something = false;
    while let Some(piece) = rest.next_piece() {
        match piece {
            Piece::End(at) => {
                if says_something {
                    found.push(alone(script, start, at));
                }
                start = at + 1;
                says_something = false;
            }
            Piece::Text => says_something = true,
            Piece::Nothing => {}
        }
    }
    if says_something {
        found.push(alone(script, start, script.len()));
    }
    found
}

/// The text from `start` to `end`, after blanks with as many lines and columns as the text before `start`.
fn alone(script: &str, start: usize, end: usize) -> String {
    let before = script.get(..start).unwrap_or_default();
    let mut text: String = before.chars().map(|letter| if letter == '\n' { '\n' } else { ' ' }).collect();
    text.push_str(script.get(start..end).unwrap_or_default());
    text
}

pub(super) enum Piece {
    /// A `;`, and its position.
    End(usize),
    /// Part of a statement.
    Text,
    /// A blank or a comment.
    Nothing,
}

/// Reads a script piece by piece. A string or comment is one piece, so a `;` inside it ends no statement.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// Reads a script from its beginning.
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The position of the next piece, in bytes.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn next_piece(&mut self) -> Option<Piece> {
        let at = self.at;
        let rest = self.text.get(at..)?;
        let first = rest.chars().next()?;
        if rest.starts_with("--") || first == '#' {
            self.at = rest.find('\n').map_or(self.text.len(), |length| at + length);
            return Some(Piece::Nothing);
        }
        if rest.starts_with("/*") {
            self.at = rest.find("*/").map_or(self.text.len(), |length| at + length + 2);
            return Some(Piece::Nothing);
        }
        if let Some(quote) =
            ["'''", "\"\"\"", "'", "\"", "`"].into_iter().find(|quote| rest.starts_with(quote))
        {
            self.skip_string(quote);
            return Some(Piece::Text);
        }
        self.at = at + first.len_utf8();
        Some(match first {
            ';' => Piece::End(at),
            blank if blank.is_whitespace() => Piece::Nothing,
            _ => Piece::Text,
        })
    }

    fn skip_string(&mut self, quote: &str) {
        self.at += quote.len();
        while let Some(rest) = self.text.get(self.at..).filter(|rest| !rest.is_empty()) {
            if rest.starts_with(quote) {
                self.at += quote.len();
                return;
            }
            let escaped = if rest.starts_with('\\') { 2 } else { 1 };
            self.at += rest.chars().take(escaped).map(char::len_utf8).sum::<usize>();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_cut_where_statements_end() {
        let script = "SELECT ';' -- a;b\n; /* ; */ ;\n SELECT \"\"\"x\";y\"\"\", 'it\\';s', `a;b`;";
        let found = statements(script);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0], "SELECT ';' -- a;b\n");
        assert_eq!(
            found[1],
            format!("{}\n SELECT \"\"\"x\";y\"\"\", 'it\\';s', `a;b`", "                 \n           ")
        );
        assert!(statements(" -- nothing\n;").is_empty());
    }

    #[test]
    fn a_script_with_variables_is_one_piece() {
        for script in [
            "-- first\n/* of all */ DECLARE x INT64; -- then\nset (x) = (1)",
            "DECLARE x INT64; SELECT x",
            "SELECT 1; CREATE TEMP TABLE t (x INT64)",
            "BEGIN SELECT 1; END;",
        ] {
            assert_eq!(statements(script), [script]);
        }
        assert_eq!(statements("CREATE TABLE d.t (x INT64); SELECT 1").len(), 2);
    }
}
