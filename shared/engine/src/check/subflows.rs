//! Finds subflows that do not exist. Kestra reports them only when the task runs, because the subflow may be saved
//! before that time. So the flow is not rejected.

use super::tree::flowable;
use segue_model::diagnostic::{Diagnostic, codes};
use segue_model::parse::Parsed;
use segue_model::task::FlowableKind;
use segue_model::walk_tasks;

/// The subflows that are not among the known flows, in the order of the tasks. `exists` is called with namespace and
/// id. It is not called if the target is a template. It is not called for the flow itself either, which has another
/// rule.
pub fn check_subflows(parsed: &Parsed, exists: &dyn Fn(&str, &str) -> bool) -> Vec<Diagnostic> {
    let Some(flow) = parsed.checkable() else { return Vec::new() };
    let mut found = Vec::new();
    walk_tasks(flow, &mut |path, task| {
        let subflow = match flowable(task) {
            Some(FlowableKind::Subflow(subflow)) => subflow,
            Some(FlowableKind::ForEachItem(each)) => &each.subflow,
            _ => return,
        };
        let (namespace, id) = (subflow.namespace.as_str(), subflow.flow_id.as_str());
        let is_literal = !namespace.contains('{') && !id.contains('{');
        // Another diagnostic reports the missing property.
        if namespace.is_empty() || id.is_empty() {
            return;
        }
        let is_itself = namespace == flow.namespace && id == flow.id;
        if is_literal && !is_itself && !exists(namespace, id) {
            let position = parsed.positions.of(&format!("{path}/flowId"));
            let message =
                format!("task '{}' calls the flow '{namespace}.{id}', which does not exist", task.id);
            found
                .push(Diagnostic::warning(codes::UNKNOWN_SUBFLOW, position, message).with_hint(
                    "fix 'namespace' or 'flowId', or save the missing flow before this flow runs",
                ));
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::testing::{catalog, with_tasks};

    #[test]
    fn literal_targets_must_exist() {
        let call = |id: &str, flow: &str| {
            format!(
                "  - {{id: {id}, type: io.kestra.plugin.core.flow.Subflow, namespace: n, flowId: \"{flow}\"}}\n"
            )
        };
        let source =
            with_tasks(&[call("a", "there"), call("b", "gone"), call("c", "{{ inputs.name }}")].concat());
        let parsed = segue_model::parse_flow(&source, &catalog());
        let found = check_subflows(&parsed, &|namespace, id| (namespace, id) == ("n", "there"));
        let messages: Vec<&str> = found.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(messages, ["task 'b' calls the flow 'n.gone', which does not exist"]);
        assert_eq!(found[0].position.line, 7);
    }
}
