//! The crate `gcp-bigquery-client`, with Segue's identity, retries, time limit and errors around each request.
//!
//! The crate makes the requests about jobs, lists tables, and drops tables and datasets. It cannot make some
//! others, which are in `api`:
//!
//! - Rows. It cannot ask for exact times: it writes `formatOptions`, a struct, into a query string, which its HTTP
//!   client refuses (a test below). Its list of types has no RANGE, so it could not read such a column either.
//! - Datasets. Its `Dataset` has no description and no time of creation, and its list cannot be empty.
//! - Tables. Its fields have no length, precision and scale, so a `NUMERIC(10, 2)` would be a `NUMERIC`.
//! - The rows that a statement inserted, updated and deleted. Its statistics lack `dmlStats`.
//! - Uploads of files to load.
//!
//! It must not know: what answers and errors mean.

use crate::auth::{Caller, chain};
use crate::rest::{Refusal, RestError, Retries};
use async_trait::async_trait;
use gcp_bigquery_client::Client;
use gcp_bigquery_client::auth::Authenticator;
use gcp_bigquery_client::client_builder::ClientBuilder;
use gcp_bigquery_client::error::{BQError, ResponseError};
use segue_ports::PortError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// How long a request may take. None of them waits for a job.
const LIMIT: Duration = Duration::from_secs(60);

/// The crate's client, created at the first request.
pub(super) struct BigQuery {
    base: String,
    caller: Caller,
    client: OnceCell<Client>,
}

impl std::fmt::Debug for BigQuery {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("BigQuery").field("base", &self.base).finish_non_exhaustive()
    }
}

impl BigQuery {
    /// A client of the API at this address, such as `https://bigquery.googleapis.com/bigquery/v2`.
    pub(super) fn new(base: String, caller: Caller) -> Self {
        // The crate's HTTP client takes the TLS provider of the process. Another library may have set it already.
        let _set_already = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Self { base, caller, client: OnceCell::new() }
    }

    /// Makes a request until it is answered.
    ///
    /// # Errors
    /// Google's refusal, or no answer.
    pub(super) async fn ask<T, F>(&self, request: impl Fn(Client) -> F) -> Result<T, RestError>
    where
        F: Future<Output = Result<T, BQError>>,
    {
        let client = self.client.get_or_try_init(|| self.connect()).await.map_err(said)?;
        let mut retries = Retries::new();
        loop {
            let error = match tokio::time::timeout(LIMIT, request(client.clone())).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => said(error),
                Err(_) => RestError::Connection(format!("BigQuery did not answer within {LIMIT:?}")),
            };
            match retries.next(&error) {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(error),
            }
        }
    }

    async fn connect(&self) -> Result<Client, BQError> {
        let caller = Arc::new(Identity(self.caller.clone()));
        ClientBuilder::new().with_v2_base_url(self.base.clone()).build_from_authenticator(caller).await
    }
}

/// The identity of the requests, as the crate asks for it.
#[derive(Clone)]
struct Identity(Caller);

#[async_trait]
impl Authenticator for Identity {
    async fn access_token(&self) -> Result<String, BQError> {
        // The crate has no variant for foreign errors, but this one carries any error.
        let failed =
            |error: PortError| BQError::InvalidServiceAccountAuthenticator(std::io::Error::other(error));
        self.0.token().await.map_err(failed)
    }
}

/// The crate's error, as other requests to Google report it.
fn said(error: BQError) -> RestError {
    match error {
        BQError::ResponseError { error: ResponseError { error } } => {
            let detail = error.errors.into_iter().next().unwrap_or_default();
            let reason = detail.get("reason").filter(|reason| !reason.is_empty()).unwrap_or(&error.status);
            let refusal = Refusal {
                status: u16::try_from(error.code).unwrap_or(500),
                reason: reason.clone(),
                message: error.message,
                location: detail.get("location").cloned(),
                ..Refusal::default()
            };
            refusal.into()
        }
        BQError::InvalidServiceAccountAuthenticator(error) => match error.downcast::<PortError>() {
            Ok(error) => RestError::Credentials(error),
            Err(error) => RestError::Connection(error.to_string()),
        },
        // Also an answer that is not JSON, such as the page of a gateway that is out of order.
        other => RestError::Connection(chain(&other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::http::{StatusCode, Uri};
    use gcp_bigquery_client::model::data_format_options::DataFormatOptions;
    use gcp_bigquery_client::model::get_query_results_parameters::GetQueryResultsParameters;
    use google_cloud_auth::credentials::anonymous;
    use std::sync::atomic::{AtomicUsize, Ordering};

    async fn bigquery(answers: &'static [(u16, &'static str)]) -> (BigQuery, Arc<AtomicUsize>) {
        let asked = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&asked);
        let answer = move |_: Uri| {
            let (status, body) = answers[counted.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1)];
            async move { (StatusCode::from_u16(status).unwrap(), body) }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/bigquery/v2", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        let caller = Caller::new(anonymous::Builder::new().build(), "warehouse");
        (BigQuery::new(base, caller), asked)
    }

    const REFUSED: &str = r#"{"error": {"code": 404, "message": "Not found: Job p:j", "errors": [{"reason": "notFound", "location": "q"}]}}"#;

    #[tokio::test]
    async fn requests_are_repeated_only_if_this_may_help() {
        let (bigquery, asked) = bigquery(&[
            (503, r#"{"error": {"code": 503, "message": "no", "errors": [{"reason": "backendError"}]}}"#),
            (502, "<html>"),
            (404, REFUSED),
        ])
        .await;
        let error = bigquery
            .ask(|client| async move { client.job().get_job("p", "j", None).await })
            .await
            .unwrap_err();
        let refusal = error.refusal().unwrap();
        assert_eq!((refusal.status, refusal.reason.as_str()), (404, "notFound"));
        assert_eq!(
            (refusal.message.as_str(), refusal.location.as_deref()),
            ("Not found: Job p:j", Some("q"))
        );
        assert_eq!(asked.load(Ordering::SeqCst), 3);
    }

    /// Why rows are read without the crate.
    #[tokio::test]
    async fn the_crate_cannot_ask_for_exact_times() {
        let (bigquery, asked) = bigquery(&[(200, r#"{"jobComplete": true}"#)]).await;
        let parameters = |format_options| GetQueryResultsParameters { format_options, ..Default::default() };
        let client = bigquery.connect().await.unwrap();
        assert!(client.job().get_query_results("p", "j", parameters(None)).await.is_ok());
        let exact = DataFormatOptions { use_int64_timestamp: Some(true) };
        let refused = client.job().get_query_results("p", "j", parameters(Some(exact))).await.unwrap_err();
        assert!(matches!(&refused, BQError::RequestError(error) if error.is_builder()), "{refused}");
        assert_eq!(asked.load(Ordering::SeqCst), 1, "the request was not sent");
    }
}
