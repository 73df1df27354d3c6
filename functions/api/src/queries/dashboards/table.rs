//! Computes the result of a chart from its rows. No IO, and no clock.

use super::conditions::{Compiled, Row};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, Unit, ZonedRound};
use segue_model::dashboard::data::{Aggregate, Cell, Column, Data};
use segue_model::{Json, Map};
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

/// The length of the periods of dates in groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Period {
    Minute,
    Hour,
    Day,
    Week,
    Month,
}

impl Period {
    /// The periods of a window, as Kestra chooses them.
    pub(super) fn of(window: SignedDuration) -> Self {
        match window.as_hours() {
            hours if hours >= 24 * 366 => Self::Month,
            hours if hours >= 24 * 181 => Self::Week,
            hours if hours >= 24 * 2 => Self::Day,
            hours if hours >= 7 => Self::Hour,
            _ => Self::Minute,
        }
    }

    /// The start of the period that a date is in, in UTC. A week starts on Monday.
    fn start(self, date: Timestamp) -> Timestamp {
        let zoned = date.to_zoned(TimeZone::UTC);
        let to = |unit| zoned.round(ZonedRound::new().smallest(unit).mode(jiff::RoundMode::Trunc));
        let start = match self {
            Self::Minute => to(Unit::Minute),
            Self::Hour => to(Unit::Hour),
            Self::Day => to(Unit::Day),
            Self::Week => {
                let days = Span::new().days(zoned.weekday().to_monday_zero_offset());
                to(Unit::Day).and_then(|day| day.checked_sub(days))
            }
            Self::Month => zoned.first_of_month().and_then(|day| day.start_of_day()),
        };
        start.map_or(date, |start| start.timestamp())
    }
}

/// A group of rows.
struct Group<'r, R> {
    cells: Vec<Option<Cell>>,
    rows: Vec<&'r R>,
}

