//! Tab completion of names that a server or a data directory knows: flows, namespaces, executions, triggers, backfills,
//! task types, error codes.
//!
//! The script of `segue completion` calls this program with [`VARIABLE`] set. The program then prints the words that fit
//! and ends. A server that does not answer in time gives no words. Nothing is printed to standard error.

use crate::client::{Needs, Reach, Session};
use crate::report::Output;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};
use segue_api_types::{Backfill, Execution, Flow, Namespace, Page, TriggerHit};
use segue_model::diagnostic::codes;
use segue_standalone::pages::Pages;
use std::time::Duration;

/// The variable that asks for words. Its value is the name of the shell.
pub(crate) const VARIABLE: &str = "SEGUE_COMPLETE";
/// How long a server may take. A person waits for the answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// The most names that are asked for.
const MOST: u32 = 1_000;
/// The most executions that are asked for. Nobody types the id of an old one.
const MOST_EXECUTIONS: u32 = 50;

/// The words that fit, some with an explanation.
type Words = Vec<CompletionCandidate>;

/// Prints the words that fit and ends, if the variable asks for them. Must be called before any thread starts.
pub(crate) fn answer() {
    CompleteEnv::with_factory(crate::arguments::command).var(VARIABLE).complete();
}

/// The script that a shell reads to complete the arguments of this program. None for an unknown shell.
pub(crate) fn script(shell: &str) -> Option<String> {
    let mut text = Vec::new();
    let shells = Shells::builtins();
    shells.completer(shell)?.write_registration(VARIABLE, "segue", "segue", "segue", &mut text).ok()?;
    String::from_utf8(text).ok()
}

/// Completes the name of a flow.
pub(crate) fn flows() -> ArgValueCandidates {
    ArgValueCandidates::new(|| asked(flow_names))
}

/// Completes the name of a namespace.
pub(crate) fn namespaces() -> ArgValueCandidates {
    ArgValueCandidates::new(|| asked(namespace_names))
}

/// Completes the id of an execution, the newest ones first.
pub(crate) fn executions() -> ArgValueCandidates {
    ArgValueCandidates::new(|| asked(execution_ids))
}

/// Completes the id of a trigger.
pub(crate) fn triggers() -> ArgValueCandidates {
    ArgValueCandidates::new(|| asked(trigger_ids))
}

/// Completes the id of a backfill.
pub(crate) fn backfills() -> ArgValueCandidates {
    ArgValueCandidates::new(|| asked(backfill_ids))
}

async fn flow_names(session: Session) -> Option<Words> {
    let call = session.client.get(&["flows", "search"]).with("page", 1).with("size", MOST);
    let flows = call.read::<Page<Flow>>().await.ok()?.value.results;
    Some(flows.iter().map(|flow| flow_name(&flow.namespace, &flow.id).into()).collect())
}

async fn namespace_names(session: Session) -> Option<Words> {
    let call = session.client.get(&["namespaces", "search"]).with("page", 1).with("size", MOST);
    let found = call.read::<Page<Namespace>>().await.ok()?.value.results;
    Some(found.into_iter().map(|namespace| namespace.id.into()).collect())
}

async fn execution_ids(session: Session) -> Option<Words> {
    let call = session.client.get(&["executions", "search"]).with("sort", "state.startDate:desc");
    let found = call.with("page", 1).with("size", MOST_EXECUTIONS).read::<Page<Execution>>().await.ok()?;
    let word = |found: Execution| {
        let about = format!("{} {}", flow_name(&found.namespace, &found.flow_id), found.state.current);
        explained(found.id, about)
    };
    Some(found.value.results.into_iter().map(word).collect())
}

async fn trigger_ids(session: Session) -> Option<Words> {
    let call = session.client.get(&["triggers", "search"]).with("page", 1).with("size", MOST);
    let found = call.read::<Page<TriggerHit>>().await.ok()?.value.results;
    let word = |hit: TriggerHit| {
        let trigger = hit.trigger_context;
        explained(trigger.trigger_id, flow_name(&trigger.namespace, &trigger.flow_id))
    };
    Some(found.into_iter().map(word).collect())
}

async fn backfill_ids(session: Session) -> Option<Words> {
    let found = session.client.get(&["backfills"]).read::<Page<Backfill>>().await.ok()?.value.results;
    let word = |backfill: Backfill| explained(backfill.id, flow_name(&backfill.namespace, &backfill.flow_id));
    Some(found.into_iter().map(word).collect())
}

/// The name of a flow in one word.
fn flow_name(namespace: &str, id: &str) -> String {
    if id.contains('.') { format!("{namespace}/{id}") } else { format!("{namespace}.{id}") }
}

fn explained(word: String, about: String) -> CompletionCandidate {
    CompletionCandidate::new(word).help(Some(about.into()))
}

/// Completes the name of a type of task, trigger or condition, with and without its first part.
pub(crate) fn types() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let Ok(pages) = segue_standalone::catalog().and_then(|catalog| Pages::new(&catalog)) else {
            return Vec::new();
        };
        let short = |name: &'static str| name.strip_prefix("io.kestra.plugin.").unwrap_or(name);
        let names = pages.types().iter().flat_map(|kind| [short(kind.name), kind.name]);
        names.map(CompletionCandidate::new).collect()
    })
}

/// Completes an error code.
pub(crate) fn codes() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        codes::ALL
            .iter()
            .map(|(code, title)| CompletionCandidate::new(*code).help(Some((*title).into())))
            .collect()
    })
}

/// Words from the server, or from the data directory if no server uses it.
fn asked(words: impl AsyncFnOnce(Session) -> Option<Words>) -> Words {
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()
    else {
        return Vec::new();
    };
    let found = runtime.block_on(async {
        let work = async {
            let session = Reach::of_environment().open(Output::Text, Needs::Tables).await.ok()?;
            words(session).await
        };
        tokio::time::timeout(PATIENCE, work).await.ok().flatten()
    });
    runtime.shutdown_background();
    found.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::stub::{Stub, json as ok};
    use serde_json::json;

    async fn words(answer: segue_model::Json, of: impl AsyncFnOnce(Session) -> Option<Words>) -> String {
        let Stub { session, .. } = Stub::new([ok(answer)]).await;
        let words = of(session).await.unwrap();
        let text = |word: CompletionCandidate| {
            let about = word.get_help().map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{}{about}\n", word.get_value().to_string_lossy())
        };
        words.into_iter().map(text).collect()
    }

    #[tokio::test]
    async fn names_and_ids_come_from_the_server() {
        let flows = json!({"total": 2, "results": [
            {"id": "f", "namespace": "n.s", "revision": 1}, {"id": "f.g", "namespace": "n.s", "revision": 1}]});
        assert_eq!(words(flows, flow_names).await, "n.s.f\nn.s/f.g\n");
        let namespaces = json!({"total": 1, "results": [{"id": "n.s"}]});
        assert_eq!(words(namespaces, namespace_names).await, "n.s\n");
        let executions = json!({"total": 1, "results": [{"id": "e1", "namespace": "n.s", "flowId": "f",
            "state": {"current": "FAILED", "histories": []}}]});
        assert_eq!(words(executions, execution_ids).await, "e1 (n.s.f FAILED)\n");
        let triggers = json!({"total": 1, "results": [{"triggerContext":
            {"namespace": "n.s", "flowId": "f", "triggerId": "daily"}}]});
        assert_eq!(words(triggers, trigger_ids).await, "daily (n.s.f)\n");
    }
}
