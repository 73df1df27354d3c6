//! FROM: tables, UNNEST, queries, table functions and joins.

use super::coerce::{coerce, plain, supertype};
use super::names::{Column, Names, Source};
use super::query::value_columns;
use super::value::{Form, Value};
use super::{Analyzed, Analyzer, Information, missing, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::names::{PARTITION_TIME, literal, quote};
use crate::warehouse::sql::syntax::ast::{At, Expr, From, JoinKind, Node};

/// A view of INFORMATION_SCHEMA: its text, and its columns.
type View = (String, Vec<(String, DataType)>);

impl Analyzer<'_> {
    /// A table or join. Adds its columns to `names`.
    pub(super) fn from(&self, from: &From, names: &mut Names<'_>) -> Analyzed<String> {
        match from {
            From::Table { at, path, alias, past, offset } => {
                if *past {
                    return Err(missing(*at, "FOR SYSTEM_TIME AS OF"));
                }
                self.table(path, alias.as_deref(), offset.as_deref(), names, *at)
            }
            From::Unnest { at, array, alias, offset } => {
                self.unnest(array, alias.as_deref(), offset.as_deref(), names, *at)
            }
            From::Query { query, alias } => {
                let around = Names::none();
                let relation = self.query(query, names.parent.unwrap_or(&around))?;
                let own = self.fresh("t");
                names.sources.push(relation.source(&own, alias.clone()));
                Ok(format!("({}) AS {own}", relation.sql))
            }
            From::Call { at, path, arguments, alias } => {
                self.table_call(path, arguments, alias.clone(), names, *at)
            }
            From::Join { at, kind, left, right, on, using } => {
                self.join(*kind, left, right, on.as_ref(), using, names, *at)
            }
            From::Pivot { input, pivot, alias } => self.pivot_from(input, pivot, alias.clone(), names),
            From::Unpivot { input, unpivot, alias } => {
                self.unpivot_from(input, unpivot, alias.clone(), names)
            }
            From::Sample { input, percent } => {
                let percent = self.percent(percent)?;
                let sql = self.from(input, names)?;
                let (table, own) = sql.rsplit_once(" AS ").unwrap_or((&sql, "t"));
                Ok(format!("(SELECT * FROM {table} WHERE random() * 100 < {percent}) AS {own}"))
            }
        }
    }

    /// The percentage of TABLESAMPLE.
    pub(super) fn percent(&self, expr: &Expr) -> Analyzed<String> {
        let value = self.constant_as(expr, &DataType::Float64)?;
        if let Form::Number(number) = &value.form
            && !number.parse::<f64>().is_ok_and(|number| (0.0..=100.0).contains(&number))
        {
            return Err(refuse(expr.at, "The percentage of TABLESAMPLE must be from 0 to 100"));
        }
        Ok(value.sql)
    }

    fn table(
        &self,
        path: &[String],
        alias: Option<&str>,
        offset: Option<&str>,
        names: &mut Names<'_>,
        at: At,
    ) -> Analyzed<String> {
        let last = path.last().cloned().unwrap_or_default();
        let shown = alias.map_or_else(|| last.clone(), str::to_owned);
        let own = self.fresh("t");
        if let [name] = path
            && let Some((table, source)) = self.common_source(name, &own, Some(shown.clone()))
        {
            names.sources.push(source);
            return Ok(format!("{table} AS {own}"));
        }
        let first = path.first().cloned().unwrap_or_default();
        if path.len() > 1 && names.visible_source(&first).is_some() {
            let mut expr = Expr::new(at, Node::Name(first));
            for part in path.iter().skip(1) {
                expr = Expr::new(at, Node::Field(Box::new(expr), part.clone()));
            }
            return self.unnest(&expr, Some(&shown), offset, names, at);
        }
        if let Some((sql, columns)) = self.information(path, at)? {
            let columns = columns
                .into_iter()
                .map(|(name, ty)| Column {
                    value: Value::new(ty, format!("{own}.{}", quote(&name))),
                    name,
                    hidden: false,
                })
                .collect();
            names.sources.push(Source { alias: Some(shown), columns, row: None });
            return Ok(format!("{sql} AS {own}"));
        }
        if last.ends_with('*') {
            return self.wildcard(path, alias, &own, names, at);
        }
        if last.contains('$') {
            return Err(missing(at, &format!("The partition decorator in {last}")));
        }
        let table = self.scope.table(path, at)?;
        let shape = self.catalog.table(&table)?;
        let sql = format!("{}.{} AS {own}", quote(&table.dataset), quote(&table.table));
        if let Some(column) = shape.partition_filter {
            let name = crate::warehouse::sql::names::message_name(&table);
            self.filtered.borrow_mut().push((name, column));
        }
        self.tables.borrow_mut().push(table);
        let mut columns = stored_columns(&shape.columns, &own);
        columns.extend(pseudo_columns(shape.ingested_by, &own));
        names.sources.push(Source { alias: Some(shown), columns, row: None });
        Ok(sql)
    }

    /// `dataset.prefix*`: the tables with names that begin with the prefix, with the rest of the name as `_TABLE_SUFFIX`.
    fn wildcard(
        &self,
        path: &[String],
        alias: Option<&str>,
        own: &str,
        names: &mut Names<'_>,
        at: At,
    ) -> Analyzed<String> {
        let pattern = self.scope.table(path, at)?;
        let prefix = pattern.table.trim_end_matches('*').to_owned();
        let mut found = self.catalog.tables(&pattern.dataset, &prefix)?;
        found.sort();
        let Some(newest) = found.last().cloned() else {
            return Err(refuse(
                at,
                &format!("{}.{} does not match any table.", pattern.dataset, pattern.table),
            ));
        };
        let reference =
            |name: &str| segue_ports::warehouse::TableReference { table: name.to_owned(), ..pattern.clone() };
        // The newest table decides about the columns, as in BigQuery.
        let shape = self.catalog.table(&reference(&newest))?;
        let mut parts = Vec::new();
        for name in &found {
            let table = reference(name);
            let columns = self.catalog.table(&table)?.columns;
            let list: Vec<String> = shape
                .columns
                .iter()
                .map(|(column, ty)| {
                    Ok(match columns.iter().find(|(own, _)| own.eq_ignore_ascii_case(column)) {
                        Some((_, own)) if own == ty => quote(column),
                        Some((_, own)) if own.has_bignumeric() || ty.has_bignumeric() => {
                            return Err(missing(
                                at,
                                &format!("The column {column} with other types in other tables"),
                            ));
                        }
                        Some(_) => format!("CAST({} AS {}) AS {0}", quote(column), ty.duckdb()),
                        None => format!("CAST(NULL AS {}) AS {}", ty.duckdb(), quote(column)),
                    })
                })
                .collect::<Analyzed<_>>()?;
            let suffix = name.get(prefix.len()..).unwrap_or_default();
            parts.push(format!(
                "SELECT {}, {} AS _TABLE_SUFFIX FROM {}.{}",
                list.join(", "),
                literal(suffix),
                quote(&table.dataset),
                quote(name)
            ));
            self.tables.borrow_mut().push(table);
        }
        let mut columns = stored_columns(&shape.columns, own);
        columns.push(Column {
            name: "_TABLE_SUFFIX".to_owned(),
            value: Value::new(DataType::String, format!("{own}._TABLE_SUFFIX")),
            hidden: true,
        });
        names.sources.push(Source { alias: alias.map(str::to_owned), columns, row: None });
        Ok(format!("({}) AS {own}", parts.join(" UNION ALL ")))
    }

    /// `UNNEST(array) AS alias WITH OFFSET AS offset`.
    fn unnest(
        &self,
        array: &Expr,
        alias: Option<&str>,
        offset: Option<&str>,
        names: &mut Names<'_>,
        at: At,
    ) -> Analyzed<String> {
        // Without the tables before it, if the array needs none of them.
        let around = Names::none();
        let alone = if names.sources.is_empty() {
            Ok(self.expr(array, names)?)
        } else {
            self.expr(array, names.parent.unwrap_or(&around))
        };
        let is_lateral = alone.is_err();
        let value = match alone {
            Ok(value) => value,
            Err(_) => self.expr(array, names)?,
        };
        let element = self.element(&value, "UNNEST", at)?;
        let value = if value.is_null() {
            self.coerced(&value, &DataType::Array(Box::new(element.clone())), at)?
        } else {
            value
        };
        let own = self.fresh("u");
        let row = Value::new(element, format!("{own}.v"));
        let columns = value_columns(&row, alias);
        names.sources.push(Source { alias: alias.map(str::to_owned), columns, row: Some(row) });
        let mut list = format!("unnest({}) AS v", value.sql);
        if let Some(offset) = offset {
            list.push_str(&format!(", unnest(range(len({}))) AS o", value.sql));
            let column = Column {
                name: offset.to_owned(),
                value: Value::new(DataType::Int64, format!("{own}.o")),
                hidden: false,
            };
            names.sources.push(Source { alias: None, columns: vec![column], row: None });
        }
        let lateral = if is_lateral { "LATERAL " } else { "" };
        Ok(format!("{lateral}(SELECT {list}) AS {own}"))
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one clause")]
    pub(super) fn join(
        &self,
        kind: JoinKind,
        left: &From,
        right: &From,
        on: Option<&Expr>,
        using: &[(String, At)],
        names: &mut Names<'_>,
        at: At,
    ) -> Analyzed<String> {
        let start = names.sources.len();
        let left_sql = self.from(left, names)?;
        self.joined_with(kind, left_sql, start, right, on, using, names, at)
    }

    /// A join of the tables of `names` from `start` on with `right`.
    #[expect(clippy::too_many_arguments, reason = "the parts of one clause")]
    pub(super) fn joined_with(
        &self,
        kind: JoinKind,
        left_sql: String,
        start: usize,
        right: &From,
        on: Option<&Expr>,
        using: &[(String, At)],
        names: &mut Names<'_>,
        at: At,
    ) -> Analyzed<String> {
        let before = std::mem::take(&mut names.joined);
        let middle = names.sources.len();
        let right_sql = self.from(right, names)?;
        let nested = matches!(right, From::Join { .. });
        let right_sql = if nested { format!("({right_sql})") } else { right_sql };
        let right_joined = std::mem::take(&mut names.joined);
        let (left_sources, right_sources) = names.sources.split_at(middle);
        if let Some(alias) = shared_alias(left_sources.get(start..).unwrap_or_default(), right_sources) {
            return Err(refuse(at, &format!("Duplicate table alias {alias} in the same FROM clause")));
        }
        let word = match kind {
            JoinKind::Cross => "CROSS JOIN",
            JoinKind::Inner => "INNER JOIN",
            JoinKind::Left => "LEFT JOIN",
            JoinKind::Right => "RIGHT JOIN",
            JoinKind::Full => "FULL JOIN",
        };
        let mut conditions = Vec::new();
        let mut joined = Vec::new();
        for (name, place) in using {
            let (left_sources, right_sources) = names.sources.split_at(middle);
            let left = only(name, &before, left_sources.get(start..).unwrap_or_default(), *place)?;
            let right = only(name, &right_joined, right_sources, *place)?;
            let equal = self.compare("=", &left, &right, *place)?;
            conditions.push(equal.sql);
            let value = match kind {
                JoinKind::Right => right,
                JoinKind::Full => {
                    let ty = supertype(&[&left, &right]).unwrap_or_else(|| left.ty.clone());
                    let (a, b) = (coerce(&left, &ty).unwrap_or(left), coerce(&right, &ty).unwrap_or(right));
                    Value::new(ty, format!("coalesce({}, {})", a.sql, b.sql))
                }
                _ => left,
            };
            joined.push(Column { name: name.clone(), value, hidden: false });
        }
        for column in before.into_iter().chain(right_joined) {
            if !joined.iter().any(|own| own.name.eq_ignore_ascii_case(&column.name)) {
                joined.push(column);
            }
        }
        names.joined = joined;
        if let Some(on) = on {
            self.no_aggregate(on, "JOIN ON clause")?;
            conditions.push(self.condition(on, "JOIN ON clause", names)?.sql);
        }
        if kind == JoinKind::Cross {
            return Ok(format!("{left_sql} {word} {right_sql}"));
        }
        if kind == JoinKind::Left
            && !conditions.is_empty()
            && let Some((array, own)) =
                right_sql.strip_prefix("LATERAL ").and_then(|right| right.rsplit_once(" AS "))
        {
            // DuckDB takes only some conditions beside LATERAL.
            let condition = conditions.join(" AND ");
            return Ok(format!(
                "{left_sql} {word} LATERAL (SELECT {own}.* FROM {array} AS {own} WHERE {condition}) AS {own} ON TRUE"
            ));
        }
        if conditions.is_empty() {
            if matches!(kind, JoinKind::Right | JoinKind::Full) {
                return Err(refuse(at, "Expected keyword ON or keyword USING after JOIN"));
            }
            conditions.push("TRUE".to_owned());
        }
        Ok(format!("{left_sql} {word} {right_sql} ON {}", conditions.join(" AND ")))
    }

    /// A view of INFORMATION_SCHEMA, or `__TABLES__`, with its columns.
    fn information(&self, path: &[String], at: At) -> Analyzed<Option<View>> {
        let upper: Vec<String> = path.iter().map(|part| part.to_uppercase()).collect();
        let (view, position) = match upper.iter().position(|part| part == "INFORMATION_SCHEMA") {
            Some(position) => (upper.get(position + 1).cloned().unwrap_or_default(), position),
            None if upper.last().is_some_and(|last| last == "__TABLES__") => {
                ("__TABLES__".to_owned(), upper.len() - 1)
            }
            None => return Ok(None),
        };
        let before = path.get(..position).unwrap_or_default();
        let is_region = |name: &&String| name.to_lowercase().starts_with("region-");
        let dataset = before.last().or(self.scope.dataset.as_ref().filter(|_| before.is_empty()));
        let dataset = dataset.filter(|name| !is_region(name) && !view.starts_with("SCHEMATA"));
        if let Some(dataset) = dataset {
            // A dataset that does not exist is refused.
            self.catalog.tables(dataset, "")?;
        }
        let named = before.len().checked_sub(2).and_then(|index| before.get(index));
        let project = named.or(self.scope.project.as_ref()).map_or("local", String::as_str);
        let found = self.catalog.information(&view, project, dataset.map(String::as_str))?;
        let Some(Information { columns, rows }) = found else {
            let shown = if view == "__TABLES__" { view } else { format!("INFORMATION_SCHEMA.{view}") };
            return Err(missing(at, &shown));
        };
        self.reads_information.set(true);
        let names: Vec<String> = columns.iter().map(|(name, _)| quote(name)).collect();
        let typed: Vec<String> = columns
            .iter()
            .map(|(name, ty)| format!("CAST(NULL AS {}) AS {}", ty.duckdb(), quote(name)))
            .collect();
        let empty = format!("SELECT {} WHERE FALSE", typed.join(", "));
        if rows.is_empty() {
            return Ok(Some((format!("({empty})"), columns)));
        }
        let rows: Vec<String> = rows.iter().map(|row| format!("({})", row.join(", "))).collect();
        let values = format!("SELECT * FROM (VALUES {}) AS v({})", rows.join(", "), names.join(", "));
        // The first part gives the types of columns that have only NULL.
        Ok(Some((format!("({empty} UNION ALL {values})"), columns)))
    }
}

impl Analyzer<'_> {
    /// Refuses a query of a table that must be filtered by the column of its partitions, and is not.
    pub(super) fn partition_filters(&self, filter: Option<&Expr>, at: At) -> Analyzed<()> {
        for (table, column) in self.filtered.take() {
            let is_own = column.starts_with("_PARTITION");
            let names: &[&str] = if is_own { &[PARTITION_TIME, "_PARTITIONDATE"] } else { &[&column] };
            if !names.iter().any(|name| filter.is_some_and(|filter| mentions(filter, name))) {
                return Err(refuse(
                    at,
                    &format!(
                        "Cannot query over table '{table}' without a filter over column(s) '{column}' that can be used for partition elimination"
                    ),
                ));
            }
        }
        Ok(())
    }
}

