//! What a request adds to a chart: the times, the filters and the page.

use super::conditions::Row;
use crate::error::{Answer, ApiError};
use crate::request::{Condition, Field as Known, FieldKind, Filter, Op, all_hold, date};
use jiff::Timestamp;
use segue_api_types as types;
use segue_model::dashboard::TimeWindow;
use segue_model::dashboard::data::{Cell, Condition as Own, Data, Field, Source};

/// The largest page, in entries.
const LARGEST: u32 = 10_000;
const DATES: [Known; 3] = [
    Known::new("startDate", FieldKind::Date),
    Known::new("endDate", FieldKind::Date),
    Known::new("timeRange", FieldKind::TimeRange),
];

const NAMESPACE: (Known, Field) = (Known::text("namespace"), Field::Namespace);
const FLOW: (Known, Field) = (Known::text("flowId"), Field::FlowId);
const OF_EXECUTIONS: &[(Known, Field)] = &[
    NAMESPACE,
    FLOW,
    (Known::new("state", FieldKind::State), Field::State),
    (Known::new("labels", FieldKind::Labels), Field::Labels),
];
const OF_FLOWS: &[(Known, Field)] = &[NAMESPACE, (Known::text("flowId"), Field::Id)];
const OF_OTHERS: &[(Known, Field)] = &[NAMESPACE, FLOW];

/// The fields of a request, each with the field of the rows.
fn fields(source: Source) -> &'static [(Known, Field)] {
    match source {
        Source::Executions => OF_EXECUTIONS,
        Source::Flows => OF_FLOWS,
        Source::Logs | Source::Metrics | Source::Triggers => OF_OTHERS,
    }
}

/// What a request adds to a chart.
#[derive(Debug)]
pub(super) struct Wanted {
    /// The first moment of the window.
    pub(super) start: Timestamp,
    /// The last moment of the window.
    pub(super) end: Timestamp,
    filters: Vec<Filter>,
    source: Source,
    page: Option<(usize, usize)>,
}

impl Wanted {
    /// Reads what a request adds to a chart with this data.
    pub(super) fn read(
        body: &types::ChartFilters,
        window: TimeWindow,
        source: Source,
        now: Timestamp,
    ) -> Answer<Self> {
        let mut known: Vec<Known> = fields(source).iter().map(|(known, _)| *known).collect();
        known.extend(DATES);
        let mut filters = Filter::from_body(body.filters.as_deref().unwrap_or_default(), &known)?;
        let read = |name: &str, text: &Option<String>| {
            let date = text.as_deref().filter(|text| !text.is_empty()).map(date).transpose();
            date.map_err(|why| ApiError::argument(format!("{name}: {why}")))
        };
        let mut start = read("startDate", &body.start_date)?;
        let mut end = read("endDate", &body.end_date)?;
        let (mut conditions, mut choices) = (Vec::new(), Vec::new());
        filters.drain(..).for_each(|filter| filter.split(&mut conditions, &mut choices));
        for condition in conditions {
            match (condition.field.as_str(), condition.op) {
                ("startDate", Op::GreaterThan | Op::GreaterOrEqual) => start = Some(moment(&condition)?),
                ("endDate", Op::LessThan | Op::LessOrEqual) => end = Some(moment(&condition)?),
                ("timeRange", _) => start = now.checked_sub(condition.range()?).ok(),
                ("startDate" | "endDate", _) => return Err(condition.unusable()),
                _ => filters.push(Filter::One(condition)),
            }
        }
        if let Some(condition) = choices.iter().find_map(dated) {
            return Err(ApiError::argument(format!(
                "filters[{}]: a date cannot be a part of a choice; send it as a condition of its own",
                condition.field
            )));
        }
        filters.extend(choices);
        filters.extend(older(body, &known)?);
        let end = end.unwrap_or(now);
        let start = match start {
            Some(start) => start,
            None => end.checked_sub(window.default).unwrap_or(Timestamp::MIN),
        };
        if end < start {
            return Err(ApiError::argument("endDate is before startDate"));
        }
        if end.duration_since(start) > window.max {
            return Err(ApiError::argument(format!(
                "the window from startDate to endDate is longer than the largest one, {} days: choose a shorter one, or \
                 raise 'max' of 'timeWindow'",
                window.max.as_hours() / 24
            )));
        }
        Ok(Self { start, end, filters, source, page: page(body)? })
    }

