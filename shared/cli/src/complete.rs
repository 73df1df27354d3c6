//! Tab completion of names that a server or a data directory knows: flows, namespaces, task types, error codes.
//!
//! The script of `segue completion` calls this program with [`VARIABLE`] set. The program then prints the words that fit
//! and ends. A server that does not answer in time gives no words. Nothing is printed to standard error.

use crate::client::{Needs, Reach, Session};
use crate::report::Output;
use clap::CommandFactory as _;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};
use segue_api_types::{Flow, Namespace, Page};
use segue_model::diagnostic::codes;
use segue_standalone::pages::Pages;
use std::time::Duration;

/// The variable that asks for words. Its value is the name of the shell.
pub(crate) const VARIABLE: &str = "SEGUE_COMPLETE";
/// How long a server may take. A person waits for the answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// The most names that are asked for.
const MOST: u32 = 1_000;

/// Prints the words that fit and ends, if the variable asks for them. Must be called before any thread starts.
pub(crate) fn answer() {
    CompleteEnv::with_factory(crate::Cli::command).var(VARIABLE).complete();
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
    ArgValueCandidates::new(|| {
        asked(async |session| {
            let call = session.client.get(&["flows", "search"]).with("page", 1).with("size", MOST);
            let flows = call.read::<Page<Flow>>().await.ok()?.value.results;
            let name = |flow: &Flow| match flow.id.contains('.') {
                true => format!("{}/{}", flow.namespace, flow.id),
                false => format!("{}.{}", flow.namespace, flow.id),
            };
            Some(flows.iter().map(name).collect())
        })
    })
}

/// Completes the name of a namespace.
pub(crate) fn namespaces() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        asked(async |session| {
            let call = session.client.get(&["namespaces", "search"]).with("page", 1).with("size", MOST);
            let found = call.read::<Page<Namespace>>().await.ok()?.value.results;
            Some(found.into_iter().map(|namespace| namespace.id).collect())
        })
    })
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

/// Names from the server, or from the data directory if no server uses it.
fn asked(names: impl AsyncFnOnce(Session) -> Option<Vec<String>>) -> Vec<CompletionCandidate> {
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()
    else {
        return Vec::new();
    };
    let found = runtime.block_on(async {
        let work = async {
            let session = Reach::of_environment().open(Output::Text, Needs::Tables).await.ok()?;
            names(session).await
        };
        tokio::time::timeout(PATIENCE, work).await.ok().flatten()
    });
    runtime.shutdown_background();
    found.unwrap_or_default().into_iter().map(CompletionCandidate::new).collect()
}
