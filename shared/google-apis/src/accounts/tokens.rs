//! Access tokens, in memory. A client that has a token of an earlier process gets 401, and asks for another.

use jiff::{SignedDuration, Timestamp};
use segue_ports::random_name;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long a token is valid.
const VALID: SignedDuration = SignedDuration::from_hours(1);
/// The largest number of tokens. With one more, the oldest is forgotten.
const MOST: usize = 10_000;

/// The tokens that were given out.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<HashMap<String, Given>>);

struct Given {
    email: String,
    until: Timestamp,
}

impl Tokens {
    fn given(&self) -> MutexGuard<'_, HashMap<String, Given>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new token, and the seconds it is valid.
    pub(crate) fn give(&self, email: &str, now: Timestamp) -> (String, i64) {
        let token = format!("ya29.segue-{}{}", random_name(), random_name());
        let until = now.checked_add(VALID).unwrap_or(Timestamp::MAX);
        let mut given = self.given();
        given.retain(|_, known| known.until > now);
        if given.len() >= MOST
            && let Some(oldest) =
                given.iter().min_by_key(|(_, known)| known.until).map(|(token, _)| token.clone())
        {
            given.remove(&oldest);
        }
        given.insert(token.clone(), Given { email: email.to_owned(), until });
        (token, VALID.as_secs())
    }

    /// Whether a token is valid.
    pub(crate) fn knows(&self, token: &str, now: Timestamp) -> bool {
        self.owner(token, now).is_some()
    }

    /// The account of a token, and the seconds it is still valid. None if the token is not valid.
    pub(crate) fn owner(&self, token: &str, now: Timestamp) -> Option<(String, i64)> {
        let given = self.given();
        let known = given.get(token).filter(|known| known.until > now)?;
        Some((known.email.clone(), known.until.as_second() - now.as_second()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_valid_for_an_hour() {
        let (tokens, now) = (Tokens::default(), Timestamp::UNIX_EPOCH);
        let (token, seconds) = tokens.give("a@b", now);
        assert_eq!(seconds, 3600);
        assert!(tokens.knows(&token, now) && !tokens.knows("x", now));
        assert!(tokens.knows(&token, now + SignedDuration::from_secs(3599)));
        assert!(!tokens.knows(&token, now + SignedDuration::from_secs(3600)));
    }
}
