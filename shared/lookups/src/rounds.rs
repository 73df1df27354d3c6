//! Fetches answers and renders again, in rounds, until an expression has no open questions.

use crate::answers::Answers;
use segue_model::id::ExecutionId;
use segue_ports::PortError;
use segue_rendering::off_thread;
use segue_template::{Lookup, LookupTable, RenderError};

/// The largest number of rounds. An expression with new questions after this number fails.
const MAX_ROUNDS: usize = 100;

/// Fetches the answers to the questions of an execution at the same time, and adds them to the table.
///
/// # Errors
/// A transient error of the platform. A later try may succeed.
pub async fn fetch(
    answers: &dyn Answers,
    namespace: &str,
    execution: &ExecutionId,
    questions: Vec<Lookup>,
    table: &LookupTable,
) -> Result<(), PortError> {
    let fetched = questions.iter().map(|lookup| answers.answer(namespace, execution, lookup));
    let fetched = futures::future::join_all(fetched).await;
    for (lookup, answer) in questions.into_iter().zip(fetched) {
        table.insert(lookup, answer?);
    }
    Ok(())
}

/// Calls `render` until it returns a result. `render` returns none while an answer is missing in the table. `computes`
/// says whether rendering may need much computation (see [`off_thread`]).
///
/// # Errors
/// A transient error of the platform. [`PortError::Invalid`] if an expression has new questions in every round, or has
/// no result and no question.
pub async fn until_answered<T: Send>(
    answers: &dyn Answers,
    namespace: &str,
    execution: &ExecutionId,
    table: &LookupTable,
    computes: bool,
    mut render: impl FnMut() -> Option<T> + Send,
) -> Result<T, PortError> {
    for _ in 0..MAX_ROUNDS {
        if let Some(result) = off_thread(computes, &mut render) {
            return Ok(result);
        }
        let questions = table.take_pending();
        if questions.is_empty() {
            return Err(PortError::invalid("an expression is not finished, but has no open question"));
        }
        fetch(answers, namespace, execution, questions, table).await?;
    }
    Err(PortError::invalid(format!(
        "an expression has new questions after {MAX_ROUNDS} rounds of answers; divide the expression into several tasks"
    )))
}

/// Converts the result of a rendering for [`until_answered`]. Returns none while an answer is missing.
pub fn answered<T>(result: Result<T, RenderError>) -> Option<Result<T, RenderError>> {
    match result {
        Err(RenderError::Pending) => None,
        settled => Some(settled),
    }
}
