//! Searches the sources of flows, and computes replacements.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::{Page, Query, paged};
use crate::view::flow::flow;
use regex::Regex;
use segue_api_types as types;
use segue_ports::state::StoredFlow;
use std::ops::Range;
use types::{Replacement, SourceScope};

/// The largest number of fragments of one flow.
const MOST: usize = 5;
/// The values of `scope` that name a part of a flow.
pub(crate) const SCOPES: &[&str] = &["ALL", "TASKS", "TRIGGERS", "INPUTS", "USER", "SYSTEM"];

/// Flows with a text in their source.
pub(crate) async fn search(api: &Api, query: &Query) -> Answer<types::Page<types::FlowSearchHit>> {
    let page = Page::from_query(query)?;
    let text = query.text("q").unwrap_or_default();
    let wanted = Replacement {
        query: text.to_owned(),
        case_sensitive: query.flag("caseSensitive", false)?,
        whole_word: query.flag("wholeWord", false)?,
        regex: query.flag("regex", false)?,
        scope: scope(query)?,
        ..Replacement::default()
    };
    let pattern = (!text.is_empty()).then(|| pattern(&wanted)).transpose()?;
    let mut found = Vec::new();
    for stored in super::search::select(api, &others(query)).await? {
        let lines = lines(&stored.source, wanted.scope);
        let matches: Vec<types::SourceMatch> = match &pattern {
            None => lines.iter().take(1).map(|line| line.at(0..0)).collect(),
            Some(pattern) => lines.iter().flat_map(|line| line.matches(pattern)).collect(),
        };
        if !matches.is_empty() {
            found.push((stored, matches));
        }
    }
    page.arrange(
        &mut found,
        &[
            ("id", |left, right| left.0.id.cmp(&right.0.id)),
            ("namespace", |left, right| left.0.namespace.cmp(&right.0.namespace)),
        ],
    )?;
    let total = found.len() as u64;
    let hit = |(stored, matches): (StoredFlow, Vec<types::SourceMatch>)| types::FlowSearchHit {
        fragments: fragments(&matches, pattern.as_ref()),
        model: flow(&stored),
        namespace: stored.namespace,
        id: stored.id,
        editable: true,
        matches,
    };
    Ok(paged(page.cut(found).into_iter().map(hit).collect(), total))
}

/// The part of a flow that `scope` names. The same parameter may name the flows of users or of the system.
fn scope(query: &Query) -> Answer<SourceScope> {
    let mut found = SourceScope::All;
    for text in query.all("scope").flat_map(|text| text.split(',')).filter(|text| !text.is_empty()) {
        match text.to_ascii_uppercase().as_str() {
            "ALL" | "USER" | "SYSTEM" => {}
            "TASKS" => found = SourceScope::Tasks,
            "TRIGGERS" => found = SourceScope::Triggers,
            "INPUTS" => found = SourceScope::Inputs,
            _ => {
                return Err(ApiError::argument(format!(
                    "scope is '{text}': one of {} is expected",
                    SCOPES.join(", ")
                )));
            }
        }
    }
    Ok(found)
}

/// The parameters that select flows.
fn others(query: &Query) -> Query {
    let selects = |name: &str, value: &str| match name {
        "q" | "caseSensitive" | "wholeWord" | "regex" => false,
        "scope" => {
            value.split(',').all(|text| matches!(text.to_ascii_uppercase().as_str(), "USER" | "SYSTEM"))
        }
        _ => true,
    };
    Query::read(
        &url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query.pairs().iter().filter(|(name, value)| selects(name, value)))
            .finish(),
    )
}

/// The expression for a searched text.
pub(crate) fn pattern(wanted: &Replacement) -> Answer<Regex> {
    if wanted.query.is_empty() {
        return Err(ApiError::argument("query: the text to search is missing"));
    }
    let inner = if wanted.regex { wanted.query.clone() } else { regex::escape(&wanted.query) };
    let whole = if wanted.whole_word { format!(r"\b(?:{inner})\b") } else { inner };
    regex::RegexBuilder::new(&whole)
        .case_insensitive(!wanted.case_sensitive)
        .size_limit(1 << 20)
        .build()
        .map_err(|error| ApiError::argument(format!("query: {error}")))
}

