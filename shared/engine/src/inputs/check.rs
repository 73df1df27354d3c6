//! Checks a typed value: patterns, bounds, lists of allowed values (docs/kestra.md 1.2).

use super::{instants, shown};
use regex::Regex;
use segue_model::input::InputKind;
use segue_model::{Json, parse_duration};
use std::fmt::Display;
use std::sync::LazyLock;

/// Checks a value after its conversion. `choices` are the allowed values. If the list is empty, every value is allowed.
///
/// # Errors
/// Why the value is rejected, as the middle part of Kestra's message.
pub(super) fn check(
    kind: &InputKind,
    required: bool,
    choices: &[String],
    value: &Json,
) -> Result<(), String> {
    let text = shown(value);
    match kind {
        InputKind::String { validator } | InputKind::Secret { validator } => match validator {
            Some(pattern) => matches_pattern(pattern, &text),
            None => Ok(()),
        },
        InputKind::Int { min, max } => {
            let number = value.as_i64().unwrap_or_default();
            at_least(number >= min.unwrap_or(number), "it", min.as_ref())?;
            at_most(number <= max.unwrap_or(number), "it", max.as_ref())
        }
        InputKind::Float { min, max } => {
            // Bounds are rounded to 32 bits like the value. Otherwise, 0.1 could be less than a minimum of 0.1.
            let narrow = |number: f64| number as f32;
            let number = narrow(value.as_f64().unwrap_or_default());
            let printed = |bound: &Option<f64>| bound.map(|bound| format!("{bound:?}"));
            at_least(min.is_none_or(|min| number >= narrow(min)), "it", printed(min).as_ref())?;
            at_most(max.is_none_or(|max| number <= narrow(max)), "it", printed(max).as_ref())
        }
        InputKind::Select { allow_custom_value, .. } => {
            // In Kestra, an optional input may have a value outside the list.
            if required && !allow_custom_value && !choices.contains(&text) {
                Err(not_among(choices))
            } else {
                Ok(())
            }
        }
        InputKind::Multiselect { allow_custom_value, .. } => {
            let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
            let is_known = items.iter().all(|item| choices.contains(&shown(item)));
            if is_known || *allow_custom_value { Ok(()) } else { Err(not_among(choices)) }
        }
        InputKind::Datetime { after, before } => between(&text, after, before, instants::instant),
        InputKind::Date { after, before } => between(&text, after, before, instants::date),
        InputKind::Time { after, before } => between(&text, after, before, instants::time),
        InputKind::Duration { min, max } => {
            let duration = parse_duration(&text)?;
            if let Some(bound) = min {
                at_least(duration >= parse_duration(bound)?, "It", Some(bound))?;
            }
            if let Some(bound) = max {
                at_most(duration <= parse_duration(bound)?, "It", Some(bound))?;
            }
            Ok(())
        }
        InputKind::File { allowed_file_extensions } => has_extension(allowed_file_extensions, &text),
        InputKind::Email => {
            if EMAIL.is_match(&text) {
                Ok(())
            } else {
                Err("The input must be a valid email".to_owned())
            }
        }
        InputKind::Boolean | InputKind::Array { .. } | InputKind::Json | InputKind::Yaml | InputKind::Uri => {
            Ok(())
        }
    }
}

