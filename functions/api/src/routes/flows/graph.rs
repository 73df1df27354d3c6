//! A flow as a graph, in the shape Kestra's topology has: nodes for tasks, a cluster with a start and an end for each
//! flowable, edges that say why one follows the other.

use super::save::{accepted, read};
use crate::error::Answer;
use crate::parts::Api;
use crate::request::{Query, YamlBody};
use axum::Json;
use axum::extract::{Path, State};
use segue_model::Json as Value;
use segue_model::flow::Flow;
use segue_model::task::{Flowable, FlowableKind, Task, TaskKind};
use serde_json::json;

pub(super) async fn of_flow(
    State(api): State<Api>,
    Path((namespace, id)): Path<(String, String)>,
    query: Query,
) -> Answer<Json<Value>> {
    Ok(Json(graph_of(&api.executor.plan(&namespace, &id, query.number("revision")?).await?.flow)))
}

pub(super) async fn of_source(State(api): State<Api>, YamlBody(source): YamlBody) -> Answer<Json<Value>> {
    let parsed = read(&api, &source);
    Ok(Json(graph_of(accepted(&parsed)?)))
}

/// The graph of a flow.
pub(crate) fn graph_of(flow: &Flow) -> Value {
    let mut graph = Graph::default();
    let root = Cluster::new("root", None);
    graph.open(&root);
    let last = graph.chain(&root, &flow.tasks, vec![Out::new(&root.start, "SEQUENTIAL")]);
    let mut ends = last;
    if !flow.errors.is_empty() {
        let first = Out { relation: "ERROR", ..Out::new(&root.start, "ERROR") };
        ends.extend(graph.chain(&root, &flow.errors, vec![first]));
    }
    if !flow.finally.is_empty() {
        let outs = ends.drain(..).map(|out| Out { relation: "FINALLY", ..out }).collect();
        ends = graph.chain(&root, &flow.finally, outs);
    }
    if !flow.after_execution.is_empty() {
        let outs = ends.drain(..).map(|out| Out { relation: "AFTER_EXECUTION", ..out }).collect();
        ends = graph.chain(&root, &flow.after_execution, outs);
    }
    graph.join(ends, &root.end);
    graph.close(root);
    for trigger in &flow.triggers {
        let uid = format!("root.Triggers.{}", trigger.id);
        graph.nodes.push(json!({
            "uid": uid,
            "type": "io.kestra.core.models.hierarchies.GraphTrigger",
            "triggerDeclaration": {"id": trigger.id, "type": trigger.type_name, "disabled": trigger.disabled},
        }));
        graph.join(vec![Out::new(&uid, "SEQUENTIAL")], "root.start");
    }
    json!({"nodes": graph.nodes, "edges": graph.edges, "clusters": graph.clusters, "flowables": graph.flowables})
}

/// A way out of a node that has not come to another yet.
#[derive(Clone)]
struct Out {
    from: String,
    relation: &'static str,
    value: Option<String>,
}

impl Out {
    fn new(from: &str, relation: &'static str) -> Self {
        Self { from: from.to_owned(), relation, value: None }
    }
}

/// A flowable, or the flow, while its inside is drawn.
struct Cluster {
    uid: String,
    start: String,
    end: String,
    parents: Vec<String>,
    nodes: Vec<String>,
}

impl Cluster {
    fn new(uid: &str, parent: Option<&Cluster>) -> Self {
        let parents = parent.map_or_else(Vec::new, |parent| {
            parent.parents.iter().cloned().chain([format!("cluster_{}", parent.uid)]).collect()
        });
        Self {
            uid: uid.to_owned(),
            start: format!("{uid}.start"),
            end: format!("{uid}.end"),
            parents,
            nodes: Vec::new(),
        }
    }
}

#[derive(Default)]
struct Graph {
    nodes: Vec<Value>,
    edges: Vec<Value>,
    clusters: Vec<Value>,
    flowables: Vec<String>,
}

impl Graph {
    fn open(&mut self, cluster: &Cluster) {
        self.nodes.push(json!({
            "uid": cluster.start, "type": "io.kestra.core.models.hierarchies.GraphClusterRoot",
        }));
    }

    fn close(&mut self, cluster: Cluster) {
        self.nodes.push(json!({
            "uid": cluster.end, "type": "io.kestra.core.models.hierarchies.GraphClusterEnd",
        }));
        // The flow itself is drawn without a frame.
        if !cluster.parents.is_empty() {
            let mut inside = vec![cluster.start.clone()];
            inside.extend(cluster.nodes);
            inside.push(cluster.end.clone());
            self.clusters.push(json!({
                "cluster": {"uid": format!("cluster_{}", cluster.uid), "type": "io.kestra.core.models.hierarchies.GraphCluster"},
                "nodes": inside,
                "parents": cluster.parents,
                "start": cluster.start,
                "end": cluster.end,
            }));
        }
    }

    fn join(&mut self, outs: Vec<Out>, to: &str) {
        for out in outs {
            let mut relation = json!({"relationType": out.relation});
            if let (Some(value), Value::Object(map)) = (out.value, &mut relation) {
                map.insert("value".into(), json!(value));
            }
            self.edges.push(json!({"source": out.from, "target": to, "relation": relation}));
        }
    }

    /// Tasks one after the other; the ways out of the last.
    fn chain(&mut self, cluster: &Cluster, tasks: &[Task], mut outs: Vec<Out>) -> Vec<Out> {
        for task in tasks {
            outs = self.task(cluster, task, outs);
        }
        outs
    }

