//! Reads values that may have an unexpected form.
//!
//! The API answers every part of a flow as the source has it, also a part in an unexpected form. Clients read such a
//! part as None.

use segue_model::{Json, Map};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

/// Moves a part out of a document, if `T` can hold all of its values. Otherwise the part stays in the document, and the
/// result is None.
pub(crate) fn take<T: DeserializeOwned + Serialize>(document: &mut Map, key: &str) -> Option<T> {
    let written = document.get(key)?;
    let typed = T::deserialize(written).ok()?;
    if serde_json::to_value(&typed).ok()? != *written {
        return None;
    }
    document.shift_remove(key);
    Some(typed)
}

/// Reads a field in the answer of another server. A field that is null or has an unexpected form gets its default.
///
/// # Errors
/// If the answer is not JSON.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(T::deserialize(&Json::deserialize(deserializer)?).unwrap_or_default())
}

/// Reads a value that may be null. So null and an absent value remain different.
///
/// # Errors
/// If the answer is not JSON.
pub(crate) fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

/// Reads a part of a flow. None if the part is null or has an unexpected form.
///
/// # Errors
/// If the answer is not JSON.
pub(crate) fn read<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(T::deserialize(&Json::deserialize(deserializer)?).ok())
}
