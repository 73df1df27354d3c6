//! Reads `chartOptions`.

use super::super::context::Context;
use super::super::fields::Fields;
use crate::dashboard::ChartKind;
use crate::diagnostic::{Diagnostic, Position, codes};
use crate::suggest::suggest;

/// The options of a chart that other parts of the chart must agree with.
#[derive(Default)]
pub(super) struct Options {
    /// The columns that the chart names, each with the name of the option.
    pub(super) columns: Vec<(&'static str, String, Position)>,
    /// Whether a number is a percentage.
    pub(super) is_percentage: bool,
}

/// Reads the options that a chart of this type may have.
pub(super) fn options(ctx: &mut Context<'_>, chart: &mut Fields<'_>, kind: ChartKind) -> Options {
    let what = format!("'chartOptions' of {}", chart.what());
    let mut found = Options::default();
    let node = match kind {
        // Without the column of the dates there is no series.
        ChartKind::TimeSeries => chart.require(ctx, &["chartOptions"]),
        _ => chart.take(&["chartOptions"]),
    };
    let Some(node) = node else { return found };
    let Some(mut fields) = Fields::from_node(ctx, node, what) else { return found };
    fields.required_text(ctx, "displayName");
    fields.text(ctx, "description");
    let width = format!("'width' of {}", fields.what());
    if let Some(node) = fields.take(&["width"]) {
        ctx.integer(node, &width, 1, 12);
    }
    match kind {
        ChartKind::TimeSeries => {
            if fields.require(ctx, &["column"]).is_some() {
                column(ctx, &mut fields, "column", &mut found);
            }
            column(ctx, &mut fields, "colorByColumn", &mut found);
            drawn(ctx, &mut fields);
        }
        ChartKind::Bar => {
            column(ctx, &mut fields, "column", &mut found);
            column(ctx, &mut fields, "colorByColumn", &mut found);
            drawn(ctx, &mut fields);
        }
        ChartKind::Pie => {
            column(ctx, &mut fields, "colorByColumn", &mut found);
            fields.choice(ctx, "graphStyle", &[("PIE", ()), ("DONUT", ())]);
            drawn(ctx, &mut fields);
        }
        ChartKind::Table => {
            switch(ctx, &mut fields, "header");
            switch(ctx, &mut fields, "pagination");
        }
        ChartKind::Kpi => {
            let kinds = [("FLAT", false), ("PERCENTAGE", true)];
            found.is_percentage = fields.choice(ctx, "numberType", &kinds).unwrap_or(false);
            let colors =
                ["DEFAULT", "SUCCESS", "DANGER", "FAILURE", "WARNING", "INFO"].map(|name| (name, ()));
            fields.choice(ctx, "color", &colors);
        }
        ChartKind::Markdown => {}
    }
    fields.finish(ctx);
    found
}

fn column(ctx: &mut Context<'_>, fields: &mut Fields<'_>, name: &'static str, found: &mut Options) {
    let position = fields.peek(name).map(|node| node.position);
    if let (Some(key), Some(position)) = (fields.text(ctx, name), position) {
        found.columns.push((name, key, position));
    }
}

/// The options of charts that are drawn. The pages read them from the source.
fn drawn(ctx: &mut Context<'_>, fields: &mut Fields<'_>) {
    fields.choice(ctx, "tooltip", &[("NONE", ()), ("ALL", ()), ("SINGLE", ())]);
    switch(ctx, fields, "legend");
}

fn switch(ctx: &mut Context<'_>, fields: &mut Fields<'_>, name: &'static str) {
    let what = format!("'{name}' of {}", fields.what());
    let Some(node) = fields.take(&[name]) else { return };
    let Some(mut inner) = Fields::from_node(ctx, node, what) else { return };
    inner.flag(ctx, "enabled", true);
    inner.finish(ctx);
}

/// Reports columns that a part of the chart names, but that the data does not have.
pub(super) fn unknown_column(
    ctx: &mut Context<'_>,
    position: Position,
    what: &str,
    key: &str,
    known: &[&str],
) {
    if known.contains(&key) {
        return;
    }
    let message = format!("{what} is '{key}', but the columns of the data are {}", known.join(", "));
    let mut problem = Diagnostic::error(codes::NOT_ALLOWED_VALUE, position, message);
    if let Some(near) = suggest(key, known.iter().copied()) {
        problem = problem.with_hint(format!("did you mean '{near}'?"));
    }
    ctx.tell(problem);
}
