//! Searches the sources of flows.

use crate::error::Answer;
use crate::parts::Api;
use crate::request::{Page, Query, paged};
use crate::view::flow::flow;
use segue_api_types as types;

/// The largest number of fragments of one flow.
const MOST: usize = 5;

/// Flows with a text in their source.
pub(crate) async fn search(api: &Api, query: &Query) -> Answer<types::Page<types::FlowSearchHit>> {
    let page = Page::from_query(query)?;
    let text = query.text("q").unwrap_or_default().to_lowercase();
    let others = Query::read(
        &url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query.pairs().iter().filter(|(name, _)| name != "q"))
            .finish(),
    );
    let mut found = Vec::new();
    for stored in super::search::select(api, &others).await? {
        let fragments = fragments(&stored.source, &text);
        if !fragments.is_empty() {
            found.push((stored, fragments));
        }
    }
    let total = found.len() as u64;
    let results = page
        .cut(found)
        .into_iter()
        .map(|(stored, fragments)| types::FlowSearchHit { model: flow(&stored), fragments })
        .collect();
    Ok(paged(results, total))
}

/// The lines that contain a text (in lower case). Each match is between `[mark]` and `[/mark]`.
fn fragments(source: &str, text: &str) -> Vec<String> {
    if text.is_empty() {
        return source.lines().take(1).map(str::to_owned).collect();
    }
    source.lines().filter_map(|line| marked(line, text)).take(MOST).collect()
}

fn marked(line: &str, text: &str) -> Option<String> {
    let pattern = regex::RegexBuilder::new(&regex::escape(text)).case_insensitive(true).build().ok()?;
    pattern.is_match(line).then(|| pattern.replace_all(line, "[mark]$0[/mark]").into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_marked() {
        let source = "id: load\n  message: Load the load\nother: x\n";
        assert_eq!(
            fragments(source, "load"),
            ["id: [mark]load[/mark]", "  message: [mark]Load[/mark] the [mark]load[/mark]"]
        );
        assert_eq!(fragments("a: (b\n", "(b"), ["a: [mark](b[/mark]"]);
        assert!(fragments(source, "none").is_empty());
    }
}
