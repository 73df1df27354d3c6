//! The rules of the repository that a compiler does not check: which way dependencies point, what every crate and
//! every function has, and what no file contains.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

mod citations;
mod links;
mod words;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use segue_tests::repository;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What each crate of `shared/` may depend on, of this workspace. Functions, and the roots where everything is put
/// together, are below.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("segue-model", &[]),
    ("segue-api-types", &["segue-model"]),
    ("segue-template", &["segue-model"]),
    ("segue-engine", &["segue-model", "segue-template"]),
    ("segue-ports", &["segue-model"]),
    ("segue-files", &["segue-model", "segue-ports"]),
    ("segue-rendering", &["segue-template"]),
    ("segue-executor", &["segue-engine", "segue-model", "segue-ports", "segue-rendering", "segue-template"]),
    ("segue-service", &["segue-model", "segue-ports"]),
    (
        "segue-task",
        &["segue-files", "segue-model", "segue-ports", "segue-rendering", "segue-service", "segue-template"],
    ),
    ("segue-embedded", &["segue-model", "segue-ports"]),
    ("segue-gcp", &["segue-model", "segue-ports"]),
    ("segue-process", &[]),
];

/// What a function's library may depend on.
const FUNCTIONS_MAY_DEPEND_ON: &[&str] = &[
    "segue-executor",
    "segue-files",
    "segue-model",
    "segue-ports",
    "segue-process",
    "segue-rendering",
    "segue-service",
    "segue-task",
    "segue-template",
];

/// What some functions may depend on in addition. Services that read flows need the list of all task types, and
/// some of them need the engine's rules.
const MAY_ALSO: &[(&str, &[&str])] = &[
    ("segue-fn-executor", &["segue-families"]),
    ("segue-fn-scheduler", &["segue-engine", "segue-families"]),
    ("segue-fn-api", &["segue-api-types", "segue-engine", "segue-families", "segue-fn-scheduler"]),
];

/// What only a composition root may name: the adapters, and what connects to them for a function's `main.rs`.
const ADAPTERS: &[&str] = &["segue-embedded", "segue-gcp", "segue-runtime"];

/// Where everything is put together; these may depend on anything.
const COMPOSITION_ROOTS: &[&str] =
    &["segue-cli", "segue-families", "segue-runtime", "segue-standalone", "segue-tests"];

/// Crates that decide and never act.
const PURE: &[&str] = &["segue-model", "segue-template", "segue-engine"];

/// Beginnings of the names of what a pure crate must not depend on.
const IMPURE: &[&str] =
    &["tokio", "reqwest", "axum", "hyper", "google", "gcp", "rand", "uuid", "rusqlite", "duckdb"];

/// Lines a Rust file may have.
const LONGEST_FILE: usize = 600;

/// Files that may be longer, with the reason.
const LONG_FILES: &[(&str, &str)] = &[];

/// The folders that are looked into.
const FOLDERS: &[&str] = &[".cargo", ".ci", "docs", "flows", "functions", "shared", "terraform", "tests"];

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

fn normal_dependencies(package: &Package) -> impl Iterator<Item = &cargo_metadata::Dependency> {
    package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development)
}

/// The files of the repository with one of these endings, as paths below the root.
fn files(endings: &[&str]) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else {
                found.push(path);
            }
        }
    }
    let root = repository();
    let mut found: Vec<_> = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.is_file());
    for folder in FOLDERS {
        walk(&root.join(folder), &mut found);
    }
    found.retain(|path| endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)));
    found.sort();
    found.iter().map(|path| path.strip_prefix(&root).unwrap().to_path_buf()).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn dependencies_point_one_way() {
    let mut wrong = Vec::new();
    for package in &metadata().packages {
        if COMPOSITION_ROOTS.contains(&package.name.as_str()) {
            continue;
        }
        let allowed: &[&str] = if is_function(package) {
            FUNCTIONS_MAY_DEPEND_ON
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
            // A function's main is a composition root; that its library names no adapter is the next test.
            let of_main = is_function(package) && ADAPTERS.contains(&dependency.name.as_str());
            let is_extra = MAY_ALSO.iter().any(|(name, more)| {
                *name == package.name.as_str() && more.contains(&dependency.name.as_str())
            });
            if !of_main && !is_extra && !allowed.contains(&dependency.name.as_str()) {
                wrong.push(format!("{} must not depend on {}", package.name, dependency.name));
            }
        }
    }
    none(wrong);
}

#[test]
fn only_mains_of_functions_name_an_adapter() {
    let in_library = |path: &PathBuf| {
        let is_for_tests = path.ends_with("src/testing.rs") || path.iter().any(|part| part == "tests");
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
    // The fuzz targets are a workspace of their own, which has nothing to take from the root.
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
fn texts_hold_for_every_machine_and_are_finished() {
    // Written in two halves, so that this file does not contain them itself.
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
    for path in files(&[".rs", ".md", ".yaml", ".yml", ".toml", ".sh", ".sql", ".tf", "Makefile", ".ci/run"])
    {
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
                let in_this_list = path.ends_with("tidy/main.rs");
                if !piece.contains("reason") && !in_this_list {
                    wrong.push(format!("{}: `{attribute}{piece})]` gives no reason", path.display()));
                }
            }
        }
    }
    none(wrong);
}
