//! Random flows, and the results of their executions according to the rules of docs/kestra.md 2.3.
#![allow(clippy::indexing_slicing, reason = "what is wrong here fails a test")]

use proptest::prelude::*;
use segue_model::Json;
use segue_model::state::State;
use serde_json::json;
use std::collections::BTreeMap;

const FLOW: &str = "io.kestra.plugin.core.flow";

/// A task of a random flow. The id of a task is its place in the tree.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    kind: Kind,
    allow_failure: bool,
    allow_warning: bool,
    /// The value of `runIf`; `None` for a task without `runIf`.
    runs: Option<bool>,
    /// `maxAttempts` of the task's retry; `None` for a task without a retry.
    retry: Option<u32>,
    errors: Vec<Node>,
    finally: Vec<Node>,
}

#[derive(Clone, Debug)]
enum Kind {
    Work {
        fails: u32,
        warns: bool,
    },
    Inline,
    Sleep,
    Pause,
    Sequential(Vec<Node>),
    AllowFailure(Vec<Node>),
    Parallel(Vec<Node>, u32),
    /// Each child with the numbers of the earlier children that it depends on, and the limit of running children.
    Dag(Vec<(Node, Vec<usize>)>, u32),
    /// The children, the number of values, and the limit of running iterations.
    ForEach(Vec<Node>, u32, u32),
    EachParallel(Vec<Node>, u32, u32),
    If(bool, Vec<Node>, Vec<Node>),
    Switch(usize, Vec<Node>, Vec<Node>, Vec<Node>),
    Until(Vec<Node>, u32),
}

/// A random flow.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    tasks: Vec<Node>,
    errors: Vec<Node>,
    finally: Vec<Node>,
    after: Vec<Node>,
    retry: Option<u32>,
}

fn leaf() -> impl Strategy<Value = Kind> {
    prop_oneof![
        6 => (prop_oneof![4 => Just(0_u32), 2 => 1_u32..4], prop::bool::weighted(0.15))
            .prop_map(|(fails, warns)| Kind::Work { fails, warns }),
        1 => Just(Kind::Inline),
        1 => Just(Kind::Sleep),
        1 => Just(Kind::Pause),
    ]
}

fn node(
    kind: impl Strategy<Value = Kind>,
    aside: impl Strategy<Value = Vec<Node>> + Clone,
) -> impl Strategy<Value = Node> {
    (
        kind,
        prop::bool::weighted(0.15),
        prop::bool::weighted(0.1),
        prop::option::weighted(0.15, any::<bool>()),
        prop::option::weighted(0.2, 2_u32..4),
        aside.clone(),
        aside,
    )
        .prop_map(|(kind, allow_failure, allow_warning, runs, retry, errors, finally)| Node {
            kind,
            allow_failure,
            allow_warning,
            runs,
            retry,
            errors,
            finally,
        })
}

fn plain() -> impl Strategy<Value = Node> {
    node(leaf(), Just(Vec::new()))
}

/// Tasks for `errors` or `finally`. Most lists are empty.
fn aside() -> impl Strategy<Value = Vec<Node>> + Clone {
    prop_oneof![3 => Just(Vec::new()).boxed(), 1 => prop::collection::vec(plain(), 1..3).boxed()].boxed()
}

fn any_node() -> impl Strategy<Value = Node> {
    plain().prop_recursive(3, 14, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 1..4);
        let few = prop::collection::vec(inner.clone(), 0..3);
        let kind = prop_oneof![
            list.clone().prop_map(Kind::Sequential),
            list.clone().prop_map(Kind::AllowFailure),
            (list.clone(), 0_u32..3).prop_map(|(tasks, limit)| Kind::Parallel(tasks, limit)),
            (list.clone(), any::<u16>(), 0_u32..3)
                .prop_map(|(tasks, seed, limit)| Kind::Dag(depend(tasks, seed), limit)),
            (list.clone(), 0_u32..4, 0_u32..3)
                .prop_map(|(tasks, values, limit)| Kind::ForEach(tasks, values, limit)),
            (list.clone(), 0_u32..4, 0_u32..3)
                .prop_map(|(tasks, values, limit)| Kind::EachParallel(tasks, values, limit)),
            (any::<bool>(), few.clone(), few.clone())
                .prop_map(|(holds, then, other)| Kind::If(holds, then, other)),
            (0_usize..3, list.clone(), few.clone(), few)
                .prop_map(|(at, a, b, other)| Kind::Switch(at, a, b, other)),
            (list, 1_u32..4).prop_map(|(tasks, rounds)| Kind::Until(tasks, rounds)),
        ];
        node(kind, aside())
    })
}

