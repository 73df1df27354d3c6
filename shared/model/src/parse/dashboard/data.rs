//! Reads `data`: the source, the columns and the order.

use super::super::context::Context;
use super::super::fields::Fields;
use super::super::node::Node;
use super::condition::conditions;
use super::options::{Options, unknown_column};
use crate::dashboard::ChartKind;
use crate::dashboard::data::{
    AGGREGATES, Aggregate, Column, Condition, Data, Field, FieldKind, NUMBER_SOURCES, Order, SOURCES, Source,
};
use crate::diagnostic::{Diagnostic, Position, codes};

/// Reads the data of a chart with rows.
pub(super) fn rows(ctx: &mut Context<'_>, chart: &mut Fields<'_>, kind: ChartKind) -> Option<Data> {
    let (mut fields, source) = begin(ctx, chart, &SOURCES)?;
    let what = fields.what().to_owned();
    let node = fields.require(ctx, &["columns"]);
    let mut columns = Vec::new();
    match node.map(|node| (node, node.entries())) {
        Some((_, Some(entries))) => {
            for entry in entries {
                let what = format!("column '{}' of {what}", entry.key);
                columns.extend(column(ctx, &entry.node, (&entry.key, &what), source, kind));
            }
        }
        Some((node, None)) => {
            ctx.wrong_kind(node, &format!("'columns' of {what}"), "a map of names to columns");
        }
        None => {}
    }
    if let Some(node) = node.filter(|node| node.entries().is_some_and(<[_]>::is_empty)) {
        ctx.error(codes::MISSING_PROPERTY, node.position, format!("{what} has no columns"));
    }
    twice(ctx, &columns);
    let conditions = conditions(ctx, &mut fields, "where", source);
    let order = order(ctx, &mut fields, &columns);
    fields.finish(ctx);
    Some(Data { source, columns, conditions, order })
}

/// Reads the data of a chart with one number, and the conditions of the numerator.
pub(super) fn number(ctx: &mut Context<'_>, chart: &mut Fields<'_>) -> Option<(Data, Vec<Condition>)> {
    let (mut fields, source) = begin(ctx, chart, &NUMBER_SOURCES)?;
    let what = format!("'columns' of {}", fields.what());
    let column = fields
        .require(ctx, &["columns"])
        .and_then(|node| column(ctx, node, ("value", &what), source, ChartKind::Kpi));
    if let Some(column) = column.as_ref().filter(|column| column.aggregate.is_none()) {
        let message = format!("{what} has no 'agg'");
        let problem = Diagnostic::error(codes::MISSING_PROPERTY, column.position, message);
        ctx.tell(problem.with_hint("a number is made by one of COUNT, COUNT_DISTINCT, SUM, AVG, MIN, MAX"));
    }
    let is_date = column.as_ref().is_some_and(|column| {
        let kind = column.field.map(Field::kind);
        kind == Some(FieldKind::Date) && matches!(column.aggregate, Some(Aggregate::Min | Aggregate::Max))
    });
    if let Some(column) = column.as_ref().filter(|_| is_date) {
        ctx.error(codes::NOT_ALLOWED_VALUE, column.position, format!("{what} makes a date, not a number"));
    }
    let numerator = conditions(ctx, &mut fields, "numerator", source);
    let conditions = conditions(ctx, &mut fields, "where", source);
    fields.finish(ctx);
    Some((Data { source, columns: column.into_iter().collect(), conditions, order: Vec::new() }, numerator))
}

fn begin<'n>(
    ctx: &mut Context<'_>,
    chart: &mut Fields<'n>,
    sources: &[(&str, Source)],
) -> Option<(Fields<'n>, Source)> {
    let what = format!("'data' of {}", chart.what());
    let node = chart.require(ctx, &["data"])?;
    let mut fields = Fields::from_node(ctx, node, what)?;
    let label = format!("'type' of {}", fields.what());
    // Which keys and fields are allowed follows from the type.
    let source = fields.require(ctx, &["type"]).and_then(|node| ctx.choice(node, &label, sources))?;
    Some((fields, source))
}

/// Reads a field of the source. Reports other fields.
pub(super) fn field(ctx: &mut Context<'_>, node: &Node, what: &str, source: Source) -> Option<Field> {
    let choices: Vec<(&str, Field)> = source.fields().iter().map(|field| (field.name(), *field)).collect();
    ctx.choice(node, &format!("'field' of {what}"), &choices)
}

/// Reads `labelKey`, which LABELS needs, and nothing else may have.
pub(super) fn label_key(
    ctx: &mut Context<'_>,
    fields: &mut Fields<'_>,
    field: Option<Field>,
) -> Option<String> {
    let is_label = field.map(Field::kind) == Some(FieldKind::Labels);
    if is_label {
        return Some(fields.required_text(ctx, "labelKey"));
    }
    if let Some(node) = fields.take(&["labelKey"]) {
        let message = format!("{} has 'labelKey', but its field is not LABELS", fields.what());
        ctx.error(codes::NOT_ALLOWED_VALUE, node.position, message);
    }
    None
}

