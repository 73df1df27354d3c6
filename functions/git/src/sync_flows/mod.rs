//! `git.SyncFlows`: the flows of a namespace from Git.

use crate::files::{Branch, IfMissing, disk, folder, inside, join};
use crate::flow_source::{checked, with_namespace};
use crate::flow_store;
use crate::flow_types::FlowTask;
use crate::remote::Remote;
use crate::rows::{self, SyncState};
use crate::session::Session;
use schemars::JsonSchema;
use segue_files::namespace;
use segue_model::catalog::Catalog;
use segue_model::parse::has_only_suites;
use segue_ports::state::StoredFlow;
use segue_task::{TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// Makes the flows of a namespace equal to a folder of a repository. If one flow is invalid, nothing is changed.
///
/// ```yaml
/// id: sync
/// type: io.kestra.plugin.git.SyncFlows
/// url: https://github.com/company/flows
/// branch: main
/// username: git
/// password: "{{ secret('GIT_TOKEN') }}"
/// targetNamespace: company.team
/// gitDirectory: _flows
/// includeChildNamespaces: true
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncFlows {
    /// The repository and the login.
    #[serde(flatten)]
    pub remote: Remote,
    /// The branch. Default: `main`.
    pub branch: Option<String>,
    /// The namespace of the flows.
    pub target_namespace: String,
    /// The folder in the repository. Default: `_flows`. `.` is the whole repository.
    pub git_directory: Option<String>,
    /// Whether folders in the folder are namespaces below the namespace.
    #[serde(default)]
    pub include_child_namespaces: bool,
    /// Whether flows that are not in the folder are deleted. The flow that runs the task stays.
    #[serde(default)]
    pub delete: bool,
    /// Whether nothing is changed, and the differences are only listed.
    #[serde(default)]
    pub dry_run: bool,
    /// Whether invalid flows are left out with a warning.
    #[serde(default)]
    pub ignore_invalid_flows: bool,
    /// Whether the task fails if the folder is not in the repository. Default: true.
    pub fail_on_missing_directory: Option<bool>,
}

/// The outputs of a sync.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// A file in Ion with a row for each flow: `gitPath`, `syncState`, `flowId`, `namespace`, `revision`.
    pub flows: String,
}

/// A flow in Git.
struct InGit {
    path: String,
    source: String,
}

/// Flows by namespace and id.
type ByName<T> = BTreeMap<(String, String), T>;

impl FlowTask for SyncFlows {
    const TYPE: &'static str = "io.kestra.plugin.git.SyncFlows";
    type Output = Output;

    async fn run(self, catalog: Catalog, context: &TaskContext) -> Result<Output, TaskError> {
        let from = folder(self.git_directory.as_ref(), "_flows")?;
        namespace::folder(&self.target_namespace)?;
        let session = Session::open(&self.remote, context).await?;
        let branch = Branch::fetch(session, self.branch.as_ref(), IfMissing::Fail).await?;
        let in_git = self.in_git(&branch, &from, &catalog, context).await?;
        let stored =
            flow_store::flows(context, &self.target_namespace, self.include_child_namespaces).await?;
        let mut stored: ByName<StoredFlow> =
            stored.into_iter().map(|flow| ((flow.namespace.clone(), flow.id.clone()), flow)).collect();
        let (mut rows, mut states) = (Vec::new(), Vec::new());
        for ((namespace, id), flow) in &in_git {
            let before = stored.remove(&(namespace.clone(), id.clone()));
            let state = match &before {
                None => SyncState::Added,
                Some(before) if before.source == flow.source => SyncState::Unchanged,
                Some(_) => SyncState::Updated,
            };
            let mut revision = before.as_ref().map(|before| before.revision);
            if !self.dry_run {
                revision =
                    Some(flow_store::save(context, (namespace, id), &flow.source, before.as_ref()).await?);
            }
            states.push(state);
            rows.push(json!({"gitPath": flow.path, "syncState": state, "flowId": id, "namespace": namespace,
                "revision": revision}));
        }
        let own = (context.message().namespace.clone(), context.message().flow_id.clone());
        for (name, flow) in stored.iter().filter(|(name, _)| self.delete && **name != own) {
            if !self.dry_run {
                flow_store::delete(context, flow).await?;
            }
            states.push(SyncState::Deleted);
            rows.push(json!({"gitPath": null, "syncState": SyncState::Deleted, "flowId": name.1,
                "namespace": name.0, "revision": flow.revision}));
        }
        let only = if self.dry_run { "nothing was changed (dryRun): " } else { "" };
        let counts = rows::count(states.into_iter());
        context.info(format!("{only}flows of {}: {counts}", self.target_namespace));
        Ok(Output { flows: rows::store(context, &rows).await? })
    }
}

