//! What a list of flows adds to each flow: its newest executions, and what its triggers do next.
//!
//! Both are read once for the whole page, and only if the request asks for them.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::triggers;
use crate::request::Query;
use crate::view::flow::flow;
use segue_api_types as types;
use segue_model::execution::Execution;
use segue_ports::schedule::TriggerFilter;
use segue_ports::state::{FlowName, StoredFlow};
use std::collections::{HashMap, HashSet};

/// The values of the parameter `with`.
pub(crate) const PARTS: &[&str] = &["history", "triggers"];
/// The largest number of executions of a flow.
const HISTORY: u32 = 20;
/// The largest number of flows of a page with executions. A larger page would read more than 10,000 executions.
const MOST_FLOWS: usize = 500;

/// What a list adds to its flows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct With {
    history: bool,
    triggers: bool,
}

impl With {
    pub(super) fn from_query(query: &Query) -> Answer<Self> {
        let mut with = Self::default();
        for part in query.all("with").flat_map(|text| text.split(',')).filter(|text| !text.is_empty()) {
            match part {
                "history" => with.history = true,
                "triggers" => with.triggers = true,
                other => {
                    return Err(ApiError::argument(format!(
                        "with is '{other}': {} is expected",
                        PARTS.join(" or ")
                    )));
                }
            }
        }
        Ok(with)
    }

    /// The flows of a page with what the request asks for.
    pub(super) async fn listed(self, api: &Api, page: &[StoredFlow]) -> Answer<Vec<types::ListedFlow>> {
        if self.history && page.len() > MOST_FLOWS {
            return Err(ApiError::argument(format!(
                "size: a page with history has at most {MOST_FLOWS} flows, and this one has {}",
                page.len()
            )));
        }
        let mut history = if self.history { histories(api, page).await? } else { Vec::new() }.into_iter();
        let flows: Vec<types::Flow> = page.iter().map(flow).collect();
        // A page without triggers needs no state of one.
        let has_triggers = flows.iter().any(|flow| flow.triggers.is_some());
        let mut states =
            if self.triggers && has_triggers { triggers_of(api, page).await? } else { HashMap::new() };
        let listed = flows.into_iter().zip(page).map(|(flow, stored)| types::ListedFlow {
            flow,
            latest_executions: history.next(),
            trigger_states: self.triggers.then(|| states.remove(&name(stored)).unwrap_or_default()),
        });
        Ok(listed.collect())
    }
}

fn name(stored: &StoredFlow) -> FlowName {
    FlowName { namespace: stored.namespace.clone(), id: stored.id.clone() }
}

async fn histories(api: &Api, page: &[StoredFlow]) -> Answer<Vec<Vec<types::ListedRun>>> {
    let names: Vec<FlowName> = page.iter().map(name).collect();
    let found = api.state().newest_executions(&names, HISTORY).await?;
    Ok(found.iter().map(|each| each.iter().map(run).collect()).collect())
}

fn run(execution: &Execution) -> types::ListedRun {
    let state = execution.state.current();
    types::ListedRun {
        id: execution.id.to_string(),
        state,
        start_date: execution.state.start_date(),
        end_date: execution.state.end_date().filter(|_| state.is_terminal()),
    }
}

async fn triggers_of(api: &Api, page: &[StoredFlow]) -> Answer<HashMap<FlowName, Vec<types::TriggerHit>>> {
    let names: HashSet<FlowName> = page.iter().map(name).collect();
    let mut states = api.state().triggers(&TriggerFilter::default()).await?;
    states.retain(|state| {
        let key = &state.key;
        names.contains(&FlowName { namespace: key.namespace.clone(), id: key.flow_id.clone() })
    });
    let mut found: HashMap<FlowName, Vec<types::TriggerHit>> = HashMap::new();
    for hit in triggers::hits(api, states).await? {
        let of = &hit.trigger_context;
        let of = FlowName { namespace: of.namespace.clone(), id: of.flow_id.clone() };
        found.entry(of).or_default().push(hit);
    }
    Ok(found)
}
