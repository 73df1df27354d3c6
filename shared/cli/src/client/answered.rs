//! An answer of the API in two forms: as JSON, for `--output json`, and parsed.

use segue_model::Json;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

/// An answer of the API.
#[derive(Clone, Debug)]
pub(crate) struct Answered<T> {
    /// The JSON of the answer.
    pub(crate) json: Json,
    /// The parsed answer.
    pub(crate) value: T,
}

impl<T: DeserializeOwned> Answered<T> {
    /// Parses an answer.
    ///
    /// # Errors
    /// An error if the JSON has another format.
    pub(crate) fn read(json: Json) -> Result<Self, serde_json::Error> {
        let value = T::deserialize(&json)?;
        Ok(Self { json, value })
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Answered<T> {
    /// Gives each entry of a list in both forms.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(Json::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
