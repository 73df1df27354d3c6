//! Parses SELECT and its clauses.

use super::ast::{Expr, Group, GroupItem, Item, Node, Select, Shape};
use super::{Parsed, Parser};

impl Parser<'_> {
    /// SELECT to the last of its own clauses.
    pub(super) fn select(&mut self) -> Parsed<Select> {
        let mut select = self.select_list()?;
        if self.take("FROM") {
            select.from = Some(self.from()?);
        }
        if self.take("WHERE") {
            select.filter = Some(self.expr()?);
        }
        if self.take("GROUP BY") {
            select.group = Some(self.group()?);
        }
        if self.take("HAVING") {
            select.having = Some(self.expr()?);
        }
        if self.take("QUALIFY") {
            select.qualify = Some(self.expr()?);
        }
        if self.take("WINDOW") {
            select.windows = self.windows()?;
        }
        Ok(select)
    }

    /// The named windows after WINDOW.
    pub(super) fn windows(&mut self) -> Parsed<Vec<(String, super::ast::Window)>> {
        self.list(|parser| {
            let name = parser.name()?;
            parser.need("AS")?;
            let window = if parser.is_symbol("(") {
                parser.bracketed(Self::window)?
            } else {
                super::ast::Window { base: Some(parser.name()?), ..Default::default() }
            };
            Ok((name, window))
        })
    }

    /// SELECT and its list, without the other clauses.
    pub(super) fn select_list(&mut self) -> Parsed<Select> {
        let at = self.place();
        self.need("SELECT")?;
        let distinct = self.take("DISTINCT");
        if !distinct {
            self.take("ALL");
        }
        let shape = if self.take("AS STRUCT") {
            Shape::Struct
        } else if self.take("AS VALUE") {
            Shape::Value
        } else {
            Shape::Columns
        };
        let items = self.list_to(Self::item, |parser| {
            ["FROM", "WHERE", "GROUP", "HAVING", "QUALIFY", "WINDOW", "ORDER", "LIMIT", "UNION"]
                .iter()
                .any(|word| parser.is(word))
                || parser.is_symbol(")")
                || parser.is_symbol("|>")
                || parser.token().is_none()
        })?;
        Ok(Select {
            at,
            distinct,
            shape,
            items,
            from: None,
            filter: None,
            group: None,
            having: None,
            qualify: None,
            windows: Vec::new(),
        })
    }

    fn item(&mut self) -> Parsed<Item> {
        let at = self.place();
        if self.take_symbol("*") {
            return self.star(at, None);
        }
        let value = self.expr()?;
        if self.is_symbol(".") && self.symbol_at(1, "*") {
            self.at += 2;
            return self.star(at, Some(value));
        }
        let alias = self.alias()?;
        Ok(Item::Value { value, alias })
    }

    fn star(&mut self, at: super::ast::At, of: Option<Expr>) -> Parsed<Item> {
        let mut except = Vec::new();
        let mut replace = Vec::new();
        if self.is("EXCEPT") && self.symbol_at(1, "(") {
            self.at += 1;
            except = self.bracketed(|parser| parser.list(Self::placed_name))?;
        }
        if self.take("REPLACE") {
            replace = self.bracketed(|parser| {
                parser.list(|parser| {
                    let value = parser.expr()?;
                    parser.take("AS");
                    Ok((parser.name()?, value))
                })
            })?;
        }
        Ok(Item::Star { at, of, except, replace })
    }

    fn group(&mut self) -> Parsed<Group> {
        if self.take("ALL") {
            return Ok(Group::All);
        }
        self.list(Self::group_item).map(Group::Sets)
    }

    /// An item of GROUP BY.
    pub(super) fn group_item(&mut self) -> Parsed<GroupItem> {
        let at = self.place();
        if self.take("ROLLUP") {
            return self.bracketed(|parser| parser.list(Self::group_item)).map(GroupItem::Rollup);
        }
        if self.take("CUBE") {
            return self.bracketed(|parser| parser.list(Self::group_item)).map(GroupItem::Cube);
        }
        if self.take("GROUPING SETS") {
            return self.bracketed(|parser| parser.list(Self::group_item)).map(GroupItem::Sets);
        }
        if self.is_symbol("(") && self.symbol_at(1, ")") {
            self.at += 2;
            return Ok(GroupItem::Several(Vec::new()));
        }
        let value = self.expr()?;
        let alias = if self.take("AS") { Some(self.name()?) } else { None };
        match value.node {
            Node::Struct { fields: None, items } if items.iter().all(|(_, name)| name.is_none()) => {
                Ok(GroupItem::Several(items.into_iter().map(|(value, _)| value).collect()))
            }
            node => Ok(GroupItem::Value(Expr::new(at, node), alias)),
        }
    }
}
