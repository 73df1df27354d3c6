//! Secrets from the environment, as in Kestra's open-source edition (docs/kestra.md 3.6).
//!
//! `secret('MY_KEY')` reads the variable `SECRET_MY_KEY`, which is in base64. The case of the key does not matter. If
//! `SEGUE_SECRETS_PLAIN` is `true`, the plain variable `MY_KEY` is read as well. Without this setting, an expression
//! cannot read other variables, such as the credentials of the cloud or passwords of other programs.
//!
//! A `.env` file provides variables that the environment does not have. All namespaces see the same secrets. Segue's
//! settings, such as `SEGUE_AUTH` and `SEGUE_ENCRYPTION_KEY`, are never secrets.
//!
//! What it must not know: where the environment comes from. The module never prints a value.

use async_trait::async_trait;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use segue_ports::{Environment, PortError, SecretStore, VariableError};
use std::collections::HashMap;
use std::fmt;
use std::path::Path;

/// Base64 with or without its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The variable with the key for SECRET inputs and outputs. No expression can read it.
pub(crate) const ENCRYPTION_KEY: &str = "SEGUE_ENCRYPTION_KEY";

/// The prefix of Segue's own settings. No expression can read them.
const OWN: &str = "SEGUE_";
/// The setting that makes plain variables readable as secrets.
const PLAIN: &str = "SEGUE_SECRETS_PLAIN";

/// A secret store that reads variables.
#[derive(Clone, Default)]
pub struct EnvSecretStore {
    variables: HashMap<String, String>,
}

impl fmt::Debug for EnvSecretStore {
    /// Prints the number of secrets, but no values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvSecretStore").field("variables", &self.variables.len()).finish()
    }
}

impl EnvSecretStore {
    /// A store of the secrets in `variables`, which are pairs of name and value.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        // Names are stored in upper case, so the case of a key does not matter. If two names differ only in case, the
        // name in upper case wins.
        let mut known = HashMap::new();
        for (name, value) in variables {
            let upper = name.to_ascii_uppercase();
            if upper == name {
                known.insert(upper, value);
            } else {
                known.entry(upper).or_insert(value);
            }
        }
        Self { variables: known }
    }

    /// Checks the setting for plain variables. A list of names, for example, would make no variable a secret.
    ///
    /// # Errors
    /// [`VariableError`] for another value than `true` and `false`.
    pub fn check(environment: &Environment) -> Result<(), VariableError> {
        match environment.filled(PLAIN) {
            Some(value) if !["true", "false"].iter().any(|known| value.eq_ignore_ascii_case(known)) => {
                Err(VariableError {
                    variable: PLAIN,
                    value: value.to_owned(),
                    allowed: "true (every variable is a secret by its own name) or false; to name single secrets, set \
                              SECRET_NAME to the value in base64"
                        .to_owned(),
                })
            }
            _ => Ok(()),
        }
    }

    /// A store of the secrets in the environment.
    pub fn from_environment(environment: &Environment) -> Self {
        Self::new(environment.iter().map(|(name, value)| (name.to_owned(), value.to_owned())))
    }

    /// Adds the variables of a `.env` file. The file has `NAME=value` lines, `#` comments, quotes and `export`. A
    /// variable that is already known keeps its value. A missing file adds nothing. Any other line is skipped with a
    /// warning, because other programs may use the file too.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] when the file cannot be read.
    pub fn with_file(mut self, path: &Path) -> Result<Self, PortError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(self),
            Err(error) => {
                return Err(PortError::unavailable("secret store", format!("{}: {error}", path.display())));
            }
        };
        for (index, line) in text.lines().enumerate() {
            match assignment(line) {
                Line::Empty => {}
                Line::Assignment(name, value) => {
                    self.variables.entry(name.to_ascii_uppercase()).or_insert(value);
                }
                // The line itself may contain a secret, so it is not logged.
                Line::Unreadable => {
                    tracing::warn!("{}, line {}: not NAME=value, skipped", path.display(), index + 1);
                }
            }
        }
        Ok(self)
    }

    /// The key for SECRET inputs and outputs. `None` if the variable is not set.
    pub(crate) fn encryption_key(&self) -> Option<&str> {
        self.variables.get(ENCRYPTION_KEY).map(String::as_str).filter(|key| !key.is_empty())
    }

    fn find(&self, key: &str) -> Result<Option<String>, PortError> {
        let key = key.to_ascii_uppercase();
        if key.starts_with(OWN) {
            return Ok(None);
        }
        if let Some(encoded) = self.variables.get(&format!("SECRET_{key}")) {
            let compact: String = encoded.split_whitespace().collect();
            return BASE64
                .decode(compact)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .map(Some)
                .ok_or_else(|| {
                    PortError::invalid(format!(
                        "the secret '{key}' cannot be read: SECRET_{key} is not text in base64; \
                         set it to the output of: printf %s VALUE | base64"
                    ))
                });
        }
        Ok(self.variables.get(&key).filter(|_| self.plain_are_secrets()).cloned())
    }

    fn plain_are_secrets(&self) -> bool {
        self.variables.get(PLAIN).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    }
}

