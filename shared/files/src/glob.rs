//! Java globs (docs/kestra.md 4.3): `*` inside a folder, `**` across folders, `?`, `{a,b}`, `[..]`.
//!
//! Patterns are translated as Java's `FileSystem.getPathMatcher` does, because flows rely on its special cases: `*.csv`
//! matches only the top level, `**.csv` matches every level, and `**/x` does not match the top level.

use regex::Regex;
use segue_ports::PortError;
use std::path::Path;

/// The file with the variables of the execution, in the working directory of a script that asks for it. It may contain
/// secrets, so no pattern for files of a working directory matches this name.
pub const CONTEXT_FILE: &str = ".kestra-execution-context.json";

/// The syntax of a pattern. A pattern that begins with `glob:` or `regex:` is not changed. Other patterns are relative
/// to a directory.
enum Syntax<'a> {
    Explicit(String),
    Plain(&'a str),
}

fn syntax(pattern: &str) -> Result<Syntax<'_>, PortError> {
    if let Some(glob) = pattern.strip_prefix("glob:") {
        Ok(Syntax::Explicit(to_regex(glob)?))
    } else if let Some(regex) = pattern.strip_prefix("regex:") {
        Ok(Syntax::Explicit(regex.to_owned()))
    } else {
        Ok(Syntax::Plain(pattern))
    }
}

fn compile(regex: &str, pattern: &str) -> Result<Regex, PortError> {
    Regex::new(&format!("^(?:{regex})$"))
        .map_err(|error| PortError::invalid(format!("'{pattern}' is not a usable file pattern: {error}")))
}

/// Patterns for the files of a working directory (`outputFiles`, `UploadFiles.files`, `cache.patterns`). A pattern
/// begins at the top of the directory.
#[derive(Debug)]
pub struct WorkingGlobs {
    base: String,
    relative: Vec<Regex>,
    absolute: Vec<Regex>,
}

impl WorkingGlobs {
    /// Parses patterns for the files below `base`.
    ///
    /// # Errors
    /// [`PortError::Invalid`] if a pattern is invalid.
    pub fn new(base: &Path, patterns: &[String]) -> Result<Self, PortError> {
        let base = base.to_string_lossy().trim_end_matches('/').to_owned();
        let mut globs = Self { base, relative: Vec::new(), absolute: Vec::new() };
        for pattern in patterns {
            match syntax(pattern)? {
                Syntax::Explicit(regex) => globs.absolute.push(compile(&regex, pattern)?),
                Syntax::Plain(plain) => {
                    let inside = plain.strip_prefix(&globs.base).unwrap_or(plain);
                    let inside = inside.strip_prefix("./").unwrap_or(inside).trim_start_matches('/');
                    globs.relative.push(compile(&to_regex(&format!("/{inside}"))?, pattern)?);
                }
            }
        }
        Ok(globs)
    }

    /// Whether a file matches. `relative` is its path in the directory, with `/` between folders.
    pub fn matches(&self, relative: &str) -> bool {
        if relative == CONTEXT_FILE {
            return false;
        }
        let inside = format!("/{relative}");
        self.relative.iter().any(|regex| regex.is_match(&inside))
            || self.absolute.iter().any(|regex| regex.is_match(&format!("{}{inside}", self.base)))
    }
}

/// Patterns for namespace files (`namespaceFiles`, `DownloadFiles`, `DeleteFiles`). A pattern that begins with a word
/// character matches in any folder.
#[derive(Debug)]
pub struct NamespaceGlobs(Vec<Regex>);

impl NamespaceGlobs {
    /// Parses patterns for namespace files.
    ///
    /// # Errors
    /// [`PortError::Invalid`] if a pattern is invalid.
    pub fn new(patterns: &[String]) -> Result<Self, PortError> {
        let regexes = patterns.iter().map(|pattern| match syntax(pattern)? {
            Syntax::Explicit(regex) => compile(&regex, pattern),
            Syntax::Plain(plain) => {
                let anywhere = plain.starts_with(|c: char| c.is_alphanumeric() || c == '_');
                let glob = if anywhere { format!("**/{plain}") } else { plain.to_owned() };
                compile(&to_regex(&glob)?, pattern)
            }
        });
        Ok(Self(regexes.collect::<Result<_, _>>()?))
    }

    /// Whether a namespace file matches. `path` is its path in the namespace.
    pub fn matches(&self, path: &str) -> bool {
        let path = path.trim_start_matches('/');
        let rooted = format!("/{path}");
        self.0.iter().any(|regex| regex.is_match(&rooted) || regex.is_match(path))
    }
}

