//! WITH: tables that a query names, recursive ones too.

use super::names::{Names, Source};
use super::query::{Output, Relation};
use super::sets::no_duplicates;
use super::value::{Form, Value};
use super::{Analyzed, Analyzer, CommonTable, missing, recursion, refuse};
use crate::warehouse::sql::syntax::ast::{At, Body, Matching, Query, With};

/// How often BigQuery repeats the recursive part of a table.
const MOST_ITERATIONS: u32 = 500;

impl Analyzer<'_> {
    /// The tables of WITH. A table of WITH RECURSIVE may name one that follows.
    pub(super) fn common_tables(&self, query: &Query, names: &Names<'_>) -> Analyzed<Vec<String>> {
        for (index, own) in query.with.iter().enumerate() {
            if query.with.iter().take(index).any(|other| other.is(&own.name)) {
                return Err(refuse(own.at, &format!("Duplicate alias {} for WITH subquery", own.name)));
            }
        }
        let ordered =
            if query.recursive { recursion::ordered(&query.with)? } else { query.with.iter().collect() };
        let mut texts = Vec::new();
        for own in ordered {
            if query.recursive && own.times(&own.name) > 0 {
                texts.extend(self.recursive_table(own, names)?);
            } else {
                let relation = self.query(&own.query, names)?;
                let name = self.add_common(own, &relation);
                texts.push(format!("{name}({}) AS ({})", list(&relation), relation.sql));
            }
        }
        Ok(texts)
    }

    /// Adds a table to those that the next queries can name. Returns its name in DuckDB.
    fn add_common(&self, own: &With, relation: &Relation) -> String {
        let name = self.fresh("c");
        let column = |column: &Output| (column.name.clone(), column.sql_name.clone(), column.ty.clone());
        self.common.borrow_mut().push(CommonTable {
            name: own.name.to_lowercase(),
            own: name.clone(),
            columns: relation.columns.iter().map(column).collect(),
            is_value: relation.is_value,
        });
        name
    }

    /// A table that names itself, after the tables of its own WITH.
    fn recursive_table(&self, own: &With, names: &Names<'_>) -> Analyzed<Vec<String>> {
        let query = &own.query;
        let Body::Set(set) = &query.body else {
            return Err(recursion::misplaced(&own.name, own.at, "is no UNION"));
        };
        let is_plain = query.order.is_empty() && query.limit.is_none() && query.pipes.is_empty();
        if set.kind.verb != "UNION" || !is_plain {
            return Err(recursion::misplaced(&own.name, own.at, "is no UNION without other clauses"));
        }
        if set.kind.matching != Matching::Position {
            return Err(missing(set.at, "A recursive table with BY NAME or CORRESPONDING"));
        }
        let Some((last, first)) = set.inputs.split_last() else {
            return Err(recursion::misplaced(&own.name, own.at, "is no UNION"));
        };
        recursion::check(own, last)?;
        let before = self.common.borrow().len();
        let mut texts = self.common_tables(query, names)?;
        let base = match first {
            [base] => self.query(base, names)?,
            several => self.set_operation(&set.kind, several, set.at, names)?,
        };
        let name = self.add_common(own, &base);
        let next = self.query(last, names)?;
        let next = self.as_columns(next, &base, own.at)?;
        let mut common = self.common.borrow_mut();
        let entry = common.pop();
        common.truncate(before);
        common.extend(entry);
        drop(common);
        texts.push(if set.kind.all {
            self.repeated(&name, &base, &next)
        } else {
            no_duplicates(&base, set.at)?;
            self.repeated_distinct(&name, &base, &next)
        });
        Ok(texts)
    }

    /// A table by UNION ALL. A column for the number of the iteration lets the query end with an error, where DuckDB
    /// would go on for ever.
    fn repeated(&self, name: &str, base: &Relation, next: &str) -> String {
        let (depth, alias) = (self.fresh("d"), self.fresh("t"));
        let counter = counter(name, &depth);
        let columns = list(base);
        let base = &base.sql;
        format!(
            "{name}({columns}, {depth}) AS ((SELECT {alias}.*, 0 FROM ({base}) AS {alias}) UNION ALL (SELECT {alias}.*, {counter} FROM ({next}) AS {alias}))"
        )
    }

    /// A table by UNION DISTINCT. DuckDB keeps one row for each key, and the key is all columns of the table without the
    /// number of the iteration. The rows that are there already are no rows of the next iteration.
    fn repeated_distinct(&self, name: &str, base: &Relation, next: &str) -> String {
        let (depth, alias, known) = (self.fresh("d"), self.fresh("t"), self.fresh("k"));
        let counter = counter(name, &depth);
        let columns = list(base);
        let same: Vec<String> = base
            .columns
            .iter()
            .map(|column| format!("{known}.{0} IS NOT DISTINCT FROM {alias}.{0}", column.sql_name))
            .collect();
        let (base, same) = (&base.sql, same.join(" AND "));
        format!(
            "{name}({columns}, {depth}) USING KEY ({columns}) AS ((SELECT DISTINCT {alias}.*, 0 FROM ({base}) AS {alias}) UNION (SELECT DISTINCT {alias}.*, {counter} FROM ({next}) AS {alias} WHERE NOT EXISTS (SELECT 1 FROM recurring.{name} AS {known} WHERE {same})))"
        )
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

/// The names of the columns in DuckDB.
fn list(relation: &Relation) -> String {
    let names: Vec<&str> = relation.columns.iter().map(|column| column.sql_name.as_str()).collect();
    names.join(", ")
}

/// The number of an iteration, or an error if it is too large.
fn counter(name: &str, depth: &str) -> String {
    let next = format!("(SELECT coalesce(max({depth}), 0) + 1 FROM {name})");
    let refusal = format!("A recursive CTE has reached the maximum number of iterations: {MOST_ITERATIONS}");
    format!("CASE WHEN {next} > {MOST_ITERATIONS} THEN error('{refusal}') ELSE {next} END")
}
