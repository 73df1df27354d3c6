//! The names that an expression can use: columns, tables, aliases of the select list, parameters of lambdas, variables.
//!
//! The module must not know how a query is written.

use super::value::{Value, structure};
use super::{Analyzed, Analyzer, refuse};
use crate::warehouse::sql::syntax::ast::At;
use std::cell::RefCell;

/// A column of a table in FROM.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// The name in lower case is compared. Empty: the column has no name.
    pub(super) name: String,
    pub(super) value: Value,
    /// Whether `*` leaves the column out.
    pub(super) hidden: bool,
}

/// A table in FROM.
#[derive(Debug, Clone, Default)]
pub(super) struct Source {
    pub(super) alias: Option<String>,
    pub(super) columns: Vec<Column>,
    /// The row of a table of values, such as UNNEST.
    pub(super) row: Option<Value>,
}

/// A key of GROUP BY.
#[derive(Debug, Clone)]
pub(super) struct Key {
    /// The expression in FROM.
    pub(super) matches: String,
    /// The expression after GROUP BY.
    pub(super) value: Value,
    /// The name of the column that a join computes, if there is one.
    pub(super) computed: Option<String>,
    /// The places in the select list that GROUP BY names by their number or alias.
    pub(super) chosen: Vec<usize>,
}

/// The names of one query. The names of the queries around it follow.
#[derive(Default)]
pub(super) struct Names<'p> {
    pub(super) sources: Vec<Source>,
    /// Columns that `|> SET`, `DROP` and `RENAME` have changed, after the names of their tables. BigQuery still has the
    /// old rows there.
    pub(super) replaced: Vec<(String, String)>,
    /// The columns of USING, which are one for both tables.
    pub(super) joined: Vec<Column>,
    pub(super) parent: Option<&'p Names<'p>>,
    /// The aliases of the select list, where they can be used.
    pub(super) aliases: RefCell<Vec<(String, Value)>>,
    /// Parameters of lambdas and names of WITH expressions.
    pub(super) locals: Vec<(String, Value)>,
    /// The keys of GROUP BY. Set while an expression after GROUP BY is analyzed.
    pub(super) keys: RefCell<Option<Vec<Key>>>,
    /// The named windows.
    pub(super) windows: Vec<(String, crate::warehouse::sql::syntax::ast::Window)>,
}

impl Source {
    /// The whole row as one value.
    pub(super) fn whole(&self) -> Value {
        if let Some(row) = &self.row {
            return row.clone();
        }
        let columns: Vec<&Column> = self.columns.iter().filter(|column| !column.hidden).collect();
        structure(
            columns.iter().map(|column| column.name.clone()).collect(),
            columns.iter().map(|column| column.value.clone()).collect(),
        )
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        self.alias.as_deref().is_some_and(|alias| alias.eq_ignore_ascii_case(name))
    }
}

impl<'p> Names<'p> {
    /// No names.
    pub(super) fn none() -> Self {
        Self::default()
    }

    /// More names in front of these.
    pub(super) fn with_locals(parent: &'p Names<'p>, locals: Vec<(String, Value)>) -> Self {
        Self { parent: Some(parent), locals, ..Self::default() }
    }

    /// Every column of this query with the name.
    fn found(&self, name: &str) -> Vec<&Column> {
        let joined = self.joined.iter().find(|column| column.name.eq_ignore_ascii_case(name));
        if let Some(column) = joined {
            return vec![column];
        }
        self.sources
            .iter()
            .flat_map(|source| &source.columns)
            .filter(|column| column.name.eq_ignore_ascii_case(name))
            .collect()
    }

    /// The table with this alias, in this query.
    pub(super) fn source(&self, name: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.is_named(name))
    }

    /// A column of `*`, which after GROUP BY must be a key.
    pub(super) fn checked(&self, value: &Value, name: &str, at: At) -> Analyzed<Value> {
        self.grouped(value, name, at)
    }

    /// The table with this alias, in this query or around it.
    pub(super) fn visible_source(&self, name: &str) -> Option<&Source> {
        let mut level = Some(self);
        while let Some(names) = level {
            if let Some(source) = names.source(name) {
                return Some(source);
            }
            if !names.found(name).is_empty() {
                return None;
            }
            level = names.parent;
        }
        None
    }

    /// Refuses the whole row of a table if a pipe has changed its columns.
    pub(super) fn unchanged(&self, table: &str, at: At) -> Analyzed<()> {
        match self.replaced.iter().find(|(own, _)| own.eq_ignore_ascii_case(table)) {
            Some((_, name)) => {
                Err(super::missing(at, &format!("The row of {table}, of which a pipe has changed {name},")))
            }
            None => Ok(()),
        }
    }

    /// Notes that the tables which have this column do not have it as it was.
    pub(super) fn replace_all(&mut self, name: &str) {
        for source in &self.sources {
            if let Some(alias) = &source.alias
                && source.columns.iter().any(|own| own.name.eq_ignore_ascii_case(name))
            {
                self.replaced.push((alias.clone(), name.to_owned()));
            }
        }
    }

    /// The key that is an item of the select list, and not an expression that is equal to the item.
    pub(super) fn chosen_key(&self, item: usize) -> Option<Value> {
        let keys = self.keys.borrow();
        let key = keys.as_ref()?.iter().find(|key| key.chosen.contains(&item))?;
        Some(key.value.clone())
    }

    /// A column after GROUP BY must be a key.
    fn grouped(&self, value: &Value, name: &str, at: At) -> Analyzed<Value> {
        let keys = self.keys.borrow();
        let Some(keys) = keys.as_ref() else { return Ok(value.clone()) };
        if let Some(key) = keys.iter().find(|key| key.matches == value.sql && key.value.ty == value.ty) {
            return Ok(key.value.clone());
        }
        Err(refuse(
            at,
            &format!("Expression references column {name} which is neither grouped nor aggregated"),
        ))
    }

    /// The path `name.field` where `name` is a table.
    fn column_of(&self, table: &str, name: &str, at: At) -> Option<Analyzed<Value>> {
        let source = self.source(table)?;
        let found: Vec<&Column> =
            source.columns.iter().filter(|column| column.name.eq_ignore_ascii_case(name)).collect();
        match found.as_slice() {
            [] => None,
            [column] => Some(self.grouped(&column.value, name, at)),
            _ => Some(Err(refuse(at, &format!("Column name {name} is ambiguous")))),
        }
    }
}

