//! Reads dashboards and charts (docs/dashboards.md).

mod condition;
mod data;
mod options;
#[cfg(test)]
mod tests;

use super::context::Context;
use super::fields::Fields;
use super::node::Node;
use super::{build, documents, ids};
use crate::Map;
use crate::catalog::Catalog;
use crate::dashboard::{CHARTS, Chart, ChartKind, Content, Dashboard, TimeWindow};
use crate::diagnostic::{Diagnostic, Position, Severity, codes};
use std::collections::BTreeSet;

/// The largest number of charts of a dashboard.
const MOST_CHARTS: usize = 100;
/// The longest id, in characters.
const LONGEST_ID: usize = 100;
/// Words in addresses of the API and of the pages, which would hide the dashboard at its own address.
const RESERVED: [&str; 4] = ["charts", "new", "settings", "validate"];

/// The result of reading a dashboard or a chart.
#[derive(Clone, Debug)]
pub struct Checked<T> {
    /// What was read; `None` if there is an error.
    pub value: Option<T>,
    /// The source as JSON, as written. Empty if the source is not a map.
    pub document: Map,
    /// All problems, in the order of the source.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the source of a dashboard.
pub fn parse_dashboard(source: &str) -> Checked<Dashboard> {
    checked(source, "a dashboard", "'title' and 'charts'", dashboard)
}

/// Reads the source of one chart.
pub fn parse_chart(source: &str) -> Checked<Chart> {
    checked(source, "a chart", "'id' and 'type'", chart)
}

fn checked<T>(
    source: &str,
    what: &str,
    parts: &str,
    read: impl Fn(&mut Context<'_>, &Node) -> Option<T>,
) -> Checked<T> {
    let catalog = Catalog::default();
    let mut ctx = Context::new(&catalog);
    let documents = documents::split(source);
    let root = documents
        .first()
        .and_then(|document| build::build(document.text, document.first_line, &mut ctx.diagnostics));
    if root.is_none() && ctx.diagnostics.is_empty() {
        let problem = Diagnostic::error(
            codes::MISSING_PROPERTY,
            Position { line: 1, column: 1 },
            format!("the source is empty, but {what} is expected"),
        );
        ctx.tell(problem.with_hint(format!("{what} has at least {parts}")));
    }
    if let Some(second) = documents.get(1) {
        let position = Position { line: second.first_line.saturating_add(1), column: 1 };
        let message = format!("a second document starts here, but {what} is one document");
        ctx.error(codes::WRONG_VALUE_TYPE, position, message);
    }
    let value = root.as_ref().and_then(|root| read(&mut ctx, root));
    let mut diagnostics = ctx.diagnostics;
    diagnostics.sort_by_key(|found| found.position);
    let is_refused = diagnostics.iter().any(|found| found.severity == Severity::Error);
    let document = root.as_ref().and_then(Node::entries).map(super::node::entries_to_map);
    Checked { value: value.filter(|_| !is_refused), document: document.unwrap_or_default(), diagnostics }
}

fn dashboard(ctx: &mut Context<'_>, node: &Node) -> Option<Dashboard> {
    let mut fields = Fields::from_node(ctx, node, "the dashboard")?;
    let id = fields.peek("id").is_some().then(|| id(ctx, &mut fields));
    let title = fields.required_text(ctx, "title");
    if let Some(node) = fields.peek("title").filter(|_| title.trim().is_empty()) {
        ctx.error(codes::MISSING_PROPERTY, node.position, "'title' of the dashboard is empty");
    }
    let dashboard = Dashboard {
        id,
        title,
        description: fields.text(ctx, "description"),
        window: fields.take(&["timeWindow"]).map(|node| window(ctx, node)).unwrap_or_default(),
        charts: fields.list(ctx, &["charts"]).iter().filter_map(|node| chart(ctx, node)).collect(),
    };
    // Answers of the API have these keys.
    fields.ignore(&["tenantId", "deleted", "created", "updated"]);
    fields.finish(ctx);
    let mut seen = BTreeSet::new();
    for chart in &dashboard.charts {
        if !seen.insert(&chart.id) {
            let message = format!("two charts have the id '{}'", chart.id);
            ctx.error(codes::NOT_ALLOWED_VALUE, chart.position, message);
        }
    }
    if dashboard.charts.len() > MOST_CHARTS {
        let message = format!("the dashboard has {} charts", dashboard.charts.len());
        let problem = Diagnostic::error(codes::OUT_OF_RANGE, node.position, message);
        ctx.tell(problem.with_hint(format!("use at most {MOST_CHARTS} charts")));
    }
    Some(dashboard)
}

fn id(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> String {
    let id = ids::id(ctx, fields);
    let Some(node) = fields.peek("id") else { return id };
    if RESERVED.contains(&id.as_str()) {
        let problem = Diagnostic::error(
            codes::RESERVED_ID,
            node.position,
            format!("the dashboard id '{id}' is reserved"),
        );
        ctx.tell(problem.with_hint("this word is a part of addresses; choose another id"));
    } else if id.len() > LONGEST_ID {
        let message = format!("the id of the dashboard is too long: {} characters", id.len());
        let problem = Diagnostic::error(codes::INVALID_ID, node.position, message);
        ctx.tell(problem.with_hint(format!("use at most {LONGEST_ID} characters")));
    }
    id
}

fn window(ctx: &mut Context<'_>, node: &Node) -> TimeWindow {
    let usual = TimeWindow::default();
    let Some(mut fields) = Fields::from_node(ctx, node, "'timeWindow' of the dashboard") else {
        return usual;
    };
    let mut limited = |name: &'static str| {
        let duration = fields.duration(ctx, name)?;
        let position = fields.peek(name).map_or(node.position, |node| node.position);
        if !duration.is_positive() || duration > TimeWindow::LONGEST {
            let message =
                format!("'{name}' of 'timeWindow' must be longer than nothing, and at most 366 days");
            ctx.error(codes::OUT_OF_RANGE, position, message);
        }
        Some(duration)
    };
    let (default, max) = (limited("default"), limited("max"));
    fields.finish(ctx);
    let max = max.unwrap_or(usual.max);
    let window = TimeWindow { default: default.unwrap_or(usual.default.min(max)), max };
    if window.default > window.max {
        let message = "'default' of 'timeWindow' is longer than its 'max'";
        ctx.error(codes::OUT_OF_RANGE, node.position, message);
    }
    window
}

fn chart(ctx: &mut Context<'_>, node: &Node) -> Option<Chart> {
    let mut fields = Fields::from_node(ctx, node, "a chart")?;
    let id = ids::id(ctx, &mut fields);
    if !id.is_empty() {
        fields.rename(format!("chart '{id}'"));
    }
    let what = fields.what().to_owned();
    let kind = fields.require(ctx, &["type"]).and_then(|node| {
        let found = ctx.choice(node, &format!("'type' of {what}"), &CHARTS);
        found.map(|kind| (kind, node.position))
    });
    // Which keys a chart may have follows from its type.
    let (kind, at) = kind?;
    let options = options::options(ctx, &mut fields, kind);
    let content = match kind {
        ChartKind::Markdown => markdown(ctx, &mut fields),
        ChartKind::Kpi => data::number(ctx, &mut fields).map(|(data, numerator)| Content::Number {
            data,
            numerator,
            is_percentage: options.is_percentage,
        }),
        ChartKind::TimeSeries | ChartKind::Bar | ChartKind::Pie | ChartKind::Table => {
            let data = data::rows(ctx, &mut fields, kind);
            data.map(|data| {
                data::agree(ctx, (&what, at), kind, &options, &data);
                Content::Rows(data)
            })
        }
    };
    fields.finish(ctx);
    Some(Chart { id, kind, content: content?, position: node.position })
}

fn markdown(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> Option<Content> {
    let what = fields.what().to_owned();
    let content = fields.text(ctx, "content");
    let Some(node) = fields.take(&["source"]) else {
        if content.is_none() {
            fields.require(ctx, &["source"]);
        }
        return content.map(Content::Text);
    };
    let what = format!("'source' of {what}");
    if content.is_some() {
        ctx.error(
            codes::NOT_ALLOWED_VALUE,
            node.position,
            format!("{what} and 'content' exclude each other"),
        );
    }
    let mut source = Fields::from_node(ctx, node, what.clone())?;
    let kinds = [("Text", true), ("FlowDescription", false)];
    let is_text = source
        .require(ctx, &["type"])
        .and_then(|node| ctx.choice(node, &format!("'type' of {what}"), &kinds))?;
    let found = if is_text {
        Content::Text(source.required_text(ctx, "content"))
    } else {
        Content::FlowDescription {
            namespace: source.required_text(ctx, "namespace"),
            flow_id: source.required_text(ctx, "flowId"),
        }
    };
    source.finish(ctx);
    Some(found)
}
