//! Texts of any length. A long text is split over several documents, which are named after their content and
//! so never change. The field then lists their names.

use super::Database;
use super::document::{Fields, Found, as_list, as_text, list, text};
use super::error::DbError;
use super::write::{When, delete, put};
use firestore::gcloud_sdk::google::firestore::v1::{Value, Write};
use sha2::{Digest as _, Sha256};

/// The size of a part in one document, in bytes. Firestore accepts 1 MiB in all.
const PART_BYTES: usize = 900 << 10;

const PARTS: &str = "parts";

/// The location of the parts of a long text: a collection below the document `of`, with names that begin with
/// `tag`.
#[derive(Clone, Copy)]
pub(crate) struct Owner<'a> {
    pub(crate) of: &'a str,
    pub(crate) tag: &'a str,
}

/// A text as a field. A text longer than `limit` also needs the returned documents.
pub(crate) fn stow(db: &Database, owner: Owner<'_>, content: &str, limit: usize) -> (Value, Vec<Write>) {
    if content.len() <= limit {
        return (text(content), Vec::new());
    }
    let mut names = Vec::new();
    let mut writes = Vec::new();
    for (name, part) in cut(owner.tag, content) {
        let fields = Fields::default().body("text", text(part));
        writes.push(put(db.below(owner.of, PARTS, &name), fields, When::Always));
        names.push(text(name));
    }
    (list(names), writes)
}

fn cut<'a>(tag: &str, content: &'a str) -> Vec<(String, &'a str)> {
    let hash: String =
        Sha256::digest(content.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let mut parts = Vec::new();
    let mut rest = content;
    while !rest.is_empty() {
        let (part, more) = rest.split_at(rest.floor_char_boundary(PART_BYTES));
        parts.push((format!("{tag}-{hash}-{}", parts.len()), part));
        rest = more;
    }
    parts
}

/// The text of a field. `None` if its part documents no longer exist, because the text was replaced after the read.
pub(crate) async fn fetch(db: &Database, of: &str, value: &Value) -> Result<Option<String>, DbError> {
    if let Some(short) = as_text(value) {
        return Ok(Some(short.to_owned()));
    }
    let names = part_names(value);
    let paths = names.iter().map(|name| db.below(of, PARTS, name)).collect();
    let mut content = String::new();
    for part in db.get_all(paths, &[]).await?.documents {
        let Some(part) = part else { return Ok(None) };
        content.push_str(part.body_text("text")?);
    }
    Ok(Some(content))
}

/// The text of a field of a document, with its parts below `of`. The document is read again if the text was
/// replaced after the first read. `None` if the document no longer exists.
pub(crate) async fn fetch_of(
    db: &Database,
    found: &Found,
    of: &str,
    field: &'static str,
) -> Result<Option<String>, DbError> {
    let mut current = Some(found.clone());
    for _ in 0..5 {
        let Some(found) = current else { return Ok(None) };
        let Some(value) = found.body(field) else { return Ok(None) };
        if let Some(content) = fetch(db, of, value).await? {
            return Ok(Some(content));
        }
        current = db.get(&found.name).await?;
    }
    Err(found.lacks(field))
}

fn part_names(value: &Value) -> Vec<&str> {
    as_list(value).unwrap_or_default().iter().filter_map(as_text).collect()
}

/// Deletes the part documents of an old text, except those that the new text needs.
pub(crate) fn clear(db: &Database, of: &str, former: Option<&Value>, next: Option<&Value>) -> Vec<Write> {
    let kept = next.map(part_names).unwrap_or_default();
    former
        .map(part_names)
        .unwrap_or_default()
        .into_iter()
        .filter(|name| !kept.contains(name))
        .map(|name| delete(db.below(of, PARTS, name), When::Always))
        .collect()
}

/// The collection of parts below a document.
pub(crate) fn parts_collection(db: &Database) -> String {
    db.collection(PARTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_letters_and_named_by_its_content() {
        let content = format!("x{}", "ü".repeat(PART_BYTES));
        let parts = cut("run", &content);
        assert_eq!(parts.len(), 3, "two bytes a letter, so that no part can be quite full");
        assert!(parts.iter().all(|(_, part)| part.len() <= PART_BYTES));
        assert_eq!(parts.iter().map(|(_, part)| *part).collect::<String>(), content);
        assert_eq!(parts, cut("run", &content));
        let longer = format!("{content}.");
        let other = cut("run", &longer);
        assert!(parts.iter().all(|(name, _)| other.iter().all(|(another, _)| name != another)));
    }
}
