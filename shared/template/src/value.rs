//! Values of expressions: conversion from and to JSON, and maps that make their entries when they are used.
//!
//! A value is a value of minijinja. The module knows nothing about rendering.

pub(crate) use crate::collections::{Entry, items, pairs};

use crate::java;
use minijinja::Value;
use minijinja::value::{Enumerator, Object, ObjectRepr, ValueKind};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Converts JSON to a value of expressions. Integers stay integers, and keys keep their order.
pub fn value_from_json(v: &serde_json::Value) -> Value {
    match v {
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(b) => Value::from(*b),
        serde_json::Value::Number(n) => number_from_json(n),
        serde_json::Value::String(s) => Value::from(s.as_str()),
        serde_json::Value::Array(items) => Value::from(items.iter().map(value_from_json).collect::<Vec<_>>()),
        serde_json::Value::Object(map) => {
            Value::from_pairs(map.iter().map(|(key, item)| (key.as_str(), value_from_json(item))))
        }
    }
}

fn number_from_json(n: &serde_json::Number) -> Value {
    if let Some(int) = n.as_i64() {
        Value::from(int)
    } else if let Some(int) = n.as_u64() {
        Value::from(int)
    } else {
        Value::from(n.as_f64().unwrap_or(f64::NAN))
    }
}

/// Converts a value of expressions to JSON. A value that JSON does not have becomes its Java text, as in Jackson. A
/// number that is not finite becomes null.
pub fn value_to_json(v: &Value) -> serde_json::Value {
    match v.kind() {
        ValueKind::Undefined | ValueKind::None => serde_json::Value::Null,
        ValueKind::Bool => serde_json::Value::Bool(v.is_true()),
        ValueKind::Number => number_to_json(v),
        ValueKind::Map => {
            let mut map = serde_json::Map::new();
            for (key, item) in pairs(v) {
                map.insert(java::to_string(&key), value_to_json(&item));
            }
            serde_json::Value::Object(map)
        }
        ValueKind::Seq | ValueKind::Iterable => {
            serde_json::Value::Array(items(v).iter().map(value_to_json).collect())
        }
        _ => {
            if let Some(entry) = v.downcast_object_ref::<Entry>() {
                let mut map = serde_json::Map::new();
                map.insert(java::to_string(&entry.key), value_to_json(&entry.value));
                return serde_json::Value::Object(map);
            }
            serde_json::Value::String(java::to_string(v))
        }
    }
}

fn number_to_json(v: &Value) -> serde_json::Value {
    if v.is_integer() {
        if let Some(int) = v.as_i64() {
            return int.into();
        }
        if let Ok(int) = u64::try_from(v.clone()) {
            return int.into();
        }
    }
    serde_json::Number::from_f64(f64::try_from(v.clone()).unwrap_or(f64::NAN))
        .map_or(serde_json::Value::Null, serde_json::Value::Number)
}

/// Whether a value is a list.
pub(crate) fn is_list(v: &Value) -> bool {
    matches!(v.kind(), ValueKind::Seq | ValueKind::Iterable)
}

/// Whether a value is a map.
pub(crate) fn is_map(v: &Value) -> bool {
    v.kind() == ValueKind::Map
}

/// A map that makes an entry when the entry is used. So rendering never copies a whole context.
pub trait LazyMap: Send + Sync + fmt::Debug + 'static {
    /// The value of a key. `None` if there is no such key.
    fn get(&self, key: &str) -> Option<Value>;
    /// All keys, in order.
    fn keys(&self) -> Vec<String>;
}

/// Makes a value from a [`LazyMap`]. The value behaves like any other map.
pub fn lazy_map(map: Arc<dyn LazyMap>) -> Value {
    Value::from_object(LazyObject(map))
}

/// Whether a value is a [`LazyMap`].
pub(crate) fn is_lazy(v: &Value) -> bool {
    v.downcast_object_ref::<LazyObject>().is_some()
}

#[derive(Debug)]
struct LazyObject(Arc<dyn LazyMap>);

impl Object for LazyObject {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str() {
            Some(key) => self.0.get(key),
            None => self.0.get(&java::to_string(key)),
        }
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0.get(key)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.keys().into_iter().map(Value::from).collect())
    }
}

/// A JSON object as a [`LazyMap`]. An entry is converted at its first use and then kept.
#[derive(Debug, Default)]
pub struct JsonMap {
    entries: serde_json::Map<String, serde_json::Value>,
    converted: Mutex<HashMap<String, Value>>,
}

impl JsonMap {
    /// Makes a lazy map from the entries of a JSON object.
    pub fn new(entries: serde_json::Map<String, serde_json::Value>) -> Self {
        Self { entries, converted: Mutex::default() }
    }
}

impl LazyMap for JsonMap {
    fn get(&self, key: &str) -> Option<Value> {
        let mut converted = self.converted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = converted.get(key) {
            return Some(value.clone());
        }
        let value = value_from_json(self.entries.get(key)?);
        converted.insert(key.to_owned(), value.clone());
        Some(value)
    }

    fn keys(&self) -> Vec<String> {
        self.entries.keys().cloned().collect()
    }
}

/// A list that is written in a template. `sort` changes the list in place. Every variable with this list sees the new
/// order, as in Java.
#[derive(Debug)]
pub(crate) struct WrittenList(Mutex<Vec<Value>>);

impl WrittenList {
    /// Makes a value from a list of these items.
    pub(crate) fn value(items: Vec<Value>) -> Value {
        Value::from_object(Self(Mutex::new(items)))
    }

    /// Replaces all items.
    pub(crate) fn replace(&self, items: Vec<Value>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = items;
    }
}

impl Object for WrittenList {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key.as_usize()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.0.lock().unwrap_or_else(PoisonError::into_inner).len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_goes_through_unchanged_and_in_order() {
        let json: serde_json::Value =
            serde_json::from_str(r#"{"z":1,"a":[1.0,true,null,"x",{}],"big":18446744073709551615}"#).unwrap();
        let back = value_to_json(&value_from_json(&json));
        assert_eq!(back.to_string(), json.to_string());
    }

    #[test]
    fn a_lazy_map_is_a_map() {
        let json = serde_json::json!({"b": {"x": 1}, "a": 2});
        let map = JsonMap::new(json.as_object().unwrap().clone());
        let value = lazy_map(Arc::new(map));
        assert!(is_map(&value));
        assert_eq!(value_to_json(&value), json);
        assert_eq!(value.len(), Some(2));
    }
}
