//! Dashboards (docs/dashboards.md). A dashboard is a YAML text in the KV store, in a namespace that only Segue can use.
//!
//! What it is: this file reads and writes the texts. `chart` answers the data of a chart: `window` finds the times and
//! the filters of the request, `rows` reads rows from the store, and `table` computes the result from the rows.
//!
//! How to add a source of rows: a variant of `Source` in the model, and its rows in `rows`.

pub(crate) mod chart;
mod conditions;
mod rows;
mod table;
mod window;

use crate::error::{Answer, ApiError, Problem};
use crate::parts::Api;
use crate::request::{Compare, Page, Query, paged};
use crate::source::{place, refusal_of};
use conditions::Compiled;
use segue_api_types as types;
use segue_model::dashboard::{Chart, Content, Dashboard, TimeWindow};
use segue_model::diagnostic::{Diagnostic, Severity, codes};
use segue_model::duration::iso_duration;
use segue_model::{Checked, Json, parse_chart, parse_dashboard};
use segue_ports::kv::{KvEntry, KvType, KvWrite};
use segue_ports::random_name;

/// The namespace of the texts. No flow and no caller of the API can have a namespace with this name.
const NAMESPACE: &str = ":dashboards";
/// The largest number of dashboards.
const MOST: usize = 1_000;
/// The longest text of a dashboard, in bytes.
const LONGEST: usize = 256 * 1024;

const SORTS: [(&str, Compare<types::Dashboard>); 4] = [
    ("id", |left, right| left.id.cmp(&right.id)),
    ("title", |left, right| left.title.cmp(&right.title)),
    ("created", |left, right| left.created.cmp(&right.created)),
    ("updated", |left, right| left.updated.cmp(&right.updated)),
];

/// The dashboards of a search, in the order of their titles.
pub(crate) async fn search(api: &Api, query: &Query) -> Answer<types::Page<types::Dashboard>> {
    let page = Page::from_query(query)?;
    let part = query.text("q").unwrap_or_default().to_lowercase();
    let entries = api.state().kv_entries(NAMESPACE, api.now()).await?;
    let mut found: Vec<types::Dashboard> = entries.iter().map(view).collect();
    found.retain(|one| {
        let texts = [one.id.as_str(), &one.title, one.description.as_deref().unwrap_or_default()];
        texts.iter().any(|text| text.to_lowercase().contains(&part))
    });
    found.sort_by(|left, right| (&left.title, &left.id).cmp(&(&right.title, &right.id)));
    page.arrange(&mut found, &SORTS)?;
    let total = found.len() as u64;
    Ok(paged(page.cut(found), total))
}

/// A dashboard.
pub(crate) async fn one(api: &Api, id: &str) -> Answer<types::Dashboard> {
    stored(api, id).await.map(|entry| view(&entry))
}

async fn stored(api: &Api, id: &str) -> Answer<KvEntry> {
    let found = api.state().kv(NAMESPACE, id, api.now()).await?;
    found.ok_or_else(|| ApiError::not_found(format!("Dashboard '{id}'")))
}

fn source_of(entry: &KvEntry) -> &str {
    entry.value.as_str().unwrap_or_default()
}

/// A dashboard in the shape of the API. A text that an older server accepted is shown as far as it can be read.
fn view(entry: &KvEntry) -> types::Dashboard {
    let source = source_of(entry);
    let Checked { value, document, .. } = parse_dashboard(source);
    let text = |key: &str| document.get(key).and_then(Json::as_str).map(str::to_owned);
    let window = value.map_or_else(TimeWindow::default, |dashboard| dashboard.window);
    let charts = document.get("charts").and_then(Json::as_array).into_iter().flatten();
    types::Dashboard {
        tenant_id: types::TENANT.to_owned(),
        id: entry.key.clone(),
        title: text("title").unwrap_or_else(|| entry.key.clone()),
        description: text("description"),
        time_window: types::TimeWindow {
            default: iso_duration(window.default),
            max: iso_duration(window.max),
        },
        charts: charts.filter_map(Json::as_object).cloned().collect(),
        deleted: false,
        created: entry.created,
        updated: entry.updated,
        source_code: source.to_owned(),
    }
}

