//! On whose behalf a flow wants something done.

use std::fmt;

/// On whose behalf, and for which project, a flow wants something done: what a task's `projectId`,
/// `serviceAccount`, `impersonatedServiceAccount` and `scopes` say (docs/kestra.md 4.6). All of it empty stands
/// for the service itself. The local platform has no accounts and does everything itself.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Credentials {
    /// The project that is asked and billed; that of the deployment where it is missing.
    pub project: Option<String>,
    /// The content of a service account's key, JSON; secret.
    pub service_account: Option<String>,
    /// The e-mail of a service account to act as.
    pub impersonate: Option<String>,
    /// What the credentials are asked for, as URLs; everything (`cloud-platform`) where it is empty.
    pub scopes: Vec<String>,
}

impl Credentials {
    /// Whether they are those of the service itself.
    pub fn is_ambient(&self) -> bool {
        *self == Self::default()
    }
}

/// Without the key.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("project", &self.project)
            .field("service_account", &self.service_account.as_ref().map(|_| "******"))
            .field("impersonate", &self.impersonate)
            .field("scopes", &self.scopes)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_not_shown() {
        let credentials = Credentials {
            service_account: Some("{\"private_key\": \"abc\"}".to_owned()),
            ..Credentials::default()
        };
        assert!(!format!("{credentials:?}").contains("abc"));
        assert!(!credentials.is_ambient() && Credentials::default().is_ambient());
    }
}
