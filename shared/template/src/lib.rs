//! Kestra-compatible expressions (Pebble), evaluated by minijinja.
//!
//! A template is rendered in three steps:
//! 1. `syntax` parses it. Pebble's operators have other precedences than Jinja's, so minijinja's parser cannot be used.
//! 2. `translate` turns the tree into a minijinja template without operators.
//! 3. `render` runs this template in minijinja, with a limit on its work.
//!
//! The code of operators, filters, functions and tests is in this crate and follows docs/kestra.md 3.
//!
//! The crate does no IO and reads no clock and no random numbers. The [`Scope`] provides the time and the seed of
//! random numbers. If an expression needs an outside value, it asks a [`Lookup`], and [`RenderError::Pending`] tells
//! the caller to fetch the answer and render again.
//!
//! Where things are:
//! - `filters` and `functions`: one file for each group, one line in a table for each filter or function
//! - `predicates`: tests (`is …`)
//! - `ops`: operators
//! - `dates`: Java's date patterns
//! - `java`: how Java writes values
//! - `references`: the names that a template uses, found without running it

mod attributes;
mod builtin;
mod collections;
mod dates;
mod effort;
mod error;
mod filters;
mod functions;
pub mod ion;
mod java;
mod jq;
mod lookups;
mod loops;
mod mask;
mod meter;
mod missing;
mod names;
mod nesting;
mod ops;
mod predicates;
mod references;
mod regexes;
mod render;
mod run;
mod runtime;
mod scope;
mod syntax;
mod translate;
mod truth;
mod typed;
mod unreadable;
mod value;
pub mod yaml;

pub use dates::{format_time, read_time, zone_of as time_zone};
pub use effort::{computes, value_computes};
pub use error::RenderError;
pub use lookups::{Answer, Lookup, LookupTable, Lookups};
pub use mask::Masker;
pub use meter::{Meter, Watch};
pub use minijinja::Value;
pub use names::{filter_names, function_names, test_names};
pub use references::{Reach, Reference, References, references};
pub use render::Renderer;
pub use scope::{Ambient, Scope};
pub use truth::is_truthy;
pub use unreadable::unreadable_value;
pub use value::{JsonMap, LazyMap, lazy_map, value_from_json, value_to_json};
