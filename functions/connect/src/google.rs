//! Access tokens for requests to Google. A connector's file can ask for one only for an address of Google.

use crate::call::Call;
use segue_files::Texts;
use segue_task::TaskError;
use segue_task::google::GoogleAccount;

/// An access token with these scopes.
///
/// # Errors
/// [`TaskError::Failed`] if the credentials never get a token.
pub(crate) async fn token(call: &Call<'_>, scopes: &[String]) -> Result<String, TaskError> {
    let text = |name: &str| call.property(name).as_str().map(str::to_owned);
    let account = GoogleAccount {
        project_id: text("projectId"),
        service_account: Some(call.property("serviceAccount").clone()),
        impersonated_service_account: text("impersonatedServiceAccount"),
        scopes: Texts(scopes.to_vec()),
    };
    let token = call.context.ports().tokens.token(&account.credentials(call.context)).await?;
    Ok(token.value)
}