/// A line of a source.
pub(crate) struct Line<'a> {
    /// The number, from 1.
    pub(crate) number: u64,
    pub(crate) text: &'a str,
}

impl Line<'_> {
    fn at(&self, place: Range<usize>) -> types::SourceMatch {
        let count = |part: Range<usize>| self.text.get(part).map_or(0, |part| part.chars().count()) as u64;
        types::SourceMatch {
            line: self.number,
            column: count(0..place.start),
            length: count(place),
            snippet: self.text.to_owned(),
        }
    }

    /// The matches in the line.
    pub(crate) fn matches(&self, pattern: &Regex) -> Vec<types::SourceMatch> {
        let places = pattern.find_iter(self.text).filter(|found| !found.is_empty());
        places.map(|found| self.at(found.range())).collect()
    }
}

/// The lines of a part of a source. A part begins with its key at the start of a line.
pub(crate) fn lines(source: &str, scope: SourceScope) -> Vec<Line<'_>> {
    let keys: &[&str] = match scope {
        SourceScope::All => &[],
        SourceScope::Tasks => &["tasks", "errors", "finally", "afterExecution"],
        SourceScope::Triggers => &["triggers"],
        SourceScope::Inputs => &["inputs"],
    };
    let mut is_inside = keys.is_empty();
    let mut found = Vec::new();
    for (number, text) in (1..).zip(source.lines()) {
        let key = text.split_once(':').map(|(key, _)| key).filter(|_| {
            text.starts_with(|first: char| first.is_alphanumeric() || first == '"' || first == '\'')
        });
        if let Some(key) = key
            && !keys.is_empty()
        {
            is_inside = keys.contains(&key.trim_matches(['"', '\'']).trim());
        }
        if is_inside {
            found.push(Line { number, text });
        }
    }
    found
}

/// The lines with matches. Each match is between `[mark]` and `[/mark]`.
fn fragments(matches: &[types::SourceMatch], pattern: Option<&Regex>) -> Vec<String> {
    let mut last = None;
    let mut found = Vec::new();
    for place in matches {
        if last.replace(place.line) == Some(place.line) {
            continue;
        }
        found.push(match pattern {
            Some(pattern) => pattern.replace_all(&place.snippet, "[mark]$0[/mark]").into_owned(),
            None => place.snippet.clone(),
        });
    }
    found.truncate(MOST);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "id: load\ninputs:\n- id: load\ntasks:\n- id: Load\n  message: reload (b\n";

    fn found(query: &str, change: impl Fn(&mut Replacement)) -> Vec<(u64, u64)> {
        let mut wanted = Replacement { query: query.to_owned(), ..Replacement::default() };
        change(&mut wanted);
        let pattern = pattern(&wanted).unwrap();
        let lines = lines(SOURCE, wanted.scope);
        let matches = lines.iter().flat_map(|line| line.matches(&pattern));
        matches.map(|place| (place.line, place.column)).collect()
    }

    #[test]
    fn places_are_found() {
        assert_eq!(found("load", |_| {}), [(1, 4), (3, 6), (5, 6), (6, 13)]);
        assert_eq!(found("load", |wanted| wanted.case_sensitive = true), [(1, 4), (3, 6), (6, 13)]);
        assert_eq!(found("load", |wanted| wanted.whole_word = true), [(1, 4), (3, 6), (5, 6)]);
        assert_eq!(found("load", |wanted| wanted.scope = SourceScope::Tasks), [(5, 6), (6, 13)]);
        assert_eq!(found("load", |wanted| wanted.scope = SourceScope::Inputs), [(3, 6)]);
        assert_eq!(found("(b", |_| {}), [(6, 18)]);
        assert_eq!(found("^id: l", |wanted| wanted.regex = true), [(1, 0)]);
        let wrong = Replacement { query: "(".to_owned(), regex: true, ..Replacement::default() };
        assert!(pattern(&wrong).is_err());
    }

    #[test]
    fn matches_are_marked() {
        let wanted = Replacement { query: "load".to_owned(), ..Replacement::default() };
        let pattern = pattern(&wanted).unwrap();
        let line = Line { number: 1, text: "  message: Load the load" };
        let matches = line.matches(&pattern);
        let expected = "  message: [mark]Load[/mark] the [mark]load[/mark]";
        assert_eq!(fragments(&matches, Some(&pattern)), [expected]);
    }
}
