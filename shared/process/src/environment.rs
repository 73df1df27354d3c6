//! Decides which variables of this process its children see. A variable that looks like a secret by its name or its
//! value is hidden.
//!
//! A flow that needs more variables for a script lists them in `env`, where `secret()` is masked too. The operator of
//! the server lists variables that all scripts may see in [`PASSED_ON`].

use std::ffi::{OsStr, OsString};

/// The variable with a list of further variables for children. Names are separated by commas. A `*` at the end of a
/// name matches any ending.
pub const PASSED_ON: &str = "SEGUE_SCRIPT_ENV";

/// Prefixes of variables that belong to Segue or contain keys of a cloud.
const BEGINNINGS: [&str; 4] = ["SEGUE_", "SECRET_", "AWS_", "AZURE_"];
/// Words between underscores that show that a name is the name of a secret.
const WORDS: [&str; 22] = [
    "SECRET",
    "SECRETS",
    "TOKEN",
    "TOKENS",
    "PASSWORD",
    "PASSWORDS",
    "PASSWD",
    "PASSPHRASE",
    "PASS",
    "PWD",
    "KEY",
    "KEYS",
    "APIKEY",
    "CREDENTIAL",
    "CREDENTIALS",
    "CREDS",
    "AUTH",
    "PAT",
    "PRIVATE",
    "PGPASSWORD",
    "PGPASSFILE",
    "DSN",
];
/// Names with such a word that are not secrets: the working directories, and the socket of the SSH agent. The agent
/// does not give out its keys.
const HARMLESS: [&str; 3] = ["PWD", "OLDPWD", "SSH_AUTH_SOCK"];
/// Addresses of proxies. Scripts need them, even if they contain a user.
const PROXIES: [&str; 4] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY"];

/// The variables of this process that its children see.
#[expect(
    clippy::disallowed_methods,
    reason = "children inherit the environment as it is, also what is not UTF-8"
)]
pub fn for_children() -> Vec<(OsString, OsString)> {
    let passed_on = passed_on();
    std::env::vars_os().filter(|(name, value)| is_seen(name, value, &passed_on)).collect()
}

/// The value of one variable. `None` if it is not set, or if children do not see it.
pub fn for_child(name: &str) -> Option<OsString> {
    let value = own(name)?;
    is_seen(OsStr::new(name), &value, &passed_on()).then_some(value)
}

/// The value of one variable of this process. For example `PATH`, where this process searches programs.
#[expect(clippy::disallowed_methods, reason = "a path need not be UTF-8, so it is in no config struct")]
pub fn own(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

fn passed_on() -> String {
    own(PASSED_ON).and_then(|names| names.into_string().ok()).unwrap_or_default()
}

fn is_seen(name: &OsStr, value: &OsStr, passed_on: &str) -> bool {
    let name = name.to_string_lossy();
    let is_named = |wanted: &str| match wanted.trim().strip_suffix('*') {
        Some(beginning) => !beginning.is_empty() && name.starts_with(beginning),
        None => name == wanted.trim(),
    };
    passed_on.split(',').any(is_named) || !is_secret(&name, &value.to_string_lossy())
}

/// Whether a variable looks like a secret, by its name or its value.
fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_ascii_uppercase();
    if HARMLESS.contains(&name.as_str()) {
        return false;
    }
    BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
        || name.split('_').any(|word| WORDS.contains(&word))
        || (has_password(value) && !PROXIES.contains(&name.as_str()))
}

/// Whether an address contains a user with a password: `scheme://user:password@host`.
fn has_password(value: &str) -> bool {
    value.match_indices("://").any(|(at, mark)| {
        let rest = value.get(at + mark.len()..).unwrap_or_default();
        let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
        authority
            .rsplit_once('@')
            .is_some_and(|(user, _)| user.split_once(':').is_some_and(|(_, password)| !password.is_empty()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_with_secrets_are_hidden_from_children() {
        for name in [
            "SECRET_TOKEN",
            "SEGUE_ENCRYPTION_KEY",
            "SEGUE_AUTH",
            "SEGUE_PASSWORD",
            "SEGUE_DATA_DIR",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "GITHUB_TOKEN",
            "MYSQL_PWD",
            "PGPASSWORD",
            "OPENAI_API_KEY",
            "DB_PASSWORD",
            "db_password",
            "MY_SECRET_NAME",
            "secret_x",
            "VAULT_PASS",
        ] {
            assert!(is_secret(name, "x"), "{name}");
        }
        assert!(is_secret("DATABASE_URL", "postgres://ada:hunter2@db:5432/x"));
        assert!(is_secret("JDBC", "jdbc:postgresql://ada:p%40ss@db/x?a=b"));
    }

    #[test]
    fn variables_that_scripts_need_are_visible() {
        for name in [
            "PATH",
            "HOME",
            "USER",
            "LANG",
            "LC_ALL",
            "TZ",
            "TERM",
            "TMPDIR",
            "PWD",
            "OLDPWD",
            "SSH_AUTH_SOCK",
            "JAVA_HOME",
            "PYTHONPATH",
            "VIRTUAL_ENV",
            "LD_LIBRARY_PATH",
            "GOOGLE_CLOUD_PROJECT",
            "ENV_COMPASS",
            "DBT_PROFILES_DIR",
            "KEYBOARD",
            "MONKEY",
            "COMPASSION",
        ] {
            assert!(!is_secret(name, "/a:b@c"), "{name}");
        }
        assert!(!is_secret("https_proxy", "http://ada:hunter2@proxy:3128"));
        for value in
            ["http://host:80/a@b", "https://ada@host/", "mailto:ada@example.com", "://:@", "a://b:@c"]
        {
            assert!(!is_secret("ADDRESS", value), "{value}");
        }
    }

    #[test]
    fn listed_variables_are_passed_on() {
        let seen = |name: &str, passed_on: &str| is_seen(OsStr::new(name), OsStr::new("x"), passed_on);
        assert!(seen("AWS_PROFILE", "AWS_PROFILE"));
        assert!(seen("AWS_PROFILE", "A, AWS_*"));
        assert!(!seen("AWS_PROFILE", "AWS_PROF, B*"));
        assert!(!seen("AWS_PROFILE", "*") && !seen("AWS_PROFILE", ""), "everything is not a name");
        assert!(seen("PATH", ""));
    }
}
