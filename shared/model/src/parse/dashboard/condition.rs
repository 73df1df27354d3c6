//! Reads conditions: `where` and `numerator`.

use super::super::context::Context;
use super::super::fields::Fields;
use super::super::node::Node;
use super::data::{field, label_key};
use crate::dashboard::data::{Cell, Condition, Field, FieldKind, Source, Test};
use crate::diagnostic::{Diagnostic, codes};
use crate::duration::parse_duration;
use crate::log::LogLevel;
use crate::state::State;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

/// The largest depth of `OR` inside of `OR`.
const DEEPEST: usize = 4;

/// The kinds of conditions. A kind says which keys a condition has, and which fields it takes.
#[derive(Clone, Copy)]
enum Kind {
    Or,
    /// `value`, of any field.
    Equal(bool),
    /// `values`, of any field.
    List(bool),
    /// `value`, a text.
    Text(fn(String) -> Test),
    /// `value`, of fields with an order.
    Order(fn(Cell) -> Test),
    /// No value.
    Null(bool),
    /// For booleans, which no field has.
    Boolean,
}

const KINDS: [(&str, Kind); 19] = [
    ("EQUAL_TO", Kind::Equal(true)),
    ("NOT_EQUAL_TO", Kind::Equal(false)),
    ("IN", Kind::List(true)),
    ("NOT_IN", Kind::List(false)),
    ("CONTAINS", Kind::Text(Test::Contains)),
    ("NOT_CONTAINS", Kind::Text(Test::ContainsNot)),
    ("STARTS_WITH", Kind::Text(Test::StartsWith)),
    ("ENDS_WITH", Kind::Text(Test::EndsWith)),
    ("PREFIX", Kind::Text(Test::Prefix)),
    ("REGEX", Kind::Text(Test::Matches)),
    ("GREATER_THAN", Kind::Order(Test::More)),
    ("GREATER_THAN_OR_EQUAL_TO", Kind::Order(Test::AtLeast)),
    ("LESS_THAN", Kind::Order(Test::Less)),
    ("LESS_THAN_OR_EQUAL_TO", Kind::Order(Test::AtMost)),
    ("IS_NULL", Kind::Null(true)),
    ("IS_NOT_NULL", Kind::Null(false)),
    ("IS_TRUE", Kind::Boolean),
    ("IS_FALSE", Kind::Boolean),
    ("OR", Kind::Or),
];

/// Reads the conditions in a list.
pub(super) fn conditions(
    ctx: &mut Context<'_>,
    fields: &mut Fields<'_>,
    name: &'static str,
    source: Source,
) -> Vec<Condition> {
    let what = format!("a condition in '{name}' of {}", fields.what());
    fields.list(ctx, &[name]).iter().filter_map(|node| condition(ctx, node, &what, source, 0)).collect()
}

fn condition(
    ctx: &mut Context<'_>,
    node: &Node,
    what: &str,
    source: Source,
    depth: usize,
) -> Option<Condition> {
    let mut fields = Fields::from_node(ctx, node, what)?;
    let kind_node = fields.require(ctx, &["type"])?;
    let kind = ctx.choice(kind_node, &format!("'type' of {what}"), &KINDS)?;
    if matches!(kind, Kind::Or) {
        // Kestra's conditions with OR have a field, which has no meaning.
        if let Some(node) = fields.take(&["field"]) {
            field(ctx, node, what, source);
        }
        if depth == DEEPEST {
            let message = format!("{what} has OR inside of OR more than {DEEPEST} times");
            ctx.error(codes::TOO_LARGE, node.position, message);
            return None;
        }
        let nodes =
            fields.require(ctx, &["values"]).map(|_| fields.list(ctx, &["values"])).unwrap_or_default();
        let any: Vec<Condition> =
            nodes.iter().filter_map(|node| condition(ctx, node, what, source, depth + 1)).collect();
        if nodes.is_empty() {
            ctx.error(codes::MISSING_PROPERTY, node.position, format!("{what} has OR without conditions"));
        }
        fields.finish(ctx);
        return Some(Condition::Any(any));
    }
    let field_node = fields.require(ctx, &["field"])?;
    let field = field(ctx, field_node, what, source)?;
    let label_key = label_key(ctx, &mut fields, Some(field));
    let test = test(ctx, &mut fields, kind, kind_node, field);
    fields.finish(ctx);
    Some(Condition::One { field, label_key, test: test?, position: node.position })
}

