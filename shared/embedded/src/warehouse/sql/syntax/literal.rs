//! Parses the words that begin a value: literals, CASE, CAST, EXTRACT, INTERVAL, ARRAY, STRUCT and names.
//!
//! To add such a word, add a branch in [`Parser::word`].

use super::ast::{Expr, Node};
use super::{Parsed, Parser};
use crate::warehouse::sql::datatype::{self, DataType};
use crate::warehouse::sql::lex::Kind;
use crate::warehouse::sql::{invalid, keywords, syntax_error};

impl Parser<'_> {
    /// A string or bytes literal. Adjacent literals are one.
    pub(super) fn texts(&mut self) -> Parsed<Expr> {
        let at = self.place();
        let node = match self.token().map(|token| &token.kind) {
            Some(Kind::Text(text)) => Node::Text(text.clone()),
            Some(Kind::Bytes(bytes)) => Node::Bytes(bytes.clone()),
            _ => return Err(self.expected("string literal")),
        };
        self.at += 1;
        Ok(Expr::new(at, node))
    }

    pub(super) fn word(&mut self, upper: &str, word: &str) -> Parsed<Expr> {
        let at = self.place();
        let opens = self.symbol_at(1, "(");
        let node = match upper {
            "NULL" => Node::Null,
            "TRUE" => Node::Bool(true),
            "FALSE" => Node::Bool(false),
            "CASE" => return self.case(),
            "INTERVAL" => return self.interval(),
            "CAST" | "SAFE_CAST" if opens => return self.cast(upper == "SAFE_CAST"),
            "EXTRACT" if opens => return self.extract(),
            "EXISTS" if opens => {
                self.at += 1;
                let query = self.bracketed(Self::query)?;
                return Ok(Expr::new(at, Node::Exists(Box::new(query))));
            }
            "ARRAY" => {
                self.at += 1;
                if self.is_symbol("(") {
                    let query = self.bracketed(Self::query)?;
                    return Ok(Expr::new(at, Node::ArrayQuery(Box::new(query))));
                }
                let element = if self.is_symbol("<") { Some(self.element_of_angles()?) } else { None };
                return self.array(element);
            }
            "STRUCT" => return self.structure(),
            "RANGE" if self.symbol_at(1, "<") => {
                let data_type = self.unlimited_type()?;
                let Some(Kind::Text(text)) = self.token().map(|token| &token.kind) else {
                    return Err(self.expected("string literal"));
                };
                self.at += 1;
                return Ok(Expr::new(at, Node::Literal(data_type, text.clone())));
            }
            "WITH" if opens => return self.with_expression(),
            "IF" | "LEFT" | "RIGHT" | "GROUPING" | "COLLATE" | "RANGE" if opens => {
                self.at += 1;
                return self.call(at, vec![word.to_owned()]);
            }
            "NEW" | "PROTO" | "ENUM" => {
                return Err(syntax_error(&format!("{upper} is not supported by BigQuery"), Some(at)));
            }
            _ if keywords::is_reserved(word) => return Err(self.expected("an expression")),
            _ => return self.name_or_literal(upper, word),
        };
        self.at += 1;
        Ok(Expr::new(at, node))
    }

    fn name_or_literal(&mut self, upper: &str, word: &str) -> Parsed<Expr> {
        let at = self.place();
        if let Some(Kind::Text(text)) = self.ahead(1).map(|token| &token.kind) {
            let data_type = match upper {
                "DATE" => Some(DataType::Date),
                "TIMESTAMP" => Some(DataType::Timestamp),
                "DATETIME" => Some(DataType::DateTime),
                "TIME" => Some(DataType::Time),
                "NUMERIC" | "DECIMAL" => Some(DataType::Numeric),
                "BIGNUMERIC" | "BIGDECIMAL" => Some(DataType::BigNumeric),
                "JSON" => Some(DataType::Json),
                _ => None,
            };
            if let Some(data_type) = data_type {
                self.at += 2;
                return Ok(Expr::new(at, Node::Literal(data_type, text.clone())));
            }
        }
        self.at += 1;
        if self.is_symbol("-") && self.symbol_at(1, ">") {
            self.at += 2;
            let body = Box::new(self.expr()?);
            return Ok(Expr::new(at, Node::Lambda { parameters: vec![word.to_owned()], body }));
        }
        if self.is_symbol("(") {
            return self.call(at, vec![word.to_owned()]);
        }
        if matches!(upper, "CURRENT_DATE" | "CURRENT_TIMESTAMP" | "CURRENT_DATETIME" | "CURRENT_TIME")
            && !self.is_symbol(".")
        {
            return Ok(Expr::new(at, Node::Call(Box::new(Self::plain_call(upper)))));
        }
        Ok(Expr::new(at, Node::Name(word.to_owned())))
    }

    fn case(&mut self) -> Parsed<Expr> {
        let at = self.place();
        self.at += 1;
        let operand = if self.is("WHEN") { None } else { Some(Box::new(self.expr()?)) };
        let mut branches = Vec::new();
        while self.take("WHEN") {
            let when = self.expr()?;
            self.need("THEN")?;
            branches.push((when, self.expr()?));
        }
        if branches.is_empty() {
            return Err(self.expected("WHEN"));
        }
        let otherwise = if self.take("ELSE") { Some(Box::new(self.expr()?)) } else { None };
        self.need("END")?;
        Ok(Expr::new(at, Node::Case { operand, branches, otherwise }))
    }

    fn interval(&mut self) -> Parsed<Expr> {
        let at = self.place();
        self.at += 1;
        let value = Box::new(self.expr()?);
        let from = self.part()?;
        let to = if self.take("TO") { Some(self.part()?) } else { None };
        Ok(Expr::new(at, Node::Interval { value, from, to }))
    }

    /// A date part such as MONTH, in capitals.
    pub(super) fn part(&mut self) -> Parsed<String> {
        let name = self.name()?.to_uppercase();
        if !keywords::DATE_PARTS.contains(&name.as_str()) {
            return Err(syntax_error(
                &format!("A valid date part name is required but found {name}"),
                Some(self.place()),
            ));
        }
        if name == "WEEK" && self.is_symbol("(") {
            let day = self.bracketed(Self::name)?;
            return Ok(format!("WEEK({})", day.to_uppercase()));
        }
        Ok(name)
    }

    fn cast(&mut self, safe: bool) -> Parsed<Expr> {
        let at = self.place();
        self.at += 1;
        self.need_symbol("(")?;
        let value = Box::new(self.expr()?);
        self.need("AS")?;
        let to = self.data_type()?;
        let format = if self.take("FORMAT") { Some(Box::new(self.expr()?)) } else { None };
        let zone = if self.take("AT TIME ZONE") { Some(Box::new(self.expr()?)) } else { None };
        self.need_symbol(")")?;
        Ok(Expr::new(at, Node::Cast { value, to, safe, format, zone }))
    }

    fn extract(&mut self) -> Parsed<Expr> {
        let at = self.place();
        self.at += 1;
        self.need_symbol("(")?;
        let part = self.part()?;
        self.need("FROM")?;
        let value = Box::new(self.expr()?);
        let zone = if self.take("AT TIME ZONE") { Some(Box::new(self.expr()?)) } else { None };
        self.need_symbol(")")?;
        Ok(Expr::new(at, Node::Extract { part, value, zone }))
    }

    /// The items of an array in square brackets.
    pub(super) fn array(&mut self, element: Option<DataType>) -> Parsed<Expr> {
        let at = self.place();
        self.need_symbol("[")?;
        let items = if self.is_symbol("]") { Vec::new() } else { self.list(Self::expr)? };
        self.need_symbol("]")?;
        Ok(Expr::new(at, Node::Array { element, items }))
    }

    fn structure(&mut self) -> Parsed<Expr> {
        let at = self.place();
        let fields = if self.symbol_at(1, "<") {
            match self.unlimited_type()? {
                DataType::Struct(fields) => Some(fields),
                _ => None,
            }
        } else {
            self.at += 1;
            None
        };
        self.need_symbol("(")?;
        let mut items = Vec::new();
        if !self.is_symbol(")") {
            items = self.list(|parser| {
                let value = parser.expr()?;
                let alias = if parser.take("AS") { Some(parser.name()?) } else { None };
                let own = value.own_name().map(str::to_owned);
                Ok((value, alias.or(own)))
            })?;
        }
        self.need_symbol(")")?;
        Ok(Expr::new(at, Node::Struct { fields, items }))
    }

    fn with_expression(&mut self) -> Parsed<Expr> {
        let at = self.place();
        self.at += 1;
        self.need_symbol("(")?;
        let mut names = Vec::new();
        while self.name_follows() && self.is_at(1, "AS") {
            let name = self.name()?;
            self.need("AS")?;
            names.push((name, self.expr()?));
            self.need_symbol(",")?;
        }
        let body = Box::new(self.expr()?);
        self.need_symbol(")")?;
        Ok(Expr::new(at, Node::With { names, body }))
    }

    /// A type at this position.
    pub(super) fn data_type(&mut self) -> Parsed<DataType> {
        let (data_type, taken) = datatype::prefix(self.tokens.get(self.at..).unwrap_or_default())?;
        self.at += taken;
        Ok(data_type)
    }

    /// A type without a length or a number of digits, which belong to a column or a CAST.
    pub(super) fn unlimited_type(&mut self) -> Parsed<DataType> {
        let place = self.place();
        let own = self.data_type()?;
        if own.plain() != own {
            let message = format!("{} has type parameters, which are not allowed here", own.bigquery());
            return Err(invalid(&message, Some(place), Some("leave the length or the digits out")));
        }
        Ok(own)
    }

    fn element_of_angles(&mut self) -> Parsed<DataType> {
        self.at -= 1;
        match self.unlimited_type()? {
            DataType::Array(element) => Ok(*element),
            other => Ok(other),
        }
    }
}