#[async_trait]
impl SecretStore for EnvSecretStore {
    async fn get(&self, _namespace: &str, key: &str) -> Result<Option<String>, PortError> {
        self.find(key)
    }

    /// Lists only variables with the prefix `SECRET_`. The names of other variables stay hidden.
    async fn names(&self, _namespace: &str) -> Result<Vec<String>, PortError> {
        let mut names: Vec<String> = self
            .variables
            .keys()
            .filter_map(|name| name.strip_prefix("SECRET_"))
            .filter(|name| !name.starts_with(OWN))
            .map(str::to_owned)
            .collect();
        names.sort_unstable();
        Ok(names)
    }
}

enum Line {
    Empty,
    Assignment(String, String),
    Unreadable,
}

/// Parses one line of a `.env` file.
fn assignment(line: &str) -> Line {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Line::Empty;
    }
    let line = line.strip_prefix("export ").unwrap_or(line);
    let Some((name, value)) = line.split_once('=') else { return Line::Unreadable };
    let (name, value) = (name.trim(), value.trim());
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    if name.is_empty() || !name.chars().all(plain) {
        return Line::Unreadable;
    }
    let value = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => match quoted(value, quote) {
            Some(value) => value,
            None => return Line::Unreadable,
        },
        // A comment may follow an unquoted value.
        _ => value.split(" #").next().unwrap_or(value).trim_end().to_owned(),
    };
    Line::Assignment(name.to_owned(), value)
}

