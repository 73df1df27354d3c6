//! Ids that occur twice: tasks at any depth, triggers, inputs, outputs.

use crate::diagnostic::{Diagnostic, codes};
use crate::flow::Flow;
use crate::positions::Positions;
use crate::walk::walk_tasks;
use std::collections::HashMap;

pub(super) fn duplicates(flow: &Flow, positions: &Positions) -> Vec<Diagnostic> {
    let mut tasks = Vec::new();
    walk_tasks(flow, &mut |path, task| tasks.push((task.id.as_str(), format!("{path}/id"))));
    let listed = |list: &str, ids: Vec<&'_ str>| -> Vec<(String, String)> {
        ids.into_iter().enumerate().map(|(at, id)| (id.to_owned(), format!("/{list}/{at}/id"))).collect()
    };
    let triggers = listed("triggers", flow.triggers.iter().map(|trigger| trigger.id.as_str()).collect());
    let inputs = listed("inputs", flow.inputs.iter().map(|input| input.id.as_str()).collect());
    let outputs = listed("outputs", flow.outputs.iter().map(|output| output.id.as_str()).collect());
    let tasks = tasks.into_iter().map(|(id, path)| (id.to_owned(), path)).collect();
    [
        (codes::DUPLICATE_TASK_ID, "task", tasks),
        (codes::DUPLICATE_TRIGGER_ID, "trigger", triggers),
        (codes::DUPLICATE_INPUT_ID, "input", inputs),
        (codes::DUPLICATE_OUTPUT_ID, "output", outputs),
    ]
    .into_iter()
    .flat_map(|(code, what, ids)| twice(code, what, &ids, positions))
    .collect()
}

fn twice(code: &str, what: &str, ids: &[(String, String)], positions: &Positions) -> Vec<Diagnostic> {
    let mut first: HashMap<&str, &str> = HashMap::new();
    let mut found = Vec::new();
    for (id, path) in ids.iter().filter(|(id, _)| !id.is_empty()) {
        if let Some(known) = first.get(id.as_str()) {
            let line = positions.of(known).line;
            found.push(
                Diagnostic::error(code, positions.of(path), format!("Duplicate {what} id with name [{id}]"))
                    .with_hint(format!("rename one of the two; the first is in line {line}")),
            );
        } else {
            first.insert(id, path);
        }
    }
    found
}
