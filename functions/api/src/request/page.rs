//! Reads the page of a list from a query: `page` (from 1), `size` and `sort=field:asc` (docs/kestra.md 6.1).

use super::query::Query;
use crate::error::{Answer, ApiError};
use segue_api_types as types;

/// The largest `size` of a page, in entries.
const LARGEST: u32 = 10_000;

/// The requested page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// The number of entries before the page.
    pub(crate) offset: u32,
    /// The largest number of entries on the page.
    pub(crate) limit: u32,
    /// The field to sort by, and whether the order is ascending. None for the default order.
    pub(crate) sort: Option<(String, bool)>,
}

impl Page {
    /// Reads `page` (default 1), `size` (default 10) and `sort`. If `sort` occurs more than once, the first value
    /// counts.
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
        Ok(Self { offset, limit: size, sort: query.text("sort").map(sort).transpose()? })
    }

    /// The field to sort by, and whether the order is ascending. A field that is not in `fields` is refused.
    pub(crate) fn order<'a>(&self, fields: &[&'a str]) -> Answer<Option<(&'a str, bool)>> {
        let Some((field, is_ascending)) = &self.sort else { return Ok(None) };
        match fields.iter().find(|known| *known == field) {
            Some(known) => Ok(Some((known, *is_ascending))),
            None => Err(ApiError::argument(format!(
                "sort: the field '{field}' cannot be used for sorting; use one of {}",
                fields.join(", ")
            ))),
        }
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
        assert_eq!(page("").unwrap(), Page { offset: 0, limit: 10, sort: None });
        let third = page("page=3&size=5&sort=id:desc").unwrap();
        assert_eq!((third.offset, third.limit), (10, 5));
        assert_eq!(third.order(&["id"]).unwrap(), Some(("id", false)));
        assert!(third.order(&["namespace"]).is_err());
        assert_eq!(third.cut((0..12).collect()), [10, 11]);
        for wrong in ["page=0", "size=0", "size=10001", "page=x", "page=4294967295&size=10000", "sort=a:b"] {
            assert!(page(wrong).is_err(), "{wrong}");
        }
    }
}
