//! Pebble's syntax: tokens, tree, parser.
//!
//! Knows nothing of values or rendering. Rules: docs/kestra.md 3.1 and 3.4.

pub(crate) mod ast;
mod lexer;
mod parser;
mod scan;
mod tags;
mod token;

pub(crate) use parser::parse;
