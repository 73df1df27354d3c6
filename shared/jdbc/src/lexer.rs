//! The parts of a text of SQL that matter for finding statements and placeholders: what is quoted, what is a comment,
//! what is code. The server does everything else.

/// A part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// White space or a comment.
    Blank,
    /// A quoted text or name, with its quotes.
    Quoted,
    /// A name, keyword or number.
    Word,
    /// A cast: `::`.
    Cast,
    /// `:name`.
    Named,
    /// `?`.
    Question,
    /// `??`, which stands for the operator `?`.
    EscapedQuestion,
    /// Any other single character.
    Other(char),
}

/// The parts of the text. Joined, they are the text again. A quoted text or comment without an end goes to the end of
/// the text.
pub fn parts(sql: &str) -> Parts<'_> {
    Parts { rest: sql }
}

/// The iterator over parts.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Parts<'a> {
    type Item = (Part, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (part, length) = first(self.rest)?;
        let (text, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        Some((part, text))
    }
}

/// The first part and its length in bytes. None at the end of the text.
fn first(rest: &str) -> Option<(Part, usize)> {
    let mut characters = rest.chars();
    let (character, next) = (characters.next()?, characters.next());
    let part = match (character, next) {
        (c, _) if c.is_whitespace() => (Part::Blank, until(rest, |c| !c.is_whitespace())),
        ('-', Some('-')) => (Part::Blank, until(rest, |c| c == '\n')),
        ('/', Some('*')) => (Part::Blank, comment(rest)),
        ('e' | 'E', Some('\'')) => (Part::Quoted, 1 + quoted(rest.get(1..).unwrap_or_default(), '\'', true)),
        ('\'', _) => (Part::Quoted, quoted(rest, '\'', false)),
        ('"', _) => (Part::Quoted, quoted(rest, '"', false)),
        ('$', _) => match dollar_quoted(rest) {
            Some(length) => (Part::Quoted, length),
            None => (Part::Other('$'), 1),
        },
        (c, _) if in_word(c) => (Part::Word, until(rest, |c| !in_word(c) && c != '$')),
        (':', Some(':')) => (Part::Cast, 2),
        (':', Some(c)) if in_word(c) && !c.is_ascii_digit() => {
            (Part::Named, 1 + until(rest.get(1..).unwrap_or_default(), |c| !in_word(c)))
        }
        ('?', Some('?')) => (Part::EscapedQuestion, 2),
        ('?', _) => (Part::Question, 1),
        (c, _) => (Part::Other(c), c.len_utf8()),
    };
    Some(part)
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn until(text: &str, end: impl Fn(char) -> bool) -> usize {
    text.find(end).unwrap_or(text.len())
}

/// The length of a text that begins with a quote. A doubled quote is a part of the text.
fn quoted(text: &str, quote: char, backslashes: bool) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((place, c)) = characters.next() {
        if c == '\\' && backslashes {
            characters.next();
        } else if c == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            return place + c.len_utf8();
        }
    }
    text.len()
}

/// The length of `$tag$ … $tag$`. None if no tag begins here.
fn dollar_quoted(text: &str) -> Option<usize> {
    let tag = 1 + text.get(1..)?.find('$')? + 1;
    let (opening, rest) = text.split_at_checked(tag)?;
    let name = opening.trim_matches('$');
    if !name.chars().all(in_word) || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some(rest.find(opening).map_or(text.len(), |end| tag + end + tag))
}

/// The length of `/* … */`. Comments of SQL contain comments.
fn comment(text: &str) -> usize {
    let (mut depth, mut place) = (0_usize, 0);
    let bytes = text.as_bytes();
    while let (Some(&first), second) = (bytes.get(place), bytes.get(place + 1)) {
        match (first, second) {
            (b'/', Some(b'*')) => (depth, place) = (depth + 1, place + 2),
            (b'*', Some(b'/')) => (depth, place) = (depth.saturating_sub(1), place + 2),
            _ => place += 1,
        }
        if depth == 0 {
            return place;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sql: &str, wanted: Part) -> Vec<&str> {
        assert_eq!(parts(sql).map(|(_, text)| text).collect::<String>(), sql);
        parts(sql).filter(|(part, _)| *part == wanted).map(|(_, text)| text).collect()
    }

    #[test]
    fn names_are_found_outside_of_quotes_and_comments() {
        let sql = "SELECT :a, ':b', \":c\", x::int, E'\\':d', $$ :e $$, $t$ $$ :f $t$, /* :g /* */ :h */ :i -- :j\n:k";
        assert_eq!(of(sql, Part::Named), [":a", ":i", ":k"]);
        assert_eq!(of(sql, Part::Cast), ["::"]);
        assert_eq!(of("SELECT 12:30, a$b$c :x", Part::Named), [":x"]);
    }

    #[test]
    fn a_text_without_an_end_goes_to_the_end() {
        for sql in ["'abc", "\"a", "$$ x", "/* /* */", "E'\\'", "-- x", "$", ":", "é'é"] {
            assert_eq!(parts(sql).map(|(_, text)| text).collect::<String>(), sql);
        }
    }

    #[test]
    fn question_marks() {
        assert_eq!(of("VALUES (?, '?', a ?? b, ?)", Part::Question).len(), 2);
        assert_eq!(of("VALUES (?, '?', a ?? b, ?)", Part::EscapedQuestion).len(), 1);
    }
}
