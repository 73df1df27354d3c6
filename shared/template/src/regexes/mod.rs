//! Regular expressions with Java's features: look-around, back-references, `$1` in replacements.

mod java;

use crate::error::Fault;
use fancy_regex::{Captures, Regex, RegexBuilder};

/// The largest number of backtracking steps of a match. Then the match fails with an error.
const BACKTRACK_LIMIT: usize = 200_000;

/// The largest size of a compiled expression, in bytes. A short expression such as `(\w{500}){500}` can be large when
/// it is compiled.
const MOST_COMPILED: usize = 4 * 1024 * 1024;

/// A compiled Java expression.
#[derive(Debug)]
pub(crate) struct JavaRegex(Regex);

impl JavaRegex {
    pub(crate) fn new(pattern: &str) -> Result<Self, Fault> {
        let regex = RegexBuilder::new(&java::translate(pattern))
            .backtrack_limit(BACKTRACK_LIMIT)
            .delegate_size_limit(MOST_COMPILED)
            .build();
        regex
            .map(Self)
            .map_err(|error| format!("The regular expression '{pattern}' is not valid: {error}").into())
    }

    /// Replaces as Java's `String.replaceAll(regex, replacement)` does. Calls `grows` with the number of bytes that
    /// each replacement adds. `grows` may return an error.
    pub(crate) fn replace_all(
        &self,
        text: &str,
        replacement: &str,
        grows: &mut dyn FnMut(usize) -> Result<(), Fault>,
    ) -> Result<String, Fault> {
        let mut out = String::with_capacity(text.len());
        let mut end = 0;
        for captures in self.0.captures_iter(text) {
            let captures = captures.map_err(failed)?;
            let Some(whole) = captures.get(0) else { continue };
            out.push_str(text.get(end..whole.start()).unwrap_or_default());
            let before = out.len();
            self.expand(&captures, replacement, &mut out)?;
            grows(out.len() - before + 32)?;
            end = whole.end();
        }
        out.push_str(text.get(end..).unwrap_or_default());
        Ok(out)
    }

    /// Expands `$1`, `${name}` and `\$` in a Java replacement. `$12` is group 1 followed by `2` if there is no group
    /// 12.
    fn expand(&self, captures: &Captures<'_, str>, replacement: &str, out: &mut String) -> Result<(), Fault> {
        let mut chars = replacement.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' => out.extend(chars.next()),
                '$' if chars.next_if_eq(&'{').is_some() => {
                    let name: String = chars.by_ref().take_while(|c| *c != '}').collect();
                    let group = captures.name(&name);
                    if group.is_none() && !self.0.capture_names().flatten().any(|known| known == name) {
                        return Err(format!("No group with name {{{name}}}").into());
                    }
                    out.push_str(group.map_or("", |group| group.as_str()));
                }
                '$' => {
                    let first = chars.next_if(char::is_ascii_digit);
                    let Some(mut group) = first.and_then(|digit| digit.to_digit(10)) else {
                        return Err("Illegal group reference".into());
                    };
                    if group as usize >= self.0.captures_len() {
                        return Err(format!("No group {group}").into());
                    }
                    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
                        let longer = group * 10 + digit;
                        if longer as usize >= self.0.captures_len() {
                            break;
                        }
                        group = longer;
                        chars.next();
                    }
                    out.push_str(captures.get(group as usize).map_or("", |group| group.as_str()));
                }
                c => out.push(c),
            }
        }
        Ok(())
    }

    /// Splits as Java's `String.split(regex, limit)` does.
    pub(crate) fn split(&self, text: &str, limit: i64) -> Result<Vec<String>, Fault> {
        let limit_parts = usize::try_from(limit).unwrap_or(0);
        let mut parts = Vec::new();
        let mut start = 0;
        for found in self.0.find_iter(text) {
            let found = found.map_err(failed)?;
            if limit_parts > 0 && parts.len() + 1 >= limit_parts {
                break;
            }
            // An empty match at the start or the end does not split.
            if found.end() == 0 || (found.start() == found.end() && found.start() == text.len()) {
                continue;
            }
            parts.push(text.get(start..found.start()).unwrap_or_default().to_owned());
            start = found.end();
        }
        if parts.is_empty() {
            return Ok(vec![text.to_owned()]);
        }
        parts.push(text.get(start..).unwrap_or_default().to_owned());
        if limit == 0 {
            while parts.last().is_some_and(String::is_empty) {
                parts.pop();
            }
        }
        Ok(parts)
    }

    /// Whether a part of a text matches.
    pub(crate) fn matches(&self, text: &str) -> Result<bool, Fault> {
        self.0.is_match(text).map_err(failed)
    }

    /// A group of the first match. `None` if nothing matches.
    pub(crate) fn extract(&self, text: &str, group: usize) -> Result<Option<String>, Fault> {
        if group >= self.0.captures_len() {
            return Err(format!("No group {group}").into());
        }
        let captures = self.0.captures(text).map_err(failed)?;
        Ok(captures.and_then(|captures| captures.get(group).map(|found| found.as_str().to_owned())))
    }
}

