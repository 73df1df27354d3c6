//! What Kestra's own clients of the versions 1 and 2 ask for, in addition to what other tests have.

use crate::harness::{FAILING, HELLO, PAUSING, SCHEDULED, Server, id};
use serde_json::{Value, json};

/// Starts the flow `pausing`, and waits until it is paused.
async fn paused(server: &Server) -> String {
    let execution = id(&server.post("/executions/company.team/pausing").await.ok());
    server.until(&execution, "PAUSED").await;
    execution
}

fn names(answer: &Value, field: &str) -> Vec<String> {
    let results = answer["results"].as_array().or(answer.as_array()).unwrap();
    results.iter().map(|one| one[field].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_or_a_filter_that_is_not_known_is_refused_by_name() {
    let server = Server::new().await;
    server.deploy(&[HELLO]).await;
    for (path, name) in [
        ("/kv?filters[colour][EQUALS]=red", "colour"),
        ("/flows/search?filters[colour][EQUALS]=red", "colour"),
        ("/flows/search?filters[or][0][colour][EQUALS]=red", "colour"),
        ("/executions/search?filters[workerId][EQUALS]=x", "workerId"),
        ("/executions/search?filters[state][EQUALS]=DONE", "DONE"),
        ("/executions/search?filters[startDate][EQUALS]=then", "startDate"),
        ("/executions/search?childFilter=OTHER", "childFilter"),
        ("/executions/search?scope=OTHER", "scope"),
        ("/logs/search?filters[thread][EQUALS]=x", "thread"),
        ("/triggers/search?filters[workerId][EQUALS]=x", "workerId"),
        ("/triggers/search?dateFilter=OTHER", "dateFilter"),
        ("/namespaces/search?filters[colour][EQUALS]=x", "colour"),
        ("/secrets?filters[colour][EQUALS]=x", "colour"),
        ("/backfills?filters[namespace][EQUALS]=x", "namespace"),
        ("/flows/search?colour=red", "colour"),
        ("/flows/company.team/hello/graph?subflows=x", "subflows"),
        ("/executions/search?sort=colour", "colour"),
        ("/configs?colour=red", "colour"),
    ] {
        let message = server.get(path).await.refused(422);
        assert!(message.contains(name), "{path}: {message}");
    }
    let message = server.post("/executions/company.team/hello?colour=red").await.refused(422);
    assert!(message.contains("colour"), "{message}");
    assert_eq!(server.get("/executions/search").await.ok()["total"], 0, "the refused request ran nothing");
    let message = server.yaml("POST", "/flows?draft=true", HELLO).await.refused(422);
    assert!(message.contains("draft"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_filters_select_flows_and_executions() {
    let server = Server::new().await;
    server.deploy(&[HELLO, FAILING, PAUSING]).await;
    server.run("hello").await;
    server.run("failing").await;
    let either = "filters[or][0][flowId][EQUALS]=hello&filters[or][1][flowId][EQUALS]=failing";
    let both = "filters[and][0][namespace][EQUALS]=company.team&filters[and][1][or][0][flowId][EQUALS]=hello\
                &filters[and][1][or][1][flowId][EQUALS]=pausing";
    let sorted = |query: &str| format!("{query}&sort=id:asc");
    let found = server.get(&format!("/flows/search?{}", sorted(either))).await.ok();
    assert_eq!(names(&found, "id"), ["failing", "hello"]);
    let found = server.get(&format!("/flows/search?{}", sorted(both))).await.ok();
    assert_eq!(names(&found, "id"), ["hello", "pausing"]);
    let found = server.get(&format!("/executions/search?{either}&sort=flowId:asc")).await.ok();
    assert_eq!(
        (names(&found, "flowId"), &found["total"]),
        (vec!["failing".into(), "hello".into()], &json!(2))
    );
    let found = server.get(&format!("/executions/search?{both}")).await.ok();
    assert_eq!(names(&found, "flowId"), ["hello"]);
    let states = "filters[or][0][state][EQUALS]=FAILED&filters[or][1][labels][EQUALS][team]=data";
    let found = server.get(&format!("/executions/search?{states}&sort=flowId:desc&size=1")).await.ok();
    assert_eq!((names(&found, "flowId"), &found["total"]), (vec!["hello".into()], &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn executions_are_sorted_by_each_field() {
    let server = Server::new().await;
    server.deploy(&[HELLO, FAILING]).await;
    server.run("hello").await;
    server.run("failing").await;
    for (sort, first) in [
        ("flowId:asc", "failing"),
        ("flowId:desc", "hello"),
        ("namespace:asc&sort=flowId:desc", "hello"),
        ("state.current:asc", "failing"),
        ("state.current:desc", "hello"),
        ("state.startDate:asc", "hello"),
        ("state.endDate:desc", "failing"),
    ] {
        let found = server.get(&format!("/executions/search?sort={sort}")).await.ok();
        assert_eq!(found["results"][0]["flowId"], first, "{sort}");
    }
    server.get("/executions/search?sort=state.duration:asc&sort=id").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_found_by_filters() {
    let server = Server::new().await;
    for (namespace, key) in [("a", "first"), ("a.b", "second"), ("c", "third")] {
        server.json("PUT", &format!("/namespaces/{namespace}/kv/{key}"), json!(1)).await.ok();
    }
    for (query, keys) in [
        ("filters[namespace][EQUALS]=a", vec!["first"]),
        ("filters[namespace][PREFIX]=a", vec!["first", "second"]),
        ("filters[q][EQUALS]=IR", vec!["first", "third"]),
        ("filters[updated][GREATER_THAN]=2000-01-01&filters[namespace][IN]=c,d", vec!["third"]),
        ("filters[updated][LESS_THAN]=2000-01-01", vec![]),
        ("filters[expirationDate][IS_NULL]=", vec!["first", "second", "third"]),
        ("namespace=a", vec!["first", "second"]),
    ] {
        let found = server.get(&format!("/kv?{query}&sort=key:asc")).await.ok();
        assert_eq!(names(&found, "key"), keys, "{query}");
        assert_eq!(found["total"], keys.len(), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_logs_are_found_by_execution_and_task() {
    let server = Server::new().await;
    server.deploy(&[HELLO]).await;
    let first = id(&server.run("hello").await);
    server.run("hello").await;
    let of = |query: String| {
        let server = &server;
        async move { server.get(&format!("/logs/search?{query}")).await.ok() }
    };
    let all = of("size=100".into()).await;
    assert_eq!((&all["type"], all.get("nextCursor")), (&json!("OFFSET"), Some(&Value::Null)));
    let own = of(format!("filters[executionId][EQUALS]={first}")).await;
    assert!(own["total"].as_u64().unwrap() > 0 && all["total"].as_u64() > own["total"].as_u64(), "{own:#}");
    assert!(names(&own, "executionId").iter().all(|id| *id == first));
    let said = of(format!("filters[executionId][EQUALS]={first}&filters[taskId][EQUALS]=say")).await;
    assert_eq!((said["total"].as_u64(), &said["results"][0]["taskId"]), (Some(1), &json!("say")));
    let run = said["results"][0]["taskRunId"].as_str().unwrap().to_owned();
    assert_eq!(of(format!("filters[taskRunId][IN]={run},x")).await["total"], 1);
    assert_eq!(of("filters[taskId][EQUALS]=say&filters[attemptNumber][EQUALS]=0".into()).await["total"], 2);
    assert_eq!(of("filters[taskId][EQUALS]=say&filters[level][EQUALS]=ERROR".into()).await["total"], 0);
    assert_eq!(of("filters[executionId][EQUALS]=none".into()).await["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn actions_answer_the_execution_at_the_addresses_of_version_2() {
    let server = Server::new().await;
    server.deploy(&[HELLO, FAILING, PAUSING]).await;
    let execution = paused(&server).await;
    let act = |execution: &str, action: &str| format!("/executions/{execution}/actions/{action}");
    let checked = server.form(&act(&execution, "resume/validate"), &[("reason", None, b"x")]).await.ok();
    assert_eq!(checked["inputs"][0]["value"], "x");
    let resumed = server.form(&act(&execution, "resume"), &[("reason", None, b"go on")]).await.ok();
    assert_eq!(id(&resumed), execution);
    let done = server.until(&execution, "SUCCESS").await;
    let run = done["taskRunList"][1]["id"].as_str().unwrap();
    let text = Some(("text/plain", "{{ outputs.wait.onResume.reason }}"));
    let value = server.call("POST", &act(&execution, &format!("eval/{run}")), text).await.ok();
    assert_eq!(value["result"], "go on");
    server.call("POST", &act(&execution, "eval"), Some(("text/plain", "{{ flow.id }}"))).await.ok();

    let execution = paused(&server).await;
    let killed = server.delete(&act(&execution, "kill")).await.ok();
    assert_eq!(id(&killed), execution);
    server.until(&execution, "KILLED").await;
    let old = paused(&server).await;
    assert_eq!(server.delete(&format!("/executions/{old}/kill")).await.status, 202);

    let failed = id(&server.run("failing").await);
    assert_eq!(id(&server.post(&act(&failed, "restart")).await.ok()), failed);
    server.until(&failed, "FAILED").await;
    assert_ne!(id(&server.post(&act(&failed, "replay")).await.ok()), failed);
    assert_ne!(id(&server.form(&act(&failed, "replay-with-inputs"), &[]).await.ok()), failed);
    let labelled = server.json("POST", &act(&failed, "labels"), json!([{"key": "a", "value": "b"}])).await;
    assert!(labelled.ok()["labels"].as_array().unwrap().contains(&json!({"key": "a", "value": "b"})));
    let changed = server.post(&act(&failed, "change-status?status=WARNING")).await.ok();
    assert_eq!(changed["state"]["current"], "WARNING");
    server.post(&act(&failed, "pause")).await.refused(409);
    server.post(&act(&failed, "unqueue")).await.refused(409);
    server.post(&act(&failed, "force-run")).await.refused(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_have_addresses_of_their_own() {
    let server = Server::new().await;
    server.deploy(&[HELLO]).await;
    let run = server.run("hello").await;
    let execution = id(&run);
    assert_eq!(server.get(&format!("/outputs/executions/{execution}")).await.ok(), json!({"name": "World"}));
    let tasks = server.get(&format!("/outputs/tasks/{execution}")).await.ok();
    assert_eq!(names(&tasks, "taskId"), ["give"]);
    let task_run = tasks[0]["taskRunId"].as_str().unwrap();
    let outputs = server.get(&format!("/outputs/tasks/{execution}/{task_run}")).await.ok();
    assert_eq!(outputs, json!({"value": "World"}));
    server.get(&format!("/outputs/tasks/{execution}/none")).await.refused(404);
    server.get("/outputs/executions/none").await.refused(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn flows_have_what_clients_expect() {
    let server = Server::new().await;
    server.deploy(&[HELLO, FAILING]).await;
    let flow = server.get("/flows/company.team/hello").await.ok();
    assert_eq!((&flow["draft"], &flow["deleted"]), (&json!(false), &json!(false)));
    let to_run = server.get("/executions/namespaces/company.team/flows").await.ok();
    let hello = to_run.as_array().unwrap().iter().find(|flow| flow["id"] == "hello").unwrap().clone();
    assert!(
        hello["tasks"].is_array() && hello["inputs"].is_array() && hello["deleted"] == false,
        "{hello:#}"
    );

    // `override` is about other owners, and must not switch `delete` off.
    server.yaml("POST", "/flows/company.team?delete=true&override=false", HELLO).await.ok();
    assert_eq!(names(&server.get("/flows/company.team").await.ok(), "id"), ["hello"]);

    let revisions = "/flows/company.team/failing/revisions";
    assert_eq!(server.get(revisions).await.ok().as_array().unwrap().len(), 1);
    let all = server.get(&format!("{revisions}?allowDelete=true")).await.ok();
    assert_eq!((all.as_array().unwrap().len(), &all[1]["deleted"]), (2, &json!(true)));

    let outdated = |revision: u32| {
        let (server, source) = (&server, format!("revision: {revision}\n{HELLO}"));
        async move { server.yaml("POST", "/flows/validate", &source).await.ok()[0]["outdated"].clone() }
    };
    assert_eq!([outdated(1).await, outdated(2).await, outdated(3).await], [true, false, true]);
    let task = "id: a\ntype: io.kestra.plugin.core.log.Log\nmessage: x\n";
    let checked = server.yaml("POST", "/flows/validate/task", task).await.ok();
    assert_eq!((&checked["index"], &checked["outdated"]), (&json!(0), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn older_names_of_types_are_listed() {
    let server = Server::new().await;
    let old = "id: old\nnamespace: company.team\ntasks:\n- id: say\n  type: io.kestra.core.tasks.log.Log\n  \
               message: x\n";
    server.deploy(&[HELLO, old]).await;
    let found = server.get("/flows/deprecated").await.ok();
    assert_eq!(
        found,
        json!([{"namespace": "company.team", "flowId": "old", "revision": 1, "deprecatedTasks": [{
            "taskId": "say", "taskType": "io.kestra.core.tasks.log.Log",
            "replacement": "io.kestra.plugin.core.log.Log",
        }]}])
    );
    assert_eq!(server.get("/flows/deprecated?namespace=other").await.ok(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn expressions_of_a_flow_are_listed() {
    let server = Server::new().await;
    let all = server.yaml("POST", "/flows/expressions", HELLO).await.ok();
    assert_eq!(all["categories"]["inputs"], json!(["inputs.name", "inputs.data"]));
    assert_eq!(all["categories"]["taskOutputs"], json!(["outputs.say", "outputs.give"]));
    let at = server.yaml("POST", "/flows/expressions?taskId=give", HELLO).await.ok();
    assert_eq!(at["categories"]["taskOutputs"], json!(["outputs.say"]));
    assert!(at["categories"]["filters"].as_array().unwrap().contains(&json!("upper")));
    server.yaml("POST", "/flows/expressions?taskId=none", HELLO).await.refused(422);
    assert_eq!(server.get("/flows/search").await.ok()["total"], 0, "nothing is saved");
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_in_sources_are_found_and_replaced() {
    let server = Server::new().await;
    server.deploy(&[HELLO, FAILING]).await;
    let found = server.get("/flows/source?q=world&caseSensitive=false&scope=INPUTS").await.ok();
    assert_eq!((&found["total"], &found["results"][0]["id"]), (&json!(1), &json!("hello")));
    assert_eq!(
        found["results"][0]["matches"][0],
        json!({"line": 8, "column": 12, "length": 5, "snippet": "  defaults: World"})
    );
    assert_eq!(server.get("/flows/source?q=world&caseSensitive=true").await.ok()["total"], 0);
    assert_eq!(server.get("/flows/source?q=World&scope=TASKS").await.ok()["total"], 0);
    let base = json!({"query": "World", "replacement": "Monde", "caseSensitive": true});
    let with = |more: Value| {
        let mut body = base.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let path = "/flows/source/replace";
    let shown = server.json("POST", &format!("{path}/preview"), base.clone()).await.ok();
    assert_eq!((&shown["totalFlows"], &shown["totalMatches"]), (&json!(1), &json!(1)));
    assert_eq!(shown["flows"][0]["matches"][0]["after"], "  defaults: Monde");
    assert_eq!(server.get("/flows/company.team/hello").await.ok()["revision"], 1, "a preview saves nothing");
    let flows = json!([{"namespace": "company.team", "id": "hello"}, {"namespace": "company.team", "id": "none"},
        {"namespace": "company.team", "id": "failing"}]);
    let done = server.json("POST", &format!("{path}/apply"), with(json!({"flows": flows}))).await.ok();
    assert_eq!((&done["updated"][0]["id"], &done["updated"][0]["revision"]), (&json!("hello"), &json!(2)));
    assert_eq!(names(&done["skipped"], "reason"), ["NOT_FOUND", "NO_MATCH"]);
    let line = json!({"query": "Monde", "replacement": "Welt", "namespace": "company.team", "id": "hello", "line": 8});
    let done = server.json("POST", &format!("{path}/line"), line).await.ok();
    assert_eq!(done["updated"][0]["revision"], 3);
    let broken = json!({"query": "tasks:", "replacement": "chores:", "namespace": "company.team", "id": "hello",
        "line": 12});
    let done = server.json("POST", &format!("{path}/line"), broken).await.ok();
    assert_eq!(names(&done["skipped"], "reason"), ["INVALID_FLOW"], "{done:#}");
    server.json("POST", &format!("{path}/preview"), json!({"query": "(", "regex": true})).await.refused(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_exported() {
    let server = Server::new().await;
    server.deploy(&[HELLO, SCHEDULED]).await;
    let execution = id(&server.run("hello").await);
    for (path, heading, part) in [
        ("/flows/export/by-query/csv?q=hello", "id,namespace,revision", "hello,company.team,1"),
        ("/executions/export/by-query/csv", "id,namespace,flowId", execution.as_str()),
        ("/triggers/export/by-query/csv", "namespace,flowId,triggerId", "company.team,scheduled,monthly"),
    ] {
        let answered = server.get(path).await;
        assert!(answered.headers["content-type"].to_str().unwrap().starts_with("text/csv"), "{path}");
        let text = answered.text();
        assert!(text.starts_with(heading) && text.contains(part), "{path}: {text}");
        assert_eq!(text.lines().count(), 2, "{path}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_about_executions_are_answered() {
    let server = Server::new().await;
    server.deploy(&[HELLO, FAILING]).await;
    server.run("hello").await;
    server.run("failing").await;
    let flows =
        json!([{"namespace": "company.team", "id": "hello"}, {"namespace": "company.team", "id": "none"}]);
    let latest = server.json("POST", "/executions/latest", flows).await.ok();
    assert_eq!(latest.as_array().unwrap().len(), 1);
    assert_eq!(
        (&latest[0]["status"], &latest[0]["state"]["current"]),
        (&json!("SUCCESS"), &json!("SUCCESS"))
    );
    assert_eq!(latest[0]["startDate"], latest[0]["state"]["startDate"]);
    let values = "/executions/distinct-field-values?field";
    assert_eq!(server.get(&format!("{values}=FLOW_ID")).await.ok(), json!(["failing", "hello"]));
    assert_eq!(
        server.get(&format!("{values}=STATE&filters[flowId][EQUALS]=hello")).await.ok(),
        json!(["SUCCESS"])
    );
    server.get(&format!("{values}=COLOUR")).await.refused(422);
    let average = server.get("/executions/namespaces/company.team/flows/hello/average-duration").await.ok();
    assert!(average["count"] == 1 && average["avgDurationMs"].is_i64(), "{average}");
    let none = server.get("/executions/namespaces/company.team/flows/none/average-duration").await.ok();
    assert_eq!(none, json!({"count": 0}));
    let usage = server.get("/usages/all").await.ok();
    assert_eq!(usage["flows"]["count"], 2);
    assert_eq!(usage["flows"]["taskTypeCount"]["io.kestra.plugin.core.log.Log"], 1);
    assert_eq!(usage["executions"]["dailyExecutionsCount"][1]["executionCounts"]["FAILED"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_are_switched_filled_in_and_deleted_as_version_2_asks() {
    let server = Server::new().await;
    server.deploy(&[SCHEDULED]).await;
    let key = json!({"namespace": "company.team", "flowId": "scheduled", "triggerId": "monthly"});
    let with = |name: &str, value: Value| {
        let mut body = key.clone();
        body[name] = value;
        body
    };
    let switched = server.json("PUT", "/triggers/set-disabled", with("disabled", json!(true))).await.ok();
    assert_eq!(switched["disabled"], true);
    let disabled = server.get("/triggers/search?filters[triggerState][EQUALS]=DISABLED").await.ok();
    assert_eq!(disabled["total"], 1);
    let mut recovering = with("disabled", json!(false));
    recovering["recoverMissedSchedules"] = json!(true);
    let refused = server.json("PUT", "/triggers/set-disabled", recovering).await.refused(422);
    assert!(refused.contains("recoverMissedSchedules"), "{refused}");
    server.json("PUT", "/triggers/set-disabled", with("disabled", json!(false))).await.ok();
    let period = json!({"start": "2021-01-01T00:00:00Z", "end": "2021-02-28T00:00:00Z"});
    let filled = server.json("PUT", "/triggers/backfill/create", with("backfill", period)).await.ok();
    assert_eq!(filled["triggerId"], "monthly");
    assert_eq!(server.get("/backfills").await.ok()["total"], 1);

    // A trigger that its flow declares is passed over.
    let deleted = server.json("DELETE", "/triggers/delete/by-triggers", json!([key])).await.ok();
    assert_eq!(deleted, json!({"count": 0, "totalItems": 0}));
    let filters =
        json!({"filters": [{"field": "NAMESPACE", "operation": "EQUALS", "value": "company.team"}]});
    let deleted = server.json("DELETE", "/triggers/delete/by-query", filters).await.ok();
    assert_eq!(deleted["totalItems"], 0);
    let unknown = json!({"filters": [{"field": "WORKER_ID", "operation": "EQUALS", "value": "x"}]});
    let refused = server.json("DELETE", "/triggers/delete/by-query", unknown).await.refused(422);
    assert!(refused.contains("workerId"), "{refused}");
    server.delete("/triggers/delete/by-query?filters[flowId][EQUALS]=scheduled").await.ok();
    assert_eq!(server.get("/triggers/search").await.ok()["total"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_namespaces_and_secrets_are_listed() {
    let server = Server::new().await;
    server.deploy(&[HELLO, &HELLO.replace("company.team", "company.other")]).await;
    let found = server.json("POST", "/namespaces/autocomplete", json!({"q": "TEAM"})).await.ok();
    assert_eq!(found, json!(["company.team"]));
    let found =
        server.json("POST", "/namespaces/autocomplete", json!({"ids": ["company"], "q": "other"})).await;
    assert_eq!(found.ok(), json!(["company", "company.other"]));
    let found = server.get("/namespaces/search?filters[q][EQUALS]=other").await.ok();
    assert_eq!(names(&found, "id"), ["company.other"]);
    let secrets = server.get("/namespaces/company.team/secrets").await.ok();
    assert_eq!((&secrets["readOnly"], names(&secrets, "key")), (&json!(false), vec!["TOKEN".to_owned()]));
    let secrets = server.get("/secrets?filters[q][EQUALS]=tok").await.ok();
    assert_eq!(secrets["results"][0], json!({"key": "TOKEN", "namespace": "company"}));
    let inherited = server.get("/namespaces/company.team/inherited-secrets").await.ok();
    assert_eq!(inherited, json!({"company": ["TOKEN"], "company.team": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn types_have_pictures_versions_and_properties() {
    let server = Server::new().await;
    let log = "io.kestra.plugin.core.log.Log";
    let icons = server.get("/plugins/icons").await.ok();
    assert!(icons[log]["icon"].as_str().unwrap().len() > 100 && icons[log]["flowable"] == false);
    let icon = server.get(&format!("/plugins/icons/{log}")).await.ok();
    assert_eq!(icon["icon"], icons[log]);
    let svg = server.get(&format!("/plugins/icons/{log}/icon.svg")).await;
    assert!(svg.headers["content-type"] == "image/svg+xml" && svg.text().starts_with("<svg"));
    assert!(server.get("/plugins/icons/groups").await.ok()["io.kestra.plugin.core"]["icon"].is_string());
    let versions = server.get(&format!("/plugins/{log}/versions")).await.ok();
    assert_eq!(versions, json!({"type": log, "versions": ["0.0.0"]}));
    server.get(&format!("/plugins/{log}/versions/0.0.0")).await.ok();
    server.get(&format!("/plugins/{log}/versions/9.9.9")).await.refused(404);
    let groups = server.get("/plugins/groups/subgroups").await.ok();
    assert!(groups.as_array().unwrap().iter().any(|group| group["subGroup"] == "io.kestra.plugin.core.log"));
    let page = server.get("/plugins?page=1&size=1").await.ok();
    assert_eq!(page["results"].as_array().unwrap().len(), 1);
    let input = server.get("/plugins/inputs/STRING").await.ok();
    assert!(input["schema"]["properties"]["properties"]["validator"].is_object(), "{input:#}");
    let input = server.get("/plugins/inputs/INT").await.ok();
    assert!(input["schema"]["properties"]["properties"]["max"].is_object(), "{input:#}");
    assert!(server.get("/plugins/properties/FLOW").await.ok()["tasks"].is_object());
    let triggers = server.get("/plugins/triggers").await.ok();
    assert!(names(&triggers, "name").contains(&"Schedule".to_owned()));
    let unknown = HELLO.replace("io.kestra.plugin.core.log.Log", "io.kestra.plugin.none.Some");
    let missing = server.yaml("POST", "/plugins/auto-install/detect", &unknown).await.ok();
    assert_eq!(missing["missingTypes"], json!(["io.kestra.plugin.none.Some"]));
    assert!(server.get("/pebble/filters").await.ok().as_array().unwrap().contains(&json!("upper")));
    assert!(server.get("/pebble/functions").await.ok().as_array().unwrap().contains(&json!("render")));
    assert_eq!(server.get("/basicAuthValidationErrors").await.ok(), json!([]));
    let configs = server.get("/configs").await.ok();
    assert_eq!((&configs["edition"], configs["uuid"].as_str().unwrap().len()), (&json!("OSS"), 36));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_waits_at_its_breakpoints() {
    let server = Server::new().await;
    server.deploy(&[HELLO]).await;
    let path = "/executions/company.team/hello";
    let refused = server.post(&format!("{path}?breakpoints=none")).await.refused(422);
    assert!(refused.contains("breakpoints") && refused.contains("none"), "{refused}");
    let execution = id(&server.post(&format!("{path}?breakpoints=say,give")).await.ok());
    let held = server.until(&execution, "BREAKPOINT").await;
    assert_eq!(held["taskRunList"].as_array().unwrap().len(), 1, "{held:#}");
    assert_eq!(held["taskRunList"][0]["state"]["current"], "BREAKPOINT");
    assert_eq!(held["breakpoints"], json!([{"id": "say"}, {"id": "give"}]));
    server.post(&format!("/executions/{execution}/resume")).await.refused(409);
    let resume = format!("/executions/{execution}/actions/resume-from-breakpoint");
    server.post(&format!("{resume}?breakpoints=none")).await.refused(422);
    assert_eq!(id(&server.post(&resume).await.ok()), execution);
    let deadline = tokio::time::Instant::now() + crate::harness::PATIENCE;
    loop {
        let now = server.get(&format!("/executions/{execution}")).await.ok();
        let runs = now["taskRunList"].as_array().unwrap().len();
        if runs == 2 && now["state"]["current"] == "BREAKPOINT" {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "{now:#}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    server.post(&resume).await.ok();
    let done = server.until(&execution, "SUCCESS").await;
    assert_eq!(done["outputs"]["name"], "World");
    server.post(&resume).await.refused(409);
    let again = server.post(&format!("/executions/{execution}/replay?breakpoints=give")).await.ok();
    server.until(&id(&again), "BREAKPOINT").await;
    server.delete(&format!("/executions/{}/actions/kill", id(&again))).await.ok();
    server.until(&id(&again), "KILLED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn executions_have_kinds() {
    let server = Server::new().await;
    server.deploy(&[HELLO]).await;
    let path = "/executions/company.team/hello?wait=true";
    let test = server.post(&format!("{path}&kind=TEST")).await.ok();
    assert_eq!(test["kind"], "TEST");
    let ordinary = server.run("hello").await;
    assert_eq!(ordinary.get("kind"), None);
    let found = server.get("/executions/search?filters[kind][EQUALS]=TEST").await.ok();
    assert_eq!(names(&found, "id"), [id(&test)]);
    let found = server.get("/executions/search?filters[kind][NOT_EQUALS]=TEST").await.ok();
    assert_eq!(names(&found, "id"), [id(&ordinary)]);
    let lines = server.get("/logs/search?filters[kind][EQUALS]=TEST&size=100").await.ok();
    assert!(lines["total"].as_u64().unwrap() > 0);
    assert!(names(&lines, "executionId").iter().all(|line| *line == id(&test)));
    server.post(&format!("{path}&kind=OTHER")).await.refused(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn return_reports_its_length_and_duration() {
    let server = Server::new().await;
    server.deploy(&[HELLO]).await;
    let execution = id(&server.run("hello").await);
    let found = server.get(&format!("/metrics/{execution}?sort=name:asc")).await.ok();
    let kinds: Vec<(&Value, &Value, &Value)> = found["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|metric| (&metric["name"], &metric["type"], &metric["value"]))
        .collect();
    assert_eq!(
        kinds,
        [
            (&json!("duration"), &json!("timer"), &json!(0.0)),
            (&json!("length"), &json!("counter"), &json!(5.0))
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn old_revisions_of_a_flow_are_deleted() {
    let server = Server::new().await;
    server.deploy(&[PAUSING]).await;
    let run = paused(&server).await;
    let address = "/flows/company.team/pausing";
    server.yaml("PUT", address, &format!("{PAUSING}\ndescription: changed\n")).await.ok();
    let revisions = format!("{address}/revisions");
    let remove = |numbers: &str| {
        let (server, address) = (&server, format!("{revisions}?revisions={numbers}"));
        async move { server.delete(&address).await }
    };
    remove("1").await.refused(409);
    assert_eq!(server.delete(&format!("/executions/{run}/kill")).await.status, 202);
    server.until(&run, "KILLED").await;
    remove("1,2").await.refused(409);
    remove("1,9").await.refused(404);
    remove("x").await.refused(422);
    assert_eq!(remove("1").await.status, 204);
    let left = server.get(&revisions).await.ok();
    assert_eq!((left.as_array().unwrap().len(), &left[0]["revision"]), (1, &json!(2)));
    server.get(&format!("{address}?revision=1")).await.refused(404);
    server.get(&format!("/executions/{run}")).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn permits_of_flows_with_a_limit_are_counted() {
    let server = Server::new().await;
    let limited = format!("{PAUSING}\nconcurrency:\n  limit: 1\n");
    server.deploy(&[HELLO, &limited]).await;
    let run = paused(&server).await;
    let expected =
        json!({"tenantId": "main", "namespace": "company.team", "flowId": "pausing", "running": 1});
    let found = server.get("/concurrency-limit/search").await.ok();
    assert_eq!(found, json!({"results": [expected], "total": 1}));
    let set = |running: u32| {
        server.json("PUT", "/concurrency-limit/company.team/pausing", json!({"running": running}))
    };
    assert_eq!(set(1).await.ok(), expected);
    set(0).await.refused(422);
    server.json("PUT", "/concurrency-limit/company.team/hello", json!({"running": 0})).await.refused(422);
    assert_eq!(server.delete(&format!("/executions/{run}/kill")).await.status, 202);
    server.until(&run, "KILLED").await;
    assert_eq!(server.get("/concurrency-limit/search").await.ok()["results"][0]["running"], 0);
}
