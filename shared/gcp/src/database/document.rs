//! Documents, as they are written and read.
//!
//! Every document has its searched fields at the top level, and everything else in the map `body`, which is
//! exempt from indexes, so that large texts cost no index entries.

use super::error::DbError;
use firestore::gcloud_sdk::google::firestore::v1::value::ValueType;
use firestore::gcloud_sdk::google::firestore::v1::{ArrayValue, Document, MapValue, Value};
use firestore::gcloud_sdk::prost_types::Timestamp as ProtoTimestamp;
use jiff::Timestamp;
use std::collections::HashMap;

/// The field that no index covers.
pub(crate) const BODY: &str = "body";

/// Fields that are being built.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    top: HashMap<String, Value>,
    body: HashMap<String, Value>,
}

impl Fields {
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.top.insert(name.to_owned(), value);
        self
    }

    pub(crate) fn with_some(self, name: &str, value: Option<Value>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub(crate) fn body(mut self, name: &str, value: Value) -> Self {
        self.body.insert(name.to_owned(), value);
        self
    }

    pub(crate) fn finish(mut self) -> HashMap<String, Value> {
        if !self.body.is_empty() {
            self.top.insert(BODY.to_owned(), map(self.body));
        }
        self.top
    }
}

pub(crate) fn text(text: impl Into<String>) -> Value {
    Value { value_type: Some(ValueType::StringValue(text.into())) }
}

pub(crate) fn int(number: i64) -> Value {
    Value { value_type: Some(ValueType::IntegerValue(number)) }
}

/// A reference to a document, by its full name.
pub(crate) fn document(name: &str) -> Value {
    Value { value_type: Some(ValueType::ReferenceValue(name.to_owned())) }
}

pub(crate) fn flag(value: bool) -> Value {
    Value { value_type: Some(ValueType::BooleanValue(value)) }
}

pub(crate) fn list(values: impl IntoIterator<Item = Value>) -> Value {
    Value { value_type: Some(ValueType::ArrayValue(ArrayValue { values: values.into_iter().collect() })) }
}

pub(crate) fn map(fields: HashMap<String, Value>) -> Value {
    Value { value_type: Some(ValueType::MapValue(MapValue { fields })) }
}

/// A time in Firestore's own type, which its time-to-live policies need. Exact to the microsecond.
pub(crate) fn moment(instant: Timestamp) -> Value {
    Value {
        value_type: Some(ValueType::TimestampValue(ProtoTimestamp {
            seconds: instant.as_second(),
            nanos: instant.subsec_nanosecond().max(0),
        })),
    }
}

/// A time as a number that can be compared exactly: nanoseconds since 1970, limited to 64 bits.
pub(crate) fn nanos(instant: Timestamp) -> i64 {
    let limit = if instant < Timestamp::UNIX_EPOCH { i64::MIN } else { i64::MAX };
    i64::try_from(instant.as_nanosecond()).unwrap_or(limit)
}

/// The time of such a number.
pub(crate) fn instant(nanos: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or(Timestamp::MAX)
}

pub(crate) fn as_text(value: &Value) -> Option<&str> {
    match value.value_type.as_ref()? {
        ValueType::StringValue(text) => Some(text),
        _ => None,
    }
}

pub(crate) fn as_int(value: &Value) -> Option<i64> {
    match value.value_type.as_ref()? {
        ValueType::IntegerValue(number) => Some(*number),
        _ => None,
    }
}

pub(crate) fn as_list(value: &Value) -> Option<&[Value]> {
    match value.value_type.as_ref()? {
        ValueType::ArrayValue(array) => Some(&array.values),
        _ => None,
    }
}

pub(crate) fn as_map(value: &Value) -> Option<&HashMap<String, Value>> {
    match value.value_type.as_ref()? {
        ValueType::MapValue(map) => Some(&map.fields),
        _ => None,
    }
}

/// The version of a document: the microsecond of the commit that changed it, so it grows with each change.
/// Conditions of later writes name it.
pub(crate) type Version = u64;

