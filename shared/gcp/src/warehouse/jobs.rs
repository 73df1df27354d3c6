//! Runs a job to its result, and finds it again by its id.
//!
//! The caller chooses the id of the job, so two deliveries of one message request the same job. A failed job keeps its
//! id, and BigQuery accepts no second job with this id. If the failure was not caused by the job, the next try is
//! `<id>_2`, then `<id>_3`. Every caller with the id looks for these ids in this order. A script is not tried again if
//! one of its statements has changed something, because this statement would run twice.
//!
//! It must not know: how rows are decoded (`decode`), what is sent (`request`).

use super::api::{Api, text};
use super::error::{is_passing, of_job, of_request};
use super::outcome::{Outcome, number, of_query};
use super::{decode, outcome, pages, request};
use crate::rest::RestError;
use futures::TryStreamExt as _;
use gcp_bigquery_client::model::job::Job;
use gcp_bigquery_client::model::job_configuration::JobConfiguration;
use gcp_bigquery_client::model::job_reference::JobReference;
use gcp_bigquery_client::model::job_status::JobStatus;
use segue_ports::object::ByteStream;
use segue_ports::random_name;
use segue_ports::warehouse::{QueryJob, QueryResult, Rows, WarehouseError};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The number of ids that are tried for one job before its failure is returned.
const TRIES: u32 = 8;
/// The first pause before a job is looked at again. Most jobs end within a second.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest pause. A look is a short request: BigQuery allows 300 requests at a time for an account, so requests
/// that wait for the end of a job would block other jobs.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What a job does.
pub(super) enum Work<'a> {
    Query(&'a QueryJob),
    /// A copy or an extract.
    Plain(Box<JobConfiguration>),
    /// A configuration that the crate's types cannot describe.
    Json(Value),
    /// A load of a file, which is uploaded with its job.
    Upload(Value, &'a (dyn Fn() -> ByteStream + Send + Sync)),
}

/// A job to run.
pub(super) struct Asked<'a> {
    /// Empty: a job that nobody looks for.
    pub(super) id: &'a str,
    pub(super) project: &'a str,
    pub(super) location: Option<String>,
    pub(super) patience: Option<Duration>,
    pub(super) work: Work<'a>,
}

impl Asked<'_> {
    /// Starts the job under this id.
    async fn start(&self, api: &Api, id: &str) -> Result<Result<Job, RestError>, WarehouseError> {
        let reference = reference(self.project, id, self.location.clone());
        Ok(match &self.work {
            Work::Query(job) => {
                let configuration = request::query(job, self.project)?;
                api.insert_json(self.project, &configuration, &reference).await
            }
            Work::Plain(configuration) => {
                api.insert(self.project, &request::job(JobConfiguration::clone(configuration), reference))
                    .await
            }
            Work::Json(configuration) => api.insert_json(self.project, configuration, &reference).await,
            Work::Upload(configuration, open) => {
                api.upload(self.project, configuration, &reference, open()).await
            }
        })
    }

    /// Whether a job under the same id can be this one. The id follows from an attempt, which has one job of each
    /// kind. The text of a query is not compared: a later delivery may render another text, for example another
    /// `uuid()`.
    fn can_be(&self, found: &Job) -> bool {
        let Some(configuration) = &found.configuration else { return false };
        match &self.work {
            Work::Query(_) => configuration.query.is_some(),
            Work::Plain(own) => {
                own.copy.is_some() == configuration.copy.is_some()
                    && own.extract.is_some() == configuration.extract.is_some()
            }
            Work::Json(_) | Work::Upload(..) => configuration.load.is_some(),
        }
    }
}

/// A job that was started, now or earlier.
pub(super) struct Begun {
    pub(super) job: Job,
    /// Whether it had succeeded earlier.
    pub(super) from_record: bool,
}

/// The state of an id.
enum Found {
    Begun(Box<Begun>),
    /// Its job failed for a transient reason.
    UsedUp(WarehouseError),
}

/// Runs a job, or answers it from its record. The requested rows are in the result.
pub(super) async fn query(api: &Arc<Api>, job: &QueryJob) -> Result<QueryResult, WarehouseError> {
    let Rows { mut result, stream } = stream(api, job).await?;
    result.rows = stream.try_collect().await?;
    Ok(result)
}

