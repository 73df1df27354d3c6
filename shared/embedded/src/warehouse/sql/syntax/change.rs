//! Parses INSERT, UPDATE, DELETE and MERGE.

use super::ast::{At, Expr};
use super::change_ast::{Change, Matched, MergeAction, MergeClause, Rows, What};
use super::{Parsed, Parser};
use crate::warehouse::sql::{invalid, names, syntax_error};

impl Parser<'_> {
    /// One statement.
    pub(super) fn change(&mut self) -> Parsed<Change> {
        let at = self.place();
        if self.take("INSERT") {
            self.take("INTO");
            let (target, target_at) = self.target()?;
            let columns =
                if self.is_symbol("(") && !self.query_follows(1) { self.columns()? } else { Vec::new() };
            let rows = if self.take("VALUES") {
                Rows::Values(self.list(Self::row)?)
            } else {
                Rows::Query(Box::new(self.query()?))
            };
            let what = What::Insert { columns, rows };
            return Ok(Change { at, target, target_at, alias: None, what });
        }
        if self.take("UPDATE") {
            let (target, target_at) = self.target()?;
            let alias = if self.is("SET") { None } else { self.alias()? };
            self.need("SET")?;
            let set = self.list(Self::assignment)?;
            let from = if self.take("FROM") { Some(self.from()?) } else { None };
            let filter = self.filter("UPDATE", at)?;
            return Ok(Change { at, target, target_at, alias, what: What::Update { set, from, filter } });
        }
        if self.take("DELETE") {
            self.take("FROM");
            let (target, target_at) = self.target()?;
            let alias = self.alias()?;
            let filter = self.filter("DELETE", at)?;
            return Ok(Change { at, target, target_at, alias, what: What::Delete { filter } });
        }
        self.need("MERGE")?;
        self.take("INTO");
        let (target, target_at) = self.target()?;
        let alias = if self.is("USING") { None } else { self.alias()? };
        self.need("USING")?;
        let source = self.table()?;
        self.need("ON")?;
        let on = self.expr()?;
        let mut clauses = Vec::new();
        while self.is("WHEN") {
            clauses.push(self.clause()?);
        }
        if clauses.is_empty() {
            return Err(self.expected("WHEN"));
        }
        Ok(Change { at, target, target_at, alias, what: What::Merge { source, on, clauses } })
    }

    fn target(&mut self) -> Parsed<(Vec<String>, At)> {
        let at = self.place();
        if !self.name_follows() {
            return Err(self.expected("a table"));
        }
        let (path, taken) = names::path(self.tokens.get(self.at..).unwrap_or_default())?;
        self.at += taken;
        Ok((path, at))
    }

    fn columns(&mut self) -> Parsed<Vec<(String, At)>> {
        self.bracketed(|parser| parser.list(Self::placed_name))
    }

    fn filter(&mut self, verb: &str, at: At) -> Parsed<Expr> {
        if self.take("WHERE") {
            return self.expr();
        }
        match self.token() {
            None => Err(invalid(
                &format!("{verb} must have a WHERE clause"),
                Some(at),
                Some("write WHERE TRUE for all rows"),
            )),
            Some(_) => Err(self.expected("WHERE")),
        }
    }

    /// A value, or `None` for DEFAULT.
    fn value(&mut self) -> Parsed<Option<Expr>> {
        if self.take("DEFAULT") { Ok(None) } else { self.expr().map(Some) }
    }

    fn row(&mut self) -> Parsed<Vec<Option<Expr>>> {
        self.bracketed(|parser| parser.list(Self::value))
    }

    fn assignment(&mut self) -> Parsed<(Vec<String>, At, Option<Expr>)> {
        let at = self.place();
        if self.is_symbol("(") {
            return Err(syntax_error("Nested changes of arrays are not supported by BigQuery", Some(at)));
        }
        let mut path = vec![self.name()?];
        while self.take_symbol(".") {
            path.push(self.name()?);
        }
        self.need_symbol("=")?;
        Ok((path, at, self.value()?))
    }

    fn clause(&mut self) -> Parsed<MergeClause> {
        let at = self.place();
        self.need("WHEN")?;
        let matched = if self.take("NOT MATCHED BY SOURCE") {
            Matched::Target
        } else if self.take("NOT MATCHED BY TARGET") || self.take("NOT MATCHED") {
            Matched::Source
        } else {
            self.need("MATCHED")?;
            Matched::Both
        };
        let condition = if self.take("AND") { Some(self.expr()?) } else { None };
        self.need("THEN")?;
        let action = if self.take("INSERT") {
            if self.take("ROW") {
                MergeAction::InsertRow
            } else {
                let columns = if self.is_symbol("(") { self.columns()? } else { Vec::new() };
                if self.take("ROW") {
                    return Err(syntax_error("INSERT ROW has no list of columns", Some(at)));
                }
                self.need("VALUES")?;
                MergeAction::Insert { columns, values: self.row()? }
            }
        } else if self.take("DELETE") {
            MergeAction::Delete
        } else {
            self.need("UPDATE SET")?;
            MergeAction::Update(self.list(Self::assignment)?)
        };
        let fits = match action {
            MergeAction::Insert { .. } | MergeAction::InsertRow => matched == Matched::Source,
            MergeAction::Update(_) | MergeAction::Delete => matched != Matched::Source,
        };
        if !fits {
            return Err(syntax_error(
                "INSERT needs WHEN NOT MATCHED BY TARGET; UPDATE and DELETE need another WHEN",
                Some(at),
            ));
        }
        Ok(MergeClause { at, matched, condition, action })
    }
}
