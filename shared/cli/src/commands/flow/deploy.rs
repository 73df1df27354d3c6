//! How the source of flows gets to a server: validated, then saved whole or not at all.

use crate::client::{Client, ClientError, cell, items};
use segue_model::Json;
use segue_model::diagnostic::Diagnostic;
use serde::Deserialize as _;
use std::fmt;
use std::path::Path;

/// What a save did to a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is new.
    Created,
    /// It has a new revision.
    Updated,
    /// It was the same already.
    Unchanged,
}

/// A flow that was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Saved {
    /// Namespace and id.
    pub(super) name: (String, String),
    /// The revision in force.
    pub(super) revision: u64,
    /// What the save did.
    pub(super) change: Change,
}

impl fmt::Display for Saved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let change = match self.change {
            Change::Created => "created",
            Change::Updated => "updated",
            Change::Unchanged => "unchanged",
        };
        write!(f, "{change} {}.{} revision {}", self.name.0, self.name.1, self.revision)
    }
}

/// What a server has to say of a source.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Problems and warnings, a line or more each, file and place in front.
    pub(super) remarks: Vec<String>,
    /// Whether a flow would be refused.
    pub(super) is_refused: bool,
    /// Namespace and id of each flow.
    pub(super) names: Vec<(String, String)>,
    /// The answer.
    pub(super) json: Json,
}

/// What became of a source.
#[derive(Debug)]
pub(super) struct Deployed {
    /// What was said of it.
    pub(super) remarks: Vec<String>,
    /// Its flows; none when it was refused.
    pub(super) saved: Option<Vec<Saved>>,
    /// The flows as the API answered.
    pub(super) json: Vec<Json>,
}

/// Asks what a server would say of a source.
///
/// # Errors
/// [`ClientError`] when it cannot be asked.
pub(super) async fn validate(client: &Client, file: &Path, source: &str) -> Result<Verdict, ClientError> {
    let json = client.post(&["flows", "validate"]).yaml(source).json().await?;
    let mut verdict = Verdict::default();
    for document in items(&json) {
        let constraints = cell(document, "/constraints");
        verdict.is_refused |= !constraints.is_empty();
        verdict.remarks.extend(remarks(file, document, &constraints));
        let name = (cell(document, "/namespace"), cell(document, "/flow"));
        if !name.0.is_empty() && !name.1.is_empty() {
            verdict.names.push(name);
        }
    }
    verdict.json = json;
    Ok(verdict)
}

/// What is said of a document, file and place in front: its diagnostics where the server has them, else the texts
/// that Kestra has.
fn remarks(file: &Path, document: &Json, constraints: &str) -> Vec<String> {
    let diagnostics = document.get("diagnostics").and_then(|list| Vec::<Diagnostic>::deserialize(list).ok());
    if let Some(diagnostics) = diagnostics {
        return diagnostics.iter().map(|diagnostic| format!("{}:{diagnostic}", file.display())).collect();
    }
    let mut remarks: Vec<String> =
        constraints.lines().map(|line| format!("{}: error: {line}", file.display())).collect();
    for text in document.get("warnings").and_then(Json::as_array).into_iter().flatten() {
        remarks.push(format!("{}: warning: {}", file.display(), cell(text, "")));
    }
    remarks
}

