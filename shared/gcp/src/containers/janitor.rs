//! Removes jobs that are not used any more. A region has at most 1,000 jobs.
//!
//! The number of jobs grows only when a job is created. So the janitor works before a job is created, at most once an
//! hour in a process. The service that creates jobs may delete them; no other service needs that right.

use super::spec::{self, OWNER};
use super::{CloudRunJobs, id, present};
use google_cloud_run_v2::model::Job;
use google_cloud_wkt::Timestamp;
use segue_ports::{Clock as _, PortError, SystemClock};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A shared job that nobody used for this long is removed.
const UNUSED: Duration = Duration::from_secs(30 * 24 * 3600);
/// A job for one container is removed with the container. A job that is older than this was left by a crash: no
/// container runs for more than 7 days.
const LEFT: Duration = Duration::from_secs(8 * 24 * 3600);
/// Beyond this number of jobs, those that nobody used for the longest time are removed sooner.
const MOST: usize = 500;
/// A job that was used within this time is never removed.
const FRESH: Duration = LEFT;
/// The time between two rounds of a process.
const ROUND: Duration = Duration::from_secs(3600);
/// The most jobs that one round removes. A container waits for the round.
const PER_ROUND: usize = 50;
/// The number of jobs in one answer.
const PAGE: i32 = 500;

/// The time of the last round.
#[derive(Debug, Default)]
pub(super) struct Janitor(Mutex<Option<Instant>>);

impl Janitor {
    /// Whether a round is due. The next round is due an hour later.
    fn is_due(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| last.elapsed() >= ROUND);
        if is_due {
            *last = Some(Instant::now());
        }
        is_due
    }
}

/// A job with the time of its last use.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Used {
    name: String,
    /// Seconds since the last execution began, or since the job was created.
    idle: u64,
}

impl CloudRunJobs {
    /// Removes jobs that are not used any more, if a round is due. A failure is logged: the container does not depend on
    /// the janitor.
    pub(super) async fn tidy(&self) {
        if !self.janitor.is_due() {
            return;
        }
        match self.remove_unused(SystemClock.now().as_second()).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "removed Cloud Run jobs that were not used any more"),
            Err(error) => tracing::warn!(%error, "unused Cloud Run jobs could not be removed"),
        }
    }

    /// Removes jobs that are not used any more, and returns their number. `now` is in seconds since 1970.
    async fn remove_unused(&self, now: i64) -> Result<usize, PortError> {
        let mut jobs = Vec::new();
        let mut page = String::new();
        loop {
            let listed =
                self.jobs.list_jobs().set_parent(&self.parent).set_page_size(PAGE).set_page_token(&page);
            let Some(listed) = present(listed.send().await, &self.parent)? else { break };
            let own = listed.jobs.iter().filter(|job| {
                job.delete_time.is_none()
                    && job
                        .labels
                        .get(OWNER)
                        .is_some_and(|owner| *owner == spec::label(&self.surroundings.owner))
            });
            jobs.extend(own.map(|job| used(job, now)));
            if listed.next_page_token.is_empty() {
                break;
            }
            page = listed.next_page_token;
        }
        let unused = unused(jobs);
        for job in &unused {
            self.known.remove(&job.name);
            self.delete(&job.name).await?;
        }
        Ok(unused.len())
    }
}

fn used(job: &Job, now: i64) -> Used {
    let last = job.latest_created_execution.as_ref().and_then(|execution| execution.create_time);
    let last = last.or(job.create_time).map_or(now, |time: Timestamp| time.seconds());
    Used { name: job.name.clone(), idle: u64::try_from(now - last).unwrap_or_default() }
}

/// The jobs to remove.
fn unused(mut jobs: Vec<Used>) -> Vec<Used> {
    jobs.sort_by_key(|job| std::cmp::Reverse(job.idle));
    let surplus = jobs.len().saturating_sub(MOST);
    let is_unused = |(at, job): (usize, Used)| {
        let limit = if spec::is_shared(id(&job.name)) { UNUSED } else { LEFT };
        let too_many = at < surplus && job.idle > FRESH.as_secs();
        (too_many || job.idle > limit.as_secs()).then_some(job)
    };
    jobs.into_iter().enumerate().filter_map(is_unused).take(PER_ROUND).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 3600;

    fn job(id: &str, days: u64) -> Used {
        Used { name: format!("projects/p/locations/r/jobs/{id}"), idle: days * DAY }
    }

    #[test]
    fn jobs_that_nobody_uses_are_removed() {
        let jobs = vec![
            job("segue-shared-old", 31),
            job("segue-shared-used", 29),
            job("segue-left", 9),
            job("segue-running", 7),
        ];
        let names: Vec<String> = unused(jobs).iter().map(|job| id(&job.name).to_owned()).collect();
        assert_eq!(names, ["segue-shared-old", "segue-left"]);
    }

    #[test]
    fn beyond_a_number_the_longest_unused_jobs_are_removed_sooner() {
        let mut jobs: Vec<Used> = (0..MOST - 1).map(|at| job(&format!("segue-shared-{at}"), 10)).collect();
        assert!(unused(jobs.clone()).is_empty());
        jobs.extend([job("segue-shared-a", 12), job("segue-shared-b", 11), job("segue-shared-c", 0)]);
        let names: Vec<String> = unused(jobs).iter().map(|job| id(&job.name).to_owned()).collect();
        assert_eq!(names, ["segue-shared-a", "segue-shared-b"]);
        let busy: Vec<Used> = (0..MOST + 100).map(|at| job(&format!("segue-shared-{at}"), 8)).collect();
        assert!(unused(busy).is_empty(), "a container may still run in a job that was used a week ago");
    }
}
