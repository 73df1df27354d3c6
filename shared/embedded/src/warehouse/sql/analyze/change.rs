//! INSERT, UPDATE, DELETE and MERGE.
//!
//! A row that UPDATE … FROM or MERGE would change twice is an error in BigQuery. DuckDB takes one of the changes. So the
//! statement comes with a query that finds such a row.

use super::coerce::without_null_elements;
use super::from::{pseudo_columns, stored_columns};
use super::names::{Names, Source};
use super::value::{Form, Value, field_names};
use super::{Analyzed, Analyzer, TableShape, missing, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::names::{PARTITION_TIME, literal, quote};
use crate::warehouse::sql::syntax::ast::{At, Expr, From, Node};
use crate::warehouse::sql::syntax::change_ast::{Change, Matched, MergeAction, MergeClause, Rows, What};
use segue_ports::warehouse::TableReference;

/// A change in DuckDB's syntax.
#[derive(Debug)]
pub(crate) struct Changed {
    pub(crate) sql: String,
    pub(crate) target: TableReference,
    /// A query that has a row if one row would be changed twice.
    pub(crate) twice: Option<String>,
}

/// The table that changes.
struct Target {
    table: TableReference,
    shape: TableShape,
    own: String,
    alias: String,
}

impl Target {
    fn sql(&self) -> String {
        format!("{}.{}", quote(&self.table.dataset), quote(&self.table.table))
    }

    fn source(&self) -> Source {
        let mut columns = stored_columns(&self.shape.columns, &self.own);
        columns.extend(pseudo_columns(self.shape.ingested_by, &self.own));
        Source { alias: Some(self.alias.clone()), columns, row: None }
    }

    fn column(&self, name: &str, at: At) -> Analyzed<(String, DataType)> {
        if self.shape.ingested_by.is_some() && name.eq_ignore_ascii_case(PARTITION_TIME) {
            return Ok((PARTITION_TIME.to_owned(), DataType::Timestamp));
        }
        let found = self.shape.columns.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.cloned().ok_or_else(|| {
            refuse(
                at,
                &format!("Column {name} is not present in table {}.{}", self.table.dataset, self.table.table),
            )
        })
    }
}

impl Analyzer<'_> {
    pub(crate) fn change(&self, change: &Change) -> Analyzed<Changed> {
        let table = self.scope.table(&change.target, change.target_at)?;
        let shape = self.catalog.table(&table)?;
        self.tables.borrow_mut().push(table.clone());
        let alias = change.alias.clone().unwrap_or_else(|| table.table.clone());
        let target = Target { table, shape, own: self.fresh("t"), alias };
        let (sql, twice) = match &change.what {
            What::Insert { columns, rows } => (self.insert(&target, columns, rows, change.at)?, None),
            What::Update { set, from, filter } => self.update(&target, set, from.as_ref(), filter)?,
            What::Delete { filter } => {
                let names = Names { sources: vec![target.source()], ..Names::none() };
                let filter = self.condition(filter, "WHERE clause", &names)?;
                (format!("DELETE FROM {} AS {} WHERE {}", target.sql(), target.own, filter.sql), None)
            }
            What::Merge { source, on, clauses } => self.merge(&target, source, on, clauses)?,
        };
        Ok(Changed { sql, target: target.table, twice })
    }

    /// A value for a column.
    fn assigned(
        &self,
        target: &Target,
        value: &Value,
        name: &str,
        ty: &DataType,
        at: At,
    ) -> Analyzed<String> {
        let sql = super::coerce::stored(value, ty).ok_or_else(|| {
            refuse(
                at,
                &format!(
                    "Value of type {} cannot be assigned to {name}, which has type {}",
                    value.ty.bigquery(),
                    ty.bigquery()
                ),
            )
        })?;
        Ok(match target.shape.ingested_by.filter(|_| name == PARTITION_TIME) {
            Some(unit) => format!("bq_partition_time({sql}, '{unit}')"),
            None => self.without_nulls(value, name, ty, sql),
        })
    }

    /// The text of a value for a column. A literal of an array shows that it has no NULL.
    fn without_nulls(&self, value: &Value, name: &str, ty: &DataType, sql: String) -> String {
        let is_plain = |item: &Value| item.never_null && !matches!(item.ty, DataType::Struct(_));
        match &value.form {
            Form::Null => sql,
            Form::Array(items) if items.iter().all(is_plain) => sql,
            _ => without_null_elements(&Value::new(ty.plain(), sql.clone()), name).unwrap_or(sql),
        }
    }

    fn insert(&self, target: &Target, columns: &[(String, At)], rows: &Rows, at: At) -> Analyzed<String> {
        let wanted: Vec<(String, DataType)> = if columns.is_empty() {
            target.shape.columns.clone()
        } else {
            columns.iter().map(|(name, at)| target.column(name, *at)).collect::<Analyzed<_>>()?
        };
        for (index, (name, place)) in columns.iter().enumerate() {
            if columns.iter().skip(index + 1).any(|(other, _)| other.eq_ignore_ascii_case(name)) {
                return Err(refuse(*place, &format!("INSERT has columns with duplicate name: {name}")));
            }
        }
        let list: Vec<String> = wanted.iter().map(|(name, _)| quote(name)).collect();
        let head = format!("INSERT INTO {} ({})", target.sql(), list.join(", "));
        let mismatch = |count: usize| {
            refuse(
                at,
                &format!("Inserted row has wrong column count; Has {count}, expected {}", wanted.len()),
            )
        };
        match rows {
            Rows::Values(rows) => {
                let mut texts = Vec::new();
                for row in rows {
                    if row.len() != wanted.len() {
                        return Err(mismatch(row.len()));
                    }
                    texts.push(self.row(target, row, &wanted, &Names::none())?);
                }
                Ok(format!("{head} VALUES {}", texts.join(", ")))
            }
            Rows::Query(query) => {
                let relation = self.query(query, &Names::none())?;
                if relation.columns.len() != wanted.len() {
                    return Err(mismatch(relation.columns.len()));
                }
                let own = self.fresh("t");
                let mut parts = Vec::new();
                for (column, (name, ty)) in relation.columns.iter().zip(&wanted) {
                    let value = column.value(format!("{own}.{}", column.sql_name));
                    let sql = self.assigned(target, &value, name, ty, query.at).map_err(|_| {
                        refuse(query.at, &format!("Query column has type {} which cannot be inserted into column {name}, which has type {}", column.ty.bigquery(), ty.bigquery()))
                    })?;
                    parts.push(sql);
                }
                Ok(format!("{head} SELECT {} FROM ({}) AS {own}", parts.join(", "), relation.sql))
            }
        }
    }

    fn row(
        &self,
        target: &Target,
        row: &[Option<Expr>],
        wanted: &[(String, DataType)],
        names: &Names<'_>,
    ) -> Analyzed<String> {
        let mut parts = Vec::new();
        for (value, (name, ty)) in row.iter().zip(wanted) {
            parts.push(match value {
                None => "DEFAULT".to_owned(),
                Some(expr) => {
                    let value = self.expr(expr, names)?;
                    self.assigned(target, &value, name, ty, expr.at)?
                }
            });
        }
        Ok(format!("({})", parts.join(", ")))
    }

    /// The assignments of SET.
    fn assignments(
        &self,
        target: &Target,
        set: &[(Vec<String>, At, Option<Expr>)],
        names: &Names<'_>,
    ) -> Analyzed<String> {
        let mut parts: Vec<(String, String)> = Vec::new();
        let mut taken: Vec<Vec<String>> = Vec::new();
        for (path, at, value) in set {
            let path: &[String] = match path.as_slice() {
                [alias, rest @ ..] if !rest.is_empty() && alias.eq_ignore_ascii_case(&target.alias) => rest,
                path => path,
            };
            let Some((first, fields)) = path.split_first() else { continue };
            let (name, ty) = target.column(first, *at)?;
            let lower: Vec<String> = path.iter().map(|part| part.to_lowercase()).collect();
            if taken.iter().any(|other| other.starts_with(&lower) || lower.starts_with(other)) {
                let shown = path.join(".");
                return Err(refuse(*at, &format!("Update item {shown} assigned more than once")));
            }
            taken.push(lower);
            let earlier = parts.iter().position(|(own, _)| *own == name);
            let sql = match value {
                None if fields.is_empty() => "DEFAULT".to_owned(),
                value => {
                    // The default of a field is NULL.
                    let default = Expr::new(*at, Node::Null);
                    let expr = value.as_ref().unwrap_or(&default);
                    let own = self.expr(expr, names)?;
                    if fields.is_empty() {
                        self.assigned(target, &own, &name, &ty, expr.at)?
                    } else {
                        // Another field of the same struct may have been set before.
                        let before = earlier.and_then(|index| parts.get(index)).map(|(_, sql)| sql.clone());
                        let before = before.unwrap_or_else(|| format!("{}.{}", target.own, quote(&name)));
                        self.with_field(&Value::new(ty, before), fields, &own, *at)?
                    }
                }
            };
            match earlier.and_then(|index| parts.get_mut(index)) {
                Some(part) => part.1 = sql,
                None => parts.push((name, sql)),
            }
        }
        Ok(parts.iter().map(|(name, sql)| format!("{} = {sql}", quote(name))).collect::<Vec<_>>().join(", "))
    }

    /// A struct with another value in one field.
    fn with_field(&self, column: &Value, path: &[String], value: &Value, at: At) -> Analyzed<String> {
        let Some((name, rest)) = path.split_first() else {
            return Ok(self.coerced(value, &column.ty, at)?.settled().sql);
        };
        let DataType::Struct(fields) = &column.ty else {
            return Err(refuse(
                at,
                &format!("Cannot access field {name} on a value with type {}", column.ty.bigquery()),
            ));
        };
        if !fields.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)) {
            return Err(refuse(at, &format!("Field name {name} does not exist in {}", column.ty.bigquery())));
        }
        let mut parts = Vec::new();
        for (own, (field, ty)) in field_names(fields).iter().zip(fields) {
            let inner = Value::new(ty.clone(), format!("struct_extract({}, {})", column.sql, literal(own)));
            let sql = if field.eq_ignore_ascii_case(name) {
                self.with_field(&inner, rest, value, at)?
            } else {
                inner.sql
            };
            parts.push(format!("{} := {sql}", quote(own)));
        }
        let packed = format!("struct_pack({})", parts.join(", "));
        let message = literal(&format!("Cannot set field of NULL {}", column.ty.bigquery()));
        let x = &column.sql;
        Ok(format!("CASE WHEN {x} IS NULL THEN bq_error_of({x}, {message}) ELSE {packed} END"))
    }

    fn update(
        &self,
        target: &Target,
        set: &[(Vec<String>, At, Option<Expr>)],
        from: Option<&From>,
        filter: &Expr,
    ) -> Analyzed<(String, Option<String>)> {
        let mut names = Names::none();
        let text = from.map(|from| self.from(from, &mut names)).transpose()?;
        names.sources.insert(0, target.source());
        let filter = self.condition(filter, "WHERE clause", &names)?;
        let set = self.assignments(target, set, &names)?;
        let own = &target.own;
        let mut sql = format!("UPDATE {} AS {own} SET {set}", target.sql());
        let mut twice = None;
        if let Some(text) = text {
            sql.push_str(&format!(" FROM {text}"));
            twice = Some(format!(
                "SELECT 1 FROM {} AS {own} CROSS JOIN {} WHERE {} GROUP BY {own}.rowid HAVING count(*) > 1 LIMIT 1",
                target.sql(),
                joinable(&text),
                filter.sql
            ));
        }
        sql.push_str(&format!(" WHERE {}", filter.sql));
        Ok((sql, twice))
    }

    fn merge(
        &self,
        target: &Target,
        source: &From,
        on: &Expr,
        clauses: &[MergeClause],
    ) -> Analyzed<(String, Option<String>)> {
        let mut names = Names::none();
        let source_sql = self.from(source, &mut names)?;
        let source_columns = names.all_columns();
        let source_only = Names {
            sources: std::mem::take(&mut names.sources),
            joined: std::mem::take(&mut names.joined),
            ..Names::none()
        };
        let target_only = Names { sources: vec![target.source()], ..Names::none() };
        let both = Names {
            sources: std::iter::once(target.source()).chain(source_only.sources.iter().cloned()).collect(),
            ..Names::none()
        };
        let on_value = self.condition(on, "MERGE ON clause", &both)?;
        let mut sql =
            format!("MERGE INTO {} AS {} USING {source_sql} ON {}", target.sql(), target.own, on_value.sql);
        let mut conditions = Vec::new();
        for clause in clauses {
            let scope = match clause.matched {
                Matched::Both => &both,
                Matched::Source => &source_only,
                Matched::Target => &target_only,
            };
            let condition = match &clause.condition {
                Some(condition) => Some(self.condition(condition, "WHEN clause", scope)?.sql),
                None => None,
            };
            if clause.matched == Matched::Both {
                conditions.push(condition.clone().unwrap_or_else(|| "TRUE".to_owned()));
            }
            let when = match clause.matched {
                Matched::Both => "WHEN MATCHED",
                Matched::Source => "WHEN NOT MATCHED BY TARGET",
                Matched::Target => "WHEN NOT MATCHED BY SOURCE",
            };
            sql.push_str(&format!(" {when}"));
            if let Some(condition) = condition {
                sql.push_str(&format!(" AND {condition}"));
            }
            match &clause.action {
                MergeAction::Delete => sql.push_str(" THEN DELETE"),
                MergeAction::Update(set) => {
                    sql.push_str(&format!(" THEN UPDATE SET {}", self.assignments(target, set, scope)?));
                }
                MergeAction::InsertRow => {
                    let mut values = Vec::new();
                    for (name, ty) in &target.shape.columns {
                        let own = source_columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
                        let own = own.ok_or_else(|| {
                            refuse(clause.at, &format!("INSERT ROW: the source has no column {name}"))
                        })?;
                        values.push(self.assigned(target, &own.value, name, ty, clause.at)?);
                    }
                    let list: Vec<String> =
                        target.shape.columns.iter().map(|(name, _)| quote(name)).collect();
                    sql.push_str(&format!(
                        " THEN INSERT ({}) VALUES ({})",
                        list.join(", "),
                        values.join(", ")
                    ));
                }
                MergeAction::Insert { columns, values } => {
                    let wanted: Vec<(String, DataType)> = if columns.is_empty() {
                        target.shape.columns.clone()
                    } else {
                        columns.iter().map(|(name, at)| target.column(name, *at)).collect::<Analyzed<_>>()?
                    };
                    if values.len() != wanted.len() {
                        return Err(refuse(
                            clause.at,
                            &format!(
                                "Inserted row has wrong column count; Has {}, expected {}",
                                values.len(),
                                wanted.len()
                            ),
                        ));
                    }
                    let list: Vec<String> = wanted.iter().map(|(name, _)| quote(name)).collect();
                    let row = self.row(target, values, &wanted, scope)?;
                    sql.push_str(&format!(" THEN INSERT ({}) VALUES {row}", list.join(", ")));
                }
            }
        }
        let twice = (!conditions.is_empty()).then(|| {
            format!(
                "SELECT 1 FROM {} AS {own} INNER JOIN {} ON {} WHERE {} GROUP BY {own}.rowid HAVING count(*) > 1 LIMIT 1",
                target.sql(),
                joinable(&source_sql),
                on_value.sql,
                conditions.join(" OR "),
                own = target.own,
            )
        });
        if conditions.iter().any(|condition| condition.contains("random()")) {
            return Err(missing(on.at, "RAND in a MERGE"));
        }
        Ok((sql, twice))
    }
}

/// A FROM clause as the right side of a join.
fn joinable(from: &str) -> String {
    if from.contains(" JOIN ") { format!("({from})") } else { from.to_owned() }
}
