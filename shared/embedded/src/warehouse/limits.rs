//! The limits of queries of the embedded warehouse.

use segue_ports::{Environment, PortError};
use std::time::Duration;

/// The default of [`Limits::query_time`], which is also BigQuery's limit.
const LONGEST_QUERY: Duration = Duration::from_secs(6 * 60 * 60);

/// The limits of queries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest time of one query. `None` if there is no limit.
    pub query_time: Option<Duration>,
    /// The memory of all queries together, in DuckDB's syntax (`4GB`). `None` for half of the memory of the machine or
    /// container. A query that needs more memory writes to a folder next to the database file.
    pub memory: Option<String>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { query_time: Some(LONGEST_QUERY), memory: None }
    }
}

impl Limits {
    /// Reads the limits from the environment:
    /// - `SEGUE_WAREHOUSE_QUERY_TIME`: an ISO-8601 duration such as `PT30M`, or `none`. The default is `PT6H`.
    /// - `SEGUE_WAREHOUSE_MEMORY`: a size such as `4GB`. The default is half of the memory.
    ///
    /// # Errors
    /// [`PortError::Invalid`] if a variable has another form.
    pub fn from_environment(environment: &Environment) -> Result<Self, PortError> {
        let read = |name| environment.filled(name);
        Self::read(read("SEGUE_WAREHOUSE_QUERY_TIME"), read("SEGUE_WAREHOUSE_MEMORY"))
    }

    fn read(query_time: Option<&str>, memory: Option<&str>) -> Result<Self, PortError> {
        let query_time = match query_time.map(str::trim) {
            None => Some(LONGEST_QUERY),
            Some(text) if text.eq_ignore_ascii_case("none") => None,
            Some(text) => {
                let time = segue_model::parse_duration(text).ok();
                let time = time.and_then(|time| Duration::try_from(time).ok()).filter(|time| !time.is_zero());
                Some(time.ok_or_else(|| {
                    PortError::invalid(format!(
                        "SEGUE_WAREHOUSE_QUERY_TIME is '{text}'; write a duration such as PT30M, or none"
                    ))
                })?)
            }
        };
        let memory = memory.map(|text| text.trim().to_ascii_uppercase());
        if let Some(text) = memory.as_deref().filter(|text| !is_size(text)) {
            return Err(PortError::invalid(format!(
                "SEGUE_WAREHOUSE_MEMORY is '{text}'; write a number with MB or GB, such as 4GB"
            )));
        }
        Ok(Self { query_time, memory })
    }
}

/// Whether a text is a number and a unit that DuckDB accepts.
fn is_size(text: &str) -> bool {
    let number = ["MB", "GB", "MIB", "GIB"].iter().find_map(|unit| text.strip_suffix(unit));
    number.and_then(|number| number.trim().parse::<f64>().ok()).is_some_and(|number| number > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_or_refused() {
        assert_eq!(Limits::read(None, None).unwrap(), Limits::default());
        let given = Limits::read(Some("PT2S"), Some("512mb")).unwrap();
        assert_eq!(given.query_time, Some(Duration::from_secs(2)));
        assert_eq!(given.memory.as_deref(), Some("512MB"));
        assert_eq!(Limits::read(Some("none"), None).unwrap().query_time, None);
        for (time, memory) in
            [(Some("2 hours"), None), (Some("PT0S"), None), (None, Some("50%")), (None, Some("4GB'; --"))]
        {
            assert!(Limits::read(time, memory).is_err(), "{time:?} {memory:?}");
        }
    }
}
