//! Checks docs/configuration.md: it must list exactly the environment variables that the code of the programs names.

use super::tree::{files, none, read};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The page with the variables, each in the first column of a table.
const PAGE: &str = "docs/configuration.md";

/// The prefix of the names of Segue's own variables.
const OWN: &str = "SEGUE_";

/// The names of variables in a text. A prefix, as in `SEGUE_*`, is not a name.
fn names(text: &str) -> BTreeSet<String> {
    let is_letter = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    text.split(|letter| !is_letter(letter))
        .filter(|word| word.strip_prefix(OWN).is_some_and(|rest| !rest.is_empty() && !word.ends_with('_')))
        .map(str::to_owned)
        .collect()
}

/// The names in the first column of the page's tables.
fn listed(page: &str) -> BTreeSet<String> {
    page.lines().filter_map(|line| line.strip_prefix('|')?.split('|').next()).flat_map(names).collect()
}

/// A source file without its tests.
fn without_tests(path: &Path) -> String {
    let text = read(path);
    text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned()
}

/// Whether a file belongs to a program, and not to its tests.
fn is_of_program(path: &Path) -> bool {
    let is_of_tests = path.iter().any(|part| part == "tests" || part == "benches" || part == "tests.rs");
    (path.starts_with("shared") || path.starts_with("functions")) && !is_of_tests
}

/// The names in the code of the programs. The value is a file that contains the name.
fn in_code() -> BTreeMap<String, PathBuf> {
    let sources = files(&[".rs"]).into_iter().filter(|path| is_of_program(path));
    sources
        .flat_map(|path| names(&without_tests(&path)).into_iter().map(move |name| (name, path.clone())))
        .collect()
}

#[test]
fn every_variable_in_code_is_on_the_page() {
    let listed = listed(&read(Path::new(PAGE)));
    let deployed = files(&[".tf"])
        .into_iter()
        .flat_map(|path| names(&read(&path)).into_iter().map(move |name| (name, path.clone())));
    let missing = in_code().into_iter().chain(deployed).filter(|(name, _)| !listed.contains(name));
    none(missing.map(|(name, path)| format!("{PAGE} does not list {name} ({})", path.display())).collect());
}

#[test]
fn every_variable_on_the_page_is_in_code() {
    let (listed, known) = (listed(&read(Path::new(PAGE))), in_code());
    assert!(!listed.is_empty());
    let unknown = listed.iter().filter(|name| !known.contains_key(*name));
    none(unknown.map(|name| format!("{PAGE} lists {name}, which no program reads")).collect());
}

#[test]
fn names_are_found() {
    let found = names("SEGUE_URL, `SEGUE_*`, SEGUE_ and MY_SEGUE_X; SEGUE_PUSH_AUTH=iam");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["SEGUE_PUSH_AUTH", "SEGUE_URL"]);
    let page = "| variable |\n|---|\n| `SEGUE_A`, `SEGUE_B` | SEGUE_C |\nSEGUE_D\n";
    assert_eq!(listed(page).into_iter().collect::<Vec<_>>(), ["SEGUE_A", "SEGUE_B"]);
}
