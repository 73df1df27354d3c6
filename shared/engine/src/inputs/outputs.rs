//! Declared outputs of a flow, rendered at its end (docs/kestra.md 1.6).

use super::convert::convert;
use super::secret::Sealing;
use super::shown;
use segue_model::flow::FlowOutput;
use segue_model::{Json, Map};
use segue_template::{RenderError, Renderer, Scope};

/// Why the declared outputs have no values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutputsError {
    /// Answers must be fetched first. Then resolve again.
    #[error("an output needs an answer that has not been fetched yet: fetch it and resolve again")]
    Pending,
    /// A value cannot be rendered, or has the wrong type. The execution fails with this message.
    #[error("Failed to render output values: {0}")]
    Failed(String),
}

/// Renders the declared outputs and converts each to its type. A SECRET is encrypted.
///
/// # Errors
/// [`OutputsError::Pending`] if expressions need answers. All questions are then in the table. [`OutputsError::Failed`]
/// for the first output that failed.
pub fn resolve_outputs(
    outputs: &[FlowOutput],
    renderer: &Renderer,
    scope: &Scope,
    sealing: Sealing<'_>,
) -> Result<Map, OutputsError> {
    let mut values = Map::new();
    let mut failure = None;
    let mut is_pending = false;
    for output in outputs {
        let value = match renderer.render_json(&output.value, scope) {
            Ok(rendered) => typed(output, &rendered, sealing),
            Err(RenderError::Pending) => {
                is_pending = true;
                continue;
            }
            Err(error) => Err(error.to_string()),
        };
        match value {
            Ok(value) => {
                values.insert(output.id.clone(), value);
            }
            Err(why) => {
                failure.get_or_insert(why);
            }
        }
    }
    match failure {
        _ if is_pending => Err(OutputsError::Pending),
        Some(why) => Err(OutputsError::Failed(why)),
        None => Ok(values),
    }
}

/// Renders outputs without a type. A Subflow task asks for them in its own `outputs`.
///
/// # Errors
/// See [`resolve_outputs`].
pub(crate) fn render_outputs(outputs: &Map, renderer: &Renderer, scope: &Scope) -> Result<Map, OutputsError> {
    match renderer.render_json(&Json::Object(outputs.clone()), scope) {
        Ok(Json::Object(values)) => Ok(values),
        Ok(_) => Ok(Map::new()),
        Err(RenderError::Pending) => Err(OutputsError::Pending),
        Err(error) => Err(OutputsError::Failed(error.to_string())),
    }
}

fn typed(output: &FlowOutput, rendered: &Json, sealing: Sealing<'_>) -> Result<Json, String> {
    let is_secret = output.kind.is_secret() && !rendered.is_null();
    let why = if rendered.is_null() && output.required {
        "missing required output".to_owned()
    } else {
        match convert(&output.kind, rendered) {
            Ok(value) if is_secret => match sealing.seal(&output.id, &value) {
                Ok(sealed) => return Ok(sealed),
                Err(why) => why.to_string(),
            },
            Ok(value) => return Ok(value),
            Err(why) => why,
        }
    };
    let received = if is_secret { "******".to_owned() } else { shown(rendered) };
    Err(format!("Invalid output for `{}`, {why}, but received `{received}`", output.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use jiff::tz::TimeZone;
    use segue_model::Cipher;
    use segue_model::input::InputKind;
    use segue_template::{Ambient, LookupTable};
    use serde_json::json;
    use std::sync::Arc;

    fn output(id: &str, kind: InputKind, value: Json) -> FlowOutput {
        FlowOutput { id: id.to_owned(), kind, value, description: None, display_name: None, required: true }
    }

    fn resolve(table: &LookupTable, outputs: &[FlowOutput]) -> Result<Json, OutputsError> {
        let context = json!({"outputs": {"t": {"n": 3, "list": [1, 2], "map": {"k": "v"}}}});
        let ambient = Ambient { now: Timestamp::UNIX_EPOCH, seed: 1, time_zone: TimeZone::UTC };
        let scope = Scope::from_json(context, Arc::new(table.clone()), ambient);
        let cipher = Cipher::from_base64("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
        let sealing = Sealing { cipher: &cipher, owner: &["e"] };
        resolve_outputs(outputs, &Renderer::new(), &scope, sealing).map(Json::Object)
    }

    #[test]
    fn values_are_rendered_and_typed() {
        let outputs = [
            output("s", InputKind::String { validator: None }, json!("n={{ outputs.t.n }}")),
            output("i", InputKind::Int { min: None, max: None }, json!("{{ outputs.t.n }}")),
            output("a", InputKind::Array { item_type: "STRING".to_owned() }, json!("{{ outputs.t.list }}")),
            output("j", InputKind::Json, json!("{{ outputs.t.map }}")),
            output("m", InputKind::Json, json!({"deep": ["{{ outputs.t.n }}"]})),
            FlowOutput { required: false, ..output("n", InputKind::Json, json!(null)) },
        ];
        assert_eq!(
            resolve(&LookupTable::new(), &outputs),
            Ok(
                json!({"s": "n=3", "i": 3, "a": ["1", "2"], "j": {"k": "v"}, "m": {"deep": ["3"]}, "n": null})
            )
        );
        assert_eq!(resolve(&LookupTable::new(), &[]), Ok(json!({})));
    }

    #[test]
    fn a_secret_is_encrypted() {
        let secret = output("s", InputKind::Secret { validator: None }, json!("n={{ outputs.t.n }}"));
        let resolved = resolve(&LookupTable::new(), &[secret]).unwrap();
        assert!(segue_model::cipher::is_sealed(&resolved["s"]), "{resolved}");
        let list = output("s", InputKind::Secret { validator: None }, json!("{{ outputs.t.list }}"));
        if let Err(error) = resolve(&LookupTable::new(), &[list]) {
            assert!(!error.to_string().contains("[1"), "{error}");
        }
    }

    #[test]
    fn failures_say_which_output() {
        let int = || InputKind::Int { min: None, max: None };
        for (value, message) in [
            (
                json!("x"),
                "Failed to render output values: Invalid output for `i`, it must be a whole number between -2147483648 and 2147483647, but received `x`",
            ),
            (
                json!(null),
                "Failed to render output values: Invalid output for `i`, missing required output, but received `null`",
            ),
            (json!("{{ outputs.none.x }}"), "Failed to render output values: Unable to find `none`"),
        ] {
            let error = resolve(&LookupTable::new(), &[output("i", int(), value)]).unwrap_err();
            assert!(error.to_string().starts_with(message), "{error}");
        }
    }

    #[test]
    fn answers_come_before_failures() {
        let table = LookupTable::new();
        let text = || InputKind::String { validator: None };
        let outputs = [
            output("a", InputKind::Int { min: None, max: None }, json!("x")),
            output("b", text(), json!("{{ kv('b') }}")),
            output("c", text(), json!("{{ kv('c') }}")),
        ];
        assert_eq!(resolve(&table, &outputs), Err(OutputsError::Pending));
        assert_eq!(table.take_pending().len(), 2);
    }
}
