//! Translates Pebble's tree to a minijinja template.
//!
//! Pebble's operators have other precedences than Jinja's. So each operator becomes a call of a function of
//! [`crate::ops`] or [`crate::runtime`]. Pebble's lazy operators (`??`, `and`, `or`, `? :`) become minijinja's inline
//! `if`, `and` and `or`. A chain of the same operator becomes one call, so the result is not deeply nested. The
//! translation keeps the lines, so the line in an error of minijinja is the line of the template.
//!
//! An undefined operand is a value here (see [`crate::missing`]). Code that uses the value raises the error. `??`, `is
//! defined` and `default` do not.

use crate::error::RenderError;
use crate::predicates;
use crate::syntax::ast::{Arguments, Expr, ExprKind, Node, Span, UnaryOp};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

mod calls;

/// The kind of result of a rendering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Flavor {
    /// A text.
    Text,
    /// A value. It keeps its type if the template prints nothing else.
    Typed,
}

/// Translates a template to the source of a minijinja template.
///
/// # Errors
/// [`RenderError::Failed`] if a function, filter, test or argument does not exist.
pub(crate) fn translate(template: &str, nodes: &[Node], flavor: Flavor) -> Result<String, RenderError> {
    let mut macros = Vec::new();
    let mut blocks = BTreeMap::new();
    collect(nodes, &mut macros, &mut blocks);
    let names = macros.iter().map(|found| found.name).collect();
    let mut translator = Translator {
        template,
        out: String::new(),
        line: 1,
        macros: names,
        blocks,
        printed_blocks: 0,
        flavor,
        captures: 0,
        keeps_lines: false,
    };
    for (index, found) in macros.iter().enumerate() {
        translator.define_macro(index, found)?;
    }
    translator.keeps_lines = true;
    translator.nodes(nodes)?;
    Ok(translator.out)
}

struct MacroNode<'a> {
    name: &'a str,
    parameters: &'a [(String, Option<Expr>)],
    body: &'a [Node],
}

/// The blocks of a template by name. Of two blocks with one name, the last one counts, as in Pebble.
type Blocks<'a> = BTreeMap<&'a str, &'a [Node]>;

/// How often a template may print blocks by `block()`. Blocks that print each other would have no end.
const MOST_BLOCKS: usize = 100;

/// Finds all macros and blocks of a template. They can be used before their definition.
fn collect<'a>(nodes: &'a [Node], macros: &mut Vec<MacroNode<'a>>, blocks: &mut Blocks<'a>) {
    for node in nodes {
        match node {
            Node::Macro { name, parameters, body } => {
                macros.push(MacroNode { name, parameters, body });
                collect(body, macros, blocks);
            }
            Node::If { branches, otherwise } => {
                branches.iter().for_each(|(_, body)| collect(body, macros, blocks));
                collect(otherwise.as_deref().unwrap_or_default(), macros, blocks);
            }
            Node::For { body, otherwise, .. } => {
                collect(body, macros, blocks);
                collect(otherwise.as_deref().unwrap_or_default(), macros, blocks);
            }
            Node::Filter { body, .. } => collect(body, macros, blocks),
            Node::Block { name, body } => {
                blocks.insert(name, body);
                collect(body, macros, blocks);
            }
            Node::Text(_) | Node::Print(_) | Node::Set { .. } => {}
        }
    }
}

/// The name in `block("name")`. None for any other expression.
fn block_name(value: &Expr) -> Option<&str> {
    match &value.kind {
        ExprKind::Call(name, arguments) if name == "block" && arguments.named.is_empty() => {
            match arguments.positional.as_slice() {
                [Expr { kind: ExprKind::Str(name), .. }] => Some(name),
                _ => None,
            }
        }
        _ => None,
    }
}

struct Translator<'a> {
    template: &'a str,
    out: String,
    /// The line that the end of `out` is on.
    line: u32,
    macros: BTreeSet<&'a str>,
    blocks: Blocks<'a>,
    /// How many blocks `block()` has printed.
    printed_blocks: usize,
    flavor: Flavor,
    /// The number of open captures (macros, `filter` tags). Everything inside a capture is text.
    captures: usize,
    keeps_lines: bool,
}

