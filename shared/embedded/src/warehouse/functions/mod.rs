//! Functions of BigQuery in Rust that DuckDB calls by name: `bqf(name, texts…)` for texts, and typed ones for numbers.
//!
//! A function that gets NULL returns NULL. An error of a function is the error of the statement, with BigQuery's text.
//!
//! The module must not know statements, tables and types of columns. To add a function of texts, add a branch in the
//! `call` function of a module such as `text` or `bytes`, and use it in a table of `sql/analyze/functions`.

pub(crate) mod bignumeric;
mod buckets;
mod bytes;
mod bytes_format;
mod bytes_regexps;
mod cast_format;
mod decimal_math;
mod decimal_percentile;
mod decimal_statistics;
mod fingerprint;
pub(crate) mod format;
mod format_numbers;
mod geography;
mod hll;
pub(crate) mod json;
mod json_change;
mod json_digits;
mod json_keys;
mod json_path;
mod json_text;
pub(crate) mod matching;
mod net;
mod numbers;
mod parse_decimal;
pub(crate) mod ranges;
mod re2;
mod regexps;
mod register;
mod strftime;
mod text;
pub(crate) mod times;
mod unicode;

pub(crate) use register::register;

/// The outcome of a function: a text, NULL, or BigQuery's message.
type Outcome = Result<Option<String>, String>;

/// Calls the function `name`.
fn call(name: &str, arguments: &[&str]) -> Outcome {
    for module in [
        bignumeric::call,
        decimal_math::call,
        decimal_percentile::call,
        decimal_statistics::call,
        parse_decimal::call,
        numbers::call,
        text::call,
        matching::call,
        hll::call,
        bytes_regexps::call,
        bytes_format::call,
        bytes::call,
        json::call,
        json_digits::call,
        regexps::call,
        strftime::call,
        cast_format::call,
        ranges::call,
        buckets::call,
        net::call,
        unicode::call,
        geography::call,
    ] {
        if let Some(outcome) = module(name, arguments) {
            return outcome;
        }
    }
    if name == "format" {
        return format::format(arguments);
    }
    if name == "error" {
        return Err(arguments.first().copied().unwrap_or_default().to_owned());
    }
    Err(format!("The warehouse has no function {name}"))
}

/// A whole number in an argument.
fn integer(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("Bad int64 value: {text}"))
}
