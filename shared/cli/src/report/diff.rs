//! The difference between two texts, as lines with `-` and `+`.

use console::style;
use similar::{ChangeTag, TextDiff};

/// The number of unchanged lines around a change.
const AROUND: usize = 3;

/// The difference in the unified format, in colour on a terminal. Empty if the texts are equal.
pub(crate) fn diff(old: &str, new: &str, old_name: &str, new_name: &str) -> String {
    let changes = TextDiff::from_lines(old, new);
    let mut text = String::new();
    for hunk in changes.unified_diff().context_radius(AROUND).iter_hunks() {
        if text.is_empty() {
            text.push_str(&format!("{}\n", style(format!("--- {old_name}")).bold()));
            text.push_str(&format!("{}\n", style(format!("+++ {new_name}")).bold()));
        }
        text.push_str(&format!("{}\n", style(hunk.header().to_string().trim_end()).cyan()));
        for change in hunk.iter_changes() {
            let line = change.value().trim_end_matches(['\n', '\r']);
            let line = match change.tag() {
                ChangeTag::Delete => style(format!("-{line}")).red(),
                ChangeTag::Insert => style(format!("+{line}")).green(),
                ChangeTag::Equal => style(format!(" {line}")),
            };
            text.push_str(&format!("{line}\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_lines_are_shown_with_the_lines_around_them() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\n";
        let shown = diff(old, &old.replace('e', "E"), "server", "file");
        let shown = console::strip_ansi_codes(&shown).into_owned();
        assert_eq!(shown, "--- server\n+++ file\n@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n");
        assert_eq!(diff(old, old, "server", "file"), "");
        let new = diff("", "a\n", "server", "file");
        assert!(console::strip_ansi_codes(&new).contains("+a"), "{new}");
    }
}