pub(crate) fn version(time: Option<&ProtoTimestamp>) -> Version {
    let Some(time) = time else { return 0 };
    let seconds = u64::try_from(time.seconds).unwrap_or_default();
    let micros = u64::try_from(time.nanos).unwrap_or_default() / 1_000;
    seconds.saturating_mul(1_000_000).saturating_add(micros)
}

pub(crate) fn version_time(version: Version) -> ProtoTimestamp {
    ProtoTimestamp {
        seconds: i64::try_from(version / 1_000_000).unwrap_or(i64::MAX),
        nanos: i32::try_from(version % 1_000_000 * 1_000).unwrap_or_default(),
    }
}

/// A document that was read.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The full name.
    pub(crate) name: String,
    /// The version of its creation.
    pub(crate) made: Version,
    /// The version of its last change.
    pub(crate) version: Version,
    fields: HashMap<String, Value>,
}

impl Found {
    pub(crate) fn new(document: Document) -> Self {
        Self {
            made: version(document.create_time.as_ref()),
            version: version(document.update_time.as_ref()),
            name: document.name,
            fields: document.fields,
        }
    }

    /// The last part of its name.
    pub(crate) fn id(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    /// Whether the document has exactly these fields. With a mask, only the fields of these paths are compared.
    pub(super) fn has(&self, fields: &HashMap<String, Value>, mask: Option<&[String]>) -> bool {
        match mask {
            None => self.fields == *fields,
            Some(paths) => paths.iter().all(|path| at(&self.fields, path) == at(fields, path)),
        }
    }

    pub(crate) fn get(&self, field: &str) -> Option<&Value> {
        self.fields.get(field)
    }

    pub(crate) fn text(&self, field: &'static str) -> Result<&str, DbError> {
        self.get(field).and_then(as_text).ok_or_else(|| self.lacks(field))
    }

    pub(crate) fn int(&self, field: &'static str) -> Result<i64, DbError> {
        self.get(field).and_then(as_int).ok_or_else(|| self.lacks(field))
    }

    pub(crate) fn body(&self, field: &str) -> Option<&Value> {
        as_map(self.fields.get(BODY)?)?.get(field)
    }

    pub(crate) fn body_text(&self, field: &'static str) -> Result<&str, DbError> {
        self.body(field).and_then(as_text).ok_or_else(|| self.lacks(field))
    }

    pub(crate) fn lacks(&self, field: &'static str) -> DbError {
        DbError::Field { document: self.name.clone(), field }
    }
}

/// The field at a path, like `body.log`.
fn at<'a>(fields: &'a HashMap<String, Value>, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        None => fields.get(path),
        Some((name, rest)) => at(as_map(fields.get(name)?)?, rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_names_its_time_exactly() {
        let time = ProtoTimestamp { seconds: 1_795_258_994, nanos: 558_765_000 };
        assert_eq!(version(Some(&time)), 1_795_258_994_558_765);
        assert_eq!(version_time(version(Some(&time))), time);
    }

    #[test]
    fn instants_keep_their_order_at_the_ends() {
        assert_eq!(instant(nanos(Timestamp::UNIX_EPOCH)), Timestamp::UNIX_EPOCH);
        assert_eq!(nanos(Timestamp::MAX), i64::MAX);
        assert_eq!(nanos(Timestamp::MIN), i64::MIN);
    }

    #[test]
    fn the_body_is_one_field() {
        let fields = Fields::default().with("state", text("RUNNING")).body("a", int(1)).body("b", flag(true));
        let fields = fields.finish();
        assert_eq!(fields.len(), 2);
        let found = Found::new(Document {
            name: "projects/p/databases/d/documents/c/the-id".to_owned(),
            fields,
            ..Document::default()
        });
        assert_eq!(found.id(), "the-id");
        assert_eq!(found.text("state").unwrap(), "RUNNING");
        assert_eq!(found.body("a").and_then(as_int), Some(1));
        assert!(matches!(found.text("missing"), Err(DbError::Field { field: "missing", .. })));
    }
}
