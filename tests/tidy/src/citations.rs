//! Checks the sections that comments cite, as in `docs/kestra.md 4.6`. Each cited section must exist.

use super::tree::{files, none, read};
use std::collections::BTreeSet;
use std::path::Path;

/// The page with the numbered sections.
const PAGE: &str = "docs/kestra.md";

/// The comments of a file as one text. Also the position in this text where each line of comment begins.
fn comments(source: &str) -> (String, Vec<(usize, usize)>) {
    let (mut text, mut starts) = (String::new(), Vec::new());
    for (at, line) in source.lines().enumerate() {
        if let Some(comment) = line.trim_start().strip_prefix("//") {
            starts.push((text.len(), at + 1));
            text.push_str(comment.trim_start_matches(['/', '!']).trim());
        }
        text.push(' ');
    }
    (text, starts)
}

/// The number of the section at the beginning of a text, and the rest: `4.6, 4.7` gives `4.6` and `, 4.7`.
fn section(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let number = text.get(..end)?.trim_end_matches('.');
    (!number.is_empty()).then(|| (number, text.get(number.len()..).unwrap_or_default()))
}

/// The sections in a list such as `1.2, 1.3 and 2.1` or `5.2 to 5.6`.
fn sections(text: &str) -> Vec<&str> {
    let mut rest = text.trim_start();
    rest = rest.strip_prefix("sections ").or_else(|| rest.strip_prefix("section ")).unwrap_or(rest);
    let mut found = Vec::new();
    while let Some((number, after)) = section(rest) {
        found.push(number);
        let next = [", ", " and ", " to "].iter().find_map(|between| after.strip_prefix(between));
        rest = next.unwrap_or_default();
    }
    found
}

/// Whether a text is the number of a section, such as `4.6`.
fn is_section(text: &str) -> bool {
    matches!(text.as_bytes(), [chapter, b'.', number] if chapter.is_ascii_digit() && number.is_ascii_digit())
}

/// Citations without the page: brackets with only sections, as in `(2.4, 2.5)` or `(compat 4.6)`, and `section 3.1`.
fn bare(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('(') {
        let inside = text.get(at + 1..).and_then(|rest| rest.split(')').next()).unwrap_or_default();
        if inside.strip_prefix("compat ").unwrap_or(inside).split(", ").all(is_section) {
            found.push((at, inside));
        }
    }
    for word in ["section ", "sections "] {
        for (at, _) in text.match_indices(word) {
            let number = text.get(at + word.len()..).and_then(section).map_or("", |(number, _)| number);
            let names_page = text.get(..at).is_some_and(|before| before.trim_end().ends_with(PAGE));
            if is_section(number) && !names_page {
                found.push((at, number));
            }
        }
    }
    found
}

#[test]
fn every_citation_names_a_section() {
    let page = read(Path::new(PAGE));
    let headings = || page.lines().filter(|line| line.starts_with("## ") || line.starts_with("### "));
    let known: BTreeSet<&str> = headings()
        .filter_map(|line| section(line.trim_start_matches(['#', ' '])))
        .map(|(number, _)| number)
        .collect();
    assert!(known.contains("2.3"), "{known:?}");
    let mut wrong = Vec::new();
    let mut cited = 0;
    for path in files(&[".rs"]).into_iter().filter(|path| !path.starts_with("tests/tidy")) {
        let source = read(&path);
        let (text, starts) = comments(&source);
        let line =
            |at: usize| starts.iter().rev().find(|(start, _)| *start <= at).map_or(0, |(_, line)| *line);
        for (at, _) in text.match_indices(PAGE) {
            let found = sections(text.get(at + PAGE.len()..).unwrap_or_default());
            let place = format!("{}:{}", path.display(), line(at));
            if found.is_empty() {
                wrong.push(format!("{place}: name a section of {PAGE}"));
            }
            let unknown = found.iter().filter(|number| !known.contains(*number));
            wrong.extend(unknown.map(|number| format!("{place}: {PAGE} has no section {number}")));
            cited += found.len();
        }
        for (at, inside) in bare(&text) {
            let place = format!("{}:{}", path.display(), line(at));
            wrong.push(format!("{place}: `{inside}` is a section of which page? Write `{PAGE} …`"));
        }
    }
    assert!(cited > 100, "{cited} citations");
    none(wrong);
}

#[test]
fn citations_are_read() {
    assert_eq!(sections(" 5.2, 5.3). More"), ["5.2", "5.3"]);
    assert_eq!(sections(" sections 1 and 2 as"), ["1", "2"]);
    assert_eq!(sections(" 5.2 to 5.6, names 4.0"), ["5.2", "5.6"]);
    assert_eq!(sections(" says 3"), [""; 0]);
    let found = |text| bare(text).into_iter().map(|(_, inside)| inside).collect::<Vec<_>>();
    assert_eq!(found("a (2.4, 2.5) b (compat 4.6) c (section 3.1)"), ["2.4, 2.5", "compat 4.6", "3.1"]);
    assert_eq!(
        found("a (docs/kestra.md 2.4) b (10.5) (f(x)) (1.5 GiB) docs/kestra.md sections 1.1 and 2"),
        [""; 0]
    );
}