fn mentions(expr: &Expr, column: &str) -> bool {
    expr.own_name().is_some_and(|name| name.eq_ignore_ascii_case(column))
        || expr.children().into_iter().any(|child| mentions(child, column))
}

/// A stored column. A NUMERIC with fewer digits is a NUMERIC in expressions.
pub(super) fn stored(ty: &DataType, sql: &str) -> Value {
    plain(&Value::new(ty.clone(), sql))
}

/// The columns of a table that has this name in DuckDB.
pub(super) fn stored_columns(columns: &[(String, DataType)], own: &str) -> Vec<Column> {
    let column = |(name, ty): &(String, DataType)| Column {
        name: name.clone(),
        value: stored(ty, &format!("{own}.{}", quote(name))),
        hidden: false,
    };
    columns.iter().map(column).collect()
}

/// The columns `_PARTITIONTIME` and `_PARTITIONDATE` of a table with partitions of this length.
pub(super) fn pseudo_columns(ingested_by: Option<&str>, own: &str) -> Vec<Column> {
    let Some(unit) = ingested_by else { return Vec::new() };
    let time = format!("{own}.{}", quote(PARTITION_TIME));
    let column = |name: &str, ty: DataType, sql: String| Column {
        name: name.to_owned(),
        value: Value::new(ty, sql),
        hidden: true,
    };
    let mut found = vec![column(PARTITION_TIME, DataType::Timestamp, time.clone())];
    if unit == "DAY" {
        found.push(column("_PARTITIONDATE", DataType::Date, format!("CAST({time} AS DATE)")));
    }
    found
}

/// An alias that two tables have. The alias of a table of values, such as UNNEST, is the name of a column.
fn shared_alias<'s>(left: &[Source], right: &'s [Source]) -> Option<&'s str> {
    let tables = |source: &&Source| source.row.is_none();
    let mut aliases = right.iter().filter(tables).filter_map(|source| source.alias.as_deref());
    aliases.find(|alias| left.iter().filter(tables).any(|source| source.is_named(alias)))
}

/// The only column of this name.
fn only(name: &str, joined: &[Column], sources: &[Source], at: At) -> Analyzed<Value> {
    let is = |column: &&Column| column.name.eq_ignore_ascii_case(name);
    if let Some(column) = joined.iter().find(is) {
        return Ok(column.value.clone());
    }
    let found: Vec<&Column> = sources.iter().flat_map(|source| &source.columns).filter(is).collect();
    match found.as_slice() {
        [column] => Ok(column.value.clone()),
        [] => Err(refuse(at, &format!("Column {name} in USING clause not found on one side of the join"))),
        _ => Err(refuse(at, &format!("Column {name} in USING clause is ambiguous"))),
    }
}
