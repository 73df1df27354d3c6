//! Functions of bytes. The bytes come and go as hexadecimal digits.

use super::text::{codes, padding, place};
use super::{Outcome, integer};

/// Calls the function `name`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    let known = name.starts_with("bytes_")
        || matches!(
            name,
            "byte_values"
                | "farm_fingerprint"
                | "safe_text"
                | "sha512"
                | "from_base32"
                | "to_base32"
                | "from_hex"
                | "from_base64"
        );
    known.then(|| of_bytes(name, arguments))
}

fn of_bytes(name: &str, arguments: &[&str]) -> Outcome {
    let own = |index: usize| bytes(arguments.get(index).copied().unwrap_or_default());
    let text = |index: usize| arguments.get(index).copied().unwrap_or_default();
    let number = |index: usize| integer(text(index));
    Ok(Some(match name {
        "bytes_of" => {
            let Some(codes) = codes(text(0))? else { return Ok(None) };
            let all: Result<Vec<u8>, _> = codes.into_iter().map(u8::try_from).collect();
            hex(&all.map_err(|_| "Invalid extended ASCII code point".to_owned())?)
        }
        "byte_values" => format!("[{}]", own(0)?.iter().map(u8::to_string).collect::<Vec<_>>().join(", ")),
        "bytes_ascii" => match own(0)?.first() {
            None => "0".to_owned(),
            Some(byte) if byte.is_ascii() => byte.to_string(),
            Some(byte) => return Err(format!("Non-ASCII byte found in ASCII() argument: {byte:#04x}")),
        },
        "bytes_bit_count" => own(0)?.iter().map(|byte| byte.count_ones()).sum::<u32>().to_string(),
        "bytes_not" => hex(&own(0)?.iter().map(|byte| !byte).collect::<Vec<_>>()),
        "bytes_bits" => {
            let (left, right) = (own(1)?, own(2)?);
            if left.len() != right.len() {
                return Err(format!(
                    "Bitwise binary operator for BYTES requires equal length of the inputs. Got {} bytes on the left hand side and {} bytes on the right hand side.",
                    left.len(),
                    right.len()
                ));
            }
            let combined = left.iter().zip(&right).map(|(a, b)| match text(0) {
                "&" => a & b,
                "|" => a | b,
                _ => a ^ b,
            });
            hex(&combined.collect::<Vec<_>>())
        }
        "bytes_shift" => shifted(text(0), &own(1)?, number(2)?)?,
        "bytes_lower" => hex(&own(0)?.to_ascii_lowercase()),
        "bytes_upper" => hex(&own(0)?.to_ascii_uppercase()),
        "bytes_reverse" => hex(&own(0)?.into_iter().rev().collect::<Vec<_>>()),
        "bytes_lpad" => hex(&padding(&own(0)?, number(1)?, &own(2)?, true, "LPAD")?),
        "bytes_rpad" => hex(&padding(&own(0)?, number(1)?, &own(2)?, false, "RPAD")?),
        "bytes_instr" => place(&own(0)?, &own(1)?, number(2)?, number(3)?)?.to_string(),
        "bytes_substr" => {
            let length = if text(2).is_empty() { None } else { Some(number(2)?) };
            hex(&part(&own(0)?, number(1)?, length)?)
        }
        "bytes_trim" | "bytes_ltrim" | "bytes_rtrim" => {
            let (all, set) = (own(0)?, own(1)?);
            let is = |byte: &&u8| set.contains(byte);
            let front = if name == "bytes_rtrim" { 0 } else { all.iter().take_while(is).count() };
            let rest = all.get(front..).unwrap_or_default();
            let back = if name == "bytes_ltrim" { 0 } else { rest.iter().rev().take_while(is).count() };
            hex(rest.get(..rest.len() - back).unwrap_or_default())
        }
        "bytes_replace" => {
            let (all, from, to) = (own(0)?, own(1)?, own(2)?);
            hex(&replaced(&all, &from, &to))
        }
        "bytes_translate" => {
            let (all, from, to) = (own(0)?, own(1)?, own(2)?);
            for (index, byte) in from.iter().enumerate() {
                if from.iter().skip(index + 1).any(|other| other == byte) {
                    return Err("Duplicate byte in TRANSLATE source bytes".to_owned());
                }
            }
            let out = all.iter().filter_map(|byte| match from.iter().position(|own| own == byte) {
                Some(index) => to.get(index).copied(),
                None => Some(*byte),
            });
            hex(&out.collect::<Vec<_>>())
        }
        "bytes_like" => like(&own(0)?, &own(1)?)?.to_string(),
        "bytes_split" => {
            let (all, by) = (own(0)?, own(1)?);
            let parts: Vec<String> = split(&all, &by).into_iter().map(hex).collect();
            serde_json::to_string(&parts).unwrap_or_default()
        }
        "farm_fingerprint" => farmhash::fingerprint64(&own(0)?).cast_signed().to_string(),
        "safe_text" => String::from_utf8_lossy(&own(0)?).into_owned(),
        "sha512" => {
            use sha2::Digest as _;
            hex(&sha2::Sha512::digest(own(0)?))
        }
        "from_hex" => {
            let digits = text(0);
            let even = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits.to_owned() };
            hex(&bytes(&even)
                .map_err(|_| format!("Failed to decode invalid hexadecimal string: {digits}"))?)
        }
        "from_base64" => {
            use base64::Engine as _;
            let decoded = base64::engine::general_purpose::STANDARD.decode(text(0));
            hex(&decoded.map_err(|_| format!("Failed to decode invalid base64 string: {}", text(0)))?)
        }
        "to_base32" => to_base32(&own(0)?),
        _ => hex(&from_base32(text(0))?),
    }))
}

