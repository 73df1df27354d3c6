//! `docs/compatibility.md` counts the types that published flows call. The count is that of this version.
//!
//! `published.csv` has the types that two or more of Kestra's 394 blueprints (June 2026) call, with the number of
//! blueprints, apart from the types that Segue has had from the start.

use segue_tests::repository;
use std::collections::BTreeMap;

const TYPES: &str = include_str!("published.csv");

fn called() -> BTreeMap<&'static str, usize> {
    let line = |line: &'static str| {
        let (name, number) = line.split_once(',').unwrap();
        (name, number.parse().unwrap())
    };
    TYPES.lines().skip(1).map(line).collect()
}

#[test]
fn the_page_counts_the_types_that_blueprints_call() {
    let catalog = segue_standalone::catalog().unwrap();
    let is_known = |name: &str| {
        let name = format!("io.kestra.plugin.{name}");
        catalog.get(&name).is_some() || catalog.trigger(&name).is_some()
    };
    let called = called();
    let (known, missing): (BTreeMap<_, _>, BTreeMap<_, _>) =
        called.iter().partition(|(name, _)| is_known(name));
    let uses = |types: &BTreeMap<&str, usize>| types.values().sum::<usize>();
    let count = format!(
        "two blueprints or more use {} types. Segue has {} of them, with {} of their {} uses.",
        called.len(),
        known.len(),
        uses(&known),
        uses(&called)
    );
    let page = std::fs::read_to_string(repository().join("docs/compatibility.md")).unwrap();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&page).contains(&count), "the page does not say: {count}");

    let (_, section) = page.split_once("## What published flows call").unwrap();
    let rows = section.lines().take_while(|line| !line.starts_with("## ")).filter_map(|line| {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        let (types, number, why) = (cells.next()?, cells.next()?, cells.next()?);
        Some((types.split('`').skip(1).step_by(2).collect::<Vec<_>>(), number.parse::<usize>().ok()?, why))
    });
    let mut listed = BTreeMap::new();
    for (types, number, why) in rows {
        assert!(!why.is_empty(), "{types:?} are missing without a reason");
        let uses: usize = types.iter().filter_map(|name| called.get(name)).sum();
        assert_eq!(number, uses, "the blueprints that call {types:?}");
        listed.extend(types.iter().map(|&name| (name, called.get(name).copied().unwrap_or_default())));
    }
    assert_eq!(listed, missing, "the types that the page calls missing, and those that are missing");
}
