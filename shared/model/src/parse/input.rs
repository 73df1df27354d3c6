//! Reads declared inputs (docs/kestra.md 1.2) and the types that outputs share with them (docs/kestra.md 1.6).
//!
//! How to add one more type: add a line to [`TYPES`] and an arm to [`kind`].

use super::context::Context;
use super::fields::Fields;
use super::ids;
use super::node::Node;
use crate::diagnostic::{Diagnostic, codes};
use crate::input::{DependsOn, Input, InputKind};

/// The names of the types of inputs in flows.
pub const TYPES: [&str; 19] = [
    "STRING",
    "INT",
    "FLOAT",
    "BOOLEAN",
    "BOOL",
    "SELECT",
    "ENUM",
    "MULTISELECT",
    "ARRAY",
    "DATETIME",
    "DATE",
    "TIME",
    "DURATION",
    "FILE",
    "JSON",
    "YAML",
    "URI",
    "SECRET",
    "EMAIL",
];

const LONGEST_DISPLAY_NAME: usize = 64;

/// Reads a list of inputs.
pub(super) fn inputs(ctx: &mut Context<'_>, fields: &mut Fields<'_>, name: &'static str) -> Vec<Input> {
    fields.list(ctx, &[name]).iter().filter_map(|node| input(ctx, node)).collect()
}

fn input(ctx: &mut Context<'_>, node: &Node) -> Option<Input> {
    let mut fields = Fields::from_node(ctx, node, "an input")?;
    let id = ids::input_id(ctx, &mut fields);
    if !id.is_empty() {
        fields.rename(format!("input '{id}'"));
    }
    let kind = kind(ctx, &mut fields);
    let display_name = fields.text(ctx, "displayName");
    if let Some(name) = &display_name
        && name.chars().count() > LONGEST_DISPLAY_NAME
    {
        let message =
            format!("'displayName' of {} has more than {LONGEST_DISPLAY_NAME} characters", fields.what());
        ctx.error(codes::OUT_OF_RANGE, node.position, message);
    }
    let input = Input {
        id,
        kind,
        description: fields.text(ctx, "description"),
        display_name,
        required: fields.flag(ctx, "required", true),
        defaults: fields.json("defaults"),
        prefill: fields.json("prefill"),
        depends_on: depends_on(ctx, &mut fields),
    };
    fields.finish(ctx);
    Some(input)
}

