//! `gcp.auth.OauthAccessToken`: an access token of Google for later tasks.

use schemars::JsonSchema;
use segue_model::Json;
use segue_task::google::GoogleAccount;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Fetches an access token of Google, for requests to Google's services. The token is masked in the log, and encrypted in
/// the outputs: expressions read it as any other output.
///
/// A deployed service does not hand out a token of its own account. Set `serviceAccount` or
/// `impersonatedServiceAccount` there.
///
/// ```yaml
/// id: token
/// type: io.kestra.plugin.gcp.auth.OauthAccessToken
/// serviceAccount: "{{ secret('GCP_SERVICE_ACCOUNT') }}"
/// scopes:
///   - https://www.googleapis.com/auth/cloud-platform
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct OauthAccessToken {
    #[serde(flatten)]
    account: GoogleAccount,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The token.
    access_token: AccessToken,
}

/// A token with its scopes.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AccessToken {
    /// The token itself, for the header field `Authorization: Bearer …`.
    #[schemars(with = "String")]
    token_value: Json,
    /// The end of its validity. Absent if Google does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_time: Option<String>,
    /// The scopes of the token.
    scopes: Vec<String>,
}

impl Task for OauthAccessToken {
    const TYPE: &'static str = "io.kestra.plugin.gcp.auth.OauthAccessToken";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let credentials = self.account.credentials(context);
        let token = context.ports().tokens.token_for_flow(&credentials).await?;
        Ok(Output {
            access_token: AccessToken {
                token_value: context.sealed(&token.value)?,
                expiration_time: token.expires.map(|time| time.to_string()),
                scopes: credentials.scopes,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use async_trait::async_trait;
    use segue_ports::tokens::{AccessToken, Tokens};
    use segue_ports::{Credentials, PortError};
    use serde_json::json;
    use std::sync::Arc;

    const TYPE: &str = "io.kestra.plugin.gcp.auth.OauthAccessToken";

    /// Tokens that name the account they are for.
    struct Named;

    #[async_trait]
    impl Tokens for Named {
        async fn token(&self, _: &Credentials) -> Result<AccessToken, PortError> {
            Err(PortError::invalid("a flow must ask with token_for_flow"))
        }

        async fn token_for_flow(&self, asked: &Credentials) -> Result<AccessToken, PortError> {
            let account = asked.impersonate.as_deref().unwrap_or("own");
            let expires = Some("2030-01-01T00:00:00Z".parse().unwrap());
            Ok(AccessToken { value: format!("token-of-{account}"), expires })
        }
    }

    #[tokio::test]
    async fn the_token_is_an_encrypted_output() {
        let mut platform = Platform::new();
        platform.with_tokens(Arc::new(Named));
        let properties = json!({"impersonatedServiceAccount": "loader", "scopes": ["https://www.googleapis.com/auth/bigquery"]});
        let outputs = platform.run(TYPE, properties).await.outputs();
        let token = &outputs["accessToken"];
        assert_eq!(token["expirationTime"], "2030-01-01T00:00:00Z");
        assert_eq!(token["scopes"], json!(["https://www.googleapis.com/auth/bigquery"]));
        assert!(!token.to_string().contains("token-of"), "{token}");
        let mut clear = token.clone();
        platform.ports.cipher.open(&mut clear, &mut |_| {}).unwrap();
        assert_eq!(clear["tokenValue"], "token-of-loader");
    }

    #[tokio::test]
    async fn without_a_source_of_tokens_the_error_says_so() {
        let error = Platform::new().run(TYPE, json!({})).await.error();
        assert!(error.contains("no client for Google's access tokens"), "{error}");
    }
}
