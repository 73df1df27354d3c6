//! Dashboards: charts over executions, logs, metrics, flows and triggers, as in Kestra (docs/dashboards.md).
//!
//! What it is: plain data. `parse/dashboard` reads it from YAML. The API reads the rows of a chart and computes its
//! table.
//!
//! What it must not know: where rows come from, and how a chart is drawn.
//!
//! How to add one more: a field is a line in `FIELDS` and in the list of its source, both in [`data`]. A type of chart
//! is a variant of [`ChartKind`] and a line in `CHARTS`.

pub mod data;

use crate::diagnostic::Position;
use data::{Condition, Data};
use jiff::SignedDuration;

/// A dashboard.
#[derive(Clone, Debug, PartialEq)]
pub struct Dashboard {
    /// The id. `None` if the source has none; the server then makes one.
    pub id: Option<String>,
    /// The title.
    pub title: String,
    /// A text for people.
    pub description: Option<String>,
    /// The times that the charts show.
    pub window: TimeWindow,
    /// The charts, in the order of the source.
    pub charts: Vec<Chart>,
}

/// The times that the charts of a dashboard show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeWindow {
    /// The length of the window that ends now.
    pub default: SignedDuration,
    /// The longest window that a request may ask for.
    pub max: SignedDuration,
}

impl TimeWindow {
    /// The longest window of any dashboard: 366 days.
    pub const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);
}

impl Default for TimeWindow {
    fn default() -> Self {
        Self { default: SignedDuration::from_hours(30 * 24), max: Self::LONGEST }
    }
}

/// A chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// The id, unique within the dashboard.
    pub id: String,
    /// The type.
    pub kind: ChartKind,
    /// What the chart shows.
    pub content: Content,
    /// Where the chart begins.
    pub position: Position,
}

/// The type of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartKind {
    /// Values over time.
    TimeSeries,
    /// A bar for each group.
    Bar,
    /// A slice for each group.
    Pie,
    /// Rows.
    Table,
    /// One number.
    Kpi,
    /// Text.
    Markdown,
}

/// The names of the types of charts.
pub(crate) const CHARTS: [(&str, ChartKind); 6] = [
    ("io.kestra.plugin.core.dashboard.chart.TimeSeries", ChartKind::TimeSeries),
    ("io.kestra.plugin.core.dashboard.chart.Bar", ChartKind::Bar),
    ("io.kestra.plugin.core.dashboard.chart.Pie", ChartKind::Pie),
    ("io.kestra.plugin.core.dashboard.chart.Table", ChartKind::Table),
    ("io.kestra.plugin.core.dashboard.chart.KPI", ChartKind::Kpi),
    ("io.kestra.plugin.core.dashboard.chart.Markdown", ChartKind::Markdown),
];

/// What a chart shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Rows, or groups of rows.
    Rows(Data),
    /// One number.
    Number {
        /// The rows and the one column that makes the number.
        data: Data,
        /// The rows of the numerator. Empty: all rows.
        numerator: Vec<Condition>,
        /// Whether the number is the numerator as a percentage of all rows.
        is_percentage: bool,
    },
    /// A text in Markdown.
    Text(String),
    /// The description of a flow.
    FlowDescription {
        /// The namespace of the flow.
        namespace: String,
        /// The id of the flow.
        flow_id: String,
    },
}
