//! Tests logs, metrics, triggers, plugins, and the requests about the server itself.

use crate::harness::{FAILING, HELLO, SCHEDULED, Server, id};
use axum::body::Body;
use axum::http::Request;
use segue_fn_api::BasicAuth;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_counted_by_time_and_level_and_found_by_labels_and_patterns() {
    let server = Server::new().await;
    server.deploy(&[HELLO, FAILING]).await;
    server.run("hello").await;
    server.run("failing").await;
    let found = async |query: &str| server.get(&format!("/logs/search?size=1&{query}")).await.ok();
    assert!(found("").await.get("histogram").is_none(), "nobody asked");
    let all = found("histogram=true").await;
    let histogram = all["histogram"].clone();
    assert_eq!(histogram["complete"], true);
    let periods = histogram["periods"].as_array().unwrap().clone();
    let count = |of: &[Value]| -> u64 {
        let levels = of.iter().flat_map(|period| period["levels"].as_object().unwrap().values());
        levels.filter_map(Value::as_u64).sum()
    };
    assert_eq!(count(&periods), all["total"].as_u64().unwrap(), "{histogram:#}");
    let errors: u64 = periods.iter().filter_map(|period| period["levels"]["ERROR"].as_u64()).sum();
    assert_eq!(errors, found("minLevel=ERROR").await["total"].as_u64().unwrap());
    // A period is a search with its edges: the first is in it, and the second is not.
    for period in &periods {
        let query = format!(
            "filters[startDate][GREATER_THAN_OR_EQUAL_TO]={}&filters[startDate][LESS_THAN]={}",
            period["from"].as_str().unwrap(),
            period["to"].as_str().unwrap()
        );
        assert_eq!(found(&query).await["total"].as_u64().unwrap(), count(std::slice::from_ref(period)));
    }
    let label = "filters[labels][EQUALS][team]=data";
    let labelled = found(label).await["total"].as_u64().unwrap();
    assert_eq!(
        labelled,
        found("flowId=hello").await["total"].as_u64().unwrap(),
        "only that flow has the label"
    );
    assert_eq!(found("filters[labels][EQUALS][team]=other").await["total"], 0);
    let negative = found("filters[labels][NOT_EQUALS][team]=data").await["total"].as_u64().unwrap();
    assert_eq!(negative + labelled, all["total"].as_u64().unwrap());
    let pattern = found("filters[q][REGEX]=^Hello%20W\\w%2B!?$&histogram=true").await;
    assert_eq!(pattern["total"], 1, "{pattern:#}");
    assert_eq!(count(pattern["histogram"]["periods"].as_array().unwrap()), 1);
    server.get("/logs/search?filters[q][REGEX]=(").await.refused(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_read_and_removed() {
    let server = Server::new().await;
    server.deploy(&[HELLO]).await;
    let made = id(&server.run("hello").await);
    let lines = server.get(&format!("/logs/{made}?minLevel=INFO&taskId=say")).await.ok();
    assert_eq!((&lines[0]["message"], lines.as_array().unwrap().len()), (&json!("Hello World"), 1));
    let run = lines[0]["taskRunId"].as_str().unwrap();
    assert_eq!(
        server.get(&format!("/logs/{made}?taskRunId={run}&attempt=0")).await.ok().as_array().unwrap().len(),
        1
    );
    assert_eq!(server.get(&format!("/logs/{made}?taskId=none")).await.ok(), json!([]));
    let text = server.get(&format!("/logs/{made}/download?taskId=say")).await;
    assert!(text.text().ends_with(" INFO Hello World\n"), "{}", text.text());
    for (query, total) in
        [("q=hello%20world", 1), ("q=none", 0), ("flowId=hello&minLevel=INFO", 1), ("namespace=other", 0)]
    {
        assert_eq!(server.get(&format!("/logs/search?{query}")).await.ok()["total"], total, "{query}");
    }
    server.get("/logs/search?minLevel=LOUD").await.refused(422);
    server.get("/logs/none").await.refused(404);
    assert_eq!(server.delete(&format!("/logs/{made}?taskId=none")).await.status, 204);
    assert_ne!(server.get(&format!("/logs/{made}")).await.ok(), json!([]));
    assert_eq!(server.delete(&format!("/logs/{made}")).await.status, 204);
    assert_eq!(server.get(&format!("/logs/{made}")).await.ok(), json!([]));
    server.run("hello").await;
    assert_eq!(server.delete("/logs/company.team/hello").await.status, 204);
    assert_eq!(server.get("/logs/search").await.ok()["total"], 0);
    let metrics = server.get(&format!("/metrics/{made}")).await.ok();
    assert_eq!((&metrics["results"][0]["name"], &metrics["total"]), (&json!("length"), &json!(2)));
    server.get("/metrics/none").await.refused(404);
    let names = server.get("/metrics/names/company.team/hello").await.ok();
    assert_eq!(names, json!(["duration", "length"]));
    server.get("/metrics/aggregates/company.team/hello/rows?aggregation=sum").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_are_shown_and_switched() {
    let server = Server::new().await;
    server.deploy(&[SCHEDULED]).await;
    let found = server.get("/triggers/search?q=month").await.ok();
    assert_eq!(found["results"][0]["abstractTrigger"]["cron"], "0 9 1 * *", "{found:#}");
    let state = &found["results"][0]["triggerContext"];
    assert_eq!((&state["triggerId"], &state["disabled"]), (&json!("monthly"), &json!(false)));
    assert!(state["nextExecutionDate"].is_string());
    assert_eq!(server.get("/triggers/company.team/scheduled").await.ok()["total"], 1);
    let key = json!({"namespace": "company.team", "flowId": "scheduled", "triggerId": "monthly"});
    let with = |more: serde_json::Value| {
        let mut body = key.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let off = server.json("PUT", "/triggers", with(json!({"disabled": true}))).await.ok();
    assert_eq!((&off["disabled"], off.get("nextExecutionDate")), (&json!(true), None), "{off:#}");
    let on = json!({"triggers": [key], "disabled": false});
    assert_eq!(server.json("POST", "/triggers/set-disabled/by-triggers", on).await.ok()["count"], 1);
    assert_eq!(
        server.post("/triggers/set-disabled/by-query?disabled=true&flowId=scheduled").await.ok()["count"],
        1
    );
    server.post("/triggers/set-disabled/by-query").await.refused(400);
    server
        .json("PUT", "/triggers", json!({"namespace": "a", "flowId": "b", "triggerId": "c"}))
        .await
        .refused(404);
    server.json("PUT", "/triggers", json!({"namespace": "a"})).await.refused(422);
    server.post("/triggers/company.team/scheduled/monthly/unlock").await.refused(409);
    server.post("/triggers/company.team/scheduled/monthly/restart").await.ok();
    server.delete("/triggers/company.team/scheduled/monthly").await.refused(409);
    server.json("PUT", "/triggers/backfill/pause", key.clone()).await.refused(400);
    server.delete("/flows/company.team/scheduled").await;
    assert_eq!(server.get("/triggers/search").await.ok()["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn plugins_have_schemas() {
    let server = Server::new().await;
    let log = "io.kestra.plugin.core.log.Log";
    let groups = server.get("/plugins").await.ok();
    let core =
        groups.as_array().unwrap().iter().find(|group| group["group"] == "io.kestra.plugin.core").unwrap();
    assert!(core["tasks"].as_array().unwrap().contains(&json!(log)));
    let one = server.get(&format!("/plugins/{log}?all=true")).await.ok();
    assert!(one["schema"]["properties"]["properties"]["message"].is_object(), "{one:#}");
    assert!(one["schema"]["properties"]["properties"]["runIf"].is_object());
    assert!(one["schema"]["outputs"].is_null(), "a log has no outputs");
    for (name, output) in [
        ("slack.notifications.SlackIncomingWebhook", None),
        ("github.issues.Create", Some("issueUrl")),
        ("gcp.gcs.Download", Some("uri")),
        ("gcp.gcs.Trigger", Some("blobs")),
        ("core.trigger.Schedule", Some("date")),
    ] {
        let doc = server.get(&format!("/plugins/io.kestra.plugin.{name}")).await.ok();
        let outputs = &doc["schema"]["outputs"]["properties"];
        assert_eq!(output.is_some(), outputs.is_object(), "{name}: {outputs:#}");
        assert!(output.is_none_or(|output| outputs[output].is_object()), "{name}: {outputs:#}");
    }
    server.get("/plugins/io.none").await.refused(404);
    let flow = server.get("/plugins/schemas/flow").await.ok();
    assert!(flow["definitions"]["task"]["anyOf"].as_array().unwrap().len() > 20);
    assert_eq!(server.get("/plugins/schemas/task?arrayOf=true").await.ok()["type"], "array");
    server.get("/plugins/schemas/mood").await.refused(404);
    let bare = server.get("/plugins/schemas/flow?definitions=false").await.ok();
    assert!(bare["definitions"].get("task").is_none() && bare["properties"]["tasks"].is_object(), "{bare}");
    assert!(bare["definitions"]["inputs"].is_object() && bare.to_string().len() < 10_000, "{bare}");
    let names = server.get("/plugins/types").await.ok();
    let named =
        |name: &str| names.as_array().unwrap().iter().find(|one| one["name"] == name).cloned().unwrap();
    assert_eq!(named(log)["kind"], "TASK");
    assert!(named(log)["aliases"].as_array().unwrap().iter().any(|alias| alias != log), "{}", named(log));
    assert!(
        names
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["about"].as_str().is_some_and(|about| about.len() > 20))
    );
    assert_eq!(named("io.kestra.plugin.core.trigger.Schedule")["kind"], "TRIGGER");
    let expressions = server.get("/expressions").await.ok();
    for (kind, name) in [("functions", "kv"), ("filters", "upper"), ("tests", "defined")] {
        assert!(expressions[kind].as_array().unwrap().contains(&json!(name)), "{kind}: {name}");
    }
    assert_eq!(server.get("/plugins/inputs").await.ok().as_array().unwrap().len(), 19);
    server.get("/plugins/inputs/STRING").await.ok();
    server.get("/plugins/icons").await.ok();
}

async fn bare(server: &Server, path: &str, authorization: Option<&str>) -> crate::harness::Answered {
    let mut request = Request::get(path);
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    server.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_in_without_the_password() {
    let auth = BasicAuth { username: "me@example.com".to_owned(), password: "pass".to_owned() };
    let server = Server::guarded(Some(auth)).await;
    for path in [
        "/api/v1/flows/search",
        "/api/v1/main/flows/search",
        "/api/v1/nothing",
        "/api/v1/executions/webhook/a/b/c",
    ] {
        let refused = bare(&server, path, None).await;
        refused.refused(401);
        assert!(refused.headers["www-authenticate"].to_str().unwrap().starts_with("Basic realm="));
        bare(&server, path, Some("Basic bWVAZXhhbXBsZS5jb206d3Jvbmc=")).await.refused(401);
    }
    bare(&server, "/api/v1/flows/search", Some("Basic bWVAZXhhbXBsZS5jb206cGFzcw==")).await.ok();
    assert_eq!(bare(&server, "/api/v1/configs", None).await.ok()["isBasicAuthEnabled"], true);
    assert_eq!(bare(&server, "/health", None).await.ok(), json!({"status": "UP"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_are_counted() {
    let server = Server::new().await;
    server.deploy(&[HELLO]).await;
    server.run("hello").await;
    let text = bare(&server, "/prometheus", None).await.text();
    for line in ["segue_executions{state=\"SUCCESS\"} 1", "segue_flows 1", "segue_info{version=\"0.0.0\"} 1"]
    {
        assert!(text.lines().any(|known| known == line), "{line} is not in\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_addresses_and_methods_are_refused() {
    let server = Server::new().await;
    server.get("/nothing").await.refused(404);
    server.get("/executions/a/b/c/d").await.refused(404);
    let refused = server.call("PATCH", "/flows", None).await;
    refused.refused(405);
    assert_eq!(refused.headers["allow"], "POST");
    server.delete("/executions/search").await.refused(404);
    bare(&server, "/api/v1", None).await.refused(404);
    bare(&server, "/api/v1/flows/%ff/x", None).await.refused(400);
}

/// A log with more lines than the server keeps in memory is answered completely and in order.
#[tokio::test(flavor = "multi_thread")]
async fn long_logs_are_answered_whole() {
    let server = Server::new().await;
    let looping = "id: long\nnamespace: company.team\ntasks: [{id: each, type: io.kestra.plugin.core.flow.ForEach, \
                   values: '{{ range(1, 4500) }}', tasks: [{id: say, type: io.kestra.plugin.core.log.Log, \
                   message: 'line {{ taskrun.value }}'}]}]";
    server.deploy(&[looping]).await;
    let made = id(&server.run("long").await);
    server.until(&made, "SUCCESS").await;
    let lines = server.get(&format!("/logs/{made}?taskId=say")).await.ok();
    let texts: Vec<&str> =
        lines.as_array().unwrap().iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert!(texts.len() >= 4_499, "{}", texts.len());
    assert_eq!((texts[0], texts[4_498]), ("line 1", "line 4499"));
    let index = server.get(&format!("/logs/{made}/index?q=LINE+44")).await.ok();
    // 44, 440 to 449, and 4400 to 4499.
    assert_eq!(index["found"], 111, "{index}");
    let number = index["numbers"][0].as_u64().unwrap();
    let part = server.get(&format!("/logs/{made}/lines?after={}&limit=2", number - 1)).await.ok();
    assert_eq!((&part[0]["number"], &part[0]["line"]["message"]), (&json!(number), &json!("line 44")));
    assert_eq!(part.as_array().unwrap().len(), 2);
    let before = server.get(&format!("/logs/{made}/lines?before={number}&limit=1&q=line")).await.ok();
    assert_eq!((&before[0]["line"]["message"], before.as_array().unwrap().len()), (&json!("line 43"), 1));
    let total = index["total"].as_u64().unwrap();
    let last = server.get(&format!("/logs/{made}/lines?before={}&limit=1", total + 1)).await.ok();
    assert_eq!(last[0]["number"], total);
    server.get(&format!("/logs/{made}/lines?before=3&after=1")).await.refused(422);
    server.get("/logs/none/lines").await.refused(404);
    server.get("/logs/none/index").await.refused(404);
    let text = server.get(&format!("/logs/{made}/download?taskId=say")).await.text();
    assert_eq!(text.lines().count(), texts.len());
    assert!(text.lines().zip(&texts).all(|(line, text)| line.ends_with(text)));
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_a_log_are_found_with_their_numbers_and_by_attempt() {
    let server = Server::new().await;
    server.deploy(&[HELLO]).await;
    let made = id(&server.run("hello").await);
    let found = server.get("/logs/search?q=hello%20world&taskId=say").await.ok();
    let number = found["results"][0]["number"].as_u64().unwrap();
    let all = server.get(&format!("/logs/{made}/lines")).await.ok();
    let there = all.as_array().unwrap().iter().find(|line| line["number"] == number).unwrap();
    assert_eq!((&there["line"]["message"], &found["total"]), (&json!("Hello World"), &json!(1)));
    assert_eq!(server.get("/logs/search?taskId=none").await.ok()["total"], 0);
    let of = |attempt: u32| {
        format!(
            "/logs/{made}/index?taskRunId={}&attempt={attempt}",
            there["line"]["taskRunId"].as_str().unwrap()
        )
    };
    assert_eq!(server.get(&of(0)).await.ok()["found"], 1);
    assert_eq!(server.get(&of(1)).await.ok()["found"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_executions_are_counted_by_day_and_tasks_are_listed() {
    let server = Server::new().await;
    server.deploy(&[HELLO, FAILING]).await;
    server.run("hello").await;
    server.run("hello").await;
    let failed = id(&server.run("failing").await);
    let stats = server.get("/stats/executions?timezone=Asia/Kathmandu").await.ok();
    assert_eq!(stats["whole"]["states"], json!({"SUCCESS": 2, "FAILED": 1}), "{stats:#}");
    assert_eq!(
        (stats["periods"].as_array().unwrap().len(), &stats["timezone"]),
        (30, &json!("Asia/Kathmandu"))
    );
    assert_eq!(stats["periods"][29]["states"], stats["whole"]["states"]);
    assert!(stats["whole"]["medianMs"].is_u64());
    let of_flow = server.get("/stats/executions?by=hour&namespace=company&flowId=failing&from=2020-01-01T00:00:00Z&to=2020-01-01T05:00:00Z").await.ok();
    assert_eq!((&of_flow["whole"]["states"], of_flow["periods"].as_array().unwrap().len()), (&json!({}), 6));
    server.get("/stats/executions?timezone=Nowhere").await.refused(422);
    server.get("/stats/executions?by=hour&from=2020-01-01T00:00:00Z").await.refused(422);
    let grid = server.get("/executions/tasks?flowId=hello&size=1").await.ok();
    let tasks: Vec<_> = grid["results"][0]["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| (task["taskId"].clone(), task["states"].clone()))
        .collect();
    assert_eq!(tasks, [(json!("say"), json!({"SUCCESS": 1})), (json!("give"), json!({"SUCCESS": 1}))]);
    assert_eq!(grid["total"], 2);
    assert_eq!(server.get(&format!("/executions/{failed}/next-attempts")).await.ok(), json!([]));
    server.get("/executions/none/next-attempts").await.refused(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_is_tried_again_says_when() {
    let server = Server::new().await;
    let source = FAILING.replace(
        "execution.Fail",
        "execution.Fail\n  retry:\n    type: constant\n    interval: PT1H\n    maxAttempts: 2",
    );
    server.deploy(&[&source]).await;
    let made = id(&server.post("/executions/company.team/failing").await.ok());
    let next = server.until(&made, "RETRYING").await;
    let due = server.get(&format!("/executions/{made}/next-attempts")).await.ok();
    let date: jiff::Timestamp = due[0]["date"].as_str().unwrap().parse().unwrap();
    assert_eq!(due[0]["taskRunId"], next["taskRunList"][0]["id"]);
    let start: jiff::Timestamp = next["state"]["startDate"].as_str().unwrap().parse().unwrap();
    assert!(date.duration_since(start) >= jiff::SignedDuration::from_hours(1), "{date}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fire_times_of_a_cron_expression_are_listed() {
    let server = Server::new().await;
    let next = |query: &str| format!("/schedule/next?after=2024-01-15T00:00:00Z&{query}");
    let found = server.get(&next("cron=0+6,18+*+*+*&timezone=America/Asuncion&count=2")).await.ok();
    assert_eq!(found["dates"], json!(["2024-01-15T09:00:00Z", "2024-01-15T21:00:00Z"]), "{found}");
    assert_eq!(server.get(&next("cron=@monthly")).await.ok()["dates"].as_array().unwrap().len(), 5);
    server.get(&next("cron=nonsense")).await.refused(422);
    server.get("/schedule/next").await.refused(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_realtime_trigger_has_no_next_fire_time() {
    let server = Server::new().await;
    let source = SCHEDULED.replace(
        "type: io.kestra.plugin.core.trigger.Schedule\n  cron: 0 9 1 * *",
        "type: io.kestra.plugin.gcp.pubsub.RealtimeTrigger\n  topic: orders\n  subscription: orders-of-flow",
    );
    server.deploy(&[&source]).await;
    let found = server.get("/triggers/search?q=month").await.ok();
    let state = &found["results"][0]["triggerContext"];
    assert_eq!((&state["triggerId"], state.get("nextExecutionDate")), (&json!("monthly"), None), "{found:#}");
    let stored = server.ports.state.triggers(&Default::default()).await.unwrap();
    assert!(stored[0].next_execution_date.is_some(), "the state says when it is connected again");
    let of_flow = server.get("/triggers/company.team/scheduled").await.ok();
    assert_eq!(of_flow["results"][0].get("nextExecutionDate"), None, "{of_flow:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn blueprints_are_listed_and_each_one_can_be_saved() {
    let server = Server::new().await;
    let all = server.get("/blueprints").await.ok();
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), segue_blueprints::ALL.len());
    for found in all {
        assert!(!found["description"].as_str().unwrap().is_empty(), "{found:#}");
        assert!(!found["types"].as_array().unwrap().is_empty(), "{found:#}");
        let one = server.get(&format!("/blueprints/{}", found["id"].as_str().unwrap())).await.ok();
        assert_eq!(&one["blueprint"], found);
        let source = one["source"].as_str().unwrap();
        let saved = server.yaml("POST", "/flows", source).await.ok();
        assert_eq!((&saved["namespace"], &saved["id"]), (&found["namespace"], &found["flowId"]));
    }
    let hello = all.iter().find(|one| one["id"] == "hello").unwrap();
    assert!(hello["types"].as_array().unwrap().contains(&json!("io.kestra.plugin.core.trigger.Schedule")));
    server.get("/blueprints/none").await.refused(404);
}
