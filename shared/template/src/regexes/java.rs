//! Rewrites the parts of Java's regular expressions that have another syntax in Rust:
//! - `\d`, `\w` and `\s` match only ASCII.
//! - `\Q…\E` quotes.
//! - `\p{Alpha}` and similar names are ASCII classes.
//! - Any punctuation may be escaped.
//!
//! The module knows only the text of a pattern, and leaves unknown parts unchanged. To add a class, add an arm of
//! [`posix`] or [`predefined`].

use std::iter::Peekable;
use std::str::Chars;

/// Punctuation that may be escaped in both syntaxes. Escaped, it means the character itself.
const SIGNS: &str = r"\.+*?()|[]{}^$-&~#/";

/// The pattern in the syntax of the regex engine.
pub(super) fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut classes = 0_usize;
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => escape(&mut chars, classes > 0, &mut out),
            '[' => {
                classes += 1;
                out.push('[');
            }
            ']' => {
                classes = classes.saturating_sub(1);
                out.push(']');
            }
            c => out.push(c),
        }
    }
    out
}

fn escape(chars: &mut Peekable<Chars<'_>>, in_class: bool, out: &mut String) {
    let Some(c) = chars.next() else {
        out.push('\\');
        return;
    };
    if let Some(items) = predefined(c) {
        return class(items, c.is_ascii_uppercase(), in_class, out);
    }
    match c {
        'Q' => quoted(chars, out),
        'p' | 'P' => property(c, chars, in_class, out),
        'R' if !in_class => out.push_str(r"(?:\r\n|[\n\x0B\f\r\x{85}\x{2028}\x{2029}])"),
        'e' => out.push_str(r"\x1B"),
        c if c.is_ascii_alphanumeric() => {
            out.push('\\');
            out.push(c);
        }
        c => literal(c, out),
    }
}

/// The class of `\d`, `\w`, `\s` or their opposites, without brackets.
fn predefined(letter: char) -> Option<&'static str> {
    Some(match letter.to_ascii_lowercase() {
        'd' => "0-9",
        'w' => "a-zA-Z_0-9",
        's' => r" \t\n\x0B\f\r",
        'h' => r" \t\x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}",
        'v' => r"\n\x0B\f\r\x{85}\x{2028}\x{2029}",
        _ => return None,
    })
}

/// A class of POSIX, which has only ASCII characters in Java.
fn posix(name: &str) -> Option<&'static str> {
    Some(match name {
        "Lower" => "a-z",
        "Upper" => "A-Z",
        "ASCII" => r"\x00-\x7F",
        "Alpha" => "a-zA-Z",
        "Digit" => "0-9",
        "Alnum" => "a-zA-Z0-9",
        "Punct" => r"!-/:-@\[-`{-~",
        "Graph" => "!-~",
        "Print" => " -~",
        "Blank" => r" \t",
        "Cntrl" => r"\x00-\x1F\x7F",
        "XDigit" => "0-9a-fA-F",
        "Space" => r" \t\n\x0B\f\r",
        _ => return None,
    })
}

fn class(items: &str, negated: bool, in_class: bool, out: &mut String) {
    match (negated, in_class) {
        (true, _) => out.push_str("[^"),
        (false, true) => return out.push_str(items),
        (false, false) => out.push('['),
    }
    out.push_str(items);
    out.push(']');
}

fn literal(c: char, out: &mut String) {
    if SIGNS.contains(c) {
        out.push('\\');
    }
    out.push(c);
}

/// Copies a quoted text up to `\E`. All its characters mean themselves.
fn quoted(chars: &mut Peekable<Chars<'_>>, out: &mut String) {
    while let Some(c) = chars.next() {
        if c == '\\' && chars.next_if_eq(&'E').is_some() {
            return;
        }
        literal(c, out);
    }
}

/// Rewrites `\p{…}` and `\pL`.
fn property(letter: char, chars: &mut Peekable<Chars<'_>>, in_class: bool, out: &mut String) {
    if chars.next_if_eq(&'{').is_none() {
        out.push('\\');
        out.push(letter);
        return;
    }
    let name: String = chars.by_ref().take_while(|c| *c != '}').collect();
    if let Some(items) = posix(&name) {
        return class(items, letter == 'P', in_class, out);
    }
    let known = match name.as_str() {
        "javaLowerCase" => "Lowercase",
        "javaUpperCase" => "Uppercase",
        "javaWhitespace" => "White_Space",
        "javaLetter" => "L",
        "javaDigit" => "Nd",
        other => other.strip_prefix("Is").unwrap_or(other),
    };
    out.push('\\');
    out.push(letter);
    out.push('{');
    out.push_str(known);
    out.push('}');
}
