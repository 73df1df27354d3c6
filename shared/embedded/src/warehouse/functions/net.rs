//! Functions of addresses: hosts of URLs and their public suffixes, and IP addresses. Bytes come and go as hexadecimal
//! digits.

use super::bytes::{bytes, hex};
use super::{Outcome, integer};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Calls the function `name`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    let outcome = match (name, arguments) {
        ("net_host", [url]) => Ok(host(url).map(str::to_owned)),
        ("net_public_suffix", [url]) => Ok(domain(url, false)),
        ("net_reg_domain", [url]) => Ok(domain(url, true)),
        ("net_ip_from_string", [text]) => match packed(text) {
            Some(address) => Ok(Some(hex(&address))),
            None => Err(format!("NET.IP_FROM_STRING() encountered an unparseable IP-address: {text}")),
        },
        ("net_safe_ip_from_string", [text]) => Ok(packed(text).map(|address| hex(&address))),
        ("net_ip_to_string", [digits]) => ip_to_string(digits),
        ("net_ipv4_from_int64", [number]) => ipv4_from_int64(number),
        ("net_ipv4_to_int64", [digits]) => ipv4_to_int64(digits),
        ("net_ip_net_mask", [length, prefix]) => ip_net_mask(length, prefix),
        ("net_ip_trunc", [digits, prefix]) => ip_trunc(digits, prefix),
        _ => return None,
    };
    Some(outcome)
}

/// The host of a URL, as written. A scheme counts only with `//` after its colon.
fn host(url: &str) -> Option<&str> {
    let is_slash = |c: char| matches!(c, '/' | '\\');
    let after_slashes = |text: &'_ str| -> Option<usize> {
        let mut first = text.chars();
        (first.next().is_some_and(is_slash) && first.next().is_some_and(is_slash)).then_some(2)
    };
    let url = url.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}');
    let rest = match (after_slashes(url), url.find([':', '/', '\\', '?', '#'])) {
        (Some(start), _) => url.get(start..)?,
        (None, Some(colon)) => {
            let after = url.get(colon..)?.strip_prefix(':').unwrap_or_default();
            after_slashes(after).map_or(Some(url), |start| after.get(start..))?
        }
        (None, None) => url,
    };
    let authority = rest.split(['/', '\\', '?', '#']).next()?;
    let place = authority.rsplit('@').next()?;
    // The colons of an IPv6 address stand between brackets.
    let brackets = match place.strip_prefix('[') {
        Some(inner) => inner.find(['[', ']']).map_or(place.len(), |end| end + 2),
        None => 0,
    };
    let port = place.get(brackets..)?.find(':').map_or(place.len(), |colon| brackets + colon);
    let name = place.get(..port)?.trim_start_matches('.');
    let bare = name.trim_end_matches('.');
    let end = if bare.len() < name.len() { bare.len() + 1 } else { bare.len() };
    name.get(..end).filter(|name| !name.is_empty())
}

/// The public suffix of a URL, or with `registered` the label before it too. Only suffixes of registries count, not those
/// of companies. The result is a part of the host as written.
fn domain(url: &str, registered: bool) -> Option<String> {
    let host = host(url)?;
    let ascii = idna::domain_to_ascii_cow(host.as_bytes(), idna::AsciiDenyList::EMPTY).ok()?;
    let is_rooted = ascii.ends_with('.');
    let labels: Vec<&str> = ascii.trim_end_matches('.').split('.').collect();
    if labels.iter().any(|label| label.is_empty()) {
        return None;
    }
    let count = suffix_length(&labels)? + usize::from(registered);
    if count > labels.len() {
        return None;
    }
    let dots = count - 1 + usize::from(is_rooted);
    let start = host.rmatch_indices('.').nth(dots).map_or(0, |(dot, _)| dot + 1);
    host.get(start..).map(str::to_owned)
}

