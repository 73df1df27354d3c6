//! Tests the secrets of Secret Manager.

use crate::platform;
use segue_gcp::SecretManagerStore;
use segue_ports::SecretStore as _;
use segue_ports::conformance::secret as conformance;
use serde_json::json;

async fn set(address: &str, name: &str, value: &str) {
    let body = json!({"name": name, "value": value});
    let answer = reqwest::Client::new().post(format!("{address}/standin/secrets")).json(&body).send().await;
    assert!(answer.unwrap().status().is_success());
}

#[tokio::test]
async fn a_secret_is_read_by_its_name_and_kept_for_a_while() {
    let (address, config) = platform(None, &[]).await;
    set(&address, "segue-TOKEN", "open sésame\n").await;
    set(&address, "TOKEN", "of somebody else").await;
    let store = SecretManagerStore::connect(&config).await.unwrap();
    assert_eq!(store.get("company", "TOKEN").await.unwrap().as_deref(), Some("open sésame\n"));
    assert_eq!(store.get("company", "OTHER").await.unwrap(), None);
    // The adapter caches both answers for a while. An adapter in another process has an empty cache.
    set(&address, "segue-TOKEN", "changed").await;
    set(&address, "segue-OTHER", "added").await;
    assert_eq!(store.get("company.team", "TOKEN").await.unwrap().as_deref(), Some("open sésame\n"));
    assert_eq!(store.get("company", "OTHER").await.unwrap(), None);
    let other = SecretManagerStore::connect(&config).await.unwrap();
    assert_eq!(other.get("company", "TOKEN").await.unwrap().as_deref(), Some("changed"));
    assert_eq!(other.get("company", "OTHER").await.unwrap().as_deref(), Some("added"));
}

#[tokio::test]
async fn the_conformance_suite_holds() {
    let (address, config) = platform(None, &[]).await;
    for (key, value) in conformance::SECRETS {
        set(&address, &format!("segue-{key}"), value).await;
    }
    // The prefix of these secrets is another prefix.
    for name in ["D", "x-segue-E"] {
        set(&address, name, "1").await;
    }
    let store = SecretManagerStore::connect(&config).await.unwrap();
    conformance::all(&store).await.unwrap();
}

#[tokio::test]
async fn a_secret_that_is_named_in_lower_case_is_found_as_it_is_written() {
    let (address, config) = platform(None, &[]).await;
    set(&address, "segue-lower", "1").await;
    let store = SecretManagerStore::connect(&config).await.unwrap();
    assert_eq!(store.get("company", "lower").await.unwrap().as_deref(), Some("1"));
    assert_eq!(store.get("company", "LOWER").await.unwrap(), None);
}

#[tokio::test]
async fn without_an_answer_there_is_no_absence() {
    let (_, mut config) = platform(None, &[]).await;
    // A server without secrets also answers 404, so an address without a server is used here.
    config.emulators.secrets = Some("http://127.0.0.1:1".to_owned());
    let store = SecretManagerStore::connect(&config).await.unwrap();
    let asked = tokio::time::timeout(std::time::Duration::from_secs(60), store.get("company", "TOKEN")).await;
    assert!(asked.unwrap().is_err_and(|error| error.is_transient()));
}
