//! Dashboards: the texts, and the data of their charts.

use crate::harness::{FAILING, HELLO, SCHEDULED, Server};
use segue_ports::kv::{KvType, KvWrite};
use serde_json::{Value, json};

const OVERVIEW: &str = "id: overview
title: Overview
description: What runs
timeWindow:
  default: P7D
  max: P30D
charts:
  - id: states
    type: io.kestra.plugin.core.dashboard.chart.Pie
    chartOptions: {displayName: States, colorByColumn: state}
    data:
      type: io.kestra.plugin.core.dashboard.data.Executions
      columns:
        state: {field: STATE}
        total: {agg: COUNT}
  - id: days
    type: io.kestra.plugin.core.dashboard.chart.TimeSeries
    chartOptions: {displayName: Days, column: date}
    data:
      type: io.kestra.plugin.core.dashboard.data.Executions
      columns:
        date: {field: START_DATE}
        flow: {field: FLOW_ID}
        total: {agg: COUNT}
      where:
        - {field: NAMESPACE, type: EQUAL_TO, value: nowhere}
  - id: ratio
    type: io.kestra.plugin.core.dashboard.chart.KPI
    chartOptions: {displayName: Ratio, numberType: PERCENTAGE}
    data:
      type: io.kestra.plugin.core.dashboard.data.ExecutionsKPI
      columns: {field: ID, agg: COUNT}
      numerator:
        - {field: STATE, type: IN, values: [SUCCESS]}
  - id: recent
    type: io.kestra.plugin.core.dashboard.chart.Table
    data:
      type: io.kestra.plugin.core.dashboard.data.Executions
      columns:
        id: {field: ID}
        flow: {field: FLOW_ID}
        team: {field: LABELS, labelKey: team}
      where:
        - {field: FLOW_ID, type: REGEX, value: '^(hello|failing)$'}
      orderBy: [{column: flow}]
  - id: words
    type: io.kestra.plugin.core.dashboard.chart.Markdown
    content: '## Words'
";

async fn data(server: &Server, chart: &str, body: Value) -> Value {
    server.json("POST", &format!("/dashboards/overview/charts/{chart}"), body).await.ok()
}

async fn preview(server: &Server, kind: &str, data: &str) -> Value {
    let chart = format!(
        "id: c\ntype: io.kestra.plugin.core.dashboard.chart.{kind}\ndata:\n  type: io.kestra.plugin.core.dashboard.data.{data}"
    );
    server.json("POST", "/dashboards/charts/preview", json!({"chart": chart})).await.ok()["results"].clone()
}

