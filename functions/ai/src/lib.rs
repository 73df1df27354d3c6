//! The `ai` service: questions to language models, and searches by meaning in stored documents (docs/kestra.md 4.12).
//!
//! What it is: `provider` turns the properties of a provider into a model that answers or embeds; `rig-core` knows the
//! protocols. `completion` asks one question. `rag` stores documents with their embeddings in the KV store, searches them,
//! and asks with what it found. `vertex` is what Vertex AI needs.
//!
//! What it must not know: the format of a request of any provider.
//!
//! How to add one more: for a provider, a variant of [`provider::Provider`] with its properties; for a task type, a file
//! with the properties struct and `impl Task`, and a line in [`tasks`].

pub mod completion;
pub mod provider;
pub mod rag;
#[cfg(any(test, feature = "testing"))]
pub mod server;
#[cfg(test)]
mod testing;
pub mod vertex;

use segue_task::TaskList;

/// The task types of this service.
pub fn tasks() -> TaskList {
    TaskList::new("ai")
        .deployed_as(include_str!("../function.yaml"))
        .add::<completion::ChatCompletion>()
        .add::<rag::chat::ChatCompletion>()
        .add::<rag::ingest::IngestDocument>()
        .add::<rag::search::Search>()
        .add::<vertex::chat_completion::ChatCompletion>()
}
