//! The allowed characters and lengths of ids and namespaces (docs/kestra.md 1.1 to 1.3).

use super::context::Context;
use super::fields::Fields;
use crate::diagnostic::{Diagnostic, codes};

/// A word of the API that flows of Kestra 1.x may have as their id.
const HIDDEN_FLOW_ID: &str = "pause";

const RESERVED_FLOW_IDS: [&str; 9] =
    ["resume", "force-run", "change-status", "kill", "executions", "search", "source", "disable", "enable"];

pub(super) fn flow_id(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> String {
    let id =
        checked(ctx, fields, &["id"], codes::INVALID_ID, 100, |first| first.is_ascii_alphanumeric(), "._-");
    if id == HIDDEN_FLOW_ID
        && let Some(node) = fields.take(&["id"])
    {
        let message = format!(
            "the flow id '{id}' is also an action of the API, so the address that runs flows is taken"
        );
        let hint = "choose another id, or run the flow at /executions/trigger/NAMESPACE/pause";
        ctx.tell(Diagnostic::note(codes::RESERVED_ID, node.position, message).with_hint(hint));
    }
    if RESERVED_FLOW_IDS.contains(&id.as_str())
        && let Some(node) = fields.take(&["id"])
    {
        ctx.tell(
            Diagnostic::error(codes::RESERVED_ID, node.position, format!("the flow id '{id}' is reserved"))
                .with_hint("the API uses this word in its paths; choose another id"),
        );
    }
    id
}

pub(super) fn namespace(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> String {
    let is_first = |first: char| first.is_ascii_lowercase() || first.is_ascii_digit();
    checked(ctx, fields, &["namespace"], codes::INVALID_NAMESPACE, 150, is_first, "._-")
}

/// Reads the id of a task or trigger.
pub(super) fn id(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> String {
    checked(ctx, fields, &["id"], codes::INVALID_ID, usize::MAX, |first| first.is_ascii_alphanumeric(), "_-")
}

/// Reads the id of an input. Dots in it nest. `name` is the older name of the key.
pub(super) fn input_id(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> String {
    let is_first = |first: char| first.is_ascii_alphanumeric();
    checked(ctx, fields, &["id", "name"], codes::INVALID_ID, usize::MAX, is_first, "._-")
}

fn checked(
    ctx: &mut Context<'_>,
    fields: &mut Fields<'_>,
    names: &[&'static str],
    code: &str,
    longest: usize,
    is_first: fn(char) -> bool,
    marks: &str,
) -> String {
    let what = format!("the {} of {}", names.first().copied().unwrap_or("id"), fields.what());
    let Some(node) = fields.require(ctx, names) else { return String::new() };
    let Some(text) = ctx.text(node, &what) else { return String::new() };
    let lower = code == codes::INVALID_NAMESPACE;
    let is_valid = text.chars().next().is_some_and(is_first)
        && text.chars().all(|letter| {
            marks.contains(letter)
                || if lower {
                    letter.is_ascii_lowercase() || letter.is_ascii_digit()
                } else {
                    letter.is_ascii_alphanumeric()
                }
        });
    if !is_valid {
        let letters = if lower { "lower-case letters" } else { "letters" };
        let marks: Vec<String> = marks.chars().map(|mark| format!("'{mark}'")).collect();
        ctx.tell(Diagnostic::error(code, node.position, format!("{what} is invalid: '{text}'")).with_hint(
            format!("use {letters}, digits and {}, and start with a letter or digit", marks.join(" ")),
        ));
    } else if text.len() > longest {
        ctx.tell(
            Diagnostic::error(code, node.position, format!("{what} is too long: {} characters", text.len()))
                .with_hint(format!("use at most {longest} characters")),
        );
    }
    text
}
