//! Rewrites jq programs, so that every part that repeats or makes values grow takes steps.
//!
//! A program repeats through calls of a definition, or through `reduce` and `foreach`. Each repetition first measures
//! its input. A program makes values grow through `+`, `*`, constructions and assignments. Their results are measured.
//! Measuring a whole number makes it an integer, because in jq `4 / 2` is `2`.

use super::natives::{MEASURE, PAIRS, REGEX, TICK, TIMES, takes_values};
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::ops::Math;
use jaq_core::path::{Part, Path};

/// The variable for results that are not used.
const IGNORED: &str = "$segue_ignored";
const LEFT: &str = "$segue_left";
const RIGHT: &str = "$segue_right";

/// Functions that compute with doubles. Their results are measured, so that whole numbers become integers.
const FLOATS: [&str; 8] = ["sqrt", "cbrt", "pow", "exp2", "exp10", "log2", "log10", "fabs"];

type Jq<'s> = Term<&'s str>;

/// The name of a definition that calls itself, at any depth. `None` if there is no such definition.
pub(super) fn recursive<'s>(defs: &[Def<&'s str>]) -> Option<&'s str> {
    defs.iter().find_map(|def| {
        let mut found = calls(&def.body, def.name, def.args.len()).then_some(def.name);
        walk(&def.body, &mut |term| {
            if let Term::Def(inner, _) = term {
                found = found.or_else(|| recursive(inner));
            }
        });
        found
    })
}

fn calls(body: &Jq<'_>, name: &str, arguments: usize) -> bool {
    let mut found = false;
    walk(body, &mut |term| {
        found |= matches!(term, Term::Call(called, given) if *called == name && given.len() == arguments);
    });
    found
}

/// Calls `visit` with a term and all terms below it.
fn walk<'t, 's>(term: &'t Jq<'s>, visit: &mut dyn FnMut(&'t Jq<'s>)) {
    visit(term);
    match term {
        Term::Str(_, parts) => parts.iter().for_each(|part| {
            if let StrPart::Term(inner) = part {
                walk(inner, visit);
            }
        }),
        Term::Arr(inner) => inner.iter().for_each(|inner| walk(inner, visit)),
        Term::Obj(entries) => entries.iter().for_each(|(key, value)| {
            walk(key, visit);
            value.iter().for_each(|value| walk(value, visit));
        }),
        Term::Neg(inner) | Term::Label(_, inner) => walk(inner, visit),
        Term::BinOp(left, op, right) => {
            walk(left, visit);
            if let BinaryOp::Pipe(Some(pattern)) = op {
                walk_pattern(pattern, visit);
            }
            walk(right, visit);
        }
        Term::Fold(_, source, pattern, arguments) => {
            walk(source, visit);
            walk_pattern(pattern, visit);
            arguments.iter().for_each(|argument| walk(argument, visit));
        }
        Term::TryCatch(tried, caught) => {
            walk(tried, visit);
            caught.iter().for_each(|caught| walk(caught, visit));
        }
        Term::IfThenElse(branches, otherwise) => {
            branches.iter().for_each(|(condition, then)| {
                walk(condition, visit);
                walk(then, visit);
            });
            otherwise.iter().for_each(|otherwise| walk(otherwise, visit));
        }
        Term::Def(defs, inner) => {
            defs.iter().for_each(|def| walk(&def.body, visit));
            walk(inner, visit);
        }
        Term::Call(_, arguments) => arguments.iter().for_each(|argument| walk(argument, visit)),
        Term::Path(inner, path) => {
            walk(inner, visit);
            for (part, _) in &path.0 {
                match part {
                    Part::Index(index) => walk(index, visit),
                    Part::Range(from, to) => from.iter().chain(to).for_each(|bound| walk(bound, visit)),
                }
            }
        }
        Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_) => {}
    }
}

