//! Deploys the source of flows to a server. A source is validated first, and saved whole or not at all.

use crate::client::{Answered, Client, ClientError};
use segue_api_types::{Flow, FlowValidation, Severity};
use segue_model::Json;
use std::fmt;
use std::path::Path;

/// The change by a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The flow is new.
    Created,
    /// The flow has a new revision.
    Updated,
    /// The flow was the same before.
    Unchanged,
}

/// A deployed flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Saved {
    /// Namespace and id.
    pub(super) name: (String, String),
    /// The present revision.
    pub(super) revision: u32,
    /// The change.
    pub(super) change: Change,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
        })
    }
}

impl fmt::Display for Saved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}.{} revision {}", self.change, self.name.0, self.name.1, self.revision)
    }
}

/// The result of a validation.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Problems and warnings, each of one line or more, with file and position in front.
    pub(super) remarks: Vec<String>,
    /// Notes, which need no action.
    pub(super) notes: Vec<String>,
    /// Whether a flow would be refused.
    pub(super) is_refused: bool,
    /// Namespace and id of each flow.
    pub(super) names: Vec<(String, String)>,
    /// The JSON of the API, with one entry for each flow.
    pub(super) json: Vec<Json>,
}

/// The result of a deployment.
#[derive(Debug)]
pub(super) struct Deployed {
    /// The problems and warnings of the source.
    pub(super) remarks: Vec<String>,
    /// The deployed flows. None if the source was refused.
    pub(super) saved: Option<Vec<Saved>>,
    /// The flows in the JSON of the API.
    pub(super) json: Vec<Json>,
}

/// Validates a source on the server. Saves nothing.
///
/// # Errors
/// [`ClientError`] if the server does not answer.
pub(super) async fn validate(client: &Client, file: &Path, source: &str) -> Result<Verdict, ClientError> {
    let answer =
        client.post(&["flows", "validate"]).yaml(source).read::<Vec<Answered<FlowValidation>>>().await?;
    let mut verdict = Verdict::default();
    for Answered { json, value: document } in answer.value {
        verdict.is_refused |= document.constraints.as_ref().is_some_and(|text| !text.is_empty());
        verdict.remarks.extend(remarks(file, &document, false));
        verdict.notes.extend(remarks(file, &document, true));
        let name = document.namespace.zip(document.flow);
        verdict.names.extend(name.filter(|(namespace, id)| !namespace.is_empty() && !id.is_empty()));
        verdict.json.push(json);
    }
    Ok(verdict)
}

/// The problems of a document or its notes, with file and position in front. Servers without diagnostics give Kestra's
/// texts instead.
fn remarks(file: &Path, document: &FlowValidation, are_notes: bool) -> Vec<String> {
    let file = file.display();
    if let Some(diagnostics) = &document.diagnostics {
        let wanted = diagnostics.iter().filter(|found| (found.severity == Severity::Note) == are_notes);
        return wanted.map(|diagnostic| format!("{file}:{diagnostic}")).collect();
    }
    if are_notes {
        return Vec::new();
    }
    let errors = document.constraints.iter().flat_map(|text| text.lines());
    let errors = errors.map(|line| format!("{file}: error: {line}"));
    errors.chain(document.warnings.iter().map(|text| format!("{file}: warning: {text}"))).collect()
}

/// Validates a source and saves its flows.
///
/// # Errors
/// [`ClientError`] if the server does not answer or fails. A refusal is no error.
pub(super) async fn deploy(client: &Client, file: &Path, source: &str) -> Result<Deployed, ClientError> {
    let verdict = validate(client, file, source).await?;
    let mut deployed = Deployed { remarks: verdict.remarks, saved: None, json: Vec::new() };
    if verdict.is_refused {
        return Ok(deployed);
    }
    let mut before = Vec::with_capacity(verdict.names.len());
    for (namespace, id) in &verdict.names {
        match client.get(&["flows", namespace, id]).read::<Flow>().await {
            Ok(flow) => before.push(((namespace.clone(), id.clone()), flow.value.revision)),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    let call = client.post(&["flows", "bulk"]).with("delete", false).yaml(source);
    let answer = call.read::<Vec<Answered<Flow>>>().await;
    let flows = match answer {
        Ok(flows) => flows,
        Err(ClientError::Answer { status: 400 | 409 | 413 | 422, message, .. }) => {
            deployed.remarks.push(format!("{}: error: {message}", file.display()));
            return Ok(deployed);
        }
        Err(error) => return Err(error),
    };
    let saved = flows.value.iter().map(|Answered { value: flow, .. }| {
        let name = (flow.namespace.clone(), flow.id.clone());
        let change = match before.iter().find(|(known, _)| *known == name) {
            None => Change::Created,
            Some((_, known)) if *known == flow.revision => Change::Unchanged,
            Some(_) => Change::Updated,
        };
        Saved { name, revision: flow.revision, change }
    });
    deployed.saved = Some(saved.collect());
    deployed.json = flows.value.into_iter().map(|flow| flow.json).collect();
    Ok(deployed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::stub::{Stub, error, json as ok};
    use segue_api_types::{Diagnostic, Position};
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
