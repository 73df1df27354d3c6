//! Rows with a schema: what the writers of Avro and of Parquet have in common.
//!
//! A row in Ion has no types of columns. `Typing` has the properties that say how a value becomes one of a type,
//! `Shape` is a type, and `TypedRows` are the rows as typed values. Without a schema, `infer` finds one.
//!
//! To add a type, add it to `Shape`, to `scalar`, and to the readers and writers of both formats.

mod bad_rows;
mod convert;
mod decimal;
mod declare;
mod infer;
mod moment;
mod number;
mod scalar;
mod shape;
mod typed_rows;
mod typing;

pub(crate) use bad_rows::BadRows;
pub use bad_rows::OnBadLines;
pub(crate) use decimal::text as decimal_text;
pub(crate) use moment::{clock, date, date_time, instant};
pub(crate) use number::float;
pub(crate) use shape::{Field, Shape, Unit, UuidForm};
pub(crate) use typed_rows::TypedRows;
pub use typing::Typing;
