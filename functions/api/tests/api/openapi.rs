#![expect(
    clippy::disallowed_methods,
    reason = "a test passes its own environment on, or has its settings there"
)]

use crate::harness::Server;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A short form of the description in a snapshot, so that a change of the API is visible in a review.
#[tokio::test(flavor = "multi_thread")]
async fn the_description_is_what_was_agreed_on() {
    let server = Server::new().await;
    let document = server.get("/openapi.json").await.ok();
    let mut short = String::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in
            methods.as_object().unwrap().iter().filter(|(method, _)| *method != "servers")
        {
            let names = |field: &str, key: &str| -> Vec<String> {
                let all = operation[field].as_array().cloned().unwrap_or_default();
                all.iter().map(|one| one[key].as_str().unwrap().to_owned()).collect()
            };
            let codes: Vec<&String> = operation["responses"].as_object().unwrap().keys().collect();
            let body: Vec<&String> = operation["requestBody"]["content"]
                .as_object()
                .into_iter()
                .flat_map(|kinds| kinds.keys())
                .collect();
            writeln!(
                short,
                "{} {path} {} {:?} {body:?} {codes:?}",
                method.to_uppercase(),
                operation["operationId"].as_str().unwrap(),
                names("parameters", "name"),
            )
            .unwrap();
        }
    }
    insta::assert_snapshot!(short);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_name_the_description_uses_is_there() {
    let server = Server::new().await;
    let document = server.get("/openapi.json").await.ok();
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    for reference in references {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    let mut ids = BTreeSet::new();
    for methods in document["paths"].as_object().unwrap().values() {
        for operation in methods.as_object().unwrap().values().filter(|operation| operation.is_object()) {
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{operation:#}");
            assert!(!operation["summary"].as_str().unwrap().is_empty());
        }
    }
}

/// The document in the repository is equal to the document of the server. Other programs generate types from it.
///
/// `UPDATE_OPENAPI=1 cargo test -p segue-fn-api openapi` writes the document after a change.
#[tokio::test(flavor = "multi_thread")]
async fn the_document_in_the_repository_is_that_of_the_server() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let server = Server::new().await;
    let mut document = server.get("/openapi.json").await.ok();
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    let document = serde_json::to_string_pretty(&document).unwrap() + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(file, &document).unwrap();
    }
    let written = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        written == document,
        "docs/openapi.json is out of date: run UPDATE_OPENAPI=1 cargo test -p segue-fn-api openapi"
    );
}

/// A schema is an object, a string or a choice. A name that ends with a digit means that two types have the same name.
#[tokio::test(flavor = "multi_thread")]
async fn every_schema_is_an_object_or_a_choice() {
    let server = Server::new().await;
    let document = server.get("/openapi.json").await.ok();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let is_known = schema["type"] == "object" || schema["type"] == "string" || schema["oneOf"].is_array();
        assert!(is_known, "{name}: {schema:#}");
        let clashes = name.ends_with(|last: char| last.is_ascii_digit());
        assert!(!clashes, "{name}: two types have this name");
    }
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                found.insert(reference.clone());
            }
            map.values().for_each(|inner| collect(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| collect(inner, found)),
        _ => {}
    }
}
