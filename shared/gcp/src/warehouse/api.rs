//! The requests to BigQuery's REST API. Each is counted. The crate makes those it can (`client`).
//!
//! It must not know: what answers and errors mean. To add a request: a method of [`Api`].

use super::client::BigQuery;
use super::counts::Counters;
use super::wire::{self, Dataset, Datasets, QueryResults, QueryStatistics, Table};
use crate::auth::Caller;
use crate::rest::{Pieces, Request, Rest, RestError, Session};
use futures::StreamExt as _;
use gcp_bigquery_client::Client;
use gcp_bigquery_client::model::job::Job;
use gcp_bigquery_client::model::job_list::JobList;
use gcp_bigquery_client::model::job_list_jobs::JobListJobs;
use gcp_bigquery_client::model::job_list_parameters::{JobListParameters, Projection};
use gcp_bigquery_client::model::job_reference::JobReference;
use gcp_bigquery_client::model::table_list::TableList;
use gcp_bigquery_client::table::ListOptions;
use reqwest::Method;
use segue_ports::PortError;
use segue_ports::object::ByteStream;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const ADDRESS: &str = "https://bigquery.googleapis.com";
const PATH: &str = "/bigquery/v2";
/// The largest page of a list. Google may return less.
const PAGE: u32 = 1000;

/// BigQuery, with one identity and one project.
#[derive(Debug)]
pub(super) struct Api {
    bigquery: BigQuery,
    rest: Rest,
    /// For files that are loaded.
    uploads: Rest,
    project: String,
    counters: Arc<Counters>,
}

impl Api {
    /// # Errors
    /// [`PortError`] for an invalid address of an emulator.
    pub(super) fn new(
        emulator: Option<&str>,
        caller: Caller,
        project: String,
        counters: Arc<Counters>,
    ) -> Result<Self, PortError> {
        let address = emulator.unwrap_or(ADDRESS);
        let base = format!("{address}{PATH}");
        let rest = Rest::new(&base, caller.clone(), super::PORT)?;
        let uploads = rest.at(&format!("{address}/upload{PATH}"), super::PORT)?;
        Ok(Self { bigquery: BigQuery::new(base, caller), rest, uploads, project, counters })
    }

    /// The project of requests that name none.
    pub(super) fn project(&self) -> &str {
        &self.project
    }

    pub(super) fn counters(&self) -> &Counters {
        &self.counters
    }

