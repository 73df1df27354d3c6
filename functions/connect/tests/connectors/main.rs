//! Every connector's file: its tests against a server on this machine, its example, its name.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what is wrong here fails a test"
)]

mod files;
mod schema;
mod server;
mod waiting;

use async_trait::async_trait;
use segue_connectors::Connector;
use segue_connectors::testing::ConnectorTest;
use segue_fn_connect::{described, tasks_with};
use segue_model::state::State;
use segue_model::{Json, Map};
use segue_ports::tokens::{AccessToken, Tokens};
use segue_ports::{Credentials, PortError};
use segue_task::testing::{Platform, TestRun};
use server::Server;
use std::path::Path;
use std::sync::Arc;
use tokio::task::JoinSet;

/// The tests in the files. CONNECTOR selects those with this text in their type.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "the variable is a switch of this test, not of the program")]
async fn every_connector_sends_what_its_file_says() {
    let only = std::env::var("CONNECTOR").unwrap_or_default();
    let mut running = JoinSet::new();
    for connector in described::read() {
        let connector = connector.unwrap();
        if !connector.name.contains(&only) {
            continue;
        }
        for test in connector.tests.clone() {
            let connector = connector.clone();
            running.spawn(async move {
                let why = run(&connector, &test).await.err()?;
                Some(format!("{} {:?}: {why}", connector.name, test.name))
            });
        }
    }
    let all = running.join_all().await;
    let wrong: Vec<_> = all.iter().flatten().map(String::as_str).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(!all.is_empty(), "no connector has '{only}' in its name");
}

/// The access token of every account.
struct OneToken;

#[async_trait]
impl Tokens for OneToken {
    async fn token(&self, _: &Credentials) -> Result<AccessToken, PortError> {
        Ok(AccessToken { value: "google-token".to_owned(), expires: None })
    }

    async fn token_for_flow(&self, _: &Credentials) -> Result<AccessToken, PortError> {
        Err(PortError::invalid("no flow sees the token"))
    }
}

/// Runs one test of a connector.
async fn run(connector: &Connector, test: &ConnectorTest) -> Result<(), String> {
    let server = Server::start(test.exchanges.clone()).await;
    let own: &'static [Connector] = Box::leak(Box::new([server.in_front_of(connector)]));
    let connect = |folder: &Path| segue_embedded::connect(folder).unwrap();
    let mut platform = Platform::new(tasks_with(own), connect);
    platform.ports.tokens = Arc::new(OneToken);
    files::an_execution(&platform).await;
    let properties = files::stored(&platform, Json::Object(test.properties.clone())).await;
    let message = platform.message_of(&connector.name, properties);
    let settings =
        segue_task::TaskSettings { url: Some("https://segue.example.com".to_owned()), ..platform.settings() };
    let ended = platform.handle_as(&tasks_with(own), settings, message).await;
    let log = ended.log_text();
    server.check().map_err(|why| format!("{why}\n{log}"))?;
    if let Some(text) = test.unlogged.iter().find(|text| log.contains(text.as_str())) {
        return Err(format!("'{text}' is in the log:\n{log}"));
    }
    let mut clear = Json::Object(ended.result.outputs.clone());
    if let Some(name) =
        connector.outputs.iter().find(|(name, output)| output.secret && clear[*name].is_string())
    {
        return Err(format!("the output {} is not encrypted", name.0));
    }
    platform.ports.cipher.open(&mut clear, &mut |_| {}).unwrap();
    compare(test, ended, clear.as_object().unwrap()).map_err(|why| format!("{why}\n{log}"))
}

/// Compares the end of a task with the test. `outputs` are those of the task, without encryption.
fn compare(test: &ConnectorTest, ended: TestRun, outputs: &Map) -> Result<(), String> {
    let failed = ended.result.state == State::Failed;
    let error = ended.result.error.unwrap_or_default();
    match &test.error {
        Some(part) if !failed => return Err(format!("the task must fail with '{part}'")),
        Some(part) if !error.contains(part.as_str()) => return Err(format!("the error is '{error}'")),
        None if failed => return Err(format!("the task failed: {error}")),
        _ => {}
    }
    match &test.outputs {
        Some(expected) => same(expected, outputs),
        None => Ok(()),
    }
}

fn same(expected: &Map, found: &Map) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    Err(format!("the outputs are {}", Json::Object(found.clone())))
}

#[test]
fn every_file_is_a_connector_in_its_place_and_its_example_validates() {
    let mut wrong = Vec::new();
    for (path, connector) in files::all() {
        let connector = connector.unwrap_or_else(|error| panic!("{error}"));
        let expected = connector.name.rsplit('.').next().unwrap();
        if path.file_stem().unwrap().to_str() != Some(expected) {
            wrong.push(format!("{}: the file must be called {expected}.yaml", path.display()));
        }
        if let Err(why) = files::validate(&connector) {
            wrong.push(format!("{}: example: {why}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_is_a_part_of_the_program() {
    assert_eq!(described::all().len(), files::all().len());
}

#[test]
fn no_name_belongs_to_two_connectors() {
    let mut names = std::collections::BTreeMap::new();
    for connector in described::all() {
        for name in std::iter::once(&connector.name).chain(&connector.aliases) {
            if let Some(other) = names.insert(name, &connector.name) {
                panic!("{name} belongs to {other} and {}", connector.name);
            }
        }
    }
    assert!(names.len() >= described::all().len());
}