/// Runs a job, or answers it from its record. The rows are read when the stream is.
pub(super) async fn stream(api: &Arc<Api>, job: &QueryJob) -> Result<Rows, WarehouseError> {
    let project = job.project.as_deref().unwrap_or(api.project());
    if job.dry_run {
        let reference = JobReference { job_id: None, ..reference(project, "", job.location.clone()) };
        let (said, own) =
            api.dry_run(project, &request::query(job, project)?, &reference).await.map_err(of_request)?;
        return Ok(outcome::of_dry_run(&said, &own).into());
    }
    let asked = Asked {
        id: &job.job_id,
        project,
        location: job.location.clone(),
        patience: job.patience,
        work: Work::Query(job),
    };
    let Begun { job: ended, from_record } = ended(api, &asked).await?;
    if !from_record {
        api.counters().billed(number(&of_query(&ended).total_bytes_billed).unwrap_or_default());
    }
    let Outcome { result, rows_of } = outcome::of_job(api, ended).await?;
    let mut result = QueryResult { from_record, ..result };
    let Some(rows_of) = rows_of else { return Ok(result.into()) };
    let found = pages::rows(api, &rows_of, job.max_results).await?;
    result.schema = decode::columns(&found.schema);
    result.total_rows = found.total;
    if job.destination_table.is_some() {
        result.affected_rows = Some(found.total);
    }
    Ok(Rows { result, stream: found.rows })
}

/// The job when it has succeeded.
pub(super) async fn ended(api: &Api, asked: &Asked<'_>) -> Result<Begun, WarehouseError> {
    let deadline = asked.patience.map(|patience| Instant::now() + patience);
    let begun = begin(api, asked).await?;
    if is_done(begun.job.status.as_ref()) {
        return Ok(begun);
    }
    let ended = wait(api, &begun.job.job_reference.clone().unwrap_or_default(), deadline).await?;
    match of_job(ended.status.as_ref()) {
        Some(failure) => Err(failure),
        None => Ok(Begun { job: ended, ..begun }),
    }
}

/// Cancels a job, under the id of its running try.
pub(super) async fn cancel(api: &Api, job: &QueryJob) -> Result<(), WarehouseError> {
    if job.job_id.is_empty() {
        return Ok(());
    }
    let project = job.project.as_deref().unwrap_or(api.project());
    for id in ids(&job.job_id) {
        let reference = reference(project, &id, job.location.clone());
        let found = match api.job(&reference).await {
            Ok(found) => found,
            Err(error) if error.is_status(404) => return Ok(()),
            Err(error) => return Err(of_request(error)),
        };
        if !is_done(found.status.as_ref()) {
            return api.cancel(&found.job_reference.unwrap_or(reference)).await.map_err(of_request);
        }
        if !is_passing(found.status.as_ref()) {
            return Ok(());
        }
    }
    Ok(())
}

/// The ids of a job, in the order of trying.
fn ids(id: &str) -> impl Iterator<Item = String> {
    let first = id.to_owned();
    (1..=TRIES).map(move |number| if number == 1 { first.clone() } else { format!("{first}_{number}") })
}

fn reference(project: &str, id: &str, location: Option<String>) -> JobReference {
    JobReference { project_id: Some(project.to_owned()), job_id: Some(id.to_owned()), location }
}

fn is_done(status: Option<&JobStatus>) -> bool {
    status.is_some_and(|status| status.state.as_deref() == Some("DONE"))
}

/// Starts the job under the first free id, unless a job under one of the ids runs or has succeeded.
async fn begin(api: &Api, asked: &Asked<'_>) -> Result<Begun, WarehouseError> {
    // A job without an id gets a random one. Otherwise a repeated request would start it twice.
    let id = match asked.id {
        "" => format!("segue_{}", random_name()),
        id => id.to_owned(),
    };
    let mut last = None;
    for id in ids(&id) {
        match under(api, asked, &id).await? {
            Found::Begun(begun) => return Ok(*begun),
            Found::UsedUp(failure) => last = Some(failure),
        }
    }
    Err(last.unwrap_or(WarehouseError::Unavailable { message: format!("no id was left for the job {id}") }))
}

