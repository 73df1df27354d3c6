//! The items of lists, and the entries of maps.

use minijinja::Value;
use minijinja::value::{Object, ObjectRepr};
use std::sync::Arc;

/// The items of a list.
pub(crate) fn items(v: &Value) -> Vec<Value> {
    v.try_iter().map(Iterator::collect).unwrap_or_default()
}

/// The entries of a map, in the order of the map.
pub(crate) fn pairs(v: &Value) -> Vec<(Value, Value)> {
    let Some(object) = v.as_object() else { return Vec::new() };
    object.try_iter_pairs().map(Iterator::collect).unwrap_or_default()
}

/// One entry of a map. In a `for` over a map, `entry.key` and `entry.value` read it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: Value,
    pub(crate) value: Value,
}

impl Object for Entry {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "key" => Some(self.key.clone()),
            "value" => Some(self.value.clone()),
            _ => None,
        }
    }
}
