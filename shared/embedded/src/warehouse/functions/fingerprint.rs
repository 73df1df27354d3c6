//! Fingerprint2011: the hash of 64 bits that the sketches of HLL_COUNT have, in every implementation of Google.
//!
//! The module must not know sketches and types.

/// Odd numbers by which the hash multiplies.
const A: u64 = 0xa5b8_5c5e_198e_d849;
const B: u64 = 0x8d58_ac26_afe1_2e47;
const C: u64 = 0xc47b_6e9e_3a97_0ed3;
const D: u64 = 0xc6a4_a793_5bd1_e995;

/// The hash of these bytes.
pub(super) fn fingerprint(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    let body = match length {
        0..=32 => short(bytes, A ^ B ^ C),
        33..=64 => middle(bytes),
        _ => long(bytes),
    };
    let first = if length >= 8 { word(bytes, 0) } else { A };
    let last = if length >= 9 { word(bytes, length - 8) } else { A };
    match joined(body.wrapping_add(last), first) {
        // 0 and 1 have a meaning of their own in the tables of some implementations.
        small @ (0 | 1) => small.wrapping_add(!1),
        own => own,
    }
}

/// The eight bytes at a place as a number. Bytes behind the end are zero.
fn word(bytes: &[u8], at: usize) -> u64 {
    let mut own = [0; 8];
    for (to, from) in own.iter_mut().zip(bytes.iter().skip(at)) {
        *to = *from;
    }
    u64::from_le_bytes(own)
}

/// A number with its high bits mixed into its low ones.
fn mixed(own: u64) -> u64 {
    own ^ (own >> 47)
}

/// Two hashes as one.
fn joined(high: u64, low: u64) -> u64 {
    let own = mixed((low ^ high).wrapping_mul(D));
    mixed((high ^ own).wrapping_mul(D)).wrapping_mul(D)
}

/// The length as a number to compute with.
fn size(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or_default()
}

fn short(bytes: &[u8], seed: u64) -> u64 {
    let mut hash = seed ^ size(bytes).wrapping_mul(D);
    for chunk in bytes.chunks(8) {
        let own = word(chunk, 0);
        let own = if chunk.len() == 8 { mixed(own.wrapping_mul(D)).wrapping_mul(D) } else { own };
        hash = (hash ^ own).wrapping_mul(D);
    }
    mixed(mixed(hash).wrapping_mul(D))
}

/// A part of the hash of 33 to 64 bytes: 32 bytes from `at`, with what comes in front of them.
fn half(bytes: &[u8], at: usize, start: u64, end: u64) -> (u64, u64) {
    let mut own = start;
    let mut turned = own.wrapping_add(end).rotate_right(52);
    let mut sum = own.rotate_right(37);
    own = own.wrapping_add(word(bytes, at + 8));
    sum = sum.wrapping_add(own.rotate_right(7));
    own = own.wrapping_add(word(bytes, at + 16));
    turned = turned.wrapping_add(own.rotate_right(31)).wrapping_add(sum);
    (own.wrapping_add(end), turned)
}

fn middle(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    let start = size(bytes).wrapping_add(word(bytes, length - 16)).wrapping_mul(A);
    let front = half(bytes, 0, word(bytes, 0).wrapping_add(start), word(bytes, 24));
    let back = word(bytes, 16).wrapping_add(word(bytes, length - 32));
    let back = half(bytes, length - 32, back, word(bytes, length - 8));
    let own = front.0.wrapping_add(back.1).wrapping_mul(C);
    let own = mixed(own.wrapping_add(back.0.wrapping_add(front.1).wrapping_mul(A)));
    mixed(own.wrapping_mul(A).wrapping_add(front.1)).wrapping_mul(C)
}

/// The hash of the 32 bytes from `at`, with two seeds.
fn weak(bytes: &[u8], at: usize, first: u64, second: u64) -> (u64, u64) {
    let end = word(bytes, at + 24);
    let start = first.wrapping_add(word(bytes, at));
    let turned = second.wrapping_add(start).wrapping_add(end).rotate_right(51);
    let sum = start.wrapping_add(word(bytes, at + 8)).wrapping_add(word(bytes, at + 16));
    (sum.wrapping_add(end), turned.wrapping_add(sum.rotate_right(23)).wrapping_add(start))
}

fn long(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    let mut x = word(bytes, 0);
    let mut y = word(bytes, length - 16) ^ B;
    let mut z = word(bytes, length - 56) ^ A;
    let mut v = weak(bytes, length - 64, size(bytes), y);
    let mut w = weak(bytes, length - 32, size(bytes).wrapping_mul(B), A);
    z = z.wrapping_add(mixed(v.1).wrapping_mul(B));
    x = z.wrapping_add(x).rotate_right(39).wrapping_mul(B);
    y = y.rotate_right(33).wrapping_mul(B);
    // The end is already in the state, so the loop leaves out the last 1 to 64 bytes.
    for at in (0..(length - 1) & !63).step_by(64) {
        x = x.wrapping_add(y).wrapping_add(v.0).wrapping_add(word(bytes, at + 16));
        x = x.rotate_right(37).wrapping_mul(B) ^ w.1;
        y = y.wrapping_add(v.1).wrapping_add(word(bytes, at + 48));
        y = y.rotate_right(42).wrapping_mul(B) ^ v.0;
        z = (z ^ w.0).rotate_right(33);
        v = weak(bytes, at, v.1.wrapping_mul(B), x.wrapping_add(w.0));
        w = weak(bytes, at + 32, z.wrapping_add(w.1), y);
        (x, z) = (z, x);
    }
    let high = joined(v.0, w.0).wrapping_add(mixed(y).wrapping_mul(B)).wrapping_add(z);
    joined(high, joined(v.1, w.1).wrapping_add(x))
}

#[cfg(test)]
mod tests {
    use super::fingerprint;
    use std::collections::BTreeSet;

    /// Values that Google publishes for its implementations.
    #[test]
    fn known_values_have_their_hashes() {
        for (text, hash) in [
            ("", 0x23ad_7c90_4aa6_65e3),
            ("foobar", 0x36a1_e57a_138e_4467),
            ("foo", 0xd0bc_bfe2_61b3_6504),
            ("Zürich", 0x27ef_c00f_7d2c_e548),
        ] {
            assert_eq!(fingerprint(text.as_bytes()), hash, "{text}");
        }
        for (number, hash) in
            [(0_i64, 0x853a_22bd_6e14_a48f), (42, 0x583b_2b9d_f8e0_eb60), (-15, 0x5394_14f2_87f1_1e37)]
        {
            assert_eq!(fingerprint(&number.to_le_bytes()), hash, "{number}");
        }
    }

    #[test]
    fn bytes_of_every_length_have_hashes_of_their_own() {
        let hashes: BTreeSet<u64> = (0..1000).map(|length| fingerprint(&vec![7; length])).collect();
        assert_eq!(hashes.len(), 1000);
    }
}
