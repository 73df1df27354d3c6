//! Pebble's syntax: tokens, tree, parser.
//!
//! The module knows nothing about values and rendering. docs/kestra.md 3.1 and 3.4 have the rules.

pub(crate) mod ast;
mod lexer;
mod parser;
mod scan;
mod tags;
mod token;

pub(crate) use parser::parse;
