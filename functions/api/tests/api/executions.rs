use crate::follow::Events;
use crate::harness::{FAILING, HELLO, PAUSING, SCHEDULED, Server, id};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_is_run_with_inputs_and_files() {
    let server = Server::new().await;
    server.deploy(&[HELLO]).await;
    let parts: &[(&str, Option<&str>, &[u8])] =
        &[("name", None, b"Moon"), ("data", Some("my file.csv"), b"a,b\n1,2\n"), ("unknown", None, b"x")];
    let made = server
        .form("/executions/company.team/hello?wait=true&labels=run:1&labels=team:other", parts)
        .await
        .ok();
    assert_eq!(made["state"]["current"], "SUCCESS", "{made:#}");
    assert_eq!(made["outputs"], json!({"name": "Moon"}));
    assert_eq!(made["taskRunList"].as_array().unwrap().len(), 2);
    let labels = made["labels"].as_array().unwrap();
    assert!(
        labels.contains(&json!({"key": "run", "value": "1"}))
            && labels.contains(&json!({"key": "team", "value": "other"}))
    );
    assert_eq!(
        made["url"],
        format!("http://localhost:8080/ui/main/executions/company.team/hello/{}", id(&made))
    );

    let run = made["taskRunList"][0]["id"].as_str().unwrap();
    let lineage = |run: &str| format!("/executions/{}/task-runs/{run}/lineage", id(&made));
    let refused = server.get(&lineage(run)).await.refused(404);
    assert!(refused.contains("manifest.json"), "the task is not one of dbt: {refused}");
    assert!(server.get(&lineage("none")).await.refused(404).contains("Task run 'none'"));

    let uri = made["inputs"]["data"].as_str().unwrap();
    let path = format!("/executions/{}/file?path={uri}", id(&made));
    let file = server.get(&path).await;
    assert_eq!(
        (file.text().as_str(), file.headers["content-type"].to_str().unwrap()),
        ("a,b\n1,2\n", "application/octet-stream")
    );
    assert_eq!(file.headers.get("content-length"), None, "Cloud Run refuses a declared size above 32 MiB");
    let of = |what: &str| path.replace("/file?", &format!("/file/{what}?"));
    assert_eq!(server.get(&of("metas")).await.ok(), json!({"size": 8}));
    let preview = server.get(&of("preview")).await.ok();
    assert_eq!((&preview["type"], &preview["content"]), (&json!("LIST"), &json!([{"a": "1", "b": "2"}])));
    server.get(&format!("{}&maxRows=0", of("preview"))).await.refused(422);
    server.get(&format!("{}&encoding=klingon", of("preview"))).await.refused(422);

    let older: &[(&str, Option<&str>, &[u8])] = &[("files", Some("data"), b"x")];
    let made = server.form("/executions/company.team/hello", older).await.ok();
    assert!(made["inputs"]["data"].as_str().unwrap().starts_with("kestra:///company/team/hello/executions/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_files_of_executions_are_given_out() {
    let server = Server::new().await;
    server.deploy(&[HELLO]).await;
    let made = server.form("/executions/company.team/hello", &[("data", Some("a.txt"), b"x")]).await.ok();
    let other = server.run("hello").await;
    let file = |execution: &Value, path: &str| {
        let path = path.replace('/', "%2F");
        let address = format!("/executions/{}/file?path={path}", id(execution));
        let server = &server;
        async move { server.get(&address).await }
    };
    let uri = made["inputs"]["data"].as_str().unwrap();
    let moved = file(&other, uri).await;
    assert_eq!(moved.status, 303);
    assert!(moved.headers["location"].to_str().unwrap().contains(&format!("/executions/{}/file", id(&made))));
    let own = uri.rsplit_once('/').unwrap().0;
    for (path, code) in [
        ("kestra:///company/team/_files/secret.txt", 422),
        ("kestra:///../../etc/passwd", 422),
        (&format!("{own}/../../../../../x"), 422),
        (&format!("{own}/none.txt"), 404),
        ("/etc/passwd", 422),
        ("file:///etc/passwd", 422),
        ("gs://bucket/x", 422),
    ] {
        file(&made, path).await.refused(code);
    }
    server.get(&format!("/executions/{}/file", id(&made))).await.refused(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_inputs_are_refused_and_leave_nothing() {
    let server = Server::new().await;
    let flow = HELLO.replace("- id: name\n  type: STRING\n  defaults: World", "- id: name\n  type: INT");
    server.deploy(&[&flow]).await;
    let path = "/executions/company.team/hello";
    let refused = server.form(path, &[("data", Some("a.csv"), b"x"), ("name", None, b"many")]).await;
    assert!(refused.refused(422).contains("Invalid input for `name`"), "{}", refused.text());
    assert_eq!(server.ports.storage.list("company/").await.unwrap(), [], "the file is taken away again");
    assert!(server.post(path).await.refused(422).contains("name"));
    for name in ["../../x", "/etc/passwd", "a/../../b", ".."] {
        server.form(path, &[("data", Some(name), b"x")]).await.refused(422);
    }
    server.post("/executions/company.team/none").await.refused(404);
    server.post(&format!("{path}?revision=7")).await.refused(404);
    server.post(&format!("{path}?wait=perhaps")).await.refused(422);
    server.post(&format!("{path}?labels=nokey")).await.refused(422);
    server.post(&format!("{path}?labels=system.x:y")).await.refused(422);
    server.json("POST", path, json!({"name": 1})).await.refused(415);
    let broken = Request::post(format!("/api/v1{path}"))
        .header("content-type", "multipart/form-data; boundary=XX")
        .body(Body::from(
            "--XX\r\nContent-Disposition: form-data; name=\"data\"; filename=\"a\"\r\n\r\nbroken off",
        ))
        .unwrap();
    assert!(server.send(broken).await.refused(400).contains("multipart"));
    let boundless = Request::post(format!("/api/v1{path}")).header("content-type", "multipart/form-data");
    server.send(boundless.body(Body::from("x")).unwrap()).await.refused(400);
    assert_eq!(server.get("/executions/search").await.ok()["total"], 0);
    assert_eq!(server.ports.storage.list("company/").await.unwrap(), []);

    let report = server.form(&format!("{path}/validate"), &[("name", None, b"x")]).await.ok();
    assert_eq!(report["inputs"][0]["errors"].as_array().unwrap().len(), 1, "{report:#}");
    let report = server.form(&format!("{path}/validate"), &[("name", None, b"3")]).await.ok();
    assert_eq!((&report["inputs"][0]["value"], &report["inputs"][0]["errors"]), (&json!(3), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_may_have_the_name_of_an_action() {
    let server = Server::new().await;
    for name in ["flow", "graph"] {
        server.deploy(&[&HELLO.replace("id: hello", &format!("id: {name}"))]).await;
    }
    for name in ["flow", "graph"] {
        assert_eq!(server.run(name).await["flowId"], name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manual_run_of_a_schedule_stands_for_a_slot() {
    let server = Server::new().await;
    server.deploy(&[SCHEDULED]).await;
    let latest = server.run("scheduled").await;
    assert!(latest["trigger"]["variables"]["date"].is_string(), "{latest:#}");
    let named = server
        .post("/executions/company.team/scheduled?triggerId=monthly&triggerDate=2024-03-01T09:00:00Z")
        .await
        .ok();
    assert!(
        named["trigger"]["variables"]["date"].as_str().unwrap().starts_with("2024-03-01T09:00"),
        "{named:#}"
    );
    let wrong = "/executions/company.team/scheduled?triggerDate=2024-03-02T09:00:00Z";
    server.post(wrong).await.refused(422);
    assert!(
        [404, 422].contains(
            &server.post("/executions/company.team/scheduled?triggerId=none").await.status.as_u16()
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manual_run_of_a_slot_has_the_inputs_of_its_trigger() {
    let server = Server::new().await;
    let flow = "id: regions\nnamespace: company.team\ninputs:\n- {id: region, type: STRING, defaults: eu}\n- {id: size, type: INT, defaults: 1}\ntasks:\n- {id: say, type: io.kestra.plugin.core.log.Log, message: x}\ntriggers:\n- id: m\n  type: io.kestra.plugin.core.trigger.Schedule\n  cron: 0 6 1 * *\n  timezone: Europe/Berlin\n  inputs: {region: us, size: 2}\n  labels: {by: m}\n";
    server.deploy(&[flow]).await;
    let path = "/executions/company.team/regions";
    let slot = server.post(&format!("{path}?triggerId=m&triggerDate=2023-03-01T06:00:00%2B01:00")).await.ok();
    assert_eq!(slot["inputs"], json!({"region": "us", "size": 2}));
    assert!(slot["labels"].as_array().unwrap().contains(&json!({"key": "by", "value": "m"})), "{slot:#}");
    let day = server
        .form(&format!("{path}?triggerDate=2023-04-01&labels=by:me"), &[("size", None, b"3")])
        .await
        .ok();
    assert_eq!(day["inputs"], json!({"region": "us", "size": 3}), "the values of the request go first");
    assert!(day["labels"].as_array().unwrap().contains(&json!({"key": "by", "value": "me"})), "{day:#}");
    assert_eq!(day["trigger"]["variables"]["date"], "2023-04-01T06:00:00+02:00");
    let plain = server.post(path).await.ok();
    assert_eq!(plain["inputs"], json!({"region": "eu", "size": 1}));
}

/// A task of a service. No service runs in these tests, so the task waits until the test claims it.
const WORKING: &str = "id: working
namespace: company.team
tasks:
- id: fetch
  type: io.kestra.plugin.core.http.Request
  uri: http://localhost:1/
";

#[tokio::test(flavor = "multi_thread")]
async fn a_task_run_that_a_worker_has_begun_is_running_with_its_attempt() {
    let server = Server::new().await;
    server.deploy(&[WORKING]).await;
    let execution = id(&server.post("/executions/company.team/working").await.ok());
    let found = loop {
        let found = server.get(&format!("/executions/{execution}")).await.ok();
        if found["taskRunList"][0]["id"].is_string() {
            break found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    let run = &found["taskRunList"][0];
    assert_eq!((&run["state"]["current"], run.get("attempts")), (&json!("CREATED"), None), "no worker yet");

    let mut events = Events::of(&server, &format!("/executions/{execution}/follow")).await;
    assert_eq!(events.next().await.unwrap().1["taskRunList"][0]["state"]["current"], "CREATED");
    let key = segue_ports::wire::AttemptKey {
        execution_id: execution.as_str().into(),
        task_run_id: run["id"].as_str().unwrap().into(),
        attempt: 0,
    };
    let now = server.ports.clock.now();
    server.ports.state.claim(&key, "worker", now, now + jiff::SignedDuration::from_mins(1)).await.unwrap();
    let followed = loop {
        let event = events.next().await.unwrap().1;
        if event["taskRunList"][0]["state"]["current"] != "CREATED" {
            break event;
        }
    };
    for found in [followed, server.get(&format!("/executions/{execution}")).await.ok()] {
        let run = &found["taskRunList"][0];
        assert_eq!(run["state"]["current"], "RUNNING", "{found:#}");
        assert_eq!(run["attempts"].as_array().unwrap().len(), 1);
        assert_eq!(run["attempts"][0]["state"]["current"], "RUNNING");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn executions_are_found() {
    let server = Server::new().await;
    server.deploy(&[HELLO, FAILING, PAUSING, &HELLO.replace("company.team", "company.team.below")]).await;
    for flow in ["hello", "hello", "failing"] {
        server.run(flow).await;
    }
    let below = server.post("/executions/company.team.below/hello?wait=true&labels=run:x").await.ok();
    let paused = server.post("/executions/company.team/pausing").await.ok();
    server.until(&id(&paused), "PAUSED").await;
    for (query, total) in [
        ("", 5),
        ("namespace=company.team", 5),
        ("filters[namespace][EQUALS]=company.team", 4),
        ("filters[namespace][CONTAINS]=below", 1),
        ("filters[namespace][IN]=company.team,other", 4),
        ("flowId=hello", 3),
        ("flowId=hello&namespace=company.team.below", 1),
        ("filters[flowId][STARTS_WITH]=fail", 1),
        ("state=FAILED&state=PAUSED", 2),
        ("filters[state][IN]=FAILED,PAUSED", 2),
        ("filters[state][NOT_IN]=SUCCESS", 2),
        ("state=SUCCESS&filters[state][NOT_IN]=SUCCESS", 0),
        ("labels=run:x", 1),
        ("filters[labels][EQUALS][run]=x", 1),
        ("filters[labels][NOT_EQUALS][run]=x", 4),
        ("q=ello", 3),
        (&format!("q={}", id(&below)), 1),
        ("startDate=2000-01-01T00:00:00Z&endDate=2001-01-01", 0),
        ("timeRange=PT1H", 5),
        ("childFilter=MAIN", 5),
        ("childFilter=CHILD", 0),
        ("triggerExecutionId=none", 0),
        ("filters[startDate][LESS_THAN]=2001-01-01T00:00:00Z", 0),
    ] {
        let found = server.get(&format!("/executions/search?{query}&size=50")).await.ok();
        assert_eq!(found["total"], total, "{query}: {found:#}");
        assert_eq!(found["results"].as_array().unwrap().len(), total, "{query}");
    }
    let ids = |found: Value| -> Vec<String> { found["results"].as_array().unwrap().iter().map(id).collect() };
    let newest = ids(server.get("/executions/search?size=5").await.ok());
    let mut oldest = ids(server.get("/executions/search?size=3&sort=state.startDate:asc").await.ok());
    oldest.extend(ids(server.get("/executions/search?size=3&page=2&sort=state.startDate:asc").await.ok()));
    oldest.reverse();
    assert_eq!(newest, oldest);
    for wrong in [
        "state=DONE",
        "size=0",
        "sort=duration:desc",
        "startDate=then",
        "childFilter=X",
        "filters[x][EQUALS]=1",
        "filters[namespace][REGEX]=(",
    ] {
        server.get(&format!("/executions/search?{wrong}")).await.refused(422);
    }
    let latest = server.get("/executions/latest?namespace=company.team.below&flowId=hello").await.ok();
    assert_eq!(latest["id"], below["id"]);
    server.get("/executions/latest?namespace=a&flowId=b").await.refused(404);
    server.get("/executions/latest").await.refused(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_is_paused_resumed_killed_and_restarted() {
    let server = Server::new().await;
    server.deploy(&[PAUSING, FAILING]).await;
    let paused = id(&server.post("/executions/company.team/pausing").await.ok());
    server.until(&paused, "PAUSED").await;
    let path = format!("/executions/{paused}");
    server.post(&format!("{path}/pause")).await.refused(409);
    assert!(server.post(&format!("{path}/resume")).await.refused(422).contains("reason"));
    let report = server.form(&format!("{path}/resume/validate"), &[("reason", None, b"ok")]).await.ok();
    assert_eq!(report["inputs"][0]["errors"], json!([]));
    assert_eq!(server.form(&format!("{path}/resume"), &[("reason", None, b"ready")]).await.status, 204);
    server.until(&paused, "SUCCESS").await;
    server.post(&format!("{path}/resume")).await.refused(409);
    server.delete(&format!("{path}/kill?isOnKillCascade=false")).await.refused(409);

    let killed = id(&server.post("/executions/company.team/pausing").await.ok());
    server.until(&killed, "PAUSED").await;
    let answered = server.delete(&format!("/executions/{killed}/kill")).await;
    assert_eq!((answered.status.as_u16(), answered.bytes.len()), (202, 0));
    server.until(&killed, "KILLED").await;
    server.delete("/executions/none/kill").await.refused(404);

    let failed = server.run("failing").await;
    assert_eq!(failed["state"]["current"], "FAILED");
    let path = format!("/executions/{}", id(&failed));
    server.post(&format!("{path}/restart")).await.ok();
    let again = server.until(&id(&failed), "FAILED").await;
    assert_eq!(again["id"], failed["id"]);
    let replayed = server.post(&format!("{path}/replay")).await.ok();
    assert_eq!(replayed["originalId"], failed["id"]);
    server.post(&format!("{path}/replay?taskRunId=none")).await.refused(404);
    server.post(&format!("{path}/change-status?status=RUNNING")).await.refused(422);
    server.post(&format!("{path}/change-status")).await.refused(400);
    server.until(&id(&failed), "FAILED").await;
    assert_eq!(
        server.post(&format!("{path}/change-status?status=SUCCESS")).await.ok()["state"]["current"],
        "SUCCESS"
    );
    server
        .json("POST", &format!("{path}/state"), json!({"taskRunId": "none", "state": "SUCCESS"}))
        .await
        .refused(404);
    server
        .json("POST", &format!("{path}/state"), json!({"taskRunId": "x", "state": "DONE"}))
        .await
        .refused(422);
    let labelled =
        server.json("POST", &format!("{path}/labels"), json!([{"key": "k", "value": "v"}])).await.ok();
    assert!(labelled["labels"].as_array().unwrap().contains(&json!({"key": "k", "value": "v"})));
    server
        .json("POST", &format!("{path}/labels"), json!([{"key": "system.k", "value": "v"}]))
        .await
        .refused(422);
    server.json("POST", &format!("{path}/labels"), json!({"k": "v"})).await.refused(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_changed_at_once_or_none() {
    let server = Server::new().await;
    server.deploy(&[PAUSING, FAILING]).await;
    let ended = id(&server.run("failing").await);
    let mut paused = Vec::new();
    for _ in 0..2 {
        paused.push(id(&server.post("/executions/company.team/pausing").await.ok()));
    }
    for execution in &paused {
        server.until(execution, "PAUSED").await;
    }
    let refused = server.json("DELETE", "/executions/kill/by-ids", json!([paused[0], ended, "none"])).await;
    assert_eq!(refused.refused(400), "invalid bulk kill");
    let body: Value = serde_json::from_slice(&refused.bytes).unwrap();
    assert_eq!(body["invalids"].as_array().unwrap().len(), 2, "{body:#}");
    server.until(&paused[0], "PAUSED").await;
    assert_eq!(server.json("DELETE", "/executions/kill/by-ids", json!([paused[0]])).await.ok()["count"], 1);
    assert_eq!(server.delete("/executions/kill/by-query?flowId=pausing").await.ok()["count"], 1);
    server.until(&paused[0], "KILLED").await;
    server.until(&paused[1], "KILLED").await;
    let labels = json!({"executionsId": [ended], "executionLabels": [{"key": "a", "value": "b"}]});
    assert_eq!(server.json("POST", "/executions/labels/by-ids", labels).await.ok()["count"], 1);
    assert_eq!(server.get("/executions/search?labels=a:b").await.ok()["total"], 1);
    let change = "/executions/change-status/by-ids?newStatus=WARNING";
    assert_eq!(server.json("POST", change, json!([ended])).await.ok()["count"], 1);
    assert_eq!(
        server.json("POST", "/executions/replay/by-ids?latestRevision=true", json!([ended])).await.ok()["count"],
        1
    );
    let running = id(&server.post("/executions/company.team/pausing").await.ok());
    server.until(&running, "PAUSED").await;
    server.json("DELETE", "/executions/by-ids", json!([running])).await.refused(400);
    assert_eq!(server.delete("/executions/by-query?state=KILLED").await.ok()["count"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_removed_takes_its_files_along() {
    let server = Server::new().await;
    server.deploy(&[HELLO]).await;
    let parts: &[(&str, Option<&str>, &[u8])] = &[("data", Some("a.csv"), b"x")];
    let made = server.form("/executions/company.team/hello?wait=true", parts).await.ok();
    assert_eq!(server.ports.storage.list("company/").await.unwrap().len(), 1);
    assert_eq!(server.delete(&format!("/executions/{}", id(&made))).await.status, 204);
    assert_eq!(server.ports.storage.list("company/").await.unwrap(), []);
    server.get(&format!("/executions/{}", id(&made))).await.refused(404);
    server.delete(&format!("/executions/{}", id(&made))).await.refused(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn expressions_are_evaluated_and_secrets_are_not_told() {
    let server = Server::new().await;
    server.deploy(&[HELLO]).await;
    let made = server.run("hello").await;
    let run = made["taskRunList"][1]["id"].as_str().unwrap();
    let eval = |expression: &'static str| {
        let (server, path) = (&server, format!("/executions/{}/eval/{run}", id(&made)));
        async move { server.call("POST", &path, Some(("text/plain", expression))).await.ok() }
    };
    assert_eq!(eval("{{ task.id }}-{{ outputs.give.value }}").await, json!({"result": "give-World"}));
    assert!(eval("{{ nothing.there }}").await["error"].is_string());
    assert!(!eval("{{ secret('TOKEN') }}").await.to_string().contains("hunter2"));
    let path = format!("/executions/{}/eval/none", id(&made));
    server.call("POST", &path, Some(("text/plain", "x"))).await.refused(404);
    let flow = server.get(&format!("/executions/{}/flow", id(&made))).await.ok();
    assert_eq!(flow["tasks"][0]["id"], "say");
    assert!(server.get(&format!("/executions/{}/graph", id(&made))).await.ok()["nodes"].is_array());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_fires() {
    let server = Server::new().await;
    let flow = format!(
        "{HELLO}triggers:\n- id: hook\n  type: io.kestra.plugin.core.trigger.Webhook\n  key: s3cret\n"
    );
    server.deploy(&[&flow]).await;
    let hook = "/executions/webhook/company.team/hello/s3cret";
    let fired = server.json("POST", &format!("{hook}?a=1&a=2"), json!({"x": [1]})).await.ok();
    let variables = &fired["trigger"]["variables"];
    assert_eq!(
        (&variables["body"], &variables["parameters"]),
        (&json!({"x": [1]}), &json!({"a": ["1", "2"]}))
    );
    server.until(&id(&fired), "SUCCESS").await;
    server.get(hook).await.ok();
    server.call("PUT", &format!("{hook}/deeper/path"), Some(("text/csv", "a,b"))).await.ok();
    server.get("/executions/webhook/company.team/hello/wrong").await.refused(404);
    server.get("/executions/webhook/company.team/none/s3cret").await.refused(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_executions_of_several_flows_are_one_request() {
    let server = Server::new().await;
    server.deploy(&[HELLO]).await;
    server.run("hello").await;
    let newest = id(&server.run("hello").await);
    let hello = json!({"namespace": "company.team", "id": "hello"});
    let found = server
        .json("POST", "/executions/latest", json!([{"namespace": "none", "id": "x"}, hello]))
        .await
        .ok();
    assert_eq!((found.as_array().unwrap().len(), &found[0]["id"]), (1, &json!(newest)), "{found:#}");
    assert_eq!(server.json("POST", "/executions/latest", json!([])).await.ok(), json!([]));
    server.json("POST", "/executions/latest", json!(vec![hello; 501])).await.refused(422);
}
