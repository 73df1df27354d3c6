//! The pages in `docs/task-types`, one for each type. `make task-types` writes them. Each example is checked as a flow.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what is wrong here fails a test")]

use segue_catalog::catalog;
use segue_catalog::pages::{Kind, Pages};
use segue_engine::check::read_flow;
use segue_model::catalog::Catalog;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/task-types")
}

/// With UPDATE_CATALOG, the test writes the files.
#[test]
#[expect(clippy::disallowed_methods, reason = "the variable is a switch of this test, not of the program")]
fn the_pages_are_those_of_the_types() {
    let pages = Pages::new(&catalog().unwrap()).unwrap();
    let mut files: BTreeMap<PathBuf, String> = pages
        .types()
        .iter()
        .map(|kind| (folder().join(format!("{}.md", kind.name)), pages.page(kind.name).unwrap()))
        .collect();
    files.insert(folder().join("README.md"), pages.index());
    if std::env::var_os("UPDATE_CATALOG").is_some() {
        let _absent = fs::remove_dir_all(folder());
        fs::create_dir_all(folder()).unwrap();
        files.iter().for_each(|(file, text)| fs::write(file, text).unwrap());
    }
    for (file, text) in &files {
        let found = fs::read_to_string(file).unwrap_or_default();
        assert!(&found == text, "{} is out of date: run `make task-types`", file.display());
    }
    assert_eq!(fs::read_dir(folder()).unwrap().count(), files.len(), "a page without a type");
}

#[test]
fn every_type_has_a_summary_and_descriptions_and_an_example_that_is_a_flow() {
    let catalog = catalog().unwrap();
    let mut wrong = Vec::new();
    for kind in Pages::new(&catalog).unwrap().types() {
        if !kind.summary().ends_with('.') {
            wrong.push(format!("{}: the summary '{}' is no sentence", kind.name, kind.summary()));
        }
        match kind.example() {
            None => wrong.push(format!("{} has no example", kind.name)),
            Some(example) if !example.contains(kind.name) => {
                wrong.push(format!("the example of {} is about another type", kind.name));
            }
            Some(example) => wrong.extend(problems(kind.name, &flow_of(example), &catalog)),
        }
        for (name, property) in kind.schema["properties"].as_object().into_iter().flatten() {
            if !property["description"].is_string() {
                wrong.push(format!("{}: the property '{name}' has no description", kind.name));
            }
        }
        for (name, output) in kind.outputs.iter().flat_map(|all| all["properties"].as_object()).flatten() {
            if !output["description"].is_string() {
                wrong.push(format!("{}: the output '{name}' has no description", kind.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every problem of a flow, notes included: an example is without one.
fn problems(name: &str, source: &str, catalog: &Catalog) -> Vec<String> {
    let parsed = read_flow(source, catalog);
    parsed
        .diagnostics
        .iter()
        .map(|problem| format!("the example of {name}: {} {}\n{source}", problem.code, problem.message))
        .collect()
}

/// The flow of an example. An example that is one task becomes the last task of a flow, after the inputs, tasks and
/// triggers that its expressions read.
fn flow_of(example: &str) -> String {
    if !example.lines().any(|line| line.starts_with("type:")) {
        return example.to_owned();
    }
    let mut source = "id: example\nnamespace: company.team\n".to_owned();
    let inputs = names_after(example, "inputs.");
    if !inputs.is_empty() {
        let lines = inputs.iter().map(|name| format!("  - id: {name}\n    type: STRING\n"));
        source.push_str(&format!("inputs:\n{}", lines.collect::<String>()));
    }
    if example.contains("trigger.") {
        source.push_str(
            "triggers:\n  - id: other\n    type: io.kestra.plugin.core.trigger.Flow\n    preconditions:\n      id: other\n      \
             flows:\n        - namespace: company\n          flowId: load\n",
        );
    }
    source.push_str("tasks:\n");
    for name in names_after(example, "outputs.") {
        if !example.contains(&format!("id: {name}\n")) {
            source.push_str(&format!("  - id: {name}\n    type: io.kestra.plugin.core.debug.Return\n"));
        }
    }
    for (number, line) in example.lines().enumerate() {
        source.push_str(match number {
            0 => "  - ",
            _ if line.is_empty() => "",
            _ => "    ",
        });
        source.push_str(line);
        source.push('\n');
    }
    source
}

/// The names after a prefix in a text.
fn names_after<'t>(text: &'t str, prefix: &str) -> BTreeSet<&'t str> {
    let name = |rest: &'t str| {
        let end =
            rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    };
    text.split(prefix).skip(1).map(name).filter(|name| !name.is_empty()).collect()
}

#[test]
fn a_type_is_found_by_its_name_by_an_older_name_and_without_its_first_part() {
    let pages = Pages::new(&catalog().unwrap()).unwrap();
    for name in ["io.kestra.plugin.core.log.Log", "io.kestra.core.tasks.log.Log", "core.log.Log"] {
        assert_eq!(pages.get(name).unwrap().name, "io.kestra.plugin.core.log.Log", "{name}");
    }
    assert_eq!(pages.get("core.trigger.Schedule").unwrap().kind, Kind::Trigger);
    assert!(pages.page("core.log.Lag").is_none());
    assert!(pages.page("io.segue.foreachitem.Split").is_none(), "flows cannot use it");
}
