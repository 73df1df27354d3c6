//! Tests of dashboards and charts.

use super::*;
use crate::dashboard::data::{Aggregate, Cell, Condition, Field, Source, Test};
use jiff::SignedDuration;

const DASHBOARD: &str = r"id: overview
title: Overview
description: All that runs
timeWindow:
  default: P7D
  max: P365D
charts:
  - id: series
    type: io.kestra.plugin.core.dashboard.chart.TimeSeries
    chartOptions:
      displayName: Executions
      description: Executions per day
      width: 12
      tooltip: ALL
      legend:
        enabled: true
      column: date
      colorByColumn: state
    data:
      type: io.kestra.plugin.core.dashboard.data.Executions
      columns:
        date: {field: START_DATE, displayName: Date}
        state: {field: STATE}
        total: {agg: COUNT, displayName: Executions, graphStyle: BARS}
        duration: {field: DURATION, agg: SUM, graphStyle: LINES}
      where:
        - {field: NAMESPACE, type: STARTS_WITH, value: company}
        - {field: LABELS, labelKey: team, type: EQUAL_TO, value: data}
        - type: OR
          field: STATE
          values:
            - {field: STATE, type: IN, values: [FAILED, WARNING]}
            - {field: DURATION, type: GREATER_THAN, value: PT1M}
      orderBy:
        - {column: total, order: DESC}
  - id: bars
    type: io.kestra.plugin.core.dashboard.chart.Bar
    chartOptions: {displayName: Bars, column: namespace}
    data:
      type: io.kestra.plugin.core.dashboard.data.Logs
      columns:
        namespace: {field: NAMESPACE}
        lines: {agg: COUNT}
      where:
        - {field: LEVEL, type: EQUAL_TO, value: ERROR}
        - {field: DATE, type: LESS_THAN, value: 2024-01-31}
  - id: pie
    type: io.kestra.plugin.core.dashboard.chart.Pie
    chartOptions: {displayName: Pie, graphStyle: DONUT, colorByColumn: name}
    data:
      type: io.kestra.plugin.core.dashboard.data.Metrics
      columns:
        name: {field: NAME}
        most: {field: VALUE, agg: MAX}
  - id: table
    type: io.kestra.plugin.core.dashboard.chart.Table
    chartOptions: {displayName: Table, header: {enabled: true}, pagination: {enabled: false}}
    data:
      type: io.kestra.plugin.core.dashboard.data.Triggers
      columns:
        trigger: {field: TRIGGER_ID, columnAlignment: RIGHT}
        next: {field: NEXT_EXECUTION_DATE}
  - id: ratio
    type: io.kestra.plugin.core.dashboard.chart.KPI
    chartOptions: {displayName: Ratio, numberType: PERCENTAGE, color: SUCCESS, width: 3}
    data:
      type: io.kestra.plugin.core.dashboard.data.ExecutionsKPI
      columns: {field: ID, agg: COUNT}
      numerator:
        - {field: STATE, type: IN, values: [SUCCESS]}
      where:
        - {field: FLOW_REVISION, type: LESS_THAN_OR_EQUAL_TO, value: 3}
  - id: words
    type: io.kestra.plugin.core.dashboard.chart.Markdown
    chartOptions: {displayName: Words}
    content: '## Words'
  - id: of_a_flow
    type: io.kestra.plugin.core.dashboard.chart.Markdown
    source: {type: FlowDescription, namespace: company, flowId: taxi}
";

fn problems(source: &str) -> Vec<String> {
    parse_dashboard(source).diagnostics.iter().map(ToString::to_string).collect()
}