/// Saves a new dashboard. A text without an id gets a random one.
pub(crate) async fn create(api: &Api, source: &str) -> Answer<types::Dashboard> {
    let id = accepted(source)?.id.unwrap_or_else(random_name);
    if api.state().kv(NAMESPACE, &id, api.now()).await?.is_some() {
        let problem = Problem::at("dashboard.id", "Dashboard id already exists");
        return Err(ApiError::invalid(
            format!("Invalid entity: dashboard.id: a dashboard '{id}' already exists"),
            vec![problem],
        ));
    }
    if api.state().kv_entries(NAMESPACE, api.now()).await?.len() >= MOST {
        return Err(ApiError::argument(format!(
            "there are {MOST} dashboards, which is the largest number; delete one first"
        )));
    }
    save(api, id, source).await
}

/// Saves an existing dashboard.
pub(crate) async fn update(api: &Api, id: &str, source: &str) -> Answer<types::Dashboard> {
    stored(api, id).await?;
    if let Some(written) = accepted(source)?.id.filter(|written| written != id) {
        let message = format!("Illegal dashboard.id update: the source says '{written}', the address '{id}'");
        let problem = Problem::at("dashboard.id", message.clone());
        return Err(ApiError::invalid(format!("Invalid entity: {message}"), vec![problem]));
    }
    save(api, id.to_owned(), source).await
}

async fn save(api: &Api, id: String, source: &str) -> Answer<types::Dashboard> {
    let write = KvWrite::Set {
        namespace: NAMESPACE.to_owned(),
        key: id.clone(),
        kind: KvType::String,
        value: Json::String(source.to_owned()),
        description: None,
        expires: None,
    };
    api.state().write_kv(vec![write], api.now()).await?;
    one(api, &id).await
}

/// Deletes a dashboard.
pub(crate) async fn remove(api: &Api, id: &str) -> Answer<()> {
    stored(api, id).await?;
    let delete = KvWrite::Delete { namespace: NAMESPACE.to_owned(), key: id.to_owned() };
    Ok(api.state().write_kv(vec![delete], api.now()).await?)
}

/// The problems of a dashboard.
pub(crate) fn validate(source: &str) -> types::FlowValidation {
    report(&read(source).diagnostics)
}

/// The problems of a chart.
pub(crate) fn validate_chart(source: &str) -> types::FlowValidation {
    report(&read_chart(source).diagnostics)
}

fn report(diagnostics: &[Diagnostic]) -> types::FlowValidation {
    let of = |severity: Severity| -> Vec<String> {
        diagnostics.iter().filter(|found| found.severity == severity).map(place).collect()
    };
    let errors = of(Severity::Error);
    types::FlowValidation {
        constraints: (!errors.is_empty()).then(|| errors.join("\n")),
        warnings: of(Severity::Warning),
        infos: of(Severity::Note),
        diagnostics: Some(diagnostics.to_vec()),
        ..types::FlowValidation::default()
    }
}

/// Reads a dashboard with all its problems, also those in patterns, which the model cannot read.
fn read(source: &str) -> Checked<Dashboard> {
    let mut read = parse_dashboard(source);
    let charts = read.value.iter().flat_map(|dashboard| &dashboard.charts);
    let problems: Vec<Diagnostic> = charts.filter_map(wrong_pattern).collect();
    add(&mut read, problems);
    read
}

fn read_chart(source: &str) -> Checked<Chart> {
    let mut read = parse_chart(source);
    let problems: Vec<Diagnostic> = read.value.iter().filter_map(wrong_pattern).collect();
    add(&mut read, problems);
    read
}

fn add<T>(read: &mut Checked<T>, problems: Vec<Diagnostic>) {
    if !problems.is_empty() {
        read.value = None;
        read.diagnostics.extend(problems);
        read.diagnostics.sort_by_key(|found| found.position);
    }
}

/// The first pattern of a chart that cannot be read.
fn wrong_pattern(chart: &Chart) -> Option<Diagnostic> {
    let lists = match &chart.content {
        Content::Rows(data) => vec![&data.conditions],
        Content::Number { data, numerator, .. } => vec![&data.conditions, numerator],
        Content::Text(_) | Content::FlowDescription { .. } => Vec::new(),
    };
    let wrong = lists.into_iter().find_map(|conditions| Compiled::all(conditions).err())?;
    let message = format!("the pattern of a condition of chart '{}' cannot be read: {}", chart.id, wrong.why);
    Some(Diagnostic::error(codes::NOT_ALLOWED_VALUE, wrong.position, message))
}

/// The dashboard of a valid source. A source with errors gets 422.
fn accepted(source: &str) -> Answer<Dashboard> {
    if source.len() > LONGEST {
        return Err(ApiError::too_large(format!("the dashboard is larger than {} KiB", LONGEST / 1024)));
    }
    let read = read(source);
    read.value.ok_or_else(|| refusal_of("dashboard", &read.diagnostics))
}
