//! Parses text and tags: `if`, `for`, `set`, `macro`, `filter`, `block`.
//!
//! To add a tag, add an arm of [`Parser::tag`].

use super::ast::{Arguments, Node, Span};
use super::parser::Parser;
use super::token::TokenKind;
use crate::error::RenderError;

type Parsed<T> = Result<T, RenderError>;

impl Parser {
    /// Parses nodes up to the end, or up to a tag with one of these names. This tag is not consumed.
    pub(super) fn body(&mut self, stops: &[&str]) -> Parsed<Vec<Node>> {
        let from = self.span();
        let mut nodes = Vec::new();
        loop {
            match self.kind().clone() {
                TokenKind::Text(text) => {
                    self.skip();
                    nodes.push(Node::Text(text));
                }
                TokenKind::PrintStart => {
                    self.skip();
                    nodes.push(Node::Print(self.expression()?));
                    if *self.kind() != TokenKind::PrintEnd {
                        return self.unexpected("\"}}\"");
                    }
                    self.skip();
                }
                TokenKind::TagStart => {
                    self.skip();
                    if let TokenKind::Name(name) = self.kind()
                        && stops.contains(&name.as_str())
                    {
                        return Ok(nodes);
                    }
                    let node = self.deeper(Self::tag)?;
                    nodes.push(node);
                }
                TokenKind::End if stops.is_empty() => return Ok(nodes),
                TokenKind::End => {
                    let expected = stops.join("\" or \"");
                    return self.fail(format!(
                        "Unexpected end of template, expected the \"{expected}\" of line {}",
                        from.line
                    ));
                }
                _ => return self.unexpected("text or a tag"),
            }
        }
    }

    /// Parses a tag after its `{%`.
    fn tag(&mut self) -> Parsed<Node> {
        let TokenKind::Name(name) = self.kind().clone() else { return self.unexpected("the name of a tag") };
        match name.as_str() {
            "if" => self.if_tag(),
            "for" => self.for_tag(),
            "set" => self.set_tag(),
            "macro" => self.macro_tag(),
            "filter" => self.filter_tag(),
            "block" => self.block_tag(),
            _ => self.fail(format!("Unexpected tag name \"{name}\"")),
        }
    }

    fn tag_end(&mut self) -> Parsed<()> {
        if *self.kind() != TokenKind::TagEnd {
            return self.unexpected("\"%}\"");
        }
        self.skip();
        Ok(())
    }

    fn if_tag(&mut self) -> Parsed<Node> {
        let mut branches = Vec::new();
        let mut otherwise = None;
        loop {
            let TokenKind::Name(name) = self.kind().clone() else { return self.unexpected("\"endif\"") };
            self.skip();
            match name.as_str() {
                "if" | "elseif" => {
                    let condition = self.expression()?;
                    self.tag_end()?;
                    branches.push((condition, self.body(&["elseif", "else", "endif"])?));
                }
                "else" => {
                    self.tag_end()?;
                    otherwise = Some(self.body(&["endif"])?);
                }
                _ => {
                    self.tag_end()?;
                    return Ok(Node::If { branches, otherwise });
                }
            }
        }
    }

    fn for_tag(&mut self) -> Parsed<Node> {
        self.skip();
        let variable = self.new_name()?;
        if *self.kind() != TokenKind::Operator("in") {
            return self.unexpected("\"in\"");
        }
        self.skip();
        let items = self.expression()?;
        self.tag_end()?;
        let body = self.body(&["else", "endfor"])?;
        let mut otherwise = None;
        if *self.kind() == TokenKind::Name("else".to_owned()) {
            self.skip();
            self.tag_end()?;
            otherwise = Some(self.body(&["endfor"])?);
        }
        self.skip();
        self.tag_end()?;
        Ok(Node::For { variable, items, body, otherwise })
    }

    fn set_tag(&mut self) -> Parsed<Node> {
        self.skip();
        let name = self.new_name()?;
        self.punctuation('=')?;
        let value = self.expression()?;
        self.tag_end()?;
        Ok(Node::Set { name, value })
    }

    fn macro_tag(&mut self) -> Parsed<Node> {
        self.skip();
        let name = self.name()?;
        self.punctuation('(')?;
        let mut parameters = Vec::new();
        while !self.is_punctuation(')') {
            if !parameters.is_empty() {
                self.punctuation(',')?;
            }
            let parameter = self.new_name()?;
            let mut default = None;
            if self.is_punctuation('=') {
                self.skip();
                default = Some(self.expression()?);
            }
            parameters.push((parameter, default));
        }
        self.skip();
        self.tag_end()?;
        let body = self.body(&["endmacro"])?;
        self.skip();
        // The name of the macro may be repeated: `{% endmacro name %}`.
        if matches!(self.kind(), TokenKind::Name(_)) {
            self.skip();
        }
        self.tag_end()?;
        Ok(Node::Macro { name, parameters, body })
    }

    fn filter_tag(&mut self) -> Parsed<Node> {
        let mut filters: Vec<(String, Arguments, Span)> = Vec::new();
        loop {
            self.skip();
            let span = self.span();
            let name = self.name()?;
            let arguments = self.optional_arguments()?;
            filters.push((name, arguments, span));
            if *self.kind() != TokenKind::Operator("|") {
                break;
            }
        }
        self.tag_end()?;
        let body = self.body(&["endfilter"])?;
        self.skip();
        self.tag_end()?;
        Ok(Node::Filter { filters, body })
    }

    fn block_tag(&mut self) -> Parsed<Node> {
        self.skip();
        let (TokenKind::Name(name) | TokenKind::Str(name)) = self.kind().clone() else {
            return self.unexpected("the name of the block");
        };
        self.skip();
        self.tag_end()?;
        let body = self.body(&["endblock"])?;
        self.skip();
        if matches!(self.kind(), TokenKind::Name(_) | TokenKind::Str(_)) {
            self.skip();
        }
        self.tag_end()?;
        Ok(Node::Block { name, body })
    }
}
