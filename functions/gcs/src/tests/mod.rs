//! Tests of all tasks together.

mod as_whom;
