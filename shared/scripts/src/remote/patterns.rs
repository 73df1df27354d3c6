//! File patterns as patterns of a shell. The container takes only files back that may match. The function compares the
//! exact patterns later, so a pattern of the shell may match more files, but never fewer.

use crate::shell::shell_word;
use std::path::Path;

/// The pattern of a `case` for all patterns together. None if there are no patterns. `bases` are the paths that a pattern
/// may have in front of its path in the working directory.
pub(super) fn of_shell(patterns: &[String], bases: &[&Path]) -> Option<String> {
    if patterns.is_empty() {
        return None;
    }
    let all: Vec<String> = patterns.iter().map(|pattern| one(pattern, bases)).collect();
    Some(all.join("|"))
}

fn one(pattern: &str, bases: &[&Path]) -> String {
    if pattern.starts_with("glob:") || pattern.starts_with("regex:") {
        return "*".to_owned();
    }
    let bases = bases.iter().map(|base| base.to_string_lossy());
    let inside = bases.into_iter().find_map(|base| pattern.strip_prefix(&*base).map(str::to_owned));
    let inside = inside.as_deref().unwrap_or(pattern);
    let inside = inside.strip_prefix("./").unwrap_or(inside).trim_start_matches('/');
    let (mut shell, mut literal) = (String::new(), String::new());
    let end = |shell: &mut String, literal: &mut String| {
        if !literal.is_empty() {
            shell.push_str(&shell_word(&std::mem::take(literal)));
        }
        if !shell.ends_with('*') {
            shell.push('*');
        }
    };
    for letter in inside.chars() {
        match letter {
            // A star of the shell also matches slashes.
            '*' | '?' => end(&mut shell, &mut literal),
            '[' | '{' | '\\' => {
                end(&mut shell, &mut literal);
                return shell;
            }
            _ => literal.push(letter),
        }
    }
    if !literal.is_empty() || shell.is_empty() {
        shell.push_str(&shell_word(&literal));
    }
    shell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_become_patterns_of_a_shell() {
        for (pattern, expected) in [
            ("out.txt", "'out.txt'"),
            ("./a b.csv", "'a b.csv'"),
            ("*.csv", "*'.csv'"),
            ("**/it's.csv", "*'/it'\\''s.csv'"),
            ("data/**", "'data/'*"),
            ("a?.{csv,txt}", "'a'*'.'*"),
            ("/tmp/dir/[ab].txt", "*"),
            ("/tmp/dir/x", "'x'"),
            ("regex:.*", "*"),
            ("", "''"),
        ] {
            assert_eq!(one(pattern, &[Path::new("/tmp/dir")]), expected, "{pattern}");
        }
        assert_eq!(of_shell(&[], &[]), None);
        let two = of_shell(&["a".to_owned(), "*.b".to_owned()], &[]);
        assert_eq!(two.as_deref(), Some("'a'|*'.b'"));
    }
}