    fn request<'a>(&self, method: Method, project: &'a str, rest: &[&'a str]) -> Request<'_> {
        self.counters.asked();
        self.rest.request(method, ["projects", project].into_iter().chain(rest.iter().copied()))
    }

    /// Starts a job.
    pub(super) async fn insert(&self, project: &str, job: &Job) -> Result<Job, RestError> {
        self.counters.asked();
        let ask = |client: Client| async move { client.job().insert(project, job.clone()).await };
        self.bigquery.ask(ask).await
    }

    /// Starts a job with a configuration that the crate's types cannot describe.
    pub(super) async fn insert_json(
        &self,
        project: &str,
        configuration: &Value,
        job: &JobReference,
    ) -> Result<Job, RestError> {
        let body = json!({"configuration": configuration, "jobReference": job});
        self.request(Method::POST, project, &["jobs"]).json(&body)?.send().await
    }

    /// Starts a job that loads these bytes.
    pub(super) async fn upload(
        &self,
        project: &str,
        configuration: &Value,
        job: &JobReference,
        bytes: ByteStream,
    ) -> Result<Job, RestError> {
        self.counters.asked();
        let body = json!({"configuration": configuration, "jobReference": job});
        let announce = self.uploads.post(["projects", project, "jobs"]).query("uploadType", "resumable");
        let session = Session::begin(&self.uploads, announce.json(&body)?).await?;
        let mut pieces = Pieces::new(bytes);
        loop {
            let piece = pieces.next().await.map_err(RestError::Credentials)?;
            if let Some(job) = session.send(&piece, None).await? {
                return Ok(job);
            }
        }
    }

    /// A job.
    pub(super) async fn job(&self, job: &JobReference) -> Result<Job, RestError> {
        self.counters.asked();
        let (project, id) = (text(&job.project_id), text(&job.job_id));
        let ask =
            |client: Client| async move { client.job().get_job(project, id, job.location.as_deref()).await };
        self.bigquery.ask(ask).await
    }

    /// Asks for the end of a job.
    pub(super) async fn cancel(&self, job: &JobReference) -> Result<(), RestError> {
        self.counters.asked();
        let (project, id) = (text(&job.project_id), text(&job.job_id));
        let ask = |client: Client| async move {
            client.job().cancel_job(project, id, job.location.as_deref()).await
        };
        self.bigquery.ask(ask).await.map(|_| ())
    }

    /// The statements of a script, the last first. For a very long script, the last thousand. The list of jobs covers
    /// all locations: the request has no parameter for one, and Google may refuse a request with an unknown parameter.
    pub(super) async fn children(&self, script: &JobReference) -> Result<Vec<JobListJobs>, RestError> {
        self.counters.asked();
        let parameters = JobListParameters {
            parent_job_id: script.job_id.clone(),
            projection: Some(Projection::Full),
            max_results: Some(PAGE),
            ..JobListParameters::default()
        };
        let ask = |client: Client| {
            let parameters = parameters.clone();
            async move {
                let pages = client.job().get_job_list(text(&script.project_id), Some(parameters));
                std::pin::pin!(pages).next().await.unwrap_or_else(|| Ok(JobList::default()))
            }
        };
        Ok(self.bigquery.ask(ask).await?.jobs.unwrap_or_default())
    }

    /// The statistics of a query that the crate's types lack.
    pub(super) async fn query_statistics(&self, job: &JobReference) -> Result<QueryStatistics, RestError> {
        let found: wire::Job = self
            .request(Method::GET, text(&job.project_id), &["jobs", text(&job.job_id)])
            .query_if("location", job.location.as_deref())
            .query("fields", "statistics/query/dmlStats")
            .send()
            .await?;
        Ok(found.statistics.query)
    }

    /// Checks the statements of a job that is not run. The crate cannot read the schema of each result.
    pub(super) async fn dry_run(
        &self,
        project: &str,
        configuration: &Value,
        job: &JobReference,
    ) -> Result<(Job, QueryStatistics), RestError> {
        let body = json!({"configuration": configuration, "jobReference": job});
        let said: Value = self.request(Method::POST, project, &["jobs"]).json(&body)?.send().await?;
        let unreadable = |error: serde_json::Error| {
            RestError::Unreadable(format!("the answer to a dry run cannot be read: {error}"))
        };
        let own: wire::Job = serde_json::from_value(said.clone()).map_err(unreadable)?;
        let mut plain = said;
        if let Some(query) = plain.pointer_mut("/statistics/query").and_then(Value::as_object_mut) {
            query.remove("schema");
        }
        Ok((serde_json::from_value(plain).map_err(unreadable)?, own.statistics.query))
    }

    /// Rows of a job that has ended, or, after the timeout, the answer that the job is not done.
    pub(super) async fn results(
        &self,
        job: &JobReference,
        most: u64,
        page: Option<&str>,
        patience: Duration,
    ) -> Result<QueryResults, RestError> {
        self.request(Method::GET, text(&job.project_id), &["queries", text(&job.job_id)])
            .query_if("location", job.location.as_deref())
            .query("maxResults", &most.to_string())
            .query_if("pageToken", page)
            .query("timeoutMs", &patience.as_millis().to_string())
            // A TIMESTAMP as a double, which is the default, is not exact.
            .query("formatOptions.useInt64Timestamp", "true")
            .send()
            .await
    }

    pub(super) async fn create_dataset(&self, project: &str, body: &Value) -> Result<Dataset, RestError> {
        self.request(Method::POST, project, &["datasets"]).json(body)?.send().await
    }

    pub(super) async fn dataset(&self, project: &str, dataset: &str) -> Result<Dataset, RestError> {
        self.request(Method::GET, project, &["datasets", dataset]).send().await
    }

    pub(super) async fn change_dataset(
        &self,
        project: &str,
        dataset: &str,
        body: &Value,
    ) -> Result<Dataset, RestError> {
        self.request(Method::PATCH, project, &["datasets", dataset]).json(body)?.send().await
    }

    pub(super) async fn delete_dataset(
        &self,
        project: &str,
        dataset: &str,
        contents: bool,
    ) -> Result<(), RestError> {
        self.counters.asked();
        let ask = |client: Client| async move { client.dataset().delete(project, dataset, contents).await };
        self.bigquery.ask(ask).await
    }

    pub(super) async fn datasets(&self, page: Option<&str>) -> Result<Datasets, RestError> {
        self.request(Method::GET, &self.project, &["datasets"])
            .query("maxResults", &PAGE.to_string())
            .query_if("pageToken", page)
            .send()
            .await
    }

    /// The names and kinds of tables, a page at a time.
    pub(super) async fn tables(
        &self,
        project: &str,
        dataset: &str,
        page: Option<&str>,
    ) -> Result<TableList, RestError> {
        self.counters.asked();
        let ask = |client: Client| async move {
            let options = ListOptions::default().max_results(u64::from(PAGE));
            let options = match page {
                Some(page) => options.page_token(page.to_owned()),
                None => options,
            };
            client.table().list(project, dataset, options).await
        };
        self.bigquery.ask(ask).await
    }

    pub(super) async fn table(&self, project: &str, dataset: &str, table: &str) -> Result<Table, RestError> {
        self.request(Method::GET, project, &["datasets", dataset, "tables", table]).send().await
    }

    pub(super) async fn delete_table(
        &self,
        project: &str,
        dataset: &str,
        table: &str,
    ) -> Result<(), RestError> {
        self.counters.asked();
        let ask = |client: Client| async move { client.table().delete(project, dataset, table).await };
        self.bigquery.ask(ask).await
    }
}

/// A text that Google always sends.
pub(super) fn text(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}
