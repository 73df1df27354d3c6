//! Rewrites function calls and other words that begin a value. A function with another name or another meaning in
//! DuckDB becomes a call of a macro.
//!
//! The module must not know how macros are written (`macros.sql`), or how pieces are joined (`expr.rs`).
//!
//! To add a function:
//! - If DuckDB has the function with another name or another meaning, add a line in [`RENAMED`] and a macro.
//! - If an argument is a keyword or a format, add a line in [`PARTED`] or [`FORMATTED`].

use super::expr::Rewriter;
use super::lex::Kind;
use super::written::{location, string};
use super::{datatype, format, invalid, keywords};
use segue_ports::warehouse::WarehouseError;

/// Functions, each with the macro that replaces it. The arguments stay the same.
const RENAMED: &[(&str, &str)] = &[
    ("MD5", "bq_md5"),
    ("SHA1", "bq_sha1"),
    ("SHA256", "bq_sha256"),
    ("TO_HEX", "bq_to_hex"),
    ("FROM_HEX", "bq_from_hex"),
    ("TO_BASE64", "bq_to_base64"),
    ("FROM_BASE64", "bq_from_base64"),
    ("STRING", "bq_string"),
    ("DIV", "bq_int_div"),
    ("MOD", "bq_mod"),
    ("SAFE_DIVIDE", "bq_safe_divide"),
    ("IEEE_DIVIDE", "bq_ieee_divide"),
    ("SAFE_ADD", "bq_safe_add"),
    ("SAFE_SUBTRACT", "bq_safe_subtract"),
    ("SAFE_MULTIPLY", "bq_safe_multiply"),
    ("LOG", "bq_log"),
    ("LN", "bq_log"),
    ("REGEXP_CONTAINS", "bq_regexp_contains"),
    ("REGEXP_REPLACE", "bq_regexp_replace"),
    ("SUBSTR", "bq_substr"),
    ("SUBSTRING", "bq_substr"),
    ("SPLIT", "bq_split"),
    ("STRPOS", "bq_strpos"),
    ("INSTR", "bq_strpos"),
    ("LPAD", "bq_lpad"),
    ("RPAD", "bq_rpad"),
    ("INITCAP", "bq_initcap"),
    ("CONTAINS_SUBSTR", "bq_contains_substr"),
    ("BYTE_LENGTH", "bq_byte_length"),
    ("ARRAY_LENGTH", "bq_array_length"),
    ("ARRAY_REVERSE", "bq_array_reverse"),
    ("ARRAY_TO_STRING", "bq_array_to_string"),
    ("DATE", "bq_date"),
    ("DATETIME", "bq_datetime"),
    ("TIMESTAMP", "bq_timestamp"),
    ("UNIX_SECONDS", "bq_unix_seconds"),
    ("UNIX_MILLIS", "bq_unix_millis"),
    ("UNIX_MICROS", "bq_unix_micros"),
    ("UNIX_DATE", "bq_unix_date"),
    ("TIMESTAMP_SECONDS", "bq_timestamp_seconds"),
    ("TIMESTAMP_MILLIS", "bq_timestamp_millis"),
    ("TIMESTAMP_MICROS", "bq_timestamp_micros"),
    ("DATE_FROM_UNIX_DATE", "bq_date_from_unix_date"),
    ("CURRENT_DATE", "bq_current_date"),
    ("CURRENT_DATETIME", "bq_current_datetime"),
    ("CURRENT_TIMESTAMP", "bq_current_timestamp"),
    ("DATE_ADD", "bq_date_add"),
    ("DATE_SUB", "bq_date_sub"),
    ("TIMESTAMP_ADD", "bq_timestamp_add"),
    ("TIMESTAMP_SUB", "bq_timestamp_sub"),
    ("DATETIME_ADD", "bq_timestamp_add"),
    ("DATETIME_SUB", "bq_timestamp_sub"),
    ("JSON_VALUE", "bq_json_value"),
    ("JSON_EXTRACT_SCALAR", "bq_json_value"),
    ("JSON_QUERY", "bq_json_query"),
    ("JSON_EXTRACT", "bq_json_query"),
    ("TO_JSON_STRING", "bq_to_json_string"),
    ("PARSE_JSON", "bq_json"),
    ("GENERATE_UUID", "bq_generate_uuid"),
    ("ERROR", "bq_error"),
];

/// Functions with a date part as an argument, the macro, and the position of this argument.
const PARTED: &[(&str, &str, usize)] = &[
    ("DATE_TRUNC", "bq_date_trunc", 1),
    ("TIMESTAMP_TRUNC", "bq_timestamp_trunc", 1),
    ("DATETIME_TRUNC", "bq_datetime_trunc", 1),
    ("DATE_DIFF", "bq_date_diff", 2),
    ("DATETIME_DIFF", "bq_date_diff", 2),
    ("TIMESTAMP_DIFF", "bq_timestamp_diff", 2),
    ("LAST_DAY", "bq_last_day", 1),
];

