//! The order of the tables of WITH RECURSIVE, and where such a table may name itself.
//!
//! The module decides by the syntax alone. It must not know columns and types. To allow one more place, change
//! [`in_query`] or [`in_from`].

use super::{Analyzed, aggregate, invalid, refuse, windows};
use crate::warehouse::sql::syntax::ast::{At, Body, Expr, From, Item, JoinKind, Pipe, Query, Select, With};
use segue_ports::warehouse::WarehouseError;
use std::collections::{BTreeMap, BTreeSet};

/// The tables so that each comes after those that it names.
pub(super) fn ordered(with: &[With]) -> Analyzed<Vec<&With>> {
    let positions: BTreeMap<String, usize> =
        with.iter().enumerate().map(|(index, own)| (own.name.to_lowercase(), index)).collect();
    let mut needs: Vec<BTreeSet<usize>> = Vec::new();
    let mut users: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, own) in with.iter().enumerate() {
        let named = own.tables.iter().filter_map(|table| positions.get(table).copied());
        let needed: BTreeSet<usize> = named.filter(|other| *other != index).collect();
        for other in &needed {
            users.entry(*other).or_default().push(index);
        }
        needs.push(needed);
    }
    let is_free = |(index, needed): (usize, &BTreeSet<usize>)| needed.is_empty().then_some(index);
    let mut free: BTreeSet<usize> = needs.iter().enumerate().filter_map(is_free).collect();
    let mut found = Vec::new();
    while let Some(index) = free.pop_first() {
        found.extend(with.get(index));
        for user in users.remove(&index).unwrap_or_default() {
            let Some(needed) = needs.get_mut(user) else { continue };
            needed.remove(&index);
            if needed.is_empty() {
                free.insert(user);
            }
        }
    }
    match needs.iter().zip(with).find(|(needed, _)| !needed.is_empty()) {
        None => Ok(found),
        Some((_, own)) => {
            let message =
                format!("The table {} of WITH RECURSIVE and others name each other in a cycle", own.name);
            Err(refuse(own.at, &message))
        }
    }
}

/// Refuses a table that names itself at another place than once in FROM of the last query of its UNION.
pub(super) fn check(own: &With, last: &Query) -> Analyzed<()> {
    let name = &own.name;
    if own.times(name) != 1 {
        return Err(misplaced(name, own.at, "is named more than once"));
    }
    if own.query.with.iter().any(|inner| inner.times(name) > 0) {
        return Err(misplaced(name, own.at, "is named inside of a WITH clause"));
    }
    if in_query(last, name)? {
        return Ok(());
    }
    Err(misplaced(name, own.at, "is named outside of FROM of the last query of its UNION"))
}

/// The error for a table that names itself where BigQuery does not allow it.
pub(super) fn misplaced(name: &str, at: At, what: &str) -> WarehouseError {
    let message = format!("The recursive table {name} {what}");
    let hint = "write WITH RECURSIVE r AS (SELECT … UNION ALL SELECT … FROM r …), with one r that is not grouped, ordered, limited or outer joined";
    invalid(&message, Some(at), Some(hint))
}

/// Whether FROM of a query names the table.
fn in_query(query: &Query, name: &str) -> Analyzed<bool> {
    if query.with.iter().any(|own| own.is(name)) {
        return Ok(false);
    }
    if query.with.iter().any(|own| own.times(name) > 0) {
        return Err(misplaced(name, query.at, "is named inside of a WITH clause"));
    }
    let mut found = match &query.body {
        Body::Select(select) => in_select(select, name)?,
        Body::Nested(inner) => in_query(inner, name)?,
        Body::From(from) => in_from(from, name)?,
        Body::Set(set) => {
            let inputs =
                set.inputs.iter().map(|input| in_query(input, name)).collect::<Analyzed<Vec<_>>>()?;
            let is_named = inputs.contains(&true);
            if is_named && set.kind.verb != "UNION" {
                return Err(misplaced(name, set.at, &format!("is an operand of {}", set.kind.verb)));
            }
            is_named
        }
    };
    if found && (!query.order.is_empty() || query.limit.is_some()) {
        return Err(misplaced(name, query.at, "is in a query with ORDER BY or LIMIT"));
    }
    for (at, pipe) in &query.pipes {
        found = in_pipe(pipe, found, name, *at)?;
    }
    Ok(found)
}

