//! WITH: tables that a query names, recursive ones too.

use super::names::{Names, Source};
use super::query::{Output, Relation};
use super::value::{Form, Value};
use super::{Analyzed, Analyzer, CommonTable, refuse};
use crate::warehouse::sql::syntax::ast::{At, Body, Query};

/// How often BigQuery repeats the recursive part of a table.
const MOST_ITERATIONS: u32 = 500;

impl Analyzer<'_> {
    /// The tables of WITH. A table of WITH RECURSIVE may name one that follows.
    pub(super) fn common_tables(&self, query: &Query, names: &Names<'_>) -> Analyzed<Vec<String>> {
        for (index, (name, at, _)) in query.with.iter().enumerate() {
            if query.with.iter().take(index).any(|(other, _, _)| other.eq_ignore_ascii_case(name)) {
                return Err(refuse(*at, &format!("Duplicate alias {name} for WITH subquery")));
            }
        }
        let mut texts = Vec::new();
        let mut pending: Vec<_> = query.with.iter().collect();
        while !pending.is_empty() {
            let mut later = Vec::new();
            let mut first_refusal = None;
            let count = pending.len();
            for item @ (name, at, own) in pending {
                let before = self.common.borrow().len();
                match self.common_table(name, *at, own, query.recursive, names) {
                    Ok(text) => texts.push(text),
                    Err(refusal) if query.recursive => {
                        self.common.borrow_mut().truncate(before);
                        first_refusal.get_or_insert(refusal);
                        later.push(item);
                    }
                    Err(refusal) => return Err(refusal),
                }
            }
            if let Some(refusal) = first_refusal.filter(|_| later.len() == count) {
                return Err(refusal);
            }
            pending = later;
        }
        Ok(texts)
    }

    fn common_table(
        &self,
        name: &str,
        at: At,
        query: &Query,
        is_recursive: bool,
        names: &Names<'_>,
    ) -> Analyzed<String> {
        let own = self.fresh("c");
        let entry = |relation: &Relation| CommonTable {
            name: name.to_lowercase(),
            own: own.clone(),
            columns: relation
                .columns
                .iter()
                .map(|column| (column.name.clone(), column.sql_name.clone(), column.ty.clone()))
                .collect(),
            is_value: relation.is_value,
        };
        let list = |relation: &Relation| {
            relation.columns.iter().map(|column| column.sql_name.clone()).collect::<Vec<_>>().join(", ")
        };
        if is_recursive
            && let Body::Set(set) = &query.body
            && let Some((base, rest)) = set.inputs.split_first()
            && set.kind.verb == "UNION"
            && query.order.is_empty()
            && query.limit.is_none()
            && query.with.is_empty()
        {
            let before = self.common.borrow().len();
            let base = self.query(base, names)?;
            self.common.borrow_mut().push(entry(&base));
            let rest = rest.iter().map(|input| self.query(input, names)).collect::<Analyzed<Vec<_>>>()?;
            if rest.iter().any(|relation| names_table(&relation.sql, &own)) {
                let mut parts = vec![base.sql.clone()];
                for input in rest {
                    parts.push(self.as_columns(input, &base, at)?);
                }
                let mut columns = list(&base);
                if set.kind.all {
                    let depth = self.fresh("d");
                    parts = self.counted(parts, &own, &depth);
                    columns = format!("{columns}, {depth}");
                }
                let all = if set.kind.all { "ALL " } else { "" };
                let sql = parts.iter().map(|part| format!("({part})")).collect::<Vec<_>>();
                let text = format!("{own}({columns}) AS ({})", sql.join(&format!(" UNION {all}")));
                return Ok(text);
            }
            self.common.borrow_mut().truncate(before);
        }
        let relation = self.query(query, names)?;
        self.common.borrow_mut().push(entry(&relation));
        Ok(format!("{own}({}) AS ({})", list(&relation), relation.sql))
    }

    /// The parts of a recursive table with a column for the number of the iteration. BigQuery ends a query with too many
    /// iterations; DuckDB would go on for ever.
    fn counted(&self, parts: Vec<String>, own: &str, depth: &str) -> Vec<String> {
        let next = format!("(SELECT max({depth}) + 1 FROM {own})");
        let refusal =
            format!("A recursive CTE has reached the maximum number of iterations: {MOST_ITERATIONS}");
        let counter = format!("CASE WHEN {next} > {MOST_ITERATIONS} THEN error('{refusal}') ELSE {next} END");
        let with_number = |(index, part): (usize, String)| {
            let alias = self.fresh("t");
            let number = if index == 0 { "0" } else { &counter };
            format!("SELECT {alias}.*, {number} FROM ({part}) AS {alias}")
        };
        parts.into_iter().enumerate().map(with_number).collect()
    }

    /// The query with its columns as those of `base`.
    fn as_columns(&self, input: Relation, base: &Relation, at: At) -> Analyzed<String> {
        if input.columns.len() != base.columns.len() {
            return Err(refuse(at, "Queries of a recursive WITH have mismatched column count"));
        }
        let alias = self.fresh("t");
        let mut parts = Vec::new();
        for (column, wanted) in input.columns.iter().zip(&base.columns) {
            let value = Value::new(column.ty.clone(), format!("{alias}.{}", column.sql_name));
            let value = self.coerced(&value, &wanted.ty, at)?;
            parts.push(format!("{} AS {}", value.sql, wanted.sql_name));
        }
        Ok(format!("SELECT {} FROM ({}) AS {alias}", parts.join(", "), input.sql))
    }

    /// The columns that WITH gives to this name.
    pub(super) fn common_source(
        &self,
        name: &str,
        own: &str,
        alias: Option<String>,
    ) -> Option<(String, Source)> {
        let lower = name.to_lowercase();
        let common = self.common.borrow();
        let found = common.iter().rev().find(|common| common.name == lower)?;
        let relation = Relation {
            sql: String::new(),
            columns: found
                .columns
                .iter()
                .map(|(name, sql_name, ty)| Output {
                    name: name.clone(),
                    sql_name: sql_name.clone(),
                    ty: ty.clone(),
                    form: Form::Other,
                })
                .collect(),
            is_value: found.is_value,
        };
        Some((found.own.clone(), relation.source(own, alias)))
    }
}

/// Whether a statement names this table of WITH.
fn names_table(sql: &str, own: &str) -> bool {
    sql.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|word| word == own)
}
