//! The key and the time limit of work outside the service that belongs to an attempt.

use segue_model::parse_duration;
use segue_task::{TaskContext, TaskError};
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// The time that is added to the task's timeout for the limit of the platform. So the task reports the timeout before
/// the platform stops the work.
const AFTER_TIMEOUT: Duration = Duration::from_secs(60);

/// The key of the work. It is the same for every delivery of the attempt.
pub(crate) fn key(context: &TaskContext) -> String {
    let attempt = context.attempt_key();
    let text = format!("{}\n{}\n{}", attempt.execution_id, attempt.task_run_id, attempt.attempt);
    let digest: String = Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("segue-{digest}")
}

/// The time limit of the work. None without a timeout.
///
/// # Errors
/// A timeout that cannot be rendered.
pub(crate) async fn timeout(context: &TaskContext) -> Result<Option<Duration>, TaskError> {
    let Some(template) = &context.message().timeout else { return Ok(None) };
    let text = context.render(template).await?;
    // An invalid duration was refused before the task ran.
    let duration = parse_duration(&text).ok().and_then(|given| Duration::try_from(given).ok());
    Ok(duration.map(|given| given.saturating_add(AFTER_TIMEOUT)))
}
