//! Limits the length and nesting of a script. The limits are checked on tokens, before any recursion. The
//! later steps (the parser, the analysis, DuckDB) make one call or more for each level, and a stack
//! overflow ends the whole process.
//!
//! A level is:
//! - a bracket or the angle bracket of a type;
//! - CASE;
//! - a sign after another sign (`NOT`, `-`);
//! - an operator that is a word (`BETWEEN`, `IS`), because its right side may contain the next operator.
//!
//! A chain of other operators, joins, set operations or named queries is one level for each link, in a tree that grows
//! to one side. So chains have a limit too. Lists of values have no limit.
//!
//! The module must not know statements. To add something that nests, add a branch in [`opens`] and in
//! [`Levels::close`].

use super::invalid;
use super::lex::{Kind, Token};
use super::written::location;
use segue_ports::warehouse::WarehouseError;

/// The length of the longest script in bytes. BigQuery has the same limit for a query.
const LONGEST_SCRIPT: usize = 1 << 20;
/// The largest number of nested levels.
const DEEPEST: usize = 100;
/// The largest number of tables in one FROM, of set operations in one query, and of named queries in one
/// WITH.
const LONGEST_CHAIN: usize = 400;
/// The largest number of words and signs of one level between two commas or clauses. So no chain is longer than this.
const LONGEST_STRETCH: usize = 4000;

/// Words after which another expression begins.
const BEGINS: [&str; 20] = [
    "SELECT",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "JOIN",
    "FROM",
    "WHERE",
    "GROUP",
    "HAVING",
    "QUALIFY",
    "ORDER",
    "LIMIT",
    "ON",
    "WHEN",
    "THEN",
    "ELSE",
    "VALUES",
    "SET",
    "USING",
    "WINDOW",
];

/// Keywords with the syntax of a function call.
const CALLED: [&str; 6] = ["ARRAY", "CASE", "CAST", "EXTRACT", "IF", "STRUCT"];

/// The token that opened a level.
#[derive(Clone, Copy, PartialEq)]
enum Opened {
    Script,
    Bracket,
    Case,
    Angle,
}

/// An open level with the counts of the tokens directly on this level.
struct Level {
    opened: Opened,
    /// The number of tokens since the last comma or clause.
    stretch: usize,
    /// The number of operators that are words (`BETWEEN`, `IS`, `LIKE`, …) since the last comma, clause, AND or OR.
    words: usize,
    /// The number of BETWEEN without their AND yet.
    betweens: usize,
    /// The number of signs directly before this position.
    signs: usize,
    /// Whether a comma separates tables at this position.
    in_from: bool,
    tables: usize,
    sets: usize,
    named: usize,
}

/// The open levels. The first level is the script.
struct Levels {
    open: Vec<Level>,
    /// The number of levels without the level of the script. Pending signs and words count as levels.
    depth: usize,
}

/// Refuses a script that is too long.
///
/// # Errors
/// [`WarehouseError::InvalidQuery`] if the script is longer than [`LONGEST_SCRIPT`].
pub(crate) fn check_length(script: &str) -> Result<(), WarehouseError> {
    if script.len() <= LONGEST_SCRIPT {
        return Ok(());
    }
    Err(invalid(
        &format!(
            "The query has {} bytes. The embedded warehouse accepts at most {LONGEST_SCRIPT}",
            script.len()
        ),
        None,
        Some("load rows from a file, with bigquery.Load, or split the statements among several tasks"),
    ))
}

/// Refuses a script with too many nested levels or with too long a chain.
///
/// # Errors
/// [`WarehouseError::InvalidQuery`] with the position where a limit is exceeded.
pub(crate) fn check(tokens: &[Token]) -> Result<(), WarehouseError> {
    let mut levels = Levels { open: Vec::new(), depth: 0 };
    levels.open(Opened::Script);
    let mut before: Option<&Token> = None;
    for token in tokens {
        levels.take_signs(token);
        match opens(token, before) {
            Some(opened) => {
                if let Some(level) = levels.open.last_mut() {
                    level.named += usize::from(before.is_some_and(|before| before.is("AS")));
                }
                levels.open(opened);
            }
            None => levels.close(token),
        }
        levels.count(token, before);
        if levels.depth > DEEPEST {
            return Err(invalid(
                &format!(
                    "The query nests deeper than {DEEPEST} levels of brackets, CASE, signs and operators like BETWEEN"
                ),
                location(token),
                Some("write parts of it as WITH … AS (…), or as views and tables"),
            ));
        }
        if let Some(what) = levels.open.last().and_then(Level::too_long) {
            return Err(invalid(
                &format!("The query has {what}"),
                location(token),
                Some("write IN (…) or UNNEST([…]) for many values, or put brackets round parts of the chain"),
            ));
        }
        before = Some(token);
    }
    Ok(())
}

fn opens(token: &Token, before: Option<&Token>) -> Option<Opened> {
    let typed = || before.is_some_and(|before| before.is("ARRAY") || before.is("STRUCT"));
    match &token.kind {
        Kind::Symbol("(" | "[" | "{") => Some(Opened::Bracket),
        Kind::Symbol("<") if typed() => Some(Opened::Angle),
        // `END CASE` closes the statement CASE.
        Kind::Word(_) if token.is("CASE") && !before.is_some_and(|before| before.is("END")) => {
            Some(Opened::Case)
        }
        _ => None,
    }
}

