//! What a service has to know of its own `function.yaml`.

use std::time::Duration;
use thiserror::Error;

/// What a service has to know of its own `function.yaml`, the file its deployment is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionFacts {
    /// How many requests it works on at once (`concurrency`); more wait.
    pub concurrency: usize,
    /// How long a request may take (`timeout_s`), which is also how long Pub/Sub waits for the answer.
    pub timeout: Duration,
}

/// A `function.yaml` that does not say what it has to.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("function.yaml has no line '{0}: <number above 0>'")]
pub struct FactsError(&'static str);

impl FunctionFacts {
    /// Reads the file's text. Its facts are lines of their own, so that no more of YAML is needed for them.
    ///
    /// # Errors
    /// [`FactsError`] for the first fact that is not there.
    pub fn parse(text: &str) -> Result<Self, FactsError> {
        let number = |name: &'static str| {
            text.lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(key, _)| *key == name)
                .and_then(|(_, value)| value.split('#').next()?.trim().parse::<u32>().ok())
                .filter(|number| *number > 0)
                .ok_or(FactsError(name))
        };
        Ok(Self {
            concurrency: usize::try_from(number("concurrency")?).unwrap_or(usize::MAX),
            timeout: Duration::from_secs(number("timeout_s")?.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_lines() {
        let facts =
            FunctionFacts::parse("memory: 1Gi\ntimeout_s: 600\nconcurrency: 20 # each\nroles: [a: b]\n");
        assert_eq!(facts, Ok(FunctionFacts { concurrency: 20, timeout: Duration::from_secs(600) }));
    }

    #[test]
    fn a_missing_fact_is_named() {
        for text in ["timeout_s: 600", "concurrency: 0\ntimeout_s: 1", "concurrency: many"] {
            let error = FunctionFacts::parse(text).unwrap_err().to_string();
            assert!(error.contains("'concurrency: "), "{error}");
        }
    }
}
