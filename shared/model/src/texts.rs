//! Helpers for keys in paths, and a test for templates.

use std::borrow::Cow;

/// A key as a segment of a path: `~` becomes `~0` and `/` becomes `~1`.
pub(crate) fn escape(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) { key.replace('~', "~0").replace('/', "~1").into() } else { key.into() }
}

/// Whether a text contains `{{` or `{%` of the template language.
pub(crate) fn has_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}
