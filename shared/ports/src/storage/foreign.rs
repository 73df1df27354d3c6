//! The access of an execution to the files of other namespaces.
//!
//! What it is: the setting [`ForeignFiles`], and [`Reader`], which knows the execution that reads internal
//! storage. What it must not know: which adapter stores files and executions.

use super::owner::{Owner, in_line};
use crate::error::PortError;
use crate::state::StateStore;
use segue_model::execution::Execution;
use segue_model::id::ExecutionId;
use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

/// The largest number of executions that are followed upwards, each started by the next. Equals the limit of nested
/// subflows.
const LONGEST_LINE: usize = 100;

/// The trigger that starts an execution at the end of another.
const FLOW_TRIGGER: &str = "io.kestra.plugin.core.trigger.Flow";

/// The access of flows to the files of namespaces that are neither parents nor children of the flow's namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForeignFiles {
    /// All files, as in Kestra.
    Allow,
    /// Two kinds of files. First, namespace files, which a flow requests by the name of the namespace. Second, files of
    /// executions that started this execution or were started by it, directly or through other executions.
    #[default]
    Named,
    /// Files of executions, as in [`Self::Named`], but no namespace files.
    Refuse,
}

impl ForeignFiles {
    /// The environment variable of the setting.
    pub const VARIABLE: &'static str = "SEGUE_FOREIGN_FILES";

    /// The setting in the environment. The default if the variable is not set or empty.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for another value.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, PortError> {
        let text = variable(Self::VARIABLE).unwrap_or_default();
        match text.trim() {
            "" => Ok(Self::default()),
            text => text.parse(),
        }
    }
}

impl FromStr for ForeignFiles {
    type Err = PortError;

    fn from_str(text: &str) -> Result<Self, PortError> {
        match text {
            "allow" => Ok(Self::Allow),
            "named" => Ok(Self::Named),
            "refuse" => Ok(Self::Refuse),
            _ => Err(PortError::invalid(format!(
                "the environment variable {} is '{text}'; use allow, named or refuse",
                Self::VARIABLE
            ))),
        }
    }
}

/// The execution that reads internal storage.
#[derive(Clone)]
pub(super) struct Reader {
    pub(super) state: Arc<dyn StateStore>,
    pub(super) namespace: String,
    pub(super) execution_id: ExecutionId,
}

impl Reader {
    /// Refuses the path of a file that this execution may not use. The check reads the state store only for files of
    /// executions in foreign namespaces.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for a file that this execution may not use. Otherwise as
    /// [`StateStore::execution`].
    pub(super) async fn admit(&self, path: &str, rule: ForeignFiles) -> Result<(), PortError> {
        let owner = Owner::from_path(path);
        if owner == Owner::Platform {
            return Err(PortError::invalid(format!(
                "no flow may use kestra:///{path}, a file of Segue itself"
            )));
        }
        let Some(namespace) = owner.namespace() else { return Ok(()) };
        if rule == ForeignFiles::Allow || in_line(namespace, &self.namespace) {
            return Ok(());
        }
        let admitted = match &owner {
            Owner::Namespace(_) => rule == ForeignFiles::Named,
            Owner::Execution { id, .. } => self.is_kin(&ExecutionId::from(*id)).await?,
            Owner::Flow { .. } | Owner::Platform | Owner::Nobody => false,
        };
        if admitted {
            return Ok(());
        }
        Err(PortError::invalid(format!(
            "a flow of the namespace '{}' may not use the file kestra:///{path} of the namespace '{namespace}'. A flow \
             may use files of its own namespace, of its parent and child namespaces, and of executions that started \
             this execution or were started by it. The operator of Segue can allow all files with {}=allow",
            self.namespace,
            ForeignFiles::VARIABLE
        )))
    }

    /// Whether one execution started the other, or the same execution started both, directly or through others.
    async fn is_kin(&self, other: &ExecutionId) -> Result<bool, PortError> {
        let own = self.line(&self.execution_id).await?;
        let others = self.line(other).await?;
        Ok(own.intersection(&others).next().is_some())
    }

    /// The ids of an execution and of the executions that started it, directly or through others.
    async fn line(&self, first: &ExecutionId) -> Result<BTreeSet<ExecutionId>, PortError> {
        let mut line = BTreeSet::new();
        let mut next = Some(first.clone());
        while let Some(id) = next.take() {
            if line.len() >= LONGEST_LINE || !line.insert(id.clone()) {
                break;
            }
            next = self.state.execution(&id).await?.as_ref().and_then(|stored| started_by(&stored.execution));
        }
        Ok(line)
    }
}

/// The execution that started this execution, through a Subflow task or a Flow trigger.
fn started_by(execution: &Execution) -> Option<ExecutionId> {
    let trigger = execution.trigger.as_ref()?;
    if let Some(parent) = &trigger.parent {
        return Some(parent.execution_id.clone());
    }
    if trigger.type_name != FLOW_TRIGGER {
        return None;
    }
    trigger.variables.get("executionId").and_then(|id| id.as_str()).map(ExecutionId::from)
}
