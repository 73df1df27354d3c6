//! The variable `loop` of a `for`.

use minijinja::Value;
use minijinja::value::{Enumerator, Object};
use std::sync::Arc;

/// The value of `loop`: `index` (from 0), `length`, `first`, `last`, `revindex`.
pub(crate) fn variables(index: usize, length: usize) -> Value {
    Value::from_object(LoopVariables { index, length })
}

#[derive(Debug)]
struct LoopVariables {
    index: usize,
    length: usize,
}

impl Object for LoopVariables {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let last = self.length.saturating_sub(1);
        Some(match key.as_str()? {
            "index" => Value::from(self.index),
            "length" => Value::from(self.length),
            "first" => Value::from(self.index == 0),
            "last" => Value::from(self.index == last),
            "revindex" => Value::from(last.saturating_sub(self.index)),
            _ => return None,
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&["last", "length", "index", "revindex", "first"])
    }
}
