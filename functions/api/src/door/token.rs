//! A token that every caller must send, including other users of the same machine. Also links that let a browser in
//! without showing the token.

use axum::http::{HeaderMap, HeaderValue, header};
use segue_ports::random_name;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq as _;

/// How long a link is valid.
const LINK: Duration = Duration::from_secs(10 * 60);
/// The largest number of unused links, and of browsers. One more removes the oldest.
const MOST: usize = 32;

/// A random token, created again at each start.
pub struct Token {
    secret: String,
    /// The name of the cookie. Cookies ignore ports, so another server on this machine uses another name.
    cookie: String,
    links: Mutex<Vec<(String, Instant)>>,
    browsers: Mutex<Vec<String>>,
}

impl fmt::Debug for Token {
    /// Prints no secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("cookie", &self.cookie).finish_non_exhaustive()
    }
}

impl Token {
    /// A new token for the server at this port.
    pub fn new(port: u16) -> Self {
        Self {
            secret: random(),
            cookie: format!("segue-{port}"),
            links: Mutex::default(),
            browsers: Mutex::default(),
        }
    }

    /// The token itself, for `Authorization: Bearer …`.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// The path of a link that lets one browser in, once, within ten minutes.
    pub fn link(&self) -> String {
        self.link_at(Instant::now())
    }

    fn link_at(&self, now: Instant) -> String {
        let code = random();
        keep(&mut lock(&self.links), (code.clone(), now + LINK));
        format!("{PATH}?code={code}")
    }

    /// The cookie for the browser that opened the link with this code. None if the link was opened before, or
    /// too late.
    pub(crate) fn open(&self, code: &str, now: Instant) -> Option<HeaderValue> {
        let mut links = lock(&self.links);
        links.retain(|(_, until)| now < *until);
        let at = links.iter().position(|(known, _)| is(known, code))?;
        links.swap_remove(at);
        let browser = random();
        let cookie = format!("{}={browser}; Path=/; HttpOnly; SameSite=Strict", self.cookie);
        keep(&mut lock(&self.browsers), browser);
        HeaderValue::from_str(&cookie).ok()
    }

    /// Whether the text is the token.
    pub(super) fn is(&self, given: &str) -> bool {
        is(&self.secret, given)
    }

    /// Whether the request comes from a browser that was let in.
    pub(super) fn knows(&self, headers: &HeaderMap) -> bool {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(name, value)| {
            name == self.cookie && lock(&self.browsers).iter().any(|known| is(known, value))
        })
    }
}

/// The path of a link. Kestra has nothing at this path.
pub(crate) const PATH: &str = "/segue/open";

/// 244 random bits from the system.
fn random() -> String {
    random_name() + &random_name()
}

/// Compares two texts. The time is the same for every wrong text, so a caller cannot guess a text piece by piece.
fn is(known: &str, given: &str) -> bool {
    known.as_bytes().ct_eq(given.as_bytes()).into()
}

fn keep<T>(all: &mut Vec<T>, one: T) {
    if all.len() >= MOST {
        all.remove(0);
    }
    all.push(one);
}

fn lock<T>(all: &Mutex<T>) -> MutexGuard<'_, T> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(link: &str) -> &str {
        link.strip_prefix("/segue/open?code=").unwrap()
    }

    fn with(cookie: &HeaderValue) -> HeaderMap {
        let text = cookie.to_str().unwrap().split(';').next().unwrap();
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(&format!("a=b; {text}")).unwrap())])
    }

    #[test]
    fn a_link_lets_one_browser_in_once_and_not_for_long() {
        let (token, now) = (Token::new(8080), Instant::now());
        let link = token.link_at(now);
        assert!(token.open("", now).is_none() && token.open("x", now).is_none());
        let cookie = token.open(code(&link), now + LINK - Duration::from_secs(1)).unwrap();
        assert!(cookie.to_str().unwrap().ends_with("; Path=/; HttpOnly; SameSite=Strict"));
        assert!(token.knows(&with(&cookie)));
        assert!(token.open(code(&link), now).is_none(), "once");
        let late = token.link_at(now);
        assert!(token.open(code(&late), now + LINK).is_none(), "too late");

        let other = Token::new(8080);
        assert!(!other.knows(&with(&cookie)) && !other.knows(&HeaderMap::new()));
        assert!(!cookie.to_str().unwrap().contains(token.secret()));
    }

    #[test]
    fn the_token_is_long_random_and_never_printed() {
        let (token, other) = (Token::new(1), Token::new(1));
        assert!(token.is(token.secret()) && !token.is(other.secret()) && !token.is(""));
        assert_eq!(token.secret().len(), 64);
        assert!(!format!("{token:?}").contains(token.secret()));
    }

    #[test]
    fn links_and_browsers_are_bounded() {
        let (token, now) = (Token::new(1), Instant::now());
        let first = token.link_at(now);
        let links: Vec<_> = (0..MOST).map(|_| token.link_at(now)).collect();
        assert!(token.open(code(&first), now).is_none());
        assert!(links.iter().all(|link| token.open(code(link), now).is_some()));
    }
}