    /// One task, to which `outs` lead; the ways out of it.
    fn task(&mut self, cluster: &Cluster, task: &Task, outs: Vec<Out>) -> Vec<Out> {
        let uid = format!("{}.{}", cluster.uid, task.id);
        let inside = match &task.kind {
            TaskKind::Flowable(flowable) if draws_inside(flowable) => Some(flowable),
            TaskKind::Flowable(_) | TaskKind::Plugin { .. } => None,
        };
        let kind = match &task.kind {
            TaskKind::Flowable(Flowable { kind: FlowableKind::Subflow(_), .. }) => "SubflowGraphTask",
            _ => "GraphTask",
        };
        let node = json!({
            "uid": uid,
            "type": format!("io.kestra.core.models.hierarchies.{kind}"),
            "task": {"id": task.id, "type": task.type_name, "description": task.description, "disabled": task.disabled},
        });
        let Some(flowable) = inside else {
            self.nodes.push(node);
            self.join(outs, &uid);
            return vec![Out::new(&uid, "SEQUENTIAL")];
        };
        let mut own = Cluster::new(&uid, Some(cluster));
        own.nodes.push(uid.clone());
        self.flowables.push(task.id.clone());
        let before = self.nodes.len();
        self.open(&own);
        self.nodes.push(node);
        self.join(outs, &own.start);
        self.join(vec![Out::new(&own.start, "SEQUENTIAL")], &uid);
        let mut ends = self.inside(&own, &uid, flowable);
        if !flowable.errors.is_empty() {
            ends.extend(self.chain(&own, &flowable.errors, vec![Out::new(&uid, "ERROR")]));
        }
        if !flowable.finally.is_empty() {
            let outs = ends.drain(..).map(|out| Out { relation: "FINALLY", ..out }).collect();
            ends = self.chain(&own, &flowable.finally, outs);
        }
        let end = own.end.clone();
        self.join(ends, &end);
        own.nodes = self
            .nodes
            .get(before..)
            .unwrap_or_default()
            .iter()
            .filter_map(|node| node.get("uid")?.as_str())
            .filter(|node| *node != own.start)
            .map(str::to_owned)
            .collect();
        self.close(own);
        vec![Out::new(&end, "SEQUENTIAL")]
    }

    fn inside(&mut self, own: &Cluster, uid: &str, flowable: &Flowable) -> Vec<Out> {
        let branch = |relation: &'static str, value: Option<&str>| {
            vec![Out { value: value.map(str::to_owned), ..Out::new(uid, relation) }]
        };
        match &flowable.kind {
            FlowableKind::Parallel { tasks, .. } => {
                tasks.iter().flat_map(|task| self.task(own, task, branch("PARALLEL", None))).collect()
            }
            FlowableKind::If { then, otherwise, .. } => {
                let mut ends = self.chain(own, then, branch("CHOICE", Some("then")));
                ends.extend(self.chain(own, otherwise, branch("CHOICE", Some("else"))));
                ends
            }
            FlowableKind::Switch { cases, defaults, .. } => {
                let mut ends = Vec::new();
                for (case, tasks) in cases {
                    ends.extend(self.chain(own, tasks, branch("CHOICE", Some(case))));
                }
                if !defaults.is_empty() {
                    ends.extend(self.chain(own, defaults, branch("CHOICE", Some("defaults"))));
                }
                ends
            }
            FlowableKind::ForEach(each) => self.chain(own, &each.tasks, branch("DYNAMIC", None)),
            FlowableKind::LoopUntil(until) => self.chain(own, &until.tasks, branch("DYNAMIC", None)),
            FlowableKind::Dag { tasks, .. } => self.dag(own, uid, tasks),
            FlowableKind::Sequential { tasks } | FlowableKind::AllowFailure { tasks } => {
                self.chain(own, tasks, branch("SEQUENTIAL", None))
            }
            FlowableKind::WorkingDirectory(directory) => {
                self.chain(own, &directory.tasks, branch("SEQUENTIAL", None))
            }
            FlowableKind::Pause(pause) => self.chain(own, &pause.tasks, branch("SEQUENTIAL", None)),
            FlowableKind::ForEachItem(_)
            | FlowableKind::Batches(_)
            | FlowableKind::Subflow(_)
            | FlowableKind::Sleep { .. } => branch("SEQUENTIAL", None),
        }
    }

    fn dag(&mut self, own: &Cluster, uid: &str, tasks: &[segue_model::task::DagTask]) -> Vec<Out> {
        let end_of = |task: &Task| match &task.kind {
            TaskKind::Flowable(flowable) if draws_inside(flowable) => format!("{}.{}.end", own.uid, task.id),
            TaskKind::Flowable(_) | TaskKind::Plugin { .. } => format!("{}.{}", own.uid, task.id),
        };
        let mut ends = Vec::new();
        for node in tasks {
            let before: Vec<Out> = tasks
                .iter()
                .filter(|other| node.depends_on.contains(&other.task.id))
                .map(|other| Out::new(&end_of(&other.task), "SEQUENTIAL"))
                .collect();
            let outs = if before.is_empty() { vec![Out::new(uid, "PARALLEL")] } else { before };
            let after = self.task(own, &node.task, outs);
            let is_waited_for = tasks.iter().any(|other| other.depends_on.contains(&node.task.id));
            if !is_waited_for {
                ends.extend(after);
            }
        }
        ends
    }
}

/// Whether a flowable has tasks inside.
fn draws_inside(flowable: &Flowable) -> bool {
    match &flowable.kind {
        FlowableKind::ForEachItem(_)
        | FlowableKind::Batches(_)
        | FlowableKind::Subflow(_)
        | FlowableKind::Sleep { .. } => false,
        FlowableKind::Pause(pause) => !pause.tasks.is_empty(),
        _ => true,
    }
}
