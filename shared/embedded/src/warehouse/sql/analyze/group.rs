//! GROUP BY: the keys, and the rule that other expressions use only keys.

use super::names::{Key, Names};
use super::select::{Content, Listed};
use super::value::{Form, Value};
use super::{Analyzed, Analyzer, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::syntax::ast::{At, Expr, Group, GroupItem, Node};

impl Analyzer<'_> {
    /// The text after GROUP BY. Sets the keys of `names`. May add a join to `from` that computes keys.
    pub(super) fn group(
        &self,
        group: Option<&Group>,
        items: &[Listed<'_>],
        names: &mut Names<'_>,
        from: &mut Option<String>,
    ) -> Analyzed<String> {
        let mut keys: Vec<Key> = Vec::new();
        let text = match group {
            None => String::new(),
            Some(Group::All) => {
                let computed = self.fresh("g");
                let mut texts = Vec::new();
                for (index, item) in items.iter().enumerate().filter(|(_, item)| self.is_key_of_all(item)) {
                    let value = match &item.content {
                        Content::Expr(expr) => self.expr(expr, names)?,
                        Content::Column(value, _) => value.clone(),
                    };
                    texts.push(self.plain_key(value, Some(index), (1, 1), &mut keys, &computed)?);
                }
                join_computed(&keys, &computed, from);
                texts.join(", ")
            }
            Some(plain @ Group::Sets(list)) => {
                let is_plain = Self::is_plain(plain);
                let computed = self.fresh("g");
                let mut texts = Vec::new();
                for item in list {
                    texts.push(self.group_item(item, items, names, &mut keys, &computed, is_plain)?);
                }
                join_computed(&keys, &computed, from);
                texts.join(", ")
            }
        };
        names.keys.replace(Some(keys));
        Ok(text)
    }

    fn group_item(
        &self,
        item: &GroupItem,
        items: &[Listed<'_>],
        names: &Names<'_>,
        keys: &mut Vec<Key>,
        computed: &str,
        is_plain: bool,
    ) -> Analyzed<String> {
        let several = |list: &[GroupItem], keys: &mut Vec<Key>| -> Analyzed<String> {
            let mut texts = Vec::new();
            for item in list {
                texts.push(self.group_item(item, items, names, keys, computed, is_plain)?);
            }
            Ok(texts.join(", "))
        };
        match item {
            GroupItem::Value(expr, _) => {
                let (value, chosen) = self.group_value(expr, items, names)?;
                if is_plain {
                    self.plain_key(value, chosen, expr.at, keys, computed)
                } else {
                    self.computed_key(value, chosen, expr.at, keys, computed)
                }
            }
            GroupItem::Several(list) => {
                let mut texts = Vec::new();
                for expr in list {
                    let (value, chosen) = self.group_value(expr, items, names)?;
                    texts.push(if is_plain {
                        self.plain_key(value, chosen, expr.at, keys, computed)?
                    } else {
                        self.computed_key(value, chosen, expr.at, keys, computed)?
                    });
                }
                Ok(format!("({})", texts.join(", ")))
            }
            GroupItem::Rollup(list) => Ok(format!("ROLLUP ({})", several(list, keys)?)),
            GroupItem::Cube(list) => Ok(format!("CUBE ({})", several(list, keys)?)),
            GroupItem::Sets(list) => Ok(format!("GROUPING SETS ({})", several(list, keys)?)),
        }
    }

    /// The value of an item: a number or an alias of the select list, or an expression. With the place in the list.
    fn group_value(
        &self,
        expr: &Expr,
        items: &[Listed<'_>],
        names: &Names<'_>,
    ) -> Analyzed<(Value, Option<usize>)> {
        let chosen = match &expr.node {
            Node::Number(_) => self.ordinal(expr, items.len())?,
            Node::Name(name) => {
                let found: Vec<usize> = items
                    .iter()
                    .enumerate()
                    .filter(|(_, item)| item.name.eq_ignore_ascii_case(name))
                    .map(|(index, _)| index)
                    .collect();
                match found.as_slice() {
                    [index] => Some(*index),
                    _ => None,
                }
            }
            _ => None,
        };
        let value = match chosen.and_then(|index| items.get(index)).map(|item| &item.content) {
            Some(Content::Column(value, _)) => value.clone(),
            Some(Content::Expr(own)) => {
                if super::aggregate::contains(own) {
                    return Err(refuse(expr.at, "Aggregate functions are not allowed in GROUP BY"));
                }
                self.expr(own, names)?
            }
            None => {
                if matches!(expr.node, Node::Text(_) | Node::Bool(_) | Node::Null) {
                    return Err(refuse(expr.at, "Cannot GROUP BY literal values"));
                }
                self.no_aggregate(expr, "GROUP BY")?;
                self.expr(expr, names)?
            }
        };
        Ok((value, chosen))
    }

    /// A key of a plain GROUP BY. An item of the select list with a subquery is computed in FROM: the subquery is
    /// another text when the list is analyzed.
    fn plain_key(
        &self,
        value: Value,
        chosen: Option<usize>,
        at: At,
        keys: &mut Vec<Key>,
        computed: &str,
    ) -> Analyzed<String> {
        if chosen.is_some() && value.sql.contains("SELECT ") {
            self.computed_key(value, chosen, at, keys, computed)
        } else {
            self.key(value, at, keys)
        }
    }

    fn key(&self, value: Value, at: At, keys: &mut Vec<Key>) -> Analyzed<String> {
        check(&value, at)?;
        super::collation::refuse_inside(&value.ty, "GROUP BY", at)?;
        let sql = value.clone().settled().sql;
        if value.ty == DataType::Collated {
            // A group has equal texts. Any of them stands for it.
            let key = super::collation::key(&value);
            keys.push(Key {
                matches: value.sql.clone(),
                value: Value::new(DataType::Collated, format!("any_value({sql})")),
                computed: None,
                chosen: Vec::new(),
            });
            return Ok(key);
        }
        keys.push(Key {
            matches: value.sql.clone(),
            value: Value { form: Form::Other, sql: sql.clone(), ..value },
            computed: None,
            chosen: Vec::new(),
        });
        Ok(sql)
    }

    /// A key of ROLLUP and the like. An expression is computed in FROM, because DuckDB would compute it again from the
    /// keys, which are NULL in some groups.
    fn computed_key(
        &self,
        value: Value,
        chosen: Option<usize>,
        at: At,
        keys: &mut Vec<Key>,
        own: &str,
    ) -> Analyzed<String> {
        check(&value, at)?;
        if super::collation::has(&value.ty) {
            return Err(super::collation::unsupported("ROLLUP, CUBE and GROUPING SETS", at));
        }
        if let Some(key) = keys.iter_mut().find(|key| key.matches == value.sql && key.value.ty == value.ty) {
            key.chosen.extend(chosen);
            return Ok(key.value.sql.clone());
        }
        let is_column = !value.sql.contains(['(', ' ']);
        if is_column {
            return self.key(value, at, keys);
        }
        let name = self.fresh("k");
        let sql = format!("{own}.{name}");
        let settled = value.clone().settled();
        keys.push(Key {
            matches: settled.sql,
            value: Value::new(value.ty, sql.clone()),
            computed: Some(name),
            chosen: chosen.into_iter().collect(),
        });
        Ok(sql)
    }

    /// The key of GROUP BY that is the same as this expression.
    pub(super) fn group_key(&self, expr: &Expr, names: &Names<'_>) -> Option<Value> {
        let has_keys = names.keys.borrow().as_ref().is_some_and(|keys| !keys.is_empty());
        let is_simple = matches!(
            expr.node,
            Node::Null
                | Node::Bool(_)
                | Node::Number(_)
                | Node::Text(_)
                | Node::Subquery(_)
                | Node::Exists(_)
                | Node::ArrayQuery(_)
        );
        if !has_keys || is_simple || super::aggregate::contains(expr) {
            return None;
        }
        let keys = names.keys.borrow_mut().take();
        let plain = self.expr(expr, names);
        *names.keys.borrow_mut() = keys;
        let plain = plain.ok()?;
        let keys = names.keys.borrow();
        let key = keys.as_ref()?.iter().find(|key| key.matches == plain.sql && key.value.ty == plain.ty)?;
        Some(Value { form: Form::Other, ..key.value.clone() })
    }
}

fn check(value: &Value, at: At) -> Analyzed<()> {
    if matches!(value.ty, DataType::Json | DataType::Geography) {
        return Err(refuse(
            at,
            &format!("Grouping by expressions of type {} is not allowed", value.ty.bigquery()),
        ));
    }
    Ok(())
}

/// Adds a join to FROM that computes keys.
fn join_computed(keys: &[Key], own: &str, from: &mut Option<String>) {
    let part = |key: &Key| key.computed.as_ref().map(|name| format!("{} AS {name}", key.matches));
    let parts: Vec<String> = keys.iter().filter_map(part).collect();
    if let (false, Some(from)) = (parts.is_empty(), from.as_mut()) {
        from.push_str(&format!(" CROSS JOIN LATERAL (SELECT {}) AS {own}", parts.join(", ")));
    }
}
