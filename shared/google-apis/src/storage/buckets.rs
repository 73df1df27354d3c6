//! Buckets.

use super::resource::{bucket as bucket_json, own_address};
use super::{Parameters, Storage};
use crate::refusal::Refusal;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use segue_ports::object::{BucketInfo, BucketSpec};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The number of buckets of a page.
const PAGE: usize = 1000;
/// The fields of a bucket that are kept, and those that only the server sets, or say who may use the bucket.
const FIELDS: &[&str] = &[
    "name",
    "location",
    "storageClass",
    "labels",
    "kind",
    "id",
    "selfLink",
    "etag",
    "projectNumber",
    "generation",
    "metageneration",
    "timeCreated",
    "updated",
    "locationType",
    "iamConfiguration",
    "softDeletePolicy",
    "rpo",
    "acl",
    "defaultObjectAcl",
];

type Answer = Result<Json<Value>, Refusal>;
type Body = Result<Json<Value>, JsonRejection>;

/// The error for a bucket that does not exist.
pub(super) fn missing() -> Refusal {
    Refusal::not_found("The specified bucket does not exist.")
}

/// The settings in a body, on top of those of a known bucket.
fn spec(body: &Value, name: &str, known: Option<BucketInfo>) -> Result<BucketSpec, Refusal> {
    crate::fields::only(body, "", FIELDS)?;
    let (location, class, mut labels) = match known {
        Some(known) => (known.location, known.storage_class, known.labels),
        None => (None, None, BTreeMap::new()),
    };
    let text = |name: &str, known: Option<String>| match body.get(name) {
        None => known,
        Some(value) => value.as_str().map(str::to_owned),
    };
    for (name, value) in body.get("labels").and_then(Value::as_object).into_iter().flatten() {
        match value.as_str() {
            Some(text) => drop(labels.insert(name.clone(), text.to_owned())),
            None => drop(labels.remove(name)),
        }
    }
    Ok(BucketSpec {
        name: name.to_owned(),
        location: text("location", location),
        storage_class: text("storageClass", class),
        labels,
    })
}

/// `buckets.insert`.
pub(super) async fn create(State(storage): State<Arc<Storage>>, headers: HeaderMap, body: Body) -> Answer {
    let body = body?.0;
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    storage.visible(name)?;
    let made = storage.objects.create_bucket(spec(&body, name, None)?).await.map_err(|error| {
        let message = match &error {
            segue_ports::PortError::AlreadyExists { .. } => {
                "Your previous request to create the named bucket succeeded and you already own it."
                    .to_owned()
            }
            other => other.to_string(),
        };
        Refusal { message, ..Refusal::from(error) }
    })?;
    Ok(Json(bucket_json(&made, &own_address(&headers))))
}

/// `buckets.get`.
pub(super) async fn show(
    State(storage): State<Arc<Storage>>,
    Path(bucket): Path<String>,
    headers: HeaderMap,
) -> Answer {
    storage.visible(&bucket)?;
    let info = storage.objects.bucket(&bucket).await?.ok_or_else(missing)?;
    Ok(Json(bucket_json(&info, &own_address(&headers))))
}

/// `buckets.patch` and `buckets.update`.
pub(super) async fn change(
    State(storage): State<Arc<Storage>>,
    Path(bucket): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    storage.visible(&bucket)?;
    let known = storage.objects.bucket(&bucket).await?.ok_or_else(missing)?;
    let changed = storage.objects.update_bucket(spec(&body?.0, &bucket, Some(known))?).await?;
    Ok(Json(bucket_json(&changed, &own_address(&headers))))
}

/// `buckets.delete`.
pub(super) async fn delete(
    State(storage): State<Arc<Storage>>,
    Path(bucket): Path<String>,
) -> Result<StatusCode, Refusal> {
    storage.visible(&bucket)?;
    storage.objects.delete_bucket(&bucket).await.map_err(|error| match error {
        segue_ports::PortError::Invalid { .. } => {
            Refusal::new("conflict", "The bucket you tried to delete is not empty.")
        }
        other => other.into(),
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// `buckets.list`.
pub(super) async fn list(
    State(storage): State<Arc<Storage>>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Answer {
    let own = own_address(&headers);
    let prefix = parameters.get("prefix").map(String::as_str).unwrap_or_default();
    let after = parameters.get("pageToken").map(String::as_str).unwrap_or_default();
    let most = parameters.get("maxResults").and_then(|text| text.parse().ok()).unwrap_or(PAGE).min(PAGE);
    let buckets: Vec<BucketInfo> = storage
        .objects
        .list_buckets()
        .await?
        .into_iter()
        .filter(|info| info.name.starts_with(prefix) && info.name.as_str() > after)
        .filter(|info| storage.visible(&info.name).is_ok())
        .collect();
    let shown: Vec<Value> = buckets.iter().take(most).map(|info| bucket_json(info, &own)).collect();
    let mut answer = json!({"kind": "storage#buckets", "items": shown});
    let last = buckets.get(most.saturating_sub(1)).filter(|_| buckets.len() > most);
    if let (Value::Object(answer), Some(last)) = (&mut answer, last) {
        answer.insert("nextPageToken".to_owned(), json!(last.name));
    }
    Ok(Json(answer))
}

/// `buckets.getIamPolicy`. Everybody with a token may do everything.
pub(super) async fn policy(State(storage): State<Arc<Storage>>, Path(bucket): Path<String>) -> Answer {
    storage.visible(&bucket)?;
    storage.objects.bucket(&bucket).await?.ok_or_else(missing)?;
    let resource = format!("projects/_/buckets/{bucket}");
    Ok(Json(json!({
        "kind": "storage#policy",
        "resourceId": resource,
        "version": 1,
        "etag": "CAE=",
        "bindings": [{"role": "roles/storage.admin", "members": ["projectOwner:local"]}],
    })))
}

/// `buckets.testIamPermissions`. Everybody with a token may do everything.
pub(super) async fn permissions(
    State(storage): State<Arc<Storage>>,
    Path(bucket): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    storage.visible(&bucket)?;
    let query = query.unwrap_or_default();
    let asked: Vec<_> = query.split('&').filter_map(|pair| pair.strip_prefix("permissions=")).collect();
    Ok(Json(json!({"kind": "storage#testIamPermissionsResponse", "permissions": asked})))
}

/// `managedFolders.list`. There are none, because there are no access lists.
pub(super) async fn managed_folders() -> Json<Value> {
    Json(json!({"kind": "storage#managedFolders"}))
}

/// `buckets.getStorageLayout`. Folders are parts of names.
pub(super) async fn layout(State(storage): State<Arc<Storage>>, Path(bucket): Path<String>) -> Answer {
    storage.visible(&bucket)?;
    let info = storage.objects.bucket(&bucket).await?.ok_or_else(missing)?;
    Ok(Json(json!({
        "kind": "storage#storageLayout",
        "bucket": bucket,
        "location": info.location.as_deref().unwrap_or("US").to_uppercase(),
        "locationType": "multi-region",
        "hierarchicalNamespace": {"enabled": false},
    })))
}

/// `projects.serviceAccount.get`.
pub(super) async fn service_account() -> Json<Value> {
    Json(json!({"kind": "storage#serviceAccount", "email_address": "local@segue"}))
}