/// The regular expression of a Java glob.
fn to_regex(glob: &str) -> Result<String, PortError> {
    let bad = |why: &str| PortError::invalid(format!("'{glob}' is not a usable file pattern: {why}"));
    let mut regex = String::from("(?s)");
    let mut chars = glob.chars().peekable();
    let mut in_group = false;
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.next_if_eq(&'*').is_some() => regex.push_str(".*"),
            '*' => regex.push_str("[^/]*"),
            '?' => regex.push_str("[^/]"),
            '{' if in_group => return Err(bad("a group {…} cannot be inside another group")),
            '{' => {
                in_group = true;
                regex.push_str("(?:(?:");
            }
            '}' if in_group => {
                in_group = false;
                regex.push_str("))");
            }
            ',' if in_group => regex.push_str(")|(?:"),
            '[' => {
                let class = class(&mut chars).ok_or_else(|| bad("a bracket […] is not closed"))?;
                regex.push_str(&class);
            }
            '\\' => {
                let escaped = chars.next().ok_or_else(|| bad("it ends with a lone backslash"))?;
                regex.push_str(&regex::escape(escaped.encode_utf8(&mut [0; 4])));
            }
            other => regex.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    if in_group {
        return Err(bad("a group {…} is not closed"));
    }
    Ok(regex)
}

/// The class after an opening bracket as a regular expression, which never matches a slash. `None` if the bracket is
/// not closed.
fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut class = String::from("[");
    if chars.next_if(|c| *c == '!' || *c == '^').is_some() {
        class.push('^');
        class.push('/');
    }
    let mut first = true;
    loop {
        match chars.next()? {
            ']' if !first => break,
            '-' if !first => class.push('-'),
            '/' => return None,
            other => class.push_str(&escape_in_class(other)),
        }
        first = false;
    }
    class.push(']');
    Some(class)
}

fn escape_in_class(c: char) -> String {
    if c.is_ascii_punctuation() { format!("\\{c}") } else { c.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn working(pattern: &str, path: &str) -> bool {
        WorkingGlobs::new(Path::new("/tmp/wd"), &[pattern.to_owned()]).unwrap().matches(path)
    }

    fn namespace(pattern: &str, path: &str) -> bool {
        NamespaceGlobs::new(&[pattern.to_owned()]).unwrap().matches(path)
    }

    #[test]
    fn a_star_stays_in_its_folder() {
        assert!(working("*.csv", "a.csv"));
        assert!(!working("*.csv", "sub/a.csv"));
        assert!(working("sub/*.csv", "sub/a.csv"));
        assert!(working("*", ".hidden"));
    }

    #[test]
    fn two_stars_cross_folders_as_in_java() {
        assert!(working("**.csv", "a.csv"));
        assert!(working("**.csv", "x/y/a.csv"));
        assert!(working("**/a.csv", "x/y/a.csv"));
        assert!(!working("**/a.csv", "a.csv"), "Java's **/ asks for a folder");
        assert!(working("out/**", "out/x/y"));
    }

    #[test]
    fn groups_classes_and_question_marks() {
        assert!(working("{a,b}.{csv,json}", "b.json"));
        assert!(!working("{a,b}.csv", "c.csv"));
        assert!(working("file?.txt", "file1.txt"));
        assert!(!working("file?.txt", "file/.txt"));
        assert!(working("[a-c]1", "b1"));
        assert!(!working("[!a-c]1", "b1"));
        assert!(working("[!a-c]1", "x1"));
        assert!(!working("a[!b]c", "a/c"));
    }

    #[test]
    fn special_characters_of_a_regex_match_themselves() {
        assert!(working("a+(b).txt", "a+(b).txt"));
        assert!(!working("a.txt", "axtxt"));
        assert!(working("\\*.txt", "*.txt"));
        assert!(!working("\\*.txt", "a.txt"));
        assert!(working("Änderung *.txt", "Änderung 1.txt"));
    }

    #[test]
    fn explicit_syntax_sees_the_whole_path() {
        assert!(working("glob:/tmp/wd/*.csv", "a.csv"));
        assert!(!working("glob:*.csv", "a.csv"));
        assert!(working("regex:.*/a\\d+\\.csv", "a12.csv"));
    }

    #[test]
    fn patterns_may_name_the_directory_itself() {
        assert!(working("/tmp/wd/out.csv", "out.csv"));
        assert!(working("/out.csv", "out.csv"));
        assert!(working("./out.csv", "out.csv"));
    }

    #[test]
    fn a_namespace_pattern_that_begins_with_a_word_is_found_anywhere() {
        assert!(namespace("a.py", "a.py"));
        assert!(namespace("a.py", "x/y/a.py"));
        assert!(namespace("/x/*.py", "x/a.py"));
        assert!(!namespace("/x/*.py", "y/x/a.py"));
        assert!(namespace("**.sql", "q/a.sql"));
        assert!(namespace("*.py", "a.py"));
        assert!(!namespace("*.py", "x/a.py"));
    }

    #[test]
    fn broken_patterns_are_refused_with_a_reason() {
        for pattern in ["{a", "[a", "a\\", "{a{b}}", "regex:("] {
            let error = WorkingGlobs::new(Path::new("/tmp/wd"), &[pattern.to_owned()]).unwrap_err();
            assert!(error.to_string().contains("not a usable file pattern"), "{error}");
        }
    }
}
