//! Parses FROM: tables, UNNEST, queries, joins, PIVOT and UNPIVOT.

use super::ast::{At, Expr, From, JoinKind, Node, Pivot, Unpivot};
use super::{Parsed, Parser};
use crate::warehouse::sql::{names, syntax_error};

/// The expression after ON, and the columns after USING.
type Condition = (Option<Expr>, Vec<(String, At)>);

impl Parser<'_> {
    /// The inside of FROM.
    pub(super) fn from(&mut self) -> Parsed<From> {
        let mut left = self.joined()?;
        while self.is_symbol(",") {
            let at = self.place();
            self.at += 1;
            let right = self.joined()?;
            left = join(at, JoinKind::Cross, left, right);
        }
        Ok(left)
    }

    fn joined(&mut self) -> Parsed<From> {
        let mut left = self.table()?;
        // `a JOIN b JOIN c ON … ON …`: an ON belongs to the last join that has none.
        loop {
            let at = self.place();
            let Some(kind) = self.join_kind() else { return Ok(left) };
            let mut right = self.table()?;
            if kind == JoinKind::Cross {
                left = join(at, kind, left, right);
                continue;
            }
            // A join with an array needs no ON.
            while !correlated(&right) && self.join_follows() && !self.is("ON") && !self.is("USING") {
                let inner_at = self.place();
                let Some(inner) = self.join_kind() else { break };
                let next = self.table()?;
                let (on, using) = self.join_condition()?;
                right = From::Join {
                    at: inner_at,
                    kind: inner,
                    left: Box::new(right),
                    right: Box::new(next),
                    on,
                    using,
                };
            }
            let (on, using) = self.join_condition()?;
            if on.is_none() && using.is_empty() && !correlated(&right) {
                return Err(syntax_error(
                    "Expected keyword ON or keyword USING after JOIN",
                    Some(self.place()),
                ));
            }
            left = From::Join { at, kind, left: Box::new(left), right: Box::new(right), on, using };
        }
    }

    fn join_follows(&self) -> bool {
        ["JOIN", "INNER", "LEFT", "RIGHT", "FULL"].iter().any(|word| self.is(word))
    }

    /// The condition of a join.
    pub(super) fn join_condition(&mut self) -> Parsed<Condition> {
        if self.take("ON") {
            return Ok((Some(self.expr()?), Vec::new()));
        }
        if self.take("USING") {
            return Ok((None, self.bracketed(|parser| parser.list(Self::placed_name))?));
        }
        Ok((None, Vec::new()))
    }

    /// The words of a join, if they are next.
    pub(super) fn join_kind(&mut self) -> Option<JoinKind> {
        let before = self.at;
        let kind = if self.take("CROSS") {
            JoinKind::Cross
        } else if self.take("LEFT") {
            self.take("OUTER");
            JoinKind::Left
        } else if self.take("RIGHT") {
            self.take("OUTER");
            JoinKind::Right
        } else if self.take("FULL") {
            self.take("OUTER");
            JoinKind::Full
        } else {
            self.take("INNER");
            JoinKind::Inner
        };
        if self.take("JOIN") {
            return Some(kind);
        }
        self.at = before;
        None
    }

    /// A table, with PIVOT, UNPIVOT and TABLESAMPLE after it.
    pub(super) fn table(&mut self) -> Parsed<From> {
        let mut from = self.plain_table()?;
        loop {
            if self.is("PIVOT") && self.symbol_at(1, "(") {
                let (pivot, alias) = self.pivot()?;
                from = From::Pivot { input: Box::new(from), pivot: Box::new(pivot), alias };
            } else if self.is("UNPIVOT") {
                let (unpivot, alias) = self.unpivot()?;
                from = From::Unpivot { input: Box::new(from), unpivot: Box::new(unpivot), alias };
            } else if self.is("TABLESAMPLE") {
                let percent = self.sample()?;
                from = From::Sample { input: Box::new(from), percent };
            } else {
                return Ok(from);
            }
        }
    }

    /// `TABLESAMPLE SYSTEM (10 PERCENT)`.
    pub(super) fn sample(&mut self) -> Parsed<Expr> {
        self.need("TABLESAMPLE SYSTEM")?;
        self.bracketed(|parser| {
            let percent = parser.expr()?;
            parser.need("PERCENT")?;
            Ok(percent)
        })
    }

    fn plain_table(&mut self) -> Parsed<From> {
        let at = self.place();
        if self.is("UNNEST") && self.symbol_at(1, "(") {
            self.at += 1;
            let array = self.bracketed(|parser| {
                let array = parser.expr()?;
                if parser.take("AS") {
                    return Err(syntax_error(
                        "UNNEST of several arrays is not supported by the embedded warehouse",
                        Some(at),
                    ));
                }
                Ok(array)
            })?;
            let alias = self.table_alias()?;
            let offset = self.offset()?;
            return Ok(From::Unnest { at, array, alias, offset });
        }
        if self.is_symbol("(") {
            if let Some(query) = self.bracketed_query()? {
                let alias = self.table_alias()?;
                return Ok(From::Query { query: Box::new(query), alias });
            }
            return self.bracketed(Self::from);
        }
        if !self.name_follows() {
            return Err(self.expected("a table"));
        }
        let (path, taken) = names::path(self.tokens.get(self.at..).unwrap_or_default())?;
        self.at += taken;
        if !self.is_symbol("(") {
            self.note_table(&path);
        } else {
            let arguments = self.bracketed(|parser| {
                if parser.is_symbol(")") { Ok(Vec::new()) } else { parser.list(Self::table_argument) }
            })?;
            let alias = self.table_alias()?;
            return Ok(From::Call { at, path, arguments, alias });
        }
        let mut past = false;
        let mut alias = self.table_alias()?;
        if self.take("FOR SYSTEM_TIME AS OF") || self.take("FOR SYSTEM TIME AS OF") {
            self.expr()?;
            past = true;
            alias = alias.or(self.table_alias()?);
        }
        let offset = self.offset()?;
        Ok(From::Table { at, path, alias, past, offset })
    }

    fn table_argument(&mut self) -> Parsed<Expr> {
        let at = self.place();
        if self.take("TABLE") {
            let (path, taken) = names::path(self.tokens.get(self.at..).unwrap_or_default())?;
            self.at += taken;
            self.note_table(&path);
            return Ok(Expr::new(at, Node::Name(path.join("."))));
        }
        self.expr()
    }

    /// Remembers a table that may be one of WITH.
    fn note_table(&mut self, path: &[String]) {
        if let [name] = path {
            self.tables.push(name.to_lowercase());
        }
    }

    /// The alias of a table. PIVOT and the like are no aliases.
    pub(super) fn table_alias(&mut self) -> Parsed<Option<String>> {
        let clause = (self.is("PIVOT") && self.symbol_at(1, "("))
            || (self.is("UNPIVOT") && (self.symbol_at(1, "(") || self.is_at(2, "NULLS")));
        if clause { Ok(None) } else { self.alias() }
    }

    fn offset(&mut self) -> Parsed<Option<String>> {
        if !self.take("WITH OFFSET") {
            return Ok(None);
        }
        Ok(Some(self.alias()?.unwrap_or_else(|| "offset".to_owned())))
    }

    /// PIVOT and its alias.
    pub(super) fn pivot(&mut self) -> Parsed<(Pivot, Option<String>)> {
        let at = self.place();
        self.need("PIVOT")?;
        let named = |parser: &mut Self| {
            let value = parser.expr()?;
            Ok((value, parser.alias()?))
        };
        self.need_symbol("(")?;
        let aggregates = self.list(|parser| named(parser))?;
        self.need("FOR")?;
        // Without comparisons, so that IN is not taken as an operator.
        let column = self.binary(0)?;
        self.need("IN")?;
        let values = self.bracketed(|parser| parser.list(|parser| named(parser)))?;
        self.need_symbol(")")?;
        let alias = self.alias()?;
        Ok((Pivot { at, aggregates, column, values }, alias))
    }

    /// UNPIVOT and its alias.
    pub(super) fn unpivot(&mut self) -> Parsed<(Unpivot, Option<String>)> {
        let at = self.place();
        self.need("UNPIVOT")?;
        let include_nulls = self.take("INCLUDE NULLS");
        if !include_nulls {
            self.take("EXCLUDE NULLS");
        }
        self.need_symbol("(")?;
        let several = |parser: &mut Self| {
            if parser.is_symbol("(") {
                parser.bracketed(|parser| parser.list(Self::name))
            } else {
                Ok(vec![parser.name()?])
            }
        };
        let values = several(self)?;
        self.need("FOR")?;
        let name = self.name()?;
        self.need("IN")?;
        let columns = self.bracketed(|parser| {
            parser.list(|parser| {
                let columns = several(parser)?;
                let label = if parser.take("AS") { Some(parser.expr()?) } else { None };
                Ok((columns, label))
            })
        })?;
        self.need_symbol(")")?;
        let alias = self.alias()?;
        Ok((Unpivot { at, include_nulls, values, name, columns }, alias))
    }
}

fn join(at: At, kind: JoinKind, left: From, right: From) -> From {
    From::Join { at, kind, left: Box::new(left), right: Box::new(right), on: None, using: Vec::new() }
}

/// Whether a join with this right side needs no condition.
fn correlated(right: &From) -> bool {
    match right {
        From::Unnest { .. } => true,
        From::Table { path, .. } => path.len() > 1,
        _ => false,
    }
}
