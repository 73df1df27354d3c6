//! What a job is called, and what it is labelled with.

use segue_task::TaskContext;
use std::collections::BTreeMap;

/// The longest value of a label.
const LONGEST_LABEL: usize = 63;

/// The job's id: it follows from the attempt, so that a message delivered twice makes one job.
pub fn job_id(context: &TaskContext) -> String {
    let key = context.attempt_key();
    let id = format!("segue_{}_{}_{}", key.execution_id, key.task_run_id, key.attempt);
    id.chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' })
        .collect()
}

/// The user's labels with those that say where the job comes from.
pub fn labels(own: &BTreeMap<String, String>, context: &TaskContext) -> BTreeMap<String, String> {
    let message = context.message();
    let mut labels = own.clone();
    let origin = [
        ("kestra_namespace", message.namespace.as_str()),
        ("kestra_flow_id", message.flow_id.as_str()),
        ("kestra_execution_id", message.execution_id.as_str()),
        ("kestra_task_id", message.task_id.as_str()),
    ];
    let trigger = message.context.pointer("/trigger/id").and_then(serde_json::Value::as_str);
    for (name, value) in origin.into_iter().chain(trigger.map(|id| ("kestra_trigger_id", id))) {
        labels.insert(name.to_owned(), label(value));
    }
    labels
}

fn label(value: &str) -> String {
    value
        .chars()
        .map(|letter| if letter.is_alphanumeric() || letter == '-' { letter } else { '_' })
        .flat_map(char::to_lowercase)
        .take(LONGEST_LABEL)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_as_bigquery_wants_them() {
        assert_eq!(label("Company.team"), "company_team");
        assert_eq!(label(&"x".repeat(80)).len(), LONGEST_LABEL);
    }
}