/// Whether bytes match a pattern of LIKE.
fn like(all: &[u8], pattern: &[u8]) -> Result<bool, String> {
    let (mut text, mut bytes) = (String::from("(?s-u)^"), pattern.iter());
    while let Some(byte) = bytes.next() {
        let literal = match byte {
            b'%' => {
                text.push_str(".*");
                continue;
            }
            b'_' => {
                text.push('.');
                continue;
            }
            b'\\' => bytes.next().ok_or("LIKE pattern ends with a backslash")?,
            byte => byte,
        };
        text.push_str(&format!("\\x{literal:02X}"));
    }
    text.push('$');
    let own = regex::bytes::Regex::new(&text).map_err(|error| error.to_string())?;
    Ok(own.is_match(all))
}

/// The parts of bytes between a separator. An empty one separates each byte.
fn split<'b>(all: &'b [u8], by: &[u8]) -> Vec<&'b [u8]> {
    if by.is_empty() {
        return if all.is_empty() { vec![all] } else { all.chunks(1).collect() };
    }
    let (mut found, mut start) = (Vec::new(), 0);
    while let Some(at) = all.get(start..).unwrap_or_default().windows(by.len()).position(|part| part == by) {
        found.push(all.get(start..start + at).unwrap_or_default());
        start += at + by.len();
    }
    found.push(all.get(start..).unwrap_or_default());
    found
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

pub(super) fn bytes(digits: &str) -> Result<Vec<u8>, String> {
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            let pair = std::str::from_utf8(pair).map_err(|_| "Invalid hexadecimal digits".to_owned())?;
            u8::from_str_radix(pair, 16).map_err(|_| "Invalid hexadecimal digits".to_owned())
        })
        .collect()
}

/// SUBSTR of bytes.
fn part(all: &[u8], position: i64, length: Option<i64>) -> Result<Vec<u8>, String> {
    if length.is_some_and(|length| length < 0) {
        return Err("Third argument in SUBSTR() cannot be negative".to_owned());
    }
    let size = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let start = match position {
        0 => 0,
        position if position > 0 => position - 1,
        position => size.saturating_add(position).max(0),
    };
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    let length = length.map_or(usize::MAX, |length| usize::try_from(length).unwrap_or(usize::MAX));
    Ok(all.iter().skip(start).take(length).copied().collect())
}

fn replaced(all: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(all.len());
    let mut rest = all;
    while let Some((first, after)) = rest.split_first() {
        match rest.strip_prefix(from).filter(|_| !from.is_empty()) {
            Some(next) => {
                out.extend_from_slice(to);
                rest = next;
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}

fn shifted(operator: &str, all: &[u8], count: i64) -> Result<String, String> {
    let count = usize::try_from(count).map_err(|_| "Bitwise shift by negative offset.".to_owned())?;
    let bits: Vec<bool> =
        all.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect();
    let count = count.min(bits.len());
    let zeros = std::iter::repeat_n(false, count);
    let moved: Vec<bool> = if operator == "<<" {
        bits.iter().copied().skip(count).chain(zeros).collect()
    } else {
        zeros.chain(bits.iter().copied().take(bits.len() - count)).collect()
    };
    let out: Vec<u8> =
        moved.chunks(8).map(|byte| byte.iter().fold(0u8, |own, bit| own << 1 | u8::from(*bit))).collect();
    Ok(hex(&out))
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

pub(super) fn to_base32(all: &[u8]) -> String {
    let mut out = String::new();
    for chunk in all.chunks(5) {
        let mut number = 0u64;
        for index in 0..5 {
            number = number << 8 | u64::from(chunk.get(index).copied().unwrap_or_default());
        }
        let used = (chunk.len() * 8).div_ceil(5);
        for index in 0..8 {
            let digit = usize::try_from(number >> (35 - index * 5) & 31).unwrap_or_default();
            let letter = BASE32.get(digit).copied().unwrap_or(b'A');
            out.push(if index < used { char::from(letter) } else { '=' });
        }
    }
    out
}

pub(super) fn from_base32(text: &str) -> Result<Vec<u8>, String> {
    let refused = || format!("Failed to decode invalid base32 string: {text}");
    if !text.len().is_multiple_of(8) {
        return Err(refused());
    }
    let mut out = Vec::new();
    let (mut number, mut bits) = (0u32, 0u32);
    for byte in text.trim_end_matches('=').bytes() {
        let digit = BASE32.iter().position(|own| *own == byte).ok_or_else(refused)?;
        number = number << 5 | u32::try_from(digit).unwrap_or_default();
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(number >> bits & 255).unwrap_or_default());
        }
    }
    Ok(out)
}