#[test]
fn a_dashboard_in_the_shape_of_kestra_is_read() {
    let read = parse_dashboard(DASHBOARD);
    assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
    assert_eq!(read.document["charts"].as_array().unwrap().len(), 7);
    let dashboard = read.value.unwrap();
    assert_eq!((dashboard.id.as_deref(), dashboard.title.as_str()), (Some("overview"), "Overview"));
    assert_eq!(dashboard.window.default, SignedDuration::from_hours(7 * 24));
    let Content::Rows(series) = &dashboard.charts[0].content else { panic!("no rows") };
    assert_eq!(series.source, Source::Executions);
    let keys: Vec<&str> = series.columns.iter().map(|column| column.key.as_str()).collect();
    assert_eq!(keys, ["date", "state", "total", "duration"]);
    assert_eq!(series.columns[2].aggregate, Some(Aggregate::Count));
    let Condition::Any(either) = &series.conditions[2] else { panic!("{:?}", series.conditions) };
    let Condition::One { field, test, .. } = &either[1] else { panic!("{either:?}") };
    assert_eq!((*field, test), (Field::Duration, &Test::More(Cell::Number(60.0))));
    assert!(series.order[0].is_descending);
    let Content::Number { numerator, is_percentage, .. } = &dashboard.charts[4].content else {
        panic!("no number")
    };
    assert!(*is_percentage && numerator.len() == 1);
    assert_eq!(dashboard.charts[5].content, Content::Text("## Words".into()));
    let (namespace, flow_id) = ("company".to_owned(), "taxi".to_owned());
    assert_eq!(dashboard.charts[6].content, Content::FlowDescription { namespace, flow_id });
}

#[test]
fn a_dashboard_needs_only_a_title() {
    let read = parse_dashboard("title: Small\n").value.unwrap();
    assert_eq!((read.id, read.charts.len(), read.window), (None, 0, TimeWindow::default()));
    assert!(parse_dashboard("title: Small\ntimeWindow: {max: P1D}\n").value.is_some());
}

