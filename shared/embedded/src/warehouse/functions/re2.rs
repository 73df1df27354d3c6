//! The pattern of a regular expression of BigQuery, which is one of RE2, in the syntax of the crate `regex`.
//!
//! Classes such as `\w` have ASCII characters only in RE2, and those of Unicode in the crate. Some characters have a
//! meaning inside of brackets, or after a backslash, only in the crate.
//!
//! The module must not know functions. To add a difference, add a branch in [`translated`].

/// The same pattern in the syntax of the crate `regex`.
pub(super) fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut characters = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some(next) => out.push_str(&escaped(next, in_class)),
                None => out.push('\\'),
            },
            '[' if in_class && characters.peek() != Some(&':') => out.push_str("\\["),
            '[' if in_class => {
                // `[:alpha:]`. Its closing bracket does not end the class.
                out.push('[');
                for inner in characters.by_ref() {
                    out.push(inner);
                    if inner == ']' {
                        break;
                    }
                }
            }
            '[' => {
                in_class = true;
                out.push('[');
                if characters.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                // A closing bracket at the front is a character of the class.
                if characters.next_if_eq(&']').is_some() {
                    out.push_str("\\]");
                }
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '&' | '~' if in_class => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// A character after a backslash.
fn escaped(next: char, in_class: bool) -> String {
    let inner = match next {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        's' => "\\t\\n\\f\\r ",
        'D' => "^0-9",
        'W' => "^0-9A-Za-z_",
        'S' => "^\\t\\n\\f\\r ",
        'b' if !in_class => return "(?-u:\\b)".to_owned(),
        '<' | '>' => return next.to_string(),
        _ => return format!("\\{next}"),
    };
    format!("[{inner}]")
}

#[cfg(test)]
mod tests {
    use super::translated;
    use regex::Regex;

    #[test]
    fn classes_have_ascii_characters_only() {
        for (pattern, text, found) in [
            (r"\w+", "é_a1", Some("_a1")),
            (r"[\w-]+", "é-a", Some("-a")),
            (r"\d", "٣", None),
            (r"\W", "aé", Some("é")),
            (r"[^\d]", "1a", Some("a")),
            (r"[\D]", "1a", Some("a")),
            (r"\s", "\u{a0}", None),
            (r"\bb\b", "éb", Some("b")),
        ] {
            let own = Regex::new(&translated(pattern)).unwrap();
            assert_eq!(own.find(text).map(|found| found.as_str()), found, "{pattern}");
        }
    }

    #[test]
    fn characters_with_a_meaning_only_in_the_crate_are_plain() {
        for (pattern, text) in [
            ("[[]", "["),
            ("[a&&b]+", "a&b"),
            ("[]a]+", "]a"),
            ("[^]a]", "b"),
            (r"\<a\>", "<a>"),
            ("[~~x]+", "~x"),
        ] {
            let own = Regex::new(&translated(pattern)).unwrap();
            assert_eq!(own.find(text).map(|found| found.as_str()), Some(text), "{pattern}");
        }
        let own = Regex::new(&translated("[[:alpha:]]+")).unwrap();
        assert_eq!(own.find("1aé").map(|found| found.as_str()), Some("a"));
    }
}
