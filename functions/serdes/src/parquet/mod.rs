//! Parquet: columns with a schema, in groups of rows.

mod arrays;
mod cells;
mod fields;
mod read;
mod write;

pub use read::ParquetToIon;
pub use write::{CompressionCodec, IonToParquet, ParquetVersion};
