//! Reads a JDBC URL: `jdbc:postgresql://host:port,host:port/database?option=value`.

use percent_encoding::percent_decode_str;

/// The port of a URL without a port.
const PORT: u16 = 5432;
const PREFIX: &str = "jdbc:postgresql:";
const EXAMPLE: &str = "write jdbc:postgresql://host:5432/database";

/// The parts of a URL, decoded.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Url {
    /// Hosts and ports, in their order. At least one.
    pub(crate) hosts: Vec<(String, u16)>,
    /// None if the URL names no database.
    pub(crate) database: Option<String>,
    /// The options, in their order.
    pub(crate) options: Vec<(String, String)>,
}

/// Reads a URL. The message of an error does not contain the options, because they may contain a password.
///
/// # Errors
/// A sentence that says what is wrong with the URL.
pub(crate) fn parse(text: &str) -> Result<Url, String> {
    let text = text.trim();
    let Some(rest) = text.strip_prefix(PREFIX) else {
        let scheme = text.split(['/', '?', '@']).next().unwrap_or_default();
        return Err(format!("url begins with '{scheme}' and not with {PREFIX}; {EXAMPLE}"));
    };
    let (address, options) = rest.split_once('?').unwrap_or((rest, ""));
    let (hosts, database) = match address.strip_prefix("//") {
        Some(address) => address.split_once('/').unwrap_or((address, "")),
        // The short forms jdbc:postgresql:database and jdbc:postgresql:/
        None => ("", address.trim_start_matches('/')),
    };
    if hosts.contains('@') {
        return Err(format!("url has a user before the host; use username and password, and {EXAMPLE}"));
    }
    let database = decoded("the database", database)?;
    Ok(Url {
        hosts: hosts.split(',').map(host).collect::<Result<_, _>>()?,
        database: Some(database).filter(|name| !name.is_empty()),
        options: options
            .split('&')
            .filter(|option| !option.is_empty())
            .map(option)
            .collect::<Result<_, _>>()?,
    })
}

fn host(text: &str) -> Result<(String, u16), String> {
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => (address, port.strip_prefix(':').unwrap_or(port)),
        None => text.rsplit_once(':').unwrap_or((text, "")),
    };
    let port = match port {
        "" => PORT,
        port => port.parse().map_err(|_| format!("url has '{port}' for a port; {EXAMPLE}"))?,
    };
    let name = decoded("the host", name)?;
    Ok((if name.is_empty() { "localhost".to_owned() } else { name }, port))
}

fn option(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    Ok((decoded("an option", name)?, decoded("an option", value)?))
}

fn decoded(what: &str, text: &str) -> Result<String, String> {
    let decoded =
        percent_decode_str(text).decode_utf8().map_err(|_| format!("{what} of url is not UTF-8"))?;
    if decoded.contains('\0') {
        return Err(format!("{what} of url has a zero byte"));
    }
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (Vec<(String, u16)>, Option<String>) {
        let url = parse(text).unwrap();
        (url.hosts, url.database)
    }

    #[test]
    fn hosts_and_databases() {
        let one = |host: &str, port| vec![(host.to_owned(), port)];
        let named = |name: &str| Some(name.to_owned());
        let docker = "jdbc:postgresql://host.docker.internal:5432/postgres-zoomcamp";
        assert_eq!(of(docker), (one("host.docker.internal", 5432), named("postgres-zoomcamp")));
        assert_eq!(of("jdbc:postgresql://db/ny%20taxi"), (one("db", 5432), named("ny taxi")));
        assert_eq!(of("jdbc:postgresql:///x"), (one("localhost", 5432), named("x")));
        assert_eq!(of("jdbc:postgresql:x"), (one("localhost", 5432), named("x")));
        assert_eq!(of("jdbc:postgresql://[::1]:6000/"), (one("::1", 6000), None));
        assert_eq!(of("jdbc:postgresql://a:1,b/x").0, [("a".to_owned(), 1), ("b".to_owned(), 5432)]);
    }

    #[test]
    fn options_are_decoded() {
        let url = parse("jdbc:postgresql://h/x?sslmode=require&currentSchema=a%2Cb&ssl").unwrap();
        let options: Vec<_> =
            url.options.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(options, [("sslmode", "require"), ("currentSchema", "a,b"), ("ssl", "")]);
    }

    #[test]
    fn wrong_urls_are_refused_without_their_secrets() {
        for (url, expected) in [
            ("postgres://ada:secret@h/x", "url begins with 'postgres:' and not with jdbc:postgresql:"),
            ("jdbc:mysql://h/x?password=secret", "url begins with 'jdbc:mysql:'"),
            ("jdbc:postgresql://ada:secret@h/x", "url has a user before the host; use username and password"),
            ("jdbc:postgresql://h:many/x", "url has 'many' for a port"),
            ("jdbc:postgresql://h/%FF", "the database of url is not UTF-8"),
        ] {
            let why = parse(url).unwrap_err();
            assert!(why.starts_with(expected) && !why.contains("secret"), "{why}");
        }
    }
}
