//! The state store on a Firestore that writes every commit and answers none of them: no change is lost, none is made
//! twice, and callers see no failure.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "what is wrong here fails a test")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests find out from the environment whether emulators are required"
)]

use segue_gcp::{FirestoreStateStore, PlatformConfig};
use segue_ports::conformance::state_store as conformance;
use segue_tests::cloud::{Environment, FirestoreFaults, FirestoreProxy};

#[tokio::test]
async fn commits_without_answers_are_found_in_the_database() {
    let environment = match Environment::from_env() {
        Ok(environment) => environment,
        Err(reason) => {
            let is_required = std::env::var("SEGUE_TEST_EMULATORS").is_ok();
            assert!(!is_required, "{reason:#}");
            eprintln!("skipped: {reason:#}");
            return;
        }
    };
    let faults = FirestoreFaults { answer_lost: 1.0, ..FirestoreFaults::default() };
    let proxy = FirestoreProxy::start(&environment.firestore, faults).await.unwrap();
    let prefix = format!("unanswered-{}", std::process::id());
    let config = PlatformConfig::from_variables(|name| match name {
        "SEGUE_PROJECT" => Some(environment.project.clone()),
        "SEGUE_PREFIX" => Some(prefix.clone()),
        "FIRESTORE_EMULATOR_HOST" => Some(proxy.address.clone()),
        _ => None,
    })
    .unwrap();
    let store = FirestoreStateStore::connect(&config).await.unwrap();
    conformance::all(&store, "unanswered").await.unwrap();
    assert!(proxy.lost() > 50, "only {} commits lost their answer", proxy.lost());
}