/// Functions with a date format as the first argument, and the macro. The other arguments follow the format.
const FORMATTED: &[(&str, &str)] = &[
    ("FORMAT_DATE", "bq_format_date"),
    ("FORMAT_DATETIME", "bq_format_date"),
    ("FORMAT_TIMESTAMP", "bq_format_timestamp"),
    ("FORMAT_TIME", "bq_format_date"),
    ("PARSE_DATE", "bq_parse_date"),
    ("PARSE_DATETIME", "bq_parse_datetime"),
    ("PARSE_TIMESTAMP", "bq_parse_timestamp"),
];

/// Functions that no macro can replace. They are refused.
const MISSING: &[&str] =
    &["FARM_FINGERPRINT", "SHA512", "ST_DISTANCE", "ST_GEOGPOINT", "ML.PREDICT", "APPROX_QUANTILES"];

/// The text of the value that begins with this word, and the index after it. `None` for a plain name or a keyword.
pub(crate) fn word(
    rewriter: &mut Rewriter<'_>,
    word: &str,
    index: usize,
    high: usize,
) -> Result<Option<(String, usize)>, WarehouseError> {
    let upper = word.to_uppercase();
    if upper == "CASE" {
        return case(rewriter, index, high).map(Some);
    }
    if upper == "INTERVAL" {
        return interval(rewriter, index, high);
    }
    if let Some(Kind::Text(value)) = rewriter.token(index + 1).map(|token| &token.kind) {
        let macro_name = match upper.as_str() {
            "DATE" => "bq_date",
            "TIMESTAMP" => "bq_timestamp",
            "DATETIME" => "bq_datetime",
            "TIME" => "bq_time",
            "NUMERIC" | "DECIMAL" => "bq_numeric",
            "BIGNUMERIC" | "BIGDECIMAL" => "bq_bignumeric",
            "JSON" => "bq_json",
            _ => return Ok(None),
        };
        return Ok(Some((format!("{macro_name}({})", string(value)), index + 2)));
    }
    if matches!(upper.as_str(), "CURRENT_DATE" | "CURRENT_TIMESTAMP" | "CURRENT_DATETIME")
        && !rewriter.is_symbol(index + 1, "(")
    {
        return Ok(Some((format!("bq_{}()", upper.to_lowercase()), index + 1)));
    }
    if upper == "SAFE" && rewriter.is_symbol(index + 1, ".") && rewriter.is_symbol(index + 3, "(") {
        let Some(name) = rewriter.token(index + 2).and_then(|token| token.name()).map(str::to_uppercase)
        else {
            return Ok(None);
        };
        let (text, next) = call(rewriter, &name, index + 3)?;
        return Ok(Some((text.replacen("bq_parse_", "bq_safe_parse_", 1), next)));
    }
    let reserved_call = matches!(upper.as_str(), "CAST" | "EXTRACT" | "IF");
    if rewriter.is_symbol(index + 1, "(") && (reserved_call || !keywords::RESERVED.contains(&upper.as_str()))
    {
        // DuckDB has functions that read files and settings. They do not exist in BigQuery, so they are refused.
        let foreign =
            ["READ_", "DUCKDB_", "PRAGMA_", "PARQUET_", "BQ_"].iter().any(|prefix| upper.starts_with(prefix))
                || matches!(
                    upper.as_str(),
                    "GLOB" | "GETENV" | "SNIFF_CSV" | "QUERY" | "QUERY_TABLE" | "CURRENT_SETTING"
                );
        if foreign || MISSING.contains(&upper.as_str()) {
            return Err(invalid(
                &format!("Function not supported by the embedded warehouse: {upper}"),
                rewriter.token(index).and_then(location),
                Some("run this statement on BigQuery"),
            ));
        }
        return call(rewriter, &upper, index + 1).map(Some);
    }
    if matches!(upper.as_str(), "STRUCT" | "ARRAY" | "EXISTS" | "UNNEST" | "GROUPING") {
        return constructor(rewriter, &upper, index);
    }
    Ok(None)
}

