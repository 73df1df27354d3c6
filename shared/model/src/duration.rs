//! ISO-8601 durations as flows write them: `PT10S`, `P1D`, `PT1H30M`, `P2W`, `-PT5S`, `PT0.5S`. A day has 24 hours.
//! Months and years have no fixed length and are rejected.

use jiff::SignedDuration;

/// Reads an ISO-8601 duration.
///
/// # Errors
/// The problem, as the end of a sentence that begins with the name of the property.
pub fn parse_duration(text: &str) -> Result<SignedDuration, String> {
    let refused = |why: &str| format!("'{text}' is not an ISO-8601 duration such as PT10S or P1D: {why}");
    let upper = text.trim().to_ascii_uppercase();
    let (negative, rest) = match upper.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, upper.strip_prefix('+').unwrap_or(&upper)),
    };
    let rest = rest.strip_prefix('P').ok_or_else(|| refused("it does not start with P"))?;
    let (date, time) = match rest.split_once('T') {
        Some((_, "")) => return Err(refused("nothing follows the T")),
        Some((date, time)) => (date, time),
        None => (rest, ""),
    };
    if date.is_empty() && time.is_empty() {
        return Err(refused("nothing follows the P"));
    }
    let units =
        [("W", 604_800, true), ("D", 86_400, true), ("H", 3_600, false), ("M", 60, false), ("S", 1, false)];
    let mut total = SignedDuration::ZERO;
    let (mut left_date, mut left_time) = (date, time);
    for (unit, seconds, of_date) in units {
        let left = if of_date { &mut left_date } else { &mut left_time };
        let Some((number, after)) = left.split_once(unit) else { continue };
        let amount = amount(number, unit == "S")
            .ok_or_else(|| refused(&format!("'{number}' before {unit} is not a number")))?;
        let amount = amount.checked_mul(seconds).ok_or_else(|| refused("it is too long"))?;
        total = total.checked_add(amount).ok_or_else(|| refused("it is too long"))?;
        *left = after;
    }
    if left_date.contains(['Y', 'M']) {
        return Err(refused("months and years have no fixed length; use days"));
    }
    if !left_date.is_empty() || !left_time.is_empty() {
        return Err(refused(&format!("'{left_date}{left_time}' cannot be read")));
    }
    if negative { total.checked_neg().ok_or_else(|| refused("it is too long")) } else { Ok(total) }
}

/// A whole number of units. With `fraction`, up to nine digits after the decimal point are allowed.
fn amount(text: &str, fraction: bool) -> Option<SignedDuration> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, nanos) = match digits.split_once(['.', ',']) {
        Some((whole, parts)) if fraction && (1..=9).contains(&parts.len()) && is_digits(parts) => {
            (whole, format!("{parts:0<9}").parse().ok()?)
        }
        Some(_) => return None,
        None => (digits, 0),
    };
    if !is_digits(whole) {
        return None;
    }
    let amount = SignedDuration::new(whole.parse().ok()?, nanos);
    if negative { amount.checked_neg() } else { Some(amount) }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A duration as Java prints it: `PT1H2M3.5S`, days as hours.
pub fn iso_duration(duration: jiff::SignedDuration) -> String {
    let total = duration.as_secs();
    let (hours, minutes, seconds) = (total / 3600, total % 3600 / 60, total % 60);
    let nanos = duration.subsec_nanos();
    let mut text = String::from("PT");
    if hours != 0 {
        text.push_str(&format!("{hours}H"));
    }
    if minutes != 0 {
        text.push_str(&format!("{minutes}M"));
    }
    if seconds != 0 || nanos != 0 || text.len() == 2 {
        let fraction = format!("{:09}", nanos.abs());
        let fraction = fraction.trim_end_matches('0');
        let dot = if fraction.is_empty() { "" } else { "." };
        text.push_str(&format!("{seconds}{dot}{fraction}S"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, millis) in [
            ("PT10S", 10_000),
            ("P1D", 86_400_000),
            ("PT1H30M", 5_400_000),
            ("P2W", 1_209_600_000),
            ("P1DT1M", 86_460_000),
            ("pt0.5s", 500),
            ("-PT5S", -5_000),
            ("PT-5S", -5_000),
            ("PT0S", 0),
        ] {
            assert_eq!(parse_duration(text), Ok(SignedDuration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "P",
            "PT",
            "10",
            "10s",
            "P1M",
            "P1Y",
            "PT1.5H",
            "PT1S1M",
            "P1H",
            "PTS",
            "PT99999999999999999999S",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        assert!(parse_duration("PT9223372036854775807H").unwrap_err().contains("too long"));
    }

    #[test]
    fn durations_print_as_java_prints_them() {
        assert_eq!(iso_duration(SignedDuration::ZERO), "PT0S");
        assert_eq!(iso_duration(SignedDuration::from_millis(3_723_500)), "PT1H2M3.5S");
        assert_eq!(iso_duration(SignedDuration::from_secs(60)), "PT1M");
    }
}
