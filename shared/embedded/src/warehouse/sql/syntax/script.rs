//! Parses scripts into steps.
//!
//! A plain statement ends at the next `;` outside of brackets. Its tokens are kept, because its names mean something
//! only when the steps before it are done.

use super::script_ast::{Branch, Condition, Node, Span, Step};
use super::{Parsed, Parser};
use crate::warehouse::sql::lex::{Kind, Token};
use crate::warehouse::sql::{invalid, names, syntax_error};

/// The words that end a list of steps inside of another step.
const ENDS: [&str; 6] = ["END", "ELSE", "ELSEIF", "UNTIL", "EXCEPTION", "WHEN"];

/// The largest number of blocks inside of each other. BigQuery has the same limit.
const DEEPEST: usize = 50;

/// Parses a script, to the last token.
pub(crate) fn script(tokens: &[Token]) -> Parsed<Vec<Step>> {
    let mut parser = Parser::new(tokens);
    let steps = parser.steps(true)?;
    parser.end()?;
    Ok(steps)
}

impl Parser<'_> {
    /// The steps up to the end of the script or of the step around them.
    fn steps(&mut self, is_whole: bool) -> Parsed<Vec<Step>> {
        self.nested += 1;
        if self.nested > DEEPEST {
            let message = format!("The script nests more than {DEEPEST} blocks");
            let hint = "move the inner blocks to a procedure, and CALL it";
            return Err(invalid(&message, Some(self.place()), Some(hint)));
        }
        let found = self.steps_here(is_whole);
        self.nested -= 1;
        found
    }

    fn steps_here(&mut self, is_whole: bool) -> Parsed<Vec<Step>> {
        let mut found: Vec<Step> = Vec::new();
        loop {
            if self.is_symbol(";") {
                return Err(syntax_error("Unexpected \";\"", Some(self.place())));
            }
            if self.token().is_none() || (!is_whole && ENDS.iter().any(|word| self.is(word))) {
                return Ok(found);
            }
            let step = self.step()?;
            if matches!(step.node, Node::Declare { .. })
                && !found.iter().all(|step| matches!(step.node, Node::Declare { .. }))
            {
                return Err(invalid(
                    "Variable declarations are allowed only at the start of a block or script",
                    Some(step.at),
                    Some("move DECLARE up, or put BEGIN … END around it"),
                ));
            }
            found.push(step);
            if self.token().is_some() {
                self.need_symbol(";")?;
            }
        }
    }

    fn step(&mut self) -> Parsed<Step> {
        let at = self.place();
        let start = self.byte();
        let label = self.label();
        let node = self.node(label)?;
        Ok(Step { at, span: Span { start, end: self.byte_before() }, node })
    }

    /// `name:` before a loop or block.
    fn label(&mut self) -> Option<String> {
        let is_label = self.name_follows()
            && self.symbol_at(1, ":")
            && ["LOOP", "WHILE", "REPEAT", "FOR", "BEGIN"].iter().any(|word| self.is_at(2, word));
        if !is_label {
            return None;
        }
        let name = self.token().and_then(Token::name).map(str::to_lowercase);
        self.at += 2;
        name
    }

    fn node(&mut self, label: Option<String>) -> Parsed<Node> {
        if self.take("DECLARE") {
            return self.declare();
        }
        if self.take("SET") {
            return self.set();
        }
        if self.take("IF") {
            return self.conditional();
        }
        if self.take("CASE") {
            return self.case_statement();
        }
        if self.take("LOOP") {
            let body = self.steps(false)?;
            self.ends("LOOP", label.as_deref())?;
            return Ok(Node::Loop { label, body });
        }
        if self.take("WHILE") {
            let condition = self.scripted()?;
            self.need("DO")?;
            let body = self.steps(false)?;
            self.ends("WHILE", label.as_deref())?;
            return Ok(Node::While { label, condition, body });
        }
        if self.take("REPEAT") {
            let body = self.steps(false)?;
            self.need("UNTIL")?;
            let until = self.scripted()?;
            self.ends("REPEAT", label.as_deref())?;
            return Ok(Node::Repeat { label, body, until });
        }
        if self.take("FOR") {
            return self.for_loop(label);
        }
        if self.is("BEGIN") {
            self.at += 1;
            if self.take("TRANSACTION") || self.is_symbol(";") || self.token().is_none() {
                return Ok(Node::Begin);
            }
            let (body, handler) = self.block()?;
            self.closing_label(label.as_deref())?;
            return Ok(Node::Block { label, body, handler });
        }
        self.simple()
    }

    fn simple(&mut self) -> Parsed<Node> {
        if self.take("BREAK") || self.take("LEAVE") {
            return Ok(Node::Break(self.jump_label()?));
        }
        if self.take("CONTINUE") || self.take("ITERATE") {
            return Ok(Node::Continue(self.jump_label()?));
        }
        if self.take("RETURN") {
            return Ok(Node::Return);
        }
        if self.take("RAISE") {
            if !self.take("USING") {
                return Ok(Node::Raise(None));
            }
            self.need("MESSAGE")?;
            self.need_symbol("=")?;
            return Ok(Node::Raise(Some(self.expr()?)));
        }
        if self.take("ASSERT") {
            let condition = self.scripted()?;
            let description = if self.take("AS") {
                match self.token().map(|token| &token.kind) {
                    Some(Kind::Text(text)) => {
                        self.at += 1;
                        Some(text.clone())
                    }
                    _ => return Err(self.expected("string literal")),
                }
            } else {
                None
            };
            return Ok(Node::Assert { condition, description });
        }
        if self.take("EXECUTE IMMEDIATE") {
            return self.execute();
        }
        if self.take("CALL") {
            let (path, taken) = names::path(self.tokens.get(self.at..).unwrap_or_default())?;
            self.at += taken;
            let arguments =
                self.bracketed(
                    |parser| {
                        if parser.is_symbol(")") { Ok(Vec::new()) } else { parser.list(Self::expr) }
                    },
                )?;
            return Ok(Node::Call { path, arguments });
        }
        if self.take("COMMIT") {
            self.take("TRANSACTION");
            return Ok(Node::Commit);
        }
        if self.take("ROLLBACK") {
            self.take("TRANSACTION");
            return Ok(Node::Rollback);
        }
        self.plain_statement()
    }

    fn plain_statement(&mut self) -> Parsed<Node> {
        let start = self.at;
        let is_procedure = self.is("CREATE")
            && (self.is_at(1, "PROCEDURE") || (self.is_at(1, "OR") && self.is_at(3, "PROCEDURE")));
        if is_procedure {
            while self.token().is_some() && !self.is("BEGIN") && !self.is_symbol(";") {
                self.at += 1;
            }
            if self.take("BEGIN") {
                self.block()?;
            }
        } else {
            let mut depth = 0usize;
            while let Some(token) = self.token() {
                match token.kind {
                    Kind::Symbol("(" | "[" | "{") => depth += 1,
                    Kind::Symbol(")" | "]" | "}") => depth = depth.saturating_sub(1),
                    Kind::Symbol(";") if depth == 0 => break,
                    _ => {}
                }
                self.at += 1;
            }
        }
        Ok(Node::Statement(self.tokens.get(start..self.at).unwrap_or_default().to_vec()))
    }

    /// An expression and its place in the script.
    fn scripted(&mut self) -> Parsed<Condition> {
        let start = self.byte();
        let value = self.expr()?;
        Ok(Condition { value, span: Span { start, end: self.byte_before() } })
    }

    fn declare(&mut self) -> Parsed<Node> {
        let names = self.list(Self::placed_name)?;
        let place = self.place();
        let ty = if self.is("DEFAULT") { None } else { Some(self.data_type()?) };
        if let Some(limited) = ty.as_ref().filter(|ty| ty.plain() != **ty) {
            let message = format!(
                "A variable of the type {} is not supported by the embedded warehouse",
                limited.bigquery()
            );
            let hint = format!("declare it as {}, and CAST the values", limited.plain().bigquery());
            return Err(invalid(&message, Some(place), Some(&hint)));
        }
        let default = if self.take("DEFAULT") { Some(self.expr()?) } else { None };
        if ty.is_none() && default.is_none() {
            return Err(self.expected("a type or DEFAULT"));
        }
        Ok(Node::Declare { names, ty, default })
    }

    /// A variable that SET changes.
    fn variable(&mut self) -> Parsed<(String, super::ast::At)> {
        let at = self.place();
        if !self.take_symbol("@@") {
            return self.name().map(|name| (name.to_lowercase(), at));
        }
        let mut name = format!("@@{}", self.name()?.to_lowercase());
        while self.take_symbol(".") {
            name = format!("{name}.{}", self.name()?.to_lowercase());
        }
        Ok((name, at))
    }

    fn set(&mut self) -> Parsed<Node> {
        let is_list = self.is_symbol("(");
        let targets = if is_list {
            self.bracketed(|parser| parser.list(Self::variable))?
        } else {
            vec![self.variable()?]
        };
        self.need_symbol("=")?;
        Ok(Node::Set { targets, is_list, value: self.expr()? })
    }

    fn conditional(&mut self) -> Parsed<Node> {
        let mut branches: Vec<Branch> = Vec::new();
        loop {
            let condition = self.scripted()?;
            self.need("THEN")?;
            branches.push((condition, self.steps(false)?));
            if !self.take("ELSEIF") {
                break;
            }
        }
        let otherwise = if self.take("ELSE") { self.steps(false)? } else { Vec::new() };
        self.need("END IF")?;
        Ok(Node::If { branches, otherwise })
    }

    fn case_statement(&mut self) -> Parsed<Node> {
        let operand = if self.is("WHEN") { None } else { Some(self.scripted()?) };
        let mut branches: Vec<Branch> = Vec::new();
        while self.take("WHEN") {
            let condition = self.scripted()?;
            self.need("THEN")?;
            branches.push((condition, self.steps(false)?));
        }
        if branches.is_empty() {
            return Err(self.expected("WHEN"));
        }
        let otherwise = if self.take("ELSE") { self.steps(false)? } else { Vec::new() };
        self.need("END CASE")?;
        Ok(Node::Case { operand, branches, otherwise })
    }

    fn for_loop(&mut self, label: Option<String>) -> Parsed<Node> {
        let variable = self.placed_name()?;
        self.need("IN")?;
        self.need_symbol("(")?;
        let start = self.byte();
        let query = Box::new(self.query()?);
        let query_span = Span { start, end: self.byte_before() };
        self.need_symbol(")")?;
        self.need("DO")?;
        let body = self.steps(false)?;
        self.ends("FOR", label.as_deref())?;
        Ok(Node::For { label, variable, query, query_span, body })
    }

    /// The inside of BEGIN … END, with END.
    pub(super) fn block(&mut self) -> Parsed<(Vec<Step>, Option<Vec<Step>>)> {
        let body = self.steps(false)?;
        let handler = if self.take("EXCEPTION") {
            self.need("WHEN ERROR THEN")?;
            Some(self.steps(false)?)
        } else {
            None
        };
        self.need("END")?;
        Ok((body, handler))
    }

    /// `END LOOP` and the like, with the label again if it is there.
    fn ends(&mut self, what: &str, label: Option<&str>) -> Parsed<()> {
        self.need("END")?;
        self.need(what)?;
        self.closing_label(label)
    }

    fn closing_label(&mut self, label: Option<&str>) -> Parsed<()> {
        if !self.name_follows() {
            return Ok(());
        }
        let at = self.place();
        let name = self.name()?.to_lowercase();
        if label == Some(&name) {
            return Ok(());
        }
        Err(syntax_error(&format!("The label {name} does not begin this block"), Some(at)))
    }

    /// The label after BREAK or CONTINUE.
    fn jump_label(&mut self) -> Parsed<Option<String>> {
        if self.name_follows() { self.name().map(|name| Some(name.to_lowercase())) } else { Ok(None) }
    }

    fn execute(&mut self) -> Parsed<Node> {
        let sql = self.expr()?;
        let into = if self.take("INTO") { self.list(Self::placed_name)? } else { Vec::new() };
        let using = if self.take("USING") {
            self.list(|parser| {
                let value = parser.expr()?;
                let name = if parser.take("AS") { Some(parser.name()?) } else { None };
                Ok((value, name))
            })?
        } else {
            Vec::new()
        };
        Ok(Node::Execute { sql, into, using })
    }
}
