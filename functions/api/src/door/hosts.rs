//! The host names that the server accepts.
//!
//! The owner of a web page can make the page's name point to an address of this machine (DNS rebinding). The browser
//! then treats the server as the origin of the page, and the page can read every answer. Such a request still has the
//! name of the page in `Host`, so the server refuses every name that is not its own.
//!
//! An IP address cannot be redirected in this way. A page with an IP address as its origin came from the machine with
//! this address.

use axum::http::uri::{Authority, Uri};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// The host names that the server accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// Every name. For services on Cloud Run: Google's front end passes on only requests for names of the service. TLS
    /// prevents a browser from accepting the service under another name.
    Any,
    /// Loopback names, the address that the server listens on, and the names of a list.
    Listed {
        /// The address that the server listens on. With `0.0.0.0` or `::` every IP address is accepted.
        address: IpAddr,
        /// The names in addition to loopback names and the address.
        names: Vec<AllowedHost>,
    },
}

impl Default for Hosts {
    /// Accepts only loopback names.
    fn default() -> Self {
        Self::Listed { address: IpAddr::from([127, 0, 0, 1]), names: Vec::new() }
    }
}

impl Hosts {
    /// Accepts loopback names, `address`, and `names`.
    pub fn listed(address: IpAddr, names: Vec<AllowedHost>) -> Self {
        Self::Listed { address, names }
    }

    /// Reads `SEGUE_ALLOWED_HOSTS` and `SEGUE_URL` for a service that listens on `address`. The host of `SEGUE_URL` is
    /// also accepted. A service on Cloud Run accepts every name if `SEGUE_ALLOWED_HOSTS` is not set.
    ///
    /// # Errors
    /// [`NoHost`] for the first invalid name.
    pub fn from_variables(
        variable: impl Fn(&str) -> Option<String>,
        address: IpAddr,
        on_cloud_run: bool,
    ) -> Result<Self, NoHost> {
        let listed = variable("SEGUE_ALLOWED_HOSTS");
        if listed.is_none() && on_cloud_run {
            return Ok(Self::Any);
        }
        let mut names = AllowedHost::list(&listed.unwrap_or_default())?;
        if let Some(url) = variable("SEGUE_URL") {
            let no_host = || NoHost(url.clone());
            let uri: Uri = url.parse().map_err(|_| no_host())?;
            names.push(uri.authority().ok_or_else(no_host)?.as_str().parse()?);
        }
        Ok(Self::listed(address, names))
    }

    /// Whether the server accepts the host of a request.
    pub(super) fn admit(&self, host: &Named) -> bool {
        let Self::Listed { address, names } = self else { return true };
        let is_own = match host.ip() {
            Some(ip) => ip.is_loopback() || address.is_unspecified() || ip == address.to_canonical(),
            None => host.name == "localhost",
        };
        is_own || names.iter().any(|known| known.0.is(host))
    }

    /// Whether the origin of a page is in the list of names. Such a page is the server's own page with every `Host`,
    /// because a proxy can replace `Host`.
    pub(super) fn names_origin(&self, page: &Named) -> bool {
        let Self::Listed { names, .. } = self else { return false };
        names.iter().any(|AllowedHost(known)| known.name == page.name && known.port == page.port)
    }
}

/// An additional name or IP address of the server: `segue.example.com` for all ports, or `segue.example.com:8443` for
/// one port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost(Named);

/// A text that is not a host name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not a host; write a name such as segue.example.com or segue.example.com:8443, without http://"
)]
pub struct NoHost(String);

impl FromStr for AllowedHost {
    type Err = NoHost;

    fn from_str(text: &str) -> Result<Self, NoHost> {
        Named::of_host(text.trim()).map(Self).ok_or_else(|| NoHost(text.to_owned()))
    }
}

impl AllowedHost {
    /// Reads a list of names with commas between them.
    ///
    /// # Errors
    /// [`NoHost`] for the first invalid name.
    pub fn list(text: &str) -> Result<Vec<Self>, NoHost> {
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(Self::from_str).collect()
    }
}

/// The host in a `Host` or `Origin` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// The name in lower case. An IPv6 address has no brackets.
    name: String,
    port: Option<u16>,
}

