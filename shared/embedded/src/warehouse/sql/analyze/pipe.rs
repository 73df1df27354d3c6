//! The operators after `|>`. Each makes a table of the table before it.
//!
//! To add an operator, add a branch in `Analyzer::piped`.

use super::names::{Column, Names, Source};
use super::query::{Output, Relation, Tail, value_columns};
use super::value::{Form, Value};
use super::{Analyzed, Analyzer, aggregate, refuse, windows};
use crate::warehouse::sql::names::quote;
use crate::warehouse::sql::syntax::ast::{
    At, Expr, From, Group, GroupItem, Item, JoinKind, Node, OrderItem, Pipe, Select, Shape,
};

/// No ORDER BY and no LIMIT.
const NO_TAIL: Tail<'static> = Tail { order: &[], limit: None, offset: None };

/// The table so far.
struct Flow<'p> {
    from: String,
    names: Names<'p>,
}

impl Analyzer<'_> {
    /// A query of pipes over a FROM or a query.
    pub(super) fn piped(
        &self,
        from: Option<&From>,
        relation: Option<Relation>,
        pipes: &[(At, Pipe)],
        parent: &Names<'_>,
    ) -> Analyzed<Relation> {
        let mut flow = match (from, relation) {
            (Some(from), _) => {
                let mut names = Names { parent: Some(parent), ..Names::none() };
                let text = self.from(from, &mut names)?;
                Flow { from: text, names }
            }
            (None, Some(relation)) => self.flow(relation, parent),
            (None, None) => return Err(refuse((1, 1), "A query needs FROM or SELECT")),
        };
        for (at, pipe) in pipes {
            flow = self.step(flow, pipe, *at, parent)?;
        }
        Ok(self.collected(&flow))
    }

    fn flow<'p>(&self, relation: Relation, parent: &'p Names<'p>) -> Flow<'p> {
        let own = self.fresh("t");
        let source = relation.source(&own, None);
        let names = Names { sources: vec![source], parent: Some(parent), ..Names::none() };
        Flow { from: format!("({}) AS {own}", relation.sql), names }
    }

    /// The table so far as a query.
    fn collected(&self, flow: &Flow<'_>) -> Relation {
        let columns = flow.names.all_columns();
        let mut used: Vec<String> = Vec::new();
        let mut list = Vec::new();
        let mut outputs = Vec::new();
        for (index, column) in columns.iter().enumerate() {
            let mut own = if column.name.is_empty() { format!("f{index}_") } else { column.name.clone() };
            while used.contains(&own.to_lowercase()) {
                own.push('_');
            }
            used.push(own.to_lowercase());
            list.push(format!("{} AS {}", column.value.sql, quote(&own)));
            outputs.push(Output {
                name: column.name.clone(),
                sql_name: quote(&own),
                ty: column.value.ty.clone(),
                form: Form::Other,
            });
        }
        let sql = format!("SELECT {} FROM {}", list.join(", "), flow.from);
        Relation { sql, columns: outputs, is_value: false }
    }

    /// The same table with `clauses` applied, and with more columns.
    fn wrapped<'p>(&self, flow: Flow<'p>, clauses: &str, extra: Vec<(String, Value)>) -> Flow<'p> {
        let own = self.fresh("t");
        let mut list = Vec::new();
        let mut moved = |value: &mut Value| {
            let name = self.fresh("c");
            list.push(format!("{} AS {name}", value.clone().settled().sql));
            *value = Value::new(value.ty.clone(), format!("{own}.{name}"));
        };
        let Flow { from, mut names } = flow;
        for source in &mut names.sources {
            if let Some(row) = &mut source.row {
                moved(row);
                source.columns = value_columns(row, source.alias.as_deref());
            } else {
                source.columns.iter_mut().for_each(|column| moved(&mut column.value));
            }
        }
        names.joined.iter_mut().for_each(|column| moved(&mut column.value));
        let mut columns = Vec::new();
        for (name, mut value) in extra {
            moved(&mut value);
            columns.push(Column { name, value, hidden: false });
        }
        if !columns.is_empty() {
            names.sources.push(Source { alias: None, columns, row: None });
        }
        let from = format!("(SELECT {} FROM {from}{clauses}) AS {own}", list.join(", "));
        Flow { from, names }
    }

    fn step<'p>(&self, flow: Flow<'p>, pipe: &Pipe, at: At, parent: &'p Names<'p>) -> Analyzed<Flow<'p>> {
        match pipe {
            Pipe::Select(select) => {
                for item in &select.items {
                    if let Item::Value { value, .. } = item {
                        aggregate::refuse_in(value, "|> SELECT")?;
                    }
                }
                let mut names = flow.names;
                names.windows.clone_from(&select.windows);
                let relation = self.select_over(select, Some(flow.from), names, &NO_TAIL)?;
                Ok(self.flow(relation, parent))
            }
            Pipe::Where(filter) => {
                aggregate::refuse_in(filter, "WHERE")?;
                let condition = self.condition(filter, "WHERE", &flow.names)?;
                // |> WHERE filters by window functions too, as QUALIFY does.
                let verb = if windows::contains(filter) { "QUALIFY" } else { "WHERE" };
                Ok(self.wrapped(flow, &format!(" {verb} {}", condition.sql), Vec::new()))
            }
            Pipe::Limit(limit, offset) => {
                let tail = Tail { order: &[], limit: Some(limit), offset: offset.as_ref() };
                let text = self.limit(&tail)?;
                Ok(self.wrapped(flow, &text, Vec::new()))
            }
            Pipe::Order(order) => {
                let order = ordinals(order, &flow.names)?;
                let text = self.order_by(&order, &flow.names)?;
                Ok(self.wrapped(flow, &format!(" {text}"), Vec::new()))
            }
            Pipe::Distinct => {
                let mut select = plain_select(at, vec![all(at)]);
                select.distinct = true;
                let relation = self.select_over(&select, Some(flow.from), flow.names, &NO_TAIL)?;
                Ok(self.flow(relation, parent))
            }
            Pipe::As(name) => {
                let relation = self.collected(&flow);
                let mut flow = self.flow(relation, parent);
                flow.names.sources.iter_mut().for_each(|source| source.alias = Some(name.clone()));
                Ok(flow)
            }
            Pipe::Extend(items, windows) => {
                let mut flow = flow;
                flow.names.windows.clone_from(windows);
                let mut extra = Vec::new();
                for (expr, alias) in items {
                    aggregate::refuse_in(expr, "|> EXTEND")?;
                    let own = expr.own_name().map(str::to_owned);
                    let name = alias.clone().or(own).unwrap_or_default();
                    extra.push((name, self.expr(expr, &flow.names)?));
                }
                flow.names.windows.clear();
                Ok(self.wrapped(flow, "", extra))
            }
            Pipe::Set(items) => {
                let mut changed = Vec::new();
                for (name, expr) in items {
                    if changed.iter().any(|(own, _, _): &(&String, _, _)| own.eq_ignore_ascii_case(name)) {
                        return Err(refuse(expr.at, &format!("Duplicate column {name} in |> SET")));
                    }
                    aggregate::refuse_in(expr, "|> SET")?;
                    changed.push((name, self.expr(expr, &flow.names)?, expr.at));
                }
                let Flow { from, mut names } = flow;
                for (name, value, place) in changed {
                    names.replace_all(name);
                    let column = column_mut(&mut names, name, place)?;
                    column.value = value;
                }
                Ok(self.wrapped(Flow { from, names }, "", Vec::new()))
            }
            Pipe::Drop(columns) => {
                let Flow { from, mut names } = flow;
                for (name, place) in columns {
                    names.replace_all(name);
                    column_mut(&mut names, name, *place)?.hidden = true;
                    // It drops each column of this name.
                    while let Ok(column) = column_mut(&mut names, name, *place) {
                        column.hidden = true;
                    }
                    forget(&mut names, name);
                }
                Ok(Flow { from, names })
            }
            Pipe::Rename(pairs) => {
                let Flow { from, mut names } = flow;
                // The names change all at once, since two columns may swap theirs.
                let between = |index: usize| format!("{index} renamed");
                for (index, (old, _)) in pairs.iter().enumerate() {
                    names.replace_all(old);
                    column_mut(&mut names, old, at)?.name = between(index);
                }
                for (index, (_, new)) in pairs.iter().enumerate() {
                    column_mut(&mut names, &between(index), at)?.name.clone_from(new);
                }
                Ok(Flow { from, names })
            }
            Pipe::Aggregate { items, group, ordered } => {
                self.pipe_aggregate(flow, items, group, *ordered, at, parent)
            }
            Pipe::Join { kind, right, on, using } => {
                let is_free = on.is_none() && using.is_empty();
                match kind {
                    JoinKind::Cross if !is_free => {
                        return Err(refuse(at, "|> CROSS JOIN has neither ON nor USING"));
                    }
                    JoinKind::Cross => {}
                    _ if is_free && matches!(right, From::Query { .. }) => {
                        return Err(refuse(at, "|> JOIN needs ON or USING"));
                    }
                    _ => {}
                }
                let Flow { from, mut names } = flow;
                let from = self.joined_with(*kind, from, 0, right, on.as_ref(), using, &mut names, at)?;
                Ok(Flow { from, names })
            }
            Pipe::SetOperation(kind, inputs) => {
                let mut relations = vec![self.collected(&flow)];
                for input in inputs {
                    relations.push(self.query(input, parent)?);
                }
                let relation = self.combined(kind, relations, at)?;
                Ok(self.flow(relation, parent))
            }
            Pipe::Pivot(pivot, alias) => {
                let relation = self.pivoted(&flow.from, flow.names, pivot)?;
                Ok(self.aliased(relation, alias.clone(), parent))
            }
            Pipe::Unpivot(unpivot, alias) => {
                let relation = self.unpivoted(&flow.from, &flow.names, unpivot)?;
                Ok(self.aliased(relation, alias.clone(), parent))
            }
            Pipe::Sample(percent) => {
                let percent = self.percent(percent)?;
                Ok(self.wrapped(flow, &format!(" WHERE random() * 100 < {percent}"), Vec::new()))
            }
        }
    }

    fn aliased<'p>(&self, relation: Relation, alias: Option<String>, parent: &'p Names<'p>) -> Flow<'p> {
        let mut flow = self.flow(relation, parent);
        flow.names.sources.iter_mut().for_each(|source| source.alias.clone_from(&alias));
        flow
    }

    fn pipe_aggregate<'p>(
        &self,
        flow: Flow<'p>,
        items: &[(Expr, Option<String>)],
        group: &[(GroupItem, Option<bool>)],
        ordered: bool,
        at: At,
        parent: &'p Names<'p>,
    ) -> Analyzed<Flow<'p>> {
        let mut list = Vec::new();
        for (item, _) in group {
            if let GroupItem::Value(Expr { node: Node::Number(_), at, .. }, _) = item {
                return Err(refuse(*at, "GROUP BY the number of a column is not allowed in |> AGGREGATE"));
            }
            keys_of(item, &mut list);
        }
        let values =
            items.iter().map(|(value, alias)| Item::Value { value: value.clone(), alias: alias.clone() });
        list.extend(values);
        let mut select = plain_select(at, list);
        let sets: Vec<GroupItem> = group.iter().map(|(item, _)| item.clone()).collect();
        select.group = (!sets.is_empty()).then_some(Group::Sets(sets));
        if select.group.is_none() && !items.iter().any(|(value, _)| super::aggregate::contains(value)) {
            return Err(refuse(at, "AGGREGATE needs an aggregate function or GROUP BY"));
        }
        let order: Vec<OrderItem> = group
            .iter()
            .filter_map(|(item, direction)| match item {
                GroupItem::Value(value, _) if ordered || direction.is_some() => Some(OrderItem {
                    value: value.clone(),
                    descending: direction.unwrap_or_default(),
                    nulls_first: None,
                    collate: None,
                }),
                _ => None,
            })
            .collect();
        let tail = Tail { order: &order, limit: None, offset: None };
        let relation = self.select_over(&select, Some(flow.from), flow.names, &tail)?;
        Ok(self.flow(relation, parent))
    }
}

