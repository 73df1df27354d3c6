//! A deployment with a wrong name of its database.

use crate::platform;
use axum::Router;
use axum::http::HeaderMap;
use segue_gcp::FirestoreStateStore;
use segue_service::{Limits, answer};
use std::future::pending;
use tokio::net::TcpListener;

/// Firestore without databases: gRPC's answer NOT_FOUND to every request.
async fn firestore() -> String {
    let not_found = || async {
        let headers = [
            ("content-type", "application/grpc"),
            ("grpc-status", "5"),
            ("grpc-message", "The database other does not exist for project demo"),
        ];
        HeaderMap::from_iter(headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(answer(listener, Router::new().fallback(not_found), Limits::behind_google(), pending()));
    address
}

#[tokio::test]
async fn a_missing_database_is_reported_at_the_start() {
    let address = firestore().await;
    let more = [("FIRESTORE_EMULATOR_HOST", &*address), ("SEGUE_DATABASE", "other")];
    let (_, config) = platform(None, &more).await;
    let error = FirestoreStateStore::connect(&config).await.err().unwrap().to_string();
    assert!(error.starts_with("there is no Firestore database 'other'"), "{error}");
    assert!(error.contains("SEGUE_DATABASE"), "{error}");
}

#[tokio::test]
async fn a_database_that_does_not_answer_does_not_hold_the_start() {
    // It takes connections, and answers nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let (_, config) = platform(None, &[("FIRESTORE_EMULATOR_HOST", &address)]).await;
    assert!(FirestoreStateStore::connect(&config).await.is_ok());
}