/// The entries of a chart with rows: the rows that meet the conditions, or their groups.
pub(super) fn table<R: Row>(
    data: &Data,
    conditions: &[Compiled<'_>],
    rows: &[R],
    period: Period,
) -> Vec<Map> {
    let kept = rows.iter().filter(|row| conditions.iter().all(|condition| condition.holds_for(*row)));
    let mut entries: Vec<Vec<Option<Cell>>> = if data.columns.iter().all(|column| column.aggregate.is_none())
    {
        kept.map(|row| data.columns.iter().map(|column| cell(row, column)).collect()).collect()
    } else {
        let groups = groups(data, kept, period);
        let mut entries: Vec<Vec<Option<Cell>>> = groups.iter().map(|group| entry(data, group)).collect();
        entries.sort_by(|left, right| {
            let pairs = left.iter().zip(right).zip(&data.columns);
            let of_groups = pairs.filter(|(_, column)| column.aggregate.is_none());
            of_groups.fold(Ordering::Equal, |found, ((left, right), _)| {
                found.then(compare(left.as_ref(), right.as_ref()))
            })
        });
        entries
    };
    sort(data, &mut entries);
    entries
        .into_iter()
        .map(|cells| {
            data.columns.iter().map(|column| column.key.clone()).zip(cells.iter().map(json)).collect()
        })
        .collect()
}

fn groups<'r, R: Row>(data: &Data, rows: impl Iterator<Item = &'r R>, period: Period) -> Vec<Group<'r, R>> {
    let mut groups: Vec<Group<'r, R>> = Vec::new();
    let mut known: HashMap<Vec<String>, usize> = HashMap::new();
    for row in rows {
        let cells: Vec<Option<Cell>> = data
            .columns
            .iter()
            .filter(|column| column.aggregate.is_none())
            .map(|column| match cell(row, column) {
                Some(Cell::Date(date)) => Some(Cell::Date(period.start(date))),
                other => other,
            })
            .collect();
        let name: Vec<String> = cells.iter().map(|cell| json(cell).to_string()).collect();
        let index = *known.entry(name).or_insert_with(|| {
            groups.push(Group { cells, rows: Vec::new() });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(index) {
            group.rows.push(row);
        }
    }
    // Without columns that make groups, there is one group, also without rows.
    if groups.is_empty() && data.columns.iter().all(|column| column.aggregate.is_some()) {
        groups.push(Group { cells: Vec::new(), rows: Vec::new() });
    }
    groups
}

fn entry<R: Row>(data: &Data, group: &Group<'_, R>) -> Vec<Option<Cell>> {
    let mut own = group.cells.iter();
    let of = |column: &Column| match column.aggregate {
        None => own.next().cloned().flatten(),
        Some(aggregate) => aggregated(column, aggregate, &group.rows),
    };
    data.columns.iter().map(of).collect()
}

/// The number of a chart with one number. None: there is no number, such as the mean of nothing.
pub(super) fn number<R: Row>(
    data: &Data,
    numerator: &[Compiled<'_>],
    is_percentage: bool,
    conditions: &[Compiled<'_>],
    rows: &[R],
) -> Option<f64> {
    let column = data.columns.first()?;
    let aggregate = column.aggregate?;
    let hold =
        |conditions: &[Compiled<'_>], row: &R| conditions.iter().all(|condition| condition.holds_for(row));
    let all: Vec<&R> = rows.iter().filter(|row| hold(conditions, row)).collect();
    let chosen: Vec<&R> = all.iter().copied().filter(|row| hold(numerator, row)).collect();
    let value = |rows: &[&R]| match aggregated(column, aggregate, rows) {
        Some(Cell::Number(number)) => Some(number),
        _ => None,
    };
    let part = value(&chosen)?;
    let found = if is_percentage { part / value(&all)? * 100.0 } else { part };
    // A percentage of nothing is no number.
    found.is_finite().then(|| (found * 100.0).round() / 100.0)
}

fn cell<R: Row>(row: &R, column: &Column) -> Option<Cell> {
    column.field.and_then(|field| row.cell(field, column.label_key.as_deref()))
}

fn aggregated<R: Row>(column: &Column, aggregate: Aggregate, rows: &[&R]) -> Option<Cell> {
    if column.field.is_none() {
        return Some(Cell::Number(rows.len() as f64));
    }
    let cells = rows.iter().filter_map(|row| cell(*row, column));
    match aggregate {
        Aggregate::Count => Some(Cell::Number(cells.count() as f64)),
        Aggregate::CountDistinct => {
            let different: BTreeSet<String> = cells.map(|cell| json(&Some(cell)).to_string()).collect();
            Some(Cell::Number(different.len() as f64))
        }
        Aggregate::Min => cells.min_by(|left, right| compare(Some(left), Some(right))),
        Aggregate::Max => cells.max_by(|left, right| compare(Some(left), Some(right))),
        Aggregate::Sum | Aggregate::Avg => {
            let numbers: Vec<f64> = cells
                .filter_map(|cell| match cell {
                    Cell::Number(number) => Some(number),
                    Cell::Text(_) | Cell::Date(_) => None,
                })
                .collect();
            let sum: f64 = numbers.iter().sum();
            let count = if aggregate == Aggregate::Avg { numbers.len() as f64 } else { 1.0 };
            (!numbers.is_empty()).then_some(Cell::Number(sum / count))
        }
    }
}

/// Sorts by the columns of the chart's order.
fn sort(data: &Data, entries: &mut [Vec<Option<Cell>>]) {
    let by: Vec<(usize, bool)> = data
        .order
        .iter()
        .filter_map(|order| {
            let at = data.columns.iter().position(|column| column.key == order.column)?;
            Some((at, order.is_descending))
        })
        .collect();
    if by.is_empty() {
        return;
    }
    entries.sort_by(|left, right| {
        by.iter().fold(Ordering::Equal, |found, (at, is_descending)| {
            found.then_with(|| {
                let (left, right) =
                    (left.get(*at).and_then(Option::as_ref), right.get(*at).and_then(Option::as_ref));
                // Absent values are last in both directions.
                if *is_descending && left.is_some() && right.is_some() {
                    compare(right, left)
                } else {
                    compare(left, right)
                }
            })
        })
    });
}

fn compare(left: Option<&Cell>, right: Option<&Cell>) -> Ordering {
    match (left, right) {
        (Some(left), Some(right)) => left.partial_cmp(right).unwrap_or(Ordering::Equal),
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
    }
}

/// A value in a result. A whole number has no fraction.
fn json(cell: &Option<Cell>) -> Json {
    match cell {
        None => Json::Null,
        Some(Cell::Text(text)) => Json::String(text.clone()),
        Some(Cell::Date(date)) => Json::String(date.to_string()),
        Some(Cell::Number(number)) => number_json(*number),
    }
}

/// A number in a result.
pub(super) fn number_json(number: f64) -> Json {
    /// Above this, not every whole number is a floating-point number.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "the number is whole and within 53 bits")]
        return Json::from(number as i64);
    }
    Json::from(number)
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
