//! What to do about an image that cannot be had, by what Docker's client or a builder says about it.
//!
//! To add a case, add a line to [`KNOWN`] with the words of the client.

/// Words of the client and advice. The first line with one of these words counts.
const KNOWN: [(&[&str], &str); 5] = [
    (
        &["invalid reference format"],
        "write the image as name:tag, with a registry in front if it is not Docker Hub",
    ),
    (
        &["no such host", "dial tcp", "i/o timeout", "tls handshake"],
        "the registry cannot be reached: check its name in the image, and the network of the Docker daemon",
    ),
    (
        &["pull access denied", "repository does not exist", "insufficient_scope", "name unknown"],
        "check the name of the image; if its registry asks for a login, set credentials",
    ),
    (
        &["manifest unknown", "manifest for", "failed to resolve source metadata", "no such image"],
        "check the name and the tag of the image in its registry",
    ),
    (
        &["unauthorized", "authentication required", "no basic auth credentials", "denied: "],
        "check credentials: the registry refuses the login",
    ),
];

/// What to do about an image that cannot be had. None if the text is about something else.
pub(crate) fn advice(said: &str) -> Option<&'static str> {
    let said = said.to_ascii_lowercase();
    KNOWN.iter().find(|(words, _)| words.iter().any(|word| said.contains(word))).map(|(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of Docker 28 and of BuildKit.
    #[test]
    fn lines_of_the_client_have_advice() {
        for (said, expected) in [
            (
                "pull access denied for nosuch, repository does not exist or may require 'docker login'",
                "check the name of",
            ),
            ("manifest for alpine:99 not found: manifest unknown: manifest unknown", "the name and the tag"),
            (
                "ERROR: failed to solve: alpine:99: failed to resolve source metadata for \
              docker.io/library/alpine:99: docker.io/library/alpine:99: not found",
                "the name and the tag",
            ),
            ("Get \"https://r.example/v2/\": dial tcp: lookup r.example: no such host", "cannot be reached"),
            (
                "Get \"https://r.example/v2/x/manifests/1\": unauthorized: access to the resource is denied",
                "credentials",
            ),
            ("invalid reference format: repository name (library/UPPER) must be lowercase", "name:tag"),
        ] {
            assert!(
                advice(said).is_some_and(|advice| advice.contains(expected)),
                "{said}: {:?}",
                advice(said)
            );
        }
        assert_eq!(
            advice("ERROR: process \"/bin/sh -c make\" did not complete successfully: exit code: 2"),
            None
        );
    }
}
