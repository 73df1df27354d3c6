//! Checks the direction of dependencies, and the files that every crate and every function must have.

use super::tree::{files, none, read, repository};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The crates of this workspace that each crate of `shared/` may depend on. The constants below have the rules for
/// functions and composition roots.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("segue-model", &[]),
    ("segue-api-types", &["segue-model"]),
    ("segue-blueprints", &[]),
    ("segue-template", &["segue-model"]),
    ("segue-engine", &["segue-model", "segue-template"]),
    ("segue-catalog", &["segue-connectors", "segue-engine", "segue-model"]),
    ("segue-connectors", &["segue-model"]),
    ("segue-ports", &["segue-model"]),
    ("segue-files", &["segue-model", "segue-ports"]),
    ("segue-jdbc", &["segue-model", "segue-ports", "segue-task"]),
    ("segue-rendering", &["segue-template"]),
    ("segue-lookups", &["segue-model", "segue-ports", "segue-rendering", "segue-template"]),
    (
        "segue-executor",
        &["segue-engine", "segue-lookups", "segue-model", "segue-ports", "segue-rendering", "segue-template"],
    ),
    (
        "segue-scheduler",
        &["segue-engine", "segue-executor", "segue-lookups", "segue-model", "segue-ports", "segue-template"],
    ),
    ("segue-service", &["segue-model", "segue-ports"]),
    ("segue-simulation", &["segue-engine", "segue-model", "segue-template"]),
    ("segue-scripts", &["segue-files", "segue-model", "segue-ports", "segue-process", "segue-task"]),
    ("segue-task", &["segue-files", "segue-lookups", "segue-model", "segue-ports", "segue-template"]),
    ("segue-embedded", &["segue-model", "segue-ports"]),
    ("segue-gcp", &["segue-model", "segue-ports"]),
    ("segue-google-apis", &["segue-ports"]),
    ("segue-process", &[]),
    ("segue-web", &[]),
    ("segue-tidy", &[]),
];

/// The crates that the library of a function with `kind: tasks` may depend on. Such a function runs task runs.
const TASK_FUNCTIONS_MAY_DEPEND_ON: &[&str] = &[
    // A task that saves flows checks them with the list of all task types.
    "segue-catalog",
    "segue-connectors",
    "segue-engine",
    "segue-files",
    "segue-jdbc",
    "segue-model",
    "segue-ports",
    "segue-process",
    "segue-scripts",
    "segue-service",
    "segue-task",
    "segue-template",
];

/// The crates that the library of a function with `kind: control` may depend on. Such a function reads flows, so it
/// needs the list of all task types. It only connects the libraries that decide.
const CONTROL_FUNCTIONS_MAY_DEPEND_ON: &[&str] = &[
    "segue-api-types",
    "segue-blueprints",
    "segue-engine",
    "segue-executor",
    "segue-catalog",
    "segue-files",
    "segue-lookups",
    "segue-model",
    "segue-ports",
    "segue-scheduler",
    "segue-service",
    "segue-template",
    "segue-web",
];

/// The adapters, and the crate that connects a function's `main.rs` to them. Only composition roots may depend on them.
const ADAPTERS: &[&str] = &["segue-embedded", "segue-gcp", "segue-runtime"];

/// The crates that put the others together. They may depend on any crate.
const COMPOSITION_ROOTS: &[&str] = &["segue-cli", "segue-runtime", "segue-standalone", "segue-tests"];

/// Crates without input and output. They compute decisions, and others carry the decisions out.
const PURE: &[&str] = &["segue-model", "segue-template", "segue-engine", "segue-simulation"];

/// Prefixes of the names of packages that a pure crate must not depend on.
const IMPURE: &[&str] =
    &["tokio", "reqwest", "axum", "hyper", "google", "gcp", "rand", "uuid", "rusqlite", "duckdb"];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .current_dir(repository())
        .no_deps()
        .other_options(vec!["--offline".into()])
        .exec()
        .unwrap()
}

fn is_function(package: &Package) -> bool {
    package.manifest_path.starts_with(repository().join("functions"))
}

/// The `kind` in a function's `function.yaml`. `shared/service` reads the file and checks the rest.
fn kind(function: &Package) -> String {
    let file = function.manifest_path.with_file_name("function.yaml");
    let text = read(file.as_std_path());
    let kind = text.lines().find_map(|line| line.strip_prefix("kind:"));
    kind.unwrap_or_else(|| panic!("{file} has no kind")).trim().to_owned()
}

fn normal_dependencies(package: &Package) -> impl Iterator<Item = &cargo_metadata::Dependency> {
    package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development)
}

