//! The address of a repository: which protocols are allowed, and what is secret in an address.
//!
//! How to add one more protocol: a variant of [`Protocol`], and its name in `session::PROTOCOLS`.

use percent_encoding::percent_decode_str;
use url::Url;

/// How the program git reaches a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http,
    Ssh,
}

/// An address without its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// The address for the program git.
    pub(crate) url: String,
    pub(crate) protocol: Protocol,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The user in an HTTP address.
    pub(crate) user: Option<String>,
    /// The password in an address.
    pub(crate) password: Option<String>,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// A sentence that does not contain a password.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with('-') || text.chars().any(char::is_control) {
            return Err(wrong("the address of the repository is invalid"));
        }
        if !text.contains("://") {
            return Self::short(text);
        }
        let mut url = Url::parse(text)
            .map_err(|error| wrong(&format!("the address of the repository is invalid ({error})")))?;
        let (protocol, port) = match url.scheme() {
            "http" => (Protocol::Http, 80),
            "https" => (Protocol::Http, 443),
            "ssh" => (Protocol::Ssh, 22),
            other => return Err(wrong(&format!("repositories are not read by the protocol '{other}'"))),
        };
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        if host.is_empty() || host.starts_with('-') {
            return Err(wrong("the address of the repository has no host"));
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let user = Some(decoded(url.username())).filter(|user| !user.is_empty());
        if user.as_deref().is_some_and(|user| user.starts_with('-')) {
            return Err(wrong("the address of the repository has an invalid user"));
        }
        let password = url.password().map(decoded);
        // An error is possible only for addresses without a host.
        let _no_host = url.set_password(None);
        let mut user_of_http = None;
        if protocol == Protocol::Http {
            let _no_host = url.set_username("");
            user_of_http = user;
        }
        let port = url.port().unwrap_or(port);
        Ok(Self { url: url.into(), protocol, host, port, user: user_of_http, password })
    }

    /// The short form of SSH addresses: `user@host:path`.
    fn short(text: &str) -> Result<Self, String> {
        let parts = text.split_once(':').filter(|(_, path)| !path.is_empty() && !path.starts_with(':'));
        let Some((at, _)) = parts else {
            return Err(wrong("the address of the repository is invalid"));
        };
        let (user, host) = at.rsplit_once('@').map_or((None, at), |(user, host)| (Some(user), host));
        let is_word = |text: &str| {
            !text.is_empty()
                && !text.starts_with('-')
                && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        };
        if !is_word(host) || !user.is_none_or(is_word) {
            return Err(wrong("the address of the repository is invalid"));
        }
        Ok(Self {
            url: text.to_owned(),
            protocol: Protocol::Ssh,
            host: host.to_owned(),
            port: 22,
            user: None,
            password: None,
        })
    }

    /// Scheme, host and port of an HTTP address: the part for which credentials are valid.
    pub(crate) fn origin(&self) -> Option<String> {
        let url = Url::parse(&self.url).ok().filter(|_| self.protocol == Protocol::Http)?;
        Some(url.origin().ascii_serialization())
    }
}

fn wrong(what: &str) -> String {
    format!("{what}; write https://host/path, ssh://user@host/path or user@host:path in url")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_loses_its_password() {
        let address = Address::parse(" https://ada:p%40ss@git.example.com:8443/team/flows.git ").unwrap();
        assert_eq!(address.url, "https://git.example.com:8443/team/flows.git");
        assert_eq!((address.user.as_deref(), address.password.as_deref()), (Some("ada"), Some("p@ss")));
        assert_eq!(address.origin().unwrap(), "https://git.example.com:8443");
        let address = Address::parse("ssh://git:pw@host/x").unwrap();
        assert_eq!((address.url.as_str(), address.port), ("ssh://git@host/x", 22));
        let address = Address::parse("git@github.com:team/flows.git").unwrap();
        assert_eq!((address.host.as_str(), address.protocol), ("github.com", Protocol::Ssh));
        assert_eq!(Address::parse("http://[::1]:80/x").unwrap().host, "::1");
    }

    #[test]
    fn other_protocols_paths_and_options_are_refused() {
        for text in [
            "file:///etc",
            "ext::sh -c id",
            "ext::ssh://host/x",
            "git://host/x",
            "fd::7",
            "/srv/repository",
            "../x",
            "--upload-pack=id",
            "-oProxyCommand=id:x",
            "ssh://-oProxyCommand=id/x",
            "ssh://-oProxyCommand=id@host/x",
            "git@-oProxyCommand=id:x",
            "https://host/x\ny",
            "",
        ] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
        let error = Address::parse("ftp://ada:hunter2@host/x").unwrap_err();
        assert!(error.contains("'ftp'") && !error.contains("hunter2"), "{error}");
    }
}
