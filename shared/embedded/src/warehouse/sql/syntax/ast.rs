//! The syntax tree of GoogleSQL's queries.
//!
//! The module must not know names of tables, types of columns, or functions. To add an expression, add a variant of
//! [`Node`], a branch in [`Expr::children`], a branch in the parser, and a branch in `analyze/expr.rs`.

use crate::warehouse::sql::datatype::DataType;

/// A position in the script: line and column, both counted from 1.
pub(crate) type At = (u32, u32);

/// An expression and its position.
#[derive(Debug, Clone)]
pub(crate) struct Expr {
    pub(crate) at: At,
    pub(crate) node: Node,
    /// The number of levels of the tree.
    pub(crate) depth: u32,
}

/// An expression without its position.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    /// A number as written, perhaps with a minus.
    Number(String),
    Text(String),
    Bytes(Vec<u8>),
    /// `DATE '2021-01-31'`.
    Literal(DataType, String),
    Interval {
        value: Box<Expr>,
        from: String,
        to: Option<String>,
    },
    /// `@name`.
    Parameter(String),
    /// The `?` with this number, counted from 0.
    Positional(usize),
    /// `@@error.message`, in lower case and without `@@`.
    System(String),
    Name(String),
    Field(Box<Expr>, String),
    Subscript(Box<Expr>, Access, Box<Expr>),
    /// NOT, -, + or ~.
    Unary(&'static str, Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    Is {
        value: Box<Expr>,
        what: Truth,
        not: bool,
    },
    IsDistinct {
        left: Box<Expr>,
        right: Box<Expr>,
        not: bool,
    },
    Between {
        value: Box<Expr>,
        low: Box<Expr>,
        high: Box<Expr>,
        not: bool,
    },
    In {
        value: Box<Expr>,
        list: List,
        not: bool,
    },
    Like {
        value: Box<Expr>,
        quantifier: Option<Quantifier>,
        patterns: List,
        not: bool,
    },
    Case {
        operand: Option<Box<Expr>>,
        branches: Vec<(Expr, Expr)>,
        otherwise: Option<Box<Expr>>,
    },
    Cast {
        value: Box<Expr>,
        to: DataType,
        safe: bool,
        format: Option<Box<Expr>>,
        zone: Option<Box<Expr>>,
    },
    Extract {
        part: String,
        value: Box<Expr>,
        zone: Option<Box<Expr>>,
    },
    Call(Box<Call>),
    Array {
        element: Option<DataType>,
        items: Vec<Expr>,
    },
    ArrayQuery(Box<Query>),
    Struct {
        fields: Option<Vec<(String, DataType)>>,
        items: Vec<(Expr, Option<String>)>,
    },
    Exists(Box<Query>),
    Subquery(Box<Query>),
    With {
        names: Vec<(String, Expr)>,
        body: Box<Expr>,
    },
    Lambda {
        parameters: Vec<String>,
        body: Box<Expr>,
    },
    /// `MONTH` or `WEEK(MONDAY)` as an argument of a function, in capitals.
    Part(String),
}

/// How a subscript counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Plain,
    Offset,
    Ordinal,
    SafeOffset,
    SafeOrdinal,
}

/// The word after IS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    Null,
    True,
    False,
}

/// The word after LIKE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    Any,
    All,
}

/// The right side of IN and of LIKE ANY.
#[derive(Debug, Clone)]
pub(crate) enum List {
    Values(Vec<Expr>),
    Query(Box<Query>),
    Unnest(Box<Expr>),
}

/// A call of a function.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The name in capitals, with dots.
    pub(crate) name: String,
    pub(crate) safe: bool,
    pub(crate) distinct: bool,
    /// `COUNT(*)`.
    pub(crate) star: bool,
    pub(crate) arguments: Vec<Expr>,
    /// The arguments after `name =>`.
    pub(crate) named: Vec<(String, Expr)>,
    pub(crate) ignore_nulls: Option<bool>,
    /// `HAVING MAX x` (true) or `HAVING MIN x`.
    pub(crate) having: Option<(bool, Box<Expr>)>,
    pub(crate) order: Vec<OrderItem>,
    pub(crate) limit: Option<Box<Expr>>,
    pub(crate) over: Option<Window>,
}

/// A window after OVER or in WINDOW.
#[derive(Debug, Clone, Default)]
pub(crate) struct Window {
    /// The name of another window that this one extends.
    pub(crate) base: Option<String>,
    pub(crate) partition: Vec<Expr>,
    pub(crate) order: Vec<OrderItem>,
    pub(crate) frame: Option<Frame>,
}

/// The frame of a window.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// RANGE; otherwise ROWS.
    pub(crate) is_range: bool,
    pub(crate) start: Bound,
    pub(crate) end: Bound,
}

/// An end of a frame.
#[derive(Debug, Clone)]
pub(crate) enum Bound {
    UnboundedPreceding,
    Preceding(Box<Expr>),
    Current,
    Following(Box<Expr>),
    UnboundedFollowing,
}

