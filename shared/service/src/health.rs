//! The endpoint `GET /health`.

use crate::app::Shared;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The health of the service.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Health {
    status: &'static str,
    /// The number of unreadable messages since the start.
    unreadable_messages: u64,
    /// The billed requests since the start, by kind. None if nothing is billed.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<BTreeMap<&'static str, u64>>,
}

pub(crate) async fn health(State(shared): State<Arc<Shared>>) -> Json<Health> {
    Json(Health {
        status: "UP",
        unreadable_messages: shared.unreadable.load(Ordering::Relaxed),
        usage: shared.usage.as_ref().map(|usage| usage.usage()),
    })
}
