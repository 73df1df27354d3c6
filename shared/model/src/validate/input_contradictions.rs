//! Properties of an input that exclude each other (docs/kestra.md 1.2).

use crate::diagnostic::{Diagnostic, codes};
use crate::duration::parse_duration;
use crate::flow::Flow;
use crate::input::{Input, InputKind};
use crate::positions::Positions;
use crate::task::{FlowableKind, TaskKind};
use crate::texts::has_template;
use crate::walk::walk_tasks;

pub(super) fn input_contradictions(flow: &Flow, positions: &Positions) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    check(&flow.inputs, "/inputs", positions, &mut found);
    walk_tasks(flow, &mut |path, task| {
        if let TaskKind::Flowable(flowable) = &task.kind
            && let FlowableKind::Pause(pause) = &flowable.kind
        {
            check(&pause.on_resume, &format!("{path}/onResume"), positions, &mut found);
        }
    });
    found
}

fn check(inputs: &[Input], path: &str, positions: &Positions, found: &mut Vec<Diagnostic>) {
    for (index, input) in inputs.iter().enumerate() {
        let path = format!("{path}/{index}");
        let mut tell = |property: &str, why: String, hint: &str| {
            let message = format!("input '{}': {why}", input.id);
            let position = positions.of(&format!("{path}/{property}"));
            found.push(Diagnostic::error(codes::INPUT_CONTRADICTION, position, message).with_hint(hint));
        };
        if input.defaults.is_some() && input.prefill.is_some() {
            tell("prefill", "'defaults' and 'prefill' exclude each other".to_owned(), "keep one of the two");
        }
        match &input.kind {
            InputKind::Int { min: Some(min), max: Some(max) } if min > max => {
                tell("max", format!("'max' ({max}) is less than 'min' ({min})"), "swap the two");
            }
            InputKind::Float { min: Some(min), max: Some(max) } if min > max => {
                tell("max", format!("'max' ({max}) is less than 'min' ({min})"), "swap the two");
            }
            InputKind::Duration { min: Some(min), max: Some(max) } => {
                if let (Ok(low), Ok(high)) = (parse_duration(min), parse_duration(max))
                    && low > high
                {
                    tell("max", format!("'max' ({max}) is less than 'min' ({min})"), "swap the two");
                }
            }
            InputKind::Date { after: Some(after), before: Some(before) }
            | InputKind::Time { after: Some(after), before: Some(before) }
                // The order of ISO dates and times is the order of their texts.
                if after > before && !has_template(after) && !has_template(before) =>
            {
                tell("before", format!("'before' ({before}) is earlier than 'after' ({after})"), "swap the two");
            }
            InputKind::Select { values, expression, .. } | InputKind::Multiselect { values, expression, .. } => {
                if values.is_empty() && expression.is_none() {
                    tell("type", "there are no values to choose from".to_owned(), "add 'values' or 'expression'");
                }
                if !values.is_empty() && expression.is_some() {
                    let why = "'values' and 'expression' exclude each other".to_owned();
                    tell("expression", why, "keep one of the two");
                }
            }
            _ => {}
        }
        if positions.exact(&format!("{path}/options")).is_some()
            && positions.exact(&format!("{path}/values")) != positions.exact(&format!("{path}/options"))
        {
            tell("options", "'values' and 'options' mean the same".to_owned(), "keep 'values'");
        }
    }
}
