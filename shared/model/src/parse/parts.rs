//! Reads the smaller parts of a flow: outputs, concurrency, SLA, checks (docs/kestra.md 1.1, 1.5, 1.6).

use super::context::Context;
use super::fields::Fields;
use super::{ids, input, labels};
use crate::Json;
use crate::flow::{
    Check, CheckBehavior, Concurrency, ConcurrencyBehavior, FlowOutput, Sla, SlaBehavior, SlaKind,
};

const CONCURRENCY: [(&str, ConcurrencyBehavior); 3] = [
    ("QUEUE", ConcurrencyBehavior::Queue),
    ("CANCEL", ConcurrencyBehavior::Cancel),
    ("FAIL", ConcurrencyBehavior::Fail),
];

const SLA: [(&str, SlaBehavior); 3] =
    [("FAIL", SlaBehavior::Fail), ("CANCEL", SlaBehavior::Cancel), ("NONE", SlaBehavior::None)];

const CHECK: [(&str, CheckBehavior); 3] = [
    ("BLOCK_EXECUTION", CheckBehavior::BlockExecution),
    ("FAIL_EXECUTION", CheckBehavior::FailExecution),
    ("CREATE_EXECUTION", CheckBehavior::CreateExecution),
];

const STYLES: [(&str, &str); 4] =
    [("ERROR", "ERROR"), ("SUCCESS", "SUCCESS"), ("WARNING", "WARNING"), ("INFO", "INFO")];

pub(super) fn outputs(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> Vec<FlowOutput> {
    let mut outputs = Vec::new();
    for node in fields.list(ctx, &["outputs"]) {
        let Some(mut fields) = Fields::from_node(ctx, node, "an output") else { continue };
        let id = ids::input_id(ctx, &mut fields);
        if !id.is_empty() {
            fields.rename(format!("output '{id}'"));
        }
        let kind = input::output_kind(ctx, &mut fields);
        outputs.push(FlowOutput {
            id,
            kind,
            value: fields.require(ctx, &["value"]).map_or(Json::Null, |node| node.to_json()),
            description: fields.text(ctx, "description"),
            display_name: fields.text(ctx, "displayName"),
            required: fields.flag(ctx, "required", true),
        });
        fields.finish(ctx);
    }
    outputs
}

pub(super) fn concurrency(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> Option<Concurrency> {
    let node = fields.take(&["concurrency"])?;
    let mut fields = Fields::from_node(ctx, node, "'concurrency' of the flow")?;
    fields.require(ctx, &["limit"]);
    let limit = fields.count(ctx, "limit", 1).unwrap_or(1);
    let behavior = fields.choice(ctx, "behavior", &CONCURRENCY).unwrap_or_default();
    fields.finish(ctx);
    Some(Concurrency { limit, behavior })
}

pub(super) fn sla(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> Vec<Sla> {
    let mut all = Vec::new();
    for node in fields.list(ctx, &["sla"]) {
        let Some(mut fields) = Fields::from_node(ctx, node, "an sla") else { continue };
        let id = fields.required_text(ctx, "id");
        if !id.is_empty() {
            fields.rename(format!("sla '{id}'"));
        }
        let what = format!("'type' of {}", fields.what());
        let kinds = [("MAX_DURATION", true), ("EXECUTION_ASSERTION", false)];
        let kind = match fields.require(ctx, &["type"]).and_then(|node| ctx.choice(node, &what, &kinds)) {
            Some(true) => Some(SlaKind::MaxDuration { duration: fields.required_duration(ctx, "duration") }),
            Some(false) => Some(SlaKind::ExecutionAssertion { assert: fields.required_text(ctx, "assert") }),
            None => {
                fields.ignore(&["duration", "assert"]);
                None
            }
        };
        let what = format!("'behavior' of {}", fields.what());
        let behavior = fields.require(ctx, &["behavior"]).and_then(|node| ctx.choice(node, &what, &SLA));
        let labels = labels::labels(ctx, &mut fields);
        fields.finish(ctx);
        if let (Some(kind), Some(behavior)) = (kind, behavior) {
            all.push(Sla { id, kind, behavior, labels });
        }
    }
    all
}

pub(super) fn checks(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    for node in fields.list(ctx, &["checks"]) {
        let Some(mut fields) = Fields::from_node(ctx, node, "a check") else { continue };
        checks.push(Check {
            condition: condition(ctx, &mut fields),
            message: fields.required_text(ctx, "message"),
            style: fields.choice(ctx, "style", &STYLES).unwrap_or("INFO").to_owned(),
            behavior: fields.choice(ctx, "behavior", &CHECK).unwrap_or_default(),
        });
        fields.finish(ctx);
    }
    checks
}

/// Reads `condition`. In Kestra 2.x its name is `when`.
fn condition(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> String {
    let label = format!("'condition' of {}", fields.what());
    fields.require(ctx, &["condition", "when"]).and_then(|node| ctx.text(node, &label)).unwrap_or_default()
}
