//! Replaces a text in the sources of flows. Nothing is saved here.

use super::source_search::{lines, pattern};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use regex::{NoExpand, Regex};
use segue_api_types as types;
use types::Replacement;

/// What a replacement would change.
pub(crate) async fn preview(api: &Api, request: &types::ReplacePreview) -> Answer<types::ReplacePreviewed> {
    let pattern = pattern(&request.replacement)?;
    let mut flows = Vec::new();
    for stored in api.state().flows(None).await? {
        let below = |wanted: &String| {
            let rest = stored.namespace.strip_prefix(wanted.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if !request.namespace.as_ref().is_none_or(below)
            || request.flow_id.as_ref().is_some_and(|id| *id != stored.id)
        {
            continue;
        }
        let matches: Vec<types::ReplacedLine> = lines(&stored.source, request.replacement.scope)
            .into_iter()
            .filter(|line| !line.matches(&pattern).is_empty())
            .map(|line| types::ReplacedLine {
                line: line.number,
                before: line.text.to_owned(),
                after: replaced(line.text, &pattern, &request.replacement),
            })
            .collect();
        if !matches.is_empty() {
            let (namespace, id) = (stored.namespace, stored.id);
            flows.push(types::ReplacedLines { namespace, id, editable: true, matches });
        }
    }
    Ok(types::ReplacePreviewed {
        total_matches: flows.iter().map(|flow| flow.matches.len() as u64).sum(),
        total_flows: flows.len() as u64,
        editable_flow_count: flows.len() as u64,
        flows,
    })
}

fn replaced(text: &str, pattern: &Regex, wanted: &Replacement) -> String {
    if wanted.regex {
        pattern.replace_all(text, wanted.replacement.as_str()).into_owned()
    } else {
        pattern.replace_all(text, NoExpand(&wanted.replacement)).into_owned()
    }
}

/// A source in which the text is replaced: in all lines of its part, or only in the given line, and there in all
/// places or at the given column. None if the text is not there.
pub(crate) fn new_source(
    source: &str,
    wanted: &Replacement,
    place: Option<(u64, Option<u64>)>,
) -> Answer<Option<String>> {
    let pattern = pattern(wanted)?;
    let chosen: Vec<u64> = lines(source, wanted.scope)
        .into_iter()
        .filter(|line| place.is_none_or(|(number, _)| line.number == number))
        .filter(|line| !line.matches(&pattern).is_empty())
        .map(|line| line.number)
        .collect();
    if let (Some((number, _)), true) = (place, chosen.is_empty())
        && number == 0
    {
        return Err(ApiError::argument("line: lines count from 1"));
    }
    let column = place.and_then(|(_, column)| column);
    let mut is_found = false;
    let mut text = String::with_capacity(source.len());
    for (number, line) in (1_u64..).zip(source.split_inclusive('\n')) {
        let (inner, end) = match line.strip_suffix('\n') {
            Some(inner) => (
                inner.strip_suffix('\r').unwrap_or(inner),
                line.get(inner.trim_end_matches('\r').len()..).unwrap_or("\n"),
            ),
            None => (line, ""),
        };
        if !chosen.contains(&number) {
            text.push_str(line);
            continue;
        }
        match column {
            None => {
                is_found = true;
                text.push_str(&replaced(inner, &pattern, wanted));
            }
            Some(column) => {
                let start =
                    inner.char_indices().map(|(at, _)| at).nth(usize::try_from(column).unwrap_or(usize::MAX));
                let found = start
                    .and_then(|start| pattern.find_at(inner, start).filter(|found| found.start() == start));
                match found {
                    None => text.push_str(inner),
                    Some(found) => {
                        is_found = true;
                        text.push_str(inner.get(..found.start()).unwrap_or_default());
                        text.push_str(&replaced(found.as_str(), &pattern, wanted));
                        text.push_str(inner.get(found.end()..).unwrap_or_default());
                    }
                }
            }
        }
        text.push_str(end);
    }
    Ok(is_found.then_some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_replaced() {
        let source = "id: a\r\ntasks: # a b\n- id: b\n  message: a a\n";
        let wanted = |query: &str, replacement: &str, regex: bool| Replacement {
            query: query.to_owned(),
            replacement: replacement.to_owned(),
            regex,
            case_sensitive: true,
            ..Replacement::default()
        };
        let new = |wanted: &Replacement, place| new_source(source, wanted, place).unwrap();
        assert_eq!(
            new(&wanted("a a", "$0", false), None).unwrap(),
            "id: a\r\ntasks: # a b\n- id: b\n  message: $0\n"
        );
        assert_eq!(
            new(&wanted("id: (.)", "id: $1$1", true), None).unwrap(),
            "id: aa\r\ntasks: # a b\n- id: bb\n  message: a a\n"
        );
        assert_eq!(
            new(&wanted("a", "x", false), Some((4, Some(13)))).unwrap(),
            "id: a\r\ntasks: # a b\n- id: b\n  message: a x\n"
        );
        assert_eq!(new(&wanted("a", "x", false), Some((4, Some(12)))), None);
        assert_eq!(new(&wanted("none", "x", false), None), None);
        assert_eq!(new(&wanted("a", "x", false), Some((3, None))), None);
    }
}
