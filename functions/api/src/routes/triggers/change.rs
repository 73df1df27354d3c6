//! Unlocks triggers, and pauses, resumes or cancels their backfills. Each action exists for one trigger, for several,
//! and for the triggers of a search.

use super::{SEARCH, known};
use crate::endpoint::{Endpoint, json, post, put};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::triggers::{FIELDS, select, stored, under_way, view};
use crate::request::{JsonBody, Query};
use axum::Json;
use axum::extract::State;
use segue_api_types as types;
use segue_model::backfill::{Backfill, BackfillState};
use segue_model::trigger_state::{TriggerKey, TriggerState};

/// An action on a trigger or on its backfills.
#[derive(Clone, Copy)]
pub(super) enum Change {
    Unlock,
    Pause,
    Unpause,
    Delete,
}

impl Change {
    /// The endpoints of the action: for one trigger, for several, and for a search.
    pub(super) fn endpoints(self) -> Vec<Endpoint> {
        let one = move |State(api): State<Api>, JsonBody(named): JsonBody<types::TriggerKey>| async move {
            let key = TriggerKey::from(&named);
            let state = stored(&api, &key).await?;
            if !self.run(&api, &state).await? {
                return Err(ApiError::bad_request("No backfill found"));
            }
            Answer::Ok(Json(view(&api, &stored(&api, &key).await?).await?))
        };
        let by_keys = move |State(api): State<Api>, JsonBody(named): JsonBody<Vec<types::TriggerKey>>| async move {
            let mut states = Vec::new();
            for key in known(&api, "change of triggers", named).await? {
                states.push(stored(&api, &key).await?);
            }
            self.run_all(&api, states).await
        };
        let by_query = move |State(api): State<Api>, query: Query| async move {
            let states = select(&api, &query).await?;
            self.run_all(&api, states).await
        };
        let (own, many, query, ids) = match self {
            Self::Unlock => (
                None,
                "/triggers/unlock/by-triggers",
                "/triggers/unlock/by-query",
                ["", "unlockByTriggers", "unlockByQuery"],
            ),
            Self::Pause => (
                Some(put("/triggers/backfill/pause", one)),
                "/triggers/backfill/pause/by-triggers",
                "/triggers/backfill/pause/by-query",
                ["pauseTriggerBackfill", "pauseBackfillByTriggers", "pauseBackfillByQuery"],
            ),
            Self::Unpause => (
                Some(put("/triggers/backfill/unpause", one)),
                "/triggers/backfill/unpause/by-triggers",
                "/triggers/backfill/unpause/by-query",
                ["unpauseTriggerBackfill", "unpauseBackfillByTriggers", "unpauseBackfillByQuery"],
            ),
            Self::Delete => (
                Some(post("/triggers/backfill/delete", one)),
                "/triggers/backfill/delete/by-triggers",
                "/triggers/backfill/delete/by-query",
                ["deleteTriggerBackfill", "deleteBackfillByTriggers", "deleteBackfillByQuery"],
            ),
        };
        let [id, many_id, query_id] = ids;
        let about = match self {
            Self::Unlock => "Unlocks triggers that wait for the end of an execution.",
            Self::Pause => "Pauses the running backfills of triggers.",
            Self::Unpause => "Resumes the paused backfills of triggers.",
            Self::Delete => "Cancels the unfinished backfills of triggers.",
        };
        let own =
            own.map(|endpoint| endpoint.is(id, about).body(json::<types::TriggerKey>()).refuses(&[404, 409]));
        let many = post(many, by_keys).is(many_id, about).body(json::<Vec<types::TriggerKey>>());
        let query = post(query, by_query).is(query_id, about).takes(&SEARCH).filters(FIELDS);
        own.into_iter().chain([many, query]).collect()
    }

    /// Runs the action. Returns false if there is nothing to act on.
    async fn run(self, api: &Api, state: &TriggerState) -> Answer<bool> {
        if matches!(self, Self::Unlock) {
            if state.execution_id.is_some() {
                api.scheduler.unlock(&state.key).await?;
            }
            return Ok(state.execution_id.is_some());
        }
        let wanted = |backfill: &Backfill| match self {
            Self::Pause => backfill.state == BackfillState::Running,
            Self::Unpause => backfill.state == BackfillState::Paused,
            Self::Delete | Self::Unlock => true,
        };
        let mut is_done = false;
        for backfill in under_way(api, Some(&state.key)).await?.iter().filter(|backfill| wanted(backfill)) {
            match self {
                Self::Pause => api.scheduler.pause_backfill(&backfill.id).await?,
                Self::Unpause => api.scheduler.resume_backfill(&backfill.id).await?,
                Self::Delete | Self::Unlock => api.scheduler.cancel_backfill(&backfill.id).await?,
            };
            is_done = true;
        }
        Ok(is_done)
    }

    async fn run_all(self, api: &Api, states: Vec<TriggerState>) -> Answer<Json<types::Count>> {
        let mut count = 0_u64;
        for state in states {
            count += u64::from(self.run(api, &state).await?);
        }
        Ok(Json(types::Count { count }))
    }
}
