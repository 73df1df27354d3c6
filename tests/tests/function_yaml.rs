//! Checks that every `function.yaml` agrees with its folder, the other functions, and the documentation.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

use schemars::{JsonSchema, schema_for};
use segue_service::{ActAs, FunctionFacts, FunctionKind, Grant, Subscription};
use segue_tests::repository;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// The facts of every function, by the name of its folder.
fn functions() -> BTreeMap<String, FunctionFacts> {
    let folders = fs::read_dir(repository().join("functions")).unwrap().map(|entry| entry.unwrap());
    folders
        .map(|folder| {
            let file = folder.path().join("function.yaml");
            let text = fs::read_to_string(&file).unwrap();
            let facts = FunctionFacts::parse(&text);
            let name = folder.file_name().to_string_lossy().into_owned();
            (name, facts.unwrap_or_else(|error| panic!("{}: {error}", file.display())))
        })
        .collect()
}

fn doc(name: &str) -> String {
    fs::read_to_string(repository().join("docs").join(name)).unwrap()
}

#[test]
fn a_function_with_task_types_takes_the_messages_of_its_own_topic_alone() {
    for (name, facts) in functions() {
        let topics: Vec<_> = facts.subscriptions.iter().map(|each| (&*each.topic, &*each.path)).collect();
        match facts.kind {
            FunctionKind::Tasks => assert_eq!(topics, [(&*format!("task-{name}"), "/")], "{name}"),
            FunctionKind::Control => {
                assert!(topics.iter().all(|(topic, _)| !topic.starts_with("task-")), "{name}: {topics:?}");
            }
        }
    }
}

#[test]
fn a_topic_goes_to_one_function() {
    let mut known = BTreeSet::new();
    for (name, facts) in functions() {
        for subscription in facts.subscriptions {
            assert!(known.insert(subscription.topic.clone()), "{name} takes {} too", subscription.topic);
        }
    }
}

/// Every topic in a grant exists, which means that a function subscribes to the topic.
#[test]
fn a_grant_is_on_a_topic_that_somebody_takes_messages_of() {
    let functions = functions();
    let subscriptions = functions.values().flat_map(|facts| &facts.subscriptions);
    let topics: BTreeSet<_> = subscriptions.map(|each| format!("topic/{}", each.topic)).collect();
    for (name, facts) in &functions {
        for grant in facts.roles.iter().filter(|grant| grant.target.starts_with("topic/")) {
            assert!(
                grant.target == "topic/task-*" || topics.contains(&grant.target),
                "{name}: {}",
                grant.target
            );
        }
    }
}

#[test]
fn pubsub_waits_as_long_as_a_request_may_take() {
    for (name, facts) in functions() {
        for subscription in &facts.subscriptions {
            assert!(facts.timeout <= subscription.ack_deadline, "{name}: {}", subscription.topic);
        }
    }
}

#[test]
fn who_delays_messages_may_act_as_the_account_of_cloud_tasks() {
    for (name, facts) in functions() {
        let enqueues = facts.roles.iter().any(|grant| grant.target == "queue");
        assert_eq!(enqueues, facts.act_as.contains(&ActAs::Tasks), "{name}");
        let permissions = facts.roles.iter().flat_map(|grant| grant.permissions.iter().flatten());
        let runs_containers = permissions.into_iter().any(|permission| permission == "run.jobs.run");
        assert_eq!(runs_containers, facts.act_as.contains(&ActAs::Containers), "{name}");
    }
}

/// The table under `## Topics and subscriptions` has a row for every topic.
#[test]
fn the_documentation_has_every_topic() {
    let text = doc("google-cloud.md");
    for (name, facts) in functions() {
        for subscription in &facts.subscriptions {
            let row = match facts.kind {
                FunctionKind::Tasks => "| `task-<function>` | that function `/` |".to_owned(),
                FunctionKind::Control => {
                    format!("| `{}` | `{name}` `{}` |", subscription.topic, subscription.path)
                }
            };
            assert!(text.contains(&row), "docs/google-cloud.md has no row that begins with {row}");
        }
    }
}

/// `docs/function-yaml.md` has exactly one row for every key.
#[test]
fn the_documentation_explains_every_key() {
    let text = doc("function-yaml.md");
    let documented: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(key, _)| key.to_owned())
        .collect();
    let known = &(&keys::<FunctionFacts>("") | &keys::<Subscription>("subscriptions[]."))
        | &keys::<Grant>("roles[].");
    assert_eq!(documented, known);
}

/// The text of `terraform/functions.tf` from a name to the end of its value.
fn terraform(name: &str, end: char) -> String {
    let text = fs::read_to_string(repository().join("terraform/functions.tf")).unwrap();
    let (_, value) = text.split_once(&format!("  {name} = ")).unwrap();
    value.split_once(end).unwrap().0.to_owned()
}

/// Terraform refuses an unknown key, and a file without a required key.
#[test]
fn terraform_knows_the_same_keys() {
    let text = terraform("keys", '}');
    let known: BTreeMap<&str, bool> = text
        .split([',', '\n', '{'])
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, must)| (key.trim(), must.trim() == "true"))
        .collect();
    let schema = schema_for!(FunctionFacts).to_value();
    let required: BTreeSet<&str> = schema
        .get("required")
        .and_then(|keys| keys.as_array())
        .unwrap()
        .iter()
        .filter_map(|key| key.as_str())
        .collect();
    let expected: BTreeMap<String, bool> =
        keys::<FunctionFacts>("").into_iter().map(|key| (key.clone(), required.contains(&*key))).collect();
    assert_eq!(known, expected.iter().map(|(key, must)| (&**key, *must)).collect());
    let text = terraform("subscription_keys", ')');
    let known: BTreeSet<&str> = text.split('"').skip(1).step_by(2).collect();
    assert_eq!(known, keys::<Subscription>("").iter().map(|key| &**key).collect());
}

/// Every target in Terraform is explained in docs/function-yaml.md, and is valid in a `function.yaml`.
#[test]
fn terraform_knows_the_same_targets() {
    let text = terraform("targets", ']');
    let known: BTreeSet<&str> = text.split('"').skip(1).step_by(2).collect();
    let page = doc("function-yaml.md");
    let (_, table) = page.split_once("| target | the grant is on |\n|---|---|\n").unwrap();
    let explained: BTreeSet<&str> = table
        .lines()
        .map_while(|line| line.strip_prefix("| ")?.split_once(" |"))
        .map(|(target, _)| target)
        .filter(|target| *target != "topic/NAME")
        .collect();
    assert_eq!(known, explained);
    let file = fs::read_to_string(repository().join("functions/http/function.yaml")).unwrap();
    for target in known {
        let grant = format!("roles:\n  - role: roles/a.b\n    target: {target}\n    why: for this test\n");
        let (before, _) = file.split_once("roles:\n").unwrap();
        FunctionFacts::parse(&format!("{before}{grant}")).unwrap();
    }
}

fn keys<T: JsonSchema>(above: &str) -> BTreeSet<String> {
    let schema = schema_for!(T).to_value();
    let properties = schema.get("properties").and_then(|properties| properties.as_object()).unwrap();
    properties.keys().map(|key| format!("{above}{key}")).collect()
}
