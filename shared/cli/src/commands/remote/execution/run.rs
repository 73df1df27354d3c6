//! `segue execution run`: starts an execution on a server.

use super::follow::{self, Ending};
use super::form;
use crate::client::{FlowArg, Session, pair, pairs};
use segue_api_types::Flow;
use std::collections::{HashMap, HashSet};

/// The flow and its inputs.
#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    #[command(flatten)]
    flow: FlowArg,
    /// An input. The value of a FILE input is the path of the file, after an @. May be repeated.
    #[arg(short, long = "input", value_name = "KEY=VALUE", value_parser = pair)]
    inputs: Vec<(String, String)>,
    /// A label of the execution. May be repeated.
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = pair)]
    labels: Vec<(String, String)>,
    /// The revision of the flow. Default: the latest one.
    #[arg(long, value_name = "N")]
    revision: Option<u32>,
    /// The slot of the schedule, which flows read as `trigger.date`. Default: the latest slot.
    #[arg(long, value_name = "SLOT")]
    date: Option<String>,
    /// The schedule of the slot, if the flow has several.
    #[arg(long, value_name = "ID", add = crate::complete::triggers())]
    trigger: Option<String>,
    #[command(flatten)]
    ending: Ending,
}

pub(super) async fn run(session: &Session, args: &Run) -> anyhow::Result<u8> {
    let (namespace, id) = args.flow.parts()?;
    let files = if args.inputs.is_empty() {
        HashSet::new()
    } else {
        let flow = session.client.get(&["flows", &namespace, &id]).maybe("revision", args.revision.as_ref());
        let declared = declared(flow.read::<Flow>().await?.value);
        // The server ignores unknown inputs, like Kestra. The warning shows a misspelled name.
        let flow = format!("{namespace}.{id}");
        let doubt = |(name, value): &(String, String)| {
            crate::inputs::doubt(&flow, declared.get(name).map(String::as_str), name, value)
        };
        for doubt in args.inputs.iter().filter_map(doubt) {
            eprintln!("warning: {doubt}");
        }
        declared.into_iter().filter(|(_, kind)| kind == "FILE").map(|(name, _)| name).collect()
    };
    let form = form::inputs(&args.inputs, |name| files.contains(name)).await?;
    // `POST /executions/NAMESPACE/pause` pauses an execution.
    let path: &[&str] = match id.as_str() {
        "pause" => &["executions", "trigger", &namespace, &id],
        _ => &["executions", &namespace, &id],
    };
    let call = session
        .client
        .post(path)
        .each("labels", pairs(&args.labels))
        .maybe("revision", args.revision.as_ref())
        .maybe("triggerDate", args.date.as_ref())
        .maybe("triggerId", args.trigger.as_ref());
    // Some servers cannot parse a form without parts, so no form is sent.
    let call = if args.inputs.is_empty() { call } else { call.form(form) };
    let execution = call.read().await?;
    follow::to_its_end(session, execution, &args.ending).await
}

/// The inputs of a flow with their types.
fn declared(flow: Flow) -> HashMap<String, String> {
    let inputs = flow.inputs.unwrap_or_default().into_iter();
    inputs.map(|input| (input.id, input.type_name.unwrap_or_default())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::stub::{Stub, error, events, json as ok};
    use segue_model::Json;
    use serde_json::json;

    fn execution(state: &str) -> Json {
        json!({
            "id": "e1", "namespace": "n.s", "flowId": "f", "flowRevision": 1, "taskRunList": [],
            "state": {"current": state, "histories": [{"state": state, "date": "2024-01-01T00:00:00Z"}]},
        })
    }

    fn args(inputs: &[(&str, &str)]) -> Run {
        Run {
            flow: FlowArg::from_text("n.s.f"),
            inputs: inputs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
            labels: vec![("team".into(), "a b".into())],
            revision: None,
            date: Some("2024-03-01T09:00:00Z".into()),
            trigger: None,
            ending: Ending { wait: false, follow: false },
        }
    }

    #[tokio::test]
    async fn inputs_are_parts_and_only_a_file_input_reads_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trips.csv");
        std::fs::write(&file, "a,b\n1,2\n").unwrap();
        let flow = json!({"id": "f", "namespace": "n.s", "revision": 1, "inputs": [{"id": "data", "type": "FILE"}, {"id": "handle", "type": "STRING"}]});
        let stub = Stub::new([ok(flow), ok(execution("CREATED"))]).await;
        let args = args(&[("data", &format!("@{}", file.display())), ("handle", "@ada")]);
        assert_eq!(run(&stub.session, &args).await.unwrap(), crate::OK);
        let asked = stub.asked();
        assert_eq!(
            asked[1].what,
            "POST /executions/n.s/f?labels=team%3Aa+b&triggerDate=2024-03-01T09%3A00%3A00Z"
        );
        let body = &asked[1].body;
        assert!(body.contains("name=\"data\"; filename=\"trips.csv\""), "{body}");
        assert!(body.contains("a,b\n1,2\n"), "{body}");
        assert!(body.contains("@ada"), "{body}");
    }

    #[tokio::test]
    async fn the_exit_code_is_that_of_the_end_when_it_is_waited_for() {
        for (state, code) in [("SUCCESS", crate::OK), ("WARNING", crate::OK), ("FAILED", crate::FAILED)] {
            let stub = Stub::new([
                ok(execution("CREATED")),
                events(&[("start", execution("CREATED")), ("end", execution(state))]),
            ])
            .await;
            let args = Run { ending: Ending { wait: true, follow: false }, ..args(&[]) };
            assert_eq!(run(&stub.session, &args).await.unwrap(), code);
            assert_eq!(stub.paths().get(1).map(String::as_str), Some("GET /executions/e1/follow"));
            assert_eq!(
                stub.paths().len() == 3,
                state == "FAILED",
                "the errors of a failed execution are read"
            );
        }
    }

    #[tokio::test]
    async fn a_refused_input_is_told_with_its_name() {
        let body = json!({"message": "Invalid entity", "_embedded": {"errors": [
            {"message": "must be a number", "path": "inputs.month"}]}});
        let flow =
            json!({"id": "f", "namespace": "n.s", "revision": 1, "inputs": [{"id": "month", "type": "INT"}]});
        let stub = Stub::new([ok(flow), (422, "application/json", body.to_string())]).await;
        let refused = run(&stub.session, &args(&[("month", "x")])).await.unwrap_err();
        assert_eq!(refused.to_string(), "Invalid entity\n  inputs.month: must be a number");
        assert_eq!(crate::client::exit_code(&refused), crate::REFUSED);
        let stub = Stub::new([error(404, "Not Found: Flow 'n.s.f' was not found")]).await;
        let missing = run(&stub.session, &args(&[])).await.unwrap_err();
        assert_eq!(crate::client::exit_code(&missing), crate::FAILED);
    }
}
