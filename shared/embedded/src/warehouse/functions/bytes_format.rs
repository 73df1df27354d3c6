//! CAST with FORMAT between texts and bytes: HEX, BASE2, BASE64, …
//!
//! Bytes are hexadecimal digits for the functions here. To add a format, add a branch in [`write`] and one in [`read`].

use super::Outcome;
use super::bytes::{bytes, from_base32, hex, to_base32};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The length of a line of BASE64M.
const LINE: usize = 76;

/// Calls the function `name`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    match (name, arguments) {
        ("bytes_write", [format, own]) => {
            Some(bytes(own).and_then(|own| write(&format.to_uppercase(), &own)).map(Some))
        }
        ("bytes_read", [format, text]) => Some(read(&format.to_uppercase(), text).map(|own| Some(hex(&own)))),
        _ => None,
    }
}

fn unknown(format: &str) -> String {
    format!(
        "Invalid format '{format}' for BYTES, valid formats are: ASCII, BASE2, BASE8, BASE16, BASE32, BASE64, BASE64M, HEX, UTF8, UTF-8"
    )
}

/// How many bits a digit has, of the formats with digits.
fn bits(format: &str) -> Option<usize> {
    match format {
        "BASE2" => Some(1),
        "BASE8" => Some(3),
        "BASE16" | "HEX" => Some(4),
        _ => None,
    }
}

fn write(format: &str, own: &[u8]) -> Result<String, String> {
    if let Some(bits) = bits(format) {
        if !(own.len() * 8).is_multiple_of(bits) {
            return Err(format!(
                "{format} of {} bytes is not supported by the embedded warehouse",
                own.len()
            ));
        }
        let all: Vec<u8> = own.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
        let digits = all.chunks(bits).map(|digit| digit.iter().fold(0, |sum, bit| sum * 2 + u32::from(*bit)));
        return Ok(digits.filter_map(|digit| char::from_digit(digit, 16)).collect());
    }
    match format {
        "BASE32" => Ok(to_base32(own)),
        "BASE64" => Ok(STANDARD.encode(own)),
        "BASE64M" => {
            let text = STANDARD.encode(own);
            let lines: Vec<&str> = (0..text.len())
                .step_by(LINE)
                .filter_map(|at| text.get(at..text.len().min(at + LINE)))
                .collect();
            Ok(lines.join("\n"))
        }
        "ASCII" if !own.is_ascii() => Err("Invalid ASCII value in the bytes".to_owned()),
        "ASCII" | "UTF8" | "UTF-8" => {
            String::from_utf8(own.to_vec()).map_err(|_| "Invalid UTF-8 in the bytes".to_owned())
        }
        _ => Err(unknown(format)),
    }
}

fn read(format: &str, text: &str) -> Result<Vec<u8>, String> {
    let invalid = || format!("Failed to decode invalid {format} string: {text}");
    if let Some(bits) = bits(format) {
        // HEX may begin with a half byte.
        let padded = if bits == 4 && text.len() % 2 == 1 { format!("0{text}") } else { text.to_owned() };
        if !(padded.len() * bits).is_multiple_of(8) {
            return Err(format!(
                "{format} of {} digits is not supported by the embedded warehouse",
                text.len()
            ));
        }
        let mut all = Vec::new();
        for digit in padded.chars() {
            let digit = digit.to_digit(1 << bits).ok_or_else(invalid)?;
            all.extend((0..bits).rev().map(|bit| digit >> bit & 1));
        }
        let whole =
            all.chunks(8).map(|byte| byte.iter().fold(0, |sum: u8, bit| sum << 1 | u8::from(*bit == 1)));
        return Ok(whole.collect());
    }
    match format {
        "BASE32" => from_base32(text),
        "BASE64" => STANDARD.decode(text).map_err(|_| invalid()),
        "BASE64M" => {
            let plain: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            STANDARD.decode(plain).map_err(|_| invalid())
        }
        "ASCII" if !text.is_ascii() => Err(invalid()),
        "ASCII" | "UTF8" | "UTF-8" => Ok(text.as_bytes().to_vec()),
        _ => Err(unknown(format)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_and_read_in_each_format() {
        let own = [0x02, 0x11, 0x3b];
        for (format, text) in [
            ("HEX", "02113b"),
            ("BASE2", "000000100001000100111011"),
            ("BASE8", "00410473"),
            ("BASE32", "AIITW==="),
            ("BASE64", "AhE7"),
        ] {
            assert_eq!(write(format, &own).unwrap(), text);
            assert_eq!(read(format, text).unwrap(), own, "{format}");
        }
        assert_eq!(read("HEX", "211").unwrap(), [0x02, 0x11]);
        let long = write("BASE64M", &[0; 60]).unwrap();
        assert_eq!(long.split('\n').map(str::len).collect::<Vec<_>>(), [76, 4]);
        assert_eq!(read("BASE64M", &long).unwrap(), [0; 60]);
        for (format, text) in
            [("BASE2", "2"), ("BASE2", "00000002"), ("HEX", "0g"), ("ASCII", "é"), ("BASE7", "0")]
        {
            assert!(read(format, text).is_err(), "{format}");
        }
        assert!(write("UTF8", &[0xff]).is_err() && write("BASE8", &[1]).is_err());
    }
}
