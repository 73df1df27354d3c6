//! The order of a flowable's children. The order follows from the plan and from the memo of the flowable's task run, so
//! a load finds the same order as the step that opened the flowable.

use crate::frame::Order;
use crate::memo;
use crate::plan::{Branch, NodeId, Plan};
use segue_model::Json;
use segue_model::task::{FlowableKind, ForEach, TaskKind};

/// The names of the branches in the memo.
const THEN: &str = "then";
const ELSE: &str = "else";
const DEFAULTS: &str = "defaults";

/// The memo of a flowable with a chosen branch.
pub(crate) fn remember(branch: Branch) -> Json {
    let mut memo = Json::Null;
    match branch {
        Branch::Then => memo::BRANCH.set(&mut memo, &THEN.to_owned()),
        Branch::Else => memo::BRANCH.set(&mut memo, &ELSE.to_owned()),
        Branch::Case(number) => memo::CASE.set(&mut memo, &number),
        Branch::Defaults => memo::BRANCH.set(&mut memo, &DEFAULTS.to_owned()),
        Branch::Main | Branch::OnPause | Branch::Errors | Branch::Finally | Branch::After => {}
    }
    memo
}

/// The chosen branch.
fn chosen(memo: &Json) -> Option<Branch> {
    if let Some(number) = memo::CASE.get(memo) {
        return Some(Branch::Case(number));
    }
    match memo::BRANCH.get(memo)?.as_str() {
        THEN => Some(Branch::Then),
        ELSE => Some(Branch::Else),
        DEFAULTS => Some(Branch::Defaults),
        _ => None,
    }
}

fn order_of_loop(each: &ForEach, list: Vec<NodeId>, memo: &Json) -> Order {
    let values = memo::VALUES.get(memo).unwrap_or_default();
    let limit = each.concurrency_limit as usize;
    if each.parallel_group {
        Order::EachParallel { values, list, limit }
    } else {
        let tolerant = each.as_loop.as_ref().is_some_and(|options| !options.transmit_failed);
        Order::Each { values, list, limit, tolerant }
    }
}

/// Whether an earlier iteration has the same value.
pub(crate) fn is_repeated(memo: &Json, iteration: u64) -> bool {
    let repeated = memo::REPEATED.stored(memo).and_then(Json::as_array);
    repeated.is_some_and(|all| all.binary_search_by_key(&Some(iteration), Json::as_u64).is_ok())
}

/// The order of a task's children. None for a task without children.
pub(crate) fn order(plan: &Plan, node: NodeId, memo: &Json) -> Option<Order> {
    let TaskKind::Flowable(flowable) = &plan.node(node)?.task.kind else { return None };
    let list = |branch| plan.list(Some(node), branch).to_vec();
    Some(match &flowable.kind {
        FlowableKind::Sequential { .. }
        | FlowableKind::AllowFailure { .. }
        | FlowableKind::LoopUntil(_)
        | FlowableKind::WorkingDirectory(_)
        | FlowableKind::ForEachItem(_)
        | FlowableKind::Pause(_) => Order::Sequence(list(Branch::Main)),
        FlowableKind::Parallel { concurrent, .. } => {
            Order::Parallel { list: list(Branch::Main), limit: *concurrent as usize }
        }
        FlowableKind::If { .. } | FlowableKind::Switch { .. } => {
            Order::Sequence(chosen(memo).map(list).unwrap_or_default())
        }
        FlowableKind::ForEach(each) => order_of_loop(each, list(Branch::Main), memo),
        FlowableKind::Dag { tasks, concurrent } => {
            let nodes = list(Branch::Main);
            let id_of = |node: NodeId| plan.node(node).map(|node| node.task.id.as_str());
            let needs = |node: NodeId| {
                let wanted = tasks.iter().find(|task| Some(task.task.id.as_str()) == id_of(node));
                let names = wanted.map(|task| task.depends_on.as_slice()).unwrap_or_default();
                nodes
                    .iter()
                    .copied()
                    .filter(|other| id_of(*other).is_some_and(|id| names.iter().any(|name| name == id)))
                    .collect()
            };
            Order::Dag {
                nodes: nodes.iter().map(|node| (*node, needs(*node))).collect(),
                limit: *concurrent as usize,
            }
        }
        FlowableKind::Subflow(_) | FlowableKind::Batches(_) | FlowableKind::Sleep { .. } => return None,
    })
}