fn walk_pattern<'t, 's>(pattern: &'t Pattern<&'s str>, visit: &mut dyn FnMut(&'t Jq<'s>)) {
    match pattern {
        Pattern::Var(_) => {}
        Pattern::Arr(items) => items.iter().for_each(|item| walk_pattern(item, visit)),
        Pattern::Obj(entries) => entries.iter().for_each(|(key, item)| {
            walk(key, visit);
            walk_pattern(item, visit);
        }),
    }
}

/// Rewrites a definition. Its body first measures its input.
pub(super) fn def(def: Def<&str>) -> Def<&str> {
    Def { body: measured_before(term(def.body)), ..def }
}

/// Like [`measured_before`], but takes only a part of a step. For code that runs once for each of many values.
fn ticked_before(body: Jq<'_>) -> Jq<'_> {
    match body {
        Term::Id | Term::Num(_) | Term::Var(_) => body,
        body => bind(Term::Call(TICK, Vec::new()), IGNORED, body),
    }
}

/// Rewrites a call. A native function may read all of its input and of its arguments.
fn call<'s>(name: &'s str, mut arguments: Vec<Jq<'s>>) -> Jq<'s> {
    let Some(by_value) = takes_values(name, arguments.len()) else { return Term::Call(name, arguments) };
    if by_value {
        arguments = arguments.into_iter().map(measured).collect();
    }
    match (name, arguments.pop()) {
        // Each part of one value is searched in the other value.
        ("contains" | "indices", Some(argument)) if arguments.is_empty() => {
            let pairs = Term::Call(PAIRS, vec![Term::Var(RIGHT)]);
            let found = Term::Call(name, vec![Term::Var(RIGHT)]);
            bind(argument, RIGHT, bind(pairs, IGNORED, found))
        }
        (_, last) => {
            arguments.extend(last);
            let call = measured_before(Term::Call(name, arguments));
            match name {
                "matches" | "split_matches" | "split_" => bind(Term::Call(REGEX, Vec::new()), IGNORED, call),
                _ if FLOATS.contains(&name) => measured(call),
                _ => call,
            }
        }
    }
}

/// Makes `measure as $ignored | body`. The paths of the body stay the same.
fn measured_before(body: Jq<'_>) -> Jq<'_> {
    bind(Term::Call(MEASURE, Vec::new()), IGNORED, body)
}

fn bind<'s>(value: Jq<'s>, variable: &'s str, body: Jq<'s>) -> Jq<'s> {
    Term::BinOp(Box::new(value), BinaryOp::Pipe(Some(Pattern::Var(variable))), Box::new(body))
}

/// Makes `value | measure`.
fn measured(value: Jq<'_>) -> Jq<'_> {
    Term::BinOp(Box::new(value), BinaryOp::Pipe(None), Box::new(Term::Call(MEASURE, Vec::new())))
}

#[allow(clippy::boxed_local, reason = "jaq's tree is boxed, and this rewrites one box")]
fn boxed(inner: Box<Jq<'_>>) -> Box<Jq<'_>> {
    Box::new(term(*inner))
}

fn all<'s>(terms: Vec<Jq<'s>>) -> Vec<Jq<'s>> {
    terms.into_iter().map(term).collect()
}

