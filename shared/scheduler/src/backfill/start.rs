//! Starts backfills: for a caller, who gets an error, or for a message, with a refusal that is stored.

use crate::error::SchedulerError;
use crate::scheduler::Scheduler;
use segue_model::backfill::{Backfill, BackfillRequest, BackfillState};
use segue_model::id::friendly_id;
use segue_model::trigger_state::TriggerKey;
use segue_ports::PortError;
use segue_ports::schedule::Versioned;
use std::collections::BTreeMap;

/// The largest length of an id.
const LONGEST_ID: usize = 100;

impl Scheduler {
    /// Starts a backfill and returns its record. If the id exists, the existing record is returned. Without
    /// an id, repeating the request during the backfill returns the same backfill, and after its end starts a
    /// new one.
    ///
    /// # Errors
    /// [`SchedulerError::NotFound`] if there is no such flow or trigger. [`SchedulerError::Invalid`] if the
    /// request is invalid. [`SchedulerError::IllegalState`] if the flow is disabled.
    pub async fn start_backfill(&self, request: BackfillRequest) -> Result<Backfill, SchedulerError> {
        let id = match &request.id {
            Some(_) => id_of(&request, 0)?,
            None => self.free_id(&request).await?,
        };
        self.start(id, &request).await
    }

    /// Starts a backfill for a message. A message that is delivered twice starts one backfill. An invalid
    /// request is stored as REFUSED, with the reason.
    pub(crate) async fn take_backfill(&self, request: BackfillRequest) -> Result<(), PortError> {
        let started = match id_of(&request, 0) {
            Ok(id) => self.start(id, &request).await,
            Err(error) => Err(error),
        };
        match started {
            Ok(_) => Ok(()),
            Err(SchedulerError::Port(error)) if error.is_transient() => Err(error),
            Err(why) => self.refuse(&request, &why.to_string()).await,
        }
    }

    /// The first id that follows from a request and does not belong to a backfill that has ended.
    async fn free_id(&self, request: &BackfillRequest) -> Result<String, SchedulerError> {
        let mut count = 0;
        loop {
            let id = id_of(request, count)?;
            match self.ports().state.backfill(&id).await? {
                Some(known) if known.value.state.is_terminal() => count += 1,
                _ => return Ok(id),
            }
        }
    }

    async fn start(&self, id: String, request: &BackfillRequest) -> Result<Backfill, SchedulerError> {
        if let Some(Versioned { value: known, .. }) = self.ports().state.backfill(&id).await? {
            self.recover_backfill(&id).await?;
            return Ok(self.ports().state.backfill(&id).await?.map_or(known, |known| known.value));
        }
        let asked = self.asked_for(request).await?;
        if asked.flow.disabled {
            return Err(SchedulerError::IllegalState(format!(
                "flow {}.{} is disabled",
                request.namespace, request.flow_id
            )));
        }
        let total = self.count_slots(request).await?;
        let now = self.now();
        let next = asked.calendar.first_from(asked.start).filter(|slot| *slot <= asked.end);
        let backfill = Backfill {
            id: id.clone(),
            trigger: asked.trigger,
            start: asked.start,
            end: asked.end,
            inputs: request.inputs.clone(),
            labels: request.labels.clone(),
            mode: request.mode,
            max_active: request.max_active,
            state: BackfillState::Running,
            message: None,
            total,
            next,
            active: Vec::new(),
            ended: BTreeMap::new(),
            created: now,
            updated: now,
        };
        match self.ports().state.put_backfill(&backfill, 0).await {
            Ok(_) | Err(PortError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        self.advance(&id).await?;
        Ok(self.ports().state.backfill(&id).await?.map_or(backfill, |known| known.value))
    }

    pub(crate) async fn refuse(&self, request: &BackfillRequest, why: &str) -> Result<(), PortError> {
        tracing::warn!(flow = %format!("{}.{}", request.namespace, request.flow_id), "a backfill is refused: {why}");
        let now = self.now();
        let trigger = request.trigger_id.clone().unwrap_or_default();
        let id = id_of(request, 0).unwrap_or_else(|_| derived(request, 0));
        let backfill = Backfill {
            id,
            trigger: TriggerKey::new(&request.namespace, &request.flow_id, trigger),
            start: now,
            end: now,
            inputs: request.inputs.clone(),
            labels: request.labels.clone(),
            mode: request.mode,
            max_active: request.max_active,
            state: BackfillState::Refused,
            message: Some(why.to_owned()),
            total: 0,
            next: None,
            active: Vec::new(),
            ended: BTreeMap::new(),
            created: now,
            updated: now,
        };
        match self.ports().state.put_backfill(&backfill, 0).await {
            Ok(_) | Err(PortError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The id in the request, or the id that follows from the request when it is made for the `count`th time.
fn id_of(request: &BackfillRequest, count: u32) -> Result<String, SchedulerError> {
    let Some(id) = &request.id else { return Ok(derived(request, count)) };
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if id.is_empty() || id.len() > LONGEST_ID || !id.chars().all(is_plain) {
        return Err(SchedulerError::Invalid(format!(
            "'{id}' is not the id of a backfill: write up to {LONGEST_ID} letters, digits, '-', '_' and '.'"
        )));
    }
    Ok(id.clone())
}

fn derived(request: &BackfillRequest, count: u32) -> String {
    let text = serde_json::to_string(request).unwrap_or_default();
    friendly_id(&["backfill-request", &text, &count.to_string()])
}
