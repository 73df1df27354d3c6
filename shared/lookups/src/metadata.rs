//! The names and addresses of the metadata servers of clouds. A metadata server gives the machine's credentials to
//! every process on the machine.
//!
//! What it is: the functions [`is_metadata_name`] and [`is_metadata_address`]. They do no IO.
//!
//! How to add one more cloud: add its name to [`NAMES`], and its address to [`V4`] or [`V6`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The host names of metadata servers.
const NAMES: [&str; 5] =
    ["metadata.google.internal", "metadata", "metadata.goog", "instance-data", "instance-data.ec2.internal"];

/// Addresses outside the link-local range: Alibaba's metadata server, and Azure's wire server.
const V4: [Ipv4Addr; 2] = [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16)];

/// The IPv6 addresses of Google's and Amazon's metadata servers.
const V6: [Ipv6Addr; 3] = [
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
];

/// Whether a name is the host name of a metadata server.
pub(crate) fn is_metadata_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    NAMES.iter().any(|each| name.eq_ignore_ascii_case(each))
}

/// Whether the address belongs to a metadata server, or leads to one through a translation of IPv4 to IPv6. All
/// link-local addresses count, because flows do not need them.
pub(crate) fn is_metadata_address(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local() || V4.contains(&address),
        IpAddr::V6(address) => {
            address.is_unicast_link_local()
                || V6.contains(&address)
                || embedded(address).is_some_and(|inner| is_metadata_address(IpAddr::V4(inner)))
        }
    }
}

/// The IPv4 address inside an IPv6 address: mapped, compatible, NAT64 (64:ff9b::/96, 64:ff9b:1::/48) or 6to4. `None` if
/// there is none.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let four = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 1, .., high, low] => four(high, low),
        [0x2002, high, low, ..] => four(high, low),
        _ => address.to_ipv4(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, expect: bool) {
        assert_eq!(is_metadata_address(address.parse().unwrap()), expect, "{address}");
    }

    #[test]
    fn metadata_servers_of_all_clouds_are_known() {
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "100.100.100.200",
            "168.63.129.16",
            "fd20:ce::254",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fe80::1",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::169.254.170.2",
            "64:ff9b::100.100.100.200",
            "2002:a9fe:a9fe::1",
        ] {
            check(address, true);
        }
    }

    #[test]
    fn other_addresses_are_allowed() {
        for address in [
            "127.0.0.1",
            "10.0.0.7",
            "192.168.1.1",
            "100.100.100.201",
            "::1",
            "64:ff9b::8.8.8.8",
            "2001:db8::1",
        ] {
            check(address, false);
        }
    }

    #[test]
    fn names_are_known_however_they_are_written() {
        assert!(is_metadata_name("Metadata.Google.Internal."));
        assert!(is_metadata_name("instance-data"));
        assert!(!is_metadata_name("metadata.example.com"));
    }
}