impl SyncFlows {
    /// The valid flows in the folder.
    async fn in_git(
        &self,
        branch: &Branch,
        from: &str,
        catalog: &Catalog,
        context: &TaskContext,
    ) -> Result<ByName<InGit>, TaskError> {
        let paths = branch.below(from).await?;
        if paths.is_empty()
            && !branch.root.join(from).is_dir()
            && self.fail_on_missing_directory != Some(false)
        {
            return Err(TaskError::failed(format!(
                "the branch '{}' of {} has no folder '{from}'; check gitDirectory, or set failOnMissingDirectory to false",
                branch.name,
                branch.session.url()
            )));
        }
        let mut flows: ByName<InGit> = BTreeMap::new();
        let mut invalid = Vec::new();
        for path in paths {
            let Some(namespace) = self.namespace_of(inside(from, &path)) else { continue };
            let read = self.read(branch, &path, &namespace, catalog).await?;
            match read {
                // Tests of flows may lie beside the flows.
                Ok(None) => {}
                Ok(Some((id, source))) => {
                    let other = flows.insert((namespace, id.clone()), InGit { path: path.clone(), source });
                    if let Some(other) = other {
                        return Err(TaskError::failed(format!(
                            "the flow '{id}' is in {} and in {path}; remove one of the files",
                            other.path
                        )));
                    }
                }
                Err(why) => invalid.push(format!("{path}: {why}")),
            }
        }
        if !self.ignore_invalid_flows && !invalid.is_empty() {
            return Err(TaskError::failed(format!(
                "{}; correct the flows in Git, or set ignoreInvalidFlows. Nothing was changed",
                invalid.join("; ")
            )));
        }
        for problem in invalid {
            context.warn(format!("a flow is left out: {problem}"));
        }
        Ok(flows)
    }

    /// The namespace of the flow at a path in the folder. None if the file is not a flow of this sync.
    fn namespace_of(&self, path: &str) -> Option<String> {
        let is_yaml = path.ends_with(".yml") || path.ends_with(".yaml");
        let namespace = match path.rsplit_once('/') {
            None => self.target_namespace.clone(),
            Some((folders, _)) if self.include_child_namespaces => {
                format!("{}.{}", self.target_namespace, folders.replace('/', "."))
            }
            Some(_) => return None,
        };
        is_yaml.then_some(namespace)
    }

    /// Id and source of a flow, or why the flow is invalid. `None` if the file has only tests of flows.
    async fn read(
        &self,
        branch: &Branch,
        path: &str,
        namespace: &str,
        catalog: &Catalog,
    ) -> Result<Result<Option<(String, String)>, String>, TaskError> {
        let file = branch.root.join(path);
        let bytes = tokio::fs::read(&file).await.map_err(|error| disk("read", &file, &error))?;
        let Ok(text) = String::from_utf8(bytes) else {
            return Ok(Err("the file is not UTF-8 text".to_owned()));
        };
        if has_only_suites(&text) {
            return Ok(Ok(None));
        }
        let source = with_namespace(&text, namespace);
        Ok(checked(&source, catalog).and_then(|flow| {
            if flow.namespace == namespace {
                Ok(Some((flow.id, source)))
            } else {
                Err("the line 'namespace' cannot be changed; write 'namespace: NAME' on a line of its own"
                    .to_owned())
            }
        }))
    }
}

/// The path of a flow in a folder: `<id>.yml`, in a folder for each namespace below `root`.
pub(crate) fn path_of(folder: &str, root: &str, namespace: &str, id: &str) -> String {
    let child = namespace.strip_prefix(root).unwrap_or_default().trim_start_matches('.').replace('.', "/");
    join(folder, &join(&child, &format!("{id}.yml")))
}

#[cfg(test)]
mod tests;
