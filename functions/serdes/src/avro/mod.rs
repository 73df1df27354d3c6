//! Avro: records with a schema, in blocks.

mod codec;
mod container;
mod decode;
mod read;
mod write;

pub use read::AvroToIon;
pub use write::IonToAvro;
