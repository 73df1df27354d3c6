//! SELECT: the list, WHERE, GROUP BY, HAVING, QUALIFY, DISTINCT, and the order of its rows.

use super::names::{Column, Names};
use super::query::{Output, Relation, Tail};
use super::value::{Form, Value, structure};
use super::{Analyzed, Analyzer, aggregate, collation, refuse, windows};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::names::quote;
use crate::warehouse::sql::syntax::ast::{At, Expr, Group, Item, Node, OrderItem, Select, Shape};

/// An item of the select list after `*` is resolved.
pub(super) struct Listed<'s> {
    pub(super) name: String,
    pub(super) content: Content<'s>,
}

/// What an item of the select list is.
pub(super) enum Content<'s> {
    Expr(&'s Expr),
    /// A column of `*`.
    Column(Value, At),
}

impl Analyzer<'_> {
    /// SELECT with the ORDER BY and LIMIT after it.
    pub(super) fn select(&self, select: &Select, tail: &Tail<'_>, parent: &Names<'_>) -> Analyzed<Relation> {
        let mut names = Names { parent: Some(parent), windows: select.windows.clone(), ..Names::none() };
        let before = self.filtered.take();
        let from = select.from.as_ref().map(|from| self.from(from, &mut names)).transpose()?;
        if from.is_none() {
            without_from(select, tail)?;
        }
        self.partition_filters(select.filter.as_ref(), select.at)?;
        self.filtered.replace(before);
        self.select_over(select, from, names, tail)
    }

    /// SELECT over a FROM that is already analyzed.
    pub(super) fn select_over(
        &self,
        select: &Select,
        from: Option<String>,
        mut names: Names<'_>,
        tail: &Tail<'_>,
    ) -> Analyzed<Relation> {
        let filter = match &select.filter {
            Some(filter) => {
                self.no_aggregate(filter, "WHERE clause")?;
                Some(self.condition(filter, "WHERE clause", &names)?.sql)
            }
            None => None,
        };
        let items = self.listed(select, &names)?;
        let exprs = || {
            items.iter().filter_map(|item| match &item.content {
                Content::Expr(expr) => Some(*expr),
                Content::Column(..) => None,
            })
        };
        let is_aggregated = select.group.is_some()
            || exprs().any(aggregate::contains)
            || select.having.as_ref().is_some_and(aggregate::contains)
            || tail.order.iter().any(|item| aggregate::contains(&item.value));
        let mut from = from;
        let mut group = String::new();
        if is_aggregated {
            group = self.group(select.group.as_ref(), &items, &mut names, &mut from)?;
        } else if let Some(having) = &select.having {
            return Err(refuse(
                having.at,
                "The HAVING clause requires GROUP BY or aggregation to be present",
            ));
        }
        let mut values = Vec::new();
        for (index, item) in items.iter().enumerate() {
            values.push(match (&item.content, names.chosen_key(index)) {
                (_, Some(key)) => key,
                (Content::Expr(expr), None) => self.expr(expr, &names)?,
                (Content::Column(value, at), None) => names.checked(value, &item.name, *at)?,
            });
        }
        let mut outputs = columns(&items, &values);
        // The other clauses can use the aliases of the list.
        let aliased = items.iter().zip(&values).filter(|(item, _)| !item.name.is_empty());
        names.aliases.replace(aliased.map(|(item, value)| (item.name.clone(), value.clone())).collect());
        let having = match &select.having {
            Some(having) => Some(self.condition(having, "HAVING clause", &names)?.sql),
            None => None,
        };
        let qualify = match &select.qualify {
            Some(qualify) => {
                let known = windows::contains(qualify) || exprs().any(windows::contains);
                if !known {
                    return Err(refuse(
                        qualify.at,
                        "The QUALIFY clause requires analytic function to be present",
                    ));
                }
                Some(self.condition(qualify, "QUALIFY clause", &names)?.sql)
            }
            None => None,
        };
        let (list, is_value) = self.shaped(select, &values, &mut outputs)?;
        let distinct = if select.distinct { distinct(select, &values)? } else { String::new() };
        let mut sql = format!("SELECT {distinct}{}", list.join(", "));
        if let Some(from) = from {
            sql.push_str(&format!(" FROM {from}"));
        }
        for (word, text) in
            [("WHERE", filter), ("GROUP BY", Some(group)), ("HAVING", having), ("QUALIFY", qualify)]
        {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                sql.push_str(&format!(" {word} {text}"));
            }
        }
        if select.distinct {
            for (value, output) in values.iter().zip(&outputs) {
                if matches!(value.ty, DataType::Json | DataType::Geography) {
                    return Err(refuse(
                        select.at,
                        &format!(
                            "Column {} of type {} cannot be used in SELECT DISTINCT",
                            output.name,
                            value.ty.bigquery()
                        ),
                    ));
                }
            }
            let relation = Relation { sql, columns: outputs, is_value };
            names.aliases.replace(Vec::new());
            return self.distinct_in_order(relation, &values, tail, &names);
        }
        let mut keys = Vec::new();
        for item in tail.order {
            let value = match self.ordinal(&item.value, values.len())? {
                Some(index) => values.get(index).cloned().unwrap_or_else(Value::null),
                None => self.expr(&item.value, &names)?,
            };
            // The number of a column, so that a volatile value is not computed again.
            let position = values.iter().position(|own| {
                own.sql == value.sql
                    && own.ty == value.ty
                    && !matches!(own.ty, DataType::Float64 | DataType::Collated)
            });
            let key = match position.filter(|_| select.shape == Shape::Columns) {
                Some(index) => {
                    self.order_key(item, &Value::new(value.ty.clone(), "NULL"))?;
                    self.order_key(item, &Value::new(value.ty, (index + 1).to_string()))?
                }
                None => self.order_key(item, &value)?,
            };
            keys.push(key);
        }
        if !keys.is_empty() {
            sql.push_str(&format!(" ORDER BY {}", keys.join(", ")));
        }
        sql.push_str(&self.limit(tail)?);
        Ok(Relation { sql, columns: outputs, is_value })
    }

    /// SELECT DISTINCT with the ORDER BY and LIMIT after it. ORDER BY knows the columns of the list, and their
    /// expressions.
    fn distinct_in_order(
        &self,
        relation: Relation,
        values: &[Value],
        tail: &Tail<'_>,
        names: &Names<'_>,
    ) -> Analyzed<Relation> {
        let is_column = |item: &OrderItem| match &item.value.node {
            Node::Name(name) => relation.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name)),
            _ => false,
        };
        let mut order = tail.order.to_vec();
        for item in &mut order {
            if is_column(item) {
                continue;
            }
            let Ok(value) = self.expr(&item.value, names) else { continue };
            if let Some(index) = values.iter().position(|own| own.sql == value.sql) {
                item.value = Expr::new(item.value.at, Node::Number((index + 1).to_string()));
            }
        }
        self.finished(
            relation,
            &Tail { order: &order, ..*tail },
            &Names { parent: names.parent, ..Names::none() },
        )
    }

    /// The texts of the list, for AS STRUCT and AS VALUE as one.
    fn shaped(
        &self,
        select: &Select,
        values: &[Value],
        outputs: &mut Vec<Output>,
    ) -> Analyzed<(Vec<String>, bool)> {
        let text = |value: &Value, output: &Output| {
            format!("{} AS {}", value.clone().settled().sql, output.sql_name)
        };
        match select.shape {
            Shape::Columns => Ok((
                values.iter().zip(outputs.iter()).map(|(value, output)| text(value, output)).collect(),
                false,
            )),
            Shape::Value => {
                let ([value], [output]) = (values, outputs.as_slice()) else {
                    return Err(refuse(select.at, "SELECT AS VALUE query must have exactly one column"));
                };
                Ok((vec![text(value, output)], true))
            }
            Shape::Struct => {
                let names = outputs.iter().map(|output| output.name.clone()).collect();
                let value = structure(names, values.to_vec());
                let output = Output {
                    name: String::new(),
                    sql_name: "f0_".to_owned(),
                    ty: value.ty.clone(),
                    form: Form::Other,
                };
                let list = vec![text(&value, &output)];
                *outputs = vec![output];
                Ok((list, true))
            }
        }
    }

    /// Refuses an aggregate where there is none allowed.
    pub(super) fn no_aggregate(&self, expr: &Expr, clause: &str) -> Analyzed<()> {
        aggregate::refuse_in(expr, clause)?;
        if windows::contains(expr) {
            return Err(refuse(expr.at, &format!("Analytic function not allowed in {clause}")));
        }
        Ok(())
    }

    /// The select list with the columns of each `*`.
    fn listed<'s>(&self, select: &'s Select, names: &Names<'_>) -> Analyzed<Vec<Listed<'s>>> {
        let mut found = Vec::new();
        for item in &select.items {
            match item {
                Item::Value { value, alias } => {
                    let own = value.own_name().map(str::to_owned);
                    let name = alias.clone().or(own).unwrap_or_default();
                    found.push(Listed { name, content: Content::Expr(value) });
                }
                Item::Star { at, of, except, replace } => {
                    let columns = self.star(of.as_ref(), names, *at)?;
                    for (index, (name, place)) in except.iter().enumerate() {
                        if except.iter().take(index).any(|(own, _)| own.eq_ignore_ascii_case(name)) {
                            return Err(refuse(
                                *place,
                                &format!("Duplicate column {name} in SELECT * EXCEPT list"),
                            ));
                        }
                        if !columns.iter().any(|column| column.name.eq_ignore_ascii_case(name)) {
                            return Err(refuse(
                                *place,
                                &format!("Column {name} in SELECT * EXCEPT list does not exist"),
                            ));
                        }
                    }
                    for (name, value) in replace {
                        if !columns.iter().any(|column| column.name.eq_ignore_ascii_case(name)) {
                            return Err(refuse(
                                value.at,
                                &format!("Column {name} in SELECT * REPLACE list does not exist"),
                            ));
                        }
                    }
                    let before = found.len();
                    for column in columns {
                        let is = |name: &str| column.name.eq_ignore_ascii_case(name);
                        if except.iter().any(|(name, _)| is(name)) {
                            continue;
                        }
                        let content = match replace.iter().find(|(name, _)| is(name)) {
                            Some((_, value)) => Content::Expr(value),
                            None => Content::Column(column.value, *at),
                        };
                        found.push(Listed { name: column.name, content });
                    }
                    if found.len() == before {
                        return Err(refuse(*at, "SELECT * expands to zero columns"));
                    }
                }
            }
        }
        Ok(found)
    }

    /// The columns of `*` or of `value.*`.
    pub(super) fn star(&self, of: Option<&Expr>, names: &Names<'_>, at: At) -> Analyzed<Vec<Column>> {
        let Some(of) = of else {
            if names.sources.is_empty() {
                return Err(refuse(at, "SELECT * must have a FROM clause"));
            }
            return Ok(names.all_columns());
        };
        if let Node::Name(name) = &of.node
            && let Some(source) = names.visible_source(name)
        {
            names.unchanged(name, at)?;
            if let Some(row) = source.row.as_ref().filter(|row| !matches!(row.ty, DataType::Struct(_))) {
                return Err(refuse(at, &format!("Dot-star is not supported for type {}", row.ty.bigquery())));
            }
            return Ok(source.columns.iter().filter(|column| !column.hidden).cloned().collect());
        }
        let value = self.expr(of, names)?;
        match &value.ty {
            DataType::Struct(_) => Ok(super::query::value_columns(&value, None)),
            ty => Err(refuse(at, &format!("Dot-star is not supported for type {}", ty.bigquery()))),
        }
    }

    /// GROUP BY ALL groups by the items that have no aggregate.
    pub(super) fn is_key_of_all(&self, item: &Listed<'_>) -> bool {
        match &item.content {
            Content::Expr(expr) => !aggregate::contains(expr) && !windows::contains(expr),
            Content::Column(..) => true,
        }
    }

    /// Whether a GROUP BY has only plain items.
    pub(super) fn is_plain(group: &Group) -> bool {
        match group {
            Group::All => true,
            Group::Sets(items) => items
                .iter()
                .all(|item| matches!(item, crate::warehouse::sql::syntax::ast::GroupItem::Value(..))),
        }
    }
}