fn depend(tasks: Vec<Node>, seed: u16) -> Vec<(Node, Vec<usize>)> {
    let mut bits = seed;
    let mut next = || {
        bits = bits.rotate_left(1);
        bits & 1 == 1
    };
    tasks
        .into_iter()
        .enumerate()
        .map(|(place, node)| (node, (0..place).filter(|_| next()).collect()))
        .collect()
}

/// Flows of a few tasks, at most three levels deep.
pub(crate) fn a_flow() -> impl Strategy<Value = Shape> {
    (
        prop::collection::vec(any_node(), 1..4),
        aside(),
        aside(),
        aside(),
        prop::option::weighted(0.1, 2_u32..4),
    )
        .prop_map(|(tasks, errors, finally, after, retry)| Shape {
            tasks,
            errors,
            finally,
            after,
            retry,
        })
}

/// The rules for the children of a level. Tasks are named by their ids.
#[derive(Default)]
pub(crate) struct Level {
    pub(crate) tasks_at_once: Option<usize>,
    pub(crate) iterations_at_once: Option<usize>,
    main: Vec<String>,
    errors: Vec<String>,
    waits: BTreeMap<String, Vec<String>>,
}

impl Level {
    pub(crate) fn is_main(&self, task: &str) -> bool {
        self.main.iter().any(|id| id == task)
    }

    pub(crate) fn is_error(&self, task: &str) -> bool {
        self.errors.iter().any(|id| id == task)
    }

    pub(crate) fn waits_for(&self, task: &str) -> &[String] {
        self.waits.get(task).map_or(&[], Vec::as_slice)
    }
}

fn ids(prefix: &str, list: &[Node]) -> Vec<String> {
    (0..list.len()).map(|place| format!("{prefix}{place}")).collect()
}

fn in_order(ids: &[String], waits: &mut BTreeMap<String, Vec<String>>) {
    for pair in ids.windows(2) {
        waits.insert(pair[1].clone(), vec![pair[0].clone()]);
    }
}

impl Node {
    /// The lists of children, each with the prefix of the children's ids.
    fn lists(&self) -> Vec<(&'static str, Vec<&Node>)> {
        let own: Vec<(&'static str, Vec<&Node>)> = match &self.kind {
            Kind::Work { .. } | Kind::Inline | Kind::Sleep | Kind::Pause => return Vec::new(),
            Kind::Sequential(tasks)
            | Kind::AllowFailure(tasks)
            | Kind::Parallel(tasks, _)
            | Kind::ForEach(tasks, _, _)
            | Kind::EachParallel(tasks, _, _)
            | Kind::Until(tasks, _) => vec![("t", tasks.iter().collect())],
            Kind::Dag(tasks, _) => vec![("t", tasks.iter().map(|(node, _)| node).collect())],
            Kind::If(_, then, other) => vec![("y", then.iter().collect()), ("n", other.iter().collect())],
            Kind::Switch(_, a, b, other) => {
                vec![("a", a.iter().collect()), ("b", b.iter().collect()), ("d", other.iter().collect())]
            }
        };
        let aside = [("e", self.errors.iter().collect()), ("f", self.finally.iter().collect())];
        own.into_iter().chain(aside).collect()
    }

    fn list_json(prefix: &str, list: &[Node]) -> Json {
        list.iter().enumerate().map(|(place, node)| node.json(&format!("{prefix}{place}"))).collect()
    }

