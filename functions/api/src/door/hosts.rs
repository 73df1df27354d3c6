//! The names the server answers to.
//!
//! A web page may let its own name point to an address of this machine (DNS rebinding): for the browser the server is
//! then that page's own, and the page reads everything. The request still says the page's name in `Host`, so a name
//! that is not the server's is refused. An address in place of a name cannot be pointed elsewhere: a browser asks the
//! machine that has the address, so that a page of such an origin came from there itself.

use axum::http::uri::{Authority, Uri};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// The names the server answers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// Any. For services on Cloud Run: Google's front end sends a service its own names only, by TLS, where a browser
    /// would not take a name for another.
    Any,
    /// Loopback names, the address it listens on, and some more.
    Listed {
        /// Where it listens. On all addresses of the machine (`0.0.0.0`, `::`), any address is one of its names.
        address: IpAddr,
        /// The other names.
        names: Vec<AllowedHost>,
    },
}

impl Default for Hosts {
    /// Loopback names alone.
    fn default() -> Self {
        Self::Listed { address: IpAddr::from([127, 0, 0, 1]), names: Vec::new() }
    }
}

impl Hosts {
    /// Loopback names, the address it listens on, and some more.
    pub fn listed(address: IpAddr, names: Vec<AllowedHost>) -> Self {
        Self::Listed { address, names }
    }

    /// Reads `SEGUE_ALLOWED_HOSTS`, for a service that listens on `address`; the host of `SEGUE_URL` is one of them. A
    /// service on Cloud Run answers to any name unless some are listed.
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

    /// Whether it answers to the `Host` of a request.
    pub(super) fn admit(&self, host: &Named) -> bool {
        let Self::Listed { address, names } = self else { return true };
        let is_own = match host.ip() {
            Some(ip) => ip.is_loopback() || address.is_unspecified() || ip == address.to_canonical(),
            None => host.name == "localhost",
        };
        is_own || names.iter().any(|known| known.0.is(host))
    }

    /// Whether a page of that origin is the server's own because it was said so, whatever `Host` says: behind a proxy
    /// that puts its own `Host` in.
    pub(super) fn names_origin(&self, page: &Named) -> bool {
        let Self::Listed { names, .. } = self else { return false };
        names.iter().any(|AllowedHost(known)| known.name == page.name && known.port == page.port)
    }
}

/// A name, or an address, the server answers to as well: `segue.example.com`, at any port, or
/// `segue.example.com:8443`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost(Named);

/// What is no name of a host.
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
    /// Reads names with commas between them.
    ///
    /// # Errors
    /// [`NoHost`] for the first invalid name.
    pub fn list(text: &str) -> Result<Vec<Self>, NoHost> {
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(Self::from_str).collect()
    }
}

/// A host as a header names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// Lower case; an IPv6 address without its brackets.
    name: String,
    port: Option<u16>,
}

impl Named {
    /// Reads `name`, `name:port` or `[::1]:port`; none for anything else.
    pub(super) fn of_host(text: &str) -> Option<Self> {
        let authority: Authority = text.parse().ok()?;
        let name = authority.host();
        let after = text.get(name.len()..)?;
        let port = match after.strip_prefix(':') {
            None if after.is_empty() && text.starts_with(name) => None,
            Some(port) if !port.is_empty() => Some(port.parse().ok()?),
            // A user before the name, a colon without a port.
            _ => return None,
        };
        let name = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            Some(ip) => ip,
            None if name.is_empty() => return None,
            None => name,
        };
        Some(Self { name: name.to_ascii_lowercase(), port })
    }

    /// Reads `scheme://name` or `scheme://name:port`, as browsers write an origin; none for `null` and the like.
    pub(super) fn of_origin(text: &str) -> Option<(Self, u16)> {
        let (scheme, rest) = text.split_once("://")?;
        let usual = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        Some((Self::of_host(rest)?, usual))
    }

    /// Whether this host, which may say no port, is that of a page, at the page's port. What the page came by
    /// (`http`, `https`) is not known of a host, so one without a port is at the usual one of the page's.
    pub(super) fn serves(&self, page: &Self, usual: u16) -> bool {
        self.name == page.name && self.port.unwrap_or(usual) == page.port.unwrap_or(usual)
    }

    /// Whether it is that host, at any port where this one names none.
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
