//! The document of an execution: its searched fields, the execution, the engine's notes, the newest layer of
//! its task runs and the newest lines of its log.

use super::lines::Batch;
use super::runs::{Entry, Layer, Runs, Segment};
use super::search::search_fields;
use crate::database::Database;
use crate::database::document::{
    Fields, Found, Version, as_int, as_list, as_map, as_text, int, list, map, text,
};
use crate::database::error::DbError;
use crate::database::text::{Owner, clear, fetch, stow};
use firestore::gcloud_sdk::google::firestore::v1::{Value, Write};
use segue_model::Json;
use segue_model::execution::Execution;
use segue_model::id::TaskRunId;
use std::collections::HashMap;
use std::sync::Arc;

/// Longer texts are stored in separate documents. In bytes.
const INLINE_BYTES: usize = 160 << 10;
/// A longer task run is stored in separate documents, whatever segment refers to it. In bytes.
const RUN_BYTES: usize = 700 << 10;

pub(super) const SEGMENTS: &str = "segments";

/// An execution at a version.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) version: Version,
    pub(super) content: Content,
    /// The fields with the names of part documents, for long texts.
    execution_text: Value,
    notes_text: Value,
}

/// The content of an execution's document.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) execution: Execution,
    pub(super) notes: Json,
    pub(super) runs: Runs,
    pub(super) tail: Vec<Batch>,
}

/// A document that is ready to be written.
pub(super) struct Encoded {
    pub(super) fields: Fields,
    /// The documents it refers to.
    pub(super) parts: Vec<Write>,
    execution_text: Value,
    notes_text: Value,
}

impl Content {
    /// `after` is the version before this write. Firestore keeps the version when a write changes nothing, so
    /// every write must differ from the last; `after` ensures this.
    pub(super) fn encode(&self, db: &Database, path: &str, after: Version) -> Result<Encoded, DbError> {
        let execution = serde_json::to_string(&self.execution)?;
        let notes = serde_json::to_string(&self.notes)?;
        let (execution_text, mut parts) =
            stow(db, Owner { of: path, tag: "execution" }, &execution, INLINE_BYTES);
        let (notes_text, more) = stow(db, Owner { of: path, tag: "notes" }, &notes, INLINE_BYTES);
        parts.extend(more);
        let (layer, more) = encode_layer(db, path, &self.runs.overlay);
        parts.extend(more);
        let segments = list(self.runs.segments.iter().map(|segment| text(&*segment.id)));
        let fields = search_fields(&self.execution)
            .body("execution", execution_text.clone())
            .body("notes", notes_text.clone())
            .body("runs", layer)
            .body("segments", segments)
            .body("nextSegment", int(i64::try_from(self.runs.next).unwrap_or(i64::MAX)))
            .body("log", list(self.tail.iter().map(Batch::encode)))
            .body("after", int(i64::try_from(after).unwrap_or(i64::MAX)));
        Ok(Encoded { fields, parts, execution_text, notes_text })
    }
}

impl Loaded {
    /// The written content, as it would be read back.
    pub(super) fn written(version: Version, content: Content, encoded: (Value, Value)) -> Self {
        Self { version, content, execution_text: encoded.0, notes_text: encoded.1 }
    }

    /// Deletes documents that only the old texts needed.
    pub(super) fn clear_texts(&self, db: &Database, path: &str, next: &Encoded) -> Vec<Write> {
        let mut writes = clear(db, path, Some(&self.execution_text), Some(&next.execution_text));
        writes.extend(clear(db, path, Some(&self.notes_text), Some(&next.notes_text)));
        writes
    }

    /// The approximate memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        2_000 + self.content.runs.bytes() + self.content.tail.iter().map(Batch::bytes).sum::<usize>()
    }

    /// Reads a document and the documents it refers to, except the segments in `known`. `None` if a document it refers
    /// to no longer exists, because another process wrote the execution after the read.
    pub(super) async fn decode(
        db: &Database,
        found: &Found,
        known: Option<&Self>,
    ) -> Result<Option<Self>, DbError> {
        let path = &found.name;
        let field = |name: &'static str| found.body(name).ok_or_else(|| found.lacks(name));
        let (execution_text, notes_text) = (field("execution")?.clone(), field("notes")?.clone());
        let Some(execution) = fetch(db, path, &execution_text).await? else { return Ok(None) };
        let Some(notes) = fetch(db, path, &notes_text).await? else { return Ok(None) };
        let Some(overlay) = decode_layer(db, path, field("runs")?, found).await? else { return Ok(None) };
        let ids = as_list(field("segments")?).unwrap_or_default().iter().filter_map(as_text);
        let Some(segments) = read_segments(db, path, ids, known).await? else { return Ok(None) };
        let next = field("nextSegment").map(as_int)?.and_then(|next| u64::try_from(next).ok());
        let mut tail = Vec::new();
        for batch in as_list(field("log")?).unwrap_or_default() {
            tail.push(Batch::decode(batch));
        }
        let content = Content {
            execution: serde_json::from_str(&execution)?,
            notes: serde_json::from_str(&notes)?,
            runs: Runs { segments, overlay, next: next.unwrap_or_default() },
            tail,
        };
        Ok(Some(Self { version: found.version, content, execution_text, notes_text }))
    }
}

