//! Checks texts that no file may contain, the length of files, and that every code of a diagnostic has a page.

use super::tree::{files, none, read};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The largest number of lines of a Rust file.
const LONGEST_FILE: usize = 600;

/// The largest number of lines of a file of the web pages.
const LONGEST_PAGE: usize = 400;

/// The types that are generated from docs/openapi.json.
const GENERATED: &str = "shared/web/app/src/lib/api/generated.d.ts";

/// Files that may be longer, with the reason.
const LONG_FILES: &[(&str, &str)] = &[];

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let codes: BTreeSet<String> = files(&["shared/model/src/diagnostic/codes.rs"])
        .iter()
        .flat_map(|path| read(path).split('"').map(str::to_owned).collect::<Vec<_>>())
        .filter(|text| text.starts_with("SEG") && text.len() == 7)
        .collect();
    let pages: BTreeSet<String> = files(&[".md"])
        .iter()
        .filter(|path| path.starts_with("docs/errors"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert!(!codes.is_empty());
    none(
        codes
            .difference(&pages)
            .map(|code| format!("{code} has no page docs/errors/{code}.md"))
            .chain(pages.difference(&codes).map(|page| format!("docs/errors/{page}.md belongs to no code")))
            .collect(),
    );
}

#[test]
fn no_file_is_too_long() {
    let mut wrong = Vec::new();
    for path in files(&[".rs"]) {
        let lines = read(&path).lines().count();
        let excepted = LONG_FILES.iter().any(|(long, _)| Path::new(long) == path);
        if lines > LONGEST_FILE && !excepted {
            wrong.push(format!("{} has {lines} lines: split it by concept", path.display()));
        }
        if lines <= LONGEST_FILE && excepted {
            wrong.push(format!("{} need not stand in LONG_FILES any more", path.display()));
        }
    }
    none(wrong);
}

#[test]
fn no_file_of_the_web_pages_is_too_long() {
    let pages = files(&[".ts", ".js", ".svelte", ".css"]);
    assert!(pages.len() > 50, "{} files", pages.len());
    let lines = |path: &PathBuf| read(path).lines().count();
    let is_long = |path: &PathBuf| path != Path::new(GENERATED) && lines(path) > LONGEST_PAGE;
    let long = pages.into_iter().filter(is_long);
    none(
        long.map(|path| format!("{} has more than {LONGEST_PAGE} lines: split it", path.display())).collect(),
    );
}

#[test]
fn texts_hold_for_every_machine_and_are_finished() {
    // The texts are in two halves, so that this file does not contain them.
    let refused = [
        ("/wo", "rk/"),
        ("/ho", "me/"),
        ("/Use", "rs/"),
        ("/ro", "ot/"),
        ("registry.npm", "js"),
        ("index.crates", ".io"),
        ("pypi", ".org"),
        ("TO", "DO"),
        ("FIX", "ME"),
    ];
    let mut wrong = Vec::new();
    for path in files(&[
        ".rs", ".md", ".yaml", ".yml", ".toml", ".sh", ".sql", ".tf", ".hcl", ".go", "Makefile", ".ci/run",
        ".ts", ".js", ".json", ".svelte", ".css",
    ]) {
        for (number, line) in read(&path).lines().enumerate() {
            for (first, second) in refused {
                let text = format!("{first}{second}");
                if line.contains(&text) {
                    wrong.push(format!("{}:{}: contains `{text}`", path.display(), number + 1));
                }
            }
        }
    }
    none(wrong);
}

#[test]
fn every_allow_gives_its_reason() {
    let mut wrong = Vec::new();
    for path in files(&[".rs"]) {
        let text = read(&path);
        for attribute in ["#[allow(", "#![allow(", "#[expect(", "#![expect("].map(|start| [start].concat()) {
            for piece in text.split(&attribute).skip(1).map(|rest| rest.split(")]").next().unwrap_or(rest)) {
                let in_this_list = path.ends_with("tidy/src/texts.rs");
                if !piece.contains("reason") && !in_this_list {
                    wrong.push(format!("{}: `{attribute}{piece})]` gives no reason", path.display()));
                }
            }
        }
    }
    none(wrong);
}
