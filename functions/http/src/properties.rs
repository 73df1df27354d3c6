//! The common properties of both task types, and the settings of the HTTP client.

use schemars::JsonSchema;
use segue_model::{Json, Map, parse_duration};
use segue_task::TaskError;
use segue_task::outbound::ClientSettings;
use serde::Deserialize;
use std::time::Duration;

/// The request. Properties of old flows are accepted too.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Common {
    /// The URL: `http` or `https`.
    pub uri: String,
    /// The method. Default: GET.
    pub method: Option<String>,
    /// Query parameters, appended to the URL: a map (a list as value repeats the name) or a list of pairs.
    pub params: Option<Json>,
    /// The body, sent as `contentType`. A map or list is sent as JSON.
    pub body: Option<Json>,
    /// A form, URL-encoded unless `contentType` is `multipart/form-data`. In a multipart form, a `kestra:///`
    /// URI is sent as a file, and so is a map with `name` and `content`.
    pub form_data: Option<Map>,
    /// The body's media type. Default: `application/json`.
    pub content_type: Option<String>,
    /// Header fields.
    #[serde(default)]
    pub headers: Map,
    /// Options of the request.
    #[serde(default)]
    pub options: Options,
    /// The property of old flows for `options.allowFailed`.
    pub allow_failed: Option<bool>,
    /// The property of old flows for `options.ssl`.
    pub ssl_options: Option<Ssl>,
}

/// Options of the request.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// Whether status codes of 400 and above are accepted.
    pub allow_failed: Option<bool>,
    /// The only accepted status codes. Empty or absent: all codes below 400.
    pub allowed_response_codes: Option<Vec<u16>>,
    /// The credentials.
    pub auth: Option<Auth>,
    /// The time limits.
    pub timeout: Option<Timeout>,
    /// The proxy.
    pub proxy: Option<ProxyOptions>,
    /// The accepted certificates.
    pub ssl: Option<Ssl>,
    /// Whether redirects are followed. Default: true.
    pub follow_redirects: Option<bool>,
    /// The charset of an answer that names none. Default: UTF-8.
    pub default_charset: Option<String>,
    /// The property of old flows for `timeout.connectTimeout`.
    pub connect_timeout: Option<String>,
    /// A property of old flows for `timeout.readIdleTimeout`.
    pub read_timeout: Option<String>,
    /// A property of old flows for `timeout.readIdleTimeout`.
    pub read_idle_timeout: Option<String>,
    /// A property of old flows. Has no effect: the client decides how long connections are kept.
    pub connection_pool_idle_timeout: Option<String>,
    /// A property of old flows. Has no effect: downloads have no limit.
    pub max_content_length: Option<u64>,
    /// The property of old flows for `auth.username` of BASIC.
    pub basic_auth_user: Option<String>,
    /// The property of old flows for `auth.password` of BASIC.
    pub basic_auth_password: Option<String>,
    /// The property of old flows for `proxy.type`.
    pub proxy_type: Option<String>,
    /// The property of old flows for `proxy.address`.
    pub proxy_address: Option<String>,
    /// The property of old flows for `proxy.port`.
    pub proxy_port: Option<u16>,
    /// The property of old flows for `proxy.username`.
    pub proxy_username: Option<String>,
    /// The property of old flows for `proxy.password`.
    pub proxy_password: Option<String>,
    /// Accepted, and has no effect: the parts of the request to log.
    pub logs: Option<Json>,
    /// Accepted, and has no effect: the level of these log lines.
    pub log_level: Option<String>,
}

/// The credentials of a request.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Auth {
    /// BASIC, BEARER or DIGEST.
    #[serde(rename = "type")]
    pub kind: String,
    /// For BASIC and DIGEST.
    pub username: Option<String>,
    /// For BASIC and DIGEST.
    pub password: Option<String>,
    /// For BEARER.
    pub token: Option<String>,
}

/// The time limits of a request.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Timeout {
    /// The longest time to establish a connection, as an ISO-8601 duration.
    pub connect_timeout: Option<String>,
    /// The longest time without new data, as an ISO-8601 duration. Default: PT5M.
    pub read_idle_timeout: Option<String>,
}

/// The proxy of a request.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct ProxyOptions {
    /// DIRECT (no proxy) or HTTP.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Its host.
    pub address: Option<String>,
    /// Its port.
    pub port: Option<u16>,
    /// The user name for the proxy.
    pub username: Option<String>,
    /// The password for the proxy.
    pub password: Option<String>,
}

/// The accepted certificates.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ssl {
    /// Whether any certificate is accepted. Then the server's identity is unknown.
    pub insecure_trust_all_certificates: Option<bool>,
}

impl Common {
    /// Whether an answer with this status code is accepted.
    pub fn accepts(&self, code: u16) -> bool {
        match &self.options.allowed_response_codes {
            Some(codes) => codes.contains(&code),
            None => code < 400 || self.allows_failed(),
        }
    }

    /// Whether failed answers are accepted.
    pub fn allows_failed(&self) -> bool {
        self.options.allow_failed.or(self.allow_failed).unwrap_or(false)
    }