#[test]
fn dependencies_point_one_way() {
    let mut wrong = Vec::new();
    let packages = metadata().packages;
    for package in &packages {
        if COMPOSITION_ROOTS.contains(&package.name.as_str()) {
            continue;
        }
        let allowed: &[&str] = if is_function(package) {
            match kind(package).as_str() {
                "tasks" => TASK_FUNCTIONS_MAY_DEPEND_ON,
                "control" => CONTROL_FUNCTIONS_MAY_DEPEND_ON,
                other => panic!("the kind of {} is '{other}'; it is tasks or control", package.name),
            }
        } else if let Some((_, allowed)) =
            MAY_DEPEND_ON.iter().find(|(name, _)| *name == package.name.as_str())
        {
            allowed
        } else {
            wrong
                .push(format!("{} has no line in MAY_DEPEND_ON: decide what it may depend on", package.name));
            continue;
        };
        for dependency in
            normal_dependencies(package).filter(|dependency| dependency.name.starts_with("segue-"))
        {
            // The `main.rs` of a function is a composition root, so the package may depend on adapters. The next test
            // checks that the library of the function names no adapter.
            let of_main = is_function(package) && ADAPTERS.contains(&dependency.name.as_str());
            if !of_main && !allowed.contains(&dependency.name.as_str()) {
                wrong.push(format!("{} must not depend on {}", package.name, dependency.name));
            }
        }
    }
    none(wrong);
}

/// Tests of a function must not depend on another function either.
#[test]
fn no_function_depends_on_a_function() {
    let packages = metadata().packages;
    let functions: BTreeSet<_> =
        packages.iter().filter(|package| is_function(package)).map(|package| package.name.as_str()).collect();
    let mut wrong = Vec::new();
    for package in packages.iter().filter(|package| is_function(package)) {
        for dependency in package.dependencies.iter().filter(|one| functions.contains(one.name.as_str())) {
            wrong.push(format!("{} must not depend on {}", package.name, dependency.name));
        }
    }
    assert!(!functions.is_empty());
    none(wrong);
}

#[test]
fn only_mains_of_functions_name_an_adapter() {
    let in_library = |path: &PathBuf| {
        let is_for_tests = path.ends_with("src/testing.rs")
            || path.ends_with("tests.rs")
            || path.iter().any(|part| part == "tests");
        path.starts_with("functions") && !path.ends_with("src/main.rs") && !is_for_tests
    };
    let named = |text: &str| {
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
        ADAPTERS.iter().find(|adapter| code.contains(&adapter.replace('-', "_"))).copied()
    };
    none(
        files(&[".rs"])
            .into_iter()
            .filter(in_library)
            .filter_map(|path| {
                named(&read(&path)).map(|adapter| format!("{} names {adapter}", path.display()))
            })
            .collect(),
    );
}

#[test]
fn pure_crates_do_nothing_but_decide() {
    let mut wrong = Vec::new();
    for package in metadata().packages.iter().filter(|package| PURE.contains(&package.name.as_str())) {
        for dependency in normal_dependencies(package) {
            if IMPURE.iter().any(|impure| dependency.name.starts_with(impure)) {
                wrong.push(format!("{} is pure and must not depend on {}", package.name, dependency.name));
            }
        }
    }
    none(wrong);
}

#[test]
fn every_crate_takes_lints_and_versions_from_the_root() {
    let mut wrong = Vec::new();
    // The fuzz targets are a separate workspace, so they have no settings from the root.
    let is_member = |path: &PathBuf| path.components().count() > 1 && !path.starts_with("tests/fuzz");
    for manifest in files(&["Cargo.toml"]).into_iter().filter(is_member) {
        let text = read(&manifest);
        if !text.contains("[lints]\nworkspace = true") {
            wrong.push(format!("{} does not take the workspace's lints", manifest.display()));
        }
        let own_version = |line: &&str| line.contains("= \"") && line.contains(|c: char| c.is_ascii_digit());
        for line in text.lines().filter(own_version) {
            wrong.push(format!("{}: `{line}` has a version of its own", manifest.display()));
        }
    }
    none(wrong);
}

#[test]
fn every_function_is_complete() {
    let mut wrong = Vec::new();
    for package in metadata().packages.iter().filter(|package| is_function(package)) {
        let folder = package.manifest_path.parent().unwrap();
        let name = folder.file_name().unwrap();
        if package.name.as_str() != format!("segue-fn-{name}") {
            wrong.push(format!("{folder} holds {}, and not segue-fn-{name}", package.name));
        }
        for piece in ["src/lib.rs", "src/main.rs", "function.yaml"] {
            if !folder.join(piece).is_file() {
                wrong.push(format!("{folder} has no {piece}"));
            }
        }
    }
    none(wrong);
}
