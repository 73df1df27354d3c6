//! Cron expressions of Schedule triggers (docs/kestra.md 5.2). They have five fields, or six with the seconds first, or
//! are a nickname such as `@daily`. The scheduler finds the next date.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use croner::time::Weekday;
use jiff::ToSpan as _;
use jiff::civil::date;

/// Reads a cron expression.
///
/// # Errors
/// The problem in Kestra's words: ``invalid cron expression '..': ..``.
pub fn parse_cron(expression: &str, with_seconds: bool) -> Result<Cron, String> {
    let refused = |why: &str| Err(format!("invalid cron expression '{expression}': {why}"));
    let text = expression.trim();
    let text = if text.eq_ignore_ascii_case("@midnight") { "@daily" } else { text };
    let fields = text.split_whitespace().count();
    let wanted = if with_seconds { 6 } else { 5 };
    if !text.starts_with('@') && fields != wanted {
        return refused(&format!("it has {fields} fields instead of {wanted}"));
    }
    // The cron parser accepts `+` as an extension. Kestra does not.
    if text.contains('+') {
        return refused("'+' is not allowed");
    }
    let seconds = if with_seconds { Seconds::Required } else { Seconds::Disallowed };
    let parser = CronParser::builder().seconds(seconds).year(Year::Disallowed).build();
    parser.parse(text).or_else(|error| refused(&error.to_string()))
}

/// Whether the cron matches any day. The 30th of February does not exist. The calendar repeats every 28 years.
pub fn has_a_day(cron: &Cron) -> bool {
    let first = date(2000, 1, 1);
    first.series(1.day()).take(28 * 366).any(|day| {
        let [month, of_month] = [day.month(), day.day()].map(|number| u32::from(number.unsigned_abs()));
        let weekday =
            Weekday::from_days_from_sunday(u32::from(day.weekday().to_sunday_zero_offset().unsigned_abs()));
        cron.pattern.month_match(month).unwrap_or(false)
            && cron.pattern.day_match(i32::from(day.year()), month, of_month, weekday).unwrap_or(false)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read() {
        for text in [
            "* * * * *",
            "0 9 1 * *",
            "*/5 0-6 1,15 JAN-MAR MON",
            "@daily",
            "@midnight",
            "0 0 * * 7",
            "0 0 L * *",
        ] {
            assert!(parse_cron(text, false).is_ok(), "{text}: {:?}", parse_cron(text, false));
        }
        assert!(parse_cron("*/10 * * * * *", true).is_ok());
        assert!(parse_cron("@hourly", true).is_ok());
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "* * * *", "* * * * * *", "60 * * * *", "a b c d e", "@never", "0 0 * * +1", "é é é é é"]
        {
            let problem = parse_cron(text, false).unwrap_err();
            assert!(problem.starts_with("invalid cron expression '"), "{problem}");
        }
        assert!(parse_cron("* * * * *", true).is_err());
    }
}
