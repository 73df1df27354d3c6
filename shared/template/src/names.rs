//! The names that a template may call. They are suggested after a misspelt name.
//!
//! The module knows only the tables. A new entry of a table is included automatically.

use crate::{filters, functions, predicates};

/// The names of all functions.
pub fn function_names() -> impl Iterator<Item = &'static str> {
    functions::all().map(|builtin| builtin.name)
}

/// The names of all filters.
pub fn filter_names() -> impl Iterator<Item = &'static str> {
    filters::all().map(|builtin| builtin.name)
}

/// The names of all tests, as in `value is empty`.
pub fn test_names() -> impl Iterator<Item = &'static str> {
    predicates::NAMES.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_listed() {
        assert!(function_names().any(|name| name == "render"));
        assert!(filter_names().any(|name| name == "upper"));
        assert!(test_names().any(|name| name == "defined"));
    }
}