fn is_sign(token: &Token) -> bool {
    token.is("NOT") || matches!(token.kind, Kind::Symbol("-" | "+" | "~" | "!"))
}

impl Levels {
    fn open(&mut self, opened: Opened) {
        self.depth += usize::from(opened != Opened::Script);
        self.open.push(Level::new(opened));
    }

    /// Resets the signs on this level if the token is their value. A bracket is a value only when it closes.
    fn take_signs(&mut self, token: &Token) {
        let opening = matches!(token.kind, Kind::Symbol("(" | "[" | "{")) || token.is("CASE");
        if let Some(level) = self.open.last_mut().filter(|_| !opening && !is_sign(token)) {
            self.depth -= std::mem::take(&mut level.signs);
        }
    }

    /// Closes the levels that the token ends. A bracket also closes the levels left open inside it.
    fn close(&mut self, token: &Token) {
        match token.kind {
            Kind::Symbol(")" | "]" | "}") => {
                while self.pop(&[Opened::Case, Opened::Angle]) {}
                self.pop(&[Opened::Bracket]);
            }
            Kind::Symbol(">") => {
                self.pop(&[Opened::Angle]);
            }
            Kind::Symbol(">>") => {
                self.pop(&[Opened::Angle]);
                self.pop(&[Opened::Angle]);
            }
            Kind::Word(_) if token.is("END") => {
                self.pop(&[Opened::Case]);
            }
            _ => {}
        }
    }

    fn pop(&mut self, opened: &[Opened]) -> bool {
        if !self.open.last().is_some_and(|level| opened.contains(&level.opened)) {
            return false;
        }
        if let Some(level) = self.open.pop() {
            self.depth -= 1 + level.signs + level.words;
        }
        // The closed level was the value of the signs before it.
        if let Some(level) = self.open.last_mut() {
            self.depth -= std::mem::take(&mut level.signs);
        }
        true
    }

    /// Counts the token on the innermost level.
    fn count(&mut self, token: &Token, before: Option<&Token>) {
        let Some(level) = self.open.last_mut() else { return };
        let waiting = level.signs + level.words;
        level.count(token, before);
        self.depth = self.depth + level.signs + level.words - waiting;
    }
}

impl Level {
    fn new(opened: Opened) -> Self {
        Self {
            opened,
            stretch: 0,
            words: 0,
            betweens: 0,
            signs: 0,
            in_from: false,
            tables: 0,
            sets: 0,
            named: 0,
        }
    }

    fn count(&mut self, token: &Token, before: Option<&Token>) {
        let (comma, ended) = (token.is_symbol(","), token.is_symbol(";"));
        let begins = BEGINS.iter().any(|word| token.is(word));
        if begins || comma || ended {
            (self.stretch, self.words, self.betweens) = (0, 0, 0);
        }
        self.stretch += 1;
        if token.is("FROM") {
            (self.in_from, self.tables) = (true, 1);
        } else if token.is("JOIN") || (comma && self.in_from) {
            self.tables += 1;
        } else if begins && !token.is("ON") && !token.is("USING") {
            self.in_from = false;
            self.sets += usize::from(["UNION", "INTERSECT", "EXCEPT"].iter().any(|word| token.is(word)));
        } else if ended {
            (self.in_from, self.sets, self.named) = (false, 0, 0);
        } else if is_sign(token) && before.is_none_or(|before| is_sign(before) || !ends_value(before)) {
            self.signs += 1;
        } else if token.is("AND") && self.betweens > 0 {
            self.betweens -= 1;
        } else if token.is("AND") || token.is("OR") {
            self.words = 0;
        } else if is_reserved(token) && !CALLED.iter().any(|word| token.is(word)) {
            self.words += 1;
            self.betweens += usize::from(token.is("BETWEEN"));
        }
    }

    /// The text about the chain that is too long. `None` if all chains are short enough.
    fn too_long(&self) -> Option<String> {
        let chains = [
            (self.tables, LONGEST_CHAIN, "tables in one FROM"),
            (self.sets, LONGEST_CHAIN, "set operations"),
            (self.named, LONGEST_CHAIN, "queries in one WITH"),
            (self.stretch, LONGEST_STRETCH, "words and operators without a comma"),
        ];
        let (_, limit, what) = chains.into_iter().find(|(links, limit, _)| links > limit)?;
        Some(format!("more than {limit} {what}"))
    }
}

/// Whether a token is a keyword that is not a value.
fn is_reserved(token: &Token) -> bool {
    let Kind::Word(word) = &token.kind else { return false };
    let word = word.to_uppercase();
    !matches!(word.as_str(), "END" | "NULL" | "TRUE" | "FALSE")
        && super::keywords::RESERVED.contains(&word.as_str())
}

/// Whether a token may end a value. After a value, `-` is an operator and not a sign.
fn ends_value(token: &Token) -> bool {
    match &token.kind {
        Kind::Symbol(symbol) => matches!(*symbol, ")" | "]" | "}"),
        _ => !is_reserved(token),
    }
}