    fn json(&self, id: &str) -> Json {
        let below = |letter: &str, list: &[Node]| Self::list_json(&format!("{id}{letter}"), list);
        let of = |name: &str| format!("{FLOW}.{name}");
        let values = |count: u32| (0..count).map(|number| json!(number)).collect::<Vec<_>>();
        let mut json = match &self.kind {
            Kind::Work { fails, warns } => {
                json!({"type": "test.Work", "fails": fails, "warns": u32::from(*warns)})
            }
            Kind::Inline => json!({"type": "io.kestra.plugin.core.debug.Return", "format": "x"}),
            Kind::Sleep => json!({"type": of("Sleep"), "duration": "PT1S"}),
            Kind::Pause => json!({"type": of("Pause"), "pauseDuration": "PT1S"}),
            Kind::Sequential(tasks) => json!({"type": of("Sequential"), "tasks": below("t", tasks)}),
            Kind::AllowFailure(tasks) => json!({"type": of("AllowFailure"), "tasks": below("t", tasks)}),
            Kind::Parallel(tasks, limit) => {
                json!({"type": of("Parallel"), "concurrent": limit, "tasks": below("t", tasks)})
            }
            Kind::Dag(tasks, limit) => {
                let tasks: Vec<Json> = tasks
                    .iter()
                    .enumerate()
                    .map(|(place, (node, needs))| {
                        let needs: Vec<_> = needs.iter().map(|need| format!("{id}t{need}")).collect();
                        json!({"task": node.json(&format!("{id}t{place}")), "dependsOn": needs})
                    })
                    .collect();
                json!({"type": of("Dag"), "concurrent": limit, "tasks": tasks})
            }
            Kind::ForEach(tasks, count, limit) => json!({
                "type": of("ForEach"), "values": values(*count), "concurrencyLimit": limit, "tasks": below("t", tasks)
            }),
            Kind::EachParallel(tasks, count, limit) => json!({
                "type": of("EachParallel"), "value": values(*count), "concurrent": limit, "tasks": below("t", tasks)
            }),
            Kind::If(holds, then, other) => json!({
                "type": of("If"), "condition": holds.to_string(), "then": below("y", then), "else": below("n", other)
            }),
            Kind::Switch(at, a, b, other) => json!({
                "type": of("Switch"), "value": (["a", "b", "c"][*at]),
                "cases": {"a": below("a", a), "b": below("b", b)}, "defaults": below("d", other)
            }),
            Kind::Until(tasks, rounds) => json!({
                "type": of("LoopUntil"), "checkFrequency": {"interval": "PT1S"}, "tasks": below("t", tasks),
                // In a loop, outputs are nested below the loop values. The text works at any depth.
                "condition": format!("{{{{ outputs['{id}'] | toJson contains '\"iterationCount\":{rounds}' }}}}")
            }),
        };
        json["id"] = json!(id);
        if self.allow_failure {
            json["allowFailure"] = json!(true);
        }
        if self.allow_warning {
            json["allowWarning"] = json!(true);
        }
        if let Some(runs) = self.runs {
            json["runIf"] = json!(runs.to_string());
        }
        if let Some(max) = self.retry {
            json["retry"] = retry(max);
        }
        if !self.errors.is_empty() {
            json["errors"] = below("e", &self.errors);
        }
        if !self.finally.is_empty() {
            json["finally"] = below("f", &self.finally);
        }
        json
    }

    /// Calls `visit` for this task and the tasks below it. The arguments are the task, its id, and its
    /// `maxAttempts`. A task without a retry has the `maxAttempts` of its flow or parent.
    fn walk(&self, id: &str, retry: Option<u32>, visit: &mut dyn FnMut(&Node, &str, Option<u32>)) {
        let retry = self.retry.or(retry);
        visit(self, id, retry);
        for (letter, list) in self.lists() {
            for (place, node) in list.into_iter().enumerate() {
                node.walk(&format!("{id}{letter}{place}"), retry, visit);
            }
        }
    }

    fn level(&self, id: &str) -> Level {
        let mut level = Level::default();
        for (letter, list) in self.lists() {
            let ids: Vec<String> = (0..list.len()).map(|place| format!("{id}{letter}{place}")).collect();
            let together = matches!(self.kind, Kind::Parallel(..) | Kind::Dag(..));
            match (letter, &self.kind) {
                ("e", _) if together => level.errors = ids,
                ("e", _) => {
                    in_order(&ids, &mut level.waits);
                    level.errors = ids;
                }
                ("f", _) => in_order(&ids, &mut level.waits),
                (_, Kind::Parallel(_, limit) | Kind::EachParallel(_, _, limit)) => {
                    level.tasks_at_once = (*limit > 0).then_some(*limit as usize);
                    level.main.extend(ids);
                }
                (_, Kind::Dag(tasks, limit)) => {
                    level.tasks_at_once = (*limit > 0).then_some(*limit as usize);
                    for (name, (_, needs)) in ids.iter().zip(tasks) {
                        let needs = needs.iter().filter_map(|need| ids.get(*need)).cloned().collect();
                        level.waits.insert(name.clone(), needs);
                    }
                    level.main.extend(ids);
                }
                (_, kind) => {
                    if let Kind::ForEach(_, _, limit) = kind {
                        level.iterations_at_once = (*limit > 0).then_some(*limit as usize);
                    }
                    in_order(&ids, &mut level.waits);
                    level.main.extend(ids);
                }
            }
        }
        level
    }

