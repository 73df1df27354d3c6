//! Filters on lists and maps.

use super::{input, text_input, wrong_input};
use crate::builtin::{Args, Builtin, builtin};
use crate::error::{Fault, Outcome};
use crate::run::Run;
use crate::value::{Entry, WrittenList, is_list, is_map, items, pairs};
use crate::{java, nesting, ops};
use minijinja::Value;
use std::cmp::Ordering;

pub(super) static TABLE: &[Builtin] = &[
    builtin("length", &[], length),
    builtin("first", &[], |_, args| end(args, false)),
    builtin("last", &[], |_, args| end(args, true)),
    builtin("join", &["separator"], join),
    builtin("slice", &["fromIndex", "toIndex"], slice),
    builtin("merge", &["items"], merge),
    builtin("sort", &[], |run, args| sort(run, args, false)),
    builtin("rsort", &[], |run, args| sort(run, args, true)),
    builtin("reverse", &[], reverse),
    builtin("chunk", &["size"], chunk),
    builtin("flatten", &[], flatten),
    builtin("distinct", &[], distinct),
    builtin("uniq", &[], distinct),
    builtin("keys", &[], keys),
    builtin("values", &[], values),
];

fn null() -> Value {
    Value::from(())
}

/// The items of the input, which must be a list. `None` if the input is null.
fn list(run: &Run, args: &Args<'_>) -> Result<Option<Vec<Value>>, Fault> {
    let Some(value) = input(args) else { return Ok(None) };
    if !is_list(value) {
        return Err(wrong_input(args, "List", value));
    }
    let all = items(value);
    run.charge(all.len())?;
    Ok(Some(all))
}

fn length(_: &Run, args: &Args<'_>) -> Outcome {
    let Some(value) = input(args) else { return Ok(Value::from(0)) };
    Ok(Value::from(match value.as_str() {
        Some(text) => text.encode_utf16().count(),
        None => value.len().unwrap_or(0),
    }))
}

fn end(args: &Args<'_>, last: bool) -> Outcome {
    let Some(value) = input(args) else { return Ok(null()) };
    if let Some(text) = value.as_str() {
        let c = if last { text.chars().next_back() } else { text.chars().next() };
        return match c {
            Some(c) => Ok(Value::from(c.to_string())),
            None => Err(format!("The {} cannot be applied to an empty text", args.callee).into()),
        };
    }
    if !is_list(value) {
        return Err(wrong_input(args, "List or String", value));
    }
    let all = items(value);
    Ok(if last { all.last() } else { all.first() }.cloned().unwrap_or_else(null))
}

fn join(run: &Run, args: &Args<'_>) -> Outcome {
    let Some(all) = list(run, args)? else { return Ok(null()) };
    let separator = args.get(1).map(java::to_string).unwrap_or_default();
    let mut joined = String::new();
    for (place, item) in all.iter().enumerate() {
        nesting::weigh(run, item)?;
        let before = joined.len();
        if place > 0 {
            joined.push_str(&separator);
        }
        match item.as_str() {
            Some(text) => joined.push_str(text),
            None => joined.push_str(&java::to_string(item)),
        }
        // Steps are taken while the text grows, because many items may share one long text.
        run.charge((joined.len() - before).div_ceil(32))?;
    }
    Ok(Value::from(joined))
}

fn slice(run: &Run, args: &Args<'_>) -> Outcome {
    let Some(value) = input(args) else { return Ok(null()) };
    let from = args.optional_int(1, "fromIndex")?.unwrap_or(0);
    let from = usize::try_from(from).map_err(|_| Fault::from("fromIndex must be greater than 0"))?;
    let characters: Option<Vec<char>> = value.as_str().map(|text| text.chars().collect());
    let all = match &characters {
        Some(_) => Vec::new(),
        None if is_list(value) => items(value),
        None => return Err(wrong_input(args, "String, List and array inputs", value)),
    };
    let length = characters.as_ref().map_or(all.len(), Vec::len);
    run.charge(length / 8)?;
    let to = match args.optional_int(2, "toIndex")? {
        None => length,
        Some(to) => {
            let to = usize::try_from(to).unwrap_or(0);
            if to > length {
                return Err(format!("toIndex must be smaller than input size: {length}").into());
            }
            if from >= to {
                return Err("toIndex must be greater than fromIndex".into());
            }
            to
        }
    };
    if from > to {
        return Err(format!("fromIndex {from} is beyond the input size: {length}").into());
    }
    Ok(match characters {
        Some(characters) => {
            Value::from(characters.get(from..to).unwrap_or_default().iter().collect::<String>())
        }
        None => Value::from(all.get(from..to).unwrap_or_default().to_vec()),
    })
}

