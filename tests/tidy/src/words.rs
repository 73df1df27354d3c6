//! Checks the banned words of docs/STYLE.md, and the length of lines of Markdown.

use super::tree::{files, none, read};
use std::path::{Path, PathBuf};

/// The page with the rules and the table of banned words.
const STYLE: &str = "docs/STYLE.md";

/// Files that quote banned words.
const QUOTING: &[&str] = &[STYLE, "tests/tidy/src/words.rs"];

/// The largest number of columns of a line of Markdown. Rows of tables and lines of code may be longer.
const COLUMNS: usize = 120;

/// A word in lower case, or `None` for a mark that ends a phrase. The number is that of the line, from 1.
type Word = (Option<String>, usize);

fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        // The mark of a comment or a list item does not end a phrase that began in the line before.
        let line = line.trim_start_matches([' ', '/', '#', '!', '*', '>', '-']);
        let mut word = String::new();
        for letter in line.chars().chain([' ']) {
            if letter.is_alphanumeric() || letter == '_' {
                word.extend(letter.to_lowercase());
                continue;
            }
            if !word.is_empty() {
                found.push((Some(std::mem::take(&mut word)), at + 1));
            }
            if !letter.is_whitespace() {
                found.push((None, at + 1));
            }
        }
    }
    found
}

/// The banned phrases, each as a list of words: the first column of the table in docs/STYLE.md.
fn banned(page: &str) -> Vec<Vec<String>> {
    let (_, table) = page.split_once("| banned | write instead |\n|---|---|\n").unwrap();
    table
        .lines()
        .take_while(|line| line.starts_with('|'))
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|cell| cell.split(','))
        .map(|phrase| phrase.split_whitespace().map(str::to_owned).collect())
        .collect()
}

/// Each banned phrase in the text, with the number of the line where the phrase begins.
fn found(text: &str, banned: &[Vec<String>]) -> Vec<(String, usize)> {
    let words = words(text);
    let starts_here = |at: usize, phrase: &[String]| {
        phrase.iter().enumerate().all(|(offset, wanted)| {
            words.get(at + offset).is_some_and(|(word, _)| word.as_ref() == Some(wanted))
        })
    };
    let mut found = Vec::new();
    for (at, (_, line)) in words.iter().enumerate() {
        for phrase in banned.iter().filter(|phrase| starts_here(at, phrase)) {
            found.push((phrase.join(" "), *line));
        }
    }
    found
}

#[test]
fn texts_have_no_banned_words() {
    let banned = banned(&read(Path::new(STYLE)));
    let is_text = |path: &PathBuf| !QUOTING.iter().any(|quoting| Path::new(quoting) == path);
    let mut wrong = Vec::new();
    for path in
        files(&[".md", ".sh", "Makefile", ".ci/run", ".rs", ".go", ".tf", ".hcl", ".ts", ".js", ".svelte"])
            .into_iter()
            .filter(is_text)
    {
        for (phrase, line) in found(&read(&path), &banned) {
            wrong.push(format!("{}:{line}: `{phrase}` is banned, see {STYLE}", path.display()));
        }
    }
    none(wrong);
}

#[test]
fn banned_words_count_where_they_stand_alone() {
    let banned = banned("| banned | write instead |\n|---|---|\n| mend, is told of | fix |\n");
    assert_eq!(found("amend mended\n// To mend: or Mend", &banned), [("mend".into(), 2), ("mend".into(), 2)]);
    assert_eq!(found("/// it is\n/// told of", &banned), [("is told of".into(), 1)]);
    assert_eq!(found("it is. Told of", &banned), []);
}

#[test]
fn lines_of_markdown_are_short() {
    let mut wrong = Vec::new();
    for path in files(&[".md"]) {
        let mut is_code = false;
        for (at, line) in read(&path).lines().enumerate() {
            let is_fence = line.trim_start().starts_with("```");
            is_code ^= is_fence;
            let is_row = line.trim_start().starts_with('|');
            if !is_code && !is_fence && !is_row && line.chars().count() > COLUMNS {
                wrong.push(format!("{}:{}: longer than {COLUMNS} columns", path.display(), at + 1));
            }
        }
    }
    none(wrong);
}
