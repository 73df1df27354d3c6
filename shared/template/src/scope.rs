//! The input of a rendering: variables, answers, time and random seed.

use crate::lookups::{LookupTable, Lookups};
use crate::value::{JsonMap, LazyMap};
use std::sync::Arc;

/// The time and the random seed. They are passed in, so that rendering twice gives the same text.
#[derive(Clone, Debug)]
pub struct Ambient {
    /// The current time, for `now()`.
    pub now: jiff::Timestamp,
    /// The seed of `uuid()`, `id()`, `randomInt()` and the nonce of `encrypt()`. Each rendering starts with the same
    /// seed again.
    pub seed: u64,
    /// The server's time zone. Expressions without a time zone use it.
    pub time_zone: jiff::tz::TimeZone,
}

/// The input of a rendering. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The root variables (docs/kestra.md 3.2).
    pub variables: Arc<dyn LazyMap>,
    /// Answers `kv()`, `secret()`, `read()` and similar functions.
    pub lookups: Arc<dyn Lookups>,
    /// The time, the random seed and the time zone.
    pub ambient: Ambient,
}

impl Scope {
    /// A scope with the entries of a JSON object as variables. Any other value gives no variables.
    pub fn from_json(context: serde_json::Value, lookups: Arc<dyn Lookups>, ambient: Ambient) -> Self {
        let entries = match context {
            serde_json::Value::Object(map) => map,
            _ => serde_json::Map::new(),
        };
        Self { variables: Arc::new(JsonMap::new(entries)), lookups, ambient }
    }

    /// A scope of plain variables. Every lookup is pending, so nothing can be asked.
    pub fn of_variables(context: serde_json::Value, ambient: Ambient) -> Self {
        Self::from_json(context, Arc::new(LookupTable::new()), ambient)
    }
}
