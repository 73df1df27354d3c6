//! The identity that a flow uses for a request to the platform.

use std::fmt;

/// The identity and the project of a request, as a task sets them with `projectId`, `serviceAccount`,
/// `impersonatedServiceAccount` and `scopes` (docs/kestra.md 4.6). If all fields are empty, the service uses
/// its own identity. The local platform has no accounts and ignores the identity.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Credentials {
    /// The project that is used and billed. None: the project of the deployment.
    pub project: Option<String>,
    /// The key of a service account, as JSON text. This is a secret.
    pub service_account: Option<String>,
    /// The e-mail address of a service account to act as. None: no impersonation.
    pub impersonate: Option<String>,
    /// The scopes to ask for, as URLs. Empty: all of `cloud-platform`.
    pub scopes: Vec<String>,
}

impl Credentials {
    /// Whether the service uses its own identity and project.
    pub fn is_ambient(&self) -> bool {
        *self == Self::default()
    }
}

/// Prints everything but the key.
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
