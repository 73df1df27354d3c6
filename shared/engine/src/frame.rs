//! The progress of a level: the children of a flowable run, or of the flow. A frame has only counts, so the cost of an
//! event does not grow with the number of task runs.

use crate::plan::{Branch, NodeId, Plan};
use segue_model::state::State;
use std::collections::{BTreeMap, BTreeSet};

/// The stages of a level (docs/kestra.md 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// The tasks.
    Main,
    /// The tasks of `errors`, after a failure.
    Errors,
    /// The tasks of `finally`.
    Finally,
    /// The tasks of the flow's `afterExecution`.
    After,
    /// The level is complete.
    Closed,
}

impl Phase {
    /// The stage in which the tasks of a branch run.
    pub(crate) fn from_branch(branch: Branch) -> Self {
        match branch {
            Branch::Main | Branch::Then | Branch::Else | Branch::Case(_) | Branch::Defaults => Self::Main,
            Branch::Errors => Self::Errors,
            Branch::Finally => Self::Finally,
            Branch::After | Branch::OnPause => Self::After,
        }
    }
}

/// A child to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Child {
    pub(crate) node: NodeId,
    pub(crate) value: Option<String>,
    pub(crate) iteration: Option<u64>,
}

impl Child {
    fn plain(node: NodeId) -> Self {
        Self { node, value: None, iteration: None }
    }
}

/// The order of the children of a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// The children run one after another.
    Sequence(Vec<NodeId>),
    /// The children run at the same time, at most `limit` (0: all).
    Parallel { list: Vec<NodeId>, limit: usize },
    /// Each child runs when its dependencies have ended, at most `limit` (0: all) at once.
    Dag { nodes: Vec<(NodeId, Vec<NodeId>)>, limit: usize },
    /// The children run one after another for each value, with at most `limit` iterations at once (0: all). If
    /// `tolerant`, a failed iteration does not stop the others.
    Each { values: Vec<String>, list: Vec<NodeId>, limit: usize, tolerant: bool },
    /// Every child runs separately for every value, at most `limit` (0: all) at once.
    EachParallel { values: Vec<String>, list: Vec<NodeId>, limit: usize },
}

/// The counts of a stage.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) started: usize,
    pub(crate) running: usize,
    failed: usize,
    killed: usize,
    warning: usize,
}

impl Tally {
    pub(crate) fn start(&mut self) {
        self.started += 1;
        self.running += 1;
    }

    pub(crate) fn end(&mut self, state: State) {
        self.running = self.running.saturating_sub(1);
        match state {
            State::Failed => self.failed += 1,
            State::Killed => self.killed += 1,
            State::Warning => self.warning += 1,
            State::Success
            | State::Skipped
            | State::Cancelled
            | State::Retried
            | State::Created
            | State::Queued
            | State::Running
            | State::Paused
            | State::Breakpoint
            | State::Restarted
            | State::Retrying
            | State::Killing => {}
        }
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.failed + self.killed > 0
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failed > 0
    }

    /// The state of the level. It follows from the states of the children (docs/kestra.md 2.3).
    pub(crate) fn state(&self) -> State {
        if self.killed > 0 {
            State::Killed
        } else if self.failed > 0 {
            State::Failed
        } else if self.warning > 0 {
            State::Warning
        } else {
            State::Success
        }
    }
}

/// The progress of a level.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) phase: Phase,
    pub(crate) order: Order,
    pub(crate) main: Tally,
    pub(crate) errors: Tally,
    pub(crate) last: Tally,
    pub(crate) after: Tally,
    /// The running iterations, each with the position of its running child.
    active: BTreeMap<u64, usize>,
    next_iteration: u64,
    /// The position after the last started child of a sequence. In a Parallel, all children before it have
    /// started.
    next_position: usize,
    /// The started children of a Parallel or a Dag, and the ended children of a Dag.
    begun: BTreeSet<NodeId>,
    ended: BTreeSet<NodeId>,
}

impl Frame {
    pub(crate) fn new(order: Order) -> Self {
        Self {
            phase: Phase::Main,
            order,
            main: Tally::default(),
            errors: Tally::default(),
            last: Tally::default(),
            after: Tally::default(),
            active: BTreeMap::new(),
            next_iteration: 0,
            next_position: 0,
            begun: BTreeSet::new(),
            ended: BTreeSet::new(),
        }
    }

    pub(crate) fn tally(&mut self, phase: Phase) -> &mut Tally {
        match phase {
            Phase::Main | Phase::Closed => &mut self.main,
            Phase::Errors => &mut self.errors,
            Phase::Finally => &mut self.last,
            Phase::After => &mut self.after,
        }
    }

    /// Records that a child has started.
    pub(crate) fn child_started(&mut self, plan: &Plan, node: NodeId, iteration: Option<u64>) {
        let Some(position) = plan.node(node) else { return };
        let phase = Phase::from_branch(position.branch);
        self.tally(phase).start();
        // The tasks of `onPause` do not extend the pause.
        if position.branch != Branch::OnPause {
            self.phase = self.phase.max(phase);
        }
        if phase != Phase::Main {
            return;
        }
        match &self.order {
            Order::EachParallel { .. } => {}
            Order::Sequence(_) => self.next_position = self.next_position.max(position.position + 1),
            Order::Parallel { .. } | Order::Dag { .. } => {
                self.begun.insert(node);
            }
            Order::Each { .. } => {
                if let Some(iteration) = iteration {
                    self.active.insert(iteration, position.position);
                    self.next_iteration = self.next_iteration.max(iteration + 1);
                }
            }
        }
    }

