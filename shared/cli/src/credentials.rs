//! The name and password of a user, from options and the environment.

use anyhow::{Context as _, bail};
use std::io::Read as _;

/// A name and a password.
pub(crate) type User = (String, String);

/// Reads the user of an option: `USER:PASSWORD`, `@FILE` with this content, or `-` for standard input. Without the
/// option, `SEGUE_AUTH` is read in the same way, and then `SEGUE_USERNAME` and `SEGUE_PASSWORD`.
///
/// Every user of the machine can read a password on the command line. A warning says so.
///
/// # Errors
/// An error if a part is missing, or if two settings differ.
pub(crate) fn user(
    option: &str,
    given: Option<&str>,
    variable: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<Option<User>> {
    // An empty variable counts as not set.
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    if let Some(given) = given.filter(|given| !given.is_empty()) {
        if !given.starts_with('@') && given != "-" {
            eprintln!(
                "warning: every user of this machine can read a password on the command line; give {option} @FILE, \
                 {option} - (standard input), or SEGUE_AUTH"
            );
        }
        return written(option, given).map(Some);
    }
    let by_parts = match (variable("SEGUE_USERNAME"), variable("SEGUE_PASSWORD")) {
        (Some(name), Some(password)) => Some((name, password)),
        (None, None) => None,
        (Some(_), None) => bail!("SEGUE_USERNAME is set without SEGUE_PASSWORD: set both or none"),
        (None, Some(_)) => bail!("SEGUE_PASSWORD is set without SEGUE_USERNAME: set both or none"),
    };
    let whole = variable("SEGUE_AUTH").map(|given| written("SEGUE_AUTH", &given)).transpose()?;
    match (whole, by_parts) {
        (Some(whole), Some(by_parts)) if whole != by_parts => {
            bail!("SEGUE_AUTH names another user than SEGUE_USERNAME and SEGUE_PASSWORD: set one of them")
        }
        (whole, by_parts) => Ok(whole.or(by_parts)),
    }
}

fn written(what: &str, given: &str) -> anyhow::Result<User> {
    let text = match given.strip_prefix('@') {
        Some(file) => {
            std::fs::read_to_string(file).with_context(|| format!("{what}: {file} cannot be read"))?
        }
        None if given == "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).with_context(|| format!("{what}: standard input"))?;
            text
        }
        None => given.to_owned(),
    };
    match text.trim_end_matches(['\r', '\n']).split_once(':') {
        Some((name, password)) if !name.is_empty() && !password.is_empty() => {
            Ok((name.to_owned(), password.to_owned()))
        }
        _ => bail!("{what} must be USER:PASSWORD, or @FILE for a file with this content"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(given: Option<&str>, variables: &[(&str, &str)]) -> Result<Option<User>, String> {
        let read = |name: &str| {
            variables.iter().find(|(each, _)| *each == name).map(|(_, value)| (*value).to_owned())
        };
        user("--auth", given, read).map_err(|error| format!("{error:#}"))
    }

    fn ada(password: &str) -> Result<Option<User>, String> {
        Ok(Some(("ada".to_owned(), password.to_owned())))
    }

    #[test]
    fn the_names_of_the_cloud_are_read_here_too_both_or_neither() {
        assert_eq!(found(None, &[]), Ok(None));
        assert_eq!(found(None, &[("SEGUE_USERNAME", "ada"), ("SEGUE_PASSWORD", "a:b")]), ada("a:b"));
        for half in ["SEGUE_USERNAME", "SEGUE_PASSWORD"] {
            let error = found(None, &[(half, "ada"), ("SEGUE_AUTH", "ada:x")]).unwrap_err();
            assert!(error.contains(half) && error.contains("without"), "{error}");
        }
        assert_eq!(found(None, &[("SEGUE_USERNAME", ""), ("SEGUE_AUTH", "ada:x")]), ada("x"));
        let both = [("SEGUE_AUTH", "ada:x"), ("SEGUE_USERNAME", "ada"), ("SEGUE_PASSWORD", "y")];
        assert!(found(None, &both).unwrap_err().contains("another user"));
        assert_eq!(found(Some("ada:z"), &both[..1]), ada("z"), "the option goes first");
    }

    #[test]
    fn a_file_holds_what_nobody_else_is_to_see() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "ada:pass word\n").unwrap();
        let at = format!("@{}", file.path().display());
        assert_eq!(found(Some(&at), &[]), ada("pass word"));
        assert_eq!(found(None, &[("SEGUE_AUTH", &at)]), ada("pass word"));
        for wrong in ["ada", "ada:", ":x", "@/nowhere/at/all"] {
            let error = found(Some(wrong), &[]).unwrap_err();
            assert!(error.contains("--auth"), "{error}");
        }
    }
}
