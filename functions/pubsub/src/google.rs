//! The project of a task or trigger, and the names of its topics.

use segue_ports::Topics;
use segue_ports::topics::TopicName;
use segue_task::google::{GoogleAccount, named};
use segue_task::{TaskContext, TaskError};
use std::sync::Arc;

/// Topics with the flow's project and credentials.
pub(crate) struct Project {
    pub(crate) topics: Arc<dyn Topics>,
    pub(crate) id: String,
}

impl Project {
    /// The topics that a flow uses. From now on the key is masked in log and outputs.
    ///
    /// # Errors
    /// Credentials that cannot be parsed.
    pub(crate) fn of(account: &GoogleAccount, context: &TaskContext) -> Result<Self, TaskError> {
        let credentials = account.credentials(context);
        let own = &context.ports().topics;
        let topics = own.acting_as(&credentials)?.unwrap_or_else(|| Arc::clone(own));
        let id = credentials.project.unwrap_or_else(|| topics.project().to_owned());
        Ok(Self { topics, id })
    }

    /// The topic with this id or full name.
    ///
    /// # Errors
    /// A name that Google refuses.
    pub(crate) fn topic(&self, name: Option<&str>) -> Result<TopicName, TaskError> {
        let name =
            named(name).ok_or_else(|| TaskError::failed("topic is missing; write the name of the topic"))?;
        Ok(TopicName::parse(&name, &self.id)?)
    }
}
