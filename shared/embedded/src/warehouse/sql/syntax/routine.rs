//! Parses CREATE FUNCTION, CREATE TABLE FUNCTION and CREATE PROCEDURE.

use super::ast::{At, Expr, Query};
use super::script_ast::{Span, Step};
use super::{Parsed, Parser};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::lex::{Kind, Token};
use crate::warehouse::sql::routine::{Direction, ProcedureParameter};
use crate::warehouse::sql::statement::OnExisting;
use crate::warehouse::sql::{invalid, names};

/// What CREATE FUNCTION says.
#[derive(Debug, Clone)]
pub(crate) struct CreateFunction {
    pub(crate) path: Vec<String>,
    pub(crate) at: At,
    pub(crate) on_existing: OnExisting,
    pub(crate) is_temporary: bool,
    pub(crate) parameters: Vec<(String, Option<DataType>)>,
    pub(crate) returns: Option<DataType>,
    pub(crate) body: Body,
    /// The place of the body in the script.
    pub(crate) span: Span,
}

/// The body of a function.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Value(Expr),
    Table(Box<Query>),
}

/// What CREATE PROCEDURE says.
#[derive(Debug, Clone)]
pub(crate) struct CreateProcedure {
    pub(crate) path: Vec<String>,
    pub(crate) at: At,
    pub(crate) on_existing: OnExisting,
    pub(crate) parameters: Vec<ProcedureParameter>,
    /// The place of the steps between BEGIN and END.
    pub(crate) span: Span,
}

/// What CREATE makes, if it makes a function or procedure.
pub(crate) enum Created {
    Function(CreateFunction),
    Procedure(CreateProcedure),
}

/// Parses the statement, if it creates a function or procedure.
pub(crate) fn create(tokens: &[Token]) -> Parsed<Option<Created>> {
    let mut parser = Parser::new(tokens);
    let found = parser.create_routine()?;
    if found.is_some() {
        parser.end()?;
    }
    Ok(found)
}