type Done = Result<(), RenderError>;

impl Translator<'_> {
    /// Adds line ends to `out` up to the line of the next part. Only valid where white space has no meaning.
    fn sync(&mut self, span: Span) {
        while self.keeps_lines && self.line < span.line {
            self.out.push('\n');
            self.line += 1;
        }
    }

    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                _ => self.out.push(c),
            }
        }
        self.out.push('"');
    }

    fn number(&mut self, number: impl std::fmt::Display) {
        // Writing to a String cannot fail.
        let _ = write!(self.out, "{number}");
    }

    fn fail<T>(&self, message: String, span: Span) -> Result<T, RenderError> {
        Err(RenderError::Failed { message, template: self.template.to_owned(), line: span.line })
    }

    fn typed(&self) -> bool {
        self.flavor == Flavor::Typed && self.captures == 0
    }

    fn nodes(&mut self, nodes: &[Node]) -> Done {
        nodes.iter().try_for_each(|node| self.node(node))
    }

    fn node(&mut self, node: &Node) -> Done {
        match node {
            Node::Text(text) => {
                self.push(if self.typed() { "{% do __emit(" } else { "{{" });
                self.string(text);
                self.push(if self.typed() { ") %}" } else { "}}" });
                Ok(())
            }
            Node::Print(value) if block_name(value).is_some() => self.print_block(value),
            Node::Print(value) => {
                self.push(if self.typed() { "{% do __emit(" } else { "{{" });
                self.expr(value)?;
                self.push(if self.typed() { ") %}" } else { "}}" });
                Ok(())
            }
            Node::If { branches, otherwise } => self.if_node(branches, otherwise.as_deref()),
            Node::For { variable, items, body, otherwise } => {
                self.for_node(variable, items, body, otherwise.as_deref())
            }
            Node::Set { name, value } => {
                self.push("{% do __set(");
                self.string(name);
                self.push(",");
                self.expr(value)?;
                self.push(") %}");
                Ok(())
            }
            Node::Macro { .. } => Ok(()),
            Node::Filter { filters, body } => self.filter_node(filters, body),
            Node::Block { body, .. } => self.nodes(body),
        }
    }

    /// Prints a block at the position of `{{ block("name") }}`. An unknown block prints nothing, as in Pebble.
    fn print_block(&mut self, value: &Expr) -> Done {
        let Some(body) = block_name(value).and_then(|name| self.blocks.get(name).copied()) else {
            return Ok(());
        };
        self.printed_blocks += 1;
        if self.printed_blocks > MOST_BLOCKS {
            let message = format!("A template prints at most {MOST_BLOCKS} blocks with 'block'");
            return self.fail(message, value.span);
        }
        self.nodes(body)
    }

    fn if_node(&mut self, branches: &[(Expr, Vec<Node>)], otherwise: Option<&[Node]>) -> Done {
        for (index, (condition, body)) in branches.iter().enumerate() {
            self.push(if index == 0 { "{% if __if(" } else { "{% elif __if(" });
            self.expr(condition)?;
            self.push(") %}");
            self.nodes(body)?;
        }
        if let Some(body) = otherwise {
            self.push("{% else %}");
            self.nodes(body)?;
        }
        self.push("{% endif %}");
        Ok(())
    }

    /// Translates a `for`. If the list is null, neither the body nor the `else` body is printed, as in Pebble.
    fn for_node(&mut self, variable: &str, items: &Expr, body: &[Node], otherwise: Option<&[Node]>) -> Done {
        self.push("{% if __for(");
        self.string(variable);
        self.push(",");
        self.expr(items)?;
        self.push(") %}{% for i in __turns() %}{% do __turn(i) %}");
        self.nodes(body)?;
        self.push("{% do __turned(i) %}{% endfor %}");
        if let Some(body) = otherwise {
            self.push("{% elif __was_empty() %}");
            self.nodes(body)?;
        }
        self.push("{% endif %}");
        Ok(())
    }

    fn filter_node(&mut self, filters: &[(String, Arguments, Span)], body: &[Node]) -> Done {
        self.captures += 1;
        self.push("{% set captured %}");
        let inner = self.nodes(body);
        self.captures -= 1;
        inner?;
        self.push("{% endset %}");
        self.push(if self.typed() { "{% do __emit(captured" } else { "{{captured" });
        for (name, arguments, span) in filters {
            self.filter_call(name, arguments, *span)?;
        }
        self.push(if self.typed() { ") %}" } else { "}}" });
        Ok(())
    }

    /// Defines a macro. The macro has no parameters in minijinja, because `__macro` puts its arguments into the scope.
    fn define_macro(&mut self, index: usize, found: &MacroNode<'_>) -> Done {
        self.captures += 1;
        self.push("{% macro m");
        self.number(index);
        self.push("() %}");
        for (name, default) in found.parameters {
            self.push("{% if __not_given(");
            self.string(name);
            self.push(") %}{% do __set(");
            self.string(name);
            self.push(",");
            match default {
                Some(default) => self.expr(default)?,
                None => self.push("none"),
            }
            self.push(") %}{% endif %}");
        }
        self.nodes(found.body)?;
        self.push("{% endmacro %}{% do __define(");
        self.string(found.name);
        self.push(",m");
        self.number(index);
        for (name, _) in found.parameters {
            self.push(",");
            self.string(name);
        }
        self.push(") %}");
        self.captures -= 1;
        Ok(())
    }

    fn expr(&mut self, expr: &Expr) -> Done {
        self.sync(expr.span);
        match &expr.kind {
            ExprKind::Null => self.push("none"),
            ExprKind::Bool(true) => self.push("true"),
            ExprKind::Bool(false) => self.push("false"),
            ExprKind::Int(int) => self.number(int),
            ExprKind::Float(float) => self.float(*float),
            ExprKind::Str(text) => self.string(text),
            ExprKind::List(items) => return self.call("__list", items),
            ExprKind::Interpolated(parts) => return self.call("__concat", parts),
            ExprKind::Map(entries) => {
                self.push("__map(");
                for (index, (key, value)) in entries.iter().enumerate() {
                    self.push(if index == 0 { "" } else { "," });
                    self.expr(key)?;
                    self.push(",");
                    self.expr(value)?;
                }
                self.push(")");
            }
            ExprKind::Var(name) => {
                self.push("__var(");
                self.string(name);
                self.push(",");
                self.number(expr.span.line);
                self.push(")");
            }
            ExprKind::Get(base, key) => return self.path(base, key, expr.span),
            ExprKind::Method(base, name, arguments) => {
                self.push("__method(");
                self.expr(base)?;
                self.push(",");
                self.string(name);
                self.push(",");
                self.number(expr.span.line);
                for argument in arguments {
                    self.push(",");
                    self.expr(argument)?;
                }
                self.push(")");
            }
            ExprKind::Call(name, arguments) => return self.function_call(name, arguments, expr.span),
            ExprKind::Filter(input, name, arguments) => {
                self.expr(input)?;
                return self.filter_call(name, arguments, expr.span);
            }
            ExprKind::Test { value, name, negated } => {
                if !predicates::NAMES.contains(&name.as_str()) {
                    return self.fail(format!("Test [{name}] does not exist."), expr.span);
                }
                self.push("__test(");
                self.string(name);
                self.push(if *negated { ",true," } else { ",false," });
                self.expr(value)?;
                self.push(")");
            }
            ExprKind::Unary(op, operand) => {
                self.push(match op {
                    UnaryOp::Not => "__not(",
                    UnaryOp::Plus => "__plus(",
                    UnaryOp::Minus => "__minus(",
                });
                self.expr(operand)?;
                self.push(")");
            }
            ExprKind::Binary(op, left, right) => return self.binary(*op, left, right),
            ExprKind::Ternary(condition, then, otherwise) => {
                self.push("(__kept() if __keep_missing(");
                self.expr(condition)?;
                self.push(") else (");
                self.expr(then)?;
                self.push(" if __kept_is_true() else ");
                self.expr(otherwise)?;
                self.push("))");
            }
        }
        Ok(())
    }

    fn float(&mut self, float: f64) {
        let text = format!("{float:?}");
        if text.contains(['e', 'i', 'N']) {
            self.push("__double(");
            self.string(&text);
            self.push(")");
        } else {
            self.push(&text);
        }
    }
}
