//! The positions of a flow's parts in the source.
//!
//! A path is a JSON pointer into the document after plugin defaults were merged: `/tasks/0/then/1/message`. It has the
//! words of the flow (`else`), not the names of fields in this crate. An element of a list may also be named by its
//! `id` or `key`. Some properties have another name in the document (`delay` for `pauseDuration`); both names find
//! them.

use crate::diagnostic::Position;
use crate::flow::Flow;
use crate::parse::node::{Node, Value};
use crate::walk::walk_tasks;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Properties, each with its other names.
const OTHER_NAMES: [(&str, &[&str]); 8] = [
    ("values", &["value", "options"]),
    ("pauseDuration", &["delay"]),
    ("maxAttempts", &["maxAttempt"]),
    ("concurrencyLimit", &["concurrent"]),
    ("conditions", &["scheduleConditions", "when"]),
    ("id", &["name"]),
    ("logLevel", &["minLogLevel"]),
    ("pluginDefaults", &["taskDefaults"]),
];

/// The positions of a flow's parts in the source.
#[derive(Clone, Debug, Default)]
pub struct Positions {
    root: Option<Node>,
    tasks: BTreeMap<String, String>,
}

impl Positions {
    pub(crate) fn new(root: Node, flow: Option<&Flow>) -> Self {
        let mut tasks = BTreeMap::new();
        if let Some(flow) = flow {
            walk_tasks(flow, &mut |path, task| {
                tasks.entry(task.id.clone()).or_insert_with(|| path.to_owned());
            });
        }
        Self { root: Some(root), tasks }
    }

    /// Where the value at `path` begins. If there is no value, the position of the nearest value around it. The
    /// position of a text over several lines is the begin of its scalar.
    pub fn of(&self, path: &str) -> Position {
        self.resolve(path).0
    }

    /// Where the value at `path` begins; `None` if there is no value or null.
    pub fn exact(&self, path: &str) -> Option<Position> {
        let (position, is_exact) = self.resolve(path);
        is_exact.then_some(position)
    }

    /// Where the task with this id begins. If several tasks have the id, the first one.
    pub fn task(&self, id: &str) -> Option<Position> {
        self.tasks.get(id).map(|path| self.of(path))
    }

    /// Where a property of the task with this id begins. `property` may be a path (`env/TOKEN`). If the task does not
    /// have the property, the position of the task.
    pub fn task_property(&self, id: &str, property: &str) -> Option<Position> {
        self.tasks.get(id).map(|path| self.of(&format!("{path}/{property}")))
    }

    /// The path of the task with this id.
    pub fn task_path(&self, id: &str) -> Option<&str> {
        self.tasks.get(id).map(String::as_str)
    }

    fn resolve(&self, path: &str) -> (Position, bool) {
        let Some(mut node) = self.root.as_ref() else { return (Position::default(), false) };
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            match child(node, &unescape(segment)) {
                Some(next) => node = next,
                None => return (node.position, false),
            }
        }
        (node.position, !node.is_null())
    }
}

fn child<'n>(node: &'n Node, segment: &str) -> Option<&'n Node> {
    match &node.value {
        Value::Scalar(_) => None,
        Value::Map(_) => node.get(segment).or_else(|| {
            let (_, others) = OTHER_NAMES.iter().find(|(name, _)| *name == segment)?;
            others.iter().find_map(|other| node.get(other))
        }),
        Value::Seq(items) => match segment.parse::<usize>() {
            Ok(index) => items.get(index),
            Err(_) => items.iter().find(|item| {
                ["id", "key", "name"].iter().any(|name| item.get(name).and_then(Node::text) == Some(segment))
            }),
        },
    }
}

fn unescape(segment: &str) -> Cow<'_, str> {
    if segment.contains('~') { segment.replace("~1", "/").replace("~0", "~").into() } else { segment.into() }
}
