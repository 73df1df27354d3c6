//! Suggestions for "did you mean": the known name that is nearest to an unknown name.

/// The longest name that is compared, in bytes. A longer name is no misspelling, and its comparison takes long.
const LONGEST: usize = 200;
/// How many candidates [`Suggestions`] compares in total.
const MOST_COMPARED: usize = 20_000;

/// Suggestions for many names. After 20,000 comparisons there are no more suggestions. Otherwise, a flow with thousands
/// of unknown names would be compared with thousands of known names for each of them.
#[derive(Debug)]
pub struct Suggestions {
    left: usize,
}

impl Default for Suggestions {
    fn default() -> Self {
        Self { left: MOST_COMPARED }
    }
}

impl Suggestions {
    /// Like [`suggest`]; `None` if too many candidates were already compared.
    pub fn near<'a>(&mut self, name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        if self.left == 0 {
            return None;
        }
        let left = &mut self.left;
        suggest(name, candidates.into_iter().inspect(|_| *left = left.saturating_sub(1)))
    }
}

/// The candidate that is nearest to `name`; `None` if no candidate is near.
///
/// The measure is the edit distance: letters added, left out, changed or swapped. The limit is a third of the name, at
/// most 4. A dotted candidate is also near in two cases: the name is its end, or a misspelled end; or the last segment of
/// both is the same and, if the name has several segments, the segment before it is near too. `aws.s3.Upload` is not
/// near `gcp.gcs.Upload`, because it is another service.
pub fn suggest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    let wanted = name.to_lowercase();
    let limit = (wanted.chars().count() / 3).clamp(1, 4);
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in candidates.into_iter().filter(|candidate| candidate.len() <= LONGEST) {
        let lower = candidate.to_lowercase();
        let mut distance = near(&wanted, &lower, limit);
        if distance > limit && lower.contains('.') {
            distance = match end_of(&lower, &wanted) {
                // The end of a candidate is worse than a misspelling of all of it, but better than no suggestion.
                Some(end) if near(&wanted, end, limit) <= limit => limit + 1 + near(&wanted, end, limit),
                _ if has_same_end(&wanted, &lower) => 2 * limit + 2,
                _ => continue,
            };
        } else if distance > limit {
            continue;
        }
        if candidate != name && best.is_none_or(|(known, _)| distance < known) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The edit distance of two texts, or a large number if their lengths alone show that it is above the limit.
fn near(left: &str, right: &str, limit: usize) -> usize {
    if left.len().abs_diff(right.len()) > 4 * limit { usize::MAX } else { distance(left, right) }
}

/// The last segments of a dotted candidate, as many as the name has.
fn end_of<'a>(candidate: &'a str, name: &str) -> Option<&'a str> {
    let (start, _) = candidate.rmatch_indices('.').nth(name.matches('.').count())?;
    candidate.get(start + 1..)
}

/// Whether the last segments are the same and those before them are near. A name of one segment needs no more.
fn has_same_end(name: &str, candidate: &str) -> bool {
    let (mut name, mut candidate) = (name.rsplit('.'), candidate.rsplit('.'));
    if name.next() != candidate.next() {
        return false;
    }
    match (name.next(), candidate.next()) {
        (None, _) => true,
        (Some(before), Some(known)) => distance(before, known) <= (before.len() / 3).clamp(1, 4),
        (Some(_), None) => false,
    }
}

/// The optimal string alignment distance. Three rows of the table are enough.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    let mut left_before = None;
    for (i, &l) in left.iter().enumerate() {
        let mut next = vec![i + 1];
        let mut right_before = None;
        for (j, &r) in right.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX - 1);
            let changed = at(&row, j) + usize::from(l != r);
            let mut cost = changed.min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            if left_before == Some(r) && right_before == Some(l) && j > 0 {
                cost = cost.min(at(&before, j - 1) + 1);
            }
            next.push(cost);
            right_before = Some(r);
        }
        left_before = Some(l);
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        assert_eq!(suggest("mesage", ["level", "message"]), Some("message"));
        assert_eq!(suggest("tsaks", ["tasks", "labels"]), Some("tasks"));
        assert_eq!(suggest("Namespace", ["namespace"]), Some("namespace"));
        assert_eq!(suggest("zebra", ["tasks", "labels"]), None);
        assert_eq!(suggest("tasks", ["tasks"]), None);
        assert_eq!(
            suggest(
                "io.kestra.core.log.Log",
                ["io.kestra.plugin.core.flow.If", "io.kestra.plugin.core.log.Log"]
            ),
            Some("io.kestra.plugin.core.log.Log")
        );
    }

    #[test]
    fn a_type_is_near_by_its_end_but_not_one_of_another_service() {
        let types = [
            "io.kestra.plugin.core.log.Log",
            "io.kestra.plugin.gcp.bigquery.Query",
            "io.kestra.plugin.gcp.gcs.Upload",
            "io.kestra.plugin.jdbc.duckdb.Query",
            "io.kestra.plugin.jdbc.postgresql.Query",
        ];
        for (name, expected) in [
            ("Log", Some(types[0])),
            ("log.Log", Some(types[0])),
            ("jdbc.duckdb.Query", Some(types[3])),
            ("jdbc.duckdb.Qurey", Some(types[3])),
            ("io.kestra.plugin.jdbc.postgres.Query", Some(types[4])),
            ("io.kestra.plugin.jdbc.mysql.Query", None),
            ("io.kestra.plugin.aws.s3.Upload", None),
            ("io.kestra.plugin.gcp.gcs.Uplaod", Some(types[2])),
        ] {
            assert_eq!(suggest(name, types), expected, "{name}");
        }
    }

    #[test]
    fn long_names_and_very_many_are_not_compared() {
        let long = "x".repeat(1_000_000);
        assert_eq!(suggest(&long, [format!("{long}y").as_str()]), None);
        let mut suggestions = Suggestions::default();
        assert_eq!(suggestions.near("mesage", ["level", "message"]), Some("message"));
        assert_eq!(suggestions.near("mesage", (0..MOST_COMPARED).map(|_| "zebra")), None);
        assert_eq!(suggestions.near("mesage", ["message"]), None);
    }

    #[test]
    fn distances() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("ab", "ba"), 1);
    }
}
