//! Writes with their conditions.

use super::document::{BODY, Fields, Version, as_map, version_time};
use firestore::gcloud_sdk::google::firestore::v1::precondition::ConditionType;
use firestore::gcloud_sdk::google::firestore::v1::write::Operation;
use firestore::gcloud_sdk::google::firestore::v1::{Document, DocumentMask, Precondition, Value, Write};

/// The condition of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// No condition.
    Always,
    /// The document does not exist.
    Absent,
    /// The document still has this version.
    At(Version),
}

impl When {
    fn condition(self) -> Option<Precondition> {
        let condition_type = match self {
            Self::Always => return None,
            Self::Absent => ConditionType::Exists(false),
            Self::At(version) => ConditionType::UpdateTime(version_time(version)),
        };
        Some(Precondition { condition_type: Some(condition_type) })
    }
}

/// Writes a document and replaces an existing one.
pub(crate) fn put(path: String, fields: Fields, when: When) -> Write {
    Write {
        update_mask: None,
        update_transforms: Vec::new(),
        current_document: when.condition(),
        operation: Some(Operation::Update(Document {
            name: path,
            fields: fields.finish(),
            ..Document::default()
        })),
    }
}

/// Writes only these fields. A field in the list that the write does not have is removed from the document.
pub(crate) fn only(write: Write, fields: &[&str]) -> Write {
    let field_paths = fields.iter().map(|field| (*field).to_owned()).collect();
    Write { update_mask: Some(DocumentMask { field_paths }), ..write }
}

/// Deletes a document.
pub(crate) fn delete(path: String, when: When) -> Write {
    Write {
        update_mask: None,
        update_transforms: Vec::new(),
        current_document: when.condition(),
        operation: Some(Operation::Delete(path)),
    }
}

/// The condition of a write, if there is one.
pub(super) fn condition(write: &Write) -> Option<&ConditionType> {
    write.current_document.as_ref()?.condition_type.as_ref()
}

pub(crate) fn is_delete(write: &Write) -> bool {
    matches!(write.operation, Some(Operation::Delete(_)))
}

/// The value of a body field in a write.
pub(crate) fn body<'a>(write: &'a Write, field: &str) -> Option<&'a Value> {
    match write.operation.as_ref()? {
        Operation::Update(document) => as_map(document.fields.get(BODY)?)?.get(field),
        _ => None,
    }
}

/// The document that a write leaves behind, with this version.
#[cfg(test)]
pub(super) fn version_of(write: Write, version: Version) -> super::document::Found {
    let Some(Operation::Update(document)) = write.operation else { unreachable!("only for documents") };
    let update_time = Some(version_time(version));
    super::document::Found::new(Document { update_time, ..document })
}
