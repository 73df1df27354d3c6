//! The files of the connectors, and what their tests need on the platform.

use segue_connectors::{Connector, ConnectorError};
use segue_model::catalog::Catalog;
use segue_model::execution::Execution;
use segue_model::state::{State, StateHistory};
use segue_model::{Json, Map};
use segue_task::testing::Platform;
use std::fs;
use std::path::{Path, PathBuf};

/// Every file below `connectors/`, with its connector.
pub(crate) fn all() -> Vec<(PathBuf, Result<Connector, ConnectorError>)> {
    let mut found = Vec::new();
    for family in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("connectors")).unwrap() {
        for file in fs::read_dir(family.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let connector =
                Connector::parse(&path.display().to_string(), &fs::read_to_string(&path).unwrap());
            found.push((path, connector));
        }
    }
    assert!(!found.is_empty());
    found
}

/// Checks the example as a task of a flow.
pub(crate) fn validate(connector: &Connector) -> Result<(), String> {
    let task: Map = serde_saphyr::from_str(&connector.example).map_err(|error| error.to_string())?;
    let (own, common): (Map, Map) =
        task.into_iter().partition(|(name, _)| connector.properties.contains_key(name) || name == "options");
    if let Some(name) = common.keys().find(|name| !["id", "type"].contains(&name.as_str())) {
        return Err(format!("the property '{name}' is unknown"));
    }
    if common.get("type").and_then(Json::as_str) != Some(connector.name.as_str()) {
        return Err("the type is not that of the connector".to_owned());
    }
    let missing = |name: &&String| !own.contains_key(*name);
    let required = connector.properties.iter().filter(|(_, property)| property.required);
    if let Some(name) = required.map(|(name, _)| name).find(missing) {
        return Err(format!("the property '{name}' is missing"));
    }
    let lines: String = connector.example.lines().map(|line| format!("    {line}\n")).collect();
    let lines = lines.replacen("    ", "  - ", 1);
    let source = format!("id: example\nnamespace: company.team\ntasks:\n{lines}");
    let catalog = Catalog::new(segue_fn_connect::tasks().types().into_parts().types);
    let parsed = segue_model::parse_flow(&source, &catalog);
    match parsed.diagnostics.first() {
        Some(problem) => Err(format!("{problem:?}")),
        None => Ok(()),
    }
}

/// Creates an execution with the id of the test's execution. It has failed after 65 s.
pub(crate) async fn an_execution(platform: &Platform) {
    let date = jiff::Timestamp::UNIX_EPOCH;
    let mut state = StateHistory::new(State::Running, date);
    state.enter(State::Failed, date + jiff::SignedDuration::from_secs(65));
    let execution =
        Execution { state, ..Execution::created("execution1".into(), "company.team", "flow", 1, date) };
    assert!(platform.ports.state.create_execution(&execution).await.unwrap());
}

/// The properties of a test. A text `FILE: text` becomes the URI of a file with this text.
pub(crate) async fn stored(platform: &Platform, mut properties: Json) -> Json {
    for (name, value) in properties.as_object_mut().unwrap() {
        if let Some(text) = value.as_str().and_then(|text| text.strip_prefix("FILE: ")) {
            let text = text.to_owned();
            *value = Json::String(platform.store(&format!("{name}.txt"), text.as_bytes()).await);
        }
    }
    properties
}
