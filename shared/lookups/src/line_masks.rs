//! Masks the secrets of all running attempts in the log of the service. The log of an attempt has its own masker.

use segue_template::Masker;
use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError, Weak};

static LIVE: Mutex<Vec<Weak<Masker>>> = Mutex::new(Vec::new());

/// Adds a masker to [`mask_line`]. Its secrets are masked until the masker is dropped.
pub fn mask_lines_by(masker: &Arc<Masker>) {
    let mut live = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
    live.retain(|known| known.strong_count() > 0);
    live.push(Arc::downgrade(masker));
}

/// Masks the secrets of all running attempts in a line.
pub fn mask_line(line: &str) -> Cow<'_, str> {
    let live: Vec<_> =
        LIVE.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect();
    let mut masked = Cow::Borrowed(line);
    for masker in live {
        if let Cow::Owned(without) = masker.apply(&masked) {
            masked = Cow::Owned(without);
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_as_long_as_it_is_known() {
        let masker = Arc::new(Masker::default());
        mask_lines_by(&masker);
        masker.add("correct horse battery staple");
        let line = "the password is correct horse battery staple";
        assert_eq!(mask_line(line), "the password is ******");
        drop(masker);
        assert_eq!(mask_line(line), line);
    }
}
