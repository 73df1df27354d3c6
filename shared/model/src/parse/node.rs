//! A YAML document as a tree of values with positions.

use super::scalar::Scalar;
use crate::diagnostic::Position;
use crate::texts::has_template;
use crate::{Json, Map};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::OnceLock;

/// Up to this many entries, a search through the list is faster than an index.
const FEW: usize = 16;

/// A value with its position.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Where the value begins. Zero if the value is not from the document.
    pub(crate) position: Position,
    /// The value.
    pub(crate) value: Value,
    /// Whether the value comes from a plugin default.
    pub(crate) defaulted: bool,
}

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// A text, number, boolean or null.
    Scalar(Scalar),
    /// A list.
    Seq(Vec<Node>),
    /// A map. The keys keep their order, and each key occurs once.
    Map(Entries),
}

/// The entries of a map. A long map gets an index of its keys at the first search.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entries {
    list: Vec<Entry>,
    indexes: OnceLock<HashMap<String, usize>>,
}

impl From<Vec<Entry>> for Entries {
    fn from(list: Vec<Entry>) -> Self {
        Self { list, indexes: OnceLock::new() }
    }
}

impl Deref for Entries {
    type Target = [Entry];

    fn deref(&self) -> &[Entry] {
        &self.list
    }
}

impl Entries {
    /// The entries, for changes of the values. Callers must not change the keys.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.list.iter_mut()
    }

    /// Adds an entry. Its key must be new.
    pub(crate) fn push(&mut self, entry: Entry) {
        if let Some(indexes) = self.indexes.get_mut() {
            indexes.insert(entry.key.clone(), self.list.len());
        }
        self.list.push(entry);
    }

    pub(crate) fn into_vec(self) -> Vec<Entry> {
        self.list
    }

    fn index_of(&self, key: &str) -> Option<usize> {
        if self.list.len() <= FEW {
            return self.list.iter().position(|entry| entry.key == key);
        }
        let index = || self.list.iter().enumerate().map(|(at, entry)| (entry.key.clone(), at)).collect();
        self.indexes.get_or_init(index).get(key).copied()
    }

    pub(crate) fn find(&self, key: &str) -> Option<&Entry> {
        self.list.get(self.index_of(key)?)
    }

    pub(crate) fn find_mut(&mut self, key: &str) -> Option<&mut Entry> {
        let index = self.index_of(key)?;
        self.list.get_mut(index)
    }
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: String,
    /// Where the key begins.
    pub(crate) position: Position,
    /// The value.
    pub(crate) node: Node,
}

impl Node {
    pub(crate) fn new(position: Position, value: Value) -> Self {
        Self { position, value, defaulted: false }
    }

    /// A JSON value as a node. It is marked as `defaulted`, because all JSON values come from plugin defaults.
    pub(crate) fn from_json(json: &Json, position: Position) -> Self {
        let value = match json {
            Json::Array(items) => {
                Value::Seq(items.iter().map(|item| Self::from_json(item, position)).collect())
            }
            Json::Object(map) => Value::Map(
                map.iter()
                    .map(|(key, item)| Entry {
                        key: key.clone(),
                        position,
                        node: Self::from_json(item, position),
                    })
                    .collect::<Vec<_>>()
                    .into(),
            ),
            scalar => Value::Scalar(Scalar::from_json(scalar)),
        };
        Self { position, value, defaulted: true }
    }

    pub(crate) fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            Value::Scalar(_) | Value::Seq(_) => None,
        }
    }

    pub(crate) fn items(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Seq(items) => Some(items),
            Value::Scalar(_) | Value::Map(_) => None,
        }
    }

    /// The value of a key, null included.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.find(key).map(|entry| &entry.node),
            Value::Scalar(_) | Value::Seq(_) => None,
        }
    }

    /// The text of a scalar as written; `None` for null, lists and maps.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) => scalar.text(),
            Value::Seq(_) | Value::Map(_) => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(Scalar::Null))
    }

    /// Whether the value is a template. The type of its rendered value is then unknown.
    pub(crate) fn is_template(&self) -> bool {
        matches!(&self.value, Value::Scalar(Scalar::Text(text)) if has_template(text))
    }

    /// The kind of the value in words: `a list`.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Scalar(scalar) => scalar.kind(),
            Value::Seq(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// The number of nodes in this tree.
    pub(crate) fn size(&self) -> usize {
        1 + match &self.value {
            Value::Scalar(_) => 0,
            Value::Seq(items) => items.iter().map(Self::size).sum(),
            Value::Map(entries) => entries.iter().map(|entry| entry.node.size()).sum::<usize>(),
        }
    }

    pub(crate) fn to_json(&self) -> Json {
        match &self.value {
            Value::Scalar(scalar) => scalar.to_json(),
            Value::Seq(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => Json::Object(entries_to_map(entries)),
        }
    }
}

pub(crate) fn entries_to_map(entries: &[Entry]) -> Map {
    entries.iter().map(|entry| (entry.key.clone(), entry.node.to_json())).collect()
}
