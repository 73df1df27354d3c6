//! Parts of a flow are answered as they are written. A part in an unexpected form is still answered; the reader of the
//! answer does without its type.

use segue_model::{Json, Map};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

/// Takes a part out of a document, if its type has everything that is written. Otherwise the part stays in the
/// document.
pub(crate) fn take<T: DeserializeOwned + Serialize>(document: &mut Map, key: &str) -> Option<T> {
    let written = document.get(key)?;
    let typed = T::deserialize(written).ok()?;
    if serde_json::to_value(&typed).ok()? != *written {
        return None;
    }
    document.shift_remove(key);
    Some(typed)
}

/// Reads a field; its default if the field is null or in an unexpected form. For the answers of other servers.
///
/// # Errors
/// If the answer is not JSON.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(T::deserialize(&Json::deserialize(deserializer)?).unwrap_or_default())
}

/// Reads a part; None if it is absent, null or in an unexpected form.
///
/// # Errors
/// If the answer is not JSON.
pub(crate) fn read<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(T::deserialize(&Json::deserialize(deserializer)?).ok())
}