fn merge(run: &Run, args: &Args<'_>) -> Outcome {
    let (left, right) = match (input(args), args.get(1)) {
        (None, None) => return Err("The two arguments to be merged are null".into()),
        (Some(value), None) | (None, Some(value)) => return Ok(value.clone()),
        (Some(left), Some(right)) => (left, right),
    };
    run.charge(left.len().unwrap_or(0) + right.len().unwrap_or(0))?;
    if is_map(left) {
        let added = if is_map(right) {
            pairs(right)
        } else if is_list(right) {
            items(right).into_iter().map(|item| (item.clone(), item)).collect()
        } else {
            return Err(format!(
                "Currently, only Maps and Lists can be merged with a Map. Arg2: {}",
                java::class_name(right)
            )
            .into());
        };
        return Ok(Value::from_pairs(pairs(left).into_iter().chain(added)));
    }
    if !is_list(left) {
        return Err("The object being filtered is not a Map/List/Array".into());
    }
    let mut all = items(left);
    if is_map(right) {
        all.extend(pairs(right).into_iter().map(|(key, value)| Value::from_object(Entry { key, value })));
    } else if is_list(right) {
        all.extend(items(right));
    } else {
        return Err(format!(
            "Currently, only Maps and Lists can be merged with a List. Arg2: {}",
            java::class_name(right)
        )
        .into());
    }
    Ok(Value::from(all))
}

fn sort(run: &Run, args: &Args<'_>, reversed: bool) -> Outcome {
    let Some(mut all) = list(run, args)? else { return Ok(null()) };
    run.charge(all.len().saturating_mul(4))?;
    nesting::weigh(run, &Value::from(all.clone()))?;
    let mut fault = None;
    all.sort_by(|a, b| {
        let ordered = compare(a, b, args).unwrap_or_else(|found| {
            fault.get_or_insert(found);
            Ordering::Equal
        });
        if reversed { ordered.reverse() } else { ordered }
    });
    match fault {
        Some(fault) => Err(fault),
        None => Ok(sorted(input(args), all)),
    }
}

/// The result of a sort. A list that is written in the template is also changed itself, as in Java. A list of the
/// context is not changed, because other expressions read it too.
fn sorted(list: Option<&Value>, items: Vec<Value>) -> Value {
    match list.and_then(|list| Some((list, list.downcast_object_ref::<WrittenList>()?))) {
        Some((list, written)) => {
            written.replace(items);
            list.clone()
        }
        None => Value::from(items),
    }
}

fn compare(a: &Value, b: &Value, args: &Args<'_>) -> Result<Ordering, Fault> {
    let incomparable = || {
        let (a, b) = (java::class_name(a), java::class_name(b));
        Fault::from(format!("The {} cannot compare {a} with {b}", args.callee))
    };
    if a.kind() == minijinja::value::ValueKind::Bool && b.kind() == minijinja::value::ValueKind::Bool {
        return Ok(a.is_true().cmp(&b.is_true()));
    }
    ops::order(a, b, "COMPARISON").ok().flatten().ok_or_else(incomparable)
}

fn reverse(run: &Run, args: &Args<'_>) -> Outcome {
    if let Ok(Some(text)) = text_input(args) {
        run.charge(text.len() / 32)?;
        return Ok(Value::from(text.chars().rev().collect::<String>()));
    }
    let Some(mut all) = list(run, args)? else { return Ok(null()) };
    all.reverse();
    Ok(Value::from(all))
}

fn chunk(run: &Run, args: &Args<'_>) -> Outcome {
    let Some(all) = list(run, args)? else { return Ok(null()) };
    let size = usize::try_from(args.int(1, "size")?).unwrap_or(0);
    if size == 0 {
        return Err("The 'chunk' filter expects an argument 'size' above 0.".into());
    }
    nesting::check(run, &all)?;
    Ok(Value::from(all.chunks(size).map(|part| Value::from(part.to_vec())).collect::<Vec<_>>()))
}

/// Flattens one level of a list.
fn flatten(run: &Run, args: &Args<'_>) -> Outcome {
    let Some(all) = list(run, args)? else { return Ok(null()) };
    let mut flat = Vec::with_capacity(all.len());
    for item in all {
        if is_list(&item) {
            // Steps are taken before the items are copied, because a million items may be the same list of a million
            // items.
            run.charge(item.len().unwrap_or(0))?;
            flat.extend(items(&item));
        } else {
            run.charge(1)?;
            flat.push(item);
        }
    }
    Ok(Value::from(flat))
}

fn distinct(run: &Run, args: &Args<'_>) -> Outcome {
    let Some(all) = list(run, args)? else { return Ok(null()) };
    let mut kept: Vec<Value> = Vec::new();
    for item in all {
        run.charge(1 + kept.len() / 8)?;
        nesting::weigh_times(run, &item, kept.len())?;
        if !kept.iter().any(|known| ops::equal(known, &item)) {
            kept.push(item);
        }
    }
    Ok(Value::from(kept))
}

/// The keys of a map, or the indexes of a list.
fn keys(run: &Run, args: &Args<'_>) -> Outcome {
    let Some(value) = input(args) else { return Ok(null()) };
    run.charge(value.len().unwrap_or(0))?;
    if is_map(value) {
        return Ok(Value::from(pairs(value).into_iter().map(|(key, _)| key).collect::<Vec<_>>()));
    }
    if is_list(value) {
        return Ok(Value::from((0..items(value).len()).map(Value::from).collect::<Vec<_>>()));
    }
    Err(wrong_input(args, "List and Map", value))
}

fn values(run: &Run, args: &Args<'_>) -> Outcome {
    let Some(value) = input(args) else { return Ok(null()) };
    if !is_map(value) {
        return Err(wrong_input(args, "Map", value));
    }
    run.charge(value.len().unwrap_or(0))?;
    Ok(Value::from(pairs(value).into_iter().map(|(_, value)| value).collect::<Vec<_>>()))
}
