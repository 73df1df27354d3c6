//! Rounds of questions and answers: answers are fetched until an expression has all it asks for.

use crate::answers::Answers;
use segue_model::id::ExecutionId;
use segue_ports::PortError;
use segue_rendering::off_thread;
use segue_template::{Lookup, LookupTable, RenderError};

/// The largest number of rounds for an expression with new questions after each answer.
const MAX_ROUNDS: usize = 100;

/// Fetches the answers to these questions of an execution, all at once, into the table.
///
/// # Errors
/// A transient error of the platform: asking again may help.
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

/// Calls `render` until it gives a result; it gives none while the table lacks an answer. `computes` says whether
/// rendering may take noticeable work: see [`off_thread`].
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
            return Err(PortError::invalid("an expression waits for an answer that it never asked for"));
        }
        fetch(answers, namespace, execution, questions, table).await?;
    }
    Err(PortError::invalid(format!(
        "an expression needs more than {MAX_ROUNDS} rounds of answers; make its calls depend less on each other"
    )))
}

/// The result of a rendering for [`until_answered`]: none while an answer is missing.
pub fn answered<T>(result: Result<T, RenderError>) -> Option<Result<T, RenderError>> {
    match result {
        Err(RenderError::Pending) => None,
        settled => Some(settled),
    }
}
