//! `segue flow diff`, `segue flow revisions`, and `segue flow import --dry-run`: what a deployment would change.

use super::deploy::{self, Change};
use crate::client::{Reply, Session, flow_name, list as table};
use crate::flow_files;
use crate::report::diff;
use anyhow::Context as _;
use segue_api_types::Flow;
use segue_model::parse::parse_flows;
use segue_standalone::catalog;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Two sources of a flow.
#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// Flow files and folders of flow files, which are compared with the saved flows. Or the name of a flow: its last
    /// two revisions are compared.
    #[arg(required = true, value_name = "PATH|NAMESPACE.FLOW")]
    targets: Vec<String>,
    /// Two revisions of a named flow. Default: the last two.
    #[arg(long, value_name = "OLD..NEW", value_parser = range)]
    revisions: Option<(u32, u32)>,
    /// Exits with 1 if there is a difference.
    #[arg(long)]
    exit_code: bool,
}

/// Names a flow.
#[derive(Debug, clap::Args)]
pub(crate) struct Revisions {
    #[command(flatten)]
    flow: crate::client::FlowArg,
}

fn range(text: &str) -> Result<(u32, u32), String> {
    text.split_once("..")
        .and_then(|(old, new)| Some((old.parse().ok()?, new.parse().ok()?)))
        .ok_or_else(|| "write two revisions as OLD..NEW, such as 2..3".to_owned())
}

/// A flow of a file, and what a deployment would do.
pub(super) struct Planned {
    /// Namespace and id.
    pub(super) name: (String, String),
    /// The change that a deployment would make.
    pub(super) change: Change,
    /// The difference as text. Empty if nothing changes.
    pub(super) text: String,
}

/// Compares the flows of a file with the saved flows. Documents that are no flow are left out: the validation reports
/// them.
pub(super) async fn planned(session: &Session, file: &Path, source: &str) -> anyhow::Result<Vec<Planned>> {
    let mut all = Vec::new();
    for parsed in parse_flows(source, &catalog()?) {
        let Some(flow) = parsed.checkable() else { continue };
        let (namespace, id) = (flow.namespace.clone(), flow.id.clone());
        let saved = saved(session, &namespace, &id, None).await?;
        let new = ended(&parsed.source);
        let file = file.display().to_string();
        let (change, text) = match saved {
            None => (Change::Created, diff("", &new, "nothing", &file)),
            Some((revision, old)) => {
                let text = diff(&ended(&old), &new, &format!("{namespace}.{id} revision {revision}"), &file);
                (if text.is_empty() { Change::Unchanged } else { Change::Updated }, text)
            }
        };
        all.push(Planned { name: (namespace, id), change, text });
    }
    Ok(all)
}