/// The columns of a select list. Each has its own name in DuckDB.
fn columns(items: &[Listed<'_>], values: &[Value]) -> Vec<Output> {
    let mut used: Vec<String> = Vec::new();
    let mut unnamed = 0;
    items
        .iter()
        .zip(values)
        .map(|(item, value)| {
            let mut own = if item.name.is_empty() {
                unnamed += 1;
                format!("f{}_", unnamed - 1)
            } else {
                item.name.clone()
            };
            while used.contains(&own.to_lowercase()) {
                own.push('_');
            }
            used.push(own.to_lowercase());
            Output {
                name: item.name.clone(),
                sql_name: quote(&own),
                ty: value.ty.clone(),
                form: literal_form(value),
            }
        })
        .collect()
}

/// What a set operation needs to know of a literal.
fn literal_form(value: &Value) -> Form {
    if value.is_literal() { value.form.clone() } else { Form::Other }
}

impl Names<'_> {
    /// The columns of `*`: those of USING first.
    pub(super) fn all_columns(&self) -> Vec<Column> {
        let mut found: Vec<Column> = self.joined.clone();
        let is_joined =
            |column: &Column| self.joined.iter().any(|own| own.name.eq_ignore_ascii_case(&column.name));
        for column in self.sources.iter().flat_map(|source| &source.columns) {
            if !column.hidden && !is_joined(column) {
                found.push(column.clone());
            }
        }
        found
    }
}

