//! Tests of the results of charts.

use super::*;
use segue_model::dashboard::data::{Field, Source};
use segue_model::dashboard::{Chart, Content};
use segue_model::parse_chart;
use serde_json::json;

/// An execution: state, namespace, start, seconds, team.
struct Run(&'static str, &'static str, &'static str, Option<f64>, Option<&'static str>);

impl Row for Run {
    fn cell(&self, field: Field, label: Option<&str>) -> Option<Cell> {
        let text = |text: &str| Some(Cell::Text(text.to_owned()));
        match field {
            Field::State => text(self.0),
            Field::Namespace => text(self.1),
            Field::StartDate => self.2.parse().ok().map(Cell::Date),
            Field::Duration => self.3.map(Cell::Number),
            Field::Labels => self.4.filter(|_| label == Some("team")).and_then(text),
            _ => None,
        }
    }
}

const RUNS: [Run; 5] = [
    Run("SUCCESS", "a", "2024-05-02T10:00:00Z", Some(3.0), Some("x")),
    Run("FAILED", "a", "2024-05-02T11:30:00Z", Some(1.5), None),
    Run("SUCCESS", "b", "2024-05-01T10:10:10Z", Some(4.0), Some("x")),
    Run("RUNNING", "b", "2024-05-01T10:20:00Z", None, Some("y")),
    Run("SUCCESS", "a", "2024-05-01T23:59:59Z", Some(5.0), None),
];

fn chart(kind: &str, options: &str, data: &str) -> Chart {
    let source = format!(
        "id: c\ntype: io.kestra.plugin.core.dashboard.chart.{kind}\nchartOptions: {{displayName: C{options}}}\ndata:\n{data}"
    );
    let read = parse_chart(&source);
    read.value.unwrap_or_else(|| panic!("{:?}", read.diagnostics))
}

fn rows(kind: &str, options: &str, data: &str, runs: &[Run]) -> Json {
    let data = format!("  type: io.kestra.plugin.core.dashboard.data.Executions\n{data}");
    let chart = chart(kind, options, &data);
    let Content::Rows(data) = &chart.content else { panic!("no rows") };
    assert_eq!(data.source, Source::Executions);
    let conditions = Compiled::all(&data.conditions).unwrap();
    table(data, &conditions, runs, Period::Day).into_iter().map(Json::Object).collect()
}

fn one(options: &str, data: &str, runs: &[Run]) -> Option<f64> {
    let data = format!("  type: io.kestra.plugin.core.dashboard.data.ExecutionsKPI\n{data}");
    let chart = chart("KPI", options, &data);
    let Content::Number { data, numerator, is_percentage } = &chart.content else { panic!("no number") };
    let (conditions, numerator) =
        (Compiled::all(&data.conditions).unwrap(), Compiled::all(numerator).unwrap());
    number(data, &numerator, *is_percentage, &conditions, runs)
}

#[test]
fn groups_have_periods_and_aggregates() {
    let found = rows(
        "TimeSeries",
        ", column: date, colorByColumn: state",
        "  columns:
    date: {field: START_DATE}
    state: {field: STATE}
    total: {agg: COUNT}
    time: {field: DURATION, agg: SUM}
",
        &RUNS,
    );
    assert_eq!(
        found,
        json!([
            {"date": "2024-05-01T00:00:00Z", "state": "RUNNING", "total": 1, "time": null},
            {"date": "2024-05-01T00:00:00Z", "state": "SUCCESS", "total": 2, "time": 9},
            {"date": "2024-05-02T00:00:00Z", "state": "FAILED", "total": 1, "time": 1.5},
            {"date": "2024-05-02T00:00:00Z", "state": "SUCCESS", "total": 1, "time": 3},
        ])
    );
}