    /// The settings of the HTTP client.
    ///
    /// # Errors
    /// [`TaskError::Failed`] for an invalid duration, or a proxy without an address.
    pub fn client(&self) -> Result<ClientSettings, TaskError> {
        let options = &self.options;
        let defaults = ClientSettings::default();
        let times = options.timeout.clone().unwrap_or_default();
        let connect = times.connect_timeout.as_ref().or(options.connect_timeout.as_ref());
        let read = times
            .read_idle_timeout
            .as_ref()
            .or(options.read_idle_timeout.as_ref())
            .or(options.read_timeout.as_ref());
        let insecure = |ssl: &Option<Ssl>| ssl.as_ref().and_then(|ssl| ssl.insecure_trust_all_certificates);
        Ok(ClientSettings {
            connect_timeout: duration("connectTimeout", connect)?.unwrap_or(defaults.connect_timeout),
            read_timeout: duration("readIdleTimeout", read)?.unwrap_or(defaults.read_timeout),
            follow_redirects: options.follow_redirects.unwrap_or(true),
            stay_with_origin: defaults.stay_with_origin,
            insecure_tls: insecure(&options.ssl).or(insecure(&self.ssl_options)).unwrap_or(false),
            proxy: self.proxy()?,
        })
    }

    /// The credentials, from `auth` or from the properties of old flows.
    pub fn auth(&self) -> Option<Auth> {
        let options = &self.options;
        options.auth.clone().or_else(|| {
            options.basic_auth_user.as_ref().map(|user| Auth {
                kind: "BASIC".to_owned(),
                username: Some(user.clone()),
                password: options.basic_auth_password.clone(),
                token: None,
            })
        })
    }

    fn proxy(&self) -> Result<Option<String>, TaskError> {
        let options = &self.options;
        let proxy = options.proxy.clone().unwrap_or_else(|| ProxyOptions {
            kind: options.proxy_type.clone(),
            address: options.proxy_address.clone(),
            port: options.proxy_port,
            username: options.proxy_username.clone(),
            password: options.proxy_password.clone(),
        });
        let kind = proxy.kind.as_deref().unwrap_or("DIRECT");
        if kind.eq_ignore_ascii_case("DIRECT") {
            return Ok(None);
        }
        if !kind.eq_ignore_ascii_case("HTTP") {
            return Err(TaskError::failed(format!(
                "options.proxy.type is '{kind}'; DIRECT and HTTP can be used"
            )));
        }
        let refused = |what: &str| TaskError::failed(format!("options.proxy {what}"));
        let address =
            proxy.address.filter(|text| !text.is_empty()).ok_or_else(|| refused("has no address"))?;
        let mut url = reqwest::Url::parse(&format!("http://{address}:{}", proxy.port.unwrap_or(80)))
            .map_err(|error| refused(&format!("has an invalid address: {error}")))?;
        if let Some(username) = proxy.username {
            url.set_username(&username).map_err(|()| refused("cannot take a username"))?;
            url.set_password(proxy.password.as_deref()).map_err(|()| refused("cannot take a password"))?;
        }
        Ok(Some(url.into()))
    }
}

fn duration(name: &str, text: Option<&String>) -> Result<Option<Duration>, TaskError> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    let read = parse_duration(text).map_err(|why| TaskError::failed(format!("options.{name}: {why}")))?;
    Duration::try_from(read)
        .map(Some)
        .map_err(|_| TaskError::failed(format!("options.{name}: '{text}' is negative")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn common(value: Json) -> Common {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn codes_are_accepted_as_asked() {
        let plain = common(json!({"uri": "u"}));
        assert!(plain.accepts(399) && !plain.accepts(400));
        assert!(common(json!({"uri": "u", "allowFailed": true})).accepts(500));
        assert!(common(json!({"uri": "u", "options": {"allowFailed": true}})).accepts(500));
        let only = common(json!({"uri": "u", "options": {"allowedResponseCodes": [404]}}));
        assert!(only.accepts(404) && !only.accepts(200));
    }

    #[test]
    fn old_and_new_timeouts_are_heeded() {
        let new = common(
            json!({"uri": "u", "options": {"timeout": {"connectTimeout": "PT1S", "readIdleTimeout": "PT2S"}}}),
        );
        let old = common(json!({"uri": "u", "options": {"connectTimeout": "PT1S", "readTimeout": "PT2S"}}));
        for common in [new, old] {
            let client = common.client().unwrap();
            assert_eq!(
                (client.connect_timeout, client.read_timeout),
                (Duration::from_secs(1), Duration::from_secs(2))
            );
        }
        let odd = common(json!({"uri": "u", "options": {"connectTimeout": "soon"}}));
        assert!(odd.client().unwrap_err().to_string().contains("options.connectTimeout"));
    }

    #[test]
    fn proxies() {
        let direct = common(json!({"uri": "u", "options": {"proxy": {"type": "DIRECT", "address": "h"}}}));
        assert_eq!(direct.client().unwrap().proxy, None);
        let http = common(
            json!({"uri": "u", "options": {"proxy": {"type": "HTTP", "address": "h", "port": 3128, "username": "a b", "password": "c"}}}),
        );
        assert_eq!(http.client().unwrap().proxy.as_deref(), Some("http://a%20b:c@h:3128/"));
        let none = common(json!({"uri": "u", "options": {"proxy": {"type": "HTTP"}}}));
        assert!(none.client().is_err());
    }
}
