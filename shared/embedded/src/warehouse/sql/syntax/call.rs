//! Parses calls of functions: arguments, modifiers of aggregates, and windows.

use super::ast::{At, Bound, Call, Expr, Frame, Node, OrderItem, Window};
use super::{Parsed, Parser};

impl Parser<'_> {
    /// A call without arguments.
    pub(super) fn plain_call(name: &str) -> Call {
        Call {
            name: name.to_owned(),
            safe: false,
            distinct: false,
            star: false,
            arguments: Vec::new(),
            named: Vec::new(),
            ignore_nulls: None,
            having: None,
            order: Vec::new(),
            limit: None,
            over: None,
        }
    }

    /// The arguments and modifiers after the name of a function.
    pub(super) fn call(&mut self, at: At, mut path: Vec<String>) -> Parsed<Expr> {
        let safe = path.len() > 1 && path.first().is_some_and(|name| name.eq_ignore_ascii_case("SAFE"));
        if safe {
            path.remove(0);
        }
        let mut call = Self::plain_call(&path.join(".").to_uppercase());
        call.safe = safe;
        self.need_symbol("(")?;
        call.distinct = self.take("DISTINCT");
        if self.is_symbol("*") && (self.symbol_at(1, ")") || self.is_at(1, "HAVING")) {
            self.at += 1;
            call.star = true;
        }
        let mut first = true;
        while !self.is_symbol(")") && !self.modifier_follows() {
            if !first {
                self.need_symbol(",")?;
            }
            first = false;
            self.argument(&mut call)?;
        }
        self.modifiers(&mut call)?;
        self.need_symbol(")")?;
        // Without OVER, the words belong to the call around this one.
        if (self.is("IGNORE") || self.is("RESPECT")) && self.is_at(2, "OVER") {
            self.nulls(&mut call)?;
        }
        if self.take("OVER") {
            call.over = Some(if self.is_symbol("(") {
                self.bracketed(Self::window)?
            } else {
                Window { base: Some(self.name()?), ..Window::default() }
            });
        }
        Ok(Expr::new(at, Node::Call(Box::new(call))))
    }

    fn modifier_follows(&self) -> bool {
        ["IGNORE", "RESPECT", "ORDER", "LIMIT", "HAVING"].iter().any(|word| self.is(word))
            && !self.symbol_at(1, ")")
            && !self.symbol_at(1, ",")
    }

    fn argument(&mut self, call: &mut Call) -> Parsed<()> {
        if self.name_follows() && self.symbol_at(1, "=>") {
            let name = self.name()?.to_lowercase();
            self.at += 1;
            call.named.push((name, self.expr()?));
            return Ok(());
        }
        let at = self.place();
        // ORDER BY and LIMIT after a subquery in parentheses are those of an aggregate function, but for ARRAY.
        if call.name == "ARRAY" && self.query_follows(0) {
            let query = self.query()?;
            call.arguments.push(Expr::new(at, Node::Subquery(Box::new(query))));
            return Ok(());
        }
        let word = self.token().and_then(|token| token.name()).map(str::to_uppercase).unwrap_or_default();
        let is_week = word == "WEEK" && self.symbol_at(1, "(");
        if is_week {
            let part = self.part()?;
            call.arguments.push(Expr::new(at, Node::Part(part)));
            return Ok(());
        }
        let value = self.expr()?;
        // Another date part looks like the name of a column here. The function decides what it is.
        if self.take("AS") {
            let name = self.name()?.to_lowercase();
            call.named.push((name, value));
        } else {
            call.arguments.push(value);
        }
        Ok(())
    }

    fn nulls(&mut self, call: &mut Call) -> Parsed<()> {
        let ignore = self.take("IGNORE");
        if !ignore {
            self.need("RESPECT")?;
        }
        self.need("NULLS")?;
        call.ignore_nulls = Some(ignore);
        Ok(())
    }

    fn modifiers(&mut self, call: &mut Call) -> Parsed<()> {
        if self.is("IGNORE") || self.is("RESPECT") {
            self.nulls(call)?;
        }
        if self.take("HAVING") {
            let is_max = self.take("MAX");
            if !is_max {
                self.need("MIN")?;
            }
            call.having = Some((is_max, Box::new(self.expr()?)));
        }
        if self.take("ORDER BY") {
            call.order = self.list(Self::order_item)?;
        }
        if self.take("LIMIT") {
            call.limit = Some(Box::new(self.expr()?));
        }
        Ok(())
    }

    /// An item of ORDER BY.
    pub(super) fn order_item(&mut self) -> Parsed<OrderItem> {
        let value = self.expr()?;
        let collate = if self.take("COLLATE") {
            match self.texts()?.node {
                Node::Text(text) => Some(text),
                _ => None,
            }
        } else {
            None
        };
        let descending = self.take("DESC");
        if !descending {
            self.take("ASC");
        }
        let nulls_first = if self.take("NULLS FIRST") {
            Some(true)
        } else if self.take("NULLS LAST") {
            Some(false)
        } else {
            None
        };
        Ok(OrderItem { value, descending, nulls_first, collate })
    }

    /// The inside of the brackets of a window.
    pub(super) fn window(&mut self) -> Parsed<Window> {
        let mut window = Window::default();
        let clause = ["PARTITION", "ORDER", "ROWS", "RANGE"].iter().any(|word| self.is(word));
        if !clause && self.name_follows() {
            window.base = Some(self.name()?);
        }
        if self.take("PARTITION BY") {
            window.partition = self.list(Self::expr)?;
        }
        if self.take("ORDER BY") {
            window.order = self.list(Self::order_item)?;
        }
        let is_range = self.is("RANGE");
        if self.take("RANGE") || self.take("ROWS") {
            let (start, end) = if self.take("BETWEEN") {
                let start = self.bound()?;
                self.need("AND")?;
                (start, self.bound()?)
            } else {
                (self.bound()?, Bound::Current)
            };
            window.frame = Some(Frame { is_range, start, end });
        }
        Ok(window)
    }

    fn bound(&mut self) -> Parsed<Bound> {
        if self.take("UNBOUNDED PRECEDING") {
            return Ok(Bound::UnboundedPreceding);
        }
        if self.take("UNBOUNDED FOLLOWING") {
            return Ok(Bound::UnboundedFollowing);
        }
        if self.take("CURRENT ROW") {
            return Ok(Bound::Current);
        }
        let value = Box::new(self.expr()?);
        if self.take("PRECEDING") {
            return Ok(Bound::Preceding(value));
        }
        self.need("FOLLOWING")?;
        Ok(Bound::Following(value))
    }
}
