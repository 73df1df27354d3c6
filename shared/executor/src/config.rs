//! The configuration of an executor.

use segue_lookups::Limits;
use segue_model::{Json, Map};
use segue_ports::{Environment, VariableError};

/// The variable of [`ExecutorConfig::most_values`].
const MAX_LOOP_VALUES: &str = "SEGUE_MAX_LOOP_VALUES";
/// The default of [`ExecutorConfig::most_values`]. This number takes some hundred MB of memory.
const MOST_VALUES: usize = 100_000;

/// The configuration of an executor.
#[derive(Clone, Debug)]
pub struct ExecutorConfig {
    /// What expressions and their requests may use.
    pub limits: Limits,
    /// The largest number of values of a loop.
    pub most_values: usize,
    /// The root variables that belong to the server: `envs`, `globals`, `kestra`.
    pub globals: Map,
}

impl ExecutorConfig {
    /// Reads [`Limits::from_environment`], `SEGUE_MAX_LOOP_VALUES` (default 100000), and the variables that
    /// begin with `ENV_` for `envs`. `platform` becomes `kestra.environment`.
    ///
    /// # Errors
    /// [`VariableError`] for the first invalid value.
    pub fn from_environment(environment: &Environment, platform: &str) -> Result<Self, VariableError> {
        Ok(Self {
            limits: Limits::from_environment(environment)?,
            most_values: environment.parsed(MAX_LOOP_VALUES, "a whole number from 0")?.unwrap_or(MOST_VALUES),
            globals: globals(environment, platform),
        })
    }
}

/// The root variables `envs`, `globals` and `kestra` (docs/kestra.md 3.2).
fn globals(environment: &Environment, platform: &str) -> Map {
    let envs: Map = environment
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("ENV_")?.to_lowercase(), value.into())))
        .collect();
    let mut globals = Map::new();
    globals.insert("envs".into(), Json::Object(envs));
    globals.insert("globals".into(), Json::Object(Map::new()));
    globals.insert("kestra".into(), serde_json::json!({"environment": platform, "url": ""}));
    globals
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_environment_gives_variables_and_limits() {
        let environment = Environment::from([("ENV_City", "Ulm"), ("HOME", "/"), (MAX_LOOP_VALUES, "9")]);
        let config = ExecutorConfig::from_environment(&environment, "local").unwrap();
        assert_eq!(config.most_values, 9);
        assert_eq!(
            Json::Object(config.globals),
            json!({"envs": {"city": "Ulm"}, "globals": {}, "kestra": {"environment": "local", "url": ""}})
        );
    }

    #[test]
    fn an_invalid_number_of_values_is_refused() {
        let environment = Environment::from([(MAX_LOOP_VALUES, "many")]);
        assert_eq!(
            ExecutorConfig::from_environment(&environment, "gcp").unwrap_err().to_string(),
            "the environment variable SEGUE_MAX_LOOP_VALUES is 'many': it must be a whole number from 0"
        );
    }
}