impl Parser<'_> {
    fn create_routine(&mut self) -> Parsed<Option<Created>> {
        self.need("CREATE")?;
        let mut on_existing = if self.take("OR REPLACE") { OnExisting::Replace } else { OnExisting::Refuse };
        let is_temporary = self.take("TEMP") || self.take("TEMPORARY");
        let place = self.place();
        if self.is("AGGREGATE") && self.is_at(1, "FUNCTION") {
            return Err(unsupported("CREATE AGGREGATE FUNCTION", place));
        }
        let is_table = self.take("TABLE FUNCTION");
        let is_function = is_table || self.take("FUNCTION");
        if !is_function && !self.take("PROCEDURE") {
            return Ok(None);
        }
        if self.take("IF NOT EXISTS") {
            on_existing = OnExisting::Keep;
        }
        let at = self.place();
        let (path, taken) = names::path(self.tokens.get(self.at..).unwrap_or_default())?;
        self.at += taken;
        if !is_function {
            return self.procedure(path, at, on_existing).map(Created::Procedure).map(Some);
        }
        let parameters = self.bracketed(|parser| {
            if parser.is_symbol(")") { Ok(Vec::new()) } else { parser.list(Self::function_parameter) }
        })?;
        let mut returns = None;
        if self.take("RETURNS") {
            if is_table {
                self.need("TABLE")?;
                returns = Some(DataType::Struct(self.table_columns()?));
            } else {
                returns = Some(self.unlimited_type()?);
            }
        }
        if self.is("LANGUAGE") {
            let language = self.ahead(1).and_then(Token::name).unwrap_or_default().to_uppercase();
            return Err(unsupported(&format!("CREATE FUNCTION with LANGUAGE {language}"), self.place()));
        }
        if self.is("REMOTE") {
            return Err(unsupported("CREATE FUNCTION … REMOTE", self.place()));
        }
        self.skip_options()?;
        self.need("AS")?;
        let (body, span) = if is_table { self.table_body()? } else { self.value_body()? };
        self.skip_options()?;
        let own = CreateFunction { path, at, on_existing, is_temporary, parameters, returns, body, span };
        Ok(Some(Created::Function(own)))
    }

    fn value_body(&mut self) -> Parsed<(Body, Span)> {
        if let Some(Kind::Text(_)) = self.token().map(|token| &token.kind) {
            return Err(unsupported("CREATE FUNCTION with a body in another language", self.place()));
        }
        self.need_symbol("(")?;
        let start = self.byte();
        let value = self.expr()?;
        let span = Span { start, end: self.byte_before() };
        self.need_symbol(")")?;
        Ok((Body::Value(value), span))
    }

    fn table_body(&mut self) -> Parsed<(Body, Span)> {
        let start = self.byte();
        let query = self.query()?;
        Ok((Body::Table(Box::new(query)), Span { start, end: self.byte_before() }))
    }

    /// `name type` or `name ANY TYPE`.
    fn function_parameter(&mut self) -> Parsed<(String, Option<DataType>)> {
        let name = self.name()?;
        if self.take("ANY TYPE") {
            return Ok((name, None));
        }
        if self.is("TABLE") {
            return Err(unsupported("A table as a parameter of a function", self.place()));
        }
        Ok((name, Some(self.unlimited_type()?)))
    }

    /// `<name type, …>` after RETURNS TABLE.
    fn table_columns(&mut self) -> Parsed<Vec<(String, DataType)>> {
        self.need_symbol("<")?;
        let columns = self.list(|parser| Ok((parser.name()?, parser.unlimited_type()?)))?;
        self.need_symbol(">")?;
        Ok(columns)
    }

    /// OPTIONS of a function or procedure, which change nothing on one machine.
    fn skip_options(&mut self) -> Parsed<()> {
        if !(self.is("OPTIONS") && self.symbol_at(1, "(")) {
            return Ok(());
        }
        self.at += 1;
        self.bracketed(|parser| {
            if parser.is_symbol(")") {
                return Ok(Vec::new());
            }
            parser.list(|parser| {
                let at = parser.place();
                let name = parser.name()?.to_lowercase();
                if !["description", "strict_mode", "labels"].contains(&name.as_str()) {
                    return Err(invalid(&format!("Unknown option: {name}"), Some(at), None));
                }
                parser.need_symbol("=")?;
                parser.expr()
            })
        })?;
        Ok(())
    }

    fn procedure(&mut self, path: Vec<String>, at: At, on_existing: OnExisting) -> Parsed<CreateProcedure> {
        let parameters = self.bracketed(|parser| {
            if parser.is_symbol(")") { Ok(Vec::new()) } else { parser.list(Self::procedure_parameter) }
        })?;
        if self.is("WITH") || self.is("EXTERNAL") || self.is("LANGUAGE") {
            return Err(unsupported("CREATE PROCEDURE in another language", self.place()));
        }
        self.skip_options()?;
        self.need("BEGIN")?;
        let start = self.byte();
        let (_steps, handler): (Vec<Step>, Option<Vec<Step>>) = self.block()?;
        // A handler belongs to the block, so the block is kept with it.
        let begin = self.tokens.iter().find(|token| token.is("BEGIN"));
        let end = self.at.checked_sub(1).and_then(|index| self.tokens.get(index));
        let span = match (handler, begin, end) {
            (Some(_), Some(begin), Some(end)) => Span { start: begin.start, end: end.end },
            (_, _, Some(end)) => Span { start, end: end.start },
            _ => Span { start, end: start },
        };
        Ok(CreateProcedure { path, at, on_existing, parameters, span })
    }

    /// `[IN | OUT | INOUT] name type`.
    fn procedure_parameter(&mut self) -> Parsed<ProcedureParameter> {
        let direction = if self.take("INOUT") {
            Direction::InOut
        } else if self.take("OUT") {
            Direction::Out
        } else {
            self.take("IN");
            Direction::In
        };
        let name = self.name()?;
        let data_type = if self.take("ANY TYPE") { None } else { Some(self.unlimited_type()?) };
        Ok(ProcedureParameter { name, data_type, direction })
    }
}

fn unsupported(what: &str, at: At) -> segue_ports::warehouse::WarehouseError {
    invalid(
        &format!("{what} is not supported by the embedded warehouse"),
        Some(at),
        Some("write it in SQL, or run this statement on BigQuery"),
    )
}
