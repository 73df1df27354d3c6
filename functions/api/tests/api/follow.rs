use crate::harness::{HELLO, PATIENCE, PAUSING, Server, id};
use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use futures::StreamExt as _;
use serde_json::Value;

/// A stream of events. Each event has an id and data.
pub(crate) struct Events {
    stream: BodyDataStream,
    text: String,
}

impl Events {
    pub(crate) async fn of(server: &Server, path: &str) -> Self {
        let request = Request::get(format!("/api/v1/main{path}")).body(Body::empty()).unwrap();
        let response = server.open(request).await;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { stream: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next event. `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).map(str::to_owned)
                };
                let found = field("id:").zip(field("data:"));
                self.text = rest.to_owned();
                match found {
                    Some((id, data)) => return Some((id, serde_json::from_str(&data).unwrap())),
                    None => continue,
                }
            }
            let chunk = tokio::time::timeout(PATIENCE, self.stream.next()).await.unwrap();
            self.text.push_str(std::str::from_utf8(&chunk?.unwrap()).unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_is_followed_to_its_end() {
    let server = Server::new().await;
    server.deploy(&[PAUSING]).await;
    let execution = id(&server.post("/executions/company.team/pausing").await.ok());
    let mut events = Events::of(&server, &format!("/executions/{execution}/follow")).await;
    loop {
        let (kind, data) = events.next().await.unwrap();
        assert_eq!((kind.as_str(), data["id"].as_str()), ("progress", Some(execution.as_str())));
        if data["state"]["current"] == "PAUSED" {
            break;
        }
    }
    server.form(&format!("/executions/{execution}/resume"), &[("reason", None, b"go on")]).await.ok();
    let mut last = (String::new(), Value::Null);
    while let Some(event) = events.next().await {
        assert_ne!(last.0, "end", "nothing comes after the end");
        last = event;
    }
    assert_eq!((last.0.as_str(), &last.1["state"]["current"]), ("end", &Value::from("SUCCESS")));
    assert_eq!(last.1["taskRunList"].as_array().unwrap().len(), 2);

    let mut after = Events::of(&server, &format!("/executions/{execution}/follow")).await;
    assert_eq!(after.next().await.unwrap().0, "end");
    assert!(after.next().await.is_none());
    server.get("/executions/none/follow").await.refused(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_followed_those_there_and_those_to_come() {
    let server = Server::new().await;
    server.deploy(&[PAUSING, HELLO]).await;
    let execution = id(&server.post("/executions/company.team/pausing").await.ok());
    server.until(&execution, "PAUSED").await;
    let mut events = Events::of(&server, &format!("/logs/{execution}/follow?minLevel=INFO")).await;
    server.form(&format!("/executions/{execution}/resume"), &[("reason", None, b"go on")]).await.ok();
    let mut told = Vec::new();
    while let Some((kind, data)) = events.next().await {
        told.push((kind, data["message"].as_str().unwrap_or_default().to_owned()));
    }
    assert!(told.contains(&("progress".to_owned(), "go on".to_owned())), "{told:?}");
    assert_eq!(told.last().unwrap().0, "end");
    server.get("/logs/none/follow").await.refused(404);
    server.get(&format!("/logs/{execution}/follow?minLevel=LOUD")).await.refused(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn executions_and_logs_are_followed_in_one_stream_and_continued() {
    let server = Server::new().await;
    server.deploy(&[PAUSING, HELLO]).await;
    let paused = id(&server.post("/executions/company.team/pausing").await.ok());
    let ended = id(&server.run("hello").await);
    let topics = format!("execution:{paused},log:{paused},execution:{ended},log:{ended}");
    let mut events = Events::of(&server, &format!("/events?topics={topics}")).await;
    let (mut version, mut lines, mut is_paused, mut last) = (0, Vec::new(), false, 0);
    while !is_paused || last < 2 {
        let (topic, event) = events.next().await.unwrap();
        assert_eq!(event["topic"], topic.as_str());
        if topic == format!("execution:{paused}") {
            let next = event["position"].as_u64().unwrap();
            assert!(next > version, "a version comes once: {next} after {version}");
            version = next;
            is_paused = event["head"]["execution"]["state"]["current"] == "PAUSED";
        } else if topic.ends_with(&ended) {
            last += usize::from(event["isLast"] == true);
            lines.extend(event["lines"].as_array().cloned().unwrap_or_default());
        }
    }
    let stored = server.get(&format!("/logs/{ended}")).await.ok();
    assert_eq!(&Value::from(lines), &stored);
    assert!(!stored.as_array().unwrap().is_empty());
    drop(events);

    // A client that connects again gets only the events after its position.
    let mut events = Events::of(&server, &format!("/events?topics=execution:{paused}@{version}")).await;
    server.form(&format!("/executions/{paused}/resume"), &[("reason", None, b"go on")]).await.ok();
    let mut state = Value::Null;
    while let Some((_, event)) = events.next().await {
        assert!(event["position"].as_u64() > Some(version));
        state = event["head"]["execution"]["state"]["current"].clone();
        assert_eq!(event["isLast"] == true, state == "SUCCESS");
    }
    assert_eq!(state, "SUCCESS");

    for (topics, code) in [("", 422), ("x", 422), ("table:a", 422), ("log:none", 404), ("log:a@b", 422)] {
        server.get(&format!("/events?topics={topics}")).await.refused(code);
    }
    server.get("/events").await.refused(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_is_followed_by_what_has_changed() {
    let server = Server::new().await;
    let rounds = "id: rounds\nnamespace: company.team\ntasks:\n- id: each\n  type: io.kestra.plugin.core.flow.ForEach\n  \
                  values: [a, b, c]\n  tasks:\n  - id: say\n    type: io.kestra.plugin.core.log.Log\n    message: x\n\
                  - id: wait\n  type: io.kestra.plugin.core.flow.Pause\n- id: after\n  \
                  type: io.kestra.plugin.core.debug.Return\n  format: done\n";
    server.deploy(&[rounds]).await;
    let execution = id(&server.post("/executions/company.team/rounds").await.ok());
    server.until(&execution, "PAUSED").await;
    let head = server.get(&format!("/executions/{execution}/head")).await.ok();
    assert_eq!(head["total"], 5);
    assert_eq!(head["states"], serde_json::json!({"SUCCESS": 4, "PAUSED": 1}));
    assert_eq!(head["execution"]["taskRunList"], Value::Null);
    assert_eq!(head["telling"][0]["taskId"], "wait");

    let rows = server.get(&format!("/executions/{execution}/task-runs?limit=3")).await.ok();
    let shown = |rows: &Value| {
        let rows = rows["rows"].as_array().unwrap().iter();
        rows.map(|row| (row["run"]["taskId"].as_str().unwrap().to_owned(), row["depth"].as_u64().unwrap()))
            .collect::<Vec<_>>()
    };
    let row = |task: &str, depth| (task.to_owned(), depth);
    assert_eq!((&rows["total"], &rows["position"]), (&Value::from(5), &head["position"]));
    assert_eq!(shown(&rows), [row("each", 0), row("say", 1), row("say", 1)]);
    let each = rows["rows"][0]["run"]["id"].as_str().unwrap();
    let folded = server.get(&format!("/executions/{execution}/task-runs?folded={each}&from=1")).await.ok();
    assert_eq!((&folded["total"], shown(&folded)), (&Value::from(2), vec![row("wait", 0)]));

    let position = head["position"].as_u64().unwrap();
    let mut events = Events::of(&server, &format!("/events?topics=execution:{execution}@{position}")).await;
    server.form(&format!("/executions/{execution}/resume"), &[]).await.ok();
    let mut changed = Vec::new();
    while let Some((_, event)) = events.next().await {
        for run in event["taskRuns"].as_array().unwrap() {
            changed.push((run["taskId"].as_str().unwrap().to_owned(), run["outputs"].clone()));
        }
    }
    changed.sort_by(|one, other| one.0.cmp(&other.0));
    changed.dedup();
    let none = serde_json::json!({});
    assert_eq!(
        changed,
        [("after".to_owned(), none.clone()), ("wait".to_owned(), none)],
        "rounds did not change"
    );

    let rows = server.get(&format!("/executions/{execution}/task-runs?from=5")).await.ok();
    let after = rows["rows"][0]["run"]["id"].as_str().unwrap();
    let run = server.get(&format!("/executions/{execution}/task-runs/{after}")).await.ok();
    assert_eq!(run["outputs"]["value"], "done");
    for path in ["/executions/none/head", "/executions/none/task-runs"] {
        server.get(path).await.refused(404);
    }
    server.get(&format!("/executions/{execution}/task-runs/none")).await.refused(404);
    server.get(&format!("/executions/{execution}/task-runs?parent=x")).await.refused(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_executions_that_an_execution_causes_are_followed() {
    let server = Server::new().await;
    let calling = "id: calling\nnamespace: company.team\ntasks:\n- id: call\n  type: io.kestra.plugin.core.flow.Subflow\n  \
                   namespace: company.team\n  flowId: hello\n  wait: true\n";
    server.deploy(&[HELLO, calling]).await;
    let execution = id(&server.run("calling").await);
    let path = format!("/executions/{execution}/follow-dependencies?expandAll=true");
    let mut events = Events::of(&server, &path).await;
    let mut seen = Vec::new();
    while let Some((kind, data)) = events.next().await {
        let text = |key: &str| data[key].as_str().unwrap().to_owned();
        seen.push((kind, text("flowId"), data["state"]["current"].as_str().unwrap().to_owned()));
    }
    let event = |kind: &str, flow: &str| (kind.to_owned(), flow.to_owned(), "SUCCESS".to_owned());
    assert!(seen.contains(&event("progress", "hello")), "{seen:?}");
    assert_eq!(seen.last(), Some(&event("end", "calling")), "{seen:?}");
}
