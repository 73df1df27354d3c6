//! The topics of `segue docs`: what many types have in common, and so stands once.
//!
//! To add a topic, add a line to [`TOPICS`]. The heading must be a heading of the page.

const KESTRA: &str = include_str!("../../../../../../docs/kestra.md");
const CONNECTORS: &str = include_str!("../../../../../../functions/connect/README.md");

/// A part of a page that pages of types link to.
struct Topic {
    /// What the user types.
    name: &'static str,
    page: &'static str,
    /// The heading of the part, without its `#`.
    heading: &'static str,
    /// The end of the addresses that lead to the part.
    address: &'static str,
}

const TOPICS: [Topic; 4] = [
    Topic {
        name: "task",
        page: KESTRA,
        heading: "1.3 Properties of every task",
        address: "kestra.md#13-properties-of-every-task",
    },
    Topic {
        name: "trigger",
        page: KESTRA,
        heading: "5.1 Properties of every trigger",
        address: "kestra.md#51-properties-of-every-trigger",
    },
    Topic { name: "condition", page: KESTRA, heading: "5.6 Conditions", address: "kestra.md#56-conditions" },
    Topic {
        name: "connector",
        page: CONNECTORS,
        heading: "What every connector does",
        address: "connect/README.md#what-every-connector-does",
    },
];

/// The part of a page that a topic is about, as Markdown. `None` if there is no such topic.
pub(super) fn topic(name: &str) -> Option<String> {
    TOPICS.iter().find(|topic| topic.name == name).map(|topic| part(topic.page, topic.heading))
}

/// The topic that an address in a page leads to.
pub(in crate::commands::local) fn topic_at(address: &str) -> Option<&'static str> {
    TOPICS.iter().find(|topic| address.ends_with(topic.address)).map(|topic| topic.name)
}

/// A heading of a page, and what follows it up to the next heading of the same level or of a higher one.
fn part(page: &str, heading: &str) -> String {
    let level = |line: &str| line.chars().take_while(|c| *c == '#').count();
    let is_start = |line: &&str| level(line) > 0 && line.trim_start_matches('#').trim() == heading;
    let mut lines = page.lines().skip_while(|line| !is_start(line));
    let Some(first) = lines.next() else { return String::new() };
    let rest = lines.take_while(|line| level(line) == 0 || level(line) > level(first));
    let lines: Vec<&str> = std::iter::once(first).chain(rest).collect();
    format!("{}\n", lines.join("\n").trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_has_its_heading_and_something_below_it() {
        for Topic { name, heading, .. } in &TOPICS {
            let text = topic(name).unwrap();
            assert!(text.contains(heading) && text.lines().count() > 4, "{name}: {text}");
        }
        assert_eq!(topic("nothing"), None);
    }

    #[test]
    fn a_part_ends_at_the_next_heading_of_its_level() {
        let page = "# Page\n\n## One\n\ntext\n\n### Below\n\nmore\n\n## Two\n";
        assert_eq!(part(page, "One"), "## One\n\ntext\n\n### Below\n\nmore\n");
        assert_eq!(part(page, "Two"), "## Two\n");
        assert_eq!(part(page, "Three"), "");
    }
}
