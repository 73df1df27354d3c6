//! HTTP clients for the addresses in flows. There is one cached client for each combination of settings.
//!
//! The clients refuse the machine's metadata server, because this server gives out the service's own credentials. A
//! request is refused by the name of the host, by its address, and after a redirect.

use crate::metadata::{is_metadata_address, is_metadata_name};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Proxy, Url, redirect};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use thiserror::Error;
use url::Host;

/// The largest number of redirects of a request.
const MAX_REDIRECTS: usize = 50;
/// The largest number of cached clients. Each client has its own connections.
const MAX_CLIENTS: usize = 32;

/// The error of a request that was not sent. The text says why it was not sent, and what to do.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct NotSent(String);

/// The settings of a client. Requests with equal settings use the same client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientSettings {
    /// The longest time to establish a connection.
    pub connect_timeout: Duration,
    /// The longest time without new data.
    pub read_timeout: Duration,
    /// Whether redirects (status 3xx) are followed.
    pub follow_redirects: bool,
    /// Whether a redirect to another host, port or scheme is returned instead of followed. The request may contain data
    /// that is meant only for the first host.
    pub stay_with_origin: bool,
    /// Whether every TLS certificate is accepted.
    pub insecure_tls: bool,
    /// The URL of a proxy, with credentials. `None` if there is no proxy.
    pub proxy: Option<String>,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(30),
            read_timeout: Duration::from_secs(300),
            follow_redirects: true,
            stay_with_origin: false,
            insecure_tls: false,
            proxy: None,
        }
    }
}

/// The HTTP clients of one service.
#[derive(Debug)]
pub struct Clients {
    guard: Guard,
    kept: Mutex<HashMap<ClientSettings, Client>>,
}

impl Clients {
    /// Creates an empty cache of clients. `allow_metadata` says whether they may connect to the metadata server.
    pub fn new(allow_metadata: bool) -> Self {
        Self { guard: Guard { allow_metadata }, kept: Mutex::default() }
    }

    /// The client with these settings. A proxy is used only if the settings name one.
    ///
    /// # Errors
    /// [`NotSent`] if the proxy is not a URL or the client cannot be created.
    pub fn get(&self, settings: &ClientSettings) -> Result<Client, NotSent> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = kept.get(settings) {
            return Ok(client.clone());
        }
        let client = self.build(settings).map_err(|error| {
            NotSent(format!("cannot create an HTTP client with these options: {}", describe(&error)))
        })?;
        if kept.len() >= MAX_CLIENTS {
            kept.clear();
        }
        kept.insert(settings.clone(), client.clone());
        Ok(client)
    }

    /// Parses a URL, and refuses a forbidden one.
    ///
    /// # Errors
    /// [`NotSent`] if the text is not an `http` or `https` URL, or leads to the metadata server.
    pub fn url(&self, uri: &str) -> Result<Url, NotSent> {
        let url = Url::parse(uri.trim())
            .map_err(|error| NotSent(format!("'{uri}' is not a URL ({error}); write https://host/path")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(NotSent(format!("'{uri}' is neither http nor https; write https://host/path")));
        }
        self.guard.check(&url).map_err(NotSent)?;
        Ok(url)
    }

    /// The addresses of a host, for connections that are not HTTP, such as those to databases. Connect to these addresses
    /// and not to the name, because a name can have another address a moment later.
    ///
    /// # Errors
    /// [`NotSent`] if the name has no address, or leads to the metadata server.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NotSent> {
        if is_metadata_name(host) && !self.guard.allow_metadata {
            return Err(NotSent(refusal(host)));
        }
        let found = self.guard.look_up(host).await?;
        Ok(found.into_iter().map(|address| address.ip()).collect())
    }

    fn build(&self, settings: &ClientSettings) -> Result<Client, reqwest::Error> {
        let guard = self.guard;
        let stay = settings.stay_with_origin;
        let policy = if settings.follow_redirects {
            redirect::Policy::custom(move |attempt| {
                if attempt.previous().len() > MAX_REDIRECTS {
                    return attempt.error(format!("more than {MAX_REDIRECTS} redirects"));
                }
                if let Err(refusal) = guard.check(attempt.url()) {
                    return attempt.error(refusal);
                }
                let leaves =
                    attempt.previous().last().is_some_and(|from| from.origin() != attempt.url().origin());
                if stay && leaves { attempt.stop() } else { attempt.follow() }
            })
        } else {
            redirect::Policy::none()
        };
        let builder = Client::builder()
            // Bodies are returned unchanged. The features of other crates must not decide whether the client unpacks
            // them.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .user_agent(concat!("segue/", env!("CARGO_PKG_VERSION")))
            .http1_title_case_headers()
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            .redirect(policy)
            // The address may contain secrets, so it is not sent to other hosts.
            .referer(false)
            .dns_resolver(Arc::new(self.guard))
            .tls_danger_accept_invalid_certs(settings.insecure_tls);
        match &settings.proxy {
            Some(proxy) => builder.proxy(Proxy::all(proxy)?),
            None => builder.no_proxy(),
        }
        .build()
    }
}

/// The text of an error with all its causes. The first line of an HTTP error rarely names the cause.
pub fn describe(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let reason = error.to_string();
        if !text.contains(&reason) {
            text.push_str(": ");
            text.push_str(&reason);
        }
        cause = error.source();
    }
    text
}