    /// The data of a chart, without its own conditions on the fields that the request has conditions on.
    pub(super) fn narrow(&self, data: &Data) -> Data {
        let mut data = data.clone();
        let mut named = Vec::new();
        self.filters.iter().for_each(|filter| names(filter, &mut named));
        let replaced: Vec<Field> = fields(self.source)
            .iter()
            .filter(|(known, _)| named.contains(&known.name))
            .map(|(_, field)| *field)
            .collect();
        let is_replaced =
            |condition: &Own| matches!(condition, Own::One { field, .. } if replaced.contains(field));
        data.conditions.retain(|condition| !is_replaced(condition));
        data
    }

    /// The conditions that must hold in any case.
    pub(super) fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.filters.iter().filter_map(|filter| match filter {
            Filter::One(condition) => Some(condition),
            Filter::All(_) | Filter::Any(_) => None,
        })
    }

    /// Whether a row meets the filters of the request.
    pub(super) fn holds_for(&self, row: &impl Row) -> Answer<bool> {
        all_hold(&self.filters, &|condition| {
            let found = fields(self.source).iter().find(|(known, _)| known.name == condition.field);
            let Some((known, field)) = found else { return Err(condition.unusable()) };
            let text = |label: Option<&str>| match row.cell(*field, label) {
                Some(Cell::Text(text)) => Some(text),
                _ => None,
            };
            match known.kind {
                FieldKind::Labels => {
                    let (key, condition) = condition.label()?;
                    condition.holds_for_maybe(text(Some(key)).as_deref())
                }
                FieldKind::State => {
                    let is_in = |found: String| {
                        condition.states().map(|all| all.iter().any(|one| one.as_str() == found))
                    };
                    text(None).map_or(Ok(false), is_in)
                }
                _ => condition.holds_for_maybe(text(None).as_deref()),
            }
        })
    }

    /// The entries of the page. All entries if the request has no page.
    pub(super) fn cut<T>(&self, entries: Vec<T>) -> Vec<T> {
        match self.page {
            None => entries,
            Some((offset, limit)) => entries.into_iter().skip(offset).take(limit).collect(),
        }
    }
}

fn moment(condition: &Condition) -> Answer<Timestamp> {
    date(&condition.value).map_err(|why| ApiError::argument(format!("filters[{}]: {why}", condition.field)))
}

/// The first condition on a date.
fn dated(filter: &Filter) -> Option<&Condition> {
    match filter {
        Filter::One(condition) => DATES.iter().any(|date| date.name == condition.field).then_some(condition),
        Filter::All(filters) | Filter::Any(filters) => filters.iter().find_map(dated),
    }
}

fn names<'f>(filter: &'f Filter, found: &mut Vec<&'f str>) {
    match filter {
        Filter::One(condition) => found.push(&condition.field),
        Filter::All(filters) | Filter::Any(filters) => filters.iter().for_each(|filter| names(filter, found)),
    }
}

/// The older fields of a body as conditions.
fn older(body: &types::ChartFilters, known: &[Known]) -> Answer<Vec<Filter>> {
    let mut found = Vec::new();
    if let Some(namespace) = body.namespace.as_ref().filter(|namespace| !namespace.is_empty()) {
        let (field, op, value) = ("namespace".to_owned(), Op::Prefix, namespace.clone());
        found.push(Filter::One(Condition { field, op, key: None, value }));
    }
    for (key, value) in body.labels.iter().flatten() {
        let (field, op, value) = ("labels".to_owned(), Op::Equals, value.clone());
        found.push(Filter::One(Condition { field, op, key: Some(key.clone()), value }));
    }
    found.iter().try_for_each(|filter| filter.check(known))?;
    Ok(found)
}

