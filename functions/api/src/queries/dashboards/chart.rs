//! The data of a chart.

use super::conditions::{Compiled, WrongPattern};
use super::rows::{AnyRow, Rows, read};
use super::table::{Period, number, number_json, table};
use super::window::Wanted;
use super::{read_chart, source_of, stored};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::source::refusal_of;
use jiff::SignedDuration;
use segue_api_types as types;
use segue_model::dashboard::data::{Condition, Data};
use segue_model::dashboard::{Chart, Content, TimeWindow};
use segue_model::{Json, Map, flow_document, parse_dashboard};

/// The window of a preview: 8 days, as in Kestra.
const PREVIEW: TimeWindow =
    TimeWindow { default: SignedDuration::from_hours(8 * 24), max: TimeWindow::LONGEST };

/// The data of a chart, with the keys of its columns, which data without entries do not say.
pub(crate) struct Charted {
    pub(crate) data: types::ChartData,
    pub(crate) columns: Vec<String>,
}

/// The data of a chart of a dashboard.
pub(crate) async fn of_dashboard(
    api: &Api,
    id: &str,
    chart_id: &str,
    filters: &types::ChartFilters,
) -> Answer<Charted> {
    let entry = stored(api, id).await?;
    let read = parse_dashboard(source_of(&entry));
    let dashboard = read.value.ok_or_else(|| refusal_of("dashboard", &read.diagnostics))?;
    let chart = dashboard.charts.iter().find(|chart| chart.id == chart_id);
    let chart =
        chart.ok_or_else(|| ApiError::not_found(format!("Chart '{chart_id}' of the dashboard '{id}'")))?;
    data_of(api, chart, filters, dashboard.window).await
}

/// The data of a chart that is not saved.
pub(crate) async fn preview(api: &Api, wanted: &types::ChartPreview) -> Answer<Charted> {
    let read = read_chart(&wanted.chart);
    let chart = read.value.ok_or_else(|| refusal_of("chart", &read.diagnostics))?;
    let filters = wanted.global_filter.clone().unwrap_or_default();
    data_of(api, &chart, &filters, PREVIEW).await
}

async fn data_of(
    api: &Api,
    chart: &Chart,
    filters: &types::ChartFilters,
    window: TimeWindow,
) -> Answer<Charted> {
    match &chart.content {
        Content::Rows(data) => {
            let found = Found::read(api, data, filters, window).await?;
            let conditions = compiled(&found.data.conditions)?;
            let period = Period::of(found.wanted.end.duration_since(found.wanted.start));
            let entries = table(&found.data, &conditions, &found.rows, period);
            let total = entries.len() as u64;
            let columns = data.columns.iter().map(|column| column.key.clone()).collect();
            Ok(Charted { data: found.answer(found.wanted.cut(entries), total), columns })
        }
        Content::Number { data, numerator, is_percentage } => {
            let found = Found::read(api, data, filters, window).await?;
            let conditions = compiled(&found.data.conditions)?;
            let number = number(&found.data, &compiled(numerator)?, *is_percentage, &conditions, &found.rows);
            let results = vec![single("value", number.map_or(Json::Null, number_json))];
            Ok(Charted { data: found.answer(results, 1), columns: vec!["value".to_owned()] })
        }
        Content::FlowDescription { namespace, flow_id } => {
            let flow = api.flow(namespace, flow_id, None).await?;
            let document = flow_document(&flow.source).unwrap_or_default();
            let text = document.get("description").and_then(Json::as_str).unwrap_or_default();
            let results = vec![single("description", Json::from(text))];
            let data = types::ChartData { results, total: 1, read: 1, is_complete: true };
            Ok(Charted { data, columns: vec!["description".to_owned()] })
        }
        Content::Text(_) => Err(ApiError::argument(format!(
            "the chart '{}' is a text, and has no data; its text is in the source of the dashboard",
            chart.id
        ))),
    }
}

fn single(key: &str, value: Json) -> Map {
    [(key.to_owned(), value)].into_iter().collect()
}

fn compiled(conditions: &[Condition]) -> Answer<Vec<Compiled<'_>>> {
    let refused = |wrong: WrongPattern| {
        ApiError::argument(format!("{}:{}: {}", wrong.position.line, wrong.position.column, wrong.why))
    };
    Compiled::all(conditions).map_err(refused)
}

/// The rows of a chart that meet the filters of the request.
struct Found {
    data: Data,
    wanted: Wanted,
    rows: Vec<AnyRow>,
    read: u64,
    is_complete: bool,
}

impl Found {
    async fn read(api: &Api, data: &Data, filters: &types::ChartFilters, window: TimeWindow) -> Answer<Self> {
        let wanted = Wanted::read(filters, window, data.source, api.now())?;
        let data = wanted.narrow(data);
        let Rows { rows: all, read, is_complete } = read(api, &data, &wanted).await?;
        let mut rows = Vec::new();
        for row in all {
            if wanted.holds_for(&row)? {
                rows.push(row);
            }
        }
        Ok(Self { data, wanted, rows, read, is_complete })
    }

    fn answer(&self, results: Vec<Map>, total: u64) -> types::ChartData {
        types::ChartData { results, total, read: self.read, is_complete: self.is_complete }
    }
}