/// An item of ORDER BY.
#[derive(Debug, Clone)]
pub(crate) struct OrderItem {
    pub(crate) value: Expr,
    pub(crate) descending: bool,
    pub(crate) nulls_first: Option<bool>,
    pub(crate) collate: Option<String>,
}

/// A query.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) at: At,
    pub(crate) recursive: bool,
    pub(crate) with: Vec<With>,
    pub(crate) body: Body,
    pub(crate) order: Vec<OrderItem>,
    pub(crate) limit: Option<Expr>,
    pub(crate) offset: Option<Expr>,
    /// The operators after `|>`.
    pub(crate) pipes: Vec<(At, Pipe)>,
    /// The number of levels of its deepest expression.
    pub(crate) depth: u32,
}

/// A table of WITH.
#[derive(Debug, Clone)]
pub(crate) struct With {
    pub(crate) name: String,
    pub(crate) at: At,
    pub(crate) query: Query,
    /// The tables without a dataset that the query names, in lower case, and once for each time. Tables of its own WITH
    /// are not among them.
    pub(crate) tables: Vec<String>,
}

impl With {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// How often the query names this table.
    pub(crate) fn times(&self, name: &str) -> usize {
        self.tables.iter().filter(|table| table.eq_ignore_ascii_case(name)).count()
    }
}

/// The part of a query before ORDER BY.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Select(Box<Select>),
    Nested(Box<Query>),
    Set(Box<SetOperation>),
    /// The FROM that begins a query with pipes.
    From(Box<From>),
}

/// UNION, INTERSECT or EXCEPT.
#[derive(Debug, Clone)]
pub(crate) struct SetOperation {
    pub(crate) at: At,
    pub(crate) kind: SetKind,
    pub(crate) inputs: Vec<Query>,
}

/// What a set operation does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SetKind {
    /// UNION, INTERSECT or EXCEPT.
    pub(crate) verb: &'static str,
    pub(crate) all: bool,
    pub(crate) matching: Matching,
}

/// How the columns of set operations match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Matching {
    Position,
    /// By name. `on`: only these columns.
    Name {
        mode: NameMode,
        on: Option<Vec<String>>,
    },
}

/// What happens to columns that some inputs lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameMode {
    /// An error, in any order.
    Strict,
    /// The common columns.
    Inner,
    /// The columns of the first input.
    Left,
    /// All columns.
    Full,
}

/// SELECT with its clauses.
#[derive(Debug, Clone)]
pub(crate) struct Select {
    pub(crate) at: At,
    pub(crate) distinct: bool,
    pub(crate) shape: Shape,
    pub(crate) items: Vec<Item>,
    pub(crate) from: Option<From>,
    pub(crate) filter: Option<Expr>,
    pub(crate) group: Option<Group>,
    pub(crate) having: Option<Expr>,
    pub(crate) qualify: Option<Expr>,
    pub(crate) windows: Vec<(String, Window)>,
}

/// AS STRUCT and AS VALUE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Columns,
    Struct,
    Value,
}

/// An item of a select list.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    Star { at: At, of: Option<Expr>, except: Vec<(String, At)>, replace: Vec<(String, Expr)> },
    Value { value: Expr, alias: Option<String> },
}

/// GROUP BY.
#[derive(Debug, Clone)]
pub(crate) enum Group {
    All,
    Sets(Vec<GroupItem>),
}

/// An item of GROUP BY.
#[derive(Debug, Clone)]
pub(crate) enum GroupItem {
    Value(Expr, Option<String>),
    /// `(a, b)` or `()` inside ROLLUP, CUBE or GROUPING SETS.
    Several(Vec<Expr>),
    Rollup(Vec<GroupItem>),
    Cube(Vec<GroupItem>),
    Sets(Vec<GroupItem>),
}

/// A table in FROM, or a join.
#[derive(Debug, Clone)]
pub(crate) enum From {
    Table {
        at: At,
        path: Vec<String>,
        alias: Option<String>,
        past: bool,
        offset: Option<String>,
    },
    Unnest {
        at: At,
        array: Expr,
        alias: Option<String>,
        offset: Option<String>,
    },
    Query {
        query: Box<Query>,
        alias: Option<String>,
    },
    Call {
        at: At,
        path: Vec<String>,
        arguments: Vec<Expr>,
        alias: Option<String>,
    },
    Join {
        at: At,
        kind: JoinKind,
        left: Box<From>,
        right: Box<From>,
        on: Option<Expr>,
        using: Vec<(String, At)>,
    },
    Pivot {
        input: Box<From>,
        pivot: Box<Pivot>,
        alias: Option<String>,
    },
    Unpivot {
        input: Box<From>,
        unpivot: Box<Unpivot>,
        alias: Option<String>,
    },
    Sample {
        input: Box<From>,
        percent: Expr,
    },
}

/// The kind of a join. A comma is CROSS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JoinKind {
    Cross,
    Inner,
    Left,
    Right,
    Full,
}

