//! Slows down callers that guess passwords.
//!
//! Each address has some free tries. After each further wrong one, the wait doubles, up to a minute. Other
//! addresses are not affected. The number of stored addresses is limited.

use axum::extract::{ConnectInfo, Request};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The number of wrong tries without a wait, because people mistype.
const FREE: u32 = 5;
/// The wait after the first further wrong try.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(60);
/// The time after which a wrong try is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(15 * 60);
/// The largest number of stored addresses.
const MOST: usize = 10_000;

/// Wrong tries by address.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<HashMap<IpAddr, Tries>>);

#[derive(Debug)]
struct Tries {
    wrong: u32,
    last: Instant,
}

impl Tries {
    /// The wait between the last try and the next.
    fn wait(&self) -> Duration {
        match self.wrong.checked_sub(FREE) {
            None | Some(0) => Duration::ZERO,
            Some(more) => FIRST.saturating_mul(1 << (more - 1).min(16)).min(LONGEST),
        }
    }
}

/// The result of a try.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Try {
    /// The password was right.
    Right,
    /// The number of this wrong try, and the wait before the next.
    Wrong(u32, Duration),
    /// The try came too early and was not checked. The time is the remaining wait.
    TooEarly(Duration),
}

impl Throttle {
    /// Checks a try, unless it comes too early. Tries of one address are checked one after the other, so that
    /// simultaneous tries gain nothing.
    pub(super) fn attempt(&self, client: IpAddr, now: Instant, is_right: impl FnOnce() -> bool) -> Try {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tries) = all.get(&client) {
            if now.saturating_duration_since(tries.last) >= FORGOTTEN {
                all.remove(&client);
            } else {
                let left = (tries.last + tries.wait()).saturating_duration_since(now);
                if !left.is_zero() {
                    return Try::TooEarly(left);
                }
            }
        }
        if is_right() {
            all.remove(&client);
            return Try::Right;
        }
        if all.len() >= MOST && !all.contains_key(&client) {
            forget(&mut all, now);
        }
        let tries = all.entry(client).or_insert(Tries { wrong: 0, last: now });
        (tries.wrong, tries.last) = (tries.wrong.saturating_add(1), now);
        Try::Wrong(tries.wrong, tries.wait())
    }
}

/// Makes room for one more address. Removes addresses with only forgotten tries. If there are none, removes the address
/// with the fewest tries, and among several the oldest.
fn forget(all: &mut HashMap<IpAddr, Tries>, now: Instant) {
    all.retain(|_, tries| now.saturating_duration_since(tries.last) < FORGOTTEN);
    if all.len() >= MOST {
        let least = all.iter().min_by_key(|(_, tries)| (tries.wrong, tries.last)).map(|(client, _)| *client);
        least.and_then(|client| all.remove(&client));
    }
}

/// The address of the caller, as seen by the outermost of `proxies` proxies in front of the server. Each
/// proxy adds the address of its caller to `X-Forwarded-For`. Anybody can write the earlier entries. A whole
/// IPv6 network (/64) counts as one address, because one machine can use all of its addresses.
pub(super) fn client(request: &Request, proxies: usize) -> IpAddr {
    let caller = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(caller)| caller.ip());
    let said = || {
        let lines = request.headers().get_all("x-forwarded-for").iter();
        let lines: Vec<_> = lines.filter_map(|line| line.to_str().ok()).collect();
        let entry = lines.iter().flat_map(|line| line.split(',')).rev().nth(proxies.checked_sub(1)?)?;
        entry.trim().parse().ok()
    };
    match said().or(caller).map(|ip: IpAddr| ip.to_canonical()) {
        Some(IpAddr::V6(ip)) => Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into(),
        Some(ip) => ip,
        None => Ipv6Addr::UNSPECIFIED.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const B: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn guesses_take_longer_and_longer_and_nobody_else_notices() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        let mut now = start;
        for wrong in 1..=FREE {
            assert_eq!(throttle.attempt(A, now, || false), Try::Wrong(wrong, Duration::ZERO));
        }
        let mut waits = Vec::new();
        for _ in 0..9 {
            let Try::Wrong(_, wait) = throttle.attempt(A, now, || false) else { panic!("too early") };
            assert_eq!(throttle.attempt(A, now, || unreachable!("is not looked at")), Try::TooEarly(wait));
            assert_eq!(throttle.attempt(B, now, || true), Try::Right, "another address");
            waits.push(wait.as_secs());
            now += wait;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(throttle.attempt(A, now, || true), Try::Right, "the wait is over");
        assert_eq!(throttle.attempt(A, now, || false), Try::Wrong(1, Duration::ZERO), "started again");
        assert_eq!(throttle.attempt(A, now + FORGOTTEN, || false), Try::Wrong(1, Duration::ZERO));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..=FREE {
            throttle.attempt(A, now, || false);
        }
        for number in 0..MOST as u32 + 500 {
            throttle.attempt(IpAddr::V4(number.to_be_bytes().into()), now, || false);
        }
        assert_eq!(throttle.0.lock().unwrap().len(), MOST);
        assert!(matches!(throttle.attempt(A, now, || true), Try::TooEarly(_)), "one that goes on is kept");
    }

    #[test]
    fn the_client_is_who_called_the_outermost_proxy() {
        let asked = |lines: &[&str], proxies| {
            let mut request = Request::builder();
            for line in lines {
                request = request.header("x-forwarded-for", *line);
            }
            let caller: SocketAddr = "[::ffff:10.0.0.9]:1".parse().unwrap();
            let request = request.extension(ConnectInfo(caller)).body(Body::empty()).unwrap();
            client(&request, proxies).to_string()
        };
        assert_eq!(asked(&["1.1.1.1"], 0), "10.0.0.9");
        assert_eq!(asked(&["6.6.6.6, 1.1.1.1"], 1), "1.1.1.1");
        assert_eq!(asked(&["6.6.6.6, 1.1.1.1", "2.2.2.2"], 2), "1.1.1.1");
        assert_eq!(asked(&["nobody"], 1), "10.0.0.9");
        assert_eq!(asked(&["2001:db8:1:2:3:4:5:6"], 1), "2001:db8:1:2::");
    }
}