/// ORDER BY with the names of columns in place of their numbers.
fn ordinals(order: &[OrderItem], names: &Names<'_>) -> Analyzed<Vec<OrderItem>> {
    let columns = names.all_columns();
    let mut found = order.to_vec();
    for item in &mut found {
        let Node::Number(number) = &item.value.node else { continue };
        let place = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let column = place.and_then(|place| columns.get(place)).ok_or_else(|| {
            refuse(item.value.at, &format!("ORDER BY has no column of the number {number}"))
        })?;
        item.value = Expr::new(item.value.at, Node::Name(column.name.clone()));
    }
    Ok(found)
}

/// The keys of GROUP BY as items of a select list.
fn keys_of(item: &GroupItem, list: &mut Vec<Item>) {
    match item {
        GroupItem::Value(value, alias) => {
            list.push(Item::Value { value: value.clone(), alias: alias.clone() })
        }
        GroupItem::Several(values) => {
            list.extend(values.iter().map(|value| Item::Value { value: value.clone(), alias: None }));
        }
        GroupItem::Rollup(items) | GroupItem::Cube(items) | GroupItem::Sets(items) => {
            items.iter().for_each(|item| keys_of(item, list));
        }
    }
}

fn all(at: At) -> Item {
    Item::Star { at, of: None, except: Vec::new(), replace: Vec::new() }
}

