//! `segue execution list|get|delete`: the executions of a server.

use crate::client::{
    Reply, Session, date, elapsed, execution, labels, page as table, pair, pairs, state, text as plain,
};
use crate::commands::remote::execution::why;
use crate::report::{Output, heading, lines, paint};
use segue_api_types::{Execution, Page};
use segue_model::Json;
use segue_ports::{Clock as _, SystemClock};

/// Selects executions.
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Only this namespace and the namespaces below it.
    #[arg(short, long, value_name = "NAMESPACE", add = crate::complete::namespaces())]
    namespace: Option<String>,
    /// Only this flow.
    #[arg(long, value_name = "ID")]
    flow: Option<String>,
    /// Only executions in this state. May be repeated.
    #[arg(short, long = "state", value_name = "STATE", value_parser = known_state)]
    states: Vec<String>,
    /// Only entries with this label. May be repeated.
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = pair)]
    labels: Vec<(String, String)>,
    /// Only executions that started at this date or later.
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// Only executions that started before this date.
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// The largest number of entries.
    #[arg(long, value_name = "N", default_value_t = 25)]
    limit: u32,
}

/// Names an execution.
#[derive(Debug, clap::Args)]
pub(crate) struct Get {
    /// The execution.
    #[arg(value_name = "ID", add = crate::complete::executions())]
    id: String,
}

/// Names executions, and the parts of them that are kept.
#[derive(Debug, clap::Args)]
pub(crate) struct Delete {
    /// The executions.
    #[arg(required = true, value_name = "ID", add = crate::complete::executions())]
    ids: Vec<String>,
    /// Keeps the logs.
    #[arg(long)]
    keep_logs: bool,
    /// Keeps the files.
    #[arg(long)]
    keep_files: bool,
}

fn known_state(text: &str) -> Result<String, String> {
    segue_model::state::State::parse(text)
        .map(|state| state.to_string())
        .ok_or_else(|| "unknown state; write SUCCESS, FAILED, RUNNING, QUEUED, PAUSED …".to_owned())
}

pub(super) async fn list(session: &Session, args: &List) -> anyhow::Result<Reply> {
    let answer = session
        .client
        .get(&["executions", "search"])
        .maybe("namespace", args.namespace.as_ref())
        .maybe("flowId", args.flow.as_ref())
        .each("state", &args.states)
        .each("labels", pairs(&args.labels))
        .maybe("startDate", args.since.as_ref())
        .maybe("endDate", args.until.as_ref())
        .with("sort", "state.startDate:desc")
        .with("page", 1)
        .with("size", args.limit)
        .read::<Page<Execution>>()
        .await?;
    let now = SystemClock.now();
    let heading = ["id", "flow", "state", "started", "duration", "labels"];
    let text = table(&answer.value, &heading, "there are no such executions", |execution| {
        vec![
            execution.id.clone(),
            format!("{}.{}", execution.namespace, execution.flow_id),
            state(execution.state.current),
            date(execution.state.start_date, &session.zone),
            elapsed(&execution.state, now),
            labels(&execution.labels),
        ]
    });
    Ok(Reply::new(answer.json, text))
}

pub(super) async fn get(session: &Session, args: &Get) -> anyhow::Result<Reply> {
    let answer = session.client.get(&["executions", &args.id]).read::<Execution>().await?;
    let mut text = describe(session, &answer.value);
    if session.output == Output::Text {
        for line in why::lines(session, &answer.value).await {
            text.push_str(&format!("error: {line}\n"));
        }
    }
    Ok(Reply::new(answer.json, text))
}

