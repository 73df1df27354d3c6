//! An answer of the API, twice: as it came, which programs get with `--output json`, and as it reads.

use segue_model::Json;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

/// An answer of the API.
#[derive(Clone, Debug)]
pub(crate) struct Answered<T> {
    /// As it came.
    pub(crate) json: Json,
    /// As it reads.
    pub(crate) value: T,
}

impl<T: DeserializeOwned> Answered<T> {
    /// Reads an answer.
    ///
    /// # Errors
    /// If the JSON has another shape.
    pub(crate) fn read(json: Json) -> Result<Self, serde_json::Error> {
        let value = T::deserialize(&json)?;
        Ok(Self { json, value })
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Answered<T> {
    /// So that each entry of a list can be had both ways.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(Json::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