/// Validates a source and saves its flows.
///
/// # Errors
/// [`ClientError`] when the server cannot be asked or has a fault; a refusal is none.
pub(super) async fn deploy(client: &Client, file: &Path, source: &str) -> Result<Deployed, ClientError> {
    let verdict = validate(client, file, source).await?;
    let mut deployed = Deployed { remarks: verdict.remarks, saved: None, json: Vec::new() };
    if verdict.is_refused {
        return Ok(deployed);
    }
    let mut before = Vec::with_capacity(verdict.names.len());
    for (namespace, id) in &verdict.names {
        match client.get(&["flows", namespace, id]).json().await {
            Ok(flow) => before.push(((namespace.clone(), id.clone()), revision(&flow))),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    let answer = client.post(&["flows", "bulk"]).with("delete", false).yaml(source).json().await;
    let flows = match answer {
        Ok(flows) => flows,
        Err(ClientError::Answer { status: 400 | 409 | 413 | 422, message, .. }) => {
            deployed.remarks.push(format!("{}: error: {message}", file.display()));
            return Ok(deployed);
        }
        Err(error) => return Err(error),
    };
    let saved = items(&flows).iter().map(|flow| {
        let name = (cell(flow, "/namespace"), cell(flow, "/id"));
        let revision = revision(flow);
        let change = match before.iter().find(|(known, _)| *known == name) {
            None => Change::Created,
            Some((_, known)) if *known == revision => Change::Unchanged,
            Some(_) => Change::Updated,
        };
        Saved { name, revision, change }
    });
    deployed.saved = Some(saved.collect());
    deployed.json = items(&flows).to_vec();
    Ok(deployed)
}

fn revision(flow: &Json) -> u64 {
    flow.get("revision").and_then(Json::as_u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::stub::{Stub, error, json as ok};
    use segue_model::diagnostic::Position;
    use serde_json::json;

    const FILE: &str = "flows/a.yaml";

    #[tokio::test]
    async fn a_source_is_validated_then_saved_and_what_changed_is_said() {
        let flow = |id: &str, revision: u32| json!({"id": id, "namespace": "n.s", "revision": revision});
        let document = |id: &str| json!({"flow": id, "namespace": "n.s", "index": 0});
        let stub = Stub::new([
            ok(json!([document("new"), document("same"), document("other")])),
            error(404, "no such flow"),
            ok(flow("same", 2)),
            ok(flow("other", 2)),
            ok(json!([flow("new", 1), flow("same", 2), flow("other", 3)])),
        ])
        .await;
        let deployed = deploy(&stub.session.client, FILE.as_ref(), "id: new\n").await.unwrap();
        let said: Vec<String> = deployed.saved.unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            ["created n.s.new revision 1", "unchanged n.s.same revision 2", "updated n.s.other revision 3"]
        );
        assert_eq!(
            stub.paths(),
            [
                "POST /flows/validate",
                "GET /flows/n.s/new",
                "GET /flows/n.s/same",
                "GET /flows/n.s/other",
                "POST /flows/bulk?delete=false"
            ]
        );
        let last = stub.asked().pop().unwrap();
        assert_eq!(last.body, "id: new\n");
        assert!(last.headers.contains(&"content-type: application/x-yaml".to_owned()), "{:?}", last.headers);
    }

    #[tokio::test]
    async fn a_refused_source_saves_nothing_and_every_problem_has_its_line() {
        let position = Position { line: 3, column: 5 };
        let found = [
            Diagnostic::error("SEG0102", position, "there is no task type 'x'")
                .with_hint("did you mean 'y'?"),
            Diagnostic::warning("SEG0405", position, "there is no input 'a'"),
        ];
        let refused = json!([{"index": 0, "constraints": "no type 'x'", "diagnostics": found}]);
        let of_kestra = json!([{"index": 0, "constraints": "no type 'x'\nno id", "warnings": ["late"]}]);
        let stub = Stub::new([ok(refused), ok(of_kestra)]).await;
        let deployed = deploy(&stub.session.client, FILE.as_ref(), "id: a").await.unwrap();
        assert!(deployed.saved.is_none());
        assert_eq!(
            deployed.remarks,
            [
                "flows/a.yaml:3:5: error[SEG0102]: there is no task type 'x'\n    hint: did you mean 'y'?",
                "flows/a.yaml:3:5: warning[SEG0405]: there is no input 'a'",
            ]
        );
        let deployed = deploy(&stub.session.client, FILE.as_ref(), "id: a").await.unwrap();
        assert!(deployed.saved.is_none());
        assert_eq!(
            deployed.remarks,
            ["flows/a.yaml: error: no type 'x'", "flows/a.yaml: error: no id", "flows/a.yaml: warning: late"]
        );
        assert_eq!(stub.paths(), ["POST /flows/validate", "POST /flows/validate"]);
    }

    #[tokio::test]
    async fn a_refusal_of_the_save_is_told_like_one_of_the_validation() {
        let stub = Stub::new([ok(json!([])), error(422, "Duplicate flow id")]).await;
        let deployed = deploy(&stub.session.client, FILE.as_ref(), "id: a").await.unwrap();
        assert!(deployed.saved.is_none());
        assert_eq!(deployed.remarks, ["flows/a.yaml: error: Duplicate flow id"]);
    }
}
