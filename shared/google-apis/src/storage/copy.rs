//! Copies of objects, and objects that are joined from others.

use super::conditions::{Conditions, missing};
use super::resource::{attributes, object as object_json, own_address};
use super::upload::About;
use super::{Parameters, Storage};
use crate::refusal::Refusal;
use crate::uploads::Spooled;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use segue_ports::object::{ObjectAddress, ObjectAttributes, ObjectInfo};
use serde_json::{Value, json};
use std::sync::Arc;

/// The largest number of objects that are joined at once.
const MOST_SOURCES: usize = 32;

type FromTo = Path<(String, String, String, String)>;

fn read(body: &[u8]) -> Result<Value, Refusal> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body).map_err(|error| Refusal::invalid(format!("the body is no JSON: {error}")))
}

/// Copies an object, if the conditions about both sides are met.
async fn copied(
    storage: &Storage,
    from: &ObjectAddress,
    to: &ObjectAddress,
    parameters: &Parameters,
    body: &Value,
) -> Result<ObjectInfo, Refusal> {
    let (of_source, own) = (Conditions::of_source(parameters)?, Conditions::read(parameters)?);
    let _alone = storage.locks.of(to).await;
    let source = of_source.check_read(storage.objects.head(from).await?, from)?;
    if !own.is_empty() {
        own.check(storage.objects.head(to).await?.as_ref())?;
    }
    // A description replaces the attributes of the source.
    let is_described = body.as_object().is_some_and(|fields| !fields.is_empty());
    let new = is_described.then(|| ObjectAttributes {
        content_type: source.attributes.content_type.clone(),
        ..ObjectAttributes::default()
    });
    let new = new.map(|known| attributes(body, known));
    let sums = storage.sums.get(&source);
    let info = storage.objects.copy(from, to, new).await?;
    if let Some(sums) = sums {
        storage.sums.learn(&info, sums);
    }
    Ok(info)
}

async fn shown(storage: &Storage, info: &ObjectInfo, headers: &HeaderMap) -> Result<Value, Refusal> {
    let sums = storage.sums_of(info).await?;
    Ok(object_json(info, sums.as_ref(), &own_address(headers)))
}

/// `objects.rewrite`. One request copies all of the object.
pub(super) async fn rewrite(
    State(storage): State<Arc<Storage>>,
    Path((bucket, object, to_bucket, to)): FromTo,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let (from, to) = (storage.address(&bucket, &object)?, storage.address(&to_bucket, &to)?);
    let info = copied(&storage, &from, &to, &parameters, &read(&body)?).await?;
    let size = info.size.to_string();
    Ok(Json(json!({
        "kind": "storage#rewriteResponse",
        "totalBytesRewritten": size,
        "objectSize": size,
        "done": true,
        "resource": shown(&storage, &info, &headers).await?,
    })))
}

/// `objects.copy`.
pub(super) async fn copy(
    State(storage): State<Arc<Storage>>,
    Path((bucket, object, to_bucket, to)): FromTo,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let (from, to) = (storage.address(&bucket, &object)?, storage.address(&to_bucket, &to)?);
    let info = copied(&storage, &from, &to, &parameters, &read(&body)?).await?;
    Ok(Json(shown(&storage, &info, &headers).await?))
}

/// `objects.move`.
pub(super) async fn rename(
    State(storage): State<Arc<Storage>>,
    Path((bucket, object, to)): Path<(String, String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let (from, to) = (storage.address(&bucket, &object)?, storage.address(&bucket, &to)?);
    let info = copied(&storage, &from, &to, &parameters, &Value::Null).await?;
    if from != to {
        storage.objects.delete(&from).await?;
    }
    Ok(Json(shown(&storage, &info, &headers).await?))
}

/// `objects.compose`.
pub(super) async fn compose(
    State(storage): State<Arc<Storage>>,
    Path((bucket, object)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let to = storage.address(&bucket, &object)?;
    let body = read(&body)?;
    let sources = body.get("sourceObjects").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if sources.is_empty() || sources.len() > MOST_SOURCES {
        return Err(Refusal::invalid(format!("a composition has 1 to {MOST_SOURCES} sourceObjects")));
    }
    let mut file = Spooled::new(storage.uploads.folder())?;
    for source in sources {
        let name = source.get("name").and_then(Value::as_str).unwrap_or_default();
        let from = storage.address(&bucket, name)?;
        let number = |pointer: &str| {
            let value = source.pointer(pointer)?;
            value.as_u64().or_else(|| value.as_str()?.parse().ok())
        };
        let wanted =
            Conditions::generation(number("/generation"), number("/objectPreconditions/ifGenerationMatch"));
        wanted.check_read(storage.objects.head(&from).await?, &from)?;
        let (_, bytes) = storage.objects.get(&from).await.map_err(|error| match error {
            segue_ports::PortError::NotFound { .. } => missing(&from),
            other => other.into(),
        })?;
        file.fill(bytes, 0).await?;
    }
    let described = body.get("destination").cloned().unwrap_or_default();
    let about = About {
        address: to,
        attributes: attributes(&described, ObjectAttributes::default()),
        conditions: Conditions::read(&parameters)?,
        crc32c: None,
        md5: None,
    };
    let (info, sums) = storage.keep(about, file.finish().await?).await?;
    Ok(Json(object_json(&info, Some(&sums), &own_address(&headers))))
}
