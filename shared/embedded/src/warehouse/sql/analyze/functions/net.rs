//! Functions of addresses: hosts of URLs, and IP addresses as bytes.

use super::Function;

pub(super) const TABLE: &[Function] = &[
    ("NET.HOST", &[("S:S", "bqf('net_host', {0})")]),
    ("NET.IPV4_FROM_INT64", &[("I:B", "unhex(bqf('net_ipv4_from_int64', {0t}))")]),
    ("NET.IPV4_TO_INT64", &[("B:I", "CAST(bqf('net_ipv4_to_int64', {0h}) AS BIGINT)")]),
    ("NET.IP_FROM_STRING", &[("S:B", "unhex(bqf('net_ip_from_string', {0}))")]),
    ("NET.IP_NET_MASK", &[("II:B", "unhex(bqf('net_ip_net_mask', {0t}, {1t}))")]),
    ("NET.IP_TO_STRING", &[("B:S", "bqf('net_ip_to_string', {0h})")]),
    ("NET.IP_TRUNC", &[("BI:B", "unhex(bqf('net_ip_trunc', {0h}, {1t}))")]),
    ("NET.PUBLIC_SUFFIX", &[("S:S", "bqf('net_public_suffix', {0})")]),
    ("NET.REG_DOMAIN", &[("S:S", "bqf('net_reg_domain', {0})")]),
    ("NET.SAFE_IP_FROM_STRING", &[("S:B", "unhex(bqf('net_safe_ip_from_string', {0}))")]),
];
