//! Descriptions of objects.

use super::conditions::Conditions;
use super::resource::{attributes, object as object_json, own_address};
use super::{Parameters, Storage, buckets, download};
use crate::refusal::Refusal;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use segue_ports::object::ObjectInfo;
use serde_json::{Value, json};
use std::sync::Arc;

/// The number of objects and prefixes of a page.
const PAGE: usize = 1000;
/// How many bytes are read at most for the checksums in one page of a list. The others are left out.
const SUMMED: u64 = 32 << 20;

type Named = Path<(String, String)>;

/// `objects.get`, and with `alt=media` the bytes.
pub(super) async fn show(
    State(storage): State<Arc<Storage>>,
    Path((bucket, object)): Named,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let address = storage.address(&bucket, &object)?;
    let conditions = Conditions::read(&parameters)?;
    if parameters.get("alt").is_some_and(|alt| alt == "media") {
        return download::send(&storage, &address, conditions, &headers).await;
    }
    // `gcloud storage ls` asks for the folder itself. There can be no such object.
    if object.ends_with('/') {
        return Err(super::conditions::missing(&address));
    }
    let info = conditions.check_read(storage.objects.head(&address).await?, &address)?;
    let sums = storage.sums_of(&info).await?;
    Ok(Json(object_json(&info, sums.as_ref(), &own_address(&headers))).into_response())
}

/// `objects.patch` and `objects.update`. The bytes and the generation stay.
pub(super) async fn change(
    State(storage): State<Arc<Storage>>,
    Path((bucket, object)): Named,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Json<Value>, Refusal> {
    let address = storage.address(&bucket, &object)?;
    let conditions = Conditions::read(&parameters)?;
    let _alone = storage.locks.of(&address).await;
    let info = conditions.check_read(storage.objects.head(&address).await?, &address)?;
    let sums = storage.sums_of(&info).await?;
    let changed =
        storage.objects.copy(&address, &address, Some(attributes(&body?.0, info.attributes))).await?;
    if let Some(sums) = &sums {
        storage.sums.learn(&changed, sums.clone());
    }
    Ok(Json(object_json(&changed, sums.as_ref(), &own_address(&headers))))
}

/// `objects.delete`.
pub(super) async fn delete(
    State(storage): State<Arc<Storage>>,
    Path((bucket, object)): Named,
    Query(parameters): Query<Parameters>,
) -> Result<StatusCode, Refusal> {
    let address = storage.address(&bucket, &object)?;
    let conditions = Conditions::read(&parameters)?;
    let _alone = storage.locks.of(&address).await;
    if !conditions.is_empty() {
        conditions.check_read(storage.objects.head(&address).await?, &address)?;
    }
    if storage.objects.delete(&address).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(super::conditions::missing(&address))
}

/// An object or a prefix in a list.
pub(super) enum Entry {
    Object(Box<ObjectInfo>),
    Prefix(String),
}

impl Entry {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Object(info) => &info.address.key,
            Self::Prefix(prefix) => prefix,
        }
    }
}

/// A page of a list.
pub(super) struct Listed {
    pub(super) entries: Vec<Entry>,
    /// The last name, if there are more.
    pub(super) last: Option<String>,
}

/// The objects and prefixes that the parameters ask for.
pub(super) async fn find(
    storage: &Storage,
    bucket: &str,
    parameters: &Parameters,
    after: &str,
    most: usize,
) -> Result<Listed, Refusal> {
    storage.visible(bucket)?;
    let text = |name: &str| parameters.get(name).map(String::as_str).filter(|text| !text.is_empty());
    for unknown in ["matchGlob", "filter", "softDeleted"] {
        if text(unknown).is_some_and(|text| text != "false") {
            return Err(Refusal::unsupported(unknown));
        }
    }
    let delimiter = text("delimiter");
    let delimiter = match delimiter.map(|text| (text.chars().next(), text.chars().count())) {
        None => None,
        Some((Some(delimiter), 1)) => Some(delimiter),
        Some(_) => return Err(Refusal::unsupported("a delimiter of more than one character")),
    };
    let listing = storage.objects.list(bucket, text("prefix").unwrap_or_default(), delimiter).await;
    let listing = listing.map_err(|error| match error {
        segue_ports::PortError::NotFound { .. } => buckets::missing(),
        other => other.into(),
    })?;
    let (start, end) = (text("startOffset"), text("endOffset"));
    let objects = listing.objects.into_iter().map(|info| Entry::Object(Box::new(info)));
    let mut entries: Vec<Entry> = objects
        .chain(listing.prefixes.into_iter().map(Entry::Prefix))
        .filter(|entry| start.is_none_or(|start| entry.name() >= start))
        .filter(|entry| end.is_none_or(|end| entry.name() < end))
        .filter(|entry| entry.name() > after)
        .collect();
    entries.sort_by(|one, other| one.name().cmp(other.name()));
    let has_more = entries.len() > most;
    entries.truncate(most);
    let last = entries.last().filter(|_| has_more).map(|entry| entry.name().to_owned());
    Ok(Listed { entries, last })
}

/// `objects.list`.
pub(super) async fn list(
    State(storage): State<Arc<Storage>>,
    Path(bucket): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let own = own_address(&headers);
    let after = match parameters.get("pageToken").filter(|token| !token.is_empty()) {
        None => String::new(),
        Some(token) => {
            let name = URL_SAFE_NO_PAD.decode(token).ok().and_then(|name| String::from_utf8(name).ok());
            name.ok_or_else(|| Refusal::invalid("pageToken is not one of this server"))?
        }
    };
    let most = parameters.get("maxResults").and_then(|text| text.parse().ok()).unwrap_or(PAGE).clamp(1, PAGE);
    let Listed { entries, last } = find(&storage, &bucket, &parameters, &after, most).await?;
    let (mut items, mut prefixes, mut left) = (Vec::new(), Vec::new(), SUMMED);
    for entry in entries {
        match entry {
            Entry::Prefix(prefix) => prefixes.push(prefix),
            Entry::Object(info) => {
                let sums = match storage.sums.get(&info) {
                    Some(known) => Some(known),
                    None if info.size <= left => {
                        left -= info.size;
                        // An object that was deleted in the meantime is still listed, as it was.
                        storage.sums_of(&info).await.unwrap_or_default()
                    }
                    None => None,
                };
                items.push(object_json(&info, sums.as_ref(), &own));
            }
        }
    }
    let mut answer = json!({"kind": "storage#objects", "items": items, "prefixes": prefixes});
    if let (Value::Object(answer), Some(last)) = (&mut answer, last) {
        answer.insert("nextPageToken".to_owned(), json!(URL_SAFE_NO_PAD.encode(last)));
    }
    Ok(Json(answer))
}
