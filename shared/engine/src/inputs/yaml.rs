//! Reads YAML texts like the expression function `yaml()`. So an input and an expression read the same text in the same
//! way.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use segue_model::Json;
use segue_template::{Ambient, RenderError, Renderer, Scope};
use serde_json::json;
use std::sync::LazyLock;

static RENDERER: LazyLock<Renderer> = LazyLock::new(Renderer::new);

/// Reads a text.
pub(super) fn read(text: &str) -> Result<Json, String> {
    // YAML needs no time and no random numbers.
    let ambient = Ambient { now: Timestamp::UNIX_EPOCH, seed: 0, time_zone: TimeZone::UTC };
    let scope = Scope::of_variables(json!({"text": text}), ambient);
    RENDERER.render_typed("{{ yaml(text) }}", &scope).map_err(|error| match error {
        RenderError::Failed { message, .. } => message,
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_is_read() {
        assert_eq!(read("a: 1\nb: [x, 'y', null]\n"), Ok(json!({"a": 1, "b": ["x", "y", null]})));
        assert_eq!(read("text"), Ok(json!("text")));
        assert_eq!(read("a: '{{ b }}'"), Ok(json!({"a": "{{ b }}"})), "what is read is not rendered");
        assert!(read("a: [1").is_err());
    }
}