/// A quoted value. Single quotes keep it unchanged; double quotes allow `
/// `, `\"` and `\\`.
fn quoted(value: &str, quote: char) -> Option<String> {
    let mut text = String::new();
    let mut letters = value.chars();
    letters.next();
    loop {
        match letters.next()? {
            letter if letter == quote => break,
            '\\' if quote == '"' => match letters.next()? {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                other => text.push(other),
            },
            letter => text.push(letter),
        }
    }
    let rest = letters.as_str().trim_start();
    (rest.is_empty() || rest.starts_with('#')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(variables: &[(&str, &str)]) -> EnvSecretStore {
        EnvSecretStore::new(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    async fn get(store: &EnvSecretStore, key: &str) -> Option<String> {
        store.get("company.team", key).await.unwrap()
    }

    #[tokio::test]
    async fn the_conformance_suite_holds() {
        let variables = segue_ports::conformance::secret::SECRETS
            .map(|(key, value)| (format!("SECRET_{key}"), BASE64.encode(value)));
        segue_ports::conformance::secret::all(&EnvSecretStore::new(variables)).await.unwrap();
    }

    #[tokio::test]
    async fn base64_comes_before_plain_and_case_does_not_matter() {
        let store = store(&[
            ("SEGUE_SECRETS_PLAIN", "true"),
            ("SECRET_API_KEY", "czNjcjN0\n"),
            ("API_KEY", "plain"),
            ("Plain_Key", "value"),
            ("SECRET_UNPADDED", "YQ"),
        ]);
        assert_eq!(get(&store, "api_key").await.as_deref(), Some("s3cr3t"));
        assert_eq!(get(&store, "PLAIN_KEY").await.as_deref(), Some("value"));
        assert_eq!(get(&store, "unpadded").await.as_deref(), Some("a"));
        assert_eq!(get(&store, "absent").await, None);
    }

    #[tokio::test]
    async fn an_error_about_base64_does_not_show_the_value() {
        let store = store(&[("SECRET_BAD", "hunter2!"), ("SECRET_BYTES", "//79")]);
        for key in ["bad", "bytes"] {
            let refused = store.get("n", key).await.unwrap_err();
            assert!(matches!(refused, PortError::Invalid { .. }));
            assert!(!refused.to_string().contains("hunter2"), "{refused}");
        }
        assert!(!format!("{store:?}").contains("hunter2"));
    }

    #[tokio::test]
    async fn the_environment_wins_over_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".env");
        std::fs::write(
            &path,
            "# comment\n\nKNOWN=file\nexport PLAIN = a b # why\nDOUBLE=\"a\\n#b\" # c\nSINGLE='$x\\n'\n\
             SECRET_CODED=Yg==\nEMPTY=\nURL=http://h/#frag\n",
        )
        .unwrap();
        let known = [("KNOWN", "environment"), ("SEGUE_SECRETS_PLAIN", "true")];
        let store = store(&known).with_file(&path).unwrap();
        for (key, value) in [
            ("known", "environment"),
            ("plain", "a b"),
            ("double", "a\n#b"),
            ("single", "$x\\n"),
            ("coded", "b"),
            ("empty", ""),
            ("url", "http://h/#frag"),
        ] {
            assert_eq!(get(&store, key).await.as_deref(), Some(value), "{key}");
        }
        assert!(store.clone().with_file(&directory.path().join("none")).is_ok());
        std::fs::write(&path, "A='open\nhunter2\n=x\nB=2\n").unwrap();
        let store = store.with_file(&path).unwrap();
        assert_eq!(get(&store, "a").await, None, "what cannot be read is passed over");
        assert_eq!(get(&store, "b").await.as_deref(), Some("2"), "and the rest is read");
    }

    #[tokio::test]
    async fn settings_of_the_server_are_no_secrets_of_a_flow() {
        for plain in ["false", "true"] {
            let store = store(&[
                ("SEGUE_ENCRYPTION_KEY", "a2V5"),
                ("SEGUE_AUTH", "ada:sesame"),
                ("segue_password", "sesame"),
                ("SECRET_SEGUE_AUTH", "YQ=="),
                ("SEGUE_SECRETS_PLAIN", plain),
            ]);
            assert_eq!(store.encryption_key(), Some("a2V5"));
            for key in ["segue_encryption_key", "SEGUE_AUTH", "Segue_Password", "SEGUE_SECRETS_PLAIN"] {
                assert_eq!(get(&store, key).await, None, "{key}");
            }
            assert_eq!(store.names("any").await.unwrap(), [""; 0]);
        }
    }

    #[tokio::test]
    async fn plain_variables_are_secrets_only_where_that_was_asked_for() {
        let variables = [("AWS_SECRET_ACCESS_KEY", "key"), ("SECRET_MINE", "YQ==")];
        for (plain, found) in
            [(None, None), (Some("false"), None), (Some("1"), None), (Some("true"), Some("key"))]
        {
            let setting = plain.map(|plain| ("SEGUE_SECRETS_PLAIN", plain));
            let store = store(&variables.into_iter().chain(setting).collect::<Vec<_>>());
            assert_eq!(get(&store, "AWS_SECRET_ACCESS_KEY").await.as_deref(), found, "{plain:?}");
            assert_eq!(get(&store, "mine").await.as_deref(), Some("a"));
        }
    }

    #[test]
    fn a_setting_that_names_secrets_is_refused() {
        for good in ["true", "False", "", " "] {
            assert_eq!(EnvSecretStore::check(&Environment::from([(PLAIN, good)])), Ok(()), "{good}");
        }
        let refused = EnvSecretStore::check(&Environment::from([(PLAIN, "API_KEY,OTHER")])).unwrap_err();
        assert!(refused.to_string().contains("'API_KEY,OTHER': it must be true"), "{refused}");
    }

    #[tokio::test]
    async fn only_secrets_are_named() {
        let pairs = [("SECRET_B", "Yg=="), ("secret_a", "YQ=="), ("PATH", "/bin")];
        let store = EnvSecretStore::new(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(store.names("any").await.unwrap(), ["A", "B"]);
    }
}
