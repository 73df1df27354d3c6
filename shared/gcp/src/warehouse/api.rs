//! The requests to BigQuery's REST API. Each is counted.
//!
//! It must not know: what answers and errors mean. To add a request: a method of [`Api`].

use super::counts::Counters;
use super::wire::{Dataset, Datasets, Job, JobReference, Jobs, QueryResults, Table, Tables};
use crate::auth::Caller;
use crate::rest::{Request, Rest, RestError};
use reqwest::Method;
use segue_ports::PortError;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

const ADDRESS: &str = "https://bigquery.googleapis.com";
const PATH: &str = "/bigquery/v2";
/// The largest page of a list. Google may return less.
const PAGE: &str = "1000";

/// BigQuery, with one identity and one project.
#[derive(Debug)]
pub(super) struct Api {
    rest: Rest,
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
        let base = format!("{}{PATH}", emulator.unwrap_or(ADDRESS));
        Ok(Self { rest: Rest::new(&base, caller, super::PORT)?, project, counters })
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

    pub(super) async fn insert(&self, project: &str, body: &Value) -> Result<Job, RestError> {
        self.request(Method::POST, project, &["jobs"]).json(body)?.send().await
    }

    pub(super) async fn job(&self, job: &JobReference) -> Result<Job, RestError> {
        self.request(Method::GET, &job.project_id, &["jobs", &job.job_id])
            .query_if("location", job.location.as_deref())
            .send()
            .await
    }

    pub(super) async fn cancel(&self, job: &JobReference) -> Result<(), RestError> {
        self.request(Method::POST, &job.project_id, &["jobs", &job.job_id, "cancel"])
            .query_if("location", job.location.as_deref())
            .done()
            .await
    }

    /// The statements of a script, the last first. For a very long script, the last thousand. The list of jobs covers
    /// all locations: the request has no parameter for one, and Google may refuse a request with an unknown parameter.
    pub(super) async fn children(&self, script: &JobReference) -> Result<Vec<Job>, RestError> {
        let page: Jobs = self
            .request(Method::GET, &script.project_id, &["jobs"])
            .query("parentJobId", &script.job_id)
            .query("projection", "full")
            .query("maxResults", PAGE)
            .send()
            .await?;
        Ok(page.jobs)
    }

    /// Rows of a job that has ended, or, after the timeout, the answer that the job is not done.
    pub(super) async fn results(
        &self,
        job: &JobReference,
        most: u64,
        page: Option<&str>,
        patience: Duration,
    ) -> Result<QueryResults, RestError> {
        self.request(Method::GET, &job.project_id, &["queries", &job.job_id])
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
        self.request(Method::DELETE, project, &["datasets", dataset])
            .query("deleteContents", if contents { "true" } else { "false" })
            .done()
            .await
    }

    pub(super) async fn datasets(&self, page: Option<&str>) -> Result<Datasets, RestError> {
        self.request(Method::GET, &self.project, &["datasets"])
            .query("maxResults", PAGE)
            .query_if("pageToken", page)
            .send()
            .await
    }

    pub(super) async fn tables(
        &self,
        project: &str,
        dataset: &str,
        page: Option<&str>,
    ) -> Result<Tables, RestError> {
        self.request(Method::GET, project, &["datasets", dataset, "tables"])
            .query("maxResults", PAGE)
            .query_if("pageToken", page)
            .send()
            .await
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
        self.request(Method::DELETE, project, &["datasets", dataset, "tables", table]).done().await
    }
}