#[test]
fn every_aggregate_is_computed_and_the_order_is_kept() {
    let found = rows(
        "Table",
        "",
        "  columns:
    namespace: {field: NAMESPACE}
    all: {agg: COUNT}
    ended: {field: DURATION, agg: COUNT}
    teams: {field: LABELS, labelKey: team, agg: COUNT_DISTINCT}
    mean: {field: DURATION, agg: AVG}
    least: {field: DURATION, agg: MIN}
    last: {field: START_DATE, agg: MAX}
  where:
    - {field: STATE, type: NOT_IN, values: [FAILED]}
  orderBy:
    - {column: namespace, order: DESC}
",
        &RUNS,
    );
    assert_eq!(
        found,
        json!([
            {"namespace": "b", "all": 2, "ended": 1, "teams": 2, "mean": 4, "least": 4, "last": "2024-05-01T10:20:00Z"},
            {"namespace": "a", "all": 2, "ended": 2, "teams": 1, "mean": 4, "least": 3, "last": "2024-05-02T10:00:00Z"},
        ])
    );
}

#[test]
fn rows_without_aggregates_stay_rows() {
    let data = "  columns:
    state: {field: STATE}
    team: {field: LABELS, labelKey: team}
    start: {field: START_DATE}
  orderBy: [{column: team, order: DESC}, {column: start}]
";
    let found = rows("Table", "", data, &RUNS);
    let teams: Vec<&Json> = found.as_array().unwrap().iter().map(|row| &row["team"]).collect();
    assert_eq!(teams, [&json!("y"), &json!("x"), &json!("x"), &Json::Null, &Json::Null], "absent is last");
    assert_eq!(found[1]["start"], "2024-05-01T10:10:10Z", "dates of rows are not cut");
    assert_eq!(rows("Table", "", data, &[]), json!([]));
}

#[test]
fn numbers_count_without_rows_too() {
    let total = "  columns: {total: {agg: COUNT}}\n";
    assert_eq!(rows("Table", "", total, &[]), json!([{"total": 0}]));
    let count = "  columns: {field: ID, agg: COUNT}\n";
    assert_eq!(one("", count, &[]), Some(0.0));
    assert_eq!(one(", numberType: PERCENTAGE", count, &[]), None, "a percentage of nothing");
    assert_eq!(one("", "  columns: {field: DURATION, agg: AVG}\n", &[]), None);
}

#[test]
fn a_number_has_a_numerator() {
    let ratio =
        "  columns: {agg: COUNT}\n  numerator: [{field: STATE, type: IN, values: [SUCCESS, WARNING]}]\n";
    assert_eq!(one(", numberType: PERCENTAGE", ratio, &RUNS), Some(60.0));
    assert_eq!(one("", ratio, &RUNS), Some(3.0));
    let only = format!("{ratio}  where: [{{field: NAMESPACE, type: EQUAL_TO, value: a}}]\n");
    assert_eq!(one(", numberType: PERCENTAGE", &only, &RUNS), Some(66.67));
    assert_eq!(one("", "  columns: {field: DURATION, agg: MAX}\n", &RUNS), Some(5.0));
}

#[test]
fn the_length_of_the_window_decides_the_period() {
    let hours = |hours| Period::of(SignedDuration::from_hours(hours));
    assert_eq!([3, 7, 48, 30 * 24].map(hours), [Period::Minute, Period::Hour, Period::Day, Period::Day]);
    assert_eq!([24 * 181, 24 * 366].map(hours), [Period::Week, Period::Month]);
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let moment = at("2024-05-16T10:20:30.5Z");
    for (period, start) in [
        (Period::Minute, "2024-05-16T10:20:00Z"),
        (Period::Hour, "2024-05-16T10:00:00Z"),
        (Period::Day, "2024-05-16T00:00:00Z"),
        (Period::Week, "2024-05-13T00:00:00Z"),
        (Period::Month, "2024-05-01T00:00:00Z"),
    ] {
        assert_eq!(period.start(moment), at(start), "{period:?}");
    }
}
