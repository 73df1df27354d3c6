//! Checks names by Google's rules before they become part of a URL.

use segue_ports::PortError;
use segue_ports::object::ObjectAddress;

/// Checks the name of an existing bucket. Some old buckets have names that are not allowed for new ones.
pub(super) fn bucket(name: &str) -> Result<&str, PortError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (3..=222).contains(&name.len()) && name.bytes().all(plain) && !name.contains("..") {
        return Ok(name);
    }
    Err(PortError::invalid(format!(
        "'{}' is not the name of a bucket: 3 or more letters, digits, '-', '_' and '.'",
        name.escape_debug()
    )))
}

/// Checks bucket and key of an object.
pub(super) fn object(address: &ObjectAddress) -> Result<(&str, &str), PortError> {
    let (bucket, key) = (bucket(&address.bucket)?, address.key.as_str());
    let reason = if key.is_empty() {
        "it is empty"
    } else if key.len() > 1024 {
        "it has more than 1024 bytes"
    } else if key.contains(['\r', '\n']) {
        "it has a line break in it"
    } else if matches!(key, "." | "..") {
        "'.' and '..' are not allowed"
    } else {
        return Ok((bucket, key));
    };
    Err(PortError::invalid(format!("'{}' is not the name of an object: {reason}", key.escape_debug())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_lead_elsewhere_are_refused() {
        let long = "x".repeat(1025);
        for (bucket, key) in [
            ("b-1", ""),
            ("b-1", "."),
            ("b-1", ".."),
            ("b-1", "a\nb"),
            ("b-1", &*long),
            ("..", "a"),
            ("a/b", "c"),
        ] {
            assert!(object(&ObjectAddress::new(bucket, key)).is_err(), "{bucket} {key}");
        }
        for key in ["a", "a/../b", "ü %2F?#", "folder/", "/", "..."] {
            assert!(object(&ObjectAddress::new("b-1", key)).is_ok(), "{key}");
        }
    }
}
