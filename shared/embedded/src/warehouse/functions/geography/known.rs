//! Geographies that were read before. A statement asks for the same polygon in many rows.

use super::shape::{Geography, polygon};
use super::{geojson, text};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// How many geographies a thread keeps.
const KEPT: usize = 64;
/// Shorter texts are read faster than found.
const SHORTEST: usize = 200;
/// Longer texts are not kept.
const LONGEST: usize = 1 << 20;

/// A geography and its text.
pub(super) struct Known {
    pub(super) geography: Geography,
    pub(super) text: String,
}

struct Entry {
    given: String,
    own: Rc<Known>,
}

thread_local! {
    static ENTRIES: RefCell<VecDeque<Entry>> = const { RefCell::new(VecDeque::new()) };
}

/// The geography of a text: WKT, or GeoJSON from a file that was loaded.
pub(super) fn known(given: &str) -> Result<Rc<Known>, String> {
    let is_kept = (SHORTEST..=LONGEST).contains(&given.len());
    if is_kept && let Some(found) = found(given) {
        return Ok(found);
    }
    let geography =
        if given.trim_start().starts_with('{') { geojson::read(given)? } else { text::read(given, polygon)? };
    let own = Rc::new(Known { text: text::write(&geography), geography });
    if is_kept {
        ENTRIES.with_borrow_mut(|entries| {
            entries.push_front(Entry { given: given.to_owned(), own: Rc::clone(&own) });
            entries.truncate(KEPT);
        });
    }
    Ok(own)
}

fn found(given: &str) -> Option<Rc<Known>> {
    ENTRIES.with_borrow(|entries| {
        entries
            .iter()
            .find(|entry| entry.own.text == given || entry.given == given)
            .map(|entry| Rc::clone(&entry.own))
    })
}
