//! PARSE_NUMERIC and PARSE_BIGNUMERIC: a number with commas between its digits, with spaces around its sign, and with
//! its sign before or behind the digits. The result is the number as CAST reads it.
//!
//! The module must not know how a type keeps a number.

use super::Outcome;

/// Calls the function `name`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    match (name, arguments) {
        ("parse_decimal", [text, kind]) => Some(match plain(text) {
            Some(number) => Ok(Some(number)),
            None => Err(format!("Invalid {kind} value: {text}")),
        }),
        _ => None,
    }
}

/// The number with its sign before its digits, and without commas and spaces. `None`: the text is no number.
fn plain(text: &str) -> Option<String> {
    let spaced = |c: char| c.is_ascii_whitespace();
    let text = text.trim_matches(spaced);
    let (sign, rest) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.get(..1)?, rest),
        None => match text.strip_suffix(['-', '+']) {
            Some(rest) => (text.get(rest.len()..)?, rest),
            None => ("", text),
        },
    };
    let number = rest.trim_matches(spaced);
    let end = number.find(['e', 'E', '.']).unwrap_or(number.len());
    let (whole, behind) = number.split_at(end);
    // A comma stands behind a digit of the whole number.
    let is_whole = whole.bytes().all(|byte| byte.is_ascii_digit() || byte == b',') && !whole.starts_with(',');
    let rest_is_plain = behind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+-".contains(&byte));
    (is_whole && rest_is_plain).then(|| format!("{sign}{}{behind}", whole.replace(',', "")))
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn signs_spaces_and_commas_are_read() {
        for (text, wanted) in [
            ("123.45", "123.45"),
            ("  -  12.34 ", "-12.34"),
            ("12.34-", "-12.34"),
            ("  1,2,,3,.45 + ", "+123.45"),
            (".1234  ", ".1234"),
            ("12.34e-1 -", "-12.34e-1"),
            ("12.34 e1", ""),
            ("1 2", ""),
            ("1.2,3", ""),
            (",1", ""),
        ] {
            assert_eq!(plain(text).unwrap_or_default(), wanted, "{text}");
        }
    }
}