impl Named {
    /// Reads `name`, `name:port` or `[::1]:port`. None for other texts.
    pub(super) fn of_host(text: &str) -> Option<Self> {
        let authority: Authority = text.parse().ok()?;
        let name = authority.host();
        let after = text.get(name.len()..)?;
        let port = match after.strip_prefix(':') {
            None if after.is_empty() && text.starts_with(name) => None,
            Some(port) if !port.is_empty() => Some(port.parse().ok()?),
            // The text has a user before the name, or a colon without a port.
            _ => return None,
        };
        let name = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            Some(ip) => ip,
            None if name.is_empty() => return None,
            None => name,
        };
        Some(Self { name: name.to_ascii_lowercase(), port })
    }

    /// Reads the origin of a page, and the default port of its scheme: `http://name` or `https://name:port`. None for
    /// other texts, such as `null`.
    pub(super) fn of_origin(text: &str) -> Option<(Self, u16)> {
        let (scheme, rest) = text.split_once("://")?;
        let usual = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        Some((Self::of_host(rest)?, usual))
    }

    /// Whether this host is the host of `page`, with the same port. `usual` is the default port of the page's scheme. A
    /// host without a port has this port, because a `Host` header does not show the scheme.
    pub(super) fn serves(&self, page: &Self, usual: u16) -> bool {
        self.name == page.name && self.port.unwrap_or(usual) == page.port.unwrap_or(usual)
    }

    /// Whether the names and the ports are the same. A name without a port matches every port.
    fn is(&self, host: &Self) -> bool {
        self.name == host.name && (self.port.is_none() || self.port == host.port)
    }

    fn ip(&self) -> Option<IpAddr> {
        self.name.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(hosts: &Hosts, host: &str) -> bool {
        Named::of_host(host).is_some_and(|host| hosts.admit(&host))
    }

    #[test]
    fn loopback_names_are_the_servers_and_no_others() {
        let hosts = Hosts::default();
        for own in
            ["localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:8080", "127.8.9.1:1", "[::1]", "[::1]:80"]
        {
            assert!(admits(&hosts, own), "{own}");
        }
        for other in [
            "",
            "evil.example",
            "rebind.evil.example:8080",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil.localhost",
            "localhost.",
            "192.168.1.7:8080",
            "[fe80::1]",
            "0.0.0.0",
            "127.1",
            "2130706433",
            "localhost:x",
            "localhost:",
            "localhost:99999",
            "localhost@evil.example",
            "evil@localhost",
            "localhost/x",
            ":80",
        ] {
            assert!(!admits(&hosts, other), "{other}");
        }
        assert!(admits(&hosts, "[::ffff:127.0.0.1]:80"), "loopback in IPv6's clothes");
    }

    #[test]
    fn where_it_listens_is_one_of_its_names() {
        let hosts = |address: &str| Hosts::listed(address.parse().unwrap(), Vec::new());
        assert!(admits(&hosts("192.168.1.7"), "192.168.1.7:8080"));
        assert!(!admits(&hosts("192.168.1.7"), "192.168.1.8:8080"));
        for all in ["0.0.0.0", "::"] {
            assert!(admits(&hosts(all), "192.168.1.7:8080") && admits(&hosts(all), "[fe80::1]:8080"));
            assert!(!admits(&hosts(all), "box.lan:8080"), "a name can be pointed anywhere");
        }
        assert!(admits(&Hosts::Any, "segue-abc-ew.a.run.app"));
    }

    #[test]
    fn a_service_on_cloud_run_answers_to_what_google_sends_it_unless_told_otherwise() {
        let hosts = |variables: &[(&str, &str)], on_cloud_run| {
            let read = |name: &str| {
                variables.iter().find(|(each, _)| *each == name).map(|(_, value)| (*value).to_owned())
            };
            let address = if on_cloud_run { [0, 0, 0, 0] } else { [127, 0, 0, 1] };
            Hosts::from_variables(read, address.into(), on_cloud_run).unwrap()
        };
        let url = ("SEGUE_URL", "https://api-abc-ew.a.run.app");
        assert!(admits(&hosts(&[url], true), "segue.example.com"), "a domain that is mapped to it");
        let listed = hosts(&[url, ("SEGUE_ALLOWED_HOSTS", "segue.example.com")], true);
        for own in ["segue.example.com", "api-abc-ew.a.run.app", "169.254.1.1:8080"] {
            assert!(admits(&listed, own), "{own}");
        }
        assert!(!admits(&listed, "evil.example"));
        let here = hosts(&[url], false);
        assert!(admits(&here, "api-abc-ew.a.run.app") && !admits(&here, "evil.example"));
        assert!(Hosts::from_variables(|_| Some("a b".to_owned()), [127, 0, 0, 1].into(), false).is_err());
    }

    #[test]
    fn names_are_added_with_or_without_a_port() {
        let names = AllowedHost::list("Segue.example.com, box.lan:8443,").unwrap();
        let hosts = Hosts::listed([127, 0, 0, 1].into(), names);
        for own in ["segue.example.com", "segue.example.com:9000", "box.lan:8443", "localhost"] {
            assert!(admits(&hosts, own), "{own}");
        }
        assert!(!admits(&hosts, "box.lan") && !admits(&hosts, "box.lan:80"));
        for wrong in ["https://segue.example.com", "a b", "a/b", "*.example.com:x"] {
            let error = AllowedHost::list(wrong).unwrap_err().to_string();
            assert!(error.contains(wrong) && error.contains("segue.example.com"), "{error}");
        }
    }
}
