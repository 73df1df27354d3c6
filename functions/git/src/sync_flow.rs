//! `git.SyncFlow`: one flow from Git.

use crate::files::{Branch, IfMissing, disk, folder};
use crate::flow_source::{checked, with_namespace};
use crate::flow_store;
use crate::flow_types::FlowTask;
use crate::remote::Remote;
use crate::session::Session;
use schemars::JsonSchema;
use segue_files::namespace;
use segue_model::catalog::Catalog;
use segue_task::{TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Saves one flow of a repository.
///
/// ```yaml
/// id: sync
/// type: io.kestra.plugin.git.SyncFlow
/// url: https://github.com/company/flows
/// branch: main
/// targetNamespace: company.team
/// flowPath: _flows/daily.yml
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncFlow {
    /// The repository and the login.
    #[serde(flatten)]
    pub remote: Remote,
    /// The branch. Default: `main`.
    pub branch: Option<String>,
    /// The namespace of the flow.
    pub target_namespace: String,
    /// The file in the repository.
    pub flow_path: String,
    /// Whether the flow is only checked.
    #[serde(default)]
    pub dry_run: bool,
}

/// The outputs of a sync of one flow.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The id of the flow.
    pub flow_id: String,
    /// The namespace of the flow.
    pub namespace: String,
    /// The revision. Absent if the flow is new and nothing was saved.
    pub revision: Option<u32>,
}

impl FlowTask for SyncFlow {
    const TYPE: &'static str = "io.kestra.plugin.git.SyncFlow";
    type Output = Output;

    async fn run(self, catalog: Catalog, context: &TaskContext) -> Result<Output, TaskError> {
        namespace::folder(&self.target_namespace)?;
        let path = folder(Some(&self.flow_path), "")?;
        let session = Session::open(&self.remote, context).await?;
        let branch = Branch::fetch(session, self.branch.as_ref(), IfMissing::Fail).await?;
        if path.is_empty() || !branch.below(&path).await?.contains(&path) {
            return Err(TaskError::failed(format!(
                "the branch '{}' of {} has no file '{}'; check flowPath",
                branch.name,
                branch.session.url(),
                self.flow_path
            )));
        }
        let file = branch.root.join(&path);
        let text = tokio::fs::read_to_string(&file).await.map_err(|error| disk("read", &file, &error))?;
        let source = with_namespace(&text, &self.target_namespace);
        let wrong = |why: String| TaskError::failed(format!("{path}: {why}; correct the flow in Git"));
        let flow = checked(&source, &catalog).map_err(wrong)?;
        let (namespace, flow_id) = (flow.namespace, flow.id);
        if namespace != self.target_namespace {
            return Err(wrong("'namespace' is not on a line of its own".to_owned()));
        }
        let before = context.ports().state.flow(&namespace, &flow_id, None).await?;
        let mut revision = before.as_ref().map(|before| before.revision);
        if self.dry_run {
            context.info(format!("{namespace}.{flow_id} is valid; nothing was changed (dryRun)"));
        } else {
            revision =
                Some(flow_store::save(context, (&namespace, &flow_id), &source, before.as_ref()).await?);
            context.info(format!("{namespace}.{flow_id} is saved"));
        }
        Ok(Output { flow_id, namespace, revision })
    }
}