fn column(
    ctx: &mut Context<'_>,
    node: &Node,
    (key, what): (&str, &str),
    source: Source,
    kind: ChartKind,
) -> Option<Column> {
    let mut fields = Fields::from_node(ctx, node, what)?;
    let aggregate = fields.choice(ctx, "agg", &AGGREGATES);
    let field_node = fields.take(&["field"]);
    let field = field_node.and_then(|node| field(ctx, node, what, source));
    if field_node.is_none() && aggregate != Some(Aggregate::Count) {
        let message = format!("{what} lacks the required property 'field'");
        let problem = Diagnostic::error(codes::MISSING_PROPERTY, node.position, message);
        ctx.tell(problem.with_hint("only a column with 'agg: COUNT' needs no field"));
    }
    if let (Some(field), Some(aggregate), Some(node)) = (field, aggregate, field_node) {
        fits(ctx, node.position, what, field, aggregate);
    }
    let label_key = label_key(ctx, &mut fields, field);
    fields.text(ctx, "displayName");
    match kind {
        ChartKind::TimeSeries => {
            fields.choice(ctx, "graphStyle", &[("LINES", ()), ("BARS", ()), ("POINTS", ())]);
        }
        ChartKind::Table => {
            fields.choice(ctx, "columnAlignment", &[("LEFT", ()), ("RIGHT", ()), ("CENTER", ())]);
        }
        ChartKind::Bar | ChartKind::Pie | ChartKind::Kpi | ChartKind::Markdown => {}
    }
    fields.finish(ctx);
    Some(Column { key: key.to_owned(), field, label_key, aggregate, position: node.position })
}

/// Reports an aggregate that the values of the field do not have.
fn fits(ctx: &mut Context<'_>, position: Position, what: &str, field: Field, aggregate: Aggregate) {
    let is_number = matches!(field.kind(), FieldKind::Number | FieldKind::Duration);
    let is_allowed = match aggregate {
        Aggregate::Count | Aggregate::CountDistinct => true,
        Aggregate::Sum | Aggregate::Avg => is_number,
        Aggregate::Min | Aggregate::Max => is_number || field.kind() == FieldKind::Date,
    };
    if !is_allowed {
        let name = AGGREGATES.iter().find(|(_, known)| *known == aggregate).map_or("", |(name, _)| name);
        let message = format!("{what}: {} has no {name}", field.name());
        let problem = Diagnostic::error(codes::NOT_ALLOWED_VALUE, position, message);
        ctx.tell(problem.with_hint("count it with COUNT or COUNT_DISTINCT, or choose a field with numbers"));
    }
}

/// Reports columns with the same values.
fn twice(ctx: &mut Context<'_>, columns: &[Column]) {
    for (index, column) in columns.iter().enumerate() {
        let is_same = |other: &&Column| {
            (other.field, other.aggregate, &other.label_key)
                == (column.field, column.aggregate, &column.label_key)
        };
        if let Some(first) = columns.iter().take(index).find(is_same) {
            let message = format!("the columns '{}' and '{}' have the same values", first.key, column.key);
            let problem = Diagnostic::error(codes::NOT_ALLOWED_VALUE, column.position, message);
            ctx.tell(problem.with_hint("remove one of them"));
        }
    }
}

fn order(ctx: &mut Context<'_>, fields: &mut Fields<'_>, columns: &[Column]) -> Vec<Order> {
    let keys: Vec<&str> = columns.iter().map(|column| column.key.as_str()).collect();
    let mut orders = Vec::new();
    for node in fields.list(ctx, &["orderBy"]) {
        let what = format!("an element of 'orderBy' of {}", fields.what());
        let Some(mut one) = Fields::from_node(ctx, node, what.clone()) else { continue };
        let at = one.peek("column").map_or(node.position, |node| node.position);
        let column = one.required_text(ctx, "column");
        if !column.is_empty() {
            unknown_column(ctx, at, &format!("'column' of {what}"), &column, &keys);
        }
        let is_descending = one.choice(ctx, "order", &[("ASC", false), ("DESC", true)]).unwrap_or(false);
        one.finish(ctx);
        orders.push(Order { column, is_descending });
    }
    orders
}

/// Reports data that do not fit the type and the options of their chart.
pub(super) fn agree(
    ctx: &mut Context<'_>,
    (what, at): (&str, Position),
    kind: ChartKind,
    options: &Options,
    data: &Data,
) {
    let keys: Vec<&str> = data.columns.iter().map(|column| column.key.as_str()).collect();
    for (option, key, position) in &options.columns {
        unknown_column(ctx, *position, &format!("'{option}' of {what}"), key, &keys);
        let Some(column) = data.columns.iter().find(|column| column.key == *key) else { continue };
        if column.aggregate.is_some() {
            let message = format!("'{option}' of {what} names the column '{key}', which has an aggregate");
            ctx.error(codes::NOT_ALLOWED_VALUE, *position, message);
        }
        // A field that could not be read has been reported.
        let is_date = column.field.is_none_or(|field| field.kind() == FieldKind::Date);
        if kind == ChartKind::TimeSeries && *option == "column" && !is_date {
            let message = format!("'column' of {what} names the column '{key}', which has no dates");
            ctx.error(codes::NOT_ALLOWED_VALUE, *position, message);
        }
    }
    let most = match kind {
        ChartKind::TimeSeries => 2,
        ChartKind::Bar | ChartKind::Pie => 1,
        ChartKind::Table | ChartKind::Kpi | ChartKind::Markdown => return,
    };
    let found = data.columns.iter().filter(|column| column.aggregate.is_some()).count();
    if found == 0 || found > most {
        let wanted = if most == 1 { "exactly 1 column" } else { "1 or 2 columns" };
        let message = format!("{what} has {found} columns with 'agg', but needs {wanted}");
        ctx.error(codes::NOT_ALLOWED_VALUE, at, message);
    }
}
