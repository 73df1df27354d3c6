//! Documents with their embeddings, and questions about them.

pub mod chat;
pub mod ingest;
pub mod search;
mod split;
mod store;

pub use store::Embeddings;
