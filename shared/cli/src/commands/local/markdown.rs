//! Pages of Markdown, for a terminal.

use super::docs::topic_at;
use console::style;

/// A page for a terminal: headings in bold, examples indented, and commands in place of links.
pub(super) fn shown(page: &str) -> String {
    let mut text = String::new();
    let mut is_example = false;
    for line in page.lines() {
        let line = match line {
            fence if fence.starts_with("```") => {
                is_example = !is_example;
                continue;
            }
            example if is_example => format!("    {}", style(example).dim()),
            heading if heading.starts_with('#') => {
                style(heading.trim_start_matches(['#', ' '])).bold().to_string()
            }
            other => without_links(other),
        };
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A line with the texts of its links. A link to a page that a command prints is followed by the command. A web address
/// stays.
fn without_links(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, name, address, after)) = first_link(rest) {
        text.push_str(before);
        text.push_str(name);
        if let Some(more) = instead_of(name, address) {
            text.push_str(&format!(" ({more})"));
        }
        rest = after;
    }
    text + rest
}

/// The first `[name](address)` of a line, with what is before and after.
fn first_link(line: &str) -> Option<(&str, &str, &str, &str)> {
    let (head, tail) = line.split_once("](")?;
    let (before, name) = head.rsplit_once('[')?;
    let (address, after) = tail.split_once(')')?;
    Some((before, name, address, after))
}

/// What leads to the page of a link in a terminal.
fn instead_of(name: &str, address: &str) -> Option<String> {
    if address.starts_with("http") {
        return (name != address).then(|| address.to_owned());
    }
    if let Some(topic) = topic_at(address) {
        return Some(format!("`segue docs {topic}`"));
    }
    let file = address.rsplit('/').next()?.strip_suffix(".md")?;
    if file.starts_with("SEG") {
        return Some(format!("`segue explain {file}`"));
    }
    file.starts_with("io.").then(|| format!("`segue docs {file}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_becomes_the_command_that_prints_its_page() {
        for (line, expected) in [
            ("no link [x] (y)", "no link [x] (y)"),
            (
                "Every task has [these](../kestra.md#13-properties-of-every-task), and [these](x.md) too.",
                "Every task has these (`segue docs task`), and these too.",
            ),
            ("see [the code](../errors/SEG0314.md)", "see the code (`segue explain SEG0314`)"),
            ("[Log](io.kestra.plugin.core.log.Log.md)", "Log (`segue docs io.kestra.plugin.core.log.Log`)"),
            ("[jaq](https://github.com/01mf02/jaq)", "jaq (https://github.com/01mf02/jaq)"),
        ] {
            assert_eq!(without_links(line), expected);
        }
    }

    #[test]
    fn examples_are_as_they_were() {
        let text = console::strip_ansi_codes(&shown("# A\n\n```yaml\nx: '[a](b)'\n```\n")).into_owned();
        assert_eq!(text, "A\n\n    x: '[a](b)'\n");
    }
}
