//! A flow, prepared to run: its tasks in one table, each with its position in the tree.

use crate::for_each_item;
use segue_model::catalog::{Catalog, RunBy, Service};
use segue_model::flow::Flow;
use segue_model::task::{FlowableKind, Task, TaskKind};
use segue_model::templates;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The number of a task in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(usize);

/// The list that contains a task, in its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Branch {
    /// `tasks`.
    Main,
    /// `then`.
    Then,
    /// `else`.
    Else,
    /// A case of a Switch, by its position.
    Case(usize),
    /// `defaults`.
    Defaults,
    /// `onPause`.
    OnPause,
    /// `errors`.
    Errors,
    /// `finally`.
    Finally,
    /// `afterExecution` of the flow.
    After,
}

/// A task with its position in the tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// The task.
    pub task: Arc<Task>,
    /// The flowable around the task; `None` at the top level.
    pub parent: Option<NodeId>,
    /// The list of the parent that contains the task.
    pub branch: Branch,
    /// The position of the task in this list. Disabled tasks do not count.
    pub position: usize,
    /// Who runs the task.
    pub run_by: RunBy,
    /// The lists of children of the task.
    lists: Vec<(Branch, Vec<NodeId>)>,
}

/// A flow, prepared to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The flow.
    pub flow: Arc<Flow>,
    nodes: Vec<Node>,
    by_task: HashMap<String, NodeId>,
    lists: Vec<(Branch, Vec<NodeId>)>,
    computes: bool,
}

/// The service of tasks that do not run, in a simulation.
pub const STAND_IN: &str = "stand-in";

/// Who runs a task.
#[derive(Clone, Copy)]
struct Known<'a> {
    catalog: &'a Catalog,
    stand_ins: &'a HashSet<String>,
}

impl Known<'_> {
    fn run_by(self, task: &Task) -> RunBy {
        match &task.kind {
            TaskKind::Flowable(_) => RunBy::Flowable,
            TaskKind::Plugin { .. } if self.stand_ins.contains(&task.id) => {
                RunBy::Service(Service::Named(STAND_IN))
            }
            TaskKind::Plugin { .. } => {
                let unknown = RunBy::Service(Service::Named(""));
                self.catalog.get(&task.type_name).map_or(unknown, |kind| kind.run_by)
            }
        }
    }
}

impl Plan {
    /// Prepares a flow. A task type that is not in the catalogue gets a service without a name. Validation has already
    /// rejected such a flow.
    pub fn new(flow: Arc<Flow>, catalog: &Catalog) -> Self {
        Self::with_stand_ins(flow, catalog, &HashSet::new())
    }

    /// Prepares a flow for a simulation. The tasks with these ids go to the service [`STAND_IN`], whatever their type
    /// is. They must have the kind [`TaskKind::Plugin`].
    pub fn with_stand_ins(flow: Arc<Flow>, catalog: &Catalog, stand_ins: &HashSet<String>) -> Self {
        let computes = templates(&flow).iter().any(|template| segue_template::computes(template.text));
        let mut plan = Self {
            flow: flow.clone(),
            nodes: Vec::new(),
            by_task: HashMap::new(),
            lists: Vec::new(),
            computes,
        };
        let known = Known { catalog, stand_ins };
        plan.lists = [
            (Branch::Main, &flow.tasks),
            (Branch::Errors, &flow.errors),
            (Branch::Finally, &flow.finally),
            (Branch::After, &flow.after_execution),
        ]
        .into_iter()
        .map(|(branch, tasks)| (branch, plan.add_list(None, branch, tasks, known)))
        .collect();
        plan
    }

    fn add_list<'a>(
        &mut self,
        parent: Option<NodeId>,
        branch: Branch,
        tasks: impl IntoIterator<Item = &'a Task>,
        known: Known<'_>,
    ) -> Vec<NodeId> {
        let mut list = Vec::new();
        for task in tasks.into_iter().filter(|task| !task.disabled) {
            let id = NodeId(self.nodes.len());
            let run_by = known.run_by(task);
            self.nodes.push(Node {
                task: Arc::new(task.clone()),
                parent,
                branch,
                position: list.len(),
                run_by,
                lists: Vec::new(),
            });
            self.by_task.insert(task.id.clone(), id);
            let lists = self.child_lists(id, task, known);
            if let Some(node) = self.nodes.get_mut(id.0) {
                node.lists = lists;
            }
            list.push(id);
        }
        list
    }

    fn child_lists(&mut self, id: NodeId, task: &Task, known: Known<'_>) -> Vec<(Branch, Vec<NodeId>)> {
        let TaskKind::Flowable(flowable) = &task.kind else { return Vec::new() };
        let mut branches: Vec<(Branch, Vec<&Task>)> = match &flowable.kind {
            FlowableKind::Sequential { tasks }
            | FlowableKind::Parallel { tasks, .. }
            | FlowableKind::AllowFailure { tasks } => vec![(Branch::Main, tasks.iter().collect())],
            FlowableKind::If { then, otherwise, .. } => {
                vec![(Branch::Then, then.iter().collect()), (Branch::Else, otherwise.iter().collect())]
            }
            FlowableKind::Switch { cases, defaults, .. } => cases
                .iter()
                .enumerate()
                .map(|(position, (_, tasks))| (Branch::Case(position), tasks.iter().collect()))
                .chain([(Branch::Defaults, defaults.iter().collect())])
                .collect(),
            FlowableKind::ForEach(each) => vec![(Branch::Main, each.tasks.iter().collect())],
            FlowableKind::Dag { tasks, .. } => {
                vec![(Branch::Main, tasks.iter().map(|node| &node.task).collect())]
            }
            FlowableKind::Pause(pause) => vec![
                (Branch::Main, pause.tasks.iter().collect()),
                (Branch::OnPause, pause.on_pause.iter().collect()),
            ],
            FlowableKind::LoopUntil(until) => vec![(Branch::Main, until.tasks.iter().collect())],
            FlowableKind::WorkingDirectory(directory) => {
                vec![(Branch::Main, directory.tasks.iter().collect())]
            }
            FlowableKind::ForEachItem(items) => {
                let parts = for_each_item::parts(task, items);
                let list = self.add_list(Some(id), Branch::Main, &parts, known);
                return vec![(Branch::Main, list)];
            }
            FlowableKind::Batches(_) | FlowableKind::Subflow(_) | FlowableKind::Sleep { .. } => Vec::new(),
        };
        branches.push((Branch::Errors, flowable.errors.iter().collect()));
        branches.push((Branch::Finally, flowable.finally.iter().collect()));
        branches
            .into_iter()
            .map(|(branch, tasks)| (branch, self.add_list(Some(id), branch, tasks, known)))
            .collect()
    }

    /// Whether it may take noticeable time to render an expression of the flow.
    pub fn computes(&self) -> bool {
        self.computes
    }

    /// The task with this number; `None` only for a number of another plan.
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0)
    }

    /// The number of the task with this id. Disabled tasks are ignored.
    pub fn find(&self, task_id: &str) -> Option<NodeId> {
        self.by_task.get(task_id).copied()
    }

    /// A list of children of a task, or of the flow.
    pub fn list(&self, parent: Option<NodeId>, branch: Branch) -> &[NodeId] {
        let lists = match parent {
            None => &self.lists,
            Some(id) => match self.nodes.get(id.0) {
                Some(node) => &node.lists,
                None => return &[],
            },
        };
        lists.iter().find(|(name, _)| *name == branch).map_or(&[], |(_, list)| list)
    }
}
