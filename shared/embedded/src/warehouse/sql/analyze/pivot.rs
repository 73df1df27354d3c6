//! PIVOT and UNPIVOT.

use super::names::{Column, Names};
use super::query::{Output, Relation};
use super::value::{Form, Value};
use super::{Analyzed, Analyzer, aggregate, missing, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::names::quote;
use crate::warehouse::sql::syntax::ast::{Call, Expr, From, Node, Pivot, Truth, Unpivot};

impl Analyzer<'_> {
    pub(super) fn pivot_from(
        &self,
        input: &From,
        pivot: &Pivot,
        alias: Option<String>,
        names: &mut Names<'_>,
    ) -> Analyzed<String> {
        let mut inner = Names { parent: names.parent, ..Names::none() };
        let from = self.from(input, &mut inner)?;
        let relation = self.pivoted(&from, inner, pivot)?;
        let own = self.fresh("t");
        names.sources.push(relation.source(&own, alias));
        Ok(format!("({}) AS {own}", relation.sql))
    }

    pub(super) fn unpivot_from(
        &self,
        input: &From,
        unpivot: &Unpivot,
        alias: Option<String>,
        names: &mut Names<'_>,
    ) -> Analyzed<String> {
        let mut inner = Names { parent: names.parent, ..Names::none() };
        let from = self.from(input, &mut inner)?;
        let relation = self.unpivoted(&from, &inner, unpivot)?;
        let own = self.fresh("t");
        names.sources.push(relation.source(&own, alias));
        Ok(format!("({}) AS {own}", relation.sql))
    }

    /// PIVOT: groups by the columns that it does not use.
    pub(super) fn pivoted(&self, from: &str, names: Names<'_>, pivot: &Pivot) -> Analyzed<Relation> {
        if names.all_columns().iter().any(|column| super::collation::has(&column.value.ty)) {
            return Err(super::collation::unsupported("PIVOT", pivot.at));
        }
        let mut used: Vec<String> = Vec::new();
        collect_names(&pivot.column, &mut used);
        pivot.aggregates.iter().for_each(|(value, _)| collect_names(value, &mut used));
        let keys: Vec<Column> = names
            .all_columns()
            .into_iter()
            .filter(|column| !used.iter().any(|name| name.eq_ignore_ascii_case(&column.name)))
            .collect();
        let mut outputs: Vec<Output> = Vec::new();
        let mut list = Vec::new();
        let mut push = |name: String, value: Value| {
            let sql_name = quote(&name);
            list.push(format!("{} AS {sql_name}", value.clone().settled().sql));
            outputs.push(Output { name, sql_name, ty: value.ty, form: Form::Other });
        };
        for key in &keys {
            push(key.name.clone(), key.value.clone());
        }
        for (value, alias) in &pivot.values {
            let own = self.constant(value)?;
            let label = match alias {
                Some(alias) => alias.clone(),
                None => {
                    label(value, &own).ok_or_else(|| refuse(value.at, "A value of PIVOT needs an alias"))?
                }
            };
            for (own, name) in &pivot.aggregates {
                if !aggregate::contains(own) {
                    return Err(refuse(own.at, "PIVOT expression must be an aggregate function call"));
                }
                let filtered = filtered(own, &pivot.column, value)
                    .ok_or_else(|| missing(own.at, "This aggregate function in PIVOT"))?;
                let value = self.expr(&filtered, &names)?;
                let name = match name {
                    Some(name) => format!("{name}_{label}"),
                    None if pivot.aggregates.len() == 1 => as_name(&label),
                    None => return Err(refuse(own.at, "Several aggregates of PIVOT need aliases")),
                };
                push(name, value);
            }
        }
        let mut sql = format!("SELECT {} FROM {from}", list.join(", "));
        if !keys.is_empty() {
            let keys: Vec<&str> = keys.iter().map(|key| key.value.sql.as_str()).collect();
            sql.push_str(&format!(" GROUP BY {}", keys.join(", ")));
        }
        let distinct = outputs.iter().enumerate().find(|(index, output)| {
            outputs.iter().skip(index + 1).any(|other| other.name.eq_ignore_ascii_case(&output.name))
        });
        if let Some((_, output)) = distinct {
            return Err(refuse(pivot.at, &format!("PIVOT makes the column {} twice", output.name)));
        }
        Ok(Relation { sql, columns: outputs, is_value: false })
    }

    /// UNPIVOT: one row for each group of columns.
    pub(super) fn unpivoted(&self, from: &str, names: &Names<'_>, unpivot: &Unpivot) -> Analyzed<Relation> {
        let at = unpivot.at;
        let all = names.all_columns();
        let find = |name: &str| {
            all.iter()
                .find(|column| column.name.eq_ignore_ascii_case(name))
                .ok_or_else(|| refuse(at, &format!("Column {name} of UNPIVOT does not exist")))
        };
        let used: Vec<&String> = unpivot.columns.iter().flat_map(|(names, _)| names).collect();
        let kept: Vec<&Column> = all
            .iter()
            .filter(|column| !used.iter().any(|name| name.eq_ignore_ascii_case(&column.name)))
            .collect();
        let mut groups: Vec<Vec<Value>> = Vec::new();
        let mut labels = Vec::new();
        for (columns, label) in &unpivot.columns {
            if columns.len() != unpivot.values.len() {
                return Err(refuse(at, "The groups of columns of UNPIVOT have different sizes"));
            }
            groups.push(
                columns
                    .iter()
                    .map(|name| find(name).map(|column| column.value.clone()))
                    .collect::<Analyzed<_>>()?,
            );
            labels.push(match label {
                Some(label) => self.constant(label)?,
                None => Value::text(&columns.join("_")),
            });
        }
        let (label_type, labels) = self.unified(labels, "UNPIVOT", at)?;
        let mut types = Vec::new();
        for index in 0..unpivot.values.len() {
            let column: Vec<Value> = groups.iter().filter_map(|group| group.get(index).cloned()).collect();
            let first = column.first().map(|value| value.ty.clone()).unwrap_or(DataType::Int64);
            if column.iter().any(|value| value.ty != first) {
                return Err(refuse(at, "The columns of UNPIVOT have different types"));
            }
            types.push(first);
        }
        let mut outputs: Vec<Output> = Vec::new();
        let output = |name: &str, ty: &DataType| Output {
            name: name.to_owned(),
            sql_name: quote(name),
            ty: ty.clone(),
            form: Form::Other,
        };
        outputs.extend(kept.iter().map(|column| output(&column.name, &column.value.ty)));
        outputs.extend(unpivot.values.iter().zip(&types).map(|(name, ty)| output(name, ty)));
        outputs.push(output(&unpivot.name, &label_type));
        let mut parts = Vec::new();
        for (group, label) in groups.iter().zip(&labels) {
            let mut list: Vec<String> = kept
                .iter()
                .map(|column| format!("{} AS {}", column.value.sql, quote(&column.name)))
                .collect();
            list.extend(
                unpivot
                    .values
                    .iter()
                    .zip(group)
                    .map(|(name, value)| format!("{} AS {}", value.sql, quote(name))),
            );
            list.push(format!("{} AS {}", label.sql, quote(&unpivot.name)));
            let mut sql = format!("SELECT {} FROM {from}", list.join(", "));
            if !unpivot.include_nulls {
                let some: Vec<String> =
                    group.iter().map(|value| format!("{} IS NOT NULL", value.sql)).collect();
                sql.push_str(&format!(" WHERE {}", some.join(" OR ")));
            }
            parts.push(sql);
        }
        Ok(Relation { sql: parts.join(" UNION ALL "), columns: outputs, is_value: false })
    }
}

