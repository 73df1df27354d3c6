//! Which crons and time zones Cloud Scheduler has. It knows five fields of numbers, names, ranges, lists and steps.
//!
//! What Cloud Scheduler could read otherwise than Segue is refused too. A schedule without a job is ticked by delayed
//! messages, so a refusal costs little, and a job that ticks at other times would make its schedule late.
//! `terraform/flows.tf` has the same rules.

use std::ops::RangeInclusive;

/// The names of crons, as five fields.
const NAMES: [(&str, &str); 7] = [
    ("@annually", "0 0 1 1 *"),
    ("@daily", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
    ("@midnight", "0 0 * * *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@yearly", "0 0 1 1 *"),
];
const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/// The numbers of each field, and the names of the first numbers.
const FIELDS: [(RangeInclusive<u8>, &[&str]); 5] =
    [(0..=59, &[]), (0..=23, &[]), (1..=31, &[]), (1..=12, &MONTHS), (0..=7, &DAYS)];

/// The cron of a job: the text itself, or the five fields of its name.
///
/// # Errors
/// Why no job has this cron.
pub(super) fn of_job(cron: &str) -> Result<String, String> {
    let refused = |why: &str| Err(format!("Cloud Scheduler has no cron '{cron}': {why}"));
    let lower = cron.trim().to_ascii_lowercase();
    if let Some((_, fields)) = NAMES.iter().find(|(name, _)| *name == lower) {
        return Ok((*fields).to_owned());
    }
    let fields: Vec<&str> = cron.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return refused(&format!("it has {} fields instead of 5", fields.len()));
    }
    let wrong = fields.iter().zip(FIELDS).find(|(field, (numbers, names))| !is_field(field, numbers, names));
    if let Some((field, _)) = wrong {
        return refused(&format!("'{field}' is no list of numbers, ranges and steps"));
    }
    // With both kinds of days, a day that fits one of them counts. It is not documented whether a step counts as a kind.
    if let [_, _, day, _, weekday] = *fields
        && day != "*"
        && weekday != "*"
        && (day.starts_with('*') || weekday.starts_with('*'))
    {
        return refused("it has a step of days, and names other days");
    }
    Ok(fields.join(" ").to_ascii_uppercase())
}

/// The time zone of a job.
///
/// # Errors
/// Why no job has this time zone.
pub(super) fn zone_of_job(zone: Option<&str>) -> Result<&str, String> {
    let Some(zone) = zone else { return Ok("Etc/UTC") };
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "/_+-".contains(letter);
    if zone.starts_with(|letter: char| letter.is_ascii_alphabetic()) && zone.chars().all(is_part) {
        Ok(zone)
    } else {
        Err(format!("Cloud Scheduler has no time zone '{zone}': it knows names such as Europe/Paris"))
    }
}

fn is_field(field: &str, numbers: &RangeInclusive<u8>, names: &[&str]) -> bool {
    let value = |text: &str| {
        let number = text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        let name = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let named = name.and_then(|at| u8::try_from(at).ok()).map(|at| at + numbers.start());
        number.or(named).filter(|value| numbers.contains(value))
    };
    let is_range = |text: &str| match text.split_once('-') {
        Some((first, last)) => value(first).zip(value(last)).is_some_and(|(first, last)| first <= last),
        None => text == "*",
    };
    field.split(',').all(|part| match part.split_once('/') {
        Some((range, step)) => is_range(range) && step.parse().is_ok_and(|step: u8| (1..60).contains(&step)),
        None => value(part).is_some() || is_range(part),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cloud_scheduler_knows_is_kept() {
        for cron in [
            "* * * * *",
            "0 9 1 * *",
            "*/5 0-6 1,15 JAN-MAR *",
            "0 0 13 * 5",
            "0 8-18/2 * * 1-5",
            "59 23 31 12 7",
        ] {
            assert_eq!(of_job(cron).as_deref(), Ok(cron));
        }
        for (cron, fields) in
            [("@monthly", "0 0 1 * *"), (" @Daily ", "0 0 * * *"), ("0  9 1 *  mon", "0 9 1 * MON")]
        {
            assert_eq!(of_job(cron).as_deref(), Ok(fields));
        }
    }

    #[test]
    fn what_cloud_scheduler_could_read_otherwise_has_no_job() {
        for cron in [
            "0 0 9 * * *",
            "",
            "@never",
            "0 0 L * *",
            "0 0 15W * *",
            "0 0 * * 5#2",
            "0 0 ? * *",
            "0 0 * * 8",
            "0 0 13 * */2",
            "5/15 * * * *",
            "60 * * * *",
            "0 24 * * *",
            "0 0 0 * *",
            "9-5 * * * *",
            "*/0 * * * *",
            "1, * * * *",
            "+1 * * * *",
            "0 0 1 JANUARY *",
            "0 0 */2 * MON",
            "\u{e9} * * * *",
        ] {
            let refused = of_job(cron).unwrap_err();
            assert!(refused.contains(&format!("'{cron}'")), "{refused}");
        }
    }

    #[test]
    fn time_zones_have_names() {
        assert_eq!(zone_of_job(None), Ok("Etc/UTC"));
        for zone in ["Europe/Paris", "Etc/GMT+5", "America/Port-au-Prince", "UTC"] {
            assert_eq!(zone_of_job(Some(zone)), Ok(zone));
        }
        for zone in ["+02:00", "", "Z$", "UTC+02:00"] {
            assert!(zone_of_job(Some(zone)).is_err_and(|error| error.contains(zone)), "{zone}");
        }
    }
}
