//! Reads the query, the body or the form of a request. An unreadable value is refused with a reason.

mod body;
mod dates;
mod filters;
mod form;
mod page;
mod query;

pub(crate) use body::{JsonBody, LARGEST_BODY, Raw, TextBody, YamlBody};
pub(crate) use dates::date;
pub(crate) use filters::{Condition, Field, FieldKind, Filter, Op, all_hold};
pub(crate) use form::{Form, Part};
pub(crate) use page::{Compare, Page, paged};
pub(crate) use query::{Query, state};
