//! Texts that a polling trigger keeps between its looks. A small text is a part of the trigger's state. A large one is a
//! file, and the state has its URI.

use crate::context::TaskContext;
use crate::error::TaskError;
use segue_model::execution::slug;
use segue_ports::InternalStorage;
use segue_ports::storage::PLATFORM_FOLDER;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// The largest text that is a part of the trigger's state, in bytes.
pub const LARGEST_TEXT: usize = 8 * 1024;
/// The largest file, in bytes.
const LARGEST_FILE: u64 = 256 * 1024 * 1024;
/// The age of a file that no look on its way can name, in milliseconds. A lost look is repeated after an hour.
const OLD: i64 = 3 * 60 * 60 * 1_000;

/// Keeps a text: returns the text itself, or the URI of a file with this text. `name` is the kind of text, and `before`
/// is what [`keep`] returned for the last look that counted.
///
/// The name of a file has the time of its look, so that old files are found without a request for each. It also follows
/// from the content: two processes that look at once may see different things, and one of their results counts.
///
/// # Errors
/// An error of internal storage.
pub async fn keep(
    context: &TaskContext,
    name: &str,
    text: String,
    before: Option<&str>,
) -> Result<String, TaskError> {
    if text.len() <= LARGEST_TEXT {
        return Ok(text);
    }
    let message = context.message();
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let now = message.dispatched_at.as_millisecond();
    let (flow, trigger) = (slug(&message.flow_id), slug(&message.task_id));
    let folder = format!("{PLATFORM_FOLDER}/triggers/{}/{flow}/{trigger}", message.namespace);
    let path = format!("{folder}/{name}-{now:013}-{:016x}.json", hasher.finish());
    let storage = &context.ports().storage;
    storage.put_text(&path, text).await?;
    let uri = InternalStorage::uri(&path);
    let since = before.and_then(|before| time_of(before, name));
    for (file, _) in storage.list(&folder).await? {
        if Some(file.as_str()) == before || file == uri {
            continue;
        }
        // A younger file may belong to the result of a look that is still on its way. A file that is older than the one
        // that counts belongs to a look before that.
        let is_over = |time: i64| now - time > OLD || since.is_some_and(|since| time < since);
        if time_of(&file, name).is_some_and(is_over) {
            storage.delete(&file).await?;
        }
    }
    Ok(uri)
}

/// Reads a text that was kept.
///
/// # Errors
/// An error of internal storage.
pub async fn recall(context: &TaskContext, kept: &str) -> Result<String, TaskError> {
    if !is_file(kept) {
        return Ok(kept.to_owned());
    }
    Ok(context.ports().storage.get_text(kept, LARGEST_FILE).await?)
}

/// Whether a text was kept in a file.
pub fn is_file(kept: &str) -> bool {
    kept.starts_with("kestra://")
}

/// The time in the name of a file of this kind, in milliseconds since 1970. A file without one is very old.
fn time_of(uri: &str, name: &str) -> Option<i64> {
    let file = uri.rsplit('/').next()?.strip_prefix(name)?.strip_prefix('-')?;
    Some(file.split_once('-').and_then(|(time, _)| time.parse().ok()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_its_time() {
        assert_eq!(time_of("kestra:///a/b/seen-0000000001234-00ff.json", "seen"), Some(1_234));
        assert_eq!(time_of("kestra:///a/b/seen-00ffaa.json", "seen"), Some(0), "of an earlier version");
        assert_eq!(time_of("kestra:///a/b/acks-0000000001234-00ff.json", "seen"), None);
    }
}