/// PIVOT.
#[derive(Debug, Clone)]
pub(crate) struct Pivot {
    pub(crate) at: At,
    pub(crate) aggregates: Vec<(Expr, Option<String>)>,
    pub(crate) column: Expr,
    pub(crate) values: Vec<(Expr, Option<String>)>,
}

/// UNPIVOT.
#[derive(Debug, Clone)]
pub(crate) struct Unpivot {
    pub(crate) at: At,
    pub(crate) include_nulls: bool,
    pub(crate) values: Vec<String>,
    pub(crate) name: String,
    pub(crate) columns: Vec<(Vec<String>, Option<Expr>)>,
}

/// An operator after `|>`.
#[derive(Debug, Clone)]
pub(crate) enum Pipe {
    Select(Box<Select>),
    Extend(Vec<(Expr, Option<String>)>, Vec<(String, Window)>),
    Set(Vec<(String, Expr)>),
    Drop(Vec<(String, At)>),
    Rename(Vec<(String, String)>),
    As(String),
    Where(Expr),
    Limit(Expr, Option<Expr>),
    Order(Vec<OrderItem>),
    Distinct,
    Aggregate { items: Vec<(Expr, Option<String>)>, group: Vec<(GroupItem, Option<bool>)>, ordered: bool },
    Join { kind: JoinKind, right: From, on: Option<Expr>, using: Vec<(String, At)> },
    SetOperation(SetKind, Vec<Query>),
    Pivot(Pivot, Option<String>),
    Unpivot(Unpivot, Option<String>),
    Sample(Expr),
}

impl Expr {
    pub(crate) fn new(at: At, node: Node) -> Self {
        let mut own = Self { at, node, depth: 0 };
        let children = own.children().into_iter().map(|child| child.depth).max().unwrap_or_default();
        let query = match &own.node {
            Node::ArrayQuery(query) | Node::Exists(query) | Node::Subquery(query) => query.depth,
            Node::In { list: List::Query(query), .. } | Node::Like { patterns: List::Query(query), .. } => {
                query.depth
            }
            _ => 0,
        };
        own.depth = children.max(query) + 1;
        own
    }

    /// The direct parts of the expression, without those inside of queries.
    pub(crate) fn children(&self) -> Vec<&Self> {
        match &self.node {
            Node::Interval { value, .. }
            | Node::Field(value, _)
            | Node::Unary(_, value)
            | Node::Is { value, .. }
            | Node::With { body: value, .. }
            | Node::Lambda { body: value, .. } => {
                let mut found = vec![&**value];
                if let Node::With { names, .. } = &self.node {
                    found.extend(names.iter().map(|(_, value)| value));
                }
                found
            }
            Node::Subscript(left, _, right)
            | Node::Binary(_, left, right)
            | Node::IsDistinct { left, right, .. } => vec![left, right],
            Node::Between { value, low, high, .. } => vec![value, low, high],
            Node::In { value, list: right, .. } | Node::Like { value, patterns: right, .. } => {
                let mut found = members(right);
                found.push(value);
                found
            }
            Node::Case { operand, branches, otherwise } => {
                let mut found: Vec<&Self> = branches.iter().flat_map(|(when, then)| [when, then]).collect();
                found.extend(operand.as_deref());
                found.extend(otherwise.as_deref());
                found
            }
            Node::Cast { value, format, zone, .. } => {
                let mut found = vec![&**value];
                found.extend(format.as_deref());
                found.extend(zone.as_deref());
                found
            }
            Node::Extract { value, zone, .. } => {
                let mut found = vec![&**value];
                found.extend(zone.as_deref());
                found
            }
            Node::Call(call) => {
                let mut found: Vec<&Self> = call.arguments.iter().collect();
                found.extend(call.named.iter().map(|(_, value)| value));
                found.extend(call.order.iter().map(|item| &item.value));
                found.extend(call.having.iter().map(|(_, value)| &**value));
                if let Some(window) = &call.over {
                    found.extend(&window.partition);
                    found.extend(window.order.iter().map(|item| &item.value));
                }
                found
            }
            Node::Array { items, .. } => items.iter().collect(),
            Node::Struct { items, .. } => items.iter().map(|(value, _)| value).collect(),
            Node::Null
            | Node::Bool(_)
            | Node::Number(_)
            | Node::Text(_)
            | Node::Bytes(_)
            | Node::Literal(..)
            | Node::Parameter(_)
            | Node::Positional(_)
            | Node::System(_)
            | Node::Name(_)
            | Node::ArrayQuery(_)
            | Node::Exists(_)
            | Node::Subquery(_)
            | Node::Part(_) => Vec::new(),
        }
    }

    /// The last name of a path, which is the name of a column without an alias.
    pub(crate) fn own_name(&self) -> Option<&str> {
        match &self.node {
            Node::Name(name) | Node::Field(_, name) => Some(name),
            _ => None,
        }
    }
}

/// The expressions on the right side of IN and LIKE ANY, without those inside of queries.
fn members(list: &List) -> Vec<&Expr> {
    match list {
        List::Values(values) => values.iter().collect(),
        List::Unnest(array) => vec![array],
        List::Query(_) => Vec::new(),
    }
}