    /// Records that a child has ended.
    pub(crate) fn child_ended(&mut self, plan: &Plan, node: NodeId, iteration: Option<u64>, state: State) {
        let Some(position) = plan.node(node) else { return };
        let phase = Phase::from_branch(position.branch);
        self.tally(phase).end(state);
        if phase != Phase::Main {
            return;
        }
        match &self.order {
            Order::Sequence(_) | Order::Parallel { .. } | Order::EachParallel { .. } => {}
            Order::Dag { .. } => {
                self.ended.insert(node);
            }
            Order::Each { list, tolerant, .. } => {
                if let Some(iteration) = iteration
                    && (position.position + 1 == list.len() || *tolerant && state == State::Failed)
                {
                    self.active.remove(&iteration);
                }
            }
        }
    }

    /// The children of the main stage that may start now. `ended` lists the iterations that continue, each with the
    /// position of its finished child.
    pub(crate) fn next(&mut self, ended: &[(u64, usize)]) -> Vec<Child> {
        match &self.order {
            Order::Sequence(list) => {
                if self.main.running > 0 {
                    return Vec::new();
                }
                list.get(self.next_position).map(|node| Child::plain(*node)).into_iter().collect()
            }
            Order::Parallel { list, limit } => {
                let free = free(*limit, self.main.running, list.len());
                // This skips children that have already started.
                let is_begun =
                    |position: usize| list.get(position).is_some_and(|node| self.begun.contains(node));
                while is_begun(self.next_position) {
                    self.next_position += 1;
                }
                list.iter()
                    .skip(self.next_position)
                    .filter(|node| !self.begun.contains(node))
                    .take(free)
                    .map(|node| Child::plain(*node))
                    .collect()
            }
            Order::Dag { nodes, limit } => {
                let free = free(*limit, self.main.running, nodes.len());
                nodes
                    .iter()
                    .filter(|(node, needs)| {
                        !self.begun.contains(node) && needs.iter().all(|need| self.ended.contains(need))
                    })
                    .take(free)
                    .map(|(node, _)| Child::plain(*node))
                    .collect()
            }
            Order::Each { values, list, limit, .. } => {
                let Some(first) = list.first() else { return Vec::new() };
                let mut children = Vec::new();
                for (iteration, position) in ended.iter().filter(|(at, _)| self.active.contains_key(at)) {
                    if let Some(node) = list.get(position + 1) {
                        children.push(each_child(values, *node, *iteration));
                    }
                }
                let free = free(*limit, self.active.len(), values.len());
                let begin = self.next_iteration;
                let total = values.len() as u64;
                for iteration in (begin..total).take(free) {
                    children.push(each_child(values, *first, iteration));
                }
                children
            }
            Order::EachParallel { values, list, limit } => {
                let total = values.len() * list.len();
                let free = free(*limit, self.main.running, total);
                (self.main.started..total)
                    .take(free)
                    .filter_map(|number| {
                        let node = list.get(number % list.len())?;
                        Some(each_child(values, *node, (number / list.len()) as u64))
                    })
                    .collect()
            }
        }
    }

    /// The iterations with a finished child and a next child. They are computed after a load.
    pub(crate) fn stalled(&self, is_ended: impl Fn(u64, NodeId) -> bool) -> Vec<(u64, usize)> {
        let Order::Each { list, .. } = &self.order else { return Vec::new() };
        self.active
            .iter()
            .filter(|(iteration, position)| {
                list.get(**position).is_some_and(|node| is_ended(**iteration, *node))
            })
            .map(|(iteration, position)| (*iteration, *position))
            .collect()
    }

    /// Stops the level. No child of any stage starts from now on.
    pub(crate) fn stop(&mut self) {
        self.phase = Phase::Finally;
        self.last.running = 0;
        self.last.started = usize::MAX;
    }

    /// Whether a child ended in a state that stops the main stage.
    pub(crate) fn is_stopped(&self) -> bool {
        match &self.order {
            Order::Each { tolerant: true, .. } => self.main.killed > 0,
            _ => self.main.is_broken(),
        }
    }

    /// Removes the counts of the main stage, for a new round of a loop.
    pub(crate) fn new_round(&mut self) {
        self.phase = Phase::Main;
        self.main = Tally::default();
        self.errors = Tally::default();
        self.active.clear();
        self.next_iteration = 0;
        self.next_position = 0;
        self.begun.clear();
        self.ended.clear();
    }
}

fn each_child(values: &[String], node: NodeId, iteration: u64) -> Child {
    let value = usize::try_from(iteration).ok().and_then(|position| values.get(position)).cloned();
    Child { node, value, iteration: Some(iteration) }
}

fn free(limit: usize, running: usize, all: usize) -> usize {
    if limit == 0 { all } else { limit.saturating_sub(running) }
}
