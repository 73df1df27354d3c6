//! Converts a row to a typed value.

use super::scalar;
use super::shape::{Field, Shape};
use super::typing::Rules;
use apache_avro::types::Value;
use segue_model::{Json, Map};

/// Why a row does not fit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    /// The column, from the inside to the outside.
    path: Vec<String>,
    why: String,
}

impl Misfit {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self { path: Vec::new(), why: why.into() }
    }

    fn inside(mut self, name: impl Into<String>) -> Self {
        self.path.push(name.into());
        self
    }

    /// The sentence, without its end.
    pub(super) fn sentence(&self) -> String {
        if self.path.is_empty() {
            return self.why.clone();
        }
        let column = self.path.iter().rev().fold(String::new(), |path, name| match path.as_str() {
            "" => name.clone(),
            _ if name.starts_with('[') => path + name,
            _ => format!("{path}.{name}"),
        });
        format!("column '{column}' {}", self.why)
    }
}

/// How exactly a value must have the type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// The type of the row's value is the type.
    Exact,
    /// The value can be converted: a text to a number, or a number to a text.
    Loose,
}

impl Rules {
    /// Converts a row. A list has the values in the order of the fields.
    pub(super) fn row(&self, fields: &[Field], row: Json) -> Result<Value, Misfit> {
        match row {
            Json::Object(row) => self.record(fields, &row, Fit::Loose),
            Json::Array(items) => {
                if let [Field { name, shape: shape @ Shape::List(_), .. }] = fields {
                    let list = self.value(shape, &Json::Array(items), Fit::Loose);
                    let list = list.map_err(|misfit| misfit.inside(name))?;
                    return Ok(Value::Record(vec![(name.clone(), list)]));
                }
                if self.is_strict && items.len() > fields.len() {
                    return Err(Misfit::new(format!(
                        "has {} values, and the schema has {} fields",
                        items.len(),
                        fields.len()
                    )));
                }
                let named = fields.iter().map(|field| field.name.clone()).zip(items);
                self.record(fields, &named.collect(), Fit::Loose)
            }
            other => Err(Misfit::new(format!("is {}, and a row must be a map or a list", shown(&other)))),
        }
    }

    fn record(&self, fields: &[Field], row: &Map, fit: Fit) -> Result<Value, Misfit> {
        if self.is_strict
            && let Some(other) = row.keys().find(|key| fields.iter().all(|field| !field.is_called(key)))
        {
            return Err(Misfit::new(format!("has the field '{other}', which is not in the schema")));
        }
        let values = fields.iter().map(|field| {
            let found = row.get(&field.name).filter(|value| !value.is_null());
            let found = found.or_else(|| field.aliases.iter().find_map(|alias| row.get(alias)));
            let value = self.value(&field.shape, found.unwrap_or(&Json::Null), fit);
            Ok((field.name.clone(), value.map_err(|misfit| misfit.inside(&field.name))?))
        });
        values.collect::<Result<_, _>>().map(Value::Record)
    }

    fn value(&self, shape: &Shape, value: &Json, fit: Fit) -> Result<Value, Misfit> {
        match (shape, value) {
            (Shape::Union(members), _) => self.member(members, value, fit),
            (Shape::Record(fields), Json::Object(map)) => self.record(fields, map, fit),
            (Shape::Map(item), Json::Object(map)) => {
                let entries = map.iter().map(|(key, value)| {
                    let value = self.value(item, value, fit);
                    Ok((key.clone(), value.map_err(|misfit| misfit.inside(format!("[{key}]")))?))
                });
                entries.collect::<Result<_, _>>().map(Value::Map)
            }
            (Shape::List(item), Json::Array(items)) => {
                let items = items.iter().enumerate().map(|(place, value)| {
                    self.value(item, value, fit).map_err(|misfit| misfit.inside(format!("[{place}]")))
                });
                items.collect::<Result<_, _>>().map(Value::Array)
            }
            (Shape::Null, Json::Null) => Ok(Value::Null),
            (_, Json::Null) => Err(Misfit::new(format!("is null or missing, and must be {}", shape.name()))),
            _ => scalar::value(self, shape, value, fit)
                .ok_or_else(|| Misfit::new(format!("is {}, which is not {}", shown(value), shape.name()))),
        }
    }

    /// The value as a member of a union: the first that has the type, or else the first to which it can be converted.
    fn member(&self, members: &[Shape], value: &Json, fit: Fit) -> Result<Value, Misfit> {
        if let Some(found) = self.inferred(members, value) {
            return Ok(found);
        }
        let mut first = None;
        for fit in [Fit::Exact, Fit::Loose].into_iter().filter(|tried| fit == Fit::Loose || *tried == fit) {
            for (place, member) in (0..).zip(members) {
                match self.value(member, value, fit) {
                    Ok(found) => return Ok(Value::Union(place, Box::new(found))),
                    // What is wrong inside says more than that the value is not of the type.
                    Err(misfit) if fit == Fit::Loose && !misfit.path.is_empty() => {
                        first = first.or(Some(misfit));
                    }
                    Err(_) => {}
                }
            }
        }
        Err(first.unwrap_or_else(|| {
            let name = Shape::Union(members.to_vec()).name();
            Misfit::new(format!("is {}, which is not {name}", shown(value)))
        }))
    }

    /// With `inferAllFields`, a text that is null or a boolean is so whatever the order of the members is.
    fn inferred(&self, members: &[Shape], value: &Json) -> Option<Value> {
        let text = value.as_str().filter(|_| self.infers_all)?;
        let found = if self.is_null(text) { Value::Null } else { Value::Boolean(self.boolean(text)?) };
        let wanted = if found == Value::Null { Shape::Null } else { Shape::Boolean };
        let place = members.iter().position(|member| *member == wanted)?;
        Some(Value::Union(u32::try_from(place).ok()?, Box::new(found)))
    }

    pub(super) fn is_null(&self, text: &str) -> bool {
        contains(&self.nulls, text)
    }

    /// The boolean that a text means.
    pub(super) fn boolean(&self, text: &str) -> Option<bool> {
        if contains(&self.trues, text) {
            return Some(true);
        }
        contains(&self.falses, text).then_some(false)
    }
}

impl Field {
    fn is_called(&self, key: &str) -> bool {
        self.name == key || self.aliases.iter().any(|alias| alias == key)
    }
}

/// Whether the texts, in lower case, contain a text.
fn contains(texts: &[String], text: &str) -> bool {
    // Most texts are longer than all of these.
    texts.iter().any(|known| known.len() == text.len() && *known == text.to_lowercase())
}

/// A value in a message.
pub(super) fn shown(value: &Json) -> String {
    let text = match value {
        Json::String(text) => format!("'{text}'"),
        other => other.to_string(),
    };
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
