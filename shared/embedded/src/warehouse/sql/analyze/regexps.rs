//! REGEXP_EXTRACT, REGEXP_EXTRACT_ALL and REGEXP_REPLACE over texts and bytes.
//!
//! DuckDB has the same regular expressions as BigQuery, and does the work where both find the same matches. Functions in
//! Rust do the rest.

use super::calls::no_signature;
use super::coerce::coerce;
use super::value::{Form, Value};
use super::{Analyzed, Analyzer, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::syntax::ast::At;

impl Analyzer<'_> {
    /// REGEXP_EXTRACT, REGEXP_SUBSTR and REGEXP_EXTRACT_ALL.
    pub(super) fn regexp_extract(&self, name: &str, values: &[Value], at: At) -> Analyzed<Value> {
        let refused = || no_signature(name, values, at);
        let (kind, typed) = typed(values, 2).ok_or_else(refused)?;
        let [text, pattern] = typed.as_slice() else { return Err(refused()) };
        let is_all = name == "REGEXP_EXTRACT_ALL";
        if is_all && values.len() > 2 {
            return Err(refused());
        }
        let number = |index: usize| -> Analyzed<String> {
            match values.get(index) {
                None => Ok("'1'".to_owned()),
                Some(value) => {
                    Ok(format!("CAST({} AS VARCHAR)", self.coerced(value, &DataType::Int64, at)?.sql))
                }
            }
        };
        if kind == DataType::Bytes {
            let (text, pattern) = (hex(text), hex(pattern));
            return Ok(if is_all {
                Value::new(
                    DataType::Array(Box::new(kind)),
                    format!(
                        "list_transform(CAST(CAST(bqf('bytes_regexp_extract_all', {text}, {pattern}) AS JSON) AS \
                         VARCHAR[]), lambda e: unhex(e))"
                    ),
                )
            } else {
                let (position, occurrence) = (number(2)?, number(3)?);
                Value::new(
                    kind,
                    format!(
                        "unhex(bqf('bytes_regexp_extract', {text}, {pattern}, {position}, {occurrence}))"
                    ),
                )
            });
        }
        let group = match &pattern.form {
            Form::Text(text) => {
                let groups = groups(text);
                if groups > 1 {
                    return Err(refuse(at, "Regular expression has more than 1 capturing group"));
                }
                Some(groups)
            }
            _ => None,
        };
        let sql = match (group, is_all, values.len()) {
            (Some(group), true, 2) if !can_be_empty(pattern) => {
                format!("regexp_extract_all({}, {}, {group})", text.sql, pattern.sql)
            }
            (Some(group), false, 2) if group == 0 || !may_skip_group(pattern) => {
                format!("bq_regexp_extract({}, {}, {group})", text.sql, pattern.sql)
            }
            (_, true, _) => {
                format!(
                    "CAST(CAST(bqf('regexp_extract_all', {}, {}) AS JSON) AS VARCHAR[])",
                    text.sql, pattern.sql
                )
            }
            _ => {
                format!(
                    "bqf('regexp_extract', {}, {}, {}, {})",
                    text.sql,
                    pattern.sql,
                    number(2)?,
                    number(3)?
                )
            }
        };
        let ty = if is_all { DataType::Array(Box::new(DataType::String)) } else { DataType::String };
        Ok(Value::new(ty, sql))
    }

    /// REGEXP_REPLACE.
    pub(super) fn regexp_replace(&self, values: &[Value], at: At) -> Analyzed<Value> {
        let refused = || no_signature("REGEXP_REPLACE", values, at);
        let (kind, typed) = typed(values, 3).ok_or_else(refused)?;
        let [text, pattern, rewrite] = typed.as_slice() else { return Err(refused()) };
        if kind == DataType::Bytes {
            let (text, pattern, rewrite) = (hex(text), hex(pattern), hex(rewrite));
            let sql = format!("unhex(bqf('bytes_regexp_replace', {text}, {pattern}, {rewrite}))");
            return Ok(Value::new(kind, sql));
        }
        let is_plain = matches!(&rewrite.form, Form::Text(text) if !text.contains('\\'));
        let rewrite = if is_plain {
            rewrite.sql.clone()
        } else {
            format!("bqf('regexp_rewrite', {}, {})", pattern.sql, rewrite.sql)
        };
        Ok(Value::new(kind, format!("regexp_replace({}, {}, {rewrite}, 'g')", text.sql, pattern.sql)))
    }
}

/// The first arguments, which are all STRING or all BYTES, and their type.
fn typed(values: &[Value], count: usize) -> Option<(DataType, Vec<Value>)> {
    let own = values.get(..count)?;
    let is_bytes = own.iter().any(|value| !value.is_null() && value.ty == DataType::Bytes);
    let kind = if is_bytes { DataType::Bytes } else { DataType::String };
    let own: Vec<Value> = own.iter().map(|value| coerce(value, &kind)).collect::<Option<_>>()?;
    Some((kind, own))
}

/// The hexadecimal digits of bytes.
fn hex(value: &Value) -> String {
    format!("hex({})", value.sql)
}

/// Whether a pattern may match nothing. DuckDB finds more of such matches than BigQuery.
fn can_be_empty(pattern: &Value) -> bool {
    match &pattern.form {
        Form::Text(text) => text.is_empty() || text.contains(['*', '?', '|', '{', '^', '$', '\\']),
        _ => true,
    }
}

/// Whether a pattern may match without its group. BigQuery's answer is NULL, DuckDB's is an empty text.
fn may_skip_group(pattern: &Value) -> bool {
    match &pattern.form {
        Form::Text(text) => text.contains('|') || [")?", ")*", "){"].iter().any(|end| text.contains(end)),
        _ => true,
    }
}

/// The number of capturing groups of a pattern.
fn groups(pattern: &str) -> usize {
    let mut count = 0;
    let mut in_class = false;
    let mut characters = pattern.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' => {
                characters.next();
            }
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => {
                // `(?:…)` captures nothing, `(?P<name>…)` does.
                let is_special = characters.peek() == Some(&'?');
                if !is_special || matches!(characters.clone().nth(1), Some('P' | '<')) {
                    count += 1;
                }
            }
            _ => {}
        }
    }
    count
}
