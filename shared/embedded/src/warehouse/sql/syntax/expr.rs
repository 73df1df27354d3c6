//! Parses expressions by the precedence of their operators.
//!
//! To add an operator, add it to its level.

use super::ast::{Access, Expr, List, Node, Quantifier, Query, Truth};
use super::{Parsed, Parser};
use crate::warehouse::sql::lex::Kind;
use crate::warehouse::sql::{invalid, keywords, syntax_error};

impl Parser<'_> {
    /// An expression.
    pub(super) fn expr(&mut self) -> Parsed<Expr> {
        let own = self.or()?;
        self.deepest = self.deepest.max(own.depth);
        if own.depth > super::DEEPEST {
            let message = format!("The script nests deeper than {} levels", super::DEEPEST);
            return Err(invalid(&message, Some(own.at), Some("split the expression into several")));
        }
        Ok(own)
    }

    fn or(&mut self) -> Parsed<Expr> {
        let mut left = self.and()?;
        while self.is("OR") {
            let at = self.place();
            self.at += 1;
            let right = self.and()?;
            left = Expr::new(at, Node::Binary("OR", Box::new(left), Box::new(right)));
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed<Expr> {
        let mut left = self.not()?;
        while self.is("AND") {
            let at = self.place();
            self.at += 1;
            let right = self.not()?;
            left = Expr::new(at, Node::Binary("AND", Box::new(left), Box::new(right)));
        }
        Ok(left)
    }

    fn not(&mut self) -> Parsed<Expr> {
        let at = self.place();
        if self.take("NOT") {
            let value = self.not()?;
            return Ok(Expr::new(at, Node::Unary("NOT", Box::new(value))));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Parsed<Expr> {
        let left = self.binary(0)?;
        let at = self.place();
        for (symbol, operator) in
            [("=", "="), ("<>", "<>"), ("!=", "<>"), ("<=", "<="), (">=", ">="), ("<", "<"), (">", ">")]
        {
            if self.take_symbol(symbol) {
                let right = self.binary(0)?;
                return Ok(Expr::new(at, Node::Binary(operator, Box::new(left), Box::new(right))));
            }
        }
        let value = Box::new(left);
        if self.take("IS") {
            let not = self.take("NOT");
            if self.take("DISTINCT FROM") {
                let right = Box::new(self.binary(0)?);
                return Ok(Expr::new(at, Node::IsDistinct { left: value, right, not }));
            }
            let what = if self.take("NULL") || self.take("UNKNOWN") {
                Truth::Null
            } else if self.take("TRUE") {
                Truth::True
            } else if self.take("FALSE") {
                Truth::False
            } else {
                return Err(self.expected("NULL, TRUE, FALSE or DISTINCT FROM"));
            };
            return Ok(Expr::new(at, Node::Is { value, what, not }));
        }
        let not = self.is("NOT") && ["IN", "LIKE", "BETWEEN"].iter().any(|word| self.is_at(1, word));
        self.at += usize::from(not);
        if self.take("BETWEEN") {
            let low = Box::new(self.binary(0)?);
            self.need("AND")?;
            let high = Box::new(self.binary(0)?);
            return Ok(Expr::new(at, Node::Between { value, low, high, not }));
        }
        if self.take("IN") {
            let list = self.members()?;
            return Ok(Expr::new(at, Node::In { value, list, not }));
        }
        if self.take("LIKE") {
            let quantifier = if self.take("ANY") || self.take("SOME") {
                Some(Quantifier::Any)
            } else if self.take("ALL") {
                Some(Quantifier::All)
            } else {
                None
            };
            let patterns = match quantifier {
                None => List::Values(vec![self.binary(0)?]),
                Some(_) => self.members()?,
            };
            return Ok(Expr::new(at, Node::Like { value, quantifier, patterns, not }));
        }
        Ok(*value)
    }

    /// The right side of IN and of LIKE ANY.
    fn members(&mut self) -> Parsed<List> {
        if self.take("UNNEST") {
            return self.bracketed(Self::expr).map(|array| List::Unnest(Box::new(array)));
        }
        if self.is_symbol("(")
            && let Some(query) = self.bracketed_query()?
        {
            return Ok(List::Query(Box::new(query)));
        }
        self.bracketed(|parser| parser.list(Self::expr)).map(List::Values)
    }

    /// A query in brackets. None if the brackets have something else, such as `((SELECT 1) + 2)`, which only begins like
    /// a query.
    pub(super) fn bracketed_query(&mut self) -> Parsed<Option<Query>> {
        if !self.query_follows(1) {
            return Ok(None);
        }
        let (before, tables) = (self.at, self.tables.len());
        let may_be_other = self.symbol_at(1, "(");
        match self.bracketed(Self::query) {
            Ok(query) => Ok(Some(query)),
            Err(_) if may_be_other => {
                self.at = before;
                self.tables.truncate(tables);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether a query begins at this offset, perhaps in further brackets.
    pub(super) fn query_follows(&self, mut offset: usize) -> bool {
        while self.symbol_at(offset, "(") {
            offset += 1;
        }
        ["SELECT", "WITH", "FROM"].iter().any(|word| self.is_at(offset, word))
            && !(self.is_at(offset, "WITH") && self.symbol_at(offset + 1, "("))
    }

    /// The operators with a value on both sides, the loosest level first.
    pub(super) fn binary(&mut self, level: usize) -> Parsed<Expr> {
        const LEVELS: [&[&str]; 6] = [&["|"], &["^"], &["&"], &["<<", ">>"], &["+", "-"], &["*", "/", "||"]];
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = operators.iter().find(|operator| self.is_symbol(operator)) {
            let at = self.place();
            self.at += 1;
            let right = self.binary(level + 1)?;
            left = Expr::new(at, Node::Binary(operator, Box::new(left), Box::new(right)));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let at = self.place();
        for operator in ["-", "+", "~"] {
            if !self.take_symbol(operator) {
                continue;
            }
            let value = self.unary()?;
            return Ok(match (operator, value.node) {
                ("-", Node::Number(number)) if !number.starts_with('-') => {
                    Expr::new(at, Node::Number(format!("-{number}")))
                }
                (_, node) => Expr::new(at, Node::Unary(operator, Box::new(Expr::new(value.at, node)))),
            });
        }
        self.postfix()
    }

    fn postfix(&mut self) -> Parsed<Expr> {
        let mut value = self.primary()?;
        loop {
            let at = self.place();
            if self.is_symbol(".") && self.ahead(1).is_some_and(|token| token.name().is_some()) {
                self.at += 1;
                // After a dot, reserved words are names too.
                let name = self.token().and_then(|token| token.name()).unwrap_or_default().to_owned();
                let at = self.place();
                self.at += 1;
                value = if self.is_symbol("(") {
                    self.method(value, &name)?
                } else {
                    Expr::new(at, Node::Field(Box::new(value), name))
                };
            } else if self.take_symbol("[") {
                let access = [
                    ("OFFSET", Access::Offset),
                    ("ORDINAL", Access::Ordinal),
                    ("SAFE_OFFSET", Access::SafeOffset),
                    ("SAFE_ORDINAL", Access::SafeOrdinal),
                ]
                .into_iter()
                .find(|(word, _)| self.is(word) && self.symbol_at(1, "("));
                let (access, index) = match access {
                    Some((_, access)) => {
                        self.at += 1;
                        (access, self.bracketed(Self::expr)?)
                    }
                    None => (Access::Plain, self.expr()?),
                };
                self.need_symbol("]")?;
                value = Expr::new(at, Node::Subscript(Box::new(value), access, Box::new(index)));
            } else {
                return Ok(value);
            }
        }
    }

    /// A dotted name that is called: `SAFE.f(…)`, `NET.HOST(…)`.
    fn method(&mut self, path: Expr, last: &str) -> Parsed<Expr> {
        let mut parts = vec![last.to_uppercase()];
        let at = path.at;
        let mut rest = path;
        loop {
            match rest.node {
                Node::Name(name) => {
                    parts.push(name);
                    break;
                }
                Node::Field(inner, name) => {
                    parts.push(name);
                    rest = *inner;
                }
                _ => return Err(syntax_error("A value has no functions of its own", Some(at))),
            }
        }
        parts.reverse();
        self.call(at, parts)
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let at = self.place();
        let Some(token) = self.token() else { return Err(self.expected("an expression")) };
        match &token.kind {
            Kind::Number(number) => {
                self.at += 1;
                Ok(Expr::new(at, Node::Number(number.clone())))
            }
            Kind::Text(_) | Kind::Bytes(_) => self.texts(),
            Kind::Parameter(name) => {
                self.at += 1;
                Ok(Expr::new(at, Node::Parameter(name.clone())))
            }
            Kind::Quoted(name) => {
                self.at += 1;
                if self.is_symbol("(") {
                    return self.call(at, name.split('.').map(str::to_owned).collect());
                }
                Ok(Expr::new(at, Node::Name(name.clone())))
            }
            Kind::Positional(number) => {
                self.at += 1;
                Ok(Expr::new(at, Node::Positional(*number)))
            }
            Kind::Symbol("@@") => {
                self.at += 1;
                let mut name = self.name()?.to_lowercase();
                while self.take_symbol(".") {
                    name = format!("{name}.{}", self.name()?.to_lowercase());
                }
                Ok(Expr::new(at, Node::System(name)))
            }
            Kind::Symbol("[") => self.array(None),
            Kind::Symbol("(") => self.brackets(),
            Kind::Word(word) => self.word(&word.to_uppercase(), word),
            Kind::Symbol(_) => Err(self.expected("an expression")),
        }
    }

    /// A query, a tuple, a lambda's parameters, or an expression in brackets.
    fn brackets(&mut self) -> Parsed<Expr> {
        let at = self.place();
        if let Some(lambda) = self.lambda()? {
            return Ok(lambda);
        }
        if let Some(query) = self.bracketed_query()? {
            return Ok(Expr::new(at, Node::Subquery(Box::new(query))));
        }
        self.need_symbol("(")?;
        let first = self.expr()?;
        if !self.is_symbol(",") {
            self.need_symbol(")")?;
            return Ok(first);
        }
        let mut items = vec![(first, None)];
        while self.take_symbol(",") {
            items.push((self.expr()?, None));
        }
        self.need_symbol(")")?;
        Ok(Expr::new(at, Node::Struct { fields: None, items }))
    }

    /// `x -> e` or `(x, y) -> e`.
    fn lambda(&mut self) -> Parsed<Option<Expr>> {
        let at = self.place();
        let mut offset = 1;
        let mut parameters = Vec::new();
        loop {
            match self.ahead(offset).map(|token| &token.kind) {
                Some(Kind::Word(word)) if !keywords::is_reserved(word) => parameters.push(word.clone()),
                _ => return Ok(None),
            }
            offset += 1;
            if self.symbol_at(offset, ",") {
                offset += 1;
            } else if self.symbol_at(offset, ")") {
                break;
            } else {
                return Ok(None);
            }
        }
        if !(self.symbol_at(offset + 1, "-") && self.symbol_at(offset + 2, ">")) {
            return Ok(None);
        }
        self.at += offset + 3;
        let body = Box::new(self.expr()?);
        Ok(Some(Expr::new(at, Node::Lambda { parameters, body })))
    }
}