async fn under(api: &Api, asked: &Asked<'_>, id: &str) -> Result<Found, WarehouseError> {
    let project = asked.project;
    if matches!(asked.work, Work::Upload(..)) {
        // A file is sent again only if the job is not there.
        match api.job(&reference(project, id, asked.location.clone())).await {
            Ok(found) => return known(api, asked, id, found).await,
            Err(error) if error.is_status(404) => {}
            Err(error) => return Err(of_request(error)),
        }
    }
    let error = match asked.start(api, id).await? {
        Ok(begun) => {
            api.counters().began();
            let failure = of_job(begun.status.as_ref()).filter(|_| is_done(begun.status.as_ref()));
            return match failure {
                Some(failure) => Err(failure),
                None => Ok(Found::Begun(Box::new(Begun { job: begun, from_record: false }))),
            };
        }
        Err(error) if error.is_status(409) => error,
        Err(error) => return Err(of_request(error)),
    };
    let location = asked.location.clone().or_else(|| location_in(&error.to_string(), project, id));
    let found = api.job(&reference(project, id, location)).await.map_err(of_request)?;
    known(api, asked, id, found).await
}

/// What to do about a job that is there under an id.
async fn known(api: &Api, asked: &Asked<'_>, id: &str, found: Job) -> Result<Found, WarehouseError> {
    if !asked.can_be(&found) {
        return Err(WarehouseError::AlreadyExists {
            what: "Job".to_owned(),
            name: format!("{}:{id}", asked.project),
        });
    }
    let Some(failure) = of_job(found.status.as_ref()) else {
        let from_record = is_done(found.status.as_ref());
        return Ok(Found::Begun(Box::new(Begun { job: found, from_record })));
    };
    if !is_passing(found.status.as_ref()) {
        return Err(failure);
    }
    if has_changed_something(api, &found).await? {
        return Err(WarehouseError::Conflict {
            message: format!("the script failed after some of its statements were done: {failure}"),
            hint: Some(
                "run the task again if they may run twice, or put each into a task of its own".to_owned(),
            ),
        });
    }
    Ok(Found::UsedUp(failure))
}

/// The location in `Already Exists: Job project:location.id`, for a job without a requested location.
fn location_in(message: &str, project: &str, id: &str) -> Option<String> {
    let (_, rest) = message.split_once(&format!("{project}:"))?;
    let (location, _) = rest.split_once(&format!(".{id}"))?;
    (!location.is_empty() && !location.contains(' ')).then(|| location.to_owned())
}

/// Whether an executed statement of a failed script has changed something.
async fn has_changed_something(api: &Api, script: &Job) -> Result<bool, WarehouseError> {
    let children = script.statistics.as_ref().and_then(|statistics| number(&statistics.num_child_jobs));
    if children.unwrap_or_default() == 0 {
        return Ok(false);
    }
    let reference = script.job_reference.clone().unwrap_or_default();
    let children = api.children(&reference).await.map_err(of_request)?;
    Ok(children.iter().any(|child| {
        let query = child.statistics.as_ref().and_then(|statistics| statistics.query.as_ref());
        let kind = query.and_then(|query| query.statement_type.as_deref());
        let status = child.status.as_ref();
        is_done(status)
            && status.is_none_or(|status| status.error_result.is_none())
            && kind.is_some_and(|kind| kind != "SELECT")
    }))
}

/// Waits for the end of a job, successful or not, and returns the ended job.
async fn wait(api: &Api, job: &JobReference, deadline: Option<Instant>) -> Result<Job, WarehouseError> {
    let mut pause = PAUSE;
    loop {
        let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
        tokio::time::sleep(left.map_or(pause, |left| left.min(pause))).await;
        let found = api.job(job).await.map_err(of_request)?;
        if is_done(found.status.as_ref()) {
            return Ok(found);
        }
        if deadline.is_some_and(|end| end <= Instant::now()) {
            return Err(WarehouseError::StillRunning { job_id: text(&job.job_id).to_owned() });
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_is_there_says_where() {
        let message = "Already Exists: Job my-p:europe-west1.segue_1";
        assert_eq!(location_in(message, "my-p", "segue_1").as_deref(), Some("europe-west1"));
        assert_eq!(location_in("Already Exists: Job my-p:segue_1", "my-p", "segue_1"), None);
    }

    #[test]
    fn ids_follow_from_the_first() {
        let ids: Vec<_> = ids("a").collect();
        assert_eq!((ids.len(), ids[0].as_str(), ids[1].as_str()), (8, "a", "a_2"));
    }
}
