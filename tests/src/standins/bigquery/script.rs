//! Splits a script into statements. Blanks replace the text before a statement, so that positions in error messages
//! stay correct.

/// The statements. A piece with only blanks and comments is left out.
pub(super) fn statements(script: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut rest = Scanner { text: script, at: 0 };
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

enum Piece {
    /// A `;`, and its position.
    End(usize),
    /// Part of a statement.
    Text,
    /// A blank or a comment.
    Nothing,
}

/// Reads a script piece by piece. A string or comment is one piece, so a `;` inside it ends no statement.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn next_piece(&mut self) -> Option<Piece> {
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
}
