//! The properties about rows, and the outputs with rows.

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use segue_model::Map;
use segue_task::TaskError;
use serde::{Deserialize, Serialize};

/// What happens to the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FetchType {
    /// Nothing.
    #[default]
    None,
    /// All rows are outputs.
    Fetch,
    /// The first row is an output.
    FetchOne,
    /// The rows go to a file in internal storage, as ION, one on each line.
    Store,
}

/// The properties about rows.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fetch {
    /// What happens to the rows.
    pub fetch_type: Option<FetchType>,
    /// The property of old flows for FETCH.
    #[serde(default)]
    pub fetch: bool,
    /// The property of old flows for FETCH_ONE.
    #[serde(default)]
    pub fetch_one: bool,
    /// The property of old flows for STORE.
    #[serde(default)]
    pub store: bool,
    /// Accepted, and has no effect: rows are read one after another, and never are all of a file in memory.
    pub fetch_size: Option<u64>,
    /// The time zone of values with a time zone: `Europe/Paris`. Default: UTC.
    pub time_zone_id: Option<String>,
}

impl Fetch {
    /// What happens to the rows. The old properties count more, as in Kestra.
    pub fn kind(&self) -> FetchType {
        match (self.fetch, self.fetch_one, self.store) {
            (true, _, _) => FetchType::Fetch,
            (_, true, _) => FetchType::FetchOne,
            (_, _, true) => FetchType::Store,
            _ => self.fetch_type.unwrap_or_default(),
        }
    }

    /// For a trigger: rows that go nowhere would start no execution, so they are fetched.
    pub fn of_trigger(&mut self) {
        if self.kind() == FetchType::None {
            self.fetch_type = Some(FetchType::Fetch);
        }
    }

    /// The time zone of values with a time zone.
    ///
    /// # Errors
    /// [`TaskError::Failed`] if the zone is not known.
    pub fn zone(&self) -> Result<TimeZone, TaskError> {
        let Some(name) = self.time_zone_id.as_deref().filter(|name| !name.is_empty()) else {
            return Ok(TimeZone::UTC);
        };
        TimeZone::get(name).map_err(|_| {
            TaskError::failed(format!(
                "timeZoneId is '{name}', which is not a time zone; write a name like Europe/Paris"
            ))
        })
    }
}

/// The rows of one statement.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Fetched {
    /// With FETCH, the rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<Map>>,
    /// With FETCH_ONE, the first row. Absent if there are no rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<Map>,
    /// The number of rows fetched or stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// With STORE, the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
}
