//! docs/kestra.md 3.4, 3.6 and 3.7 name every test, function and filter of expressions, and no others.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use segue_template::{filter_names, function_names, test_names};
use std::collections::BTreeSet;

/// The names in backquotes in the tables of a section. The name in `` `kv(key)` `` is `kv`.
fn named(section: &str) -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/kestra.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (_, rest) = page.split_once(&format!("\n### {section} ")).unwrap();
    let rows = rest.split("\n##").next().unwrap().lines().filter(|line| line.starts_with('|'));
    rows.flat_map(|row| row.split('`').skip(1).step_by(2))
        .filter_map(|code| code.split('(').next())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn known(names: impl Iterator<Item = &'static str>) -> BTreeSet<String> {
    names.map(str::to_owned).collect()
}

#[test]
fn the_page_names_every_function() {
    assert_eq!(named("3.6"), known(function_names()));
}

#[test]
fn the_page_names_every_filter() {
    assert_eq!(named("3.7"), known(filter_names()));
}

#[test]
fn the_page_names_every_test() {
    let named = named("3.4");
    let missing: Vec<&str> = test_names().filter(|name| !named.contains(*name)).collect();
    assert_eq!(missing, [""; 0]);
}