/// An empty text, or a name, an `@` and a host.
#[allow(clippy::unwrap_used, reason = "a constant pattern, compiled by the tests")]
static EMAIL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\A(?-u:[\w!#$%&'*+/=?`{|}~^.-]+@[a-zA-Z0-9.-]+)?\z").unwrap());

/// The largest number of backtracking steps for a validator. Above it, matching fails.
const BACKTRACK_LIMIT: usize = 200_000;

/// Why a text is not a valid pattern; `None` if it is valid.
pub(crate) fn pattern_problem(pattern: &str) -> Option<String> {
    whole(pattern).err().map(|error| error.to_string())
}

fn whole(pattern: &str) -> Result<fancy_regex::Regex, fancy_regex::Error> {
    fancy_regex::RegexBuilder::new(&format!(r"\A(?:{pattern})\z")).backtrack_limit(BACKTRACK_LIMIT).build()
}

/// Whether a Java pattern, look-around included, matches the whole text.
fn matches_pattern(pattern: &str, text: &str) -> Result<(), String> {
    let whole = whole(pattern)
        .map_err(|error| format!("its validator `{pattern}` is not a usable pattern: {error}"))?;
    match whole.is_match(text) {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("it must match the pattern `{pattern}`")),
        Err(_) => Err(format!("the validator pattern `{pattern}` takes too long: simplify it")),
    }
}

fn at_least(holds: bool, it: &str, bound: Option<&impl Display>) -> Result<(), String> {
    match bound {
        Some(bound) if !holds => Err(format!("{it} must be more than `{bound}`")),
        _ => Ok(()),
    }
}

fn at_most(holds: bool, it: &str, bound: Option<&impl Display>) -> Result<(), String> {
    match bound {
        Some(bound) if !holds => Err(format!("{it} must be less than `{bound}`")),
        _ => Ok(()),
    }
}

fn between<T: PartialOrd>(
    text: &str,
    after: &Option<String>,
    before: &Option<String>,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<(), String> {
    let value = read(text)?;
    if let Some(bound) = after
        && value < read(bound)?
    {
        return Err(format!("it must be after `{bound}`"));
    }
    if let Some(bound) = before
        && value > read(bound)?
    {
        return Err(format!("it must be before `{bound}`"));
    }
    Ok(())
}

fn not_among(choices: &[String]) -> String {
    format!("it must match the values `[{}]`", choices.join(", "))
}

fn has_extension(allowed: &[String], uri: &str) -> Result<(), String> {
    let path = uri.to_lowercase();
    if allowed.is_empty() || allowed.iter().any(|extension| path.ends_with(&extension.to_lowercase())) {
        return Ok(());
    }
    Err(format!("its file name must end with one of `[{}]`", allowed.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(bound: &str) -> Option<String> {
        Some(bound.to_owned())
    }

    fn check_all(kind: &InputKind, cases: &[(Json, Result<(), &str>)]) {
        let choices = ["a".to_owned(), "b".to_owned()];
        for (value, expected) in cases {
            let outcome = check(kind, true, &choices, value);
            assert_eq!(outcome, expected.map_err(str::to_owned), "{} {value}", kind.name());
        }
    }

    #[test]
    fn patterns_match_the_whole_text() {
        let pattern = text("[a-z]+|[0-9]{2}");
        for kind in
            [InputKind::String { validator: pattern.clone() }, InputKind::Secret { validator: pattern }]
        {
            let refused = Err("it must match the pattern `[a-z]+|[0-9]{2}`");
            check_all(
                &kind,
                &[
                    (json!("abc"), Ok(())),
                    (json!("12"), Ok(())),
                    (json!("123"), refused),
                    (json!("abc1"), refused),
                    (json!("abc\n"), refused),
                    (json!(""), refused),
                ],
            );
        }
        let password = InputKind::String { validator: text("(?=.*[0-9])(?=.*[a-z]).{4,}") };
        let refused = Err("it must match the pattern `(?=.*[0-9])(?=.*[a-z]).{4,}`");
        check_all(&password, &[(json!("abc1"), Ok(())), (json!("abcd"), refused)]);
        let broken = check(&InputKind::String { validator: text("(") }, true, &[], &json!("x"));
        assert!(broken.unwrap_err().starts_with("its validator `(` is not a usable pattern"));
        let greedy = InputKind::String { validator: text(r"(a|a|b?\1)*(?=c)") };
        let endless = check(&greedy, true, &[], &json!("a".repeat(60)));
        assert!(endless.unwrap_err().contains("takes too long"));
    }

    #[test]
    fn numbers_keep_their_bounds() {
        check_all(
            &InputKind::Int { min: Some(10), max: Some(20) },
            &[
                (json!(10), Ok(())),
                (json!(20), Ok(())),
                (json!(9), Err("it must be more than `10`")),
                (json!(21), Err("it must be less than `20`")),
            ],
        );
        check_all(
            &InputKind::Float { min: Some(0.1), max: Some(2.0) },
            &[
                (json!(0.1), Ok(())),
                (json!(2.0), Ok(())),
                (json!(0.05), Err("it must be more than `0.1`")),
                (json!(2.5), Err("it must be less than `2.0`")),
            ],
        );
    }

    #[test]
    fn dates_and_durations_keep_their_bounds() {
        check_all(
            &InputKind::Datetime {
                after: text("2024-01-01T00:00:00Z"),
                before: text("2024-12-31T00:00:00Z"),
            },
            &[
                (json!("2024-01-01T00:00:00Z"), Ok(())),
                (json!("2023-12-31T23:59:59Z"), Err("it must be after `2024-01-01T00:00:00Z`")),
                (json!("2024-12-31T00:00:00.001Z"), Err("it must be before `2024-12-31T00:00:00Z`")),
            ],
        );
        check_all(
            &InputKind::Date { after: text("2024-01-01"), before: text("2024-12-31") },
            &[
                (json!("2024-12-31"), Ok(())),
                (json!("2023-12-31"), Err("it must be after `2024-01-01`")),
                (json!("2025-01-01"), Err("it must be before `2024-12-31`")),
            ],
        );
        check_all(
            &InputKind::Time { after: text("08:00"), before: text("18:00") },
            &[
                (json!("08:00:00"), Ok(())),
                (json!("07:59:59"), Err("it must be after `08:00`")),
                (json!("18:00:01"), Err("it must be before `18:00`")),
            ],
        );
        check_all(
            &InputKind::Duration { min: text("PT10S"), max: text("PT1H") },
            &[
                (json!("PT10S"), Ok(())),
                (json!("PT9S"), Err("It must be more than `PT10S`")),
                (json!("PT1H1S"), Err("It must be less than `PT1H`")),
            ],
        );
    }

    #[test]
    fn choices_are_kept_unless_told_otherwise() {
        let select = |allow_custom_value| InputKind::Select {
            values: vec![],
            expression: None,
            allow_custom_value,
            auto_select_first: false,
        };
        check_all(
            &select(false),
            &[(json!("a"), Ok(())), (json!("c"), Err("it must match the values `[a, b]`"))],
        );
        check_all(&select(true), &[(json!("c"), Ok(()))]);
        assert_eq!(check(&select(false), false, &[], &json!("c")), Ok(()), "an optional choice is free");
        let several = |allow_custom_value| InputKind::Multiselect {
            values: vec![],
            expression: None,
            item_type: "STRING".to_owned(),
            allow_custom_value,
        };
        check_all(
            &several(false),
            &[
                (json!(["b", "a"]), Ok(())),
                (json!([]), Ok(())),
                (json!(["a", "c"]), Err("it must match the values `[a, b]`")),
            ],
        );
        check_all(&several(true), &[(json!(["c"]), Ok(()))]);
    }

    #[test]
    fn files_and_addresses() {
        let csv = InputKind::File { allowed_file_extensions: vec![".csv".to_owned(), ".txt".to_owned()] };
        check_all(
            &csv,
            &[
                (json!("kestra:///a/b.CSV"), Ok(())),
                (json!("kestra:///a/b.json"), Err("its file name must end with one of `[.csv, .txt]`")),
            ],
        );
        check_all(&InputKind::File { allowed_file_extensions: vec![] }, &[(json!("kestra:///a"), Ok(()))]);
        let refused = Err("The input must be a valid email");
        check_all(
            &InputKind::Email,
            &[
                (json!("a.b+c@example.com"), Ok(())),
                (json!(""), Ok(())),
                (json!("x@y"), Ok(())),
                (json!("x"), refused),
                (json!("a b@c"), refused),
                (json!("a@b@c"), refused),
            ],
        );
    }
}
