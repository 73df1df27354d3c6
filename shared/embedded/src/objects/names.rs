//! Checks the names of objects against Google's rules and the limits of a directory.

use segue_ports::PortError;

/// Checks the key of an object. A key is a relative path, and each part is a plain name.
pub(super) fn check_key(key: &str) -> Result<(), PortError> {
    let reason = if key.is_empty() {
        "it is empty"
    } else if key.len() > 1024 {
        "it has more than 1024 bytes"
    } else if key.contains(['\0', '\r', '\n']) {
        "it has a control character in it"
    } else if key.contains('\\') {
        "it has a backslash in it; parts are separated by '/'"
    } else if key.starts_with('/') || key.ends_with('/') || key.contains("//") {
        "it has an empty part; write it without a slash at either end and without '//'"
    } else if key.split('/').any(|part| part == "." || part == "..") {
        "'.' and '..' are not allowed in it"
    } else if key.split('/').any(|part| part.len() > 255) {
        "a part of it has more than 255 bytes"
    } else {
        return Ok(());
    };
    Err(PortError::invalid(format!("'{}' is not the name of an object: {reason}", key.escape_debug())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_keys_are_refused() {
        let long = "x".repeat(256);
        for key in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../x",
            "a/../b",
            "a/..",
            ".",
            "./a",
            "a/./b",
            "a//b",
            "a/",
            "a\0b",
            "a\\..\\b",
            "..\\x",
            "a\nb",
            long.as_str(),
        ] {
            assert!(check_key(key).is_err(), "{key:?}");
        }
        for key in ["a", "a/b.csv", "...", "..a/b..", "ü ä/%2e%2e/x", ".hidden", "a:b?*"] {
            assert!(check_key(key).is_ok(), "{key:?}");
        }
    }
}
