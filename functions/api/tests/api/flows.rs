use crate::harness::{FAILING, HELLO, PAUSING, SCHEDULED, Server};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use std::io::{Cursor, Read as _, Write as _};

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_is_made_changed_and_removed() {
    let server = Server::new().await;
    let made = server.yaml("POST", "/flows", HELLO).await.ok();
    assert_eq!(
        (&made["id"], &made["revision"], &made["source"]),
        (&json!("hello"), &json!(1), &json!(HELLO))
    );
    assert_eq!(made["labels"], json!([{"key": "team", "value": "data"}]));
    assert!(server.yaml("POST", "/flows", HELLO).await.refused(422).contains("Flow id already exists"));

    let path = "/flows/company.team/hello";
    assert_eq!(server.yaml("PUT", path, HELLO).await.ok()["revision"], 1, "the same is the same revision");
    let changed = HELLO.replace("World", "Moon");
    assert_eq!(server.yaml("PUT", path, &changed).await.ok()["revision"], 2);
    let other = HELLO.replace("id: hello", "id: other");
    assert!(server.yaml("PUT", path, &other).await.refused(422).contains("flow.id"));
    server.yaml("PUT", "/flows/company.team/none", HELLO).await.refused(404);

    assert!(server.get(path).await.ok().get("source").is_none());
    assert_eq!(server.get(&format!("{path}?source=true&revision=1")).await.ok()["source"], HELLO);
    let missing = server.get(&format!("{path}?revision=9")).await.refused(404);
    assert!(missing.contains("Revision 9 of flow '"), "{missing}");
    server.get(&format!("{path}?revision=x")).await.refused(422);
    assert_eq!(server.get(&format!("{path}/revisions")).await.ok().as_array().unwrap().len(), 2);
    assert_eq!(server.get(&format!("{path}/tasks/say")).await.ok()["message"], "Hello {{ inputs.name }}");
    let bare = server.get(&format!("{path}/revisions?source=false")).await.ok();
    assert!(bare[1].get("source").is_none() && bare[1]["revision"] == 2, "{bare}");
    server.get(&format!("{path}/tasks/none")).await.refused(404);

    assert_eq!(server.delete(path).await.status, 204);
    server.delete(path).await.refused(404);
    server.get(path).await.refused(404);
    assert_eq!(server.get(&format!("{path}?allowDeleted=true")).await.ok()["deleted"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_somebody_else_is_not_overwritten() {
    let server = Server::new().await;
    server.yaml("POST", "/flows", HELLO).await.ok();
    let put = async |revision: &str, word: &str| {
        let request = Request::put("/api/v1/main/flows/company.team/hello")
            .header("content-type", "application/yaml")
            .header("if-match", revision)
            .body(Body::from(HELLO.replace("World", word)))
            .unwrap();
        server.send(request).await
    };
    assert_eq!(put("\"1\"", "Moon").await.ok()["revision"], 2);
    assert_eq!(put("1", "Moon").await.ok()["revision"], 2, "the same source is no conflict");
    let message = put("1", "Mars").await.refused(409);
    assert!(message.contains("has revision 2") && message.contains("in revision 1"), "{message}");
    assert_eq!(put("2", "Mars").await.ok()["revision"], 3);
    assert_eq!(put("*", "Venus").await.ok()["revision"], 4);
    assert!(put("three", "Mars").await.refused(422).contains("If-Match"));
    let schedules = server.get("/flows/company.team/hello?source=true").await.ok();
    assert!(schedules["source"].as_str().unwrap().contains("Venus"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_has_executions_and_triggers_of_its_flows_if_it_is_asked() {
    let server = Server::new().await;
    server.deploy(&[HELLO, FAILING, SCHEDULED]).await;
    let plain = server.get("/flows/search").await.ok();
    for part in ["latestExecutions", "triggerStates"] {
        assert!(plain["results"][0].get(part).is_none(), "{plain:#}");
    }
    let mut runs = Vec::new();
    for _ in 0..22 {
        runs.insert(0, server.run("hello").await);
    }
    let failed = server.run("failing").await;
    let found = server.get("/flows/search?with=history,triggers&sort=id").await.ok();
    let of = |id: &str| {
        let results = found["results"].as_array().unwrap();
        results.iter().find(|flow| flow["id"] == id).unwrap().clone()
    };
    let hello = of("hello")["latestExecutions"].as_array().unwrap().clone();
    let ids: Vec<&Value> = hello.iter().map(|run| &run["id"]).collect();
    assert_eq!(ids, runs.iter().take(20).map(|run| &run["id"]).collect::<Vec<_>>(), "newest first");
    let newest = server.get(&format!("/executions/{}", runs[0]["id"].as_str().unwrap())).await.ok();
    assert_eq!(hello[0]["startDate"], newest["state"]["startDate"]);
    assert_eq!(hello[0]["endDate"], newest["state"]["endDate"]);
    let failing = of("failing");
    assert_eq!(failing["latestExecutions"][0]["id"], failed["id"]);
    assert_eq!(failing["latestExecutions"][0]["state"], "FAILED");
    assert_eq!(of("failing")["triggerStates"], json!([]));
    let scheduled = of("scheduled");
    assert_eq!(scheduled["latestExecutions"], json!([]), "it never ran");
    assert_eq!(scheduled["triggerStates"][0]["triggerContext"]["triggerId"], "monthly", "{scheduled:#}");
    assert!(server.get("/flows/search?with=everything").await.refused(422).contains("history or triggers"));
}

#[tokio::test(flavor = "multi_thread")]
async fn both_addresses_are_one() {
    let server = Server::new().await;
    let request = |path: &str, source: &str| {
        Request::post(path)
            .header("content-type", "application/yaml")
            .body(Body::from(source.to_owned()))
            .unwrap()
    };
    server.send(request("/api/v1/flows", HELLO)).await.ok();
    server.send(request("/api/v1/main/flows", HELLO)).await.refused(422);
    let bare =
        server.send(Request::get("/api/v1/flows/company.team/hello").body(Body::empty()).unwrap()).await;
    assert_eq!(bare.ok(), server.get("/flows/company.team/hello/").await.ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_flow_says_every_problem_with_its_place() {
    let server = Server::new().await;
    let wrong = "id: hello\nnamespace: company.team\ntasks:\n- id: a\n  type: io.kestra.plugin.core.log.Lag\n- id: b\n  type: io.none\n";
    let refused = server.yaml("POST", "/flows", wrong).await;
    assert!(refused.refused(422).starts_with("Invalid entity: 5:"), "{}", refused.text());
    let errors = serde_json::from_slice::<Value>(&refused.bytes).unwrap()["_embedded"]["errors"].clone();
    assert_eq!(errors.as_array().unwrap().len(), 2, "{errors}");
    assert_eq!((&errors[0]["line"], &errors[0]["code"]), (&json!(5), &json!("SEG0210")));
    assert!(errors[0]["hint"].as_str().unwrap().contains("log.Log"));
    assert!(server.yaml("POST", "/flows", "id: [").await.refused(422).starts_with("Illegal flow source"));
    server.yaml("POST", "/flows", " ").await.refused(400);
    server.call("POST", "/flows", Some(("image/png", "x"))).await.refused(415);
    assert_eq!(server.get("/flows/search").await.ok()["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn flows_are_validated_without_being_saved() {
    let server = Server::new().await;
    server.deploy(&[HELLO]).await;
    server.yaml("PUT", "/flows/company.team/hello", &HELLO.replace("World", "Moon")).await.ok();
    let legacy = "id: old\nnamespace: a\nrevision: 1\ntasks:\n- {id: t, type: io.kestra.core.tasks.log.Log, message: x}\n";
    let source = format!("{HELLO}---\nid: bad\nnamespace: a\ntasks: []\n---\n{legacy}");
    let reports = server
        .yaml("POST", "/flows/validate", &source.replacen("id: hello", "id: hello\nrevision: 1", 1))
        .await
        .ok();
    assert_eq!((&reports[0]["flow"], &reports[0]["outdated"]), (&json!("hello"), &json!(true)));
    assert!(reports[0].get("constraints").is_none(), "{reports:#}");
    assert!(reports[1]["constraints"].as_str().unwrap().contains("tasks"), "{reports:#}");
    assert_eq!(reports[2]["deprecationPaths"].as_array().unwrap().len(), 1, "{reports:#}");
    assert_eq!(server.get("/flows/a").await.ok(), json!([]));

    let task =
        |source: &'static str| async { server.yaml("POST", "/flows/validate/task", source).await.ok() };
    assert!(
        task("id: t\ntype: io.kestra.plugin.core.log.Log\nmessage: x").await.get("constraints").is_none()
    );
    let report = task("id: t\ntype: io.none").await;
    assert!(report["constraints"].as_str().unwrap().contains("io.none"), "{report}");
    let cron = "id: t\ntype: io.kestra.plugin.core.trigger.Schedule\ncron: nonsense";
    let report = server.yaml("POST", "/flows/validate/trigger", cron).await.ok();
    assert!(report["constraints"].as_str().unwrap().contains("cron"), "{report}");
    server.yaml("POST", "/flows/validate/task?section=moods", "id: t").await.refused(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_imported_as_the_seeds_have_it() {
    let server = Server::new().await;
    // curl -X POST http://localhost:8080/api/v1/flows/import -F fileUpload=@flows/01_gcp_kv.yaml
    let source = include_str!("../../../../flows/bay-wheels/01_gcp_kv.yaml");
    let body = format!(
        "--------------------------d74496d66958873e\r\nContent-Disposition: form-data; name=\"fileUpload\"; \
         filename=\"01_gcp_kv.yaml\"\r\nContent-Type: application/octet-stream\r\n\r\n{source}\r\n\
         --------------------------d74496d66958873e--\r\n"
    );
    let request = Request::post("/api/v1/flows/import")
        .header("content-type", "multipart/form-data; boundary=------------------------d74496d66958873e")
        .header("user-agent", "curl/8.5.0")
        .body(Body::from(body))
        .unwrap();
    assert_eq!(server.send(request).await.ok(), json!([]));
    assert_eq!(server.get("/flows/search").await.ok()["total"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_several_flows_are_imported() {
    let server = Server::new().await;
    let import = |name: &'static str, content: Vec<u8>| {
        let server = &server;
        async move { server.form("/flows/import", &[("fileUpload", Some(name), &content)]).await }
    };
    let several = format!("{HELLO}---\nid: bad\nnamespace: a\ntasks: []\n---\n{FAILING}");
    assert_eq!(import("all.yml", several.clone().into_bytes()).await.ok(), json!(["1"]));
    assert_eq!(server.get("/flows/search").await.ok()["total"], 2);
    server
        .form("/flows/import?failOnError=true", &[("fileUpload", Some("a.yml"), several.as_bytes())])
        .await
        .refused(422);
    assert!(import("a.txt", vec![]).await.refused(422).starts_with("Cannot import file of type"));
    server.form("/flows/import", &[("other", Some("a.yml"), b"x")]).await.refused(400);

    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let test = "id: t\nnamespace: company.team\nflowId: pausing\ntestCases: []\n";
    for (name, source) in [("one.yml", PAUSING), ("../two.yaml", "id: ["), ("one.test.yml", test)] {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(source.as_bytes()).unwrap();
    }
    let zipped = archive.finish().unwrap().into_inner();
    assert_eq!(import("flows.zip", zipped).await.ok(), json!(["../two.yaml"]));
    assert!(import("flows.zip", b"no zip".to_vec()).await.refused(422).contains("zip"));
    server.get("/flows/company.team/pausing").await.ok();

    let exported = server.get("/flows/export/by-query?q=hello").await;
    let mut archive = zip::ZipArchive::new(Cursor::new(exported.bytes)).unwrap();
    let mut source = String::new();
    archive.by_name("company.team.hello.yml").unwrap().read_to_string(&mut source).unwrap();
    assert_eq!((source.trim_end(), archive.len()), (HELLO.trim_end(), 1));
    server.json("POST", "/flows/export/by-ids", json!([{"namespace": "x", "id": "y"}])).await.refused(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_is_replaced_as_a_whole_or_not_at_all() {
    let server = Server::new().await;
    server.deploy(&[HELLO, FAILING, &HELLO.replace("company.team", "other")]).await;
    let refused = server.yaml(
        "POST",
        "/flows/company.team",
        "id: a\nnamespace: wrong\ntasks:\n- {id: t, type: io.kestra.plugin.core.log.Log, message: x}\n",
    );
    assert!(refused.await.refused(422).contains("Flow namespace is invalid"));
    let twice = format!("{HELLO}---\n{HELLO}");
    assert!(
        server.yaml("POST", "/flows/company.team", &twice).await.refused(422).contains("Duplicate flow id")
    );
    let kept = server.yaml("POST", "/flows/company.team?delete=false", PAUSING).await.ok();
    assert_eq!(kept.as_array().unwrap().len(), 1);
    let replaced = server.yaml("POST", "/flows/company.team", HELLO).await.ok();
    let deleted: Vec<&Value> =
        replaced.as_array().unwrap().iter().filter(|flow| flow["deleted"] == true).collect();
    assert_eq!(deleted.len(), 2, "{replaced:#}");
    assert_eq!(server.get("/flows/search").await.ok()["total"], 2, "the other namespace is left alone");
    let bulk = "/flows/bulk?delete=true&namespace=other";
    let refused = server.yaml("POST", bulk, HELLO).await.refused(422);
    assert!(refused.contains("Flow namespace is invalid"), "{refused}");
    let other = HELLO.replace("company.team", "other").replace("id: hello", "id: second");
    server.yaml("POST", bulk, &other).await.ok();
    let left = server.get("/flows/other").await.ok();
    assert_eq!((left.as_array().unwrap().len(), &left[0]["id"]), (1, &json!("second")));
    server.delete("/flows/other/second").await.ok();
    assert_eq!(server.get("/flows/distinct-namespaces").await.ok(), json!(["company.team"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn flows_are_found_and_changed_together() {
    let server = Server::new().await;
    server.deploy(&[HELLO, FAILING, PAUSING, &HELLO.replace("company.team", "company.team.below")]).await;
    for (query, total) in [
        ("q=HELL", 2),
        ("namespace=company.team", 4),
        ("namespace=company.te", 0),
        ("labels=team:data", 2),
        ("labels=team:none", 0),
        ("filters[namespace][EQUALS]=company.team", 3),
        ("filters[labels][EQUALS][team]=data&filters[q][EQUALS]=below", 1),
        ("scope=SYSTEM", 0),
        ("page=2&size=3", 4),
    ] {
        let found = server.get(&format!("/flows/search?{query}")).await.ok();
        assert_eq!(found["total"], total, "{query}");
    }
    assert_eq!(server.get("/flows/search?page=2&size=3").await.ok()["results"].as_array().unwrap().len(), 1);
    server.get("/flows/search?page=0").await.refused(422);
    server.get("/flows/search?sort=mood:asc").await.refused(422);
    server.get("/flows/search?filters[a][EQUALS]=b").await.refused(422);
    let hits = server.get("/flows/source?q=inputs.name&namespace=company.team.below").await.ok();
    assert!(
        hits["results"][0]["fragments"][0].as_str().unwrap().contains("[mark]inputs.name[/mark]"),
        "{hits:#}"
    );

    let ids = json!([{"namespace": "company.team", "id": "hello"}]);
    assert_eq!(server.json("POST", "/flows/disable/by-ids", ids.clone()).await.ok()["count"], 1);
    assert!(server.post("/executions/company.team/hello").await.refused(409).contains("disabled"));
    assert_eq!(server.post("/flows/enable/by-query?q=hello").await.ok()["count"], 1);
    server.post("/executions/company.team/hello").await.ok();
    let with_unknown = json!([{"namespace": "company.team", "id": "hello"}, {"namespace": "x", "id": "y"}]);
    let refused = server.json("DELETE", "/flows/delete/by-ids", with_unknown).await;
    assert_eq!(refused.refused(400), "invalid bulk delete");
    assert!(refused.text().contains("x.y"));
    assert_eq!(server.json("DELETE", "/flows/delete/by-ids", ids).await.ok()["count"], 1);
    assert_eq!(server.delete("/flows/delete/by-query?namespace=company").await.ok()["count"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_is_drawn() {
    let server = Server::new().await;
    let caller = "id: caller
namespace: company.team
tasks:
- id: choose
  type: io.kestra.plugin.core.flow.If
  condition: '{{ true }}'
  then:
  - {id: call, type: io.kestra.plugin.core.flow.Subflow, namespace: company.team, flowId: hello}
  else:
  - {id: say, type: io.kestra.plugin.core.log.Log, message: x}
errors:
- {id: sorry, type: io.kestra.plugin.core.log.Log, message: x}
";
    server.deploy(&[HELLO, caller]).await;
    let graph = server.get("/flows/company.team/caller/graph").await.ok();
    let uids: Vec<&str> =
        graph["nodes"].as_array().unwrap().iter().map(|node| node["uid"].as_str().unwrap()).collect();
    assert_eq!(
        uids,
        [
            "root.start",
            "root.choose.start",
            "root.choose",
            "root.choose.call",
            "root.choose.say",
            "root.choose.end",
            "root.sorry",
            "root.end"
        ]
    );
    let has = |source: &str, target: &str, relation: Value| {
        let edge = json!({"source": source, "target": target, "relation": relation});
        assert!(graph["edges"].as_array().unwrap().contains(&edge), "{edge} is not in {graph:#}");
    };
    has("root.start", "root.choose.start", json!({"relationType": "SEQUENTIAL"}));
    has("root.choose", "root.choose.call", json!({"relationType": "CHOICE", "value": "then"}));
    has("root.choose.say", "root.choose.end", json!({"relationType": "SEQUENTIAL"}));
    has("root.start", "root.sorry", json!({"relationType": "ERROR"}));
    has("root.sorry", "root.end", json!({"relationType": "SEQUENTIAL"}));
    assert_eq!(graph["clusters"][0]["cluster"]["uid"], "cluster_root.choose");
    assert_eq!(server.yaml("POST", "/flows/graph", caller).await.ok(), graph);
    let known = server.get("/flows/company.team/hello/dependencies").await.ok();
    assert_eq!(
        known["edges"],
        json!([{"source": "main_company.team_caller", "target": "main_company.team_hello", "relation": "FLOW_TASK"}])
    );
    let called = server.get("/flows/company.team/hello/dependencies?destinationOnly=true").await.ok();
    assert_eq!(called["edges"], json!([]));
    let lost = caller.replace("id: caller", "id: lost").replace("flowId: hello", "flowId: nowhere");
    server.deploy(&[lost.as_str()]).await;
    let found = server.get("/flows/company.team/lost/dependencies").await.ok();
    let missing = found["nodes"].as_array().unwrap().iter().map(|node| (&node["id"], &node["missing"]));
    assert_eq!(
        missing.collect::<Vec<_>>(),
        [(&json!("lost"), &Value::Null), (&json!("nowhere"), &json!(true))]
    );
}
