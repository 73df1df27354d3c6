//! Pieces of shell texts and search paths.

use std::ffi::OsString;
use std::path::Path;

/// Quotes a text, so that a shell reads the text as one word.
pub(crate) fn shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A search path with a folder in front of `rest`.
pub(crate) fn before_path(folder: &Path, rest: Option<OsString>) -> OsString {
    let mut path = folder.as_os_str().to_owned();
    if let Some(rest) = rest.filter(|rest| !rest.is_empty()) {
        path.push(":");
        path.push(rest);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stays_one_word() {
        assert_eq!(shell_word("a'b; $c"), "'a'\\''b; $c'");
    }
}
