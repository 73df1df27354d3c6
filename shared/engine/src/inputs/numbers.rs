//! INT and FLOAT: numbers of 32 bits, read as in Java.

use super::shown;
use segue_model::Json;

const NOT_AN_INT: &str = "it must be a whole number between -2147483648 and 2147483647";
const NOT_A_FLOAT: &str = "it must be a number such as 1.5";

/// Reads a 32-bit integer from a number or a text.
pub(super) fn int(value: &Json) -> Result<Json, String> {
    let text = shown(value);
    text.parse::<i32>().map(Json::from).map_err(|_| NOT_AN_INT.to_owned())
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
        .ok_or_else(|| NOT_A_FLOAT.to_owned())
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
            (json!(2_147_483_648_i64), Err(NOT_AN_INT)),
            (json!(""), Err(NOT_AN_INT)),
            (json!("1.0"), Err(NOT_AN_INT)),
            (json!(1.5), Err(NOT_AN_INT)),
            (json!(" 1"), Err(NOT_AN_INT)),
            (json!("ten"), Err(NOT_AN_INT)),
            (json!(true), Err(NOT_AN_INT)),
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
            (json!("1e39"), Err(NOT_A_FLOAT)),
            (json!("NaN"), Err(NOT_A_FLOAT)),
            (json!(""), Err(NOT_A_FLOAT)),
            (json!("x"), Err(NOT_A_FLOAT)),
        ] {
            let read = float(&value).map(|number| number.to_string());
            assert_eq!(read, printed.map(str::to_owned).map_err(str::to_owned), "{value}");
        }
    }
}