fn test(
    ctx: &mut Context<'_>,
    fields: &mut Fields<'_>,
    kind: Kind,
    kind_node: &Node,
    field: Field,
) -> Option<Test> {
    let what = fields.what().to_owned();
    let mut refuse = |why: &str, hint: &str| {
        let message = format!("{what}: {} {why}", field.name());
        ctx.tell(
            Diagnostic::error(codes::NOT_ALLOWED_VALUE, kind_node.position, message)
                .with_hint(hint.to_owned()),
        );
    };
    match kind {
        Kind::Or => None,
        Kind::Boolean => {
            refuse("is not true or false", "compare the value with EQUAL_TO or IN");
            None
        }
        Kind::Text(_)
            if matches!(field.kind(), FieldKind::Number | FieldKind::Duration | FieldKind::Date) =>
        {
            refuse("is not a text", "compare the value with EQUAL_TO, GREATER_THAN or LESS_THAN");
            None
        }
        Kind::Order(_)
            if !matches!(field.kind(), FieldKind::Number | FieldKind::Duration | FieldKind::Date) =>
        {
            refuse("has no order", "name the values with IN");
            None
        }
        Kind::Null(is_null) => Some(if is_null { Test::IsNull } else { Test::IsNotNull }),
        Kind::Text(make) => {
            let node = fields.require(ctx, &["value"])?;
            ctx.text(node, &format!("'value' of {what}")).map(make)
        }
        Kind::Equal(is) => {
            let node = fields.require(ctx, &["value"])?;
            let value = cell(ctx, node, &what, field)?;
            Some(if is { Test::Is(value) } else { Test::IsNot(value) })
        }
        Kind::Order(make) => {
            let node = fields.require(ctx, &["value"])?;
            cell(ctx, node, &what, field).map(make)
        }
        Kind::List(is) => {
            fields.require(ctx, &["values"])?;
            let nodes = fields.list(ctx, &["values"]);
            let values: Vec<Cell> = nodes.iter().filter_map(|node| cell(ctx, node, &what, field)).collect();
            Some(if is { Test::OneOf(values) } else { Test::NoneOf(values) })
        }
    }
}

/// Reads a value of a field.
fn cell(ctx: &mut Context<'_>, node: &Node, what: &str, field: Field) -> Option<Cell> {
    let what = format!("'value' of {what}");
    match field.kind() {
        FieldKind::Text | FieldKind::Labels => ctx.text(node, &what).map(Cell::Text),
        FieldKind::State => {
            let choices = State::ALL.map(|state| (state.as_str(), state));
            ctx.choice(node, &what, &choices).map(|state| Cell::Text(state.as_str().to_owned()))
        }
        FieldKind::Level => {
            let text = ctx.text(node, &what)?;
            let level = LogLevel::parse(&text);
            if level.is_none() {
                ctx.not_allowed(node, &what, &text, &["TRACE", "DEBUG", "INFO", "WARN", "ERROR"]);
            }
            level.map(|level| Cell::Text(level.as_str().to_owned()))
        }
        FieldKind::Number => ctx.float(node, &what).map(Cell::Number),
        FieldKind::Duration => {
            let text = ctx.text(node, &what)?;
            if let Some(seconds) = text.trim().parse::<f64>().ok().filter(|seconds| seconds.is_finite()) {
                return Some(Cell::Number(seconds));
            }
            match parse_duration(&text) {
                Ok(duration) => Some(Cell::Number(duration.as_secs_f64())),
                Err(why) => {
                    ctx.error(codes::INVALID_DURATION, node.position, format!("{what}: {why}"));
                    None
                }
            }
        }
        FieldKind::Date => {
            let text = ctx.text(node, &what)?;
            let date = date(&text);
            if date.is_none() {
                let message = format!("{what} must be a date such as 2024-01-31T08:00:00Z, not '{text}'");
                ctx.error(codes::WRONG_VALUE_TYPE, node.position, message);
            }
            date.map(Cell::Date)
        }
    }
}

/// A date and time. Without a time zone, it is in UTC.
fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(date) = text.parse() {
        return Some(date);
    }
    let local = text.parse::<civil::DateTime>();
    let local = local.or_else(|_| text.parse::<civil::Date>().map(civil::DateTime::from)).ok()?;
    local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}
