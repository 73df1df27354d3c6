//! How the server is: the state store, what waits, what is late, and what was given up.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use jiff::SignedDuration;
use segue_api_types as types;
use segue_model::state::State;
use segue_ports::schedule::TriggerFilter;
use segue_ports::state::ExecutionFilter;
use std::time::Instant;

/// How late a trigger is before it is reported.
const GRACE: SignedDuration = SignedDuration::from_secs(60);

/// The report. It says what it can if the store is down.
pub(crate) async fn report(api: &Api) -> types::HealthReport {
    let now = api.now();
    let mut report = types::HealthReport {
        status: types::HealthStatus::Up,
        reason: None,
        read_ms: None,
        now,
        version: api.version.clone(),
        is_local: api.has_local_warehouse,
        running: 0,
        queued: 0,
        late: Vec::new(),
        topics: None,
        dead_letters: None,
    };
    let checked = api.health.check(api.state(), now).await;
    if let Err(reason) = checked {
        (report.status, report.reason) = (types::HealthStatus::Down, Some(reason));
    } else if let Err(error) = fill(api, &mut report).await {
        (report.status, report.reason) = (types::HealthStatus::Down, Some(error.message().to_owned()));
    }
    report
}

async fn fill(api: &Api, report: &mut types::HealthReport) -> Answer<()> {
    let begun = Instant::now();
    api.state().count_flows().await?;
    report.read_ms = Some(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
    for (state, count) in [(State::Running, &mut report.running), (State::Queued, &mut report.queued)] {
        let filter = ExecutionFilter { states: vec![state], ..ExecutionFilter::default() };
        *count = api.state().count_executions(&filter).await?;
    }
    let since = report.now.saturating_sub(GRACE).map_err(ApiError::argument)?;
    for trigger in api.state().triggers(&TriggerFilter::default()).await? {
        if let Some(due) = trigger.next_execution_date.filter(|due| *due < since && !trigger.disabled) {
            let key = types::TriggerKey {
                namespace: trigger.key.namespace,
                flow_id: trigger.key.flow_id,
                trigger_id: trigger.key.trigger_id,
            };
            report.late.push(types::LateTrigger { key, due });
        }
    }
    let topics = api.ports.bus.backlog().await?;
    report.topics = topics.map(|topics| {
        let topics = topics.into_iter();
        topics
            .map(|topic| types::TopicBacklog { topic: topic.topic, due: topic.due, later: topic.later })
            .collect()
    });
    report.dead_letters = api.ports.bus.letters().await?.map(|letters| letters.len() as u64);
    Ok(())
}

/// The messages that were given up, oldest first.
pub(crate) async fn dead_letters(api: &Api) -> Answer<Vec<types::DeadLetter>> {
    let letters = api.ports.bus.letters().await?.ok_or_else(|| {
        ApiError::not_found("A list of dead letters (Pub/Sub delivers them to the service, which logs them)")
    })?;
    let letters = letters.into_iter().map(|letter| types::DeadLetter {
        id: letter.id,
        topic: letter.topic,
        body: letter.body,
        deliveries: letter.deliveries,
        reason: letter.reason,
        since: letter.since,
    });
    Ok(letters.collect())
}
