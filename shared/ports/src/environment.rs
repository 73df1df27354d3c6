//! The environment variables that a process was started with.
//!
//! What it is: [`Environment`], which a composition root reads once and passes on, and [`VariableError`], the
//! sentence for an invalid value. Config structs are built from an environment, so tests set variables without
//! changing their process. `docs/configuration.md` lists all variables.
//!
//! What it must not know: the name of any variable.
//!
//! How to add one more variable: a field in the config struct of the code that uses the setting, and a line in
//! `docs/configuration.md`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Environment variables by name.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

/// An environment variable with an invalid value.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the environment variable {variable} is '{value}': it must be {allowed}")]
pub struct VariableError {
    /// The name of the variable.
    pub variable: &'static str,
    /// The value of the variable.
    pub value: String,
    /// The values that are allowed, as the end of a sentence.
    pub allowed: String,
}

impl Environment {
    /// The environment of the process as it is now. Only composition roots call this. A variable that is not
    /// UTF-8 is left out.
    pub fn of_process() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the settings of the process")]
        let variables = std::env::vars_os();
        variables
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// The value of a variable. None if the variable is not set.
    pub fn get(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    /// The value of a variable without spaces around it. None if the variable is not set or blank.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The value of a variable, parsed. None if the variable is not set or blank. `allowed` ends the sentence
    /// "it must be …".
    ///
    /// # Errors
    /// [`VariableError`] if the value cannot be parsed.
    pub fn parsed<T: FromStr>(
        &self,
        variable: &'static str,
        allowed: &str,
    ) -> Result<Option<T>, VariableError> {
        let Some(value) = self.filled(variable) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| VariableError {
            variable,
            value: value.to_owned(),
            allowed: allowed.to_owned(),
        })
    }

    /// All variables, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Debug for Environment {
    /// Prints the number of variables, because the values of some are secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").field("variables", &self.variables.len()).finish()
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self { variables: variables.into_iter().collect() }
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_variable_counts_as_not_set() {
        let environment = Environment::from([("A", " "), ("B", " 7 "), ("C", "")]);
        assert_eq!(environment.filled("A"), None);
        assert_eq!(environment.parsed::<u8>("C", "a number"), Ok(None));
        assert_eq!(environment.parsed::<u8>("B", "a number"), Ok(Some(7)));
        assert_eq!(environment.get("A").as_deref(), Some(" "));
    }

    #[test]
    fn an_invalid_value_is_named_with_what_is_allowed() {
        let error = Environment::from([("SIZE", "big")]).parsed::<u8>("SIZE", "a number").unwrap_err();
        assert_eq!(error.to_string(), "the environment variable SIZE is 'big': it must be a number");
    }

    #[test]
    fn values_are_not_printed() {
        let printed = format!("{:?}", Environment::from([("PASSWORD", "hunter2")]));
        assert_eq!(printed, "Environment { variables: 1 }");
    }
}
