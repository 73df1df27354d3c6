//! The syntax tree of a template.

/// A position in a template: line and column, both from 1. Columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// Text that is printed unchanged. A `raw` block stays in the text with its tags. The tags are removed from the
    /// final text only (docs/kestra.md 3.1).
    Text(String),
    /// `{{ expression }}`
    Print(Expr),
    /// `{% if %}`: conditions with their bodies, and the body of `else`.
    If { branches: Vec<(Expr, Vec<Node>)>, otherwise: Option<Vec<Node>> },
    /// `{% for variable in items %}`
    For { variable: String, items: Expr, body: Vec<Node>, otherwise: Option<Vec<Node>> },
    /// `{% set name = value %}`
    Set { name: String, value: Expr },
    /// `{% macro name(parameters) %}`: a template can call it before its definition.
    Macro { name: String, parameters: Vec<(String, Option<Expr>)>, body: Vec<Node> },
    /// `{% filter name | name %}`
    Filter { filters: Vec<(String, Arguments, Span)>, body: Vec<Node> },
    /// `{% block name %}`: its body is printed at its position, because templates do not inherit from each other.
    /// `{{ block("name") }}` prints it once more.
    Block { name: String, body: Vec<Node> },
}

/// An expression and the position of its start.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) span: Span,
    /// The number of levels of this expression, including itself. Code that walks the tree recurses to this depth.
    pub(crate) height: u16,
}

impl ExprKind {
    /// The expressions directly below this expression, in the order of the template.
    pub(crate) fn children(&self) -> Vec<&Expr> {
        match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Str(_) | Self::Var(_) => {
                Vec::new()
            }
            Self::List(items) | Self::Interpolated(items) => items.iter().collect(),
            Self::Map(entries) => entries.iter().flat_map(|(key, value)| [key, value]).collect(),
            Self::Get(base, key) => vec![base, key],
            Self::Method(base, _, arguments) => std::iter::once(&**base).chain(arguments).collect(),
            Self::Call(_, arguments) => arguments.all().collect(),
            Self::Filter(input, _, arguments) => std::iter::once(&**input).chain(arguments.all()).collect(),
            Self::Test { value, .. } => vec![value],
            Self::Unary(_, operand) => vec![operand],
            Self::Binary(_, left, right) => vec![left, right],
            Self::Ternary(condition, then, otherwise) => vec![condition, then, otherwise],
        }
    }
}

/// The arguments of a call: first by position, then by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Arguments {
    pub(crate) positional: Vec<Expr>,
    pub(crate) named: Vec<(String, Expr)>,
}

impl Arguments {
    /// The values of all arguments, in order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Expr> {
        self.positional.iter().chain(self.named.iter().map(|(_, value)| value))
    }
}

/// The kind of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ExprKind {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(String),
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    /// An interpolated text: `"a#{b}c"`
    Interpolated(Vec<Expr>),
    /// A variable.
    Var(String),
    /// `base.key` and `base[key]`
    Get(Box<Expr>, Box<Expr>),
    /// `base.name(arguments)`
    Method(Box<Expr>, String, Vec<Expr>),
    /// `name(arguments)`: a function or a macro.
    Call(String, Arguments),
    /// `input | name(arguments)`
    Filter(Box<Expr>, String, Arguments),
    /// `value is name`, negated with `is not`.
    Test {
        value: Box<Expr>,
        name: String,
        negated: bool,
    },
    Unary(UnaryOp, Box<Expr>),
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `condition ? then : otherwise`
    Ternary(Box<Expr>, Box<Expr>, Box<Expr>),
}

/// Operators before their operand. All of them have the precedence 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnaryOp {
    Not,
    Plus,
    Minus,
}

/// Operators between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BinaryOp {
    /// `??`
    NullCoalesce,
    /// `???`
    UndefinedCoalesce,
    /// `..`
    Range,
    /// `~`
    Concat,
    Multiply,
    Divide,
    Modulus,
    Add,
    Subtract,
    Equals,
    NotEquals,
    Less,
    Greater,
    LessEquals,
    GreaterEquals,
    Contains,
    In,
    NotIn,
    And,
    Or,
}

impl BinaryOp {
    /// The operator of a token, with its precedence (docs/kestra.md 3.4). `None` for `|`, `is` and `is not`, which do
    /// not stand between two expressions.
    pub(crate) fn from_token(token: &str) -> Option<(Self, u16)> {
        Some(match token {
            "??" => (Self::NullCoalesce, 120),
            "???" => (Self::UndefinedCoalesce, 120),
            ".." => (Self::Range, 120),
            "~" => (Self::Concat, 110),
            "*" => (Self::Multiply, 60),
            "/" => (Self::Divide, 60),
            "%" => (Self::Modulus, 60),
            "+" => (Self::Add, 40),
            "-" => (Self::Subtract, 40),
            "==" | "equals" => (Self::Equals, 30),
            "!=" => (Self::NotEquals, 30),
            "<" => (Self::Less, 30),
            ">" => (Self::Greater, 30),
            "<=" => (Self::LessEquals, 30),
            ">=" => (Self::GreaterEquals, 30),
            "contains" => (Self::Contains, 20),
            "in" => (Self::In, 20),
            "not in" => (Self::NotIn, 20),
            "and" => (Self::And, 15),
            "or" => (Self::Or, 10),
            _ => return None,
        })
    }
}