/// Keeps requests away from the metadata server.
#[derive(Clone, Copy, Debug)]
struct Guard {
    allow_metadata: bool,
}

impl Guard {
    fn check(self, url: &Url) -> Result<(), String> {
        let refused = match url.host() {
            Some(Host::Domain(name)) => is_metadata_name(name),
            Some(Host::Ipv4(address)) => is_metadata_address(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => is_metadata_address(IpAddr::V6(address)),
            None => false,
        };
        if refused && !self.allow_metadata {
            return Err(refusal(url.host_str().unwrap_or_default()));
        }
        Ok(())
    }

    /// The addresses of a name that may be used.
    async fn look_up(self, name: &str) -> Result<Vec<SocketAddr>, NotSent> {
        let found =
            tokio::net::lookup_host((name, 0)).await.map_err(|error| NotSent(unknown(name, &error)))?;
        self.allowed(name, found)
    }

    /// The addresses that may be used. Several addresses of a name may be those of different machines.
    fn allowed(
        self,
        name: &str,
        found: impl Iterator<Item = SocketAddr>,
    ) -> Result<Vec<SocketAddr>, NotSent> {
        let (refused, allowed): (Vec<_>, Vec<_>) =
            found.partition(|address| !self.allow_metadata && is_metadata_address(address.ip()));
        if allowed.is_empty() && !refused.is_empty() { Err(NotSent(refusal(name))) } else { Ok(allowed) }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = *self;
        Box::pin(async move {
            let addresses: Addrs = Box::new(guard.look_up(name.as_str()).await?.into_iter());
            Ok(addresses)
        })
    }
}

/// Why a name has no address, and what to do.
fn unknown(host: &str, error: &std::io::Error) -> String {
    let advice = if host.contains('.') || host == "localhost" {
        "check the spelling of the name, and whether this machine can ask a name server"
    } else {
        "a name of Docker Compose is known only in its network: use localhost and the published port"
    };
    format!("the host '{host}' has no address: {error}; {advice}")
}

fn refusal(host: &str) -> String {
    format!(
        "'{host}' is the machine's metadata server; flows may not use it unless the deployment sets \
         SEGUE_HTTP_ALLOW_METADATA=true"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metadata_server_is_refused_in_every_spelling() {
        let clients = Clients::new(false);
        for uri in [
            "http://169.254.169.254/computeMetadata/v1/",
            "http://metadata.google.internal/",
            "http://METADATA.google.internal./",
            "http://2852039166/",
            "http://0xa9fea9fe/",
            "http://[::ffff:169.254.169.254]/",
            "http://[fd20:ce::254]/",
            "http://169.254.170.2/v2/credentials/",
            "http://100.100.100.200/latest/meta-data/",
            "http://168.63.129.16/metadata/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://instance-data.ec2.internal/",
        ] {
            assert!(clients.url(uri).unwrap_err().to_string().contains("metadata server"), "{uri}");
            assert!(Clients::new(true).url(uri).is_ok(), "{uri}");
        }
        assert!(clients.url("https://example.com/metadata").is_ok());
    }

    #[tokio::test]
    async fn the_addresses_of_a_host_are_not_those_of_the_metadata_server() {
        let clients = Clients::new(false);
        let here: IpAddr = [127, 0, 0, 1].into();
        assert_eq!(clients.addresses("127.0.0.1").await.unwrap(), [here]);
        for host in ["169.254.169.254", "metadata.google.internal", "::ffff:169.254.169.254"] {
            let why = clients.addresses(host).await.unwrap_err().to_string();
            assert!(why.contains("metadata server"), "{why}");
        }
        assert!(Clients::new(true).addresses("169.254.169.254").await.is_ok());
        let why = clients.addresses("nowhere.invalid").await.unwrap_err().to_string();
        assert!(why.starts_with("the host 'nowhere.invalid' has no address"), "{why}");
        assert!(
            why.ends_with("check the spelling of the name, and whether this machine can ask a name server"),
            "{why}"
        );
    }

    /// The error of a request names the host and says what to do, as the error of any other connection does.
    #[tokio::test]
    async fn a_request_to_an_unknown_host_says_what_to_do() {
        let client = Clients::new(false).get(&ClientSettings::default()).unwrap();
        for (host, advice) in
            [("nowhere.invalid", "check the spelling of the name"), ("nowhere", "use localhost")]
        {
            let error = client.get(format!("http://{host}/")).send().await.unwrap_err();
            let why = describe(&error);
            assert!(
                why.contains(&format!("the host '{host}' has no address")) && why.contains(advice),
                "{why}"
            );
        }
    }

    #[test]
    fn only_http_is_spoken() {
        for uri in ["file:///etc/passwd", "ftp://host/x", "host/x", ""] {
            assert!(Clients::new(true).url(uri).is_err(), "{uri}");
        }
    }

    #[test]
    fn one_client_serves_the_same_settings() {
        let clients = Clients::new(false);
        clients.get(&ClientSettings::default()).unwrap();
        clients.get(&ClientSettings::default()).unwrap();
        assert_eq!(clients.kept.lock().unwrap().len(), 1);
        let odd = ClientSettings { proxy: Some("::".to_owned()), ..ClientSettings::default() };
        assert!(clients.get(&odd).is_err());
    }
}
