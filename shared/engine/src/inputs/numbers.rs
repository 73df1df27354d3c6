//! INT and FLOAT: numbers of 32 bits, read as in Java.

use super::shown;
use segue_model::Json;

/// Reads a 32-bit integer from a number or a text.
pub(super) fn int(value: &Json) -> Result<Json, String> {
    let text = shown(value);
    text.parse::<i32>().map(Json::from).map_err(|_| not_a_number(&text))
}

/// Reads a 32-bit float from a number or a text. The result has the shortest decimal text that identifies it, so it
/// also prints like this.
pub(super) fn float(value: &Json) -> Result<Json, String> {
    let text = shown(value);
    let trimmed = text.trim();
    let is_decimal =
        trimmed.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    let number = trimmed.parse::<f32>().ok().filter(|number| is_decimal && number.is_finite());
    number
        .and_then(|number| number.to_string().parse::<f64>().ok())
        .and_then(serde_json::Number::from_f64)
        .map(Json::Number)
        .ok_or_else(|| if trimmed.is_empty() { "empty String".to_owned() } else { not_a_number(&text) })
}

fn not_a_number(text: &str) -> String {
    format!("For input string: \"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn integers_have_32_bits() {
        for (value, read) in [
            (json!(5), Ok(json!(5))),
            (json!("-7"), Ok(json!(-7))),
            (json!("+7"), Ok(json!(7))),
            (json!("2147483647"), Ok(json!(2_147_483_647))),
            (json!(2_147_483_648_i64), Err("For input string: \"2147483648\"")),
            (json!(""), Err("For input string: \"\"")),
            (json!("1.0"), Err("For input string: \"1.0\"")),
            (json!(1.5), Err("For input string: \"1.5\"")),
            (json!(" 1"), Err("For input string: \" 1\"")),
            (json!("ten"), Err("For input string: \"ten\"")),
            (json!(true), Err("For input string: \"true\"")),
        ] {
            assert_eq!(int(&value), read.map_err(str::to_owned), "{value}");
        }
    }

    #[test]
    fn floats_print_as_32_bits_do() {
        for (value, printed) in [
            (json!("1.1"), Ok("1.1")),
            (json!(0.1), Ok("0.1")),
            (json!(3), Ok("3.0")),
            (json!(" 2.50 "), Ok("2.5")),
            (json!("1e3"), Ok("1000.0")),
            (json!("0.123456789"), Ok("0.12345679")),
            (json!(16_777_217), Ok("16777216.0")),
            (json!("1e39"), Err("For input string: \"1e39\"")),
            (json!("NaN"), Err("For input string: \"NaN\"")),
            (json!(""), Err("empty String")),
            (json!("x"), Err("For input string: \"x\"")),
        ] {
            let read = float(&value).map(|number| number.to_string());
            assert_eq!(read, printed.map(str::to_owned).map_err(str::to_owned), "{value}");
        }
    }
}
