//! UNION, INTERSECT and EXCEPT, by position and by name.

use super::coerce::{coerce, supertype};
use super::names::Names;
use super::query::{Output, Relation};
use super::value::{Form, Value};
use super::{Analyzed, Analyzer, collation, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::names::quote;
use crate::warehouse::sql::syntax::ast::{At, Matching, NameMode, Query, SetKind};

impl Analyzer<'_> {
    pub(super) fn set_operation(
        &self,
        kind: &SetKind,
        inputs: &[Query],
        at: At,
        names: &Names<'_>,
    ) -> Analyzed<Relation> {
        let relations = inputs.iter().map(|input| self.query(input, names)).collect::<Analyzed<Vec<_>>>()?;
        self.combined(kind, relations, at)
    }

    /// The set operation of these queries.
    pub(super) fn combined(&self, kind: &SetKind, inputs: Vec<Relation>, at: At) -> Analyzed<Relation> {
        let orders = self.orders(kind, &inputs, at)?;
        let Some((first, first_order)) = inputs.first().zip(orders.first()) else {
            return Err(refuse(at, "A set operation needs two queries"));
        };
        let width = first_order.len();
        let mut columns: Vec<Output> = Vec::new();
        for index in 0..width {
            let mut values = Vec::new();
            let mut name = String::new();
            for (input, order) in inputs.iter().zip(&orders) {
                let column = order.get(index).copied().flatten().and_then(|column| input.columns.get(column));
                if name.is_empty() {
                    name = column.map(|column| column.name.clone()).unwrap_or_default();
                }
                values.push(column.map_or_else(Value::null, |column| column.value(column.sql_name.clone())));
            }
            let ty = supertype(&values.iter().collect::<Vec<_>>()).ok_or_else(|| {
                let types: Vec<String> = values.iter().map(|value| value.ty.bigquery()).collect();
                refuse(
                    at,
                    &format!(
                        "Column {} in {} {} has incompatible types: {}",
                        index + 1,
                        kind.verb,
                        if kind.all { "ALL" } else { "DISTINCT" },
                        types.join(", ")
                    ),
                )
            })?;
            if !kind.all || kind.verb != "UNION" {
                comparable(&ty, index, kind.verb, at)?;
                collation::refuse_inside(&ty, &format!("{} DISTINCT", kind.verb), at)?;
            }
            let sql_name = quote(&format!("{}_{index}", if name.is_empty() { "f" } else { &name }));
            columns.push(Output { name, sql_name, ty, form: Form::Other });
        }
        // The names stay as they are where they differ.
        let distinct_names = columns.iter().enumerate().all(|(index, column)| {
            !column.name.is_empty()
                && columns.iter().skip(index + 1).all(|other| !other.name.eq_ignore_ascii_case(&column.name))
        });
        for (index, column) in columns.iter_mut().enumerate() {
            column.sql_name = if distinct_names {
                quote(&column.name)
            } else if column.name.is_empty() {
                quote(&format!("f{index}_"))
            } else {
                column.sql_name.clone()
            };
        }
        let mut parts = Vec::new();
        for (input, order) in inputs.iter().zip(&orders) {
            let own = self.fresh("t");
            let mut list = Vec::new();
            for (column, position) in columns.iter().zip(order) {
                let value = match position.and_then(|position| input.columns.get(position)) {
                    None => Value::null(),
                    Some(input_column) => input_column.value(format!("{own}.{}", input_column.sql_name)),
                };
                let value = coerce(&value, &column.ty).unwrap_or(value).settled();
                list.push(format!("{} AS {}", value.sql, column.sql_name));
            }
            parts.push(format!("(SELECT {} FROM ({}) AS {own})", list.join(", "), input.sql));
        }
        let all = if kind.all { " ALL" } else { "" };
        let has_collation = columns.iter().any(|column| column.ty == DataType::Collated);
        let sql = if has_collation && !kind.all {
            self.distinct_by_keys(kind.verb, &parts, &columns)
        } else {
            parts.join(&format!(" {}{all} ", kind.verb))
        };
        Ok(Relation { sql, columns, is_value: first.is_value })
    }

    /// A set operation with DISTINCT over columns with a collation. Of equal rows, one stays.
    fn distinct_by_keys(&self, verb: &str, parts: &[String], columns: &[Output]) -> String {
        let (own, other) = (self.fresh("t"), self.fresh("t"));
        let keys = |table: &str| -> Vec<String> {
            let key = |column: &Output| collation::key(&column.value(format!("{table}.{}", column.sql_name)));
            columns.iter().map(key).collect()
        };
        let list = keys(&own).join(", ");
        let rows = if verb == "UNION" {
            parts.join(" UNION ALL ")
        } else {
            let pairs = keys(&own).into_iter().zip(keys(&other));
            let same: Vec<String> =
                pairs.map(|(left, right)| format!("{left} IS NOT DISTINCT FROM {right}")).collect();
            let (same, not) = (same.join(" AND "), if verb == "EXCEPT" { "NOT " } else { "" });
            let matched = |rows: String, part: &String| {
                format!(
                    "SELECT {own}.* FROM ({rows}) AS {own} WHERE {not}EXISTS (SELECT 1 FROM {part} AS {other} WHERE {same})"
                )
            };
            let mut parts = parts.iter();
            let first = parts.next().cloned().unwrap_or_default();
            parts.fold(first, matched)
        };
        format!("SELECT DISTINCT ON ({list}) {own}.* FROM ({rows}) AS {own}")
    }

    /// For each input, the positions of its columns in the order of the result. `None`: the column is NULL.
    fn orders(&self, kind: &SetKind, inputs: &[Relation], at: At) -> Analyzed<Vec<Vec<Option<usize>>>> {
        let first = inputs.first().map(|input| input.columns.len()).unwrap_or_default();
        let Matching::Name { mode, on } = &kind.matching else {
            for (index, input) in inputs.iter().enumerate() {
                if input.columns.len() != first {
                    return Err(refuse(
                        at,
                        &format!(
                            "Queries in {} {} have mismatched column count; query 1 has {first} column{}, query {} has {} column{}",
                            kind.verb,
                            if kind.all { "ALL" } else { "DISTINCT" },
                            if first == 1 { "" } else { "s" },
                            index + 1,
                            input.columns.len(),
                            if input.columns.len() == 1 { "" } else { "s" },
                        ),
                    ));
                }
            }
            return Ok(inputs.iter().map(|input| (0..input.columns.len()).map(Some).collect()).collect());
        };
        let named = |input: &Relation| -> Analyzed<Vec<String>> {
            let found: Vec<String> = input.columns.iter().map(|column| column.name.to_lowercase()).collect();
            for (index, name) in found.iter().enumerate() {
                if name.is_empty() {
                    return Err(refuse(at, "Anonymous columns are not allowed in set operations by name"));
                }
                if found.iter().skip(index + 1).any(|other| other == name) {
                    return Err(refuse(at, &format!("Duplicate column {name} in a set operation by name")));
                }
            }
            Ok(found)
        };
        let lists = inputs.iter().map(named).collect::<Analyzed<Vec<_>>>()?;
        let Some((head, rest)) = lists.split_first() else { return Ok(Vec::new()) };
        let in_all = |name: &String| lists.iter().all(|list| list.contains(name));
        let wanted: Vec<String> = match (on, mode) {
            (Some(on), mode) => {
                let on: Vec<String> = on.iter().map(|name| name.to_lowercase()).collect();
                for (index, name) in on.iter().enumerate() {
                    if on.iter().skip(index + 1).any(|other| other == name) {
                        return Err(refuse(
                            at,
                            &format!("Duplicate column {name} in the list of a set operation by name"),
                        ));
                    }
                    let there = match mode {
                        NameMode::Full => lists.iter().any(|list| list.contains(name)),
                        NameMode::Left => head.contains(name),
                        _ => in_all(name),
                    };
                    if !there {
                        return Err(refuse(
                            at,
                            &format!("Column {name} does not exist in every query of the set operation"),
                        ));
                    }
                }
                on
            }
            (None, NameMode::Strict) => {
                for list in rest {
                    if list.len() != head.len() || !head.iter().all(|name| list.contains(name)) {
                        return Err(refuse(
                            at,
                            "The queries of a set operation by name must have the same columns",
                        ));
                    }
                }
                head.clone()
            }
            (None, NameMode::Inner) => head.iter().filter(|name| in_all(name)).cloned().collect(),
            (None, NameMode::Left) => {
                for list in rest {
                    if !list.iter().any(|name| head.contains(name)) {
                        return Err(refuse(
                            at,
                            "The queries of a set operation by name must have a common column",
                        ));
                    }
                }
                head.clone()
            }
            (None, NameMode::Full) => {
                let mut all = head.clone();
                for name in rest.iter().flatten() {
                    if !all.contains(name) {
                        all.push(name.clone());
                    }
                }
                all
            }
        };
        if wanted.is_empty() {
            return Err(refuse(at, "The queries of a set operation by name must have a common column"));
        }
        Ok(lists
            .iter()
            .map(|list| wanted.iter().map(|name| list.iter().position(|own| own == name)).collect())
            .collect())
    }
}

/// Refuses a table for UNION DISTINCT with a column that has values which cannot be compared.
pub(super) fn no_duplicates(relation: &Relation, at: At) -> Analyzed<()> {
    relation.columns.iter().enumerate().try_for_each(|(index, column)| {
        if collation::has(&column.ty) {
            return Err(collation::unsupported("UNION DISTINCT of WITH RECURSIVE", at));
        }
        comparable(&column.ty, index, "UNION", at)
    })
}

/// Refuses a type that has values which cannot be compared, for the column with this index.
fn comparable(ty: &DataType, index: usize, verb: &str, at: At) -> Analyzed<()> {
    if ty.has(&|own| matches!(own, DataType::Json | DataType::Geography)) {
        let message =
            format!("Column {} of type {} cannot be used in {verb} DISTINCT", index + 1, ty.bigquery());
        return Err(refuse(at, &message));
    }
    Ok(())
}
