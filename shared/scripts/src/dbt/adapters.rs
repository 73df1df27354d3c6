//! The adapters that a project needs, read from its profiles.

use crate::known_images;
use std::collections::BTreeSet;

/// The adapters that `profiles.yml` names in lines such as `type: postgres`, in alphabetical order. The text may still
/// have expressions of dbt, so the lines are read without a parser.
pub(super) fn named_in(profiles: &str) -> BTreeSet<&str> {
    profiles
        .lines()
        .filter_map(|line| line.trim().strip_prefix("type:"))
        .map(|rest| rest.split('#').next().unwrap_or(rest).trim().trim_matches(['"', '\'']))
        .filter(|name| known_images::is_adapter(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_of_all_outputs_are_read() {
        let profiles = "default:\n  outputs:\n    dev:\n      type: postgres # ours\n      host: h\n    prod:\n      \
                        type: \"bigquery\"\n    odd:\n      type: {{ env_var('T') }}\n  target: dev\n";
        assert_eq!(named_in(profiles), BTreeSet::from(["bigquery", "postgres"]));
        assert!(named_in("").is_empty());
    }
}