/// A server with three executions of two flows.
async fn busy() -> Server {
    let server = Server::new().await;
    server.deploy(&[HELLO, FAILING, SCHEDULED]).await;
    server.run("hello").await;
    server.run("hello").await;
    server.run("failing").await;
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn dashboards_are_saved_found_changed_and_deleted() {
    let server = Server::new().await;
    let made = server.yaml("POST", "/dashboards", OVERVIEW).await.ok();
    assert_eq!(
        (&made["id"], &made["title"], &made["deleted"]),
        (&json!("overview"), &json!("Overview"), &json!(false))
    );
    assert_eq!(made["timeWindow"], json!({"default": "PT168H", "max": "PT720H"}));
    assert_eq!((&made["charts"][0]["id"], &made["sourceCode"]), (&json!("states"), &json!(OVERVIEW)));
    assert_eq!(server.get("/dashboards/overview").await.ok(), made);
    server.yaml("POST", "/dashboards", OVERVIEW).await.refused(422);

    let other = server.yaml("POST", "/dashboards", "title: Another\ncharts: []\n").await.ok();
    assert!(!other["id"].as_str().unwrap().is_empty(), "a text without an id gets one");
    let found = server.get("/dashboards?sort=title:desc").await.ok();
    let titles: Vec<&Value> = found["results"].as_array().unwrap().iter().map(|one| &one["title"]).collect();
    assert_eq!((titles, &found["total"]), (vec![&json!("Overview"), &json!("Another")], &json!(2)));
    let found = server.get("/dashboards?q=what%20RUNS&page=1&size=1").await.ok();
    assert_eq!((&found["results"][0]["id"], &found["total"]), (&json!("overview"), &json!(1)));
    server.get("/dashboards?sort=colour").await.refused(422);

    let changed = OVERVIEW.replace("title: Overview", "title: Changed");
    let saved = server.yaml("PUT", "/dashboards/overview", &changed).await.ok();
    assert_eq!((&saved["title"], &saved["created"]), (&json!("Changed"), &made["created"]));
    let message = server
        .yaml("PUT", "/dashboards/overview", &OVERVIEW.replace("id: overview", "id: x"))
        .await
        .refused(422);
    assert!(message.contains("'x'"), "{message}");
    server.yaml("PUT", "/dashboards/none", OVERVIEW).await.refused(404);

    assert_eq!(server.json("DELETE", "/dashboards/overview", json!({})).await.status.as_u16(), 204);
    server.get("/dashboards/overview").await.refused(404);
    server.json("DELETE", "/dashboards/overview", json!({})).await.refused(404);
    assert_eq!(server.get("/dashboards/settings/default-dashboards").await.ok(), json!({}));
    assert_eq!(server.get("/configs").await.ok()["isCustomDashboardsEnabled"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn dashboards_are_no_values_and_values_are_no_dashboards() {
    let server = Server::new().await;
    server.yaml("POST", "/dashboards", OVERVIEW).await.ok();
    server.json("PUT", "/namespaces/company/kv/overview", json!("x")).await.ok();
    assert_eq!(server.get("/kv").await.ok()["total"], 1);
    assert_eq!(server.get("/namespaces/search").await.ok()["total"], 1);
    server.get("/namespaces/:dashboards/kv/overview").await.refused(422);
    server.json("PUT", "/namespaces/:dashboards/kv/overview", json!("x")).await.refused(422);
    // A text that another version has accepted is shown as it is.
    let write = KvWrite::Set {
        namespace: ":dashboards".into(),
        key: "later".into(),
        kind: KvType::String,
        value: json!("title: [later"),
        description: None,
        expires: None,
    };
    server.ports.state.write_kv(vec![write], server.ports.clock.now()).await.unwrap();
    assert_eq!(server.get("/dashboards").await.ok()["total"], 2);
    assert_eq!(server.get("/dashboards/later").await.ok()["title"], "later");
    server.json("POST", "/dashboards/later/charts/a", json!({})).await.refused(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_dashboard_is_refused_with_the_position_and_saves_nothing() {
    let server = Server::new().await;
    let wrong = OVERVIEW.replace("chart.Pie", "chart.Cake");
    let answered = server.yaml("POST", "/dashboards", &wrong).await;
    let body: Value = serde_json::from_slice(&answered.bytes).unwrap();
    assert!(answered.refused(422).contains("9:11"), "{body}");
    assert_eq!(
        (&body["_embedded"]["errors"][0]["line"], &body["_embedded"]["errors"][0]["code"]),
        (&json!(9), &json!("SEG0204"))
    );
    assert_eq!(server.get("/dashboards").await.ok()["total"], 0);
    let checked = server.yaml("POST", "/dashboards/validate", &wrong).await.ok();
    assert!(checked["constraints"].as_str().unwrap().contains("must be one of"), "{checked}");
    assert_eq!(server.yaml("POST", "/dashboards/validate", OVERVIEW).await.ok().get("constraints"), None);
    let pattern = OVERVIEW.replace("'^(hello|failing)$'", "'(hello'");
    let checked = server.yaml("POST", "/dashboards/validate", &pattern).await.ok();
    assert!(
        checked["constraints"].as_str().unwrap().contains("the pattern of a condition of chart 'recent'"),
        "{checked}"
    );
    server.yaml("POST", "/dashboards", &pattern).await.refused(422);
    let chart = server.yaml("POST", "/dashboards/validate/chart", "id: a\ntype: x.y.Z\n").await.ok();
    assert!(chart["constraints"].as_str().unwrap().starts_with("2:7: "), "{chart}");
    let broken = server.yaml("POST", "/dashboards", "title: [").await.refused(422);
    assert!(broken.contains("Illegal dashboard source"), "{broken}");
    let large = format!("title: a\ndescription: {}\n", "x".repeat(300_000));
    server.yaml("POST", "/dashboards", &large).await.refused(413);
}

#[tokio::test(flavor = "multi_thread")]
async fn charts_of_executions_are_computed() {
    let server = busy().await;
    server.yaml("POST", "/dashboards", OVERVIEW).await.ok();
    let states = data(&server, "states", json!({})).await;
    assert_eq!(states["results"], json!([{"state": "FAILED", "total": 1}, {"state": "SUCCESS", "total": 2}]));
    assert_eq!(
        (&states["total"], &states["read"], &states["isComplete"]),
        (&json!(2), &json!(3), &json!(true))
    );
    assert_eq!(data(&server, "ratio", json!({})).await["results"], json!([{"value": 66.67}]));
    assert_eq!(data(&server, "days", json!({})).await["results"], json!([]));
    // The condition of the request replaces the chart's own.
    let days = data(&server, "days", json!({"namespace": "company"})).await["results"].clone();
    assert_eq!(
        (&days[0]["flow"], &days[0]["total"], &days[1]["total"]),
        (&json!("failing"), &json!(1), &json!(2))
    );
    assert!(days[0]["date"].as_str().unwrap().ends_with("T00:00:00Z"), "{days}");

    let failed = json!({"filters": [{"field": "STATE", "operation": "IN", "value": ["FAILED", "KILLED"]}]});
    assert_eq!(data(&server, "states", failed).await["results"], json!([{"state": "FAILED", "total": 1}]));
    let labelled = data(&server, "recent", json!({"labels": {"team": "data"}})).await;
    assert_eq!(labelled["total"], 2);
    let page = data(&server, "recent", json!({"pageSize": 1, "pageNumber": 1})).await;
    assert_eq!((&page["results"][0]["flow"], &page["results"][0]["team"]), (&json!("failing"), &Value::Null));
    assert_eq!((page["results"].as_array().unwrap().len(), &page["total"]), (1, &json!(3)));
    let past = json!({"startDate": "2020-01-01T00:00:00Z", "endDate": "2020-01-02T00:00:00Z"});
    assert_eq!(data(&server, "states", past).await["results"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_chart_cannot_answer_is_refused() {
    let server = busy().await;
    server.yaml("POST", "/dashboards", OVERVIEW).await.ok();
    for (path, body, code, part) in [
        ("overview/charts/none", json!({}), 404, "Chart 'none'"),
        ("none/charts/states", json!({}), 404, "Dashboard 'none'"),
        ("overview/charts/words", json!({}), 422, "is a text"),
        ("overview/charts/states", json!({"colour": "red"}), 422, "colour"),
        (
            "overview/charts/states",
            json!({"filters": [{"field": "workerId", "value": "x"}]}),
            422,
            "workerId",
        ),
        ("overview/charts/states", json!({"startDate": "2020-01-01"}), 422, "timeWindow"),
        ("overview/charts/states/export?format=ION", json!({}), 422, "only CSV"),
        ("overview/charts/states/export?colour=red", json!({}), 422, "colour"),
        ("charts/preview", json!({"chart": "id: a\ntype: b.C\n"}), 422, "2:7"),
        ("charts/export", json!({"chart": "id: a\ntype: b.C\n"}), 422, "2:7"),
    ] {
        let message = server.json("POST", &format!("/dashboards/{path}"), body).await.refused(code);
        assert!(message.contains(part), "{path}: {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn charts_are_exported_as_csv() {
    let server = busy().await;
    server.yaml("POST", "/dashboards", OVERVIEW).await.ok();
    for path in ["export", "export?format=CSV", "export/to-csv"] {
        let csv = server.json("POST", &format!("/dashboards/overview/charts/states/{path}"), json!({})).await;
        assert_eq!(csv.text(), "state,total\nFAILED,1\nSUCCESS,2\n", "{path}");
        assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    }
    let csv = server.json("POST", "/dashboards/overview/charts/days/export", json!({})).await;
    assert_eq!(csv.text(), "date,flow,total\n", "the columns are known without entries");
    let chart = "id: a
type: io.kestra.plugin.core.dashboard.chart.Table
data:
  type: io.kestra.plugin.core.dashboard.data.Flows
  columns: {flow: {field: ID}, revision: {field: REVISION}}
";
    for path in ["export", "export/to-csv"] {
        let csv = server.json("POST", &format!("/dashboards/charts/{path}"), json!({"chart": chart})).await;
        assert_eq!(csv.text(), "flow,revision\nfailing,1\nhello,1\nscheduled,1\n", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_source_has_rows() {
    let server = busy().await;
    let lines = preview(
        &server,
        "Table",
        "Logs
  columns:
    task: {field: TASK_ID}
    level: {field: LEVEL}
    lines: {agg: COUNT}
  where:
    - {field: TASK_ID, type: EQUAL_TO, value: say}
",
    )
    .await;
    assert_eq!(lines, json!([{"task": "say", "level": "INFO", "lines": 2}]));
    let errors = preview(
        &server,
        "KPI",
        "LogsKPI\n  columns: {field: ID, agg: COUNT}\n  where: [{field: LEVEL, type: IN, values: [ERROR]}]\n",
    )
    .await;
    assert!(errors[0]["value"].as_u64().unwrap() >= 1, "{errors}");

    let metrics = preview(
        &server,
        "Bar",
        "Metrics
  columns: {name: {field: NAME}, sum: {field: VALUE, agg: SUM}}
  where: [{field: NAME, type: EQUAL_TO, value: length}]
",
    )
    .await;
    assert_eq!(metrics, json!([{"name": "length", "sum": 10}]), "Return counts the letters of World, twice");

    let flows = preview(&server, "KPI", "FlowsKPI\n  columns: {agg: COUNT}\n").await;
    assert_eq!(flows, json!([{"value": 3}]));
    let triggers = preview(&server, "Table", "Triggers\n  columns: {flow: {field: FLOW_ID}, trigger: {field: TRIGGER_ID}, next: {field: NEXT_EXECUTION_DATE}}\n").await;
    assert_eq!((&triggers[0]["trigger"], triggers[0]["next"].is_string()), (&json!("monthly"), true));
    let text = "id: c\ntype: io.kestra.plugin.core.dashboard.chart.Markdown\nsource: {type: FlowDescription, namespace: company.team, flowId: hello}\n";
    let described = server.json("POST", "/dashboards/charts/preview", json!({"chart": text})).await.ok();
    assert_eq!(described["results"], json!([{"description": ""}]));
}
