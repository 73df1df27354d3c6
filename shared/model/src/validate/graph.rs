//! Finds circles of dependencies.

use std::collections::{HashMap, HashSet};

/// The names along a circle, with the first name again at the end; `None` if there is no circle. Edges to unknown names
/// are ignored. The search does not use recursion, because chains may be long.
pub(super) fn circle<'a>(nodes: &[(&'a str, &'a [String])]) -> Option<Vec<&'a str>> {
    let edges: HashMap<&str, &'a [String]> = nodes.iter().copied().collect();
    let mut done: HashSet<&str> = HashSet::new();
    let mut left: Vec<&'a str> = nodes.iter().map(|(name, _)| *name).collect();
    let waits_for = |name: &str, done: &HashSet<&str>| -> Option<&'a str> {
        edges
            .get(name)?
            .iter()
            .map(String::as_str)
            .find(|other| edges.contains_key(other) && !done.contains(other))
    };
    // A node without dependencies is done. Then the nodes that wait for it may be done too. The map of waiting nodes
    // avoids repeated passes over all nodes.
    let mut waiting: HashMap<&str, Vec<&'a str>> = HashMap::new();
    while let Some(name) = left.pop() {
        if done.contains(name) {
            continue;
        }
        match waits_for(name, &done) {
            Some(other) => waiting.entry(other).or_default().push(name),
            None => {
                done.insert(name);
                left.extend(waiting.remove(name).unwrap_or_default());
            }
        }
    }
    // Every node that is left waits for another node that is left. So a walk along these edges must return to a node.
    let mut at = nodes.iter().map(|(name, _)| *name).find(|name| !done.contains(name))?;
    let mut path: Vec<&'a str> = Vec::new();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    while !seen.contains_key(at) {
        seen.insert(at, path.len());
        path.push(at);
        at = waits_for(at, &done)?;
    }
    let mut circle = path.split_off(seen.get(at).copied().unwrap_or(0));
    circle.push(at);
    Some(circle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(edges: &[(&str, &[&str])]) -> Option<String> {
        let owned: Vec<(String, Vec<String>)> = edges
            .iter()
            .map(|(name, others)| {
                ((*name).to_owned(), others.iter().map(|other| (*other).to_owned()).collect())
            })
            .collect();
        let nodes: Vec<(&str, &[String])> =
            owned.iter().map(|(name, others)| (name.as_str(), others.as_slice())).collect();
        circle(&nodes).map(|names| names.join(" -> "))
    }

    #[test]
    fn circles_are_found() {
        assert_eq!(find(&[("a", &["b"]), ("b", &["c"]), ("c", &[])]), None);
        assert_eq!(find(&[("a", &["a"])]).as_deref(), Some("a -> a"));
        assert_eq!(find(&[("x", &["a"]), ("a", &["b"]), ("b", &["a"])]).as_deref(), Some("a -> b -> a"));
        assert_eq!(find(&[("a", &["nobody"])]), None);
    }

    #[test]
    fn long_chains_are_fast() {
        let names: Vec<String> = (0..50_000).map(|index| format!("t{index}")).collect();
        let edges: Vec<Vec<String>> =
            (0..50_000).map(|index| names.get(index + 1).cloned().into_iter().collect()).collect();
        let nodes: Vec<(&str, &[String])> =
            names.iter().zip(&edges).map(|(name, others)| (name.as_str(), others.as_slice())).collect();
        assert_eq!(circle(&nodes), None);
    }
}
