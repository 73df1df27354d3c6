//! `dependsOn` in a Dag must name siblings that exist, and must not form a circle.

use super::graph::circle;
use crate::diagnostic::{Diagnostic, codes};
use crate::flow::Flow;
use crate::positions::Positions;
use crate::suggest::Suggestions;
use crate::task::{DagTask, FlowableKind, Task, TaskKind};
use crate::walk::walk_tasks;
use std::collections::HashSet;

pub(super) fn dag(flow: &Flow, positions: &Positions) -> Vec<Diagnostic> {
    let mut suggestions = Suggestions::default();
    let mut found = Vec::new();
    walk_tasks(flow, &mut |path, task| {
        if let TaskKind::Flowable(flowable) = &task.kind
            && let FlowableKind::Dag { tasks, .. } = &flowable.kind
        {
            found.extend(unknown(path, task, tasks, positions, &mut suggestions));
            found.extend(cyclic(path, task, tasks, positions));
        }
    });
    found
}

fn unknown(
    path: &str,
    dag: &Task,
    tasks: &[DagTask],
    positions: &Positions,
    suggestions: &mut Suggestions,
) -> Vec<Diagnostic> {
    let known: HashSet<&str> = tasks.iter().map(|node| node.task.id.as_str()).collect();
    let mut found = Vec::new();
    for (index, node) in tasks.iter().enumerate() {
        for (at, name) in
            node.depends_on.iter().enumerate().filter(|(_, name)| !known.contains(name.as_str()))
        {
            let position = positions.of(&format!("{path}/tasks/{index}/dependsOn/{at}"));
            let message = format!(
                "task '{}' depends on '{name}', which is not a task of the Dag '{}'",
                node.task.id, dag.id
            );
            let problem = Diagnostic::error(codes::UNKNOWN_DAG_DEPENDENCY, position, message);
            found.push(match suggestions.near(name, known.iter().copied()) {
                Some(near) => problem.with_hint(format!("did you mean '{near}'?")),
                None => problem,
            });
        }
    }
    found
}

fn cyclic(path: &str, dag: &Task, tasks: &[DagTask], positions: &Positions) -> Option<Diagnostic> {
    let nodes: Vec<(&str, &[String])> =
        tasks.iter().map(|node| (node.task.id.as_str(), node.depends_on.as_slice())).collect();
    let circle = circle(&nodes)?;
    let index = tasks.iter().position(|node| circle.first() == Some(&node.task.id.as_str())).unwrap_or(0);
    let message = format!("tasks of the Dag '{}' wait for each other: {}", dag.id, circle.join(" -> "));
    Some(
        Diagnostic::error(
            codes::DAG_CYCLE,
            positions.of(&format!("{path}/tasks/{index}/dependsOn")),
            message,
        )
        .with_hint("remove one of them from 'dependsOn'"),
    )
}
