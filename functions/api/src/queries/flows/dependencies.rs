//! Finds the flows that depend on each other by a Subflow task, a ForEachItem task, or a Flow trigger.

use crate::error::Answer;
use crate::parts::Api;
use segue_api_types as types;
use segue_model::Json as Value;
use segue_model::flow::Flow;
use segue_model::task::{FlowableKind, Subflow, TaskKind};
use segue_ports::PortError;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A flow's namespace and id.
type Name = (String, String);

/// The flow that runs first, the flow that runs next, and the relation of the two flows.
type Edge = (Name, Name, &'static str);

/// The flows that a flow calls and, unless only called flows are wanted, the flows that call it. With `all`, also the
/// flows that depend on these flows.
pub(crate) async fn of_flow(
    api: &Api,
    namespace: String,
    id: String,
    only_called: bool,
    all: bool,
) -> Answer<types::Dependencies> {
    api.flow(&namespace, &id, None).await?;
    let own = (namespace, id);
    let Known { edges, flows } = known(api).await?;
    let found = reached(&edges, &own, only_called, all);
    Ok(view(found, Some(own), &flows))
}

/// The flow itself, and the flows of [`of_flow`].
pub(crate) async fn around(
    api: &Api,
    own: (String, String),
    only_called: bool,
    all: bool,
) -> Answer<BTreeSet<(String, String)>> {
    let found = reached(&known(api).await?.edges, &own, only_called, all);
    Ok(found.into_iter().flat_map(|(from, to, _)| [from, to]).chain([own]).collect())
}

/// The edges at a flow. With `all`, also the edges at the other ends of these edges, and so on.
fn reached(edges: &BTreeSet<Edge>, own: &Name, only_called: bool, all: bool) -> Vec<Edge> {
    let mut found: BTreeSet<Edge> = BTreeSet::new();
    let mut seen = BTreeSet::from([own.clone()]);
    let mut next = vec![own.clone()];
    while let Some(flow) = next.pop() {
        for edge in edges {
            let (from, to, _) = edge;
            if *from == flow || (!only_called && *to == flow) {
                found.insert(edge.clone());
                let other = if *from == flow { to } else { from };
                if all && seen.insert(other.clone()) {
                    next.push(other.clone());
                }
            }
        }
    }
    found.into_iter().collect()
}

/// The dependencies of the flows of a namespace, also on flows of other namespaces. With `only_called`, only what the
/// flows of the namespace call.
pub(crate) async fn of_namespace(
    api: &Api,
    namespace: &str,
    only_called: bool,
) -> Answer<types::Dependencies> {
    let Known { edges, flows } = known(api).await?;
    let is_near = |(from, to, _): &Edge| from.0 == namespace || (!only_called && to.0 == namespace);
    Ok(view(edges.into_iter().filter(is_near).collect(), None, &flows))
}

/// What is known of all flows.
struct Known {
    /// The edges that flows name. The other end of an edge may not exist.
    edges: BTreeSet<Edge>,
    /// The flows that exist, also those that can no longer run.
    flows: BTreeSet<Name>,
}

async fn known(api: &Api) -> Answer<Known> {
    let mut edges = BTreeSet::new();
    let (plans, flows) = all(api).await?;
    for flow in plans {
        let own = (flow.namespace.clone(), flow.id.clone());
        flow.walk(&mut |task| {
            if let TaskKind::Flowable(flowable) = &task.kind {
                let called: Option<&Subflow> = match &flowable.kind {
                    FlowableKind::Subflow(called) => Some(called),
                    FlowableKind::ForEachItem(items) => Some(&items.subflow),
                    _ => None,
                };
                // The name in an expression is unknown before the flow runs.
                if let Some(called) =
                    called.filter(|called| !called.namespace.contains('{') && !called.flow_id.contains('{'))
                {
                    let to = (called.namespace.clone(), called.flow_id.clone());
                    edges.insert((own.clone(), to, "FLOW_TASK"));
                }
            }
        });
        for trigger in &flow.triggers {
            let preconditions = trigger.properties.get("preconditions").and_then(|given| given.get("flows"));
            let waited_for = preconditions.and_then(Value::as_array).into_iter().flatten();
            for waited in trigger.conditions.iter().chain(waited_for) {
                let text = |key: &str| waited.get(key).and_then(Value::as_str).map(str::to_owned);
                if let (Some(namespace), Some(id)) = (text("namespace"), text("flowId")) {
                    edges.insert(((namespace, id), own.clone(), "FLOW_TRIGGER"));
                }
            }
        }
    }
    Ok(Known { edges, flows })
}

/// Every flow that can run, and the names of all flows. A flow with a stored source that can no longer run has only a
/// name.
async fn all(api: &Api) -> Answer<(Vec<Arc<Flow>>, BTreeSet<Name>)> {
    let (mut flows, mut names) = (Vec::new(), BTreeSet::new());
    for stored in api.state().flows(None).await? {
        names.insert((stored.namespace.clone(), stored.id.clone()));
        match api.executor.plan(&stored.namespace, &stored.id, Some(stored.revision)).await {
            Ok(plan) => flows.push(plan.flow.clone()),
            Err(PortError::Invalid { .. } | PortError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok((flows, names))
}

/// Edges with their flows. `own` is included even without an edge.
fn view(edges: Vec<Edge>, own: Option<Name>, flows: &BTreeSet<Name>) -> types::Dependencies {
    let uid = |(namespace, id): &Name| format!("main_{namespace}_{id}");
    let names: BTreeSet<&Name> =
        edges.iter().flat_map(|(from, to, _)| [from, to]).chain(own.as_ref()).collect();
    let node = |name: &Name| types::FlowNode {
        uid: uid(name),
        namespace: name.0.clone(),
        id: name.1.clone(),
        missing: !flows.contains(name),
    };
    let edge = |(from, to, relation): &Edge| types::Dependency {
        source: uid(from),
        target: uid(to),
        relation: (*relation).to_owned(),
    };
    types::Dependencies {
        nodes: names.into_iter().map(node).collect(),
        edges: edges.iter().map(edge).collect(),
    }
}
