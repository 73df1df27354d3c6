//! JSON: one value on each line, or one list.

mod read;
mod write;

pub use read::JsonToIon;
pub use write::IonToJson;