/// The names of columns in an expression.
fn collect_names(expr: &Expr, found: &mut Vec<String>) {
    match &expr.node {
        Node::Name(name) => found.push(name.clone()),
        Node::Field(inner, name) => {
            found.push(name.clone());
            collect_names(inner, found);
        }
        _ => expr.children().into_iter().for_each(|child| collect_names(child, found)),
    }
}

/// The aggregate over the rows in which the column has the value.
fn filtered(expr: &Expr, column: &Expr, value: &Expr) -> Option<Expr> {
    let at = expr.at;
    let new = |node| Expr::new(at, node);
    let only = |condition: &Node, expr: &Expr| {
        let branches = vec![(new(condition.clone()), expr.clone())];
        new(Node::Case { operand: None, branches, otherwise: None })
    };
    let Node::Call(call) = &expr.node else {
        return match &expr.node {
            Node::Binary(operator, left, right) => Some(new(Node::Binary(
                operator,
                Box::new(filtered(left, column, value)?),
                Box::new(filtered(right, column, value)?),
            ))),
            _ if aggregate::contains(expr) => None,
            _ => Some(expr.clone()),
        };
    };
    if !aggregate::is_aggregate(&call.name) {
        let arguments =
            call.arguments.iter().map(|argument| filtered(argument, column, value)).collect::<Option<_>>()?;
        return Some(new(Node::Call(Box::new(Call { arguments, ..(**call).clone() }))));
    }
    let condition = match value.node {
        Node::Null => Node::Is { value: Box::new(column.clone()), what: Truth::Null, not: false },
        _ => Node::Binary("=", Box::new(column.clone()), Box::new(value.clone())),
    };
    // The other rows become NULL, so an aggregate that keeps NULLs would keep those rows.
    let keeps_nulls = match call.name.as_str() {
        "ARRAY_AGG" => call.ignore_nulls != Some(true),
        "APPROX_TOP_COUNT" | "APPROX_TOP_SUM" | "GROUPING" | "MAX_BY" | "MIN_BY" => true,
        _ => false,
    };
    if keeps_nulls {
        return None;
    }
    let mut call = (**call).clone();
    if let Some((_, by)) = &mut call.having {
        **by = only(&condition, by);
    } else if call.name == "ANY_VALUE" {
        // It may return NULL, so it must not see the other rows.
        let chosen = only(&condition, &new(Node::Bool(true)));
        call.having = Some((true, Box::new(chosen)));
    }
    if call.star {
        call.name = "COUNTIF".to_owned();
        call.star = false;
        call.arguments = vec![new(condition)];
    } else if let Some(first) = call.arguments.first_mut() {
        *first = only(&condition, first);
    }
    Some(new(Node::Call(Box::new(call))))
}

/// The name of a column of which a label is the whole name. A name does not begin with a digit.
fn as_name(label: &str) -> String {
    if label.starts_with(|first: char| first.is_ascii_digit()) {
        format!("_{label}")
    } else {
        label.to_owned()
    }
}

/// What the name of a column says about a value. None if only an alias can say it.
fn label(expr: &Expr, value: &Value) -> Option<String> {
    let number = |text: &str| text.replace('-', "minus_").replace('.', "_point_");
    Some(match &expr.node {
        Node::Null => "NULL".to_owned(),
        Node::Text(text) => text.clone(),
        Node::Bool(own) => own.to_string(),
        Node::Number(text) | Node::Literal(DataType::Numeric, text) => number(text),
        Node::Literal(DataType::Date, text) => text.replace('-', "_"),
        _ => match &value.form {
            Form::Text(text) => text.clone(),
            _ => return None,
        },
    })
}
