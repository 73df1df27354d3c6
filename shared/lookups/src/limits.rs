//! The limits of expressions and requests, which the operator of a service sets by environment variables.

use crate::outbound::Clients;
use segue_ports::{Environment, VariableError};
use segue_rendering::Allowance;
use segue_template::Renderer;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

const SECONDS: &str = "SEGUE_EXPRESSION_SECONDS";
const MEGABYTES: &str = "SEGUE_EXPRESSION_MEGABYTES";
const ALLOW_METADATA: &str = "SEGUE_HTTP_ALLOW_METADATA";

/// The limits of expressions and requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// The largest time and memory of a rendering.
    pub allowance: Allowance,
    /// Whether flows may connect to the machine's metadata server.
    pub allow_metadata: bool,
}

impl Limits {
    /// Reads `SEGUE_EXPRESSION_SECONDS` (default 5), `SEGUE_EXPRESSION_MEGABYTES` (default 256) and
    /// `SEGUE_HTTP_ALLOW_METADATA` (default `false`).
    ///
    /// # Errors
    /// [`VariableError`] for the first invalid value.
    pub fn from_environment(environment: &Environment) -> Result<Self, VariableError> {
        let number = |name| environment.parsed::<NonZeroU32>(name, "a whole number from 1");
        let Allowance { time, memory } = Allowance::default();
        Ok(Self {
            allowance: Allowance {
                time: number(SECONDS)?.map_or(time, |seconds| Duration::from_secs(seconds.get().into())),
                memory: number(MEGABYTES)?.map_or(memory, |number| u64::from(number.get()) * 1024 * 1024),
            },
            allow_metadata: environment.parsed(ALLOW_METADATA, "true or false")?.unwrap_or(false),
        })
    }

    /// A renderer with these limits.
    pub fn renderer(&self) -> Renderer {
        Renderer::new().metered(Arc::new(self.allowance))
    }

    /// HTTP clients with these limits.
    pub fn clients(&self) -> Arc<Clients> {
        Arc::new(Clients::new(self.allow_metadata))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_defaults() {
        let limits = Limits::from_environment(&Environment::default()).unwrap();
        assert_eq!((limits.allowance.time, limits.allow_metadata), (Duration::from_secs(5), false));
        assert_eq!(limits.allowance.memory, 256 * 1024 * 1024);
    }

    #[test]
    fn limits_are_read() {
        let environment = Environment::from([(SECONDS, "7"), (MEGABYTES, "1"), (ALLOW_METADATA, "true")]);
        let limits = Limits::from_environment(&environment).unwrap();
        assert_eq!((limits.allowance.time, limits.allow_metadata), (Duration::from_secs(7), true));
        assert_eq!(limits.allowance.memory, 1024 * 1024);
    }

    #[test]
    fn invalid_limits_are_refused() {
        for (name, value) in [
            (SECONDS, "0"),
            (SECONDS, "soon"),
            (MEGABYTES, "-1"),
            (MEGABYTES, "1.5"),
            (ALLOW_METADATA, "yes"),
        ] {
            let error =
                Limits::from_environment(&Environment::from([(name, value)])).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(&format!("'{value}'")), "{error}");
            assert!(error.contains("it must be "), "{error}");
        }
    }
}
