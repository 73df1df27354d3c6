//! Dashboards, and the data of their charts.

use crate::filter::QueryFilter;
use jiff::Timestamp;
use schemars::JsonSchema;
use segue_model::Map;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A dashboard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Dashboard {
    /// Always the same tenant.
    pub tenant_id: String,
    /// The id.
    pub id: String,
    /// The title.
    pub title: String,
    /// The description. Absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The times that the charts show.
    pub time_window: TimeWindow,
    /// The charts, as they are written in the source.
    pub charts: Vec<Map>,
    /// Always false: a deleted dashboard is not kept.
    pub deleted: bool,
    /// The date on which the dashboard was created.
    pub created: Timestamp,
    /// The date of the last change.
    pub updated: Timestamp,
    /// The YAML text as it was saved.
    pub source_code: String,
}

/// The times that the charts of a dashboard show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TimeWindow {
    /// The length of the window that ends now, as an ISO-8601 duration.
    pub default: String,
    /// The longest window that a request may ask for, as an ISO-8601 duration.
    pub max: String,
}

/// What a request adds to a chart: a time window, filters, and a page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ChartFilters {
    /// The start of the window, as an ISO-8601 date. If absent, the dashboard's default window ends at `endDate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<String>,
    /// The end of the window, as an ISO-8601 date. If absent, now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_date: Option<String>,
    /// The largest number of entries on a page. If absent, all entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u32>,
    /// The number of the page, from 1. Needs `pageSize`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_number: Option<u32>,
    /// Only this namespace and the namespaces below it. Replaces the chart's own conditions on namespaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Only executions with all these labels. Replaces the chart's own conditions on labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Conditions. A condition on a field replaces the chart's own conditions on this field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filters: Option<Vec<QueryFilter>>,
}

/// A chart that is not saved, for a preview of its data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChartPreview {
    /// The chart in YAML.
    pub chart: String,
    /// What the request adds to the chart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub global_filter: Option<ChartFilters>,
}

/// The data of a chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChartData {
    /// The entries of this page. An entry has the value of each column.
    pub results: Vec<Map>,
    /// The number of entries on all pages.
    pub total: u64,
    /// The number of rows (executions, log lines, …) that were read for the chart.
    pub read: u64,
    /// Whether all rows were read. If false, the chart shows only the newest rows.
    pub is_complete: bool,
}

/// The dashboards that pages show first. Segue's pages have one of their own, so all fields are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DashboardSettings {
    /// The dashboard of the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_home_dashboard: Option<String>,
    /// The dashboard of a flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_flow_overview_dashboard: Option<String>,
    /// The dashboard of a namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_namespace_overview_dashboard: Option<String>,
}