/// The number of labels of the public suffix.
fn suffix_length(labels: &[&str]) -> Option<usize> {
    let mut rest = labels;
    loop {
        let name = rest.join(".");
        let suffix = psl::suffix(name.as_bytes())?;
        let count = suffix.as_bytes().iter().filter(|byte| **byte == b'.').count() + 1;
        match suffix.typ()? {
            psl::Type::Icann => return Some(count),
            // Within the suffix of a company is the one of its registry.
            psl::Type::Private => rest = rest.get(rest.len().checked_sub(count)? + 1..)?,
        }
    }
}

/// The bytes of an IP address in network order.
fn packed(text: &str) -> Option<Vec<u8>> {
    Some(match text.parse().ok()? {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    })
}

fn ip_to_string(digits: &str) -> Outcome {
    let address = bytes(digits)?;
    if let Ok(four) = <[u8; 4]>::try_from(address.as_slice()) {
        return Ok(Some(Ipv4Addr::from(four).to_string()));
    }
    let Ok(sixteen) = <[u8; 16]>::try_from(address.as_slice()) else {
        return Err(format!(
            "NET.IP_TO_STRING() encountered an invalid IP address. Expected 4 (for IPv4) or 16 (for IPv6) bytes but got {}",
            address.len()
        ));
    };
    let own = Ipv6Addr::from(sixteen);
    // After six groups of zeros, the last two are written as an IPv4 address, unless the first of them is zero too.
    Ok(Some(match own.segments() {
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => {
            format!("::{}", Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
        }
        _ => own.to_string(),
    }))
}

fn ipv4_from_int64(number: &str) -> Outcome {
    let number = integer(number)?;
    let own = u32::try_from(number).ok().or_else(|| i32::try_from(number).ok().map(i32::cast_unsigned));
    match own {
        Some(own) => Ok(Some(hex(&own.to_be_bytes()))),
        None => Err(format!(
            "NET.IPV4_FROM_INT64() encountered an invalid integer IP. Expected range: [-0x80000000, 0xFFFFFFFF]; got {number}"
        )),
    }
}

fn ipv4_to_int64(digits: &str) -> Outcome {
    let address = bytes(digits)?;
    match <[u8; 4]>::try_from(address.as_slice()) {
        Ok(four) => Ok(Some(u32::from_be_bytes(four).to_string())),
        Err(_) => Err(format!(
            "NET.IPV4_TO_INT64() encountered a non-IPv4 address. Expected 4 bytes but got {}",
            address.len()
        )),
    }
}

fn ip_net_mask(length: &str, prefix: &str) -> Outcome {
    let (length, prefix) = (integer(length)?, integer(prefix)?);
    let size = match length {
        4 => 4,
        16 => 16,
        _ => {
            return Err(format!(
                "The first argument of NET.IP_NET_MASK() must be either 4 (for IPv4) or 16 (for IPv6); got {length}"
            ));
        }
    };
    match masked(&vec![0xFF; size], prefix) {
        Some(mask) => Ok(Some(hex(&mask))),
        None => Err(format!(
            "The second argument of NET.IP_NET_MASK() must be between 0 and the first argument * 8; got {prefix}"
        )),
    }
}

fn ip_trunc(digits: &str, prefix: &str) -> Outcome {
    let (address, prefix) = (bytes(digits)?, integer(prefix)?);
    if !matches!(address.len(), 4 | 16) {
        return Err(format!(
            "The first argument of NET.IP_TRUNC() must have length 4 (for IPv4) or 16 (for IPv6); got {}",
            address.len()
        ));
    }
    match masked(&address, prefix) {
        Some(network) => Ok(Some(hex(&network))),
        None => Err(format!(
            "The second argument of NET.IP_TRUNC() must be between 0 and 8 * LENGTH(first argument); got {prefix}"
        )),
    }
}

/// The bytes with zeros after the first `bits` bits. `None` if there are not so many.
fn masked(all: &[u8], bits: i64) -> Option<Vec<u8>> {
    let bits = usize::try_from(bits).ok().filter(|bits| *bits <= all.len() * 8)?;
    let kept = |index: usize| match bits.saturating_sub(index * 8) {
        8.. => 0xFF,
        some => !(0xFF_u8 >> some),
    };
    Some(all.iter().enumerate().map(|(index, byte)| byte & kept(index)).collect())
}
