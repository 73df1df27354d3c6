//! Basic authentication.

use std::fmt;
use subtle::ConstantTimeEq as _;

/// The user who may use the API.
#[derive(Clone)]
pub struct BasicAuth {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
}

/// A user name without a password, or a password without a user name.
#[derive(Debug, thiserror::Error)]
#[error("SEGUE_USERNAME and SEGUE_PASSWORD must be set together")]
pub struct HalfSet;

impl fmt::Debug for BasicAuth {
    /// Prints the user name, never the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BasicAuth").field("username", &self.username).finish_non_exhaustive()
    }
}

impl BasicAuth {
    /// Reads `SEGUE_USERNAME` and `SEGUE_PASSWORD`. None if neither is set.
    ///
    /// # Errors
    /// An error if only the user name or only the password is set. The server must not start without the protection
    /// that its operator wants.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, HalfSet> {
        let read = |name: &str| variable(name).filter(|value| !value.is_empty());
        match (read("SEGUE_USERNAME"), read("SEGUE_PASSWORD")) {
            (Some(username), Some(password)) => Ok(Some(Self { username, password })),
            (None, None) => Ok(None),
            _ => Err(HalfSet),
        }
    }

    /// Whether the text is `name:password`. The comparison takes the same time for every wrong text of the
    /// same length.
    pub(super) fn is(&self, given: &[u8]) -> bool {
        let expected = format!("{}:{}", self.username, self.password);
        given.ct_eq(expected.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_names_both_or_neither() {
        let read = |pairs: &[(&str, &str)]| {
            BasicAuth::from_variables(|name| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(read(&[]).unwrap().is_none());
        assert_eq!(read(&[("SEGUE_USERNAME", "a"), ("SEGUE_PASSWORD", "b")]).unwrap().unwrap().username, "a");
        assert!(read(&[("SEGUE_USERNAME", "a")]).is_err() && read(&[("SEGUE_PASSWORD", "b")]).is_err());
    }

    #[test]
    fn only_the_right_name_and_password_are_admitted() {
        let auth = BasicAuth { username: "a@b.c".to_owned(), password: "p:w ü".to_owned() };
        assert!(auth.is("a@b.c:p:w ü".as_bytes()));
        for wrong in ["a@b.c:p:w", "a@b.c:", ":p:w ü", "", "a@b.c:p:w ü "] {
            assert!(!auth.is(wrong.as_bytes()), "{wrong}");
        }
        assert!(!format!("{auth:?}").contains("p:w"));
    }
}
