//! Pebble's syntax: tokens, tree, parser.
//!
//! Knows nothing of values or rendering. Rules: sections 3.1 and 3.4 of the compatibility reference.

pub(crate) mod ast;
mod lexer;
mod parser;
mod scan;
mod tags;
mod token;

pub(crate) use parser::parse;
