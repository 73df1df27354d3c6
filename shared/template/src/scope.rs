//! What a template is rendered against: variables, answers, and everything that depends on time or chance.

use crate::lookups::{LookupTable, Lookups};
use crate::value::{JsonMap, LazyMap};
use std::sync::Arc;

/// Time and chance, passed in so that rendering twice gives the same text.
#[derive(Clone, Debug)]
pub struct Ambient {
    /// The present moment: `now()`.
    pub now: jiff::Timestamp,
    /// The seed of `uuid()`, `id()`, `randomInt()` and the nonce of `encrypt()`. Each rendering starts the
    /// sequence again.
    pub seed: u64,
    /// The server's time zone, for expressions that name none.
    pub time_zone: jiff::tz::TimeZone,
}

/// The context of a render. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The root variables (docs/kestra.md 3.2).
    pub variables: Arc<dyn LazyMap>,
    /// Answers `kv()`, `secret()`, `read()` and similar functions.
    pub lookups: Arc<dyn Lookups>,
    /// The time and the random seed.
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

    /// A scope of plain variables in which nothing can be asked: every lookup is pending.
    pub fn of_variables(context: serde_json::Value, ambient: Ambient) -> Self {
        Self::from_json(context, Arc::new(LookupTable::new()), ambient)
    }
}
