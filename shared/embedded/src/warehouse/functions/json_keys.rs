//! JSON_KEYS: the paths of the members of objects.

use serde_json::Value;

/// The arrays of which JSON_KEYS looks into the elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrays {
    None,
    /// Those that are no elements of an array.
    Outer,
    All,
}

impl Arrays {
    /// The arrays that a mode of JSON_KEYS stands for.
    pub(super) fn named(mode: &str) -> Result<Self, String> {
        match mode.to_lowercase().as_str() {
            "strict" => Ok(Self::None),
            "lax" => Ok(Self::Outer),
            "lax recursive" | "recursive lax" => Ok(Self::All),
            _ => Err(format!("Invalid JSON mode specified: {mode}")),
        }
    }
}

/// Adds the paths of the members of a value, to this depth. `prefix`: the path of the value.
pub(super) fn collect_keys(value: &Value, prefix: &str, depth: i64, arrays: Arrays, found: &mut Vec<String>) {
    match value {
        Value::Object(members) if depth > 0 => {
            for (name, value) in members {
                let is_plain = name.chars().all(|c| c.is_alphanumeric() || c == '_');
                let own = if is_plain { name.clone() } else { Value::from(name.as_str()).to_string() };
                let path = if prefix.is_empty() { own } else { format!("{prefix}.{own}") };
                found.push(path.clone());
                collect_keys(value, &path, depth - 1, arrays, found);
            }
        }
        Value::Array(items) if arrays != Arrays::None => {
            for item in items.iter().filter(|item| arrays == Arrays::All || !item.is_array()) {
                collect_keys(item, prefix, depth, arrays, found);
            }
        }
        _ => {}
    }
}
