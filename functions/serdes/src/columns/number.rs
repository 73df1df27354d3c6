//! Numbers of files with a schema as values of rows.

use segue_model::Json;
use serde_json::Number;

/// A float. What is not a number is a text: `NaN`, `Infinity` or `-Infinity`.
pub(crate) fn float(value: f64) -> Json {
    Number::from_f64(value).map_or_else(
        || {
            let text = match value {
                value if value.is_nan() => "NaN",
                value if value > 0.0 => "Infinity",
                _ => "-Infinity",
            };
            Json::String(text.to_owned())
        },
        Json::Number,
    )
}
