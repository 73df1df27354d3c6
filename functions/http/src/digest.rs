//! DIGEST (RFC 7616): the answer to a server's challenge, without sending the password.

use md5::Md5;
use reqwest::{Method, Url};
use sha2::{Digest, Sha256};

/// A server's challenge, from `WWW-Authenticate: Digest …`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    /// The name in the challenge. None if the server named none, which means MD5.
    algorithm: Option<String>,
    has_qop: bool,
}

/// The user name and password.
pub(crate) struct Credentials<'a> {
    pub(crate) username: &'a str,
    pub(crate) password: &'a str,
}

impl Challenge {
    /// Parses a challenge. None for other kinds of authentication, and for unknown requirements.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let (kind, rest) = header.trim().split_once(' ')?;
        if !kind.eq_ignore_ascii_case("digest") {
            return None;
        }
        let fields = fields(rest);
        let get = |name: &str| {
            fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
        };
        let qop = get("qop");
        let offers_auth = |qop: &String| qop.split(',').any(|offered| offered.trim() == "auth");
        let challenge = Self {
            realm: get("realm")?,
            nonce: get("nonce")?,
            opaque: get("opaque"),
            algorithm: get("algorithm"),
            has_qop: qop.as_ref().is_some_and(offers_auth),
        };
        (challenge.hash("").is_some() && (qop.is_none() || challenge.has_qop)).then_some(challenge)
    }

    /// The value of the `Authorization` header. `client_nonce` must be used only once.
    pub(crate) fn answer(
        &self,
        who: &Credentials<'_>,
        method: &Method,
        url: &Url,
        client_nonce: &str,
    ) -> Option<String> {
        let path =
            url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let hash = |text: &str| self.hash(text);
        let mut secret = hash(&format!("{}:{}:{}", who.username, self.realm, who.password))?;
        if self.algorithm.as_deref().is_some_and(|name| name.to_ascii_lowercase().ends_with("-sess")) {
            secret = hash(&format!("{secret}:{}:{client_nonce}", self.nonce))?;
        }
        let asked = hash(&format!("{method}:{path}"))?;
        let response = if self.has_qop {
            hash(&format!("{secret}:{}:00000001:{client_nonce}:auth:{asked}", self.nonce))?
        } else {
            hash(&format!("{secret}:{}:{asked}", self.nonce))?
        };
        let mut header = format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{path}\", response=\"{response}\"",
            quoted(who.username),
            quoted(&self.realm),
            quoted(&self.nonce)
        );
        if let Some(algorithm) = &self.algorithm {
            header.push_str(&format!(", algorithm={algorithm}"));
        }
        if let Some(opaque) = &self.opaque {
            header.push_str(&format!(", opaque=\"{}\"", quoted(opaque)));
        }
        if self.has_qop {
            header.push_str(&format!(", qop=auth, nc=00000001, cnonce=\"{client_nonce}\""));
        }
        Some(header)
    }

    /// The requested hash in hexadecimal. None if the algorithm is unknown.
    fn hash(&self, text: &str) -> Option<String> {
        match self.algorithm.as_deref().unwrap_or("MD5").to_ascii_uppercase().as_str() {
            "MD5" | "MD5-SESS" => Some(hex(&Md5::digest(text))),
            "SHA-256" | "SHA-256-SESS" => Some(hex(&Sha256::digest(text))),
            _ => None,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// Parses the fields `name=value, name="quoted, value"`.
fn fields(text: &str) -> Vec<(String, String)> {
    let (mut found, mut name, mut value) = (Vec::new(), String::new(), None::<String>);
    let (mut in_quotes, mut escaped) = (false, false);
    for letter in text.chars().chain([',']) {
        match letter {
            '"' if !escaped => in_quotes = !in_quotes,
            '\\' if in_quotes && !escaped => {
                escaped = true;
                continue;
            }
            ',' if !in_quotes => {
                if let Some(value) = value.take() {
                    found.push((name.trim().to_owned(), value.trim().to_owned()));
                }
                name.clear();
            }
            '=' if !in_quotes && value.is_none() => value = Some(String::new()),
            letter => value.as_mut().unwrap_or(&mut name).push(letter),
        }
        escaped = false;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: Credentials<'_> = Credentials { username: "Mufasa", password: "Circle of Life" };
    const NONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

    fn answer(header: &str) -> String {
        let url = Url::parse("http://www.example.org/dir/index.html").unwrap();
        Challenge::parse(header).unwrap().answer(&WHO, &Method::GET, &url, NONCE).unwrap()
    }

    #[test]
    fn the_examples_of_the_standard_hold() {
        let header = |algorithm: &str| {
            format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            )
        };
        let md5 = answer(&header("MD5"));
        assert!(md5.contains("response=\"8ca523f5e9506fed4657c9700eebdbec\""), "{md5}");
        assert!(md5.contains("uri=\"/dir/index.html\"") && md5.contains("qop=auth, nc=00000001"), "{md5}");
        let sha = answer(&header("SHA-256"));
        assert!(
            sha.contains("response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""),
            "{sha}"
        );
    }

    #[test]
    fn the_oldest_form_has_no_qop() {
        let header = answer("digest realm=\"a, \\\"b\\\"\", nonce=abc");
        assert!(
            header.starts_with("Digest username=\"Mufasa\", realm=\"a, \\\"b\\\"\", nonce=\"abc\""),
            "{header}"
        );
        assert!(!header.contains("qop") && !header.contains("algorithm"), "{header}");
    }

    #[test]
    fn other_challenges_are_not_answered() {
        for header in [
            "Basic realm=\"x\"",
            "Digest realm=\"x\"",
            "Digest realm=\"x\", nonce=\"n\", algorithm=SHA-512-256",
            "Digest realm=\"x\", nonce=\"n\", qop=\"auth-int\"",
        ] {
            assert_eq!(Challenge::parse(header), None, "{header}");
        }
    }
}
