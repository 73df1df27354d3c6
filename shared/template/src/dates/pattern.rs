//! Parses a pattern of Java's `DateTimeFormatter`.

use crate::error::Fault;

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    /// A letter, the number of its repetitions, and the width to pad to (`p`).
    Field(char, usize, usize),
    Literal(String),
    /// The start of an optional part, `[`.
    OptionalStart,
    /// The end of an optional part, `]`.
    OptionalEnd,
}

/// The largest number of repetitions of a letter. `None` if the letter is unknown.
fn longest(letter: char) -> Option<usize> {
    Some(match letter {
        'G' | 'M' | 'L' | 'Q' | 'q' | 'E' | 'e' | 'c' | 'X' | 'x' | 'Z' | 'B' => 5,
        'y' | 'u' | 'Y' | 'A' | 'n' | 'N' => 19,
        'D' => 3,
        'w' | 'd' | 'h' | 'K' | 'k' | 'H' | 'm' | 's' | 'V' => 2,
        'W' | 'F' | 'a' => 1,
        'S' => 9,
        'z' | 'v' | 'O' => 4,
        _ => return None,
    })
}

/// Splits a pattern into its parts.
pub(super) fn parse(pattern: &str) -> Result<Vec<Part>, Fault> {
    let mut parts = Vec::new();
    let mut chars = pattern.chars().peekable();
    let (mut open, mut pad) = (0_usize, 0);
    while let Some(c) = chars.next() {
        match c {
            c if c.is_ascii_alphabetic() => {
                let mut count = 1;
                while chars.next_if_eq(&c).is_some() {
                    count += 1;
                }
                if c == 'p' {
                    pad = count;
                    continue;
                }
                match longest(c) {
                    None => return Err(format!("Unknown pattern letter: {c} in '{pattern}'").into()),
                    Some(longest)
                        if count > longest
                            || (matches!(c, 'V') && count != 2)
                            || (c == 'O' && count != 1 && count != 4) =>
                    {
                        return Err(format!("Too many pattern letters: {c} in '{pattern}'").into());
                    }
                    Some(_) => parts.push(Part::Field(c, count, std::mem::take(&mut pad))),
                }
            }
            '\'' => parts.push(Part::Literal(quoted(&mut chars, pattern)?)),
            '[' => {
                open += 1;
                parts.push(Part::OptionalStart);
            }
            ']' => {
                open = open.checked_sub(1).ok_or_else(|| {
                    Fault::from(format!("Pattern '{pattern}' contains ] without previous ["))
                })?;
                parts.push(Part::OptionalEnd);
            }
            '{' | '}' | '#' => {
                return Err(format!("Pattern '{pattern}' includes reserved character: '{c}'").into());
            }
            c => parts.push(Part::Literal(c.to_string())),
        }
    }
    if pad > 0 {
        return Err(format!("Pad letter 'p' must be followed by valid pad pattern: {pattern}").into());
    }
    parts.extend(std::iter::repeat_n(Part::OptionalEnd, open));
    Ok(parts)
}

/// The text up to the closing quote. `''` means one quote.
fn quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, pattern: &str) -> Result<String, Fault> {
    let mut literal = String::new();
    loop {
        match chars.next() {
            Some('\'') if chars.next_if_eq(&'\'').is_some() => literal.push('\''),
            Some('\'') => return Ok(if literal.is_empty() { "'".to_owned() } else { literal }),
            Some(c) => literal.push(c),
            None => return Err(format!("Pattern ends with an incomplete string literal: {pattern}").into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_literals() {
        assert_eq!(
            parse("yyyy'T'HH''").unwrap(),
            [
                Part::Field('y', 4, 0),
                Part::Literal("T".into()),
                Part::Field('H', 2, 0),
                Part::Literal("'".into())
            ]
        );
        assert_eq!(parse("''''").unwrap(), [Part::Literal("'".into())]);
    }

    #[test]
    fn wrong_patterns_are_refused() {
        for pattern in ["yyyy-bb", "HHH", "'open", "]", "#", "SSSSSSSSSS", "V", "p"] {
            assert!(parse(pattern).is_err(), "{pattern}");
        }
    }
}