    /// The final state of the task. `retry` is the `maxAttempts` of its flow or parent.
    fn end(&self, retry: Option<u32>) -> State {
        if self.runs == Some(false) {
            return State::Skipped;
        }
        let retry = self.retry.or(retry);
        let mut state = match &self.kind {
            Kind::Work { fails, warns } => {
                if *fails >= retry.unwrap_or(1) {
                    State::Failed
                } else if *warns {
                    State::Warning
                } else {
                    State::Success
                }
            }
            Kind::Inline | Kind::Sleep | Kind::Pause => State::Success,
            Kind::ForEach(_, 0, _) | Kind::EachParallel(_, 0, _) => all([], &self.finally, retry),
            kind => {
                let main: Vec<&Node> = match kind {
                    Kind::Dag(tasks, _) => tasks.iter().map(|(node, _)| node).collect(),
                    Kind::If(holds, then, other) => if *holds { then } else { other }.iter().collect(),
                    Kind::Switch(at, a, b, other) => [a, b, other][*at].iter().collect(),
                    _ => self.lists().swap_remove(0).1,
                };
                all(main, &self.finally, retry)
            }
        };
        if state == State::Failed && (self.allow_failure || matches!(self.kind, Kind::AllowFailure(_))) {
            state = State::Warning;
        }
        if state == State::Warning && self.allow_warning {
            state = State::Success;
        }
        state
    }
}

/// The final state of a level. Its tasks and its `finally` count; its `errors` do not count.
fn all<'a>(main: impl IntoIterator<Item = &'a Node>, finally: &[Node], retry: Option<u32>) -> State {
    let ends: Vec<State> = main.into_iter().map(|node| node.end(retry)).collect();
    if ends.contains(&State::Failed) || finally.iter().any(|node| node.end(retry) == State::Failed) {
        State::Failed
    } else if ends.contains(&State::Warning) {
        State::Warning
    } else {
        State::Success
    }
}

fn retry(max: u32) -> Json {
    json!({"type": "constant", "interval": "PT1S", "maxAttempts": max})
}

impl Shape {
    /// The YAML of the flow, without id and namespace.
    pub(crate) fn yaml(&self) -> String {
        let mut yaml = format!("tasks: {}", Node::list_json("m", &self.tasks));
        for (key, prefix, list) in [
            ("errors", "e", &self.errors),
            ("finally", "f", &self.finally),
            ("afterExecution", "z", &self.after),
        ] {
            if !list.is_empty() {
                yaml.push_str(&format!("\n{key}: {}", Node::list_json(prefix, list)));
            }
        }
        if let Some(max) = self.retry {
            yaml.push_str(&format!("\nretry: {}", retry(max)));
        }
        yaml
    }

    fn walk(&self, visit: &mut dyn FnMut(&Node, &str, Option<u32>)) {
        for (prefix, list) in
            [("m", &self.tasks), ("e", &self.errors), ("f", &self.finally), ("z", &self.after)]
        {
            for (place, node) in list.iter().enumerate() {
                node.walk(&format!("{prefix}{place}"), self.retry, visit);
            }
        }
    }

    /// The final state of the execution.
    pub(crate) fn end(&self) -> State {
        all(&self.tasks, &self.finally, self.retry)
    }

    /// The rules for the children of a task. The empty name stands for the flow itself.
    pub(crate) fn level(&self, task: &str) -> Level {
        if task.is_empty() {
            let mut level =
                Level { main: ids("m", &self.tasks), errors: ids("e", &self.errors), ..Level::default() };
            for list in [
                ids("m", &self.tasks),
                ids("e", &self.errors),
                ids("f", &self.finally),
                ids("z", &self.after),
            ] {
                in_order(&list, &mut level.waits);
            }
            return level;
        }
        let mut found = Level::default();
        self.walk(&mut |node, id, _| {
            if id == task {
                found = node.level(id);
            }
        });
        found
    }

    /// The number of attempts of a task in a complete execution; `None` for a task that no service runs.
    pub(crate) fn attempts(&self, task: &str) -> Option<usize> {
        let mut found = None;
        self.walk(&mut |node, id, retry| {
            if let (Kind::Work { fails, .. }, true) = (&node.kind, id == task) {
                found = Some((fails + 1).min(retry.unwrap_or(1)) as usize);
            }
        });
        found
    }

    /// The number of failed attempts of a task before its first success.
    pub(crate) fn fails(&self, task: &str) -> u32 {
        let mut found = 0;
        self.walk(&mut |node, id, _| {
            if let (Kind::Work { fails, .. }, true) = (&node.kind, id == task) {
                found = *fails;
            }
        });
        found
    }
}
