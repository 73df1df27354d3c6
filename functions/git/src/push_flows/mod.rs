//! `git.PushFlows`: the flows of a namespace to Git.

use crate::files::{folder, inside};
use crate::flow_source::with_namespace;
use crate::flow_store;
use crate::push::{Changes, Content, Push, Pushed};
use crate::remote::given;
use crate::sync_flows::path_of;
use schemars::JsonSchema;
use segue_files::{NamespaceGlobs, Texts, namespace};
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Commits the flows of a namespace to a branch.
///
/// ```yaml
/// id: push
/// type: io.kestra.plugin.git.PushFlows
/// url: https://github.com/company/flows
/// branch: dev
/// username: git
/// password: "{{ secret('GIT_TOKEN') }}"
/// sourceNamespace: company.team
/// flows: "*"
/// commitMessage: "changes of {{ now() }}"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PushFlows {
    /// The repository, and the commit.
    #[serde(flatten)]
    pub push: Push,
    /// The namespace of the flows. Default: the flow's own.
    pub source_namespace: Option<String>,
    /// The namespace that the flows have in Git. Default: `sourceNamespace`.
    pub target_namespace: Option<String>,
    /// Globs of ids of flows. Default: all flows.
    pub flows: Option<Texts>,
    /// The folder in the repository. Default: `_flows`.
    pub git_directory: Option<String>,
    /// Whether the flows of namespaces below the namespace are pushed too, in folders.
    #[serde(default)]
    pub include_child_namespaces: bool,
}

/// The outputs of a push.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The commit.
    #[serde(flatten)]
    pub pushed: Pushed,
    /// A file in Ion with a row for each file that differs: `file`, `additions`, `deletions`, `changes`.
    pub flows: String,
}

impl Task for PushFlows {
    const TYPE: &'static str = "io.kestra.plugin.git.PushFlows";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let source = given(self.source_namespace.as_ref()).unwrap_or(&context.message().namespace);
        let target = given(self.target_namespace.as_ref()).unwrap_or(source);
        namespace::folder(target)?;
        let to = folder(self.git_directory.as_ref(), "_flows")?;
        let patterns = self.flows.as_ref().map(|texts| texts.0.clone()).filter(|all| !all.is_empty());
        let globs = NamespaceGlobs::new(&patterns.unwrap_or_else(|| vec!["**".to_owned()]))?;
        let all = flow_store::flows(context, source, self.include_child_namespaces).await?;
        let mut branch = self.push.fetch(context).await?;
        let in_git: BTreeSet<String> = branch.below(&to).await?.into_iter().collect();
        let mut changes = Changes::default();
        let mut kept = BTreeSet::new();
        for flow in &all {
            let mut path = path_of(&to, source, &flow.namespace, &flow.id);
            // A flow keeps its file, with either ending.
            let other = path.trim_end_matches("yml").to_owned() + "yaml";
            if in_git.contains(&other) {
                path = other;
            }
            kept.insert(path.clone());
            if globs.matches(&flow.id) {
                let child = flow.namespace.strip_prefix(source).unwrap_or_default();
                let text = with_namespace(&flow.source, &format!("{target}{child}"));
                changes.write.insert(path, Content::Text(text));
            }
        }
        if self.push.deletes() {
            let in_scope = |path: &&String| {
                let name = inside(&to, path);
                (name.ends_with(".yml") || name.ends_with(".yaml"))
                    && (self.include_child_namespaces || !name.contains('/'))
            };
            changes.remove = in_git.difference(&kept).filter(in_scope).cloned().collect();
        }
        let message = format!("Add flows from {source} namespace");
        let done = self.push.publish(&mut branch, changes, &message, context).await?;
        Ok(Output { pushed: done.pushed, flows: done.diff })
    }
}

#[cfg(test)]
mod tests;
