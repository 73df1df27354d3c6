//! Finds out whether a commit was written that lost its answer.
//!
//! A commit is atomic, so one document can prove that all of them were written: a document that the commit could only
//! write under a condition, that has changed since, and that now has the fields of the commit. A commit without such a
//! document is proved only by all its documents together.

use super::document::{Found, Version};
use super::write::{condition, is_delete};
use firestore::gcloud_sdk::google::firestore::v1::precondition::ConditionType;
use firestore::gcloud_sdk::google::firestore::v1::write::Operation;
use firestore::gcloud_sdk::google::firestore::v1::{Value, Write};
use std::collections::HashMap;

/// What must be in the database if a commit was written.
#[derive(Debug)]
pub(super) struct Proof {
    expected: Vec<Expected>,
    /// Whether the commit has a condition. Then it can be sent again, because it is never written twice.
    pub(super) is_guarded: bool,
}

#[derive(Debug)]
struct Expected {
    path: String,
    /// None: the document does not exist.
    fields: Option<HashMap<String, Value>>,
    /// The paths of the fields that were written. None: all of the document.
    mask: Option<Vec<String>>,
    /// The version that the document had before.
    before: Option<Version>,
}

impl Proof {
    /// None if there is nothing to prove.
    pub(super) fn of(writes: &[Write]) -> Option<Self> {
        let is_guarded = writes.iter().any(|write| condition(write).is_some());
        let guarded = writes.iter().filter(|write| condition(write).is_some() && !is_delete(write));
        if let Some(one) = guarded.filter_map(expected).next() {
            return Some(Self { expected: vec![one], is_guarded });
        }
        let expected = writes.iter().map(expected).collect::<Option<Vec<_>>>()?;
        (!expected.is_empty()).then_some(Self { expected, is_guarded })
    }

    /// The names of the documents that must be read.
    pub(super) fn paths(&self) -> Vec<String> {
        self.expected.iter().map(|expected| expected.path.clone()).collect()
    }

    /// The version that the commit gave its documents, if the documents prove that it was written. `found` are the
    /// documents of [`Self::paths`], in the same order.
    pub(super) fn version(&self, found: &[Option<Found>]) -> Option<Version> {
        let holds = |(expected, found): (&Expected, &Option<Found>)| match (&expected.fields, found) {
            (None, None) => true,
            (Some(fields), Some(found)) => {
                let has_changed = expected.before.is_none_or(|before| found.version > before);
                has_changed && found.has(fields, expected.mask.as_deref())
            }
            _ => false,
        };
        let all = self.expected.len() == found.len() && self.expected.iter().zip(found).all(holds);
        all.then(|| found.iter().flatten().map(|found| found.version).max().unwrap_or_default())
    }
}

/// What a write leaves behind.
fn expected(write: &Write) -> Option<Expected> {
    let before = match condition(write) {
        Some(ConditionType::UpdateTime(time)) => Some(super::document::version(Some(time))),
        _ => None,
    };
    match write.operation.as_ref()? {
        Operation::Update(document) => Some(Expected {
            path: document.name.clone(),
            fields: Some(document.fields.clone()),
            mask: write.update_mask.as_ref().map(|mask| mask.field_paths.clone()),
            before,
        }),
        Operation::Delete(path) => {
            Some(Expected { path: path.clone(), fields: None, mask: None, before: None })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::{Fields, int};
    use super::super::write::{When, delete, only, put, version_of};
    use super::*;

    fn fields(number: i64) -> Fields {
        Fields::default().with("a", int(number))
    }

    fn found(path: &str, number: i64, version: Version) -> Option<Found> {
        Some(version_of(put(path.to_owned(), fields(number), When::Always), version))
    }

    #[test]
    fn one_document_with_a_condition_is_enough() {
        let writes = [
            put("free".to_owned(), fields(1), When::Always),
            put("kept".to_owned(), fields(2), When::At(7)),
            only(put("part".to_owned(), fields(3), When::Always), &["a"]),
        ];
        let proof = Proof::of(&writes).unwrap();
        assert!(proof.is_guarded);
        assert_eq!(proof.paths(), ["kept"]);
        assert_eq!(proof.version(&[found("kept", 2, 8)]), Some(8));
        assert_eq!(proof.version(&[found("kept", 2, 7)]), None, "the document has not changed");
        assert_eq!(proof.version(&[found("kept", 3, 8)]), None, "another process wrote the document");
        assert_eq!(proof.version(&[None]), None);
    }

    #[test]
    fn a_new_document_is_enough() {
        let proof = Proof::of(&[put("new".to_owned(), fields(1), When::Absent)]).unwrap();
        assert!(proof.is_guarded);
        assert_eq!(proof.version(&[found("new", 1, 3)]), Some(3));
        assert_eq!(proof.version(&[None]), None);
    }

    #[test]
    fn without_conditions_all_documents_count() {
        let writes = [put("a".to_owned(), fields(1), When::Always), delete("b".to_owned(), When::Always)];
        let proof = Proof::of(&writes).unwrap();
        assert!(!proof.is_guarded);
        assert_eq!(proof.version(&[found("a", 1, 5), None]), Some(5));
        assert_eq!(proof.version(&[found("a", 1, 5), found("b", 1, 2)]), None);
        assert_eq!(proof.version(&[found("a", 0, 5), None]), None);
    }

    #[test]
    fn single_fields_are_compared_alone() {
        let body = |number| Fields::default().body("x", int(number)).with("a", int(9));
        let proof =
            Proof::of(&[only(put("a".to_owned(), body(1), When::At(1)), &["body.x", "gone"])]).unwrap();
        let found = |fields: Fields| [Some(version_of(put("a".to_owned(), fields, When::Always), 2))];
        assert_eq!(proof.version(&found(body(1).with("other", int(3)))), Some(2));
        assert_eq!(proof.version(&found(body(2))), None);
        assert_eq!(proof.version(&found(body(1).with("gone", int(3)))), None, "the field was removed");
        assert!(Proof::of(&[]).is_none());
    }
}
