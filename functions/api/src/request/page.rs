//! Reads the page of a list from a query: `page` (from 1), `size` and `sort=field:asc` (docs/kestra.md 6.1).

use super::query::Query;
use crate::error::{Answer, ApiError};
use segue_api_types as types;
use std::cmp::Ordering;

/// The largest `size` of a page, in entries.
const LARGEST: u32 = 10_000;

/// The requested page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// The number of entries before the page.
    pub(crate) offset: u32,
    /// The largest number of entries on the page.
    pub(crate) limit: u32,
    /// The fields to sort by, each with whether the order is ascending. Empty for the default order.
    pub(crate) sort: Vec<(String, bool)>,
}

/// Compares two entries by one field.
pub(crate) type Compare<T> = fn(&T, &T) -> Ordering;

impl Page {
    /// Reads `page` (default 1), `size` (default 10) and `sort`, which may occur more than once.
    pub(crate) fn from_query(query: &Query) -> Answer<Self> {
        let page = query.number("page")?.unwrap_or(1);
        let size = query.number("size")?.unwrap_or(10);
        if page < 1 {
            return Err(ApiError::argument("page: must be greater than or equal to 1"));
        }
        if !(1..=LARGEST).contains(&size) {
            return Err(ApiError::argument(format!("size: must be between 1 and {LARGEST}")));
        }
        let offset = (page - 1)
            .checked_mul(size)
            .ok_or_else(|| ApiError::argument(format!("page: {page} is too large")))?;
        let texts = query.all("sort").flat_map(|text| text.split(',')).filter(|text| !text.is_empty());
        Ok(Self { offset, limit: size, sort: texts.map(sort).collect::<Answer<_>>()? })
    }

    /// Sorts a complete list by the fields of the request. A field that is not in `fields` is refused. Without fields
    /// in the request, the order stays.
    pub(crate) fn arrange<T>(&self, items: &mut [T], fields: &[(&str, Compare<T>)]) -> Answer<()> {
        let mut by = Vec::new();
        for (field, is_ascending) in &self.sort {
            match fields.iter().find(|(known, _)| known == field) {
                Some((_, compare)) => by.push((*compare, *is_ascending)),
                None => {
                    let known: Vec<&str> = fields.iter().map(|(known, _)| *known).collect();
                    return Err(ApiError::argument(format!(
                        "sort: the field '{field}' cannot be used for sorting; use one of {}",
                        known.join(", ")
                    )));
                }
            }
        }
        if by.is_empty() {
            return Ok(());
        }
        items.sort_by(|left, right| {
            by.iter().fold(Ordering::Equal, |found, (compare, is_ascending)| {
                let next = || compare(left, right);
                found.then_with(|| if *is_ascending { next() } else { next().reverse() })
            })
        });
        Ok(())
    }

    /// Returns the page of a complete list.
    pub(crate) fn cut<T>(&self, items: Vec<T>) -> Vec<T> {
        let (offset, limit) = (self.offset as usize, self.limit as usize);
        items.into_iter().skip(offset).take(limit).collect()
    }
}

fn sort(text: &str) -> Answer<(String, bool)> {
    match text.split_once(':') {
        None => Ok((text.to_owned(), true)),
        Some((field, order)) if order.eq_ignore_ascii_case("asc") => Ok((field.to_owned(), true)),
        Some((field, order)) if order.eq_ignore_ascii_case("desc") => Ok((field.to_owned(), false)),
        Some(_) => {
            Err(ApiError::argument(format!("sort: '{text}' is not of the form field:asc or field:desc")))
        }
    }
}

/// The answer with one page. `total` counts the entries of all pages.
pub(crate) fn paged<T>(results: Vec<T>, total: u64) -> types::Page<T> {
    types::Page { results, total }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_count_from_one() {
        let page = |text: &str| Page::from_query(&Query::read(text));
        assert_eq!(page("").unwrap(), Page { offset: 0, limit: 10, sort: Vec::new() });
        let third = page("page=3&size=5").unwrap();
        assert_eq!((third.offset, third.limit), (10, 5));
        assert_eq!(third.cut((0..12).collect()), [10, 11]);
        for wrong in ["page=0", "size=0", "size=10001", "page=x", "page=4294967295&size=10000", "sort=a:b"] {
            assert!(page(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn entries_are_sorted_by_several_fields() {
        let page = |text: &str| Page::from_query(&Query::read(text)).unwrap();
        let fields: [(&str, Compare<(u8, char)>); 2] =
            [("number", |left, right| left.0.cmp(&right.0)), ("letter", |left, right| left.1.cmp(&right.1))];
        let mut items = [(1, 'b'), (2, 'a'), (1, 'a')];
        page("sort=number:desc&sort=letter:asc").arrange(&mut items, &fields).unwrap();
        assert_eq!(items, [(2, 'a'), (1, 'a'), (1, 'b')]);
        page("").arrange(&mut items, &fields).unwrap();
        assert_eq!(items, [(2, 'a'), (1, 'a'), (1, 'b')]);
        assert!(page("sort=colour").arrange(&mut items, &fields).unwrap_err().message().contains("colour"));
    }
}
