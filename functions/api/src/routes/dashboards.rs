//! Dashboards and the data of their charts (docs/dashboards.md).

use super::flows::PAGE;
use crate::endpoint::{Content, Endpoint, Kind, Param, delete, get, json, post, put};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::dashboards as queries;
use crate::queries::dashboards::chart::Charted;
use crate::request::{JsonBody, Query, YamlBody};
use crate::view::csv;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use segue_api_types as types;
use segue_model::Json as Value;

const FORMAT: Param =
    Param::new("format", Kind::OneOf(&["CSV"]), "Only `CSV`, the default: Segue does not export ION.");

pub(super) fn endpoints() -> Vec<Endpoint> {
    let one = "/dashboards/{id}";
    let mut all = vec![
        get("/dashboards", search).is("searchDashboards", "Searches dashboards.").takes(&PAGE).takes(&[
            Param::new("q", Kind::Text, "Only dashboards with this text in id, title or description."),
        ]),
        post("/dashboards", create)
            .is("createDashboard", "Saves a new dashboard. A source without an id gets a random one.")
            .body(Content::Yaml),
        get(one, read).is("dashboard", "Returns a dashboard with its source.").refuses(&[404]),
        put(one, update)
            .is("updateDashboard", "Saves an existing dashboard.")
            .body(Content::Yaml)
            .refuses(&[404]),
        delete(one, remove).is("deleteDashboard", "Deletes a dashboard.").answers_code(204).refuses(&[404]),
        get("/dashboards/settings/default-dashboards", settings)
            .is("defaultDashboards", "Returns the dashboards that pages show first."),
        post("/dashboards/validate", validate)
            .is("validateDashboard", "Checks a dashboard. Saves nothing.")
            .body(Content::Yaml),
        post("/dashboards/validate/chart", validate_chart)
            .is("validateChart", "Checks a chart. Saves nothing.")
            .body(Content::Yaml),
        post("/dashboards/{id}/charts/{chartId}", data)
            .is("dashboardChartData", "Computes the data of a chart of a dashboard.")
            .body(json::<types::ChartFilters>())
            .refuses(&[404]),
        post("/dashboards/charts/preview", preview)
            .is("previewChart", "Computes the data of a chart that is not saved.")
            .body(json::<types::ChartPreview>())
            .refuses(&[404]),
    ];
    // Kestra 1 and Kestra 2 have different addresses.
    for (path, id) in [
        ("/dashboards/charts/export", "exportChart"),
        ("/dashboards/charts/export/to-csv", "exportChartToCsv"),
    ] {
        let export = post(path, export_preview)
            .is(id, "Exports the data of a chart that is not saved, as CSV.")
            .body(json::<types::ChartPreview>())
            .answers(Content::Csv)
            .refuses(&[404]);
        all.push(if path.ends_with("to-csv") { export } else { export.takes(&[FORMAT]) });
    }
    for (path, id) in [
        ("/dashboards/{id}/charts/{chartId}/export", "exportDashboardChart"),
        ("/dashboards/{id}/charts/{chartId}/export/to-csv", "exportDashboardChartDataToCsv"),
    ] {
        let export = post(path, export)
            .is(id, "Exports the data of a chart of a dashboard, as CSV.")
            .body(json::<types::ChartFilters>())
            .answers(Content::Csv)
            .refuses(&[404]);
        all.push(if path.ends_with("to-csv") { export } else { export.takes(&[FORMAT]) });
    }
    all
}

async fn search(State(api): State<Api>, query: Query) -> Answer<Json<types::Page<types::Dashboard>>> {
    queries::search(&api, &query).await.map(Json)
}

async fn create(State(api): State<Api>, YamlBody(source): YamlBody) -> Answer<Json<types::Dashboard>> {
    queries::create(&api, &source).await.map(Json)
}

async fn read(State(api): State<Api>, Path(id): Path<String>) -> Answer<Json<types::Dashboard>> {
    queries::one(&api, &id).await.map(Json)
}

async fn update(
    State(api): State<Api>,
    Path(id): Path<String>,
    YamlBody(source): YamlBody,
) -> Answer<Json<types::Dashboard>> {
    queries::update(&api, &id, &source).await.map(Json)
}

async fn remove(State(api): State<Api>, Path(id): Path<String>) -> Answer<StatusCode> {
    queries::remove(&api, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn settings() -> Json<types::DashboardSettings> {
    Json(types::DashboardSettings::default())
}

async fn validate(YamlBody(source): YamlBody) -> Json<types::FlowValidation> {
    Json(queries::validate(&source))
}

async fn validate_chart(YamlBody(source): YamlBody) -> Json<types::FlowValidation> {
    Json(queries::validate_chart(&source))
}

async fn data(
    State(api): State<Api>,
    Path((id, chart)): Path<(String, String)>,
    JsonBody(filters): JsonBody<types::ChartFilters>,
) -> Answer<Json<types::ChartData>> {
    queries::chart::of_dashboard(&api, &id, &chart, &filters).await.map(|found| Json(found.data))
}

async fn preview(
    State(api): State<Api>,
    JsonBody(wanted): JsonBody<types::ChartPreview>,
) -> Answer<Json<types::ChartData>> {
    queries::chart::preview(&api, &wanted).await.map(|found| Json(found.data))
}

async fn export(
    State(api): State<Api>,
    Path((id, chart)): Path<(String, String)>,
    query: Query,
    JsonBody(filters): JsonBody<types::ChartFilters>,
) -> Answer<Response> {
    check_format(&query)?;
    table(&chart, queries::chart::of_dashboard(&api, &id, &chart, &filters).await?)
}

async fn export_preview(
    State(api): State<Api>,
    query: Query,
    JsonBody(wanted): JsonBody<types::ChartPreview>,
) -> Answer<Response> {
    check_format(&query)?;
    table("chart", queries::chart::preview(&api, &wanted).await?)
}

fn check_format(query: &Query) -> Answer<()> {
    match query.text("format") {
        None | Some("CSV") => Ok(()),
        Some(other) => Err(ApiError::argument(format!("format is '{other}': only CSV is exported"))),
    }
}

/// The data of a chart as CSV. A file does not say that rows are missing, so incomplete data are refused.
fn table(name: &str, Charted { data, columns }: Charted) -> Answer<Response> {
    if !data.is_complete {
        return Err(ApiError::argument(format!(
            "the chart has more than {} rows to read, so the file would be incomplete; send a shorter time window",
            data.read
        )));
    }
    let heading: Vec<&str> = columns.iter().map(String::as_str).collect();
    let rows = data.results.iter().map(|entry| {
        let text = |key: &&str| match entry.get(*key) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        heading.iter().map(text).collect()
    });
    csv::answer(&format!("{name}.csv"), &heading, rows.collect())
}