impl Encoded {
    pub(super) fn texts(&self) -> (Value, Value) {
        (self.execution_text.clone(), self.notes_text.clone())
    }
}

/// The document of a segment, and further documents for its long texts.
pub(super) fn encode_segment(db: &Database, path: &str, segment: &Segment) -> (Fields, Vec<Write>) {
    let (layer, parts) = encode_layer(db, path, &segment.layer);
    (Fields::default().body("runs", layer), parts)
}

/// The fields of a layer's long task runs, which list their documents.
pub(super) fn long_texts(db: &Database, path: &str, layer: &Layer) -> Vec<Value> {
    layer
        .iter()
        .filter_map(|(id, entry)| match entry {
            Entry::Run { json, .. } if json.len() > RUN_BYTES => {
                Some(stow(db, Owner { of: path, tag: id.as_str() }, json, RUN_BYTES).0)
            }
            _ => None,
        })
        .collect()
}

fn encode_layer(db: &Database, path: &str, layer: &Layer) -> (Value, Vec<Write>) {
    let mut parts = Vec::new();
    let mut fields = HashMap::with_capacity(layer.len());
    for (id, entry) in layer {
        let value = match entry {
            Entry::Gone => HashMap::new(),
            Entry::Run { position, json } => {
                let (json, more) = stow(db, Owner { of: path, tag: id.as_str() }, json, RUN_BYTES);
                parts.extend(more);
                let position = int(i64::try_from(*position).unwrap_or(i64::MAX));
                HashMap::from([("p".to_owned(), position), ("run".to_owned(), json)])
            }
        };
        fields.insert(id.as_str().to_owned(), map(value));
    }
    (map(fields), parts)
}

async fn decode_layer(
    db: &Database,
    path: &str,
    value: &Value,
    found: &Found,
) -> Result<Option<Layer>, DbError> {
    let mut layer = Layer::new();
    for (id, value) in as_map(value).ok_or_else(|| found.lacks("runs"))? {
        let fields = as_map(value).ok_or_else(|| found.lacks("runs"))?;
        let entry = match (fields.get("p").and_then(as_int), fields.get("run")) {
            (Some(position), Some(json)) => {
                let Some(json) = fetch(db, path, json).await? else { return Ok(None) };
                Entry::Run { position: u64::try_from(position).unwrap_or_default(), json: json.into() }
            }
            _ => Entry::Gone,
        };
        layer.insert(TaskRunId::from(id.as_str()), entry);
    }
    Ok(Some(layer))
}

async fn read_segments(
    db: &Database,
    path: &str,
    ids: impl Iterator<Item = &str>,
    known: Option<&Loaded>,
) -> Result<Option<Vec<Arc<Segment>>>, DbError> {
    let known: HashMap<&str, &Arc<Segment>> = known
        .map(|known| known.content.runs.segments.iter().map(|segment| (&*segment.id, segment)).collect())
        .unwrap_or_default();
    let ids: Vec<&str> = ids.collect();
    let missing: Vec<String> =
        ids.iter().filter(|id| !known.contains_key(*id)).map(|id| db.below(path, SEGMENTS, id)).collect();
    let mut read = HashMap::new();
    if !missing.is_empty() {
        for found in db.get_all(missing, &[]).await?.documents.into_iter().flatten() {
            let value = found.body("runs").ok_or_else(|| found.lacks("runs"))?;
            let Some(layer) = decode_layer(db, path, value, &found).await? else { return Ok(None) };
            read.insert(found.id().to_owned(), Arc::new(Segment::new(found.id().to_owned(), layer)));
        }
    }
    Ok(ids
        .iter()
        .map(|id| known.get(id).map(|segment| (*segment).clone()).or_else(|| read.remove(*id)))
        .collect())
}
