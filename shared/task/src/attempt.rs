//! Runs one attempt of a task to its end, within its time limit. Stops the attempt when its claim is lost,
//! catches panics, and tries again when the platform fails. This module knows nothing about claims or
//! messages.

use crate::context::TaskContext;
use crate::error::TaskError;
use crate::list::Entry;
use crate::settings::Service;
use jiff::Timestamp;
use segue_model::event::TaskRunResult;
use segue_model::state::State;
use segue_model::{Json, Map, parse_duration};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The shortest and the longest delay before an attempt is tried again while the platform fails for longer.
const SHORTEST_OUTAGE: Duration = Duration::from_secs(15);
const LONGEST_OUTAGE: Duration = Duration::from_secs(300);

/// How an attempt ended.
pub(crate) enum Ended {
    /// The attempt has a result to record.
    Result(Box<TaskRunResult>),
    /// The claim was lost. There is nothing to record.
    Stopped,
    /// The work continues outside the service.
    Unfinished {
        /// When the attempt began.
        begun_at: Timestamp,
        /// The time until the next check.
        look_again: Duration,
    },
}

/// Runs the attempt and removes its directory afterwards. `stop` is the token that the task sees. It is a
/// child of `lost`.
pub(crate) async fn run(
    service: &Service,
    entry: Option<&Entry>,
    context: &TaskContext,
    stop: &CancellationToken,
    lost: &CancellationToken,
) -> Ended {
    let message = context.message();
    let start_date =
        message.resumed.as_ref().map_or_else(|| service.ports.clock.now(), |resumed| resumed.begun_at);
    let outcome = match entry {
        Some(entry) => within_time(service, entry, context, stop).await,
        None => Err(TaskError::failed(format!(
            "this service does not know the task type {}: the message went to the wrong service, or the service is older \
             than the flow",
            message.task_type
        ))),
    };
    if let Err(error) = context.working_directory().remove() {
        tracing::warn!(%error, "the working directory could not be removed");
    }
    if matches!(outcome, Err(TaskError::Stopped)) || lost.is_cancelled() {
        context.warn("the task was stopped");
        return Ended::Stopped;
    }
    if let Err(TaskError::Unfinished { look_again }) = outcome {
        return Ended::Unfinished { begun_at: start_date, look_again };
    }
    let mut result = TaskRunResult {
        task_run_id: message.task_run_id.clone(),
        attempt: message.attempt,
        state: State::Success,
        outputs: Map::new(),
        error: None,
        start_date,
        end_date: start_date,
        dynamic: Vec::new(),
        metrics: Vec::new(),
    };
    match outcome.and_then(|outputs| within_size(outputs, service.settings.max_output_bytes)) {
        Ok(outputs) => {
            result.outputs = outputs;
            if context.warned() {
                result.state = State::Warning;
            }
        }
        Err(error) => {
            result.state = State::Failed;
            let text = context.masker().apply(&error.to_string()).into_owned();
            context.error(text.clone());
            result.error = Some(text);
            if let TaskError::Failed { outputs, .. } = error {
                result.outputs = within_size(*outputs, service.settings.max_output_bytes).unwrap_or_default();
            }
        }
    }
    (result.metrics, result.dynamic) = context.take_reports();
    for metric in &mut result.metrics {
        metric.name = context.masker().apply(&metric.name).into_owned();
        context.masker().apply_json(&mut metric.tags);
    }
    mask(context, &mut result.outputs);
    for task_run in &mut result.dynamic {
        mask(context, &mut task_run.outputs);
    }
    result.end_date = service.ports.clock.now();
    Ended::Result(Box::new(result))
}

fn mask(context: &TaskContext, outputs: &mut Map) {
    let mut value = Json::Object(std::mem::take(outputs));
    context.masker().apply_json(&mut value);
    if let Json::Object(masked) = value {
        *outputs = masked;
    }
}

async fn within_time(
    service: &Service,
    entry: &Entry,
    context: &TaskContext,
    stop: &CancellationToken,
) -> Result<Map, TaskError> {
    context.check_secrets()?;
    let own = timeout(context)
        .await?
        .map(|limit| Limit { left: limit.saturating_sub(context.age()), error: timed_out(limit) });
    let of_service = service.settings.request_limit.map(|limit| Limit { left: limit, error: cut_off(limit) });
    let Some(limit) = own.into_iter().chain(of_service).min_by_key(|limit| limit.left) else {
        return with_platform_retries(service, entry, context, stop).await;
    };
    let mut over = false;
    let outcome = {
        let mut work = std::pin::pin!(with_platform_retries(service, entry, context, stop));
        tokio::select! {
            outcome = &mut work => outcome,
            () = tokio::time::sleep(limit.left) => {
                over = true;
                stop.cancel();
                work.await
            }
        }
    };
    // The task's own answer to being stopped does not matter: its time was over.
    if over { Err(limit.error) } else { outcome }
}

/// The time an attempt has left, and the error when it is over.
struct Limit {
    left: Duration,
    error: TaskError,
}

fn cut_off(limit: Duration) -> TaskError {
    TaskError::failed(format!(
        "the task still ran after {} s, the longest time a service may take for a task; give it less work at \
         once, or run it in a container",
        limit.as_secs()
    ))
}