/// `STRUCT(…)`, `STRUCT<…>(…)`, `ARRAY(…)`, `ARRAY<…>[…]`, `EXISTS(…)`, `UNNEST(…)`.
fn constructor(
    rewriter: &mut Rewriter<'_>,
    upper: &str,
    index: usize,
) -> Result<Option<(String, usize)>, WarehouseError> {
    let mut at = index + 1;
    let mut typed = String::new();
    if rewriter.is_symbol(at, "<") {
        let end = datatype::end_of_angles(rewriter.tokens, at);
        typed = datatype::source(rewriter.tokens, index, end);
        at = end;
    }
    let (open, close) = if rewriter.is_symbol(at, "(") {
        ("(", ")")
    } else if rewriter.is_symbol(at, "[") {
        ("[", "]")
    } else {
        return Ok(None);
    };
    let end = rewriter.close(at);
    let inner = rewriter.span(at + 1, end)?;
    let name = if typed.is_empty() { upper } else { &typed };
    Ok(Some((format!("{name}{open}{inner}{close}"), end + 1)))
}

/// Rewrites a call of the function `name`. The bracket of the call opens at `open`.
fn call(rewriter: &mut Rewriter<'_>, name: &str, open: usize) -> Result<(String, usize), WarehouseError> {
    let end = rewriter.close(open);
    let next = end + 1;
    if matches!(name, "CAST" | "SAFE_CAST") {
        return Ok((cast(rewriter, name == "SAFE_CAST", open, end)?, next));
    }
    if name == "EXTRACT" {
        return Ok((extract(rewriter, open, end)?, next));
    }
    let stretches = rewriter.arguments(open + 1, end);
    if let Some((_, macro_name, part)) = PARTED.iter().find(|(own, ..)| *own == name) {
        let mut values = Vec::new();
        for (number, (low, high)) in stretches.into_iter().enumerate() {
            values.push(if number == *part {
                format!("'{}'", datatype::source(rewriter.tokens, low, high).replace(' ', "").to_uppercase())
            } else {
                rewriter.span(low, high)?
            });
        }
        return Ok((format!("{macro_name}({})", values.join(", ")), next));
    }
    if let Some((_, macro_name)) = FORMATTED.iter().find(|(own, _)| *own == name) {
        let mut values = Vec::new();
        for (number, (low, high)) in stretches.into_iter().enumerate() {
            values.push(match rewriter.token(low).map(|token| &token.kind) {
                Some(Kind::Text(text)) if number == 0 && high == low + 1 => string(&format::translate(text)),
                _ => rewriter.span(low, high)?,
            });
        }
        return Ok((format!("{macro_name}({})", values.join(", ")), next));
    }
    if matches!(name, "CONCAT") {
        return Ok((concat(rewriter, &stretches)?, next));
    }
    if matches!(name, "REGEXP_EXTRACT" | "REGEXP_EXTRACT_ALL" | "REGEXP_SUBSTR") {
        let pattern = stretches.get(1).and_then(|(low, _)| rewriter.token(*low)).map(|token| &token.kind);
        let group = match pattern {
            Some(Kind::Text(pattern)) => u8::from(captures(pattern)),
            _ => 0,
        };
        let values = rewriter.span(open + 1, end)?;
        let macro_name =
            if name == "REGEXP_EXTRACT_ALL" { "bq_regexp_extract_all" } else { "bq_regexp_extract" };
        return Ok((format!("{macro_name}({values}, {group})"), next));
    }
    let inner = rewriter.span(open + 1, end)?;
    let name = RENAMED.iter().find(|(own, _)| *own == name).map_or(name, |(_, macro_name)| macro_name);
    Ok((format!("{name}({inner})"), next))
}

/// Whether a pattern has a capturing group.
fn captures(pattern: &str) -> bool {
    let mut characters = pattern.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' => {
                characters.next();
            }
            '(' if characters.peek() != Some(&'?') => return true,
            _ => {}
        }
    }
    false
}

/// BigQuery's CONCAT is NULL if an argument is NULL. DuckDB's CONCAT skips NULL. If no argument can be NULL, DuckDB's
/// CONCAT is used, because it is several times faster than a chain of `||`.
fn concat(rewriter: &mut Rewriter<'_>, stretches: &[(usize, usize)]) -> Result<String, WarehouseError> {
    let mut values = Vec::new();
    let mut all_known = true;
    for (low, high) in stretches {
        let defaulted = ["COALESCE", "IFNULL"].iter().any(|name| rewriter.is(*low, name))
            && rewriter.close(low + 1) + 1 == *high
            && high
                .checked_sub(2)
                .and_then(|at| rewriter.token(at))
                .is_some_and(|t| matches!(t.kind, Kind::Text(_)))
            && high.checked_sub(3).is_some_and(|at| rewriter.is_symbol(at, ","));
        let literal =
            *high == low + 1 && rewriter.token(*low).is_some_and(|t| matches!(t.kind, Kind::Text(_)));
        all_known &= defaulted || literal;
        values.push(rewriter.span(*low, *high)?);
    }
    Ok(match (all_known, values.as_slice()) {
        (_, [single]) => single.clone(),
        (true, _) => format!("CONCAT({})", values.join(", ")),
        (false, _) => format!("({})", values.join(" || ")),
    })
}

