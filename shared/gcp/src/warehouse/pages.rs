//! The rows of a job, a page at a time. At most one page is in memory.
//!
//! It must not know: which statement made the rows, or who reads them.

use super::api::{Api, text};
use super::decode;
use super::error::of_request;
use super::wire::{QueryResults, Schema};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use gcp_bigquery_client::model::job_reference::JobReference;
use segue_ports::warehouse::{RowStream, WarehouseError};
use std::sync::Arc;
use std::time::Duration;

/// The number of rows requested at once. A row in memory takes about ten times its bytes on the wire, and a service
/// works on many jobs at a time. BigQuery also limits the bytes of a page.
const PAGE: u64 = 5_000;
/// How long a finished job may take to return its rows.
const HAND_OVER: Duration = Duration::from_secs(10);

/// The rows of a job, and what is known about them.
pub(super) struct Found {
    pub(super) schema: Schema,
    /// The number of rows of the job, also of those beyond the limit.
    pub(super) total: u64,
    pub(super) rows: RowStream,
}

/// The next page to ask for.
struct Next {
    api: Arc<Api>,
    job: JobReference,
    schema: Arc<Schema>,
    token: Option<String>,
    left: u64,
}

/// The rows of a job, at most `limit`. The first page is read at once.
pub(super) async fn rows(
    api: &Arc<Api>,
    job: &JobReference,
    limit: Option<u64>,
) -> Result<Found, WarehouseError> {
    let limit = limit.unwrap_or(u64::MAX);
    let mut page = ask(api, job, limit, None).await?;
    let schema = Arc::new(std::mem::take(&mut page.schema));
    let total = page.total_rows.unwrap_or_default();
    let next = Next {
        api: Arc::clone(api),
        job: job.clone(),
        schema: Arc::clone(&schema),
        token: None,
        left: limit,
    };
    let pages = stream::unfold((Some(next), Some(page)), |(next, page)| async move {
        let next = next?;
        let page = match page {
            Some(page) => Ok(page),
            None => ask(&next.api, &next.job, next.left, next.token.as_deref()).await,
        };
        let page = match page {
            Ok(page) => page,
            Err(error) => return Some((Err(error), (None, None))),
        };
        let schema = Arc::clone(&next.schema);
        let wanted = page.rows.into_iter().take(usize::try_from(next.left).unwrap_or(usize::MAX));
        let rows: Vec<_> = wanted.collect();
        let left = next.left - rows.len() as u64;
        let token = page.page_token.filter(|token| !token.is_empty() && !rows.is_empty() && left > 0);
        let after = token.map(|token| Next { token: Some(token), left, ..next });
        // A row is decoded when it is read.
        let rows = stream::iter(rows.into_iter().map(move |row| Ok(decode::row(&schema, row))));
        Some((Ok(rows), (after, None)))
    });
    let schema = Schema::clone(&schema);
    Ok(Found { schema, total, rows: pages.try_flatten().boxed() })
}

async fn ask(
    api: &Api,
    job: &JobReference,
    left: u64,
    token: Option<&str>,
) -> Result<QueryResults, WarehouseError> {
    let page = api.results(job, left.min(PAGE), token, HAND_OVER).await.map_err(of_request)?;
    if !page.job_complete {
        return Err(WarehouseError::Unavailable {
            message: format!("the job {} has ended and does not hand over its rows", text(&job.job_id)),
        });
    }
    Ok(page)
}
