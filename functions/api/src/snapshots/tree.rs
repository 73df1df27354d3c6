//! The task runs of a snapshot in the order of a tree, by page.

use super::Snapshot;
use segue_api_types::{TaskRun, TaskRunRow, TaskRunRows};
use segue_model::id::TaskRunId;
use segue_model::state::State;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A task run in the order of the tree.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// The index in the order of creation.
    index: usize,
    depth: u32,
    /// The number of task runs from this one to the last one below it.
    size: usize,
}

/// All task runs, parents before their children.
#[derive(Debug)]
pub(super) struct Tree(Vec<Node>);

impl Tree {
    fn of(snapshot: &Snapshot) -> Self {
        let ids: HashMap<&TaskRunId, usize> = snapshot.runs().map(|run| &run.id).zip(0..).collect();
        let mut children: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
        for (run, index) in snapshot.runs().zip(0..) {
            // A parent that does not exist makes its children roots, so that no task run disappears.
            let parent = run.parent_task_run_id.as_ref().and_then(|id| ids.get(id).copied());
            children.entry(parent).or_default().push(index);
        }
        let mut nodes: Vec<Node> = Vec::new();
        // A task run is entered, and left after the task runs below it.
        let mut steps: Vec<Step> = Vec::new();
        let enter = |steps: &mut Vec<Step>, of: Option<usize>, depth: u32| {
            let below = children.get(&of).into_iter().flatten().rev();
            steps.extend(below.map(|index| Step::Enter { index: *index, depth }));
        };
        enter(&mut steps, None, 0);
        while let Some(step) = steps.pop() {
            match step {
                Step::Enter { index, depth } => {
                    steps.push(Step::Leave { at: nodes.len() });
                    nodes.push(Node { index, depth, size: 1 });
                    enter(&mut steps, Some(index), depth.saturating_add(1));
                }
                Step::Leave { at } => {
                    let end = nodes.len();
                    if let Some(node) = nodes.get_mut(at) {
                        node.size = end.saturating_sub(at);
                    }
                }
            }
        }
        Self(nodes)
    }
}

enum Step {
    Enter { index: usize, depth: u32 },
    Leave { at: usize },
}

impl Snapshot {
    /// At most `limit` rows from the row `from` on. Task runs below folded ones are no rows.
    pub(crate) fn rows(&self, from: usize, limit: usize, folded: &HashSet<&str>) -> TaskRunRows {
        let Tree(nodes) = self.tree.get_or_init(|| Tree::of(self));
        let (mut at, mut total, mut rows) = (0, 0_usize, Vec::new());
        while let Some((node, entry)) =
            nodes.get(at).and_then(|node| Some((node, self.entries.get(node.index)?)))
        {
            if total >= from && rows.len() < limit {
                let end = at.saturating_add(node.size);
                let below = nodes.get(at.saturating_add(1)..end).unwrap_or_default();
                rows.push(TaskRunRow {
                    run: TaskRun::without_outputs(&self.execution, &entry.run),
                    depth: node.depth,
                    below: below.len() as u64,
                    states: self.states_of(below.iter().map(|node| node.index)),
                });
            }
            total = total.saturating_add(1);
            let is_folded = !folded.is_empty() && folded.contains(entry.run.id.as_str());
            at = at.saturating_add(if is_folded { node.size } else { 1 });
        }
        TaskRunRows { position: self.version, total: total as u64, rows }
    }

    fn states_of(&self, indexes: impl Iterator<Item = usize>) -> BTreeMap<State, u64> {
        let mut states = BTreeMap::new();
        for entry in indexes.filter_map(|index| self.entries.get(index)) {
            *states.entry(entry.run.current()).or_default() += 1;
        }
        states
    }
}