fn case(rewriter: &mut Rewriter<'_>, index: usize, high: usize) -> Result<(String, usize), WarehouseError> {
    let mut depth = 1usize;
    let mut at = index + 1;
    while at < high {
        if rewriter.is(at, "CASE") {
            depth += 1;
        } else if rewriter.is(at, "END") {
            depth -= 1;
            if depth == 0 {
                let inner = rewriter.span(index + 1, at)?;
                return Ok((format!("CASE {inner} END"), at + 1));
            }
        }
        at = rewriter.after(at);
    }
    Err(super::syntax_error("CASE without END", rewriter.token(index).and_then(location)))
}

/// Rewrites `INTERVAL 3 DAY`. The number can also be an expression.
fn interval(
    rewriter: &mut Rewriter<'_>,
    index: usize,
    high: usize,
) -> Result<Option<(String, usize)>, WarehouseError> {
    let mut at = index + 1;
    while at < high && at < index + 24 {
        let part = rewriter.token(at).and_then(|token| token.name()).map(str::to_uppercase);
        if let Some(part) =
            part.filter(|part| at > index + 1 && keywords::DATE_PARTS.contains(&part.as_str()))
        {
            let number = rewriter.span(index + 1, at)?;
            return Ok(Some((format!("bq_interval({number}, '{part}')"), at + 1)));
        }
        at = rewriter.after(at);
    }
    Ok(None)
}

fn extract(rewriter: &mut Rewriter<'_>, open: usize, end: usize) -> Result<String, WarehouseError> {
    let mut from = open + 1;
    while from < end && !rewriter.is(from, "FROM") {
        from = rewriter.after(from);
    }
    let mut zone = from;
    while zone < end && !rewriter.is(zone, "AT") {
        zone = rewriter.after(zone);
    }
    let part = datatype::source(rewriter.tokens, open + 1, from).replace(' ', "").to_uppercase();
    let value = rewriter.span(from + 1, zone)?;
    let value = if zone < end {
        let zone = rewriter.span(zone + 3, end)?;
        format!("bq_datetime({value}, {zone})")
    } else {
        value
    };
    Ok(match part.as_str() {
        "DATE" => format!("bq_date({value})"),
        "TIME" => format!("bq_time({value})"),
        "DATETIME" => format!("bq_datetime({value})"),
        _ => format!("bq_extract('{part}', {value})"),
    })
}

fn cast(rewriter: &mut Rewriter<'_>, safe: bool, open: usize, end: usize) -> Result<String, WarehouseError> {
    let mut at = open + 1;
    while at < end && !rewriter.is(at, "AS") {
        at = rewriter.after(at);
    }
    let type_end = (at + 1..end).find(|index| rewriter.is(*index, "FORMAT")).unwrap_or(end);
    if type_end < end {
        return Err(invalid(
            "CAST with FORMAT is not supported by the embedded warehouse",
            rewriter.token(type_end).and_then(location),
            Some("use FORMAT_DATE, FORMAT_TIMESTAMP or PARSE_DATE"),
        ));
    }
    let value = rewriter.span(open + 1, at)?;
    let data_type = datatype::parse(rewriter.tokens.get(at + 1..end).unwrap_or_default())?;
    Ok(match (data_type.cast_macro(), safe) {
        (Some(name), false) => format!("bq_{name}({value})"),
        (Some(name), true) => format!("bq_safe_{name}({value})"),
        (None, false) => format!("CAST({value} AS {})", data_type.bigquery()),
        (None, true) => format!("SAFE_CAST({value} AS {})", data_type.bigquery()),
    })
}

/// Rewrites `array[OFFSET(n)]`, `[ORDINAL(n)]` and their SAFE forms.
pub(crate) fn subscript(
    rewriter: &mut Rewriter<'_>,
    array: &str,
    low: usize,
    high: usize,
) -> Result<String, WarehouseError> {
    let name = rewriter.token(low).and_then(|token| token.name()).map(str::to_uppercase).unwrap_or_default();
    let macro_name = match name.as_str() {
        "OFFSET" => "bq_offset",
        "SAFE_OFFSET" => "bq_safe_offset",
        "ORDINAL" => "bq_ordinal",
        "SAFE_ORDINAL" => "bq_safe_ordinal",
        _ => "",
    };
    if !macro_name.is_empty() && rewriter.is_symbol(low + 1, "(") {
        let position = rewriter.span(low + 2, rewriter.close(low + 1))?;
        return Ok(format!("{macro_name}({array}, {position})"));
    }
    let position = rewriter.span(low, high)?;
    Ok(format!("bq_offset({array}, {position})"))
}
