//! Triggers with their states, and Kestra's endpoints for the backfill of a trigger (docs/kestra.md 6.5). Segue's own
//! endpoints for backfills are in `backfills`.

mod change;
mod update;

use super::flows::PAGE;
use crate::endpoint::{Content, Endpoint, Kind, Param, delete, get, json, post, put};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries;
use crate::queries::triggers::{DATES, FIELDS};
use crate::request::Query;
use crate::view::csv;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use change::Change;
use segue_api_types as types;
use segue_model::trigger_state::TriggerKey;

const SEARCH: [Param; 5] = [
    Param::new("q", Kind::Text, "Only triggers with this text in `namespace.flow.trigger`."),
    Param::new("namespace", Kind::Text, "Only this namespace and the namespaces below it."),
    Param::new("flowId", Kind::Text, "Only this flow."),
    Param::new("triggerId", Kind::Text, "Only the trigger with this id."),
    Param::new(
        "dateFilter",
        Kind::OneOf(DATES),
        "The date that filters on `startDate`, `endDate` and `timeRange` are about. Default: the next fire time.",
    ),
];

pub(super) fn endpoints() -> Vec<Endpoint> {
    let key = "/triggers/{namespace}/{flowId}/{triggerId}";
    let mut all = vec![
        get("/triggers/search", search)
            .is("searchTriggers", "Searches triggers, with their states.")
            .takes(&PAGE)
            .takes(&SEARCH)
            .filters(FIELDS),
        get("/triggers/export/by-query/csv", table)
            .is("exportTriggers", "Returns the triggers of a search as a table.")
            .takes(&SEARCH)
            .filters(FIELDS)
            .answers(Content::Csv),
        put("/triggers/set-disabled", update::switch_one)
            .is("setDisabled", "Enables or disables a trigger.")
            .body(json::<types::TriggerSwitch>())
            .refuses(&[404, 409]),
        put("/triggers/backfill/create", update::create_backfill)
            .is("createTriggerBackfill", "Starts a backfill of a trigger.")
            .body(json::<types::TriggerBackfillRequest>())
            .refuses(&[404, 409]),
        delete("/triggers/delete/by-triggers", update::remove_all)
            .is("deleteTriggers", "Deletes the states of triggers that their flows no longer have.")
            .body(json::<Vec<types::TriggerKey>>()),
        delete("/triggers/delete/by-query", update::remove_found)
            .is("deleteTriggersByQuery", "Deletes the states of triggers that their flows no longer have.")
            .takes(&SEARCH)
            .filters(FIELDS)
            .maybe_body(json::<types::Filters>()),
        get("/triggers/{namespace}/{flowId}", of_flow)
            .is("triggers", "Lists the states of the triggers of a flow.")
            .takes(&PAGE)
            .takes(&[Param::new("q", Kind::Text, "Only triggers with this text in their id.")]),
        get("/schedule/next", next).is("nextDates", "Lists the next fire times of a cron expression.").takes(
            &[
                Param::new("cron", Kind::Text, "The cron expression.").required(),
                Param::new("timezone", Kind::Text, "The time zone. Default: UTC."),
                Param::new("withSeconds", Kind::Flag, "Whether the expression begins with seconds."),
                Param::new("count", Kind::Number(1), "How many fire times, at most 100. Default: 5."),
                Param::new("after", Kind::Date, "Only fire times after this date. Default: now."),
            ],
        ),
        put("/triggers", update::update)
            .is("updateTrigger", "Enables or disables a trigger, or starts a backfill of the trigger.")
            .body(json::<types::TriggerUpdate>())
            .refuses(&[404, 409]),
        post("/triggers/{namespace}/{flowId}/{triggerId}/unlock", update::unlock)
            .is("unlockTrigger", "Unlocks a trigger that waits for the end of an execution.")
            .refuses(&[404, 409]),
        post("/triggers/{namespace}/{flowId}/{triggerId}/restart", update::restart)
            .is("restartTrigger", "Unlocks a trigger. A trigger that is not locked stays as it is.")
            .refuses(&[404, 409]),
        delete(key, update::remove)
            .is("deleteTrigger", "Deletes the state of a trigger that its flow no longer has.")
            .answers_code(204)
            .refuses(&[404, 409]),
        post("/triggers/set-disabled/by-triggers", update::set_disabled)
            .is("setDisabledByTriggers", "Enables or disables triggers.")
            .body(json::<types::SetDisabled>()),
        post("/triggers/set-disabled/by-query", update::set_disabled_by_query)
            .is("setDisabledByQuery", "Enables or disables triggers.")
            .takes(&[Param::new(
                "disabled",
                Kind::Flag,
                "`true` disables the triggers, `false` enables them.",
            )
            .required()])
            .takes(&SEARCH)
            .filters(FIELDS),
    ];
    for change in [Change::Unlock, Change::Pause, Change::Unpause, Change::Delete] {
        all.extend(change.endpoints());
    }
    all
}

async fn search(State(api): State<Api>, query: Query) -> Answer<Json<types::Page<types::TriggerHit>>> {
    queries::triggers::search(&api, &query).await.map(Json)
}

/// A table of the triggers of a search.
async fn table(State(api): State<Api>, query: Query) -> Answer<Response> {
    csv::answer("triggers.csv", &queries::triggers::COLUMNS, queries::triggers::rows(&api, &query).await?)
}

async fn next(State(api): State<Api>, query: Query) -> Answer<Json<types::NextDates>> {
    queries::schedules::next(&query, api.now()).map(Json)
}

async fn of_flow(
    State(api): State<Api>,
    Path((namespace, flow_id)): Path<(String, String)>,
    query: Query,
) -> Answer<Json<types::Page<types::Trigger>>> {
    queries::triggers::of_flow(&api, namespace, flow_id, &query).await.map(Json)
}

/// The keys of triggers. Refuses the request if a trigger does not exist.
async fn known(api: &Api, action: &str, triggers: Vec<types::TriggerKey>) -> Answer<Vec<TriggerKey>> {
    let mut invalids = Vec::new();
    let keys: Vec<TriggerKey> = triggers.iter().map(TriggerKey::from).collect();
    for key in &keys {
        if api.state().trigger(key).await?.is_none() {
            invalids.push((key.to_string(), "trigger not found".to_owned()));
        }
    }
    if invalids.is_empty() { Ok(keys) } else { Err(ApiError::bulk(action, invalids)) }
}
