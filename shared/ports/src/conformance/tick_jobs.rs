//! What every [`TickJobs`] must do. There must be no jobs before the checks; they leave none.

use crate::error::PortError;
use crate::tick_jobs::{JobMade, TickJob, TickJobs};
use segue_model::trigger_state::TriggerKey;

/// Runs every check.
pub async fn all(jobs: &dyn TickJobs) -> Result<(), PortError> {
    a_trigger_has_one_job(jobs).await?;
    triggers_with_similar_names_have_their_own_jobs(jobs).await?;
    a_cron_that_no_job_can_follow_leaves_no_job(jobs).await
}

fn job(key: &TriggerKey, cron: &str, time_zone: Option<&str>) -> TickJob {
    TickJob { key: key.clone(), cron: cron.to_owned(), time_zone: time_zone.map(str::to_owned) }
}

/// A job is made once, changed, and deleted once.
pub async fn a_trigger_has_one_job(jobs: &dyn TickJobs) -> Result<(), PortError> {
    let key = TriggerKey::new("company.team", "taxi_04", "monthly");
    assert!(!jobs.delete(&key).await?, "there is none yet");
    let daily = job(&key, "@daily", None);
    let later = job(&key, "30 9 1 * *", Some("Europe/Paris"));
    for each in [&daily, &daily, &later, &later, &daily] {
        assert_eq!(jobs.put(each).await?, JobMade::Yes, "{each:?}");
        assert_eq!(jobs.keys().await?, std::slice::from_ref(&key));
    }
    assert!(jobs.delete(&key).await?);
    assert!(!jobs.delete(&key).await?, "it is gone already");
    assert_eq!(jobs.keys().await?, []);
    Ok(())
}

/// Keys that differ only in their separators have different jobs, and all of them are listed.
pub async fn triggers_with_similar_names_have_their_own_jobs(jobs: &dyn TickJobs) -> Result<(), PortError> {
    let mut keys: Vec<TriggerKey> =
        [("a.b", "c", "d"), ("a-b", "c", "d"), ("a", "b--c", "d"), ("a", "b", "c--d")]
            .map(|(namespace, flow, trigger)| TriggerKey::new(namespace, flow, trigger))
            .into();
    keys.sort();
    for key in &keys {
        assert_eq!(jobs.put(&job(key, "0 * * * *", Some("UTC"))).await?, JobMade::Yes, "{key}");
    }
    assert_eq!(jobs.keys().await?, keys);
    for key in &keys {
        assert!(jobs.delete(key).await?, "{key}");
    }
    Ok(())
}

/// A schedule with seconds has no job. The job of its former cron is deleted.
pub async fn a_cron_that_no_job_can_follow_leaves_no_job(jobs: &dyn TickJobs) -> Result<(), PortError> {
    let key = TriggerKey::new("company", "often", "seconds");
    assert_eq!(jobs.put(&job(&key, "* * * * *", None)).await?, JobMade::Yes);
    let made = jobs.put(&job(&key, "*/10 * * * * *", None)).await?;
    assert!(matches!(made, JobMade::No(_)), "{made:?}");
    assert_eq!(jobs.keys().await?, []);
    Ok(())
}
