//! The accounts of command-line programs: properties of the task in, environment variables out.

use schemars::JsonSchema;
use serde::Deserialize;

/// What a program learns about an account.
pub(super) trait Account {
    /// Environment variables. Secrets are only here, because no list of processes shows them.
    fn env(&self) -> Vec<(&'static str, String)>;

    /// Lines of the shell that run first. They name secrets by their variables.
    fn before(&self) -> Vec<&'static str> {
        Vec::new()
    }
}

fn given<const N: usize>(pairs: [(&'static str, &Option<String>); N]) -> Vec<(&'static str, String)> {
    let given = |(name, value): (&'static str, &Option<String>)| {
        value.as_ref().filter(|value| !value.is_empty()).map(|value| (name, value.clone()))
    };
    pairs.into_iter().filter_map(given).collect()
}

/// The type has no properties for an account: people use `env`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct NoAccount {}

impl Account for NoAccount {
    fn env(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// An account of Amazon Web Services.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Aws {
    /// The id of the access key.
    access_key_id: Option<String>,
    /// The secret of the access key.
    secret_key_id: Option<String>,
    /// The token of a session, with a temporary key.
    session_token: Option<String>,
    /// The region, as in `eu-central-1`.
    region: Option<String>,
    /// The URL of a service that speaks the same protocol.
    endpoint_override: Option<String>,
    /// `json`, `yaml`, `text` or `table`. Default: `json`.
    output_format: Option<String>,
}

impl Account for Aws {
    fn env(&self) -> Vec<(&'static str, String)> {
        given([
            ("AWS_ACCESS_KEY_ID", &self.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", &self.secret_key_id),
            ("AWS_SESSION_TOKEN", &self.session_token),
            ("AWS_DEFAULT_REGION", &self.region),
            ("AWS_ENDPOINT_URL", &self.endpoint_override),
            ("AWS_DEFAULT_OUTPUT", &self.output_format),
        ])
    }
}

/// An account of Microsoft Azure.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Azure {
    /// The name of the user, or the id of the service principal.
    username: Option<String>,
    /// The password, or the secret of the service principal.
    password: Option<String>,
    /// The tenant.
    tenant: Option<String>,
    /// Whether the account is a service principal. Default: false.
    service_principal: bool,
}

impl Account for Azure {
    fn env(&self) -> Vec<(&'static str, String)> {
        given([
            ("AZURE_USER", &self.username),
            ("AZURE_PASSWORD", &self.password),
            ("AZURE_TENANT", &self.tenant),
        ])
    }

    fn before(&self) -> Vec<&'static str> {
        match (&self.username, self.service_principal) {
            (None, _) => Vec::new(),
            (Some(_), true) => vec![
                "az login --output none --service-principal -u \"$AZURE_USER\" -p \"$AZURE_PASSWORD\" --tenant \"$AZURE_TENANT\"",
            ],
            (Some(_), false) => vec![
                "az login --output none -u \"$AZURE_USER\" -p \"$AZURE_PASSWORD\" ${AZURE_TENANT:+--tenant \"$AZURE_TENANT\"}",
            ],
        }
    }
}

/// An account of Google Cloud.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Google {
    /// The key of a service account, as JSON. Default: the account of the platform.
    service_account: Option<String>,
    /// The project.
    project_id: Option<String>,
}

impl Account for Google {
    fn env(&self) -> Vec<(&'static str, String)> {
        given([
            ("CLOUDSDK_CORE_PROJECT", &self.project_id),
            ("GOOGLE_CLOUD_PROJECT", &self.project_id),
            ("SERVICE_ACCOUNT_KEY", &self.service_account),
        ])
    }

    fn before(&self) -> Vec<&'static str> {
        if self.service_account.as_ref().is_none_or(String::is_empty) {
            return Vec::new();
        }
        // The file is outside the working directory, so that no glob of output files matches the key.
        vec![
            "GOOGLE_APPLICATION_CREDENTIALS=$(umask 077; mktemp)",
            "export GOOGLE_APPLICATION_CREDENTIALS CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE=\"$GOOGLE_APPLICATION_CREDENTIALS\"",
            "trap 'rm -f \"$GOOGLE_APPLICATION_CREDENTIALS\"' EXIT",
            "printf %s \"$SERVICE_ACCOUNT_KEY\" > \"$GOOGLE_APPLICATION_CREDENTIALS\"; unset SERVICE_ACCOUNT_KEY",
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn azure_logs_in_with_variables() {
        let account = |more: serde_json::Value| serde_json::from_value::<Azure>(more).unwrap();
        let principal =
            account(json!({"username": "u", "password": "p", "tenant": "t", "servicePrincipal": true}));
        assert_eq!(
            principal.before(),
            [
                "az login --output none --service-principal -u \"$AZURE_USER\" -p \"$AZURE_PASSWORD\" --tenant \"$AZURE_TENANT\""
            ]
        );
        assert_eq!(principal.env().len(), 3);
        assert!(account(json!({"username": "u"})).before()[0].contains("${AZURE_TENANT:+"));
        assert!(account(json!({})).before().is_empty());
    }
}
