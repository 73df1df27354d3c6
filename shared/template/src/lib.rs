//! Kestra-compatible expressions (Pebble), run by minijinja.
//!
//! A template is parsed by an own parser (`syntax`), because Pebble's operators bind differently from
//! Jinja's; translated to a minijinja template without operators (`translate`); and run by minijinja
//! with a limit on its work (`render`). Operators, filters, functions and tests are own code, after
//! docs/kestra.md 3.
//!
//! The crate is pure: no IO, no clock, no randomness. What depends on time or chance comes with the
//! [`Scope`]; what must be fetched is asked as a [`Lookup`], and [`RenderError::Pending`] tells the
//! caller to fetch and render again.
//!
//! Where things are: `filters` and `functions` (one file a group, one line of a table each),
//! `tests` (`is …`), `ops` (operators), `dates` (Java's date patterns), `java` (how Java prints),
//! `references` (what a template uses, without running it).

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
mod yaml;

pub use dates::zone_of as time_zone;
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