fn depends_on(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> Option<DependsOn> {
    let node = fields.take(&["dependsOn"])?;
    let mut fields = Fields::from_node(ctx, node, format!("'dependsOn' of {}", fields.what()))?;
    let inputs = fields.texts(ctx, &["inputs"]);
    let depends_on = DependsOn { inputs, condition: fields.text(ctx, "condition") };
    fields.finish(ctx);
    Some(depends_on)
}

/// Reads `type` and its properties. If the type is unknown, this is reported and the result is `STRING`.
pub(super) fn kind(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> InputKind {
    let what = format!("'type' of {}", fields.what());
    let Some(name) = fields.require(ctx, &["type"]).and_then(|node| type_name(ctx, node, &what)) else {
        return unknown(fields);
    };
    match name.as_str() {
        "STRING" => InputKind::String { validator: fields.text(ctx, "validator") },
        "SECRET" => InputKind::Secret { validator: fields.text(ctx, "validator") },
        "INT" => InputKind::Int { min: bound(ctx, fields, "min"), max: bound(ctx, fields, "max") },
        "FLOAT" => {
            let (low, high) = (format!("'min' of {}", fields.what()), format!("'max' of {}", fields.what()));
            InputKind::Float {
                min: fields.take(&["min"]).and_then(|node| ctx.float(node, &low)),
                max: fields.take(&["max"]).and_then(|node| ctx.float(node, &high)),
            }
        }
        "BOOLEAN" | "BOOL" => InputKind::Boolean,
        "SELECT" | "ENUM" => {
            fields.ignore(&["isRadio"]);
            InputKind::Select {
                values: fields.texts(ctx, &["values"]),
                expression: fields.text(ctx, "expression"),
                allow_custom_value: fields.flag(ctx, "allowCustomValue", false),
                auto_select_first: fields.flag(ctx, "autoSelectFirst", false),
            }
        }
        "MULTISELECT" => {
            fields.ignore(&["autoSelectFirst"]);
            InputKind::Multiselect {
                values: fields.texts(ctx, &["values", "options"]),
                expression: fields.text(ctx, "expression"),
                item_type: item_type(ctx, fields, false),
                allow_custom_value: fields.flag(ctx, "allowCustomValue", false),
            }
        }
        "ARRAY" => InputKind::Array { item_type: item_type(ctx, fields, true) },
        "DATETIME" => {
            InputKind::Datetime { after: fields.text(ctx, "after"), before: fields.text(ctx, "before") }
        }
        "DATE" => InputKind::Date { after: fields.text(ctx, "after"), before: fields.text(ctx, "before") },
        "TIME" => InputKind::Time { after: fields.text(ctx, "after"), before: fields.text(ctx, "before") },
        "DURATION" => InputKind::Duration {
            min: fields.duration_text(ctx, &["min"]),
            max: fields.duration_text(ctx, &["max"]),
        },
        "FILE" => {
            fields.ignore_with_note(ctx, &["extension"], "the extension comes from the name of the file");
            InputKind::File {
                allowed_file_extensions: fields.texts(ctx, &["allowedFileExtensions", "accept"]),
            }
        }
        "JSON" => InputKind::Json,
        "YAML" => InputKind::Yaml,
        "URI" => InputKind::Uri,
        _ => InputKind::Email,
    }
}

/// Reads `type` and its properties of an output. A list without `itemType` is accepted here, because Kestra 1.x accepts
/// it.
pub(super) fn output_kind(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> InputKind {
    let list = fields.peek("type").filter(|node| node.text() == Some("ARRAY"));
    match list.filter(|_| fields.peek("itemType").is_none()) {
        Some(node) => {
            let message = format!("{} has no 'itemType', so its elements become texts", fields.what());
            ctx.tell(
                Diagnostic::note(codes::FIELD_IGNORED, node.position, message)
                    .with_hint("add 'itemType: STRING'"),
            );
            fields.ignore(&["type"]);
            InputKind::Array { item_type: "STRING".to_owned() }
        }
        None => kind(ctx, fields),
    }
}

fn unknown(fields: &mut Fields<'_>) -> InputKind {
    fields.ignore(&[
        "validator",
        "min",
        "max",
        "values",
        "options",
        "expression",
        "allowCustomValue",
        "autoSelectFirst",
        "isRadio",
        "itemType",
        "after",
        "before",
        "extension",
        "allowedFileExtensions",
    ]);
    InputKind::String { validator: None }
}

fn type_name(ctx: &mut Context<'_>, node: &Node, what: &str) -> Option<String> {
    let text = ctx.text(node, what)?;
    if TYPES.contains(&text.as_str()) {
        return Some(text);
    }
    ctx.not_allowed(node, what, &text, &TYPES);
    None
}

fn item_type(ctx: &mut Context<'_>, fields: &mut Fields<'_>, required: bool) -> String {
    let what = format!("'itemType' of {}", fields.what());
    let node = if required { fields.require(ctx, &["itemType"]) } else { fields.take(&["itemType"]) };
    let Some(node) = node else { return "STRING".to_owned() };
    match type_name(ctx, node, &what) {
        Some(name) if name == "ARRAY" => {
            ctx.error(codes::NOT_ALLOWED_VALUE, node.position, format!("{what} must not be ARRAY"));
            "STRING".to_owned()
        }
        Some(name) => name,
        None => "STRING".to_owned(),
    }
}

fn bound(ctx: &mut Context<'_>, fields: &mut Fields<'_>, name: &'static str) -> Option<i64> {
    let what = format!("'{name}' of {}", fields.what());
    fields.take(&[name]).and_then(|node| ctx.integer(node, &what, i64::MIN, i64::MAX))
}