/// Runs the task again, with growing pauses, while the platform fails.
async fn with_platform_retries(
    service: &Service,
    entry: &Entry,
    context: &TaskContext,
    stop: &CancellationToken,
) -> Result<Map, TaskError> {
    let mut pause = service.settings.platform_retry_pause;
    for retry in 1..=service.settings.platform_retries {
        match once(service, entry, context, stop).await {
            Err(TaskError::Platform(error)) => {
                context.warn(format!(
                    "{error}; trying again ({retry} of {})",
                    service.settings.platform_retries
                ));
            }
            other => return other,
        }
        context.take_reports();
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return Err(TaskError::Stopped),
        }
        pause *= 4;
    }
    let patience = service.settings.platform_patience.unwrap_or_default();
    match once(service, entry, context, stop).await {
        Err(TaskError::Platform(error)) if context.age() < patience => {
            context.take_reports();
            let look_again = (context.age() / 4).clamp(SHORTEST_OUTAGE, LONGEST_OUTAGE);
            context.warn(format!("{error}; trying again in {} s", look_again.as_secs()));
            Err(TaskError::Unfinished { look_again })
        }
        other => other,
    }
}

/// Runs the task once, in its own tokio task, so that a panic ends only this task.
async fn once(
    service: &Service,
    entry: &Entry,
    context: &TaskContext,
    stop: &CancellationToken,
) -> Result<Map, TaskError> {
    let (entry, of) = (entry.clone(), context.clone());
    let mut running = AbortOnDrop(tokio::spawn(async move { entry.run(of).await }));
    let ended = tokio::select! {
        ended = &mut running.0 => ended,
        () = stop.cancelled() => {
            // The task may need time to stop something outside this process.
            match tokio::time::timeout(service.settings.grace, &mut running.0).await {
                Ok(ended) => ended,
                Err(_) => return Err(TaskError::Stopped),
            }
        }
    };
    match ended {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => Err(TaskError::failed(format!(
            "the task panicked, which is an error in Segue: {}",
            panic_text(error.into_panic().as_ref())
        ))),
        Err(_) => Err(TaskError::Stopped),
    }
}

/// A tokio task that is aborted when its owner is dropped.
struct AbortOnDrop(JoinHandle<Result<Map, TaskError>>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn timeout(context: &TaskContext) -> Result<Option<Duration>, TaskError> {
    let Some(template) = &context.message().timeout else { return Ok(None) };
    let text = context.render(template).await?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let refused = |why: String| TaskError::failed(format!("timeout: {why}"));
    let duration = parse_duration(&text).map_err(refused)?;
    Duration::try_from(duration).map(Some).map_err(|_| refused(format!("'{text}' is negative")))
}

fn timed_out(limit: Duration) -> TaskError {
    let (seconds, millis) = (limit.as_secs(), limit.subsec_millis());
    TaskError::failed(format!(
        "Timeout after {:02}:{:02}:{:02}.{millis:03}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    ))
}

fn within_size(outputs: Map, limit: usize) -> Result<Map, TaskError> {
    let mut counter = Counter(0);
    match serde_json::to_writer(&mut counter, &outputs) {
        Ok(()) if counter.0 <= limit => Ok(outputs),
        Ok(()) => Err(TaskError::failed(format!(
            "the task has {} bytes of outputs; at most {limit} are allowed. Write them to a file and return the file's \
             URI (fetchType: STORE)",
            counter.0
        ))),
        Err(error) => Err(TaskError::failed(format!("the outputs cannot be written as JSON: {error}"))),
    }
}

/// Counts the bytes that are written.
struct Counter(usize);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use segue_ports::wire::TaskRunMessage;
    use serde_json::json;

    /// A message for a task of type `test` with these properties.
    pub(crate) fn message(properties: Json) -> TaskRunMessage {
        TaskRunMessage {
            version: segue_ports::wire::WIRE_VERSION,
            execution_id: "execution1".into(),
            namespace: "company.team".to_owned(),
            flow_id: "flow".to_owned(),
            flow_revision: 1,
            task_run_id: "taskrun1".into(),
            attempt: 0,
            task_id: "My_Task".to_owned(),
            task_type: "test".to_owned(),
            properties: properties.as_object().cloned().unwrap(),
            context: json!({"inputs": {"name": "Ada"}, "flow": {"id": "flow"}}),
            timeout: None,
            log_level: None,
            log_to_file: false,
            working_directory: None,
            dispatched_at: jiff::Timestamp::UNIX_EPOCH,
            resumed: None,
            held_before: false,
            look: None,
        }
    }

    #[test]
    fn a_timeout_has_kestras_message() {
        assert_eq!(timed_out(Duration::from_millis(3_725_040)).to_string(), "Timeout after 01:02:05.040");
    }

    #[test]
    fn outputs_have_a_limit() {
        let outputs = json!({"a": "xxxx"}).as_object().cloned().unwrap();
        assert!(within_size(outputs.clone(), 12).is_ok());
        assert!(within_size(outputs, 11).unwrap_err().to_string().contains("12 bytes"));
    }
}
