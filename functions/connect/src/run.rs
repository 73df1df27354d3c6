//! Runs a task of a connector: values, the requests in their order, outputs.

use crate::call::{Call, mask};
use crate::{entry, execution, files, paging, polling, rows};
use segue_connectors::Connector;
use segue_model::{Json, Map};
use segue_task::{TaskContext, TaskError};

/// Runs one attempt.
///
/// # Errors
/// [`TaskError::Failed`] if a property is wrong, or the service refuses a request. [`TaskError::Unfinished`] if the
/// work that the request started goes on.
pub(crate) async fn run(connector: &Connector, given: Map, context: &TaskContext) -> Result<Map, TaskError> {
    let mut call = Call::new(connector, given, context).await?;
    prepare(&mut call).await?;
    let resumed = polling::saved(&call).await?;
    let first = match &resumed {
        Some(answer) => answer.clone(),
        None => call.send(&connector.request).await?.into_json(),
    };
    call.variables.insert("answer".to_owned(), first);
    if let Some(poll) = &connector.poll
        && call.is_true(poll.when.as_deref(), true).await?
    {
        if resumed.is_none() {
            polling::save(&call).await?;
        }
        polling::wait(&mut call, poll).await?;
    }
    if let Some(paging) = &connector.paging {
        paging::collect(&mut call, paging).await?;
    }
    if let Some(template) = &connector.files {
        let written = files::write(&call, template).await?;
        call.variables.insert("files".to_owned(), written);
    }
    call.outputs().await
}

/// Makes everything that the request's templates see.
async fn prepare(call: &mut Call<'_>) -> Result<(), TaskError> {
    if call.connector.execution {
        let properties = call.variables.get("properties").and_then(Json::as_object).cloned();
        let facts = execution::facts(&properties.unwrap_or_default(), call.context).await?;
        call.variables.insert("execution".to_owned(), facts);
    }
    for (name, property) in &call.connector.properties {
        if let (Some(default), Json::Null) = (&property.default, call.property(name)) {
            let value = call.typed(default).await?;
            mask(property, Some(&value), call.context);
            call.set("properties", name, value);
        }
    }
    if let Some(rows) = &call.connector.rows {
        let rows = rows::read(call, rows).await?;
        call.variables.insert("rows".to_owned(), rows);
    }
    for step in &call.connector.before {
        if !call.is_true(step.when.as_deref(), true).await? {
            continue;
        }
        let answer = call.send(&step.request).await?.into_json();
        let seen = entry("answer", answer.clone());
        for secret in &step.secrets {
            call.context.mask(&call.text_with(secret, seen.clone()).await?);
        }
        call.set("answers", &step.name, answer);
    }
    Ok(())
}
