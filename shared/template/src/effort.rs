//! Guesses from a text whether its rendering may take noticeable time. The template is not parsed.

use serde_json::Value as Json;

/// Characters of expressions that do more than read a value: a filter, a call, an operator that makes something larger,
/// a text inside a text. They may also be in text outside of expressions. Then the answer is "may take time", which
/// does no harm.
const WORK: [char; 6] = ['|', '(', '~', '+', '*', '#'];

/// Whether rendering a text may take noticeable time. `{{ inputs.name }}` takes no noticeable time.
pub fn computes(text: &str) -> bool {
    text.contains("{%") || (text.contains("{{") && (text.contains(WORK) || text.contains("..")))
}

/// Whether rendering the texts in a value may take noticeable time. Keys of maps are rendered too.
pub fn value_computes(value: &Json) -> bool {
    match value {
        Json::String(text) => computes(text),
        Json::Array(items) => items.iter().any(value_computes),
        Json::Object(map) => map.iter().any(|(key, item)| computes(key) || value_computes(item)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_alone_are_no_work() {
        for text in ["plain (text) | 1", "{{ inputs.name }}", "a {{ outputs['x'].y[0] ?? 'z' }} - b", ""] {
            assert!(!computes(text), "{text}");
        }
        for text in [
            "{% for i in x %}",
            "{{ x | upper }}",
            "{{ f() }}",
            "{{ 1..9 }}",
            "{{ a ~ b }}",
            "{{ \"#{a}\" }}",
        ] {
            assert!(computes(text), "{text}");
        }
        assert!(
            value_computes(&json!([{"{{ f() }}": 1}]))
                && !value_computes(&json!({"a": ["{{ b }}", 1, null]}))
        );
    }
}
