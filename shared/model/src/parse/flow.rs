//! The flow itself (docs/kestra.md 1.1).

use super::context::Context;
use super::fields::Fields;
use super::node::Node;
use super::{ids, input, labels, parts, retry, task, trigger};
use crate::diagnostic::{Diagnostic, codes};
use crate::flow::Flow;

/// Reads a flow; `None` if the document is not a map.
pub(super) fn flow(ctx: &mut Context<'_>, node: &Node) -> Option<Flow> {
    let mut fields = Fields::from_node(ctx, node, "the flow")?;
    let flow = Flow {
        id: ids::flow_id(ctx, &mut fields),
        namespace: ids::namespace(ctx, &mut fields),
        revision: 1,
        description: fields.text(ctx, "description"),
        labels: labels::labels(ctx, &mut fields),
        inputs: input::inputs(ctx, &mut fields, "inputs"),
        variables: fields.map(ctx, "variables"),
        tasks: task::required_tasks(ctx, &mut fields, "tasks"),
        errors: task::tasks(ctx, &mut fields, "errors"),
        finally: task::tasks(ctx, &mut fields, "finally"),
        after_execution: task::tasks(ctx, &mut fields, "afterExecution"),
        outputs: parts::outputs(ctx, &mut fields),
        triggers: fields
            .list(ctx, &["triggers"])
            .iter()
            .filter_map(|node| trigger::trigger(ctx, node))
            .collect(),
        concurrency: parts::concurrency(ctx, &mut fields),
        retry: retry::retry(ctx, &mut fields),
        sla: parts::sla(ctx, &mut fields),
        checks: parts::checks(ctx, &mut fields),
        disabled: fields.flag(ctx, "disabled", false),
    };
    // The module `defaults` has already read these keys.
    fields.ignore(&["pluginDefaults", "taskDefaults"]);
    // Exported flows have these keys. The state store counts revisions and knows which flows are deleted.
    fields.ignore(&["revision", "deleted", "tenantId"]);
    fields.ignore_with_note(ctx, &["workerGroup"], "Segue has no worker groups");
    if let Some(node) = fields.take(&["listeners"]) {
        ctx.tell(
            Diagnostic::error(
                codes::UNRECOGNIZED_FIELD,
                node.position,
                "'listeners' of the flow would have no effect: Segue has no listeners",
            )
            .with_hint(
                "write the tasks under 'errors' or 'afterExecution', or in a flow with a Flow trigger",
            ),
        );
    }
    fields.finish(ctx);
    Some(flow)
}
