//! Waits for the end of what a request started.
//!
//! The answer to the request is kept in internal storage. So a later delivery of the same attempt waits for the same
//! work, and does not start the work a second time.

use crate::call::Call;
use crate::exchange::{positive, sleep};
use segue_connectors::format::Poll;
use segue_model::Json;
use segue_ports::{InternalStorage, PortError};
use segue_task::{TaskContext, TaskError};
use std::time::Instant;

/// The largest size of the kept answer, in bytes.
const LARGEST_ANSWER: u64 = 16 * 1024 * 1024;

/// The answer that an earlier delivery of this attempt has kept.
pub(crate) async fn saved(call: &Call<'_>) -> Result<Option<Json>, TaskError> {
    if call.connector.poll.is_none() {
        return Ok(None);
    }
    let uri = InternalStorage::uri(&path(call.context));
    match call.context.storage().get_text(&uri, LARGEST_ANSWER).await {
        Ok(text) => serde_json::from_str(&text).map(Some).map_err(|error| {
            TaskError::failed(format!(
                "the kept answer {uri} of {} is broken: {error}",
                call.connector.service
            ))
        }),
        Err(PortError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Keeps the answer to the request.
pub(crate) async fn save(call: &Call<'_>) -> Result<(), TaskError> {
    let answer = call.variables.get("answer").unwrap_or(&Json::Null).to_string();
    call.context.storage().put_text(&path(call.context), answer).await?;
    Ok(())
}

fn path(context: &TaskContext) -> String {
    context.storage_path(&format!("started-{}.json", context.message().attempt))
}

/// Asks for the state of the work until it ends. Sets `polled`.
pub(crate) async fn wait(call: &mut Call<'_>, poll: &Poll) -> Result<(), TaskError> {
    let ended = watch(call, poll).await;
    let Err(TaskError::Stopped) = ended else { return ended };
    if let Some(stop) = &poll.stop
        && !call.context.goes_on_elsewhere()
    {
        match call.send(stop).await {
            Ok(_) => call.context.info(format!("{} was asked to stop the work", call.connector.service)),
            Err(error) => call.context.warn(format!("the work could not be stopped: {error}")),
        }
    }
    Err(TaskError::Stopped)
}

async fn watch(call: &mut Call<'_>, poll: &Poll) -> Result<(), TaskError> {
    let every = positive("the pause between two looks", &call.text(&poll.every).await?)?;
    let most = match &poll.at_most {
        Some(text) => Some(call.text(text).await?).filter(|text| !text.is_empty()),
        None => None,
    };
    let most = most.map(|text| positive("the longest time to wait", &text)).transpose()?;
    let begun = Instant::now();
    loop {
        if call.context.cancelled().is_cancelled() {
            return Err(TaskError::Stopped);
        }
        let polled = call.send(&poll.request).await?.into_json();
        call.variables.insert("polled".to_owned(), polled);
        if call.is_true(Some(&poll.until), false).await? {
            break;
        }
        if most.is_some_and(|most| call.context.age() + begun.elapsed() + every > most) {
            return Err(TaskError::failed(format!(
                "{} has not finished the work within {most:?}; the work goes on there",
                call.connector.service,
                most = most.unwrap_or_default()
            )));
        }
        if call.context.patience().is_some_and(|patience| begun.elapsed() + every > patience) {
            return Err(call.context.unfinished());
        }
        sleep(every, call.context).await?;
    }
    if !call.is_true(poll.failed.as_deref(), false).await? {
        return Ok(());
    }
    let message = match &poll.message {
        Some(message) => call.text(message).await?,
        None => "see the service's own log".to_owned(),
    };
    let outputs = call.outputs().await.unwrap_or_default();
    Err(TaskError::failed_with(
        format!("{} could not do the work: {message}", call.connector.service),
        outputs,
    ))
}
