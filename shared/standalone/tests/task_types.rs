//! The files `functions/NAME/task-types.json` say what the code of the functions says.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what is wrong here fails a test")]

use segue_model::catalog::ServiceTypes;
use segue_standalone::families;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn functions() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions")
}

/// The text of the file. A type that two services share is in the file of the service that runs containers.
fn text_of(mut types: ServiceTypes) -> String {
    let service = types.service;
    types.types.retain(|kind| kind.by_runner.is_none_or(|services| services.containers == service));
    format!("{}\n", serde_json::to_string_pretty(&types).unwrap())
}

/// With UPDATE_CATALOG, the test writes the files (`make task-types`).
#[test]
#[expect(clippy::disallowed_methods, reason = "the variable is a switch of this test, not of the program")]
fn the_files_are_those_of_the_code() {
    let update = std::env::var_os("UPDATE_CATALOG").is_some();
    for family in families() {
        let types = family.types();
        let file = functions().join(types.service).join("task-types.json");
        let expected = text_of(types);
        if update {
            fs::write(&file, expected).unwrap();
            continue;
        }
        let found = fs::read_to_string(&file).unwrap_or_default();
        assert!(found == expected, "{} is out of date: run `make task-types`", file.display());
    }
}

#[test]
fn every_file_belongs_to_a_family() {
    let lists = families();
    let services: BTreeSet<_> = lists.iter().map(|family| family.service()).collect();
    for folder in fs::read_dir(functions()).unwrap() {
        let folder = folder.unwrap();
        let name = folder.file_name().into_string().unwrap();
        let has_file = folder.path().join("task-types.json").exists();
        assert_eq!(has_file, services.contains(name.as_str()), "{name}");
    }
}

#[test]
fn every_service_that_gets_a_task_has_its_type() {
    let lists = families();
    let mut shared = 0;
    for kind in lists.iter().flat_map(|list| list.types().types) {
        let Some(services) = kind.by_runner else { continue };
        shared += 1;
        for name in [services.processes, services.containers] {
            let list = lists.iter().find(|list| list.service() == name).unwrap();
            assert!(list.types().types.iter().any(|own| own.name == kind.name), "{name}: {}", kind.name);
        }
    }
    assert_eq!(shared, 98, "49 types, listed by two services");
}
