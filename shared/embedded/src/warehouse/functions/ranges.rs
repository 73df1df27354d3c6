//! The texts of RANGE: `[2024-01-01, UNBOUNDED)`.
//!
//! The module must not know how DuckDB keeps a range. To add a type of bounds, add a branch in [`shown`].

use super::{Outcome, times};

/// The word for a bound that is missing.
pub(crate) const UNBOUNDED: &str = "UNBOUNDED";

const DAY: i64 = 86_400_000_000;

/// The two bounds of a range, in microseconds since 1970. `None`: unbounded.
pub(crate) type Bounds = (Option<i64>, Option<i64>);

/// Calls the function `name`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    let is_start = match name {
        "range_start" => true,
        "range_end" => false,
        _ => return None,
    };
    Some(match arguments {
        [kind, text] => read(kind, text, false).map(|(start, end)| {
            Some(match (is_start, start, end) {
                (true, Some(own), _) | (false, _, Some(own)) => shown(kind, own),
                (true, None, _) => "-infinity".to_owned(),
                (false, _, None) => "infinity".to_owned(),
            })
        }),
        _ => Err(format!("{name} needs a type and a text")),
    })
}

/// Reads the text of a range with bounds of the type `kind`. `strict`: as a literal, without other blanks than the one
/// after the comma. The error is BigQuery's message.
pub(crate) fn read(kind: &str, text: &str, strict: bool) -> Result<Bounds, String> {
    let shape =
        || format!("Invalid RANGE value: '{text}': a range must be formatted exactly as [START, END)");
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(')')).ok_or_else(shape)?;
    let (start, end) = inner.split_once(',').filter(|(_, end)| !end.contains(',')).ok_or_else(shape)?;
    if strict && (start.trim() != start || end.strip_prefix(' ').is_none_or(|end| end.trim() != end)) {
        return Err(shape());
    }
    let (start, end) = (bound(kind, start.trim())?, bound(kind, end.trim())?);
    if start.zip(end).is_some_and(|(start, end)| start >= end) {
        return Err(format!("Invalid RANGE value: '{text}': the start of a range must be less than its end"));
    }
    Ok((start, end))
}

fn bound(kind: &str, text: &str) -> Result<Option<i64>, String> {
    if text.eq_ignore_ascii_case(UNBOUNDED) || text.eq_ignore_ascii_case("NULL") {
        return Ok(None);
    }
    times::parse(&kind.to_lowercase(), text).map(Some)
}

/// The text of a range with bounds of the type `kind`, as CAST writes it.
pub(crate) fn print(kind: &str, (start, end): Bounds) -> String {
    let own = |bound: Option<i64>| bound.map_or_else(|| UNBOUNDED.to_owned(), |micros| shown(kind, micros));
    format!("[{}, {})", own(start), own(end))
}

fn shown(kind: &str, micros: i64) -> String {
    match kind {
        "DATE" => times::print_date(micros.div_euclid(DAY)),
        "DATETIME" => times::print_datetime(micros),
        _ => format!("{}+00", times::print_datetime(micros)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_and_written() {
        for (kind, text) in [
            ("DATE", "[2022-12-01, 2022-12-31)"),
            ("DATE", "[UNBOUNDED, 2022-12-31)"),
            ("DATETIME", "[2022-10-01 14:53:27, 2022-10-01 16:00:00.500)"),
            ("TIMESTAMP", "[2022-10-01 21:53:27+00, UNBOUNDED)"),
        ] {
            assert_eq!(print(kind, read(kind, text, true).unwrap()), text);
        }
        assert_eq!(read("DATE", "[null,unbounded )", false), Ok((None, None)));
        for text in
            ["", "[2020-01-01)", "[2020-01-01,2020-01-02)", "[2020-01-01, 2020-01-01)", "[2020-01-01, x)"]
        {
            assert!(read("DATE", text, true).is_err(), "{text}");
        }
    }
}
