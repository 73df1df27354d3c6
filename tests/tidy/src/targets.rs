//! Checks that every `make` command in `cloudbuild.yaml` and `.ci/run` names a target of the Makefile.

use super::tree::{none, read};
use std::collections::BTreeSet;
use std::path::Path;

/// The words after `make` in a text, without variables.
fn made(text: &str) -> BTreeSet<&str> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let words = lines.flat_map(|line| line.split_whitespace().skip_while(|word| *word != "make").skip(1));
    words.filter(|word| word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-')).collect()
}

#[test]
fn every_step_of_a_build_is_a_target_of_the_makefile() {
    let makefile = read(Path::new("Makefile"));
    let targets: BTreeSet<&str> = makefile
        .lines()
        .filter(|line| !line.starts_with(['\t', '#']))
        .filter_map(|line| line.split_once(": ").map(|(name, _)| name))
        .collect();
    for file in ["cloudbuild.yaml", ".ci/run"] {
        let text = read(Path::new(file));
        let made = made(&text);
        assert!(made.len() > 2, "{file} makes {made:?}");
        none(made.difference(&targets).map(|name| format!("{file}: `make {name}` does not exist")).collect());
    }
}

#[test]
fn targets_are_found_in_commands_alone() {
    let text = "# make a mess\nKILLS=10 make crash\n  PUSH=1 make images\nmake lint test TAG=1\napt-get install cmake npm\n";
    assert_eq!(made(text), BTreeSet::from(["crash", "images", "lint", "test"]));
}
