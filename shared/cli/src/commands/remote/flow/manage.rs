//! `segue flow list|get|delete|export`: the flows of a server.

use crate::client::{FlowArg, Reply, Session, flow_name, labels, page as table};
use anyhow::Context as _;
use segue_api_types::{Flow, FlowPart, Page};
use segue_model::Json;
use std::path::PathBuf;

/// Selects flows.
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Only this namespace and the namespaces below it.
    #[arg(short, long, value_name = "NAMESPACE", add = crate::complete::namespaces())]
    namespace: Option<String>,
    /// Only flows with this text in their names.
    #[arg(short, long, value_name = "TEXT")]
    query: Option<String>,
    /// Only entries with this label. May be repeated.
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = crate::client::pair)]
    labels: Vec<(String, String)>,
    /// The largest number of entries.
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
}

/// Names a flow and a revision.
#[derive(Debug, clap::Args)]
pub(crate) struct Get {
    #[command(flatten)]
    flow: FlowArg,
    /// The revision. Default: the latest one.
    #[arg(long, value_name = "N")]
    revision: Option<u32>,
}

/// Selects flows.
#[derive(Debug, clap::Args)]
pub(crate) struct Delete {
    /// The flows.
    #[arg(required = true, value_name = "NAMESPACE.FLOW", add = crate::complete::flows())]
    flows: Vec<String>,
}

/// Selects flows, and names a file.
#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// Only this namespace and the namespaces below it.
    #[arg(short, long, value_name = "NAMESPACE", add = crate::complete::namespaces())]
    namespace: Option<String>,
    /// The file to write.
    #[arg(short = 'o', long = "to", value_name = "FILE.zip", default_value = "flows.zip")]
    to: PathBuf,
}

pub(super) async fn list(session: &Session, args: &List) -> anyhow::Result<Reply> {
    let answer = session
        .client
        .get(&["flows", "search"])
        .maybe("namespace", args.namespace.as_ref())
        .maybe("q", args.query.as_ref())
        .each("labels", crate::client::pairs(&args.labels))
        .with("sort", "namespace:asc")
        .with("page", 1)
        .with("size", args.limit)
        .read::<Page<Flow>>()
        .await?;
    let count = |parts: &Option<Vec<FlowPart>>| {
        parts.as_ref().map(|parts| parts.len().to_string()).unwrap_or_default()
    };
    let heading = ["namespace", "flow", "revision", "tasks", "triggers", "labels", ""];
    let text = table(&answer.value, &heading, "there are no such flows", |flow| {
        vec![
            flow.namespace.clone(),
            flow.id.clone(),
            flow.revision.to_string(),
            count(&flow.tasks),
            count(&flow.triggers),
            labels(flow.labels.as_deref().unwrap_or_default()),
            if flow.disabled == Some(true) { "disabled".into() } else { String::new() },
        ]
    });
    Ok(Reply::new(answer.json, text))
}

pub(super) async fn get(session: &Session, args: &Get) -> anyhow::Result<Reply> {
    let (namespace, id) = args.flow.parts()?;
    let answer = session
        .client
        .get(&["flows", &namespace, &id])
        .with("source", true)
        .maybe("revision", args.revision.as_ref())
        .read::<Flow>()
        .await?;
    let mut text = answer.value.source.unwrap_or_default();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(Reply::new(answer.json, text))
}

pub(super) async fn delete(session: &Session, args: &Delete) -> anyhow::Result<Reply> {
    let names: Vec<_> = args.flows.iter().map(|flow| flow_name(flow)).collect::<Result<_, _>>()?;
    let mut reply = Reply::new(Json::Null, "");
    for (namespace, id) in names {
        session.client.delete(&["flows", &namespace, &id]).send().await?;
        reply.text.push_str(&format!("deleted {namespace}.{id}\n"));
    }
    Ok(reply)
}

pub(super) async fn export(session: &Session, args: &Export) -> anyhow::Result<Reply> {
    let call = session.client.get(&["flows", "export", "by-query"]);
    let bytes = call.maybe("namespace", args.namespace.as_ref()).bytes().await?;
    std::fs::write(&args.to, &bytes).with_context(|| format!("cannot write {}", args.to.display()))?;
    let json = serde_json::json!({"file": args.to, "size": bytes.len()});
    Ok(Reply::new(json, format!("wrote {}, {} bytes\n", args.to.display(), bytes.len())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::stub::{Stub, error, json as ok};
    use serde_json::json;

    #[tokio::test]
    async fn flows_are_a_table() {
        let stub = Stub::new([ok(json!({"total": 2, "results": [
            {"namespace": "zoomcamp", "id": "taxi", "revision": 3, "tasks": [{"id": "a"}, {"id": "b"}], "triggers": [{"id": "t"}],
             "labels": [{"key": "team", "value": "data"}]},
            {"namespace": "tutorial", "id": "hello", "revision": 1, "tasks": [{"id": "a"}], "disabled": true},
        ]}))])
        .await;
        let args = List {
            namespace: Some("zoom & co".into()),
            query: None,
            labels: vec![("team".into(), "data".into())],
            limit: 5,
        };
        let reply = list(&stub.session, &args).await.unwrap();
        assert_eq!(
            reply.text,
            "namespace  flow   revision  tasks  triggers  labels\n\
             zoomcamp   taxi   3         2      1         team:data\n\
             tutorial   hello  1         1                           disabled\n"
        );
        assert_eq!(
            stub.paths(),
            ["GET /flows/search?namespace=zoom+%26+co&labels=team%3Adata&sort=namespace%3Aasc&page=1&size=5"]
        );
    }

    #[tokio::test]
    async fn what_is_not_there_is_an_error_that_names_it() {
        let stub = Stub::new([error(404, "there is no flow n.x")]).await;
        let args = Delete { flows: vec!["n.x".into()] };
        let error = delete(&stub.session, &args).await.unwrap_err();
        assert_eq!(error.to_string(), "there is no flow n.x");
        assert_eq!(crate::client::exit_code(&error), crate::FAILED);
        assert_eq!(stub.paths(), ["DELETE /flows/n/x"]);
    }

    #[tokio::test]
    async fn a_source_is_printed_as_it_was_written() {
        let stub =
            Stub::new([ok(json!({"id": "x", "namespace": "n", "revision": 2, "source": "id: x # mine"}))])
                .await;
        let flow = FlowArg::from_text("n.x");
        let reply = get(&stub.session, &Get { flow, revision: Some(2) }).await.unwrap();
        assert_eq!(reply.text, "id: x # mine\n");
        assert_eq!(stub.paths(), ["GET /flows/n/x?source=true&revision=2"]);
    }

    #[tokio::test]
    async fn an_export_is_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("all.zip");
        let stub = Stub::new([(200, "application/zip", "PK".to_owned())]).await;
        let reply = export(&stub.session, &Export { namespace: None, to: to.clone() }).await.unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), b"PK");
        assert!(reply.text.contains("2 bytes"), "{}", reply.text);
    }
}
