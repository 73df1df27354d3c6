//! Parses queries: WITH, set operations, ORDER BY, LIMIT and pipes.

use super::ast::{At, Body, Matching, NameMode, Query, SetKind, SetOperation, With};
use super::{Parsed, Parser};
use crate::warehouse::sql::{invalid, syntax_error};

impl Parser<'_> {
    /// A query.
    pub(super) fn query(&mut self) -> Parsed<Query> {
        let around = std::mem::take(&mut self.deepest);
        let outside = std::mem::take(&mut self.tables);
        let query = self.own_query();
        let depth = std::mem::replace(&mut self.deepest, around);
        let inside = std::mem::replace(&mut self.tables, outside);
        let query = query.map(|query| Query { depth, ..query })?;
        let is_hidden = |table: &String| query.with.iter().any(|own| own.is(table));
        self.tables.extend(inside.into_iter().filter(|table| !is_hidden(table)));
        for (index, own) in query.with.iter().enumerate() {
            let visible = if query.recursive { query.with.len() } else { index };
            let is_hidden = |table: &&String| query.with.iter().take(visible).any(|other| other.is(table));
            self.tables.extend(own.tables.iter().filter(|table| !is_hidden(table)).cloned());
        }
        Ok(query)
    }

    fn own_query(&mut self) -> Parsed<Query> {
        let at = self.place();
        let mut with = Vec::new();
        let mut recursive = false;
        if self.take("WITH") {
            recursive = self.take("RECURSIVE");
            with = self.list(Self::common_table)?;
        }
        let body = self.body()?;
        let mut query = Query {
            at,
            recursive,
            with,
            body,
            order: Vec::new(),
            limit: None,
            offset: None,
            pipes: Vec::new(),
            depth: 0,
        };
        if self.take("ORDER BY") {
            query.order = self.list(Self::order_item)?;
        }
        if self.take("LIMIT") {
            query.limit = Some(self.expr()?);
            if self.take("OFFSET") {
                query.offset = Some(self.expr()?);
            }
        }
        while self.is_symbol("|>") {
            let at = self.place();
            self.at += 1;
            if self.take("WITH") {
                self.with_of_pipe(&mut query, at)?;
                continue;
            }
            let pipe = self.pipe()?;
            query.pipes.push((at, pipe));
        }
        Ok(query)
    }

    /// `|> WITH`: tables for the operators that follow. They become tables of the whole query.
    fn with_of_pipe(&mut self, query: &mut Query, at: At) -> Parsed<()> {
        let refused = |message: &str, hint: &str| {
            Err(invalid(
                &format!("{message} is not supported by the embedded warehouse"),
                Some(at),
                Some(hint),
            ))
        };
        if query.recursive || self.is("RECURSIVE") {
            return refused("|> WITH beside RECURSIVE", "begin the query with WITH RECURSIVE");
        }
        let before = std::mem::take(&mut self.tables);
        let found = self.list_to(Self::common_table, |parser| {
            parser.is_symbol("|>") || parser.is_symbol(")") || parser.token().is_none()
        });
        self.tables = before;
        for own in found? {
            if self.tables.iter().any(|table| own.is(table)) {
                let message = format!("|> WITH of {}, which the query before it names too,", own.name);
                return refused(&message, "give the table another name");
            }
            query.with.push(own);
        }
        Ok(())
    }

    /// `name AS (query)`.
    fn common_table(&mut self) -> Parsed<With> {
        let at = self.place();
        let name = self.name()?;
        self.need("AS")?;
        let query = self.bracketed(Self::query)?;
        let tables = std::mem::take(&mut self.tables);
        Ok(With { name, at, query, tables })
    }

    fn body(&mut self) -> Parsed<Body> {
        let at = self.place();
        let mut body = self.body_item()?;
        let mut kind: Option<SetKind> = None;
        let mut inputs = Vec::new();
        while let Some(next) = self.set_kind()? {
            if kind.as_ref().is_some_and(|kind| *kind != next) {
                return Err(syntax_error(
                    "Different set operations cannot be used in the same query without using parentheses for grouping",
                    Some(self.place()),
                ));
            }
            if inputs.is_empty() {
                inputs.push(wrapped(body));
                body = self.body_item()?;
                inputs.push(wrapped(body.clone()));
            } else {
                inputs.push(wrapped(self.body_item()?));
            }
            kind = Some(next);
        }
        match kind {
            None => Ok(body),
            Some(kind) => Ok(Body::Set(Box::new(SetOperation { at, kind, inputs }))),
        }
    }

    fn body_item(&mut self) -> Parsed<Body> {
        if self.is_symbol("(") {
            return self.bracketed(Self::query).map(|query| Body::Nested(Box::new(query)));
        }
        if self.take("FROM") {
            return self.from().map(|from| Body::From(Box::new(from)));
        }
        if self.is("SELECT") {
            return self.select().map(|select| Body::Select(Box::new(select)));
        }
        Err(self.expected("SELECT"))
    }

    /// The words of a set operation, if they are next.
    pub(super) fn set_kind(&mut self) -> Parsed<Option<SetKind>> {
        let before = self.at;
        let mut mode = None;
        for (word, own) in [("INNER", NameMode::Inner), ("LEFT", NameMode::Left), ("FULL", NameMode::Full)] {
            if self.take(word) {
                mode = Some(own);
                break;
            }
        }
        let outer = mode.is_some_and(|mode| mode != NameMode::Inner) && self.take("OUTER");
        let mut verb = None;
        for word in ["UNION", "INTERSECT", "EXCEPT"] {
            if self.is(word) && !(word == "EXCEPT" && self.symbol_at(1, "(") && mode.is_none()) {
                verb = Some(word);
            }
        }
        let Some(verb) = verb else {
            self.at = before;
            return Ok(None);
        };
        if outer && self.at == before {
            return Err(self.expected("a set operation"));
        }
        self.at += 1;
        let all = self.take("ALL");
        if all && verb != "UNION" {
            let message = format!("{verb} ALL is not supported; use {verb} DISTINCT");
            return Err(syntax_error(&message, Some(self.place())));
        }
        if !all && !self.take("DISTINCT") {
            return Err(self.expected("ALL or DISTINCT"));
        }
        let strict = self.take("STRICT");
        let matching = if self.take("CORRESPONDING") {
            let on = if self.take("BY") { Some(self.names()?) } else { None };
            Matching::Name {
                mode: if strict { NameMode::Strict } else { mode.unwrap_or(NameMode::Inner) },
                on,
            }
        } else if self.take("BY NAME") {
            let on = if self.take("ON") { Some(self.names()?) } else { None };
            Matching::Name { mode: mode.unwrap_or(NameMode::Strict), on }
        } else if mode.is_some() || strict {
            return Err(self.expected("BY NAME or CORRESPONDING"));
        } else {
            Matching::Position
        };
        Ok(Some(SetKind { verb, all, matching }))
    }

    fn names(&mut self) -> Parsed<Vec<String>> {
        self.bracketed(|parser| parser.list(Self::name))
    }
}

/// A query that has only this body.
fn wrapped(body: Body) -> Query {
    match body {
        Body::Nested(query) => *query,
        body => Query {
            at: match &body {
                Body::Select(select) => select.at,
                _ => (1, 1),
            },
            recursive: false,
            with: Vec::new(),
            body,
            order: Vec::new(),
            limit: None,
            offset: None,
            pipes: Vec::new(),
            depth: 0,
        },
    }
}