/// Refuses what a SELECT without FROM cannot have.
fn without_from(select: &Select, tail: &Tail<'_>) -> Analyzed<()> {
    let clause =
        |at: At, name: &str| Err(refuse(at, &format!("Query without FROM clause cannot have {name} clause")));
    if let Some(filter) = &select.filter {
        return clause(filter.at, "a WHERE");
    }
    if select.group.is_some() {
        return clause(select.at, "a GROUP BY");
    }
    if let Some(having) = &select.having {
        return clause(having.at, "a HAVING");
    }
    if let Some(item) = tail.order.first() {
        return clause(item.value.at, "an ORDER BY");
    }
    if select.distinct {
        return Err(refuse(select.at, "Query without FROM clause cannot use SELECT DISTINCT"));
    }
    for item in &select.items {
        let Item::Value { value, .. } = item else { continue };
        if windows::contains(value) {
            return Err(refuse(value.at, "SELECT without FROM clause cannot use analytic functions"));
        }
        if aggregate::contains(value) {
            return Err(refuse(value.at, "SELECT without FROM clause cannot use aggregation"));
        }
    }
    Ok(())
}

/// DISTINCT, with a blank after it. Of texts that are equal by their collation, one stays.
fn distinct(select: &Select, values: &[Value]) -> Analyzed<String> {
    if !values.iter().any(|value| collation::has(&value.ty)) {
        return Ok("DISTINCT ".to_owned());
    }
    if select.shape != Shape::Columns {
        return Err(collation::unsupported("SELECT DISTINCT AS STRUCT or AS VALUE", select.at));
    }
    for value in values {
        collation::refuse_inside(&value.ty, "SELECT DISTINCT", select.at)?;
    }
    // DuckDB would take a number for the place of a column.
    let keys: Vec<String> = values.iter().filter(|value| !value.is_literal()).map(collation::key).collect();
    Ok(format!("DISTINCT ON ({}) ", keys.join(", ")))
}
