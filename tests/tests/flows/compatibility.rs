//! `docs/compatibility.md` lists exactly the types that the command knows.

use segue_model::catalog::{RunBy, Service};
use segue_tests::repository;
use std::collections::BTreeSet;

const PREFIX: &str = "io.kestra.plugin.";

/// Whether a name is that of a type, as in `core.log.Log`.
fn is_type(name: &str) -> bool {
    let last = name.rsplit_once('.').map(|(_, last)| last);
    let is_named = last.is_some_and(|last| last.starts_with(|letter: char| letter.is_ascii_uppercase()));
    is_named && !name.starts_with("io.")
}

#[test]
fn the_page_names_every_type_and_no_other() {
    let page = std::fs::read_to_string(repository().join("docs/compatibility.md")).unwrap();
    let tables = page.split("## Where Segue differs").next().unwrap();
    let quoted = || tables.split('`').skip(1).step_by(2);
    let languages = quoted().filter(|name| name.starts_with("scripts."));
    let named: BTreeSet<String> = quoted()
        .filter(|name| is_type(name))
        .map(str::to_owned)
        .chain(languages.flat_map(|language| ["Commands", "Script"].map(|verb| format!("{language}.{verb}"))))
        .collect();
    let catalog = segue_standalone::catalog().unwrap();
    // The connectors have pages of their own, which a test of `functions/connect` compares.
    let own_page = RunBy::Service(Service::Named("connect"));
    let all = catalog.types().iter().chain(catalog.triggers());
    let listed = all.filter(|kind| kind.run_by != own_page);
    let known: BTreeSet<String> =
        listed.filter_map(|kind| kind.name.strip_prefix(PREFIX)).map(str::to_owned).collect();
    assert!(known.len() > 50);
    let missing: Vec<_> = known.difference(&named).collect();
    let unknown: Vec<_> = named.difference(&known).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "not on the page: {missing:?}; not known: {unknown:?}");
}