fn plain_select(at: At, items: Vec<Item>) -> Select {
    Select {
        at,
        distinct: false,
        shape: Shape::Columns,
        items,
        from: None,
        filter: None,
        group: None,
        having: None,
        qualify: None,
        windows: Vec::new(),
    }
}

/// The column of this name.
///
/// If a column of a row changes, the row is no longer the value that it was.
fn column_mut<'n>(names: &'n mut Names<'_>, name: &str, at: At) -> Analyzed<&'n mut Column> {
    let Names { joined, sources, .. } = names;
    let has =
        |source: &&mut Source| source.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    if let Some(source) = sources.iter_mut().find(has) {
        source.row = None;
    }
    joined
        .iter_mut()
        .chain(sources.iter_mut().flat_map(|source| source.columns.iter_mut()))
        .find(|column| column.name.eq_ignore_ascii_case(name) && !column.hidden)
        .ok_or_else(|| refuse(at, &format!("Unrecognized name: {name}")))
}

/// A column that is dropped has no name any more.
fn forget(names: &mut Names<'_>, name: &str) {
    let columns = names.sources.iter_mut().flat_map(|source| source.columns.iter_mut());
    for column in columns.chain(names.joined.iter_mut()) {
        if column.hidden && column.name.eq_ignore_ascii_case(name) {
            column.name = String::new();
        }
    }
}
