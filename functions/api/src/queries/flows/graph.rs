//! A flow as a graph, in the shape of Kestra's topology. Each task is a node. Each flowable is a cluster with a start
//! and an end. Each edge says why one node follows another.

use crate::error::Answer;
use crate::parts::Api;
use crate::source::{accepted, read};
use segue_api_types as types;
use segue_model::flow::Flow;
use segue_model::task::{Flowable, FlowableKind, Task, TaskKind};

/// A flow as a graph.
pub(crate) async fn of_flow(
    api: &Api,
    namespace: &str,
    id: &str,
    revision: Option<u32>,
) -> Answer<types::Graph> {
    Ok(graph_of(&api.executor.plan(namespace, id, revision).await?.flow))
}

/// The graph of a source, without saving the source.
pub(crate) fn of_source(api: &Api, source: &str) -> Answer<types::Graph> {
    Ok(graph_of(accepted(&read(api, source))?))
}

/// The graph of a flow.
pub(crate) fn graph_of(flow: &Flow) -> types::Graph {
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
        graph.0.nodes.push(types::GraphNode {
            trigger_declaration: Some(types::GraphTrigger {
                id: trigger.id.clone(),
                type_name: trigger.type_name.clone(),
                disabled: trigger.disabled,
            }),
            ..node(&uid, "GraphTrigger")
        });
        graph.join(vec![Out::new(&uid, "SEQUENTIAL")], "root.start");
    }
    graph.0
}

/// An edge that leaves a node and has no target yet.
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

/// A flowable or the flow, while its tasks are added.
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

/// Kestra's name for a kind of node.
fn kind(name: &str) -> String {
    format!("io.kestra.core.models.hierarchies.{name}")
}

fn node(uid: &str, name: &str) -> types::GraphNode {
    types::GraphNode { uid: uid.to_owned(), kind: kind(name), ..types::GraphNode::default() }
}

/// The graph while it is built.
#[derive(Default)]
struct Graph(types::Graph);

impl Graph {
    fn open(&mut self, cluster: &Cluster) {
        self.0.nodes.push(node(&cluster.start, "GraphClusterRoot"));
    }

    fn close(&mut self, cluster: Cluster) {
        self.0.nodes.push(node(&cluster.end, "GraphClusterEnd"));
        // The flow itself has no cluster.
        if !cluster.parents.is_empty() {
            let mut inside = vec![cluster.start.clone()];
            inside.extend(cluster.nodes);
            inside.push(cluster.end.clone());
            self.0.clusters.push(types::GraphCluster {
                cluster: types::GraphClusterId {
                    uid: format!("cluster_{}", cluster.uid),
                    kind: kind("GraphCluster"),
                },
                nodes: inside,
                parents: cluster.parents,
                start: cluster.start,
                end: cluster.end,
            });
        }
    }

    fn join(&mut self, outs: Vec<Out>, to: &str) {
        for out in outs {
            let relation = types::GraphRelation { relation_type: out.relation.to_owned(), value: out.value };
            self.0.edges.push(types::GraphEdge { source: out.from, target: to.to_owned(), relation });
        }
    }

    /// Adds tasks one after the other. Returns the open edges of the last task.
    fn chain(&mut self, cluster: &Cluster, tasks: &[Task], mut outs: Vec<Out>) -> Vec<Out> {
        for task in tasks {
            outs = self.task(cluster, task, outs);
        }
        outs
    }

    /// Adds one task as the target of `outs`. Returns the open edges of the task.
    fn task(&mut self, cluster: &Cluster, task: &Task, outs: Vec<Out>) -> Vec<Out> {
        let uid = format!("{}.{}", cluster.uid, task.id);
        let inside = match &task.kind {
            TaskKind::Flowable(flowable) if draws_inside(flowable) => Some(flowable),
            TaskKind::Flowable(_) | TaskKind::Plugin { .. } => None,
        };
        let name = match &task.kind {
            TaskKind::Flowable(Flowable { kind: FlowableKind::Subflow(_), .. }) => "SubflowGraphTask",
            _ => "GraphTask",
        };
        let shown = types::GraphTask {
            id: task.id.clone(),
            type_name: task.type_name.clone(),
            description: task.description.clone(),
            disabled: task.disabled,
        };
        let node = types::GraphNode { task: Some(shown), ..node(&uid, name) };
        let Some(flowable) = inside else {
            self.0.nodes.push(node);
            self.join(outs, &uid);
            return vec![Out::new(&uid, "SEQUENTIAL")];
        };
        let mut own = Cluster::new(&uid, Some(cluster));
        own.nodes.push(uid.clone());
        self.0.flowables.push(task.id.clone());
        let before = self.0.nodes.len();
        self.open(&own);
        self.0.nodes.push(node);
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
            .0
            .nodes
            .get(before..)
            .unwrap_or_default()
            .iter()
            .map(|node| node.uid.clone())
            .filter(|node| *node != own.start)
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