#[test]
fn what_is_wrong_is_reported_with_its_position() {
    for (old, new, expected) in [
        ("title: Overview", "titel: Overview", "1:1"),
        ("title: Overview", "titel: Overview", "Unrecognized field 'titel'"),
        ("title: Overview", "title: ' '", "'title' of the dashboard is empty"),
        ("id: overview", "id: a b", "is invalid"),
        ("id: overview", "id: charts", "is reserved"),
        ("default: P7D", "default: P400D", "at most 366 days"),
        ("default: P7D", "default: P366D", "longer than its 'max'"),
        ("default: P7D", "default: week", "'default' of 'timeWindow'"),
        (
            "chart.TimeSeries",
            "chart.TimeSerie",
            "did you mean 'io.kestra.plugin.core.dashboard.chart.TimeSeries'",
        ),
        ("chart.KPI", "chart.Gauge", "'type' of chart 'ratio' must be one of"),
        ("data.Executions\n", "data.ExecutionsKPI\n", "'type' of 'data' of chart 'series' must be one of"),
        ("data.ExecutionsKPI", "data.Executions", "'type' of 'data' of chart 'ratio' must be one of"),
        ("{field: START_DATE, displayName: Date}", "{field: START_DAT}", "did you mean 'START_DATE'?"),
        ("{field: START_DATE, displayName: Date}", "{field: LEVEL}", "must be one of ID, NAMESPACE"),
        ("{field: START_DATE, displayName: Date}", "{field: ID}", "which has no dates"),
        ("{field: VALUE, agg: MAX}", "{field: VALUE, agg: MEDIAN}", "must be one of COUNT, COUNT_DISTINCT"),
        ("{field: VALUE, agg: MAX}", "{field: NAME, agg: MAX}", "NAME has no MAX"),
        ("{field: VALUE, agg: MAX}", "{agg: MAX}", "lacks the required property 'field'"),
        ("{field: VALUE, agg: MAX}", "{field: VALUE}", "needs exactly 1 column"),
        ("{agg: COUNT, displayName", "{aggregation: COUNT, displayName", "Unrecognized field 'aggregation'"),
        ("columns: {field: ID, agg: COUNT}", "columns: {field: ID}", "has no 'agg'"),
        ("columns: {field: ID, agg: COUNT}", "columns: {field: END_DATE, agg: MAX}", "makes a date"),
        ("colorByColumn: state", "colorByColumn: stat", "did you mean 'state'?"),
        ("colorByColumn: state", "colorByColumn: total", "which has an aggregate"),
        ("colorByColumn: state", "colour: red", "Unrecognized field 'colour'"),
        ("width: 12", "width: 13", "between 1 and 12"),
        ("      column: date\n", "", "lacks the required property 'column'"),
        ("{column: total, order: DESC}", "{column: totals, order: DESC}", "did you mean 'total'?"),
        ("{column: total, order: DESC}", "{column: total, order: DOWN}", "must be one of ASC, DESC"),
        ("type: STARTS_WITH", "type: BEGINS_WITH", "must be one of EQUAL_TO"),
        ("values: [FAILED, WARNING]", "values: [LOST]", "must be one of CREATED"),
        ("type: GREATER_THAN, value: PT1M", "type: GREATER_THAN, value: long", "'value' of a condition"),
        ("type: GREATER_THAN, value: PT1M", "type: CONTAINS, value: 1", "DURATION is not a text"),
        ("type: STARTS_WITH, value: company", "type: GREATER_THAN, value: a", "NAMESPACE has no order"),
        ("type: STARTS_WITH, value: company", "type: IS_TRUE", "NAMESPACE is not true or false"),
        ("labelKey: team, ", "", "lacks the required property 'labelKey'"),
        ("{field: NAMESPACE, type", "{field: NAMESPACE, labelKey: a, type", "its field is not LABELS"),
        ("value: 2024-01-31", "value: January", "must be a date"),
        ("value: ERROR", "value: LOUD", "must be one of TRACE"),
        ("columnAlignment: RIGHT", "columnAlignment: UP", "must be one of LEFT, RIGHT, CENTER"),
        ("trigger: {field: TRIGGER_ID, ", "trigger: {field: NEXT_EXECUTION_DATE, ", "have the same values"),
        ("id: bars", "id: series", "two charts have the id 'series'"),
        ("content: '## Words'", "contents: '## Words'", "lacks the required property 'source'"),
        ("type: FlowDescription", "type: Story", "must be one of Text, FlowDescription"),
    ] {
        let source = DASHBOARD.replacen(old, new, 1);
        assert_ne!(source, DASHBOARD, "{old}");
        let read = parse_dashboard(&source);
        assert!(read.value.is_none(), "{new}");
        let found = problems(&source).join("\n");
        assert!(found.contains(expected), "{new}: {found}");
        assert!(read.diagnostics.iter().all(|problem| problem.position.line > 0), "{found}");
    }
    let series = DASHBOARD.replacen("chart.TimeSeries", "chart.Line", 1);
    assert!(problems(&series)[0].contains("9:11"), "{:?}", problems(&series));
}

#[test]
fn sources_of_something_else_are_refused() {
    for (source, expected) in [
        ("", "the source is empty"),
        ("# nothing", "the source is empty"),
        ("- a", "must be a map, not a list"),
        ("title: a\n---\ntitle: b\n", "a second document starts here"),
        ("title: [", "1:"),
    ] {
        let found = problems(source).join("\n");
        assert!(found.contains(expected), "{source}: {found}");
    }
}

#[test]
fn a_chart_is_read_without_a_dashboard() {
    let chart = "id: a\ntype: io.kestra.plugin.core.dashboard.chart.Markdown\ncontent: b\n";
    assert_eq!(parse_chart(chart).value.unwrap().kind, ChartKind::Markdown);
    let unknown = parse_chart("id: a\ntype: io.kestra.plugin.ee.core.dashboard.charts.Executions\n");
    assert!(unknown.value.is_none() && unknown.diagnostics[0].position.line == 2);
}

#[test]
fn deep_groups_of_conditions_are_refused() {
    let mut condition = "{field: ID, type: IS_NULL}".to_owned();
    for _ in 0..6 {
        condition = format!("{{type: OR, values: [{condition}]}}");
    }
    let source = DASHBOARD.replacen(
        "- {field: NAMESPACE, type: STARTS_WITH, value: company}",
        &format!("- {condition}"),
        1,
    );
    assert!(problems(&source).join("\n").contains("OR inside of OR"), "{:?}", problems(&source));
}
