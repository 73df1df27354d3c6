//! Parses the operators after `|>`.
//!
//! To add an operator, add a variant of [`Pipe`], a branch here and a branch in `analyze/pipe.rs`.

use super::ast::{Expr, Pipe};
use super::{Parsed, Parser};
use crate::warehouse::sql::{invalid, syntax_error};

impl Parser<'_> {
    /// One operator.
    pub(super) fn pipe(&mut self) -> Parsed<Pipe> {
        let at = self.place();
        if self.is("SELECT") {
            let mut select = self.select_list()?;
            if self.take("WINDOW") {
                select.windows = self.windows()?;
            }
            return Ok(Pipe::Select(Box::new(select)));
        }
        if self.take("EXTEND") {
            let values = self.values()?;
            let windows = if self.take("WINDOW") { self.windows()? } else { Vec::new() };
            return Ok(Pipe::Extend(values, windows));
        }
        if self.take("WHERE") {
            return self.expr().map(Pipe::Where);
        }
        if self.take("LIMIT") {
            let limit = self.expr()?;
            let offset = if self.take("OFFSET") { Some(self.expr()?) } else { None };
            return Ok(Pipe::Limit(limit, offset));
        }
        if self.take("ORDER BY") {
            return self.list(Self::order_item).map(Pipe::Order);
        }
        if self.take("DISTINCT") {
            return Ok(Pipe::Distinct);
        }
        if self.take("AS") {
            return self.name().map(Pipe::As);
        }
        if self.take("SET") {
            return self
                .list(|parser| {
                    let name = parser.name()?;
                    parser.need_symbol("=")?;
                    Ok((name, parser.expr()?))
                })
                .map(Pipe::Set);
        }
        if self.take("DROP") {
            return self.list(Self::placed_name).map(Pipe::Drop);
        }
        if self.take("RENAME") {
            return self
                .list(|parser| {
                    let old = parser.name()?;
                    parser.take("AS");
                    Ok((old, parser.name()?))
                })
                .map(Pipe::Rename);
        }
        if self.take("AGGREGATE") {
            return self.aggregate();
        }
        if self.is("PIVOT") {
            let (pivot, alias) = self.pivot()?;
            return Ok(Pipe::Pivot(pivot, alias));
        }
        if self.is("UNPIVOT") {
            let (unpivot, alias) = self.unpivot()?;
            return Ok(Pipe::Unpivot(unpivot, alias));
        }
        if self.is("TABLESAMPLE") {
            return self.sample().map(Pipe::Sample);
        }
        if let Some(kind) = self.join_kind() {
            let right = self.table()?;
            let (on, using) = self.join_condition()?;
            return Ok(Pipe::Join { kind, right, on, using });
        }
        if let Some(kind) = self.set_kind()? {
            let inputs = self.list(|parser| parser.bracketed(Self::query))?;
            return Ok(Pipe::SetOperation(kind, inputs));
        }
        let word = self.token().and_then(|token| token.name()).map(str::to_uppercase);
        match word.as_deref() {
            Some(word @ ("CALL" | "WINDOW" | "ASSERT" | "DESCRIBE" | "MATCH_RECOGNIZE")) => Err(invalid(
                &format!("Pipe operator not supported by the embedded warehouse: {word}"),
                Some(at),
                Some("run this statement on BigQuery"),
            )),
            _ => Err(syntax_error("Expected a pipe operator after |>", Some(at))),
        }
    }

    /// Expressions with optional aliases.
    fn values(&mut self) -> Parsed<Vec<(Expr, Option<String>)>> {
        self.list_to(
            |parser| {
                let value = parser.expr()?;
                Ok((value, parser.alias()?))
            },
            |parser| {
                parser.is_symbol("|>")
                    || parser.is_symbol(")")
                    || parser.token().is_none()
                    || parser.is("GROUP")
                    || parser.is("WINDOW")
            },
        )
    }

    fn aggregate(&mut self) -> Parsed<Pipe> {
        let ends = self.is("GROUP") || self.is_symbol("|>") || self.is_symbol(")") || self.token().is_none();
        let items = if ends { Vec::new() } else { self.values()? };
        let mut group = Vec::new();
        let mut ordered = false;
        if self.take("GROUP") {
            if self.take("AND ORDER") {
                ordered = true;
            }
            self.need("BY")?;
            group = self.list(|parser| {
                let item = parser.group_item()?;
                let item = match item {
                    super::ast::GroupItem::Value(value, None) => {
                        let direction = parser.is("ASC") || parser.is("DESC");
                        let alias = if direction { None } else { parser.alias()? };
                        super::ast::GroupItem::Value(value, alias)
                    }
                    other => other,
                };
                let order = if parser.take("DESC") {
                    Some(true)
                } else if parser.take("ASC") {
                    Some(false)
                } else {
                    None
                };
                Ok((item, order))
            })?;
        }
        Ok(Pipe::Aggregate { items, group, ordered })
    }
}