fn page(body: &types::ChartFilters) -> Answer<Option<(usize, usize)>> {
    let number = body.page_number.unwrap_or(1);
    let Some(size) = body.page_size else {
        return match body.page_number {
            None => Ok(None),
            Some(_) => Err(ApiError::argument("pageNumber: send pageSize too")),
        };
    };
    if number < 1 {
        return Err(ApiError::argument("pageNumber: must be greater than or equal to 1"));
    }
    if !(1..=LARGEST).contains(&size) {
        return Err(ApiError::argument(format!("pageSize: must be between 1 and {LARGEST}")));
    }
    let offset = (number as usize - 1).saturating_mul(size as usize);
    Ok(Some((offset, size as usize)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::parse_chart;
    use serde_json::json;

    const NOW: &str = "2024-05-10T00:00:00Z";

    fn read(body: serde_json::Value, source: Source) -> Answer<Wanted> {
        let body = serde_json::from_value(body).unwrap();
        Wanted::read(&body, TimeWindow::default(), source, NOW.parse().unwrap())
    }

    #[test]
    fn the_window_ends_now_unless_the_request_says_more() {
        let days = |body| {
            let wanted = read(body, Source::Logs).unwrap();
            [wanted.start, wanted.end].map(|date| date.to_string()[..10].to_owned())
        };
        assert_eq!(days(json!({})), ["2024-04-10", "2024-05-10"]);
        assert_eq!(days(json!({"startDate": "2024-05-01"})), ["2024-05-01", "2024-05-10"]);
        assert_eq!(days(json!({"endDate": "2024-05-01T00:00:00Z"})), ["2024-04-01", "2024-05-01"]);
        let filters = json!([
            {"field": "START_DATE", "operation": "GREATER_THAN_OR_EQUAL_TO", "value": "2024-02-01"},
            {"field": "endDate", "operation": "LESS_THAN", "value": "2024-03-01"},
        ]);
        assert_eq!(days(json!({"filters": filters})), ["2024-02-01", "2024-03-01"]);
        let range = json!([{"field": "timeRange", "operation": "EQUALS", "value": "P1D"}]);
        assert_eq!(days(json!({"filters": range})), ["2024-05-09", "2024-05-10"]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (body, part) in [
            (json!({"startDate": "then"}), "startDate"),
            (json!({"startDate": "2024-05-11"}), "endDate is before startDate"),
            (json!({"startDate": "2020-05-11"}), "366 days"),
            (json!({"pageNumber": 2}), "pageSize"),
            (json!({"pageSize": 0}), "pageSize"),
            (json!({"pageSize": 1, "pageNumber": 0}), "pageNumber"),
            (json!({"labels": {"team": "x"}}), "labels"),
            (json!({"filters": [{"field": "state", "value": "FAILED"}]}), "state"),
            (
                json!({"filters": [{"field": "startDate", "operation": "LESS_THAN", "value": NOW}]}),
                "startDate",
            ),
            (
                json!({"filters": [{"logical": "OR", "children": [{"field": "timeRange", "value": "P1D"}]}]}),
                "choice",
            ),
        ] {
            let error = read(body.clone(), Source::Logs).unwrap_err();
            assert!(error.message().contains(part), "{body}: {}", error.message());
        }
        assert!(serde_json::from_value::<types::ChartFilters>(json!({"colour": "red"})).is_err());
    }

    #[test]
    fn a_condition_of_the_request_replaces_the_conditions_of_the_chart() {
        let chart = "id: c
type: io.kestra.plugin.core.dashboard.chart.Table
data:
  type: io.kestra.plugin.core.dashboard.data.Executions
  columns: {id: {field: ID}}
  where:
    - {field: NAMESPACE, type: EQUAL_TO, value: b}
    - {field: STATE, type: EQUAL_TO, value: FAILED}
";
        let chart = parse_chart(chart).value.unwrap();
        let segue_model::dashboard::Content::Rows(data) = chart.content else { panic!("no rows") };
        let left = |body| read(body, Source::Executions).unwrap().narrow(&data).conditions;
        assert_eq!(left(json!({})).len(), 2);
        assert!(matches!(&left(json!({"namespace": "a"}))[..], [Own::One { field: Field::State, .. }]));
        assert_eq!(
            left(json!({"filters": [{"field": "state", "value": "FAILED"}], "namespace": "a"})).len(),
            0
        );
    }

    #[test]
    fn pages_count_from_one() {
        let wanted = read(json!({"pageSize": 2, "pageNumber": 2}), Source::Flows).unwrap();
        assert_eq!(wanted.cut(vec![1, 2, 3, 4, 5]), [3, 4]);
        assert_eq!(read(json!({}), Source::Flows).unwrap().cut(vec![1, 2]), [1, 2]);
    }
}
