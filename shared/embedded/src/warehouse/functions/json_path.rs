//! JSONPath: finds values in JSON.

use serde_json::Value;

/// A part of a path.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Member(String),
    Element(usize),
}

/// How a path writes the name of a member that has other characters than letters, digits and underscores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    /// `$."a.b"`
    Standard,
    /// `$['a.b']`, in JSON_EXTRACT and its likes. They also take `$[a]`.
    Legacy,
}

/// A JSONPath.
pub(super) struct Path {
    lax: bool,
    recursive: bool,
    pub(super) steps: Vec<Step>,
}

impl Path {
    pub(super) fn parse(text: &str, quoting: Quoting) -> Result<Self, String> {
        let hint = match quoting {
            Quoting::Standard => "$.\"…\"",
            Quoting::Legacy => "$['…']",
        };
        let refused = || format!("Invalid JSONPath: {text}; a name in quotes is written as {hint}");
        let mut rest = text.trim();
        let (mut lax, mut recursive) = (false, false);
        loop {
            if let Some(next) = rest.strip_prefix("lax ") {
                lax = true;
                rest = next.trim_start();
            } else if let Some(next) = rest.strip_prefix("recursive ") {
                recursive = true;
                rest = next.trim_start();
            } else {
                break;
            }
        }
        rest = rest.strip_prefix('$').ok_or_else(refused)?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(next) = rest.strip_prefix('.') {
                if let Some(quoted) = next.strip_prefix('"') {
                    if quoting == Quoting::Legacy {
                        return Err(refused());
                    }
                    let end = quoted.find('"').ok_or_else(refused)?;
                    steps.push(Step::Member(quoted.get(..end).unwrap_or_default().to_owned()));
                    rest = quoted.get(end + 1..).unwrap_or_default();
                } else {
                    let end = next.find(['.', '[']).unwrap_or(next.len());
                    let name = next.get(..end).unwrap_or_default();
                    if name.is_empty() || name.contains('*') {
                        return Err(refused());
                    }
                    steps.push(Step::Member(name.to_owned()));
                    rest = next.get(end..).unwrap_or_default();
                }
            } else if let Some(next) = rest.strip_prefix('[') {
                if let Some(inner) = next.strip_prefix('\'') {
                    if quoting == Quoting::Standard {
                        return Err(refused());
                    }
                    let end = inner.find("']").ok_or_else(refused)?;
                    steps.push(Step::Member(inner.get(..end).unwrap_or_default().to_owned()));
                    rest = inner.get(end + 2..).unwrap_or_default();
                } else {
                    let (index, after) = next.split_once(']').ok_or_else(refused)?;
                    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                    steps.push(match index.trim().parse() {
                        Ok(index) => Step::Element(index),
                        Err(_)
                            if quoting == Quoting::Legacy
                                && !index.is_empty()
                                && index.chars().all(is_name) =>
                        {
                            Step::Member(index.to_owned())
                        }
                        Err(_) => return Err(refused()),
                    });
                    rest = after;
                }
            } else {
                return Err(refused());
            }
        }
        Ok(Self { lax, recursive, steps })
    }

    /// The value at the path. In lax mode all values, as an array.
    pub(super) fn find(&self, value: &Value) -> Option<Value> {
        if !self.lax {
            let mut own = value;
            for step in &self.steps {
                own = match step {
                    Step::Member(name) => own.get(name)?,
                    Step::Element(index) => own.get(index)?,
                };
            }
            return Some(own.clone());
        }
        let mut found = vec![value.clone()];
        for step in &self.steps {
            found = found.iter().flat_map(|value| self.lax_step(value, step, true)).collect();
        }
        Some(Value::Array(found))
    }

    fn lax_step(&self, value: &Value, step: &Step, first: bool) -> Vec<Value> {
        match (step, value) {
            (Step::Member(name), Value::Object(members)) => members.get(name).cloned().into_iter().collect(),
            (Step::Member(_), Value::Array(items)) if first || self.recursive => {
                items.iter().flat_map(|item| self.lax_step(item, step, false)).collect()
            }
            (Step::Element(index), Value::Array(items)) => items.get(*index).cloned().into_iter().collect(),
            (Step::Element(0), value) => vec![value.clone()],
            _ => Vec::new(),
        }
    }
}