impl Analyzer<'_> {
    /// The value of a name.
    pub(super) fn name(&self, name: &str, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let mut level = Some(names);
        while let Some(names) = level {
            let same = |own: &(String, Value)| own.0.eq_ignore_ascii_case(name);
            if let Some((_, value)) = names.locals.iter().find(|own| same(own)) {
                return Ok(value.clone());
            }
            let aliases = names.aliases.borrow();
            let aliases: Vec<&Value> =
                aliases.iter().filter(|own| same(own)).map(|(_, value)| value).collect();
            match aliases.as_slice() {
                [] => {}
                [value] => return Ok((*value).clone()),
                _ => return Err(refuse(at, &format!("Column name {name} is ambiguous"))),
            }
            match names.found(name).as_slice() {
                [] => {}
                [column] => return names.grouped(&column.value, name, at),
                _ => return Err(refuse(at, &format!("Column name {name} is ambiguous"))),
            }
            if let Some(source) = names.source(name) {
                names.unchanged(name, at)?;
                return names.grouped(&source.whole(), name, at);
            }
            level = names.parent;
        }
        // The body of a function sees no variables.
        if self.expanding.borrow().is_empty()
            && let Some(variable) = self.variables.get(&name.to_lowercase())
        {
            return Ok(Value::new(variable.ty.clone(), variable.sql.clone()));
        }
        Err(self.unknown(name, names, at))
    }

    fn unknown(&self, name: &str, names: &Names<'_>, at: At) -> segue_ports::warehouse::WarehouseError {
        let mut near: Option<(usize, String)> = None;
        let mut level = Some(names);
        while let Some(names) = level {
            for column in names.sources.iter().flat_map(|source| &source.columns) {
                let letters = |name: &str| name.to_lowercase().chars().collect::<Vec<_>>();
                let distance = crate::warehouse::functions::matching::edit_distance(
                    &letters(&column.name),
                    &letters(name),
                );
                if distance <= 2 && near.as_ref().is_none_or(|(best, _)| distance < *best) {
                    near = Some((distance, column.name.clone()));
                }
            }
            level = names.parent;
        }
        let hint = near.map(|(_, name)| format!("did you mean {name}?"));
        super::invalid(&format!("Unrecognized name: {name}"), Some(at), hint.as_deref())
    }

    /// The value of `table.name`, if `table` is a table.
    pub(super) fn qualified(
        &self,
        table: &str,
        name: &str,
        names: &Names<'_>,
        at: At,
    ) -> Option<Analyzed<Value>> {
        let mut level = Some(names);
        while let Some(names) = level {
            let shadowed = names.locals.iter().any(|own| own.0.eq_ignore_ascii_case(table));
            if shadowed {
                return None;
            }
            let is_same = |(own, column): &(String, String)| {
                own.eq_ignore_ascii_case(table) && column.eq_ignore_ascii_case(name)
            };
            if names.replaced.iter().any(is_same) {
                let what = format!("{table}.{name}, which a pipe has changed,");
                return Some(Err(super::missing(at, &what)));
            }
            if let Some(value) = names.column_of(table, name, at) {
                return Some(value);
            }
            if let Some(source) = names.source(table).filter(|source| source.row.is_none()) {
                let known: Vec<&str> = source.columns.iter().map(|column| column.name.as_str()).collect();
                let hint = format!("the columns are {}", known.join(", "));
                return Some(Err(super::invalid(
                    &format!("Name {name} not found inside {table}"),
                    Some(at),
                    Some(&hint),
                )));
            }
            if !names.found(table).is_empty() {
                return None;
            }
            level = names.parent;
        }
        None
    }
}
