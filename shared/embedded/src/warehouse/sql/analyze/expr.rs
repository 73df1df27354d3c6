//! Analyzes expressions. Operators, casts, calls and predicates have modules of their own.

use super::coerce::{array, coerce, supertype};
use super::names::Names;
use super::once::Once;
use super::value::{Form, Value, field, structure};
use super::{Analyzed, Analyzer, literals, missing, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::names::literal;
use crate::warehouse::sql::syntax::ast::{Access, At, Expr, Node};

impl Analyzer<'_> {
    /// The value of an expression.
    pub(super) fn expr(&self, expr: &Expr, names: &Names<'_>) -> Analyzed<Value> {
        // After GROUP BY, an expression that uses other columns than the keys may be a key itself.
        self.plain_expr(expr, names).or_else(|error| self.group_key(expr, names).ok_or(error))
    }

    fn plain_expr(&self, expr: &Expr, names: &Names<'_>) -> Analyzed<Value> {
        let at = expr.at;
        let said = |message: String| refuse(at, &message);
        match &expr.node {
            Node::Null => Ok(Value::null()),
            Node::Bool(own) => Ok(Value {
                never_null: true,
                ..Value::new(DataType::Bool, if *own { "TRUE" } else { "FALSE" })
            }),
            Node::Number(number) => literals::number(number).map_err(said),
            Node::Text(text) => Ok(Value::text(text)),
            Node::Bytes(bytes) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                Ok(Value { never_null: true, ..Value::new(DataType::Bytes, format!("unhex('{hex}')")) })
            }
            Node::Literal(ty, text) => literals::typed(ty, text).map_err(said),
            Node::Interval { value, from, to } => self.interval(value, from, to.as_deref(), names, at),
            Node::Parameter(name) => self.parameter(name, at),
            Node::Positional(index) => self.positional(*index, at),
            Node::System(name) => self.system(name, at),
            Node::Name(name) => self.name(name, names, at),
            Node::Field(inner, name) => self.field(inner, name, names, at),
            Node::Subscript(array, access, index) => self.subscript(array, *access, index, names, at),
            Node::Unary(operator, value) => self.unary(operator, value, names, at),
            Node::Binary(operator, left, right) => self.binary(operator, left, right, names, at),
            Node::Is { value, what, not } => self.is(value, *what, *not, names),
            Node::IsDistinct { left, right, not } => self.is_distinct(left, right, *not, names, at),
            Node::Between { value, low, high, not } => self.between(value, low, high, *not, names, at),
            Node::In { value, list, not } => self.is_in(value, list, *not, names, at),
            Node::Like { value, quantifier, patterns, not } => {
                self.like(value, *quantifier, patterns, *not, names, at)
            }
            Node::Case { operand, branches, otherwise } => {
                self.case(operand.as_deref(), branches, otherwise.as_deref(), names, at)
            }
            Node::Cast { value, to, safe, format, zone } => {
                let own = self.expr(value, names)?;
                let cast = |own: &Value| match (format, zone) {
                    (None, None) => self.cast(own, to, *safe, at),
                    _ => self.formatted_cast(own, to, (format.as_deref(), zone.as_deref()), *safe, names, at),
                };
                if *safe { self.safe_cast(value, own, cast) } else { cast(&own) }
            }
            Node::Extract { part, value, zone } => self.extract(part, value, zone.as_deref(), names, at),
            Node::Call(call) => self.call(call, names, at),
            Node::Array { element, items } => self.array_literal(element.as_ref(), items, names, at),
            Node::ArrayQuery(query) => self.array_query(query, names),
            Node::Struct { fields, items } => self.struct_literal(fields.as_deref(), items, names, at),
            Node::Exists(query) => {
                let relation = self.query(query, names)?;
                Ok(Value {
                    never_null: true,
                    ..Value::new(DataType::Bool, format!("EXISTS ({})", relation.sql))
                })
            }
            Node::Subquery(query) => {
                let relation = self.query(query, names)?;
                match relation.columns.as_slice() {
                    [column] => Ok(Value::new(column.ty.clone(), format!("({})", relation.sql))),
                    _ => Err(refuse(
                        query.at,
                        "Scalar subquery cannot have more than one column unless using SELECT AS STRUCT to build STRUCT values",
                    )),
                }
            }
            Node::With { names: bound, body } => {
                let mut locals: Vec<(String, Value)> = Vec::new();
                let mut once = Once::new(self);
                for (name, value) in bound {
                    let value = self.expr(value, &Names::with_locals(names, locals.clone()))?;
                    locals.insert(0, (name.clone(), once.keep(value.settled())));
                }
                let body = self.expr(body, &Names::with_locals(names, locals))?;
                once.around(body, at)
            }
            Node::Lambda { .. } => Err(refuse(at, "A lambda is allowed only as an argument of a function")),
            Node::Part(part) => Err(refuse(at, &format!("Unexpected date part {part}"))),
        }
    }

    /// An expression that must have this type.
    pub(super) fn expr_as(&self, expr: &Expr, ty: &DataType, names: &Names<'_>) -> Analyzed<Value> {
        let value = self.expr(expr, names)?;
        self.coerced(&value, ty, expr.at)
    }

    /// A condition of `clause`.
    pub(super) fn condition(&self, expr: &Expr, clause: &str, names: &Names<'_>) -> Analyzed<Value> {
        let value = self.expr(expr, names)?;
        coerce(&value, &DataType::Bool).ok_or_else(|| {
            refuse(expr.at, &format!("{clause} should return type BOOL, but returns {}", value.ty.bigquery()))
        })
    }

    fn system(&self, name: &str, at: At) -> Analyzed<Value> {
        match self.variables.get(&format!("@@{name}")) {
            Some(variable) => Ok(Value::new(variable.ty.clone(), variable.sql.clone())),
            None => Err(missing(at, &format!("The system variable @@{name}"))),
        }
    }

    /// `value.name`: a column of a table, a field of a struct, or a member of JSON.
    fn field(&self, inner: &Expr, name: &str, names: &Names<'_>, at: At) -> Analyzed<Value> {
        if let Node::Name(table) = &inner.node
            && let Some(value) = self.qualified(table, name, names, at)
        {
            return value;
        }
        let value = self.expr(inner, names)?;
        self.member(&value, name, at)
    }

    /// A field of a struct or of JSON.
    pub(super) fn member(&self, value: &Value, name: &str, at: At) -> Analyzed<Value> {
        match &value.ty {
            DataType::Struct(fields) => {
                let found: Vec<usize> = fields
                    .iter()
                    .enumerate()
                    .filter(|(_, (own, _))| own.eq_ignore_ascii_case(name))
                    .map(|(index, _)| index)
                    .collect();
                match found.as_slice() {
                    [index] => field(value, *index).ok_or_else(|| refuse(at, "A field is missing")),
                    [] => Err(refuse(
                        at,
                        &format!("Field name {name} does not exist in {}", value.ty.bigquery()),
                    )),
                    _ => Err(refuse(at, &format!("Struct field name {name} is ambiguous"))),
                }
            }
            DataType::Json => Ok(Value::new(
                DataType::Json,
                format!(
                    "CAST(bqf('json_member', CAST({} AS VARCHAR), {}) AS JSON)",
                    value.sql,
                    literal(name)
                ),
            )),
            ty => {
                Err(refuse(at, &format!("Cannot access field {name} on a value with type {}", ty.bigquery())))
            }
        }
    }

    fn subscript(
        &self,
        array: &Expr,
        access: Access,
        index: &Expr,
        names: &Names<'_>,
        at: At,
    ) -> Analyzed<Value> {
        let value = self.expr(array, names)?;
        if value.ty == DataType::Json && access == Access::Plain {
            let index = self.expr(index, names)?;
            let (function, index) = match index.ty {
                DataType::Int64 => ("json_element", format!("CAST({} AS VARCHAR)", index.sql)),
                DataType::String => ("json_member", index.sql),
                ty => {
                    return Err(refuse(
                        at,
                        &format!(
                            "Subscript access using [{}] is not supported on values of type JSON",
                            ty.bigquery()
                        ),
                    ));
                }
            };
            let sql = format!("CAST(bqf('{function}', CAST({} AS VARCHAR), {index}) AS JSON)", value.sql);
            return Ok(Value::new(DataType::Json, sql));
        }
        let index = self.expr_as(index, &DataType::Int64, names)?;
        let DataType::Array(element) = &value.ty else {
            return Err(refuse(
                at,
                &format!("Subscript access is not supported on values of type {}", value.ty.bigquery()),
            ));
        };
        let function = match access {
            Access::Plain | Access::Offset => "bq_offset",
            Access::Ordinal => "bq_ordinal",
            Access::SafeOffset => "bq_safe_offset",
            Access::SafeOrdinal => "bq_safe_ordinal",
        };
        Ok(Value::new((**element).clone(), format!("{function}({}, {})", value.sql, index.sql)))
    }

    fn case(
        &self,
        operand: Option<&Expr>,
        branches: &[(Expr, Expr)],
        otherwise: Option<&Expr>,
        names: &Names<'_>,
        at: At,
    ) -> Analyzed<Value> {
        let mut once = Once::new(self);
        let operand = operand.map(|operand| self.expr(operand, names)).transpose()?;
        let operand = operand.map(|operand| once.keep(operand));
        let mut conditions = Vec::new();
        let mut results = Vec::new();
        for (when, then) in branches {
            let condition = match &operand {
                None => self.condition(when, "CASE WHEN", names)?,
                Some(operand) => {
                    let value = self.expr(when, names)?;
                    if value.is_null() || operand.is_null() {
                        Value::new(DataType::Bool, "CAST(NULL AS BOOLEAN)")
                    } else {
                        self.compare("=", operand, &value, when.at)?
                    }
                }
            };
            conditions.push(condition.sql);
            results.push(self.expr(then, names)?);
        }
        if let Some(otherwise) = otherwise {
            results.push(self.expr(otherwise, names)?);
        }
        let (ty, results) = self.unified(results, "CASE", at)?;
        let mut text = "CASE".to_owned();
        let mut results = results.into_iter();
        for condition in conditions {
            let result = results.next().map(|value| value.sql).unwrap_or_default();
            text.push_str(&format!(" WHEN {condition} THEN {result}"));
        }
        if let Some(result) = results.next() {
            text.push_str(&format!(" ELSE {}", result.sql));
        }
        once.around(Value::new(ty, format!("{text} END")), at)
    }

    /// The values as values of their common type.
    pub(super) fn unified(&self, values: Vec<Value>, what: &str, at: At) -> Analyzed<(DataType, Vec<Value>)> {
        let refused = || {
            let types: Vec<String> = values.iter().map(|value| value.ty.bigquery()).collect();
            refuse(at, &format!("No matching signature for {what} for argument types: {}", types.join(", ")))
        };
        let ty = supertype(&values.iter().collect::<Vec<_>>()).ok_or_else(refused)?;
        let coerced: Option<Vec<Value>> = values.iter().map(|value| coerce(value, &ty)).collect();
        Ok((ty, coerced.ok_or_else(refused)?))
    }

    fn array_literal(
        &self,
        element: Option<&DataType>,
        items: &[Expr],
        names: &Names<'_>,
        at: At,
    ) -> Analyzed<Value> {
        let values: Vec<Value> = items.iter().map(|item| self.expr(item, names)).collect::<Analyzed<_>>()?;
        let nested = |ty: &DataType| matches!(ty, DataType::Array(_));
        if element.is_some_and(nested) || values.iter().any(|value| nested(&value.ty)) {
            return Err(refuse(
                at,
                "Cannot construct array with element type ARRAY because nested arrays are not supported",
            ));
        }
        let Some(element) = element else {
            let (element, items) = self.unified(values.clone(), "array literal", at).map_err(|_| {
                refuse(at, "Array elements of types that have no common supertype are not allowed")
            })?;
            let mut own = array(&element, items.clone());
            // NULL stays without a type, so that the literal converts to arrays of other types.
            let untyped = |(value, item): (Value, Value)| if value.is_null() { value } else { item };
            own.form = Form::Array(values.into_iter().zip(items).map(untyped).collect());
            if items_are_literals(&own.form) {
                return Ok(own);
            }
            own.form = Form::Other;
            return Ok(own);
        };
        let mut coerced = Vec::new();
        for (value, item) in values.iter().zip(items) {
            coerced.push(self.coerced(value, element, item.at)?);
        }
        Ok(Value { form: Form::Other, ..array(element, coerced) })
    }

    fn struct_literal(
        &self,
        fields: Option<&[(String, DataType)]>,
        items: &[(Expr, Option<String>)],
        names: &Names<'_>,
        at: At,
    ) -> Analyzed<Value> {
        let mut values = Vec::new();
        for (index, (item, _)) in items.iter().enumerate() {
            let value = self.expr(item, names)?;
            values.push(match fields.and_then(|fields| fields.get(index)) {
                Some((_, ty)) => self.coerced(&value, ty, item.at)?,
                None => value,
            });
        }
        let Some(fields) = fields else {
            let own = items.iter().map(|(_, name)| name.clone().unwrap_or_default()).collect();
            return Ok(structure(own, values));
        };
        if fields.len() != items.len() {
            return Err(refuse(
                at,
                &format!(
                    "STRUCT type has {} fields but constructor call has {} fields",
                    fields.len(),
                    items.len()
                ),
            ));
        }
        let own = structure(fields.iter().map(|(name, _)| name.clone()).collect(), values);
        Ok(Value { form: Form::Other, ..own })
    }
}

/// Whether all items are literals, so that the array converts like one.
fn items_are_literals(form: &Form) -> bool {
    match form {
        Form::Array(items) => items.iter().all(|item| {
            item.is_literal()
                || matches!(&item.form, Form::Struct(fields) if fields.iter().all(Value::is_literal))
        }),
        _ => false,
    }
}
