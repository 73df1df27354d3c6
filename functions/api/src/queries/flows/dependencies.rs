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

/// The flows that a flow calls and, unless only called flows are wanted, the flows that call it.
pub(crate) async fn of_flow(
    api: &Api,
    namespace: String,
    id: String,
    only_called: bool,
) -> Answer<types::Dependencies> {
    api.flow(&namespace, &id, None).await?;
    let own = (namespace, id);
    let edges =
        edges(api).await?.into_iter().filter(|(from, to, _)| *from == own || (!only_called && *to == own));
    Ok(view(edges.collect(), Some(own.clone())))
}

/// The dependencies of the flows of a namespace, also on flows of other namespaces.
pub(crate) async fn of_namespace(api: &Api, namespace: &str) -> Answer<types::Dependencies> {
    let edges = edges(api).await?.into_iter();
    let edges = edges.filter(|(from, to, _)| from.0 == namespace || to.0 == namespace).collect();
    Ok(view(edges, None))
}

/// All edges between existing flows.
async fn edges(api: &Api) -> Answer<BTreeSet<Edge>> {
    let mut edges = BTreeSet::new();
    for flow in all(api).await? {
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
    Ok(edges)
}

/// Every flow that can run. A flow with a stored source that can no longer run is left out.
async fn all(api: &Api) -> Answer<Vec<Arc<Flow>>> {
    let mut flows = Vec::new();
    for stored in api.state().flows(None).await? {
        match api.executor.plan(&stored.namespace, &stored.id, Some(stored.revision)).await {
            Ok(plan) => flows.push(plan.flow.clone()),
            Err(PortError::Invalid { .. } | PortError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(flows)
}

/// Edges with their flows. `own` is included even without an edge.
fn view(edges: Vec<Edge>, own: Option<Name>) -> types::Dependencies {
    let uid = |(namespace, id): &Name| format!("main_{namespace}_{id}");
    let names: BTreeSet<&Name> =
        edges.iter().flat_map(|(from, to, _)| [from, to]).chain(own.as_ref()).collect();
    let node =
        |name: &Name| types::FlowNode { uid: uid(name), namespace: name.0.clone(), id: name.1.clone() };
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