/// The revision and the source of a saved flow. None if there is no such flow.
async fn saved(
    session: &Session,
    namespace: &str,
    id: &str,
    revision: Option<u32>,
) -> anyhow::Result<Option<(u32, String)>> {
    let call = session.client.get(&["flows", namespace, id]).with("source", true);
    match call.maybe("revision", revision.as_ref()).read::<Flow>().await {
        Ok(answer) => Ok(Some((answer.value.revision, answer.value.source.unwrap_or_default()))),
        Err(error) if error.is_not_found() && revision.is_none() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A source with a line break at its end, as it is shown.
fn ended(source: &str) -> String {
    format!("{}\n", source.trim_end_matches(['\n', '\r']))
}

pub(super) async fn run(session: &Session, args: &Diff) -> anyhow::Result<Reply> {
    let mut reply = Reply::new(json!([]), "");
    let mut changes = Vec::new();
    for target in &args.targets {
        let path = PathBuf::from(target);
        if !path.exists() {
            let (namespace, id) = flow_name(target)
                .with_context(|| format!("{target} is neither a file nor the name of a flow"))?;
            let text = of_revisions(session, &namespace, &id, args.revisions).await?;
            changes.push(json!({"namespace": namespace, "id": id, "diff": console::strip_ansi_codes(&text)}));
            reply.text.push_str(&text);
            continue;
        }
        for file in flow_files::named(&[path])? {
            let source =
                std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            for flow in planned(session, &file, &source).await? {
                let (namespace, id) = &flow.name;
                let change = flow.change.to_string();
                let shown = console::strip_ansi_codes(&flow.text);
                changes.push(json!({"namespace": namespace, "id": id, "change": change, "diff": shown}));
                reply.text.push_str(&flow.text);
            }
        }
    }
    if reply.text.is_empty() {
        reply.text = "there is no difference\n".to_owned();
    } else if args.exit_code {
        reply.code = crate::FAILED;
    }
    reply.json = json!(changes);
    Ok(reply)
}

async fn of_revisions(
    session: &Session,
    namespace: &str,
    id: &str,
    revisions: Option<(u32, u32)>,
) -> anyhow::Result<String> {
    let (old, new) = match revisions {
        Some(revisions) => revisions,
        None => {
            let answer = session.client.get(&["flows", namespace, id]).read::<Flow>().await?;
            let latest = answer.value.revision;
            if latest < 2 {
                return Ok(String::new());
            }
            (latest - 1, latest)
        }
    };
    let mut sources = Vec::new();
    for revision in [old, new] {
        let found = saved(session, namespace, id, Some(revision)).await?;
        sources.push(found.map(|(_, source)| ended(&source)).unwrap_or_default());
    }
    let name = |revision: u32| format!("{namespace}.{id} revision {revision}");
    match sources.as_slice() {
        [before, after] => Ok(diff(before, after, &name(old), &name(new))),
        _ => Ok(String::new()),
    }
}

pub(super) async fn revisions(session: &Session, args: &Revisions) -> anyhow::Result<Reply> {
    let (namespace, id) = args.flow.parts()?;
    let answer = session.client.get(&["flows", &namespace, &id, "revisions"]).read::<Vec<Flow>>().await?;
    let text = table(&answer.value, &["revision", "tasks", "saved"], "there are no revisions", |flow| {
        vec![
            flow.revision.to_string(),
            flow.tasks.as_ref().map(|tasks| tasks.len().to_string()).unwrap_or_default(),
            crate::client::date(flow.updated, &session.zone),
        ]
    });
    Ok(Reply::new(answer.json, text))
}

/// Checks files and shows what an import would change. Saves nothing.
pub(super) async fn dry_run(session: &Session, paths: &[PathBuf]) -> anyhow::Result<Reply> {
    let mut reply = Reply::new(json!([]), "");
    let mut changes = Vec::new();
    for file in flow_files::named(paths)? {
        if file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip")) {
            return Err(crate::client::Refused(format!(
                "{}: --dry-run reads flow files; unpack the archive first",
                file.display()
            ))
            .into());
        }
        let source =
            std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let verdict = deploy::validate(&session.client, &file, &source).await?;
        for remark in &verdict.remarks {
            eprintln!("{remark}");
        }
        if verdict.is_refused {
            eprintln!("{}: would be refused, with all of its flows", file.display());
            reply.code = crate::REFUSED;
            continue;
        }
        for flow in planned(session, &file, &source).await? {
            let (namespace, id) = &flow.name;
            let would = match flow.change {
                Change::Created => "would create",
                Change::Updated => "would update",
                Change::Unchanged => "would not change",
            };
            reply.text.push_str(&format!("{}: {would} {namespace}.{id}\n{}", file.display(), flow.text));
            let shown = console::strip_ansi_codes(&flow.text);
            changes.push(
                json!({"namespace": namespace, "id": id, "change": flow.change.to_string(), "diff": shown}),
            );
        }
    }
    reply.json = json!(changes);
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::stub::{Stub, error, json as ok};

    const FLOW: &str = "id: hello\nnamespace: n.s\ntasks:\n- id: say\n  type: io.kestra.plugin.core.log.Log\n  message: Hello\n";

    fn file(folder: &Path) -> PathBuf {
        let file = folder.join("hello.yaml");
        std::fs::write(&file, FLOW).unwrap();
        file
    }

    fn stored(source: &str, revision: u32) -> crate::client::stub::Answer {
        ok(json!({"id": "hello", "namespace": "n.s", "revision": revision, "source": source}))
    }

    fn args(target: &str) -> Diff {
        Diff { targets: vec![target.to_owned()], revisions: None, exit_code: true }
    }

    #[tokio::test]
    async fn a_file_is_compared_with_the_saved_flow() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path()).display().to_string();
        let stub = Stub::new([stored(&FLOW.replace("Hello", "Hi"), 4), stored(FLOW, 4)]).await;
        let reply = run(&stub.session, &args(&file)).await.unwrap();
        let shown = console::strip_ansi_codes(&reply.text).into_owned();
        assert!(shown.starts_with("--- n.s.hello revision 4\n+++ "), "{shown}");
        assert!(shown.contains("-  message: Hi\n+  message: Hello\n"), "{shown}");
        assert_eq!((reply.code, &reply.json[0]["change"]), (crate::FAILED, &json!("updated")));
        let same = run(&stub.session, &args(&file)).await.unwrap();
        assert_eq!((same.text.as_str(), same.code), ("there is no difference\n", crate::OK));
    }

    #[tokio::test]
    async fn a_dry_run_saves_nothing_and_says_what_it_would_do() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        let valid = || ok(json!([{"index": 0, "flow": "hello", "namespace": "n.s"}]));
        let refused = ok(json!([{"index": 0, "constraints": "no type"}]));
        let stub = Stub::new([valid(), error(404, "no such flow"), refused]).await;
        let reply = dry_run(&stub.session, std::slice::from_ref(&file)).await.unwrap();
        assert!(reply.text.contains("would create n.s.hello\n"), "{}", reply.text);
        assert!(console::strip_ansi_codes(&reply.text).contains("+id: hello\n"), "{}", reply.text);
        assert_eq!(dry_run(&stub.session, std::slice::from_ref(&file)).await.unwrap().code, crate::REFUSED);
        let paths = ["POST /flows/validate", "GET /flows/n.s/hello?source=true", "POST /flows/validate"];
        assert_eq!(stub.paths(), paths);
    }

    #[tokio::test]
    async fn the_last_two_revisions_are_compared() {
        let stub = Stub::new([stored(FLOW, 3), stored("id: hello\n", 2), stored(FLOW, 3)]).await;
        let reply = run(&stub.session, &args("n.s.hello")).await.unwrap();
        assert!(
            console::strip_ansi_codes(&reply.text)
                .starts_with("--- n.s.hello revision 2\n+++ n.s.hello revision 3\n")
        );
        assert_eq!(stub.paths()[1], "GET /flows/n.s/hello?source=true&revision=2");
    }

    #[test]
    fn two_revisions_are_a_range() {
        assert_eq!(range("2..13"), Ok((2, 13)));
        assert!(range("2").is_err());
    }
}