fn term<'s>(from: Jq<'s>) -> Jq<'s> {
    match from {
        Term::Str(format, parts) => {
            let grows = parts.iter().any(|part| matches!(part, StrPart::Term(_)));
            let parts = parts.into_iter().map(|part| match part {
                StrPart::Term(inner) => StrPart::Term(term(inner)),
                StrPart::Str(text) => StrPart::Str(text),
                StrPart::Char(c) => StrPart::Char(c),
            });
            let text = Term::Str(format, parts.collect());
            if grows { measured(text) } else { text }
        }
        Term::Arr(Some(inner)) => measured(Term::Arr(Some(boxed(inner)))),
        Term::Obj(entries) if !entries.is_empty() => {
            let entries = entries.into_iter().map(|(key, value)| (term(key), value.map(term)));
            measured(Term::Obj(entries.collect()))
        }
        Term::Neg(inner) => Term::Neg(boxed(inner)),
        Term::BinOp(left, op, right) => binary(term(*left), op, term(*right)),
        Term::Label(name, inner) => Term::Label(name, boxed(inner)),
        Term::Fold(kind, source, bound, mut arguments) => {
            arguments = all(arguments);
            if let Some(update) = arguments.get_mut(1) {
                *update = measured_before(std::mem::take(update));
            }
            Term::Fold(kind, boxed(source), pattern(bound), arguments)
        }
        Term::TryCatch(tried, caught) => Term::TryCatch(boxed(tried), caught.map(boxed)),
        Term::IfThenElse(branches, otherwise) => {
            let branches =
                branches.into_iter().map(|(condition, then)| (term(condition), ticked_before(term(then))));
            let otherwise = otherwise.map(|otherwise| Box::new(ticked_before(term(*otherwise))));
            Term::IfThenElse(branches.collect(), otherwise)
        }
        Term::Def(defs, inner) => Term::Def(defs.into_iter().map(def).collect(), boxed(inner)),
        Term::Call(name, arguments) => call(name, all(arguments)),
        Term::Path(inner, path) => {
            let parts = path.0.into_iter().map(|(part, optional)| {
                let part = match part {
                    Part::Index(index) => Part::Index(term(index)),
                    Part::Range(from, to) => Part::Range(from.map(term), to.map(term)),
                };
                (part, optional)
            });
            Term::Path(boxed(inner), Path(parts.collect()))
        }
        other @ (Term::Arr(None)
        | Term::Obj(_)
        | Term::Id
        | Term::Recurse
        | Term::Num(_)
        | Term::Break(_)
        | Term::Var(_)) => other,
    }
}

fn pattern(from: Pattern<&str>) -> Pattern<&str> {
    match from {
        Pattern::Var(name) => Pattern::Var(name),
        Pattern::Arr(items) => Pattern::Arr(items.into_iter().map(pattern).collect()),
        Pattern::Obj(entries) => {
            Pattern::Obj(entries.into_iter().map(|(key, item)| (term(key), pattern(item))).collect())
        }
    }
}

/// Rewrites an operator. Its operands are rewritten already.
fn binary<'s>(left: Jq<'s>, op: BinaryOp<&'s str>, right: Jq<'s>) -> Jq<'s> {
    match op {
        BinaryOp::Math(Math::Mul) => {
            let product = Term::Call(TIMES, vec![Term::Var(LEFT), Term::Var(RIGHT)]);
            bind(left, LEFT, bind(right, RIGHT, product))
        }
        BinaryOp::UpdateMath(Math::Mul) => {
            let product = Term::Call(TIMES, vec![Term::Id, Term::Var(RIGHT)]);
            let update = Term::BinOp(Box::new(left), BinaryOp::Update, Box::new(product));
            bind(right, RIGHT, measured(update))
        }
        BinaryOp::UpdateMath(math) => {
            let result =
                measured(Term::BinOp(Box::new(Term::Id), BinaryOp::Math(math), Box::new(Term::Var(RIGHT))));
            let update = Term::BinOp(Box::new(left), BinaryOp::Update, Box::new(result));
            bind(right, RIGHT, measured(update))
        }
        // These operators read all of both operands, even if the result is small.
        BinaryOp::Cmp(_) | BinaryOp::Math(Math::Sub | Math::Div) => {
            let compared = Term::BinOp(Box::new(measured(left)), op, Box::new(measured(right)));
            measured(compared)
        }
        BinaryOp::Math(_) | BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateAlt => {
            measured(Term::BinOp(Box::new(left), op, Box::new(right)))
        }
        BinaryOp::Pipe(Some(bound)) => {
            let right = ticked_before(right);
            Term::BinOp(Box::new(left), BinaryOp::Pipe(Some(pattern(bound))), Box::new(right))
        }
        // The right side runs for each value of the left side.
        BinaryOp::Pipe(None) | BinaryOp::And | BinaryOp::Or => {
            Term::BinOp(Box::new(left), op, Box::new(ticked_before(right)))
        }
        op => Term::BinOp(Box::new(left), op, Box::new(right)),
    }
}
