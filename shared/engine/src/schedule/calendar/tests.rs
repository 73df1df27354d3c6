use super::*;
use crate::schedule::dates::offset_text;

fn calendar(cron: &str, zone: &str) -> Calendar {
    Calendar::of_cron(cron, cron.split_whitespace().count() == 6, Some(zone)).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The slots between two moments as texts. The backward search must find the same slots.
fn slots(cron: &str, zone: &str, start: &str, end: &str) -> Vec<String> {
    let calendar = calendar(cron, zone);
    let forward: Vec<_> = calendar.between(at(start), at(end)).collect();
    let last = calendar.last_until(at(end)).filter(|slot| *slot >= at(start));
    let mut backward: Vec<_> = std::iter::successors(last, |slot| calendar.previous(*slot))
        .take_while(|slot| *slot >= at(start))
        .collect();
    backward.reverse();
    assert_eq!(forward, backward, "{cron} in {zone}");
    forward.into_iter().map(|slot| offset_text(slot, calendar.zone())).collect()
}

#[test]
fn slots_of_a_cron_lie_where_the_wall_clock_says() {
    let cases: &[(&str, &str, &str, &str, &[&str])] = &[
        (
            "0 9 1 * *",
            "Europe/Paris",
            "2024-02-01T08:00:00Z",
            "2024-05-01T07:00:00Z",
            &[
                "2024-02-01T09:00:00+01:00",
                "2024-03-01T09:00:00+01:00",
                "2024-04-01T09:00:00+02:00",
                "2024-05-01T09:00:00+02:00",
            ],
        ),
        (
            "@monthly",
            "UTC",
            "2023-12-01T00:00:01Z",
            "2024-02-01T00:00:00Z",
            &["2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z"],
        ),
        (
            "@weekly",
            "UTC",
            "2024-01-01T00:00:00Z",
            "2024-01-14T00:00:00Z",
            &["2024-01-07T00:00:00Z", "2024-01-14T00:00:00Z"],
        ),
        (
            "0 0 29 2 *",
            "UTC",
            "2021-01-01T00:00:00Z",
            "2032-12-31T00:00:00Z",
            &["2024-02-29T00:00:00Z", "2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"],
        ),
        (
            "0 0 L * *",
            "UTC",
            "2024-01-01T00:00:00Z",
            "2024-04-01T00:00:00Z",
            &["2024-01-31T00:00:00Z", "2024-02-29T00:00:00Z", "2024-03-31T00:00:00Z"],
        ),
        // Day of month and day of week are both set. A day that matches one of them counts.
        (
            "0 0 13 * 5",
            "UTC",
            "2024-09-01T00:00:00Z",
            "2024-09-20T23:00:00Z",
            &["2024-09-06T00:00:00Z", "2024-09-13T00:00:00Z", "2024-09-20T00:00:00Z"],
        ),
        (
            "0 0 15 * MON",
            "UTC",
            "2024-09-08T00:00:00Z",
            "2024-09-16T23:00:00Z",
            &["2024-09-09T00:00:00Z", "2024-09-15T00:00:00Z", "2024-09-16T00:00:00Z"],
        ),
        (
            "0 0 * * 7",
            "UTC",
            "2024-09-01T00:00:00Z",
            "2024-09-08T00:00:00Z",
            &["2024-09-01T00:00:00Z", "2024-09-08T00:00:00Z"],
        ),
        (
            "*/20 30 12 * * *",
            "UTC",
            "2024-09-01T12:30:19.5Z",
            "2024-09-01T13:00:00Z",
            &["2024-09-01T12:30:20Z", "2024-09-01T12:30:40Z"],
        ),
    ];
    for (cron, zone, start, end, expected) in cases {
        assert_eq!(slots(cron, zone, start, end), *expected, "{cron} in {zone}");
    }
}

#[test]
fn the_hour_that_is_left_out_fires_once_after_it() {
    let paris = |cron| slots(cron, "Europe/Paris", "2024-03-31T00:00:00Z", "2024-03-31T02:00:00Z");
    assert_eq!(paris("30 2 * * *"), ["2024-03-31T03:00:00+02:00"]);
    assert_eq!(paris("0 2,3 * * *"), ["2024-03-31T03:00:00+02:00"], "two in one");
    assert_eq!(paris("*/20 2 * * *"), ["2024-03-31T03:00:00+02:00"]);
    assert_eq!(paris("0 3 * * *"), ["2024-03-31T03:00:00+02:00"]);
    assert_eq!(paris("0 1 * * *"), ["2024-03-31T01:00:00+01:00"]);
    assert_eq!(
        paris("30 * * * *"),
        ["2024-03-31T01:30:00+01:00", "2024-03-31T03:30:00+02:00"],
        "every hour passes over it"
    );
    let york = slots("30 2 * * *", "America/New_York", "2024-03-09T00:00:00Z", "2024-03-12T00:00:00Z");
    assert_eq!(york, ["2024-03-09T02:30:00-05:00", "2024-03-10T03:00:00-04:00", "2024-03-11T02:30:00-04:00"]);
    let whole_day = slots("0 12 * * *", "Pacific/Apia", "2011-12-28T00:00:00Z", "2011-12-31T12:00:00Z");
    assert_eq!(
        whole_day,
        [
            "2011-12-28T12:00:00-10:00",
            "2011-12-29T12:00:00-10:00",
            "2011-12-31T00:00:00+14:00",
            "2011-12-31T12:00:00+14:00"
        ],
        "a day that was left out"
    );
}

#[test]
fn the_hour_that_comes_twice_fires_once() {
    let paris = |cron| slots(cron, "Europe/Paris", "2024-10-27T00:00:00Z", "2024-10-27T02:00:00Z");
    assert_eq!(paris("30 2 * * *"), ["2024-10-27T02:30:00+02:00"]);
    assert_eq!(paris("0 2,14 * * *"), ["2024-10-27T02:00:00+02:00"]);
    assert_eq!(paris("0 3 * * *"), ["2024-10-27T03:00:00+01:00"]);
    assert_eq!(
        paris("30 * * * *"),
        ["2024-10-27T02:30:00+02:00", "2024-10-27T02:30:00+01:00"],
        "every hour goes on through both"
    );
    let york = slots("0 1 * * *", "America/New_York", "2024-11-02T12:00:00Z", "2024-11-04T12:00:00Z");
    assert_eq!(york, ["2024-11-03T01:00:00-04:00", "2024-11-04T01:00:00-05:00"]);
    let half = slots("45 1 * * *", "Australia/Lord_Howe", "2024-04-06T00:00:00Z", "2024-04-07T12:00:00Z");
    assert_eq!(half, ["2024-04-07T01:45:00+11:00"]);
}

#[test]
fn asuncion_has_no_winter_time_since_2024() {
    let noon = slots("0 12 1 * *", "America/Asuncion", "2024-06-01T00:00:00Z", "2026-02-01T00:00:00Z");
    assert!(noon.iter().take(4).all(|slot| slot.ends_with("-04:00")), "{noon:?}");
    assert_eq!(noon.iter().filter(|slot| slot.ends_with("-03:00")).count(), 15, "{noon:?}");
    assert_eq!(
        slots("0 0 * * *", "America/Asuncion", "2025-03-23T00:00:00Z", "2025-03-23T23:00:00Z").len(),
        1
    );
}

#[test]
fn both_ends_of_a_range_are_included() {
    let count = |cron, zone, start, end| slots(cron, zone, start, end).len();
    assert_eq!(count("0 9 1 * *", "UTC", "2021-01-01T00:00:00Z", "2021-07-31T23:59:59Z"), 7);
    assert_eq!(count("@monthly", "UTC", "2023-01-01T00:00:00Z", "2024-12-31T23:59:59Z"), 24);
    assert_eq!(count("@daily", "UTC", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"), 1);
    assert_eq!(count("@daily", "UTC", "2024-01-02T00:00:00Z", "2024-01-01T00:00:00Z"), 0);
    assert_eq!(count("@daily", "Europe/Paris", "2023-12-31T23:00:00Z", "2024-12-30T23:00:00Z"), 366);
}

#[test]
fn a_year_of_crons_walks_forward_only() {
    for zone in ["Europe/Paris", "America/New_York", "America/Asuncion", "Australia/Lord_Howe", "UTC"] {
        for (cron, least) in [("*/20 * * * *", 26_000), ("0 */6 * * *", 1460), ("15 2 * * 1-5", 259)] {
            let calendar = calendar(cron, zone);
            let (start, end) = (at("2024-01-01T00:00:00Z"), at("2024-12-31T23:59:59Z"));
            let all: Vec<_> = calendar.between(start, end).collect();
            assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "{cron} in {zone}");
            assert!(all.len() >= least, "{cron} in {zone}: {}", all.len());
            assert!(all.iter().step_by(97).all(|slot| calendar.has(*slot)));
        }
    }
}

#[test]
fn what_never_comes_is_none() {
    let never = calendar("0 0 30 2 *", "Europe/Paris");
    assert_eq!(never.next(at("2024-01-01T00:00:00Z")), None);
    assert_eq!(never.previous(at("2024-01-01T00:00:00Z")), None);
    assert_eq!(calendar("* * * * *", "UTC").next(Timestamp::MAX), None);
    assert_eq!(calendar("* * * * *", "UTC").previous(Timestamp::MIN), None);
}

#[test]
fn dates_are_sorted_cut_and_each_once() {
    let dates = ["2024-02-01T00:00:00.7Z", "2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z"].map(at);
    let calendar = Calendar::from_dates(dates, TimeZone::UTC);
    assert_eq!(calendar.between(Timestamp::MIN, Timestamp::MAX).count(), 2);
    assert_eq!(calendar.next(dates[1]), Some(dates[2]));
    assert_eq!(calendar.next(dates[2]), None);
    assert_eq!(calendar.previous(dates[2]), Some(dates[1]));
}

#[test]
fn a_wrong_definition_is_refused() {
    assert!(matches!(Calendar::of_cron("* * *", false, None), Err(CalendarError::Cron(_))));
    let zone = Calendar::of_cron("* * * * *", false, Some("Mars/Base")).unwrap_err();
    assert!(zone.to_string().contains("unknown time zone 'Mars/Base'"), "{zone}");
}