/// An execution as text.
fn describe(session: &Session, shown: &Execution) -> String {
    let (known, runs) = execution(shown);
    let now = SystemClock.now();
    let current = known.state.current();
    let mut text = format!(
        "{} revision {}\n{} {} since {}, {}\n",
        heading(&known),
        known.flow_revision,
        crate::report::mark(current),
        paint(current).apply_to(current),
        date(shown.state.start_date, &session.zone),
        elapsed(&shown.state, now),
    );
    let labels = labels(&shown.labels);
    if !labels.is_empty() {
        text.push_str(&format!("labels: {labels}\n"));
    }
    for (title, values) in [("inputs", &shown.inputs), ("outputs", &shown.outputs)] {
        if !values.is_empty() {
            text.push_str(&format!("{title}:\n"));
            for (name, value) in values {
                let value = if value.is_null() { "null".to_owned() } else { plain(value) };
                text.push_str(&format!("  {name}: {value}\n"));
            }
        }
    }
    if !runs.is_empty() {
        text.push_str("task runs:\n");
        for line in lines(&runs.iter().collect::<Vec<_>>(), now) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

pub(super) async fn delete(session: &Session, args: &Delete) -> anyhow::Result<Reply> {
    let mut reply = Reply::new(Json::Null, "");
    for id in &args.ids {
        session
            .client
            .delete(&["executions", id])
            .with("deleteLogs", !args.keep_logs)
            .with("deleteStorage", !args.keep_files)
            .send()
            .await?;
        reply.text.push_str(&format!("deleted {id}\n"));
    }
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::stub::{Stub, json as ok};
    use serde_json::json;

    fn ended() -> Json {
        json!({
            "id": "e1", "namespace": "n.s", "flowId": "f", "flowRevision": 2,
            "inputs": {"name": "Ada"}, "outputs": {"count": 3},
            "labels": [{"key": "team", "value": "data"}, {"key": "system.correlationId", "value": "e1"}],
            "taskRunList": [{"id": "r1", "taskId": "say", "outputs": {}, "state": {
                "current": "SUCCESS", "histories": [
                    {"state": "CREATED", "date": "2024-01-01T00:00:00Z"},
                    {"state": "SUCCESS", "date": "2024-01-01T00:00:01.500Z"}]}}],
            "state": {
                "current": "SUCCESS", "startDate": "2024-01-01T00:00:00Z", "endDate": "2024-01-01T00:00:02Z",
                "histories": [
                    {"state": "CREATED", "date": "2024-01-01T00:00:00Z"},
                    {"state": "SUCCESS", "date": "2024-01-01T00:00:02Z"}]},
        })
    }

    #[tokio::test]
    async fn executions_are_a_table() {
        let stub = Stub::new([ok(json!({"results": [ended()], "total": 9}))]).await;
        let args = List {
            namespace: Some("n".into()),
            flow: Some("f".into()),
            states: vec!["SUCCESS".into(), "FAILED".into()],
            labels: vec![("team".into(), "data".into())],
            since: Some("2024-01-01T00:00:00Z".into()),
            until: None,
            limit: 1,
        };
        let reply = list(&stub.session, &args).await.unwrap();
        assert_eq!(
            console::strip_ansi_codes(&reply.text),
            "id  flow   state    started              duration  labels\n\
             e1  n.s.f  SUCCESS  2024-01-01 00:00:00  2.0 s     team:data\n\
             1 of 9; --limit N shows more\n"
        );
        assert_eq!(
            stub.paths(),
            ["GET /executions/search?namespace=n&flowId=f&state=SUCCESS&state=FAILED&labels=team%3Adata\
              &startDate=2024-01-01T00%3A00%3A00Z&sort=state.startDate%3Adesc&page=1&size=1"]
        );
    }

    #[tokio::test]
    async fn an_execution_is_shown_with_its_task_runs() {
        let stub = Stub::new([ok(ended())]).await;
        let reply = get(&stub.session, &Get { id: "e1".into() }).await.unwrap();
        let text = console::strip_ansi_codes(&reply.text).into_owned();
        for part in [
            "n.s.f e1 revision 2",
            "✓ SUCCESS since 2024-01-01 00:00:00, 2.0 s",
            "labels: team:data\n",
            "inputs:\n  name: Ada\n",
            "outputs:\n  count: 3\n",
            "task runs:\n  ✓ say",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert_eq!(reply.json, ended());
    }

    #[tokio::test]
    async fn a_failed_execution_is_shown_with_its_last_errors() {
        let mut failed = ended();
        failed["state"]["current"] = json!("FAILED");
        let entry = |message: &str| {
            json!({"namespace": "n.s", "flowId": "f", "executionId": "e1", "taskId": "load", "level": "ERROR",
                "timestamp": "2024-01-01T00:00:01Z", "message": message})
        };
        let log: Vec<Json> = ["one", "two", "three", "four"].map(entry).into();
        let stub = Stub::new([ok(failed), ok(Json::Array(log))]).await;
        let reply = get(&stub.session, &Get { id: "e1".into() }).await.unwrap();
        let said: Vec<&str> = reply.text.lines().filter(|line| line.starts_with("error:")).collect();
        assert_eq!(
            said,
            [
                "error: load: two",
                "error: load: three",
                "error: load: four",
                "error: 1 earlier errors: segue execution logs e1 --level ERROR"
            ]
        );
        assert_eq!(stub.paths()[1], "GET /logs/e1?minLevel=ERROR");
    }

    #[test]
    fn a_state_is_one_there_is() {
        assert_eq!(known_state("failed").as_deref(), Ok("FAILED"));
        assert!(known_state("done").is_err());
    }
}
