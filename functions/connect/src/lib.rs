//! The `connect` service: task types that are one HTTP request, described as data (README.md).
//!
//! What it is: [`described`], the connectors in `connectors/`; `run`, which runs a task of any connector; `call`, the
//! variables of an attempt; `rows` and `files`, rows that are read from a file and written to files; `exchange`, one
//! request with its retries; `sending`, what its answer means; `paging` and `polling`, what can follow the request;
//! `execution`, the facts about an execution that messages show; `google`, access tokens of Google; `aws`, signatures
//! of AWS; [`mail`], the task types that send mail by SMTP, as code.
//!
//! What it must not know: a single HTTP service on the internet. What is special about a service is in its file.
//!
//! How to add one more: a file `connectors/FAMILY/NAME.yaml`, as README.md shows.

mod answer;
mod aws;
mod call;
pub mod described;
mod exchange;
mod execution;
mod files;
mod google;
pub mod mail;
mod paging;
mod polling;
mod rows;
mod run;
mod sending;
#[cfg(test)]
mod testing;

use segue_connectors::Connector;
use segue_model::{Json, Map};
use segue_task::{DescribedType, TaskContext, TaskList};
use std::sync::Arc;

/// The task types of this service.
pub fn tasks() -> TaskList {
    tasks_with(&[])
}

/// The task types of this service, with connectors of the user's own. The first connector with a name is used, so a
/// user's connector replaces one of Segue with the same name.
#[must_use]
pub fn tasks_with(own: &'static [Connector]) -> TaskList {
    let list = TaskList::new("connect").deployed_as(include_str!("../function.yaml"));
    let list = own.iter().chain(described::all()).fold(list, |list, one| list.add_described(task_type(one)));
    list.add::<mail::send::MailSend>().add::<mail::execution::MailExecution>()
}

/// The task type of a connector.
fn task_type(connector: &'static Connector) -> DescribedType {
    DescribedType {
        name: &connector.name,
        aliases: connector.aliases.iter().map(String::as_str).collect(),
        schema: connector.schema(),
        outputs: connector.outputs_schema(),
        run: Arc::new(move |properties: Map, context: TaskContext| {
            Box::pin(async move { run::run(connector, properties, &context).await })
        }),
    }
}

/// A map with one entry.
fn entry(name: &str, value: impl Into<Json>) -> Map {
    Map::from_iter([(name.to_owned(), value.into())])
}
