//! The list of all types by what runs them.

use super::layout::wrapped;
use super::{Documented, Kind, short};
use segue_model::catalog::{RunBy, Service};
use std::collections::BTreeMap;

const ABOUT: &str = "# Types\n\nOne page for each type of task, trigger and condition. The pages are generated: change the \
    description of a type where its properties are defined, and run `make task-types`. The list leaves out the first \
    part of each name, `io.kestra.plugin.`. [compatibility.md](../compatibility.md) says what is missing, and \
    [kestra.md](../kestra.md) describes the rules that types share.\n";

pub(super) fn index(types: &[Documented]) -> String {
    let mut groups: BTreeMap<(u8, String), Vec<String>> = BTreeMap::new();
    for kind in types {
        let line = format!("- [{}]({}.md): {}\n", short(kind.name), kind.name, kind.summary());
        groups.entry(group(kind.kind)).or_default().push(line);
    }
    let mut text = ABOUT.to_owned();
    for ((_, title), lines) in groups {
        text.push_str(&format!("\n## {title}\n\n{}", lines.concat()));
    }
    wrapped(&text)
}

/// The position and the title of a group.
fn group(kind: Kind) -> (u8, String) {
    let (position, title) = match kind {
        Kind::Task(RunBy::Flowable) => (0, "Flowable tasks".to_owned()),
        Kind::Task(RunBy::Inline) => (1, "Tasks of the engine".to_owned()),
        Kind::Task(RunBy::Service(Service::ByRunner(services))) => {
            (2, format!("Tasks of the services {} and {}", services.processes, services.containers))
        }
        Kind::Task(RunBy::Service(Service::Named(name))) => (3, format!("Tasks of the service {name}")),
        Kind::Trigger => (4, "Triggers".to_owned()),
        Kind::PollingTrigger(_) => (5, "Triggers that look at an interval".to_owned()),
        Kind::Condition => (6, "Conditions of triggers".to_owned()),
    };
    (position, title)
}
