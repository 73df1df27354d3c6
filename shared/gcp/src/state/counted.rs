//! Documents that count their writes: states of triggers, and backfills. A write names the count that it expects, so a
//! write based on an old count is refused.

use super::Store;
use crate::database::document::{Fields, Found, Version, int};
use crate::database::error::DbError;
use crate::database::write::{When, only, put as put_document};

/// The field with the count.
const COUNT: &str = "count";

/// The number of writes of a document, and Firestore's version of the last.
#[derive(Clone, Copy)]
pub(super) struct Counted {
    count: u64,
    version: Version,
}

/// The document. Its count is cached, so that a change needs no second read.
pub(super) async fn get(store: &Store, path: &str) -> Result<Option<(Found, u64)>, DbError> {
    let Some(found) = store.db.get(path).await? else {
        store.counted.forget(&path.to_owned());
        return Ok(None);
    };
    let counted = count(&found)?;
    store.counted.put(path.to_owned(), counted, 1);
    Ok(Some((found, counted.count)))
}

fn count(found: &Found) -> Result<Counted, DbError> {
    let count = u64::try_from(found.int(COUNT)?).unwrap_or_default();
    Ok(Counted { count, version: found.version })
}

/// Creates a document.
///
/// # Errors
/// [`DbError::Refused`] if the document exists.
pub(super) async fn make(store: &Store, path: String, fields: Fields) -> Result<u64, DbError> {
    let fields = fields.with(COUNT, int(1));
    let version = store.db.commit(vec![put_document(path.clone(), fields, When::Absent)]).await?;
    store.counted.put(path, Counted { count: 1, version }, 1);
    Ok(1)
}

/// Changes a document that was written `count` times. All named fields are replaced; a named field without a
/// value is removed.
///
/// # Errors
/// [`DbError::Refused`] if the document was written more often, or does not exist.
pub(super) async fn change(
    store: &Store,
    path: String,
    fields: Fields,
    names: &[&str],
    count_read: u64,
) -> Result<u64, DbError> {
    let known = match store.counted.get(&path).filter(|known| known.count == count_read) {
        Some(known) => known,
        None => match store.db.get(&path).await? {
            Some(found) => count(&found)?,
            None => return Err(DbError::Refused),
        },
    };
    if known.count != count_read {
        return Err(DbError::Refused);
    }
    let next = count_read.saturating_add(1);
    let fields = fields.with(COUNT, int(i64::try_from(next).unwrap_or(i64::MAX)));
    let names: Vec<&str> = names.iter().copied().chain([COUNT]).collect();
    let write = only(put_document(path.clone(), fields, When::At(known.version)), &names);
    store.counted.forget(&path);
    let version = store.db.commit(vec![write]).await?;
    store.counted.put(path, Counted { count: next, version }, 1);
    Ok(next)
}
