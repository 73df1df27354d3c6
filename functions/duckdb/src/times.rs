//! Texts of dates, times and intervals, in the whole range of DuckDB.

/// The nanoseconds of a day.
const DAY: i128 = 86_400_000_000_000;
const SECOND: i64 = 1_000_000_000;

/// A day, counted from the first of 1970, as `2024-01-31`.
pub(crate) fn date(days: i32) -> String {
    match days {
        i32::MAX => "infinity".to_owned(),
        // DuckDB's smallest value, which is not i32::MIN.
        days if days == -i32::MAX => "-infinity".to_owned(),
        days => day(i64::from(days)),
    }
}

fn day(days: i64) -> String {
    // Converts to the proleptic Gregorian calendar in cycles of 400 years that begin in March.
    let shifted = days + 719_468;
    let (cycle, day_of_cycle) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let leap_days = day_of_cycle / 1460 - day_of_cycle / 36_524 + day_of_cycle / 146_096;
    let year_of_cycle = (day_of_cycle - leap_days) / 365;
    let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_cycle + cycle * 400 + i64::from(month <= 2);
    let sign = if year < 0 { "-" } else { "" };
    format!("{sign}{:04}-{month:02}-{day:02}", year.abs())
}

/// Nanoseconds of a day, as `10:00:00.5`.
pub(crate) fn clock(nanos: i64) -> String {
    let seconds = nanos / SECOND;
    let whole = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{whole}{}", fraction(nanos % SECOND))
}

/// Nanoseconds from the first of 1970, as `2024-01-31T10:00:00`.
pub(crate) fn date_time(nanos: i128) -> String {
    let (days, of_day) = (nanos.div_euclid(DAY), nanos.rem_euclid(DAY));
    let days = i64::try_from(days).unwrap_or_default();
    format!("{}T{}", day(days), clock(i64::try_from(of_day).unwrap_or_default()))
}

/// An interval as `P1Y2M3DT4H5M6.5S`, the form of the intervals of PostgreSQL.
pub(crate) fn interval(months: i32, days: i32, nanos: i64) -> String {
    let seconds = nanos / SECOND;
    let sign = if nanos < 0 && seconds % 60 == 0 && nanos % SECOND != 0 { "-" } else { "" };
    format!(
        "P{}Y{}M{days}DT{}H{}M{sign}{}{}S",
        months / 12,
        months % 12,
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        fraction((nanos % SECOND).abs())
    )
}

fn fraction(nanos: i64) -> String {
    if nanos == 0 {
        return String::new();
    }
    format!(".{nanos:09}").trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_the_whole_range() {
        for (days, expected) in [
            (0, "1970-01-01"),
            (19_753, "2024-01-31"),
            (-719_162, "0001-01-01"),
            (-735_000, "-0043-08-22"),
            (3_000_000, "10183-09-21"),
            (i32::MAX, "infinity"),
            (-i32::MAX, "-infinity"),
        ] {
            assert_eq!(date(days), expected);
        }
        assert_eq!(date_time(-1), "1969-12-31T23:59:59.999999999");
        assert_eq!(clock(86_400 * SECOND), "24:00:00");
    }

    #[test]
    fn intervals_keep_their_signs() {
        assert_eq!(interval(14, 3, 14_706 * SECOND), "P1Y2M3DT4H5M6S");
        assert_eq!(interval(0, -1, 7_380_500_000_000), "P0Y0M-1DT2H3M0.5S");
        assert_eq!(interval(0, 0, -7_250_000_000), "P0Y0M0DT0H0M-7.25S");
        assert_eq!(interval(-1, 0, -500_000_000), "P0Y-1M0DT0H0M-0.5S");
    }
}
