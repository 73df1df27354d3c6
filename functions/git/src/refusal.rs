//! What git and its server say, as sentences that say what to do.
//!
//! How to add one more: a line in [`KNOWN`].

/// Words in the errors of git in small letters, and the sentence about them. The first line that fits is used.
const KNOWN: &[(&[&str], &str)] = &[
    (
        &[
            "authentication failed",
            "could not read username",
            "could not read password",
            "returned error: 401",
        ],
        "the server refused the login; check username and password (or the token), and whether the token is still valid",
    ),
    (
        &["returned error: 403", "protected branch", "permission to "],
        "the login has no permission for this; give the user or the token the right to read or write the repository",
    ),
    (
        &["permission denied (", "load key", "too many authentication failures"],
        "the server refused the key; check privateKey and passphrase, and whether the public key is known to the server",
    ),
    (
        // With --porcelain, git writes the line with [rejected] elsewhere, and here the hint only.
        &[
            "non-fast-forward",
            "fetch first",
            "[rejected]",
            "updates were rejected because",
            "failed to update ref",
            "cannot lock ref",
        ],
        "the branch has newer commits, so the push was refused; nothing was pushed. Run the task again: each run begins \
         with the newest commit of the branch",
    ),
    (
        &["remote branch", "couldn't find remote ref"],
        "the repository has no such branch or tag; check branch and tag",
    ),
    (
        &[
            "not found",
            "does not exist",
            "does not appear to be a git repository",
            "returned error: 404",
            "not valid: is this a git repository",
        ],
        "there is no repository at this address, or the login may not see it; check url, username and password",
    ),
    (
        &["transport '", "protocol '"],
        "the repository or one of its submodules has an address with a protocol that is not allowed; use https or ssh",
    ),
    (
        &["ssl certificate", "certificate verify", "server certificate"],
        "the certificate of the server is not trusted; set trustedCaPemPath to the certificate of its authority",
    ),
    (
        &[
            "operation too slow",
            "timed out",
            "could not resolve",
            "failed to connect",
            "unable to access",
            "connection closed",
            "connection re",
        ],
        "the server did not answer; check url, or try again later",
    ),
    (
        &["could not read from remote repository"],
        "the repository cannot be read; check url, and whether the login may see the repository",
    ),
    (&["no space left"], "the disk is full; free space, or clone with a smaller depth"),
];

/// The longest part of git's own words, in characters.
const LONGEST: usize = 500;

/// A sentence about the error of a command. `error` is what git wrote. Secrets are masked later.
pub(crate) fn sentence(url: &str, error: &str) -> String {
    let small = error.to_lowercase();
    let words = own_words(error);
    let known = KNOWN.iter().find(|(signs, _)| signs.iter().any(|sign| small.contains(sign)));
    match known {
        Some((_, sentence)) => format!("{url}: {sentence} (git: {words})"),
        None => format!("{url}: git failed: {words}"),
    }
}

/// The lines of git that say what happened, without hints and progress.
fn own_words(error: &str) -> String {
    let lines: Vec<&str> = error
        .lines()
        .map(str::trim)
        .filter(|line| {
            !line.is_empty() && !line.starts_with("hint:") && !line.starts_with("Warning: Permanently")
        })
        .collect();
    let mut words = lines.join("; ");
    if let Some((end, _)) = words.char_indices().nth(LONGEST) {
        words.truncate(end);
        words.push('…');
    }
    if words.is_empty() { "it gave no reason".to_owned() } else { words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_says_becomes_a_sentence() {
        for (error, part) in [
            ("fatal: Authentication failed for 'https://x/'", "check username and password"),
            (
                "fatal: could not read Username for 'https://x': terminal prompts disabled",
                "check username and password",
            ),
            ("git@x: Permission denied (publickey).\nfatal: Could not read from remote", "check privateKey"),
            ("fatal: repository 'https://x/' not found", "there is no repository"),
            (" ! [rejected] main -> main (fetch first)\nhint: x", "Run the task again"),
            (
                "error: failed to push some refs to 'https://x/'\nhint: Updates were rejected because the remote \
                 contains work that you do",
                "Run the task again",
            ),
            ("fatal: transport 'file' not allowed", "use https or ssh"),
            ("fatal: something new", "git failed: fatal: something new"),
            ("", "it gave no reason"),
        ] {
            let sentence = sentence("https://x/", error);
            assert!(sentence.contains(part) && !sentence.contains("hint:"), "{sentence}");
        }
    }
}