fn failed(error: fancy_regex::Error) -> Fault {
    format!("The regular expression was stopped: {error}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn split_is_that_of_java() {
        let split =
            |text: &str, regex: &str, limit| JavaRegex::new(regex).unwrap().split(text, limit).unwrap();
        assert_eq!(split("a,b,,", ",", 0), ["a", "b"]);
        assert_eq!(split("a,b,,", ",", -1), ["a", "b", "", ""]);
        assert_eq!(split("a,b,c", ",", 2), ["a", "b,c"]);
        assert_eq!(split("abc", "", 0), ["a", "b", "c"]);
        assert_eq!(split("", ",", 0), [""]);
        assert_eq!(split(",a", ",", 0), ["", "a"]);
        assert_eq!(split(",,", ",", 0), Vec::<String>::new());
        assert_eq!(split("a|b", r"\|", 0), ["a", "b"]);
    }

    #[test]
    fn classes_are_those_of_java() {
        for (pattern, text, matches) in [
            (r"^\w$", "é", false),
            (r"^\W$", "é", true),
            (r"^[\w-]+$", "a-b_1", true),
            (r"^[^\d]$", "٣", true),
            (r"\d", "٣", false),
            (r"^[\D]$", "x", true),
            (r"^\s$", "\u{b}", true),
            (r"^\s$", "\u{a0}", false),
            (r"^\h$", "\u{a0}", true),
            (r"^\h$", "a", false),
            (r"^\Qa.b\E+$", "a.bb", true),
            (r"^\Qa.b\E$", "axb", false),
            (r"^\p{Alpha}+$", "ab", true),
            (r"^\p{Alpha}$", "é", false),
            (r"^[\p{Alnum}_]+$", "a_1", true),
            (r"^\P{Punct}$", "!", false),
            (r"^\p{Punct}+$", "[]!~`", true),
            (r"^\p{L}+\p{Lu}$", "éÀ", true),
            (r"^\p{IsAlphabetic}$", "é", true),
            (r"^[a-z&&[^b]]$", "b", false),
            (r"^\<\_\ \-\/\<$", "<_ -/<", true),
            (r"^\u00e9\x41\t$", "éA\t", true),
            (r"(?i)^ABC\R$", "abc\r\n", true),
            (r"^a++b$", "aab", true),
            (r"^(a)\1$", "aa", true),
            (r"^(?<x>a)\k<x>$", "aa", true),
        ] {
            let found = JavaRegex::new(pattern).unwrap().matches(text).unwrap();
            assert_eq!(found, matches, "{pattern} {text:?}");
        }
        assert!(JavaRegex::new(r"\p{Nope}").is_err());
    }

    #[test]
    fn replacements_name_groups_as_java_does() {
        let replace = |regex: &str, with: &str| {
            JavaRegex::new(regex).unwrap().replace_all("v12-x", with, &mut |_| Ok(()))
        };
        assert_eq!(replace(r"(\d)(\d)", "$2$1").unwrap(), "v21-x");
        assert_eq!(replace(r"(\d)\d", "$10").unwrap(), "v10-x");
        assert_eq!(replace(r"(?<n>\d+)", "<${n}>").unwrap(), "v<12>-x");
        assert_eq!(replace(r"\d+", r"\$1").unwrap(), "v$1-x");
        assert!(replace(r"\d+", "$1").is_err());
        assert_eq!(replace(r"\d+(?=-)", "N").unwrap(), "vN-x");
    }
}