fn in_select(select: &Select, name: &str) -> Analyzed<bool> {
    let found = select.from.as_ref().map(|from| in_from(from, name)).transpose()?.unwrap_or_default();
    if found && select.distinct {
        return Err(misplaced(name, select.at, "is in a query with DISTINCT"));
    }
    if found && (select.group.is_some() || computes(select)) {
        return Err(misplaced(name, select.at, "is in a query with aggregate or window functions"));
    }
    Ok(found)
}

/// Whether a SELECT calls aggregate or window functions.
fn computes(select: &Select) -> bool {
    let exprs = select.items.iter().flat_map(|item| match item {
        Item::Value { value, .. } => vec![value],
        Item::Star { replace, .. } => replace.iter().map(|(_, value)| value).collect(),
    });
    exprs.chain(&select.having).chain(&select.qualify).any(calls)
}

fn calls(expr: &Expr) -> bool {
    aggregate::contains(expr) || windows::contains(expr)
}

/// Whether FROM names the table.
fn in_from(from: &From, name: &str) -> Analyzed<bool> {
    match from {
        From::Table { path, .. } => {
            Ok(matches!(path.as_slice(), [table] if table.eq_ignore_ascii_case(name)))
        }
        From::Query { query, .. } => in_query(query, name),
        From::Join { at, kind, left, right, .. } => {
            joined(*kind, in_from(left, name)?, in_from(right, name)?, name, *at)
        }
        From::Unpivot { input, .. } => in_from(input, name),
        From::Pivot { input, pivot, .. } if in_from(input, name)? => {
            Err(misplaced(name, pivot.at, "is an operand of PIVOT"))
        }
        From::Sample { input, percent } if in_from(input, name)? => {
            Err(misplaced(name, percent.at, "is an operand of TABLESAMPLE"))
        }
        From::Unnest { .. } | From::Call { .. } | From::Pivot { .. } | From::Sample { .. } => Ok(false),
    }
}

/// A join of which a side names the table, perhaps.
fn joined(kind: JoinKind, left: bool, right: bool, name: &str, at: At) -> Analyzed<bool> {
    let is_optional = match kind {
        JoinKind::Cross | JoinKind::Inner => false,
        JoinKind::Left => right,
        JoinKind::Right => left,
        JoinKind::Full => left || right,
    };
    if is_optional {
        return Err(misplaced(name, at, "is the optional side of an outer join"));
    }
    Ok(left || right)
}

/// Whether the query up to this operator names the table. `found`: the query before it does.
fn in_pipe(pipe: &Pipe, found: bool, name: &str, at: At) -> Analyzed<bool> {
    let is_computed = match pipe {
        Pipe::Join { kind, right, .. } => return joined(*kind, found, in_from(right, name)?, name, at),
        Pipe::SetOperation(kind, inputs) => {
            let inputs = inputs.iter().map(|input| in_query(input, name)).collect::<Analyzed<Vec<_>>>()?;
            let is_named = found || inputs.contains(&true);
            if is_named && kind.verb != "UNION" {
                return Err(misplaced(name, at, &format!("is an operand of {}", kind.verb)));
            }
            return Ok(is_named);
        }
        Pipe::Select(select) => select.distinct || computes(select),
        Pipe::Extend(items, _) => items.iter().any(|(value, _)| calls(value)),
        Pipe::Set(items) => items.iter().any(|(_, value)| calls(value)),
        Pipe::Drop(_) | Pipe::Rename(_) | Pipe::As(_) | Pipe::Where(_) | Pipe::Unpivot(..) => false,
        Pipe::Limit(..) | Pipe::Order(_) | Pipe::Distinct => true,
        Pipe::Aggregate { .. } | Pipe::Pivot(..) | Pipe::Sample(_) => true,
    };
    if found && is_computed {
        return Err(misplaced(
            name,
            at,
            "is grouped, ordered, limited or given to window functions by a pipe",
        ));
    }
    Ok(found)
}
