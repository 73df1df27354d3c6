//! Sends requests, and refuses answers that are failures.

use crate::body::{text, with_body};
use crate::digest::{Challenge, Credentials};
use crate::properties::{Auth, Common};
use reqwest::header::{AUTHORIZATION, LOCATION, WWW_AUTHENTICATE};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url, Version};
use segue_model::{Json, Map};
use segue_ports::random_name;
use segue_task::outbound::{ClientSettings, describe};
use segue_task::{TaskContext, TaskError};

/// How much of a failed answer's body is logged, in bytes.
const LOGGED_BODY: usize = 16 * 1024;

/// Sends the request. Returns the final URL, and the answer with its unread body.
///
/// # Errors
/// [`TaskError::Failed`] for an invalid or refused URL, a server that cannot be reached, and an answer that
/// is a failure. The body of a failed answer is logged.
pub async fn send(common: &Common, context: &TaskContext) -> Result<(Url, Response), TaskError> {
    let mut url = context.clients().url(&common.uri)?;
    add_params(&mut url, common.params.as_ref());
    let method = common.method.as_deref().unwrap_or("GET").trim().to_ascii_uppercase();
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|_| TaskError::failed(format!("method: '{method}' is not an HTTP method")))?;
    let (settings, auth) = (common.client()?, common.auth());
    // The headers in the flow are only for the host in the flow, and may contain credentials.
    let stay_with_origin = !common.headers.is_empty() || auth.is_some();
    let client = context.clients().get(&ClientSettings { stay_with_origin, ..settings.clone() })?;
    context.debug(format!("{method} {url}"));
    let ask = async |authorization: Option<String>| {
        let mut builder = client.request(method.clone(), url.clone());
        for (name, value) in &common.headers {
            builder = builder.header(name, text(value));
        }
        builder = match (authorization, &auth) {
            (Some(authorization), _) => builder.header(AUTHORIZATION, authorization),
            (None, Some(auth)) => with_auth(builder, auth, context)?,
            (None, None) => builder,
        };
        let builder = with_body(builder, common, context).await?;
        let answered = builder.send().await;
        answered
            .map_err(|error| TaskError::failed(format!("{method} {url} got no answer: {}", describe(&error))))
    };
    let mut response = ask(None).await?;
    if let Some(authorization) = auth.as_ref().and_then(|auth| digest_of(auth, &response, &method, &url)) {
        response = ask(Some(authorization)).await?;
    }
    if settings.follow_redirects {
        response = elsewhere(common, context, &settings, method.clone(), response).await?;
    }
    let code = response.status().as_u16();
    if common.accepts(code) {
        return Ok((url, response));
    }
    let body = beginning(response).await;
    if !body.is_empty() {
        context.error(format!("the answer to {method} {url} was: {body}"));
    }
    Err(TaskError::failed(format!("Failed http request with response code '{code}' ({method} {url})")))
}

/// Follows a redirect to another host, port or scheme, without the flow's own headers and credentials.
async fn elsewhere(
    common: &Common,
    context: &TaskContext,
    settings: &ClientSettings,
    mut method: Method,
    response: Response,
) -> Result<Response, TaskError> {
    let status = response.status();
    let Some(target) = target(&response).filter(|_| status.is_redirection()) else { return Ok(response) };
    let url = context.clients().url(target.as_str())?;
    // Only 307 and 308 repeat the same request with its body.
    let repeats = matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    if !repeats && method != Method::HEAD {
        method = Method::GET;
    }
    context.debug(format!("{method} {url}, without the headers for the other host"));
    let client = context.clients().get(settings)?;
    let mut builder = client.request(method.clone(), url.clone());
    if repeats {
        builder = with_body(builder, common, context).await?;
    }
    let answered = builder.send().await;
    answered.map_err(|error| TaskError::failed(format!("{method} {url} got no answer: {}", describe(&error))))
}

/// The URL of a redirect.
fn target(response: &Response) -> Option<Url> {
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    response.url().join(location).ok()
}

/// The headers of an answer, each name with all its values. HTTP/1 names are written with capitals, as
/// servers write them. HTTP/2 names are in lower case.
pub fn headers(response: &Response) -> Map {
    let capitals = response.version() < Version::HTTP_2;
    let mut fields = Map::new();
    for (name, value) in response.headers() {
        let name = if capitals { with_capitals(name.as_str()) } else { name.as_str().to_owned() };
        let value = Json::String(String::from_utf8_lossy(value.as_bytes()).into_owned());
        if let Json::Array(values) = fields.entry(name).or_insert_with(|| Json::Array(Vec::new())) {
            values.push(value);
        }
    }
    fields
}

fn with_capitals(name: &str) -> String {
    match name {
        "etag" => return "ETag".to_owned(),
        "www-authenticate" => return "WWW-Authenticate".to_owned(),
        _ => {}
    }
    let mut start = true;
    name.chars()
        .map(|letter| {
            let letter = if start { letter.to_ascii_uppercase() } else { letter };
            start = letter == '-';
            letter
        })
        .collect()
}

fn add_params(url: &mut Url, params: Option<&Json>) {
    let mut pairs = Vec::new();
    match params {
        Some(Json::Object(fields)) => {
            for (name, value) in fields {
                match value {
                    Json::Array(values) => {
                        pairs.extend(values.iter().map(|value| (name.clone(), text(value))))
                    }
                    Json::Null => {}
                    value => pairs.push((name.clone(), text(value))),
                }
            }
        }
        Some(Json::Array(items)) => {
            for fields in items.iter().filter_map(Json::as_object) {
                let name = fields.get("name").or_else(|| fields.get("key"));
                match (name, fields.get("value")) {
                    (Some(name), Some(value)) => pairs.push((text(name), text(value))),
                    _ => pairs.extend(fields.iter().map(|(name, value)| (name.clone(), text(value)))),
                }
            }
        }
        _ => {}
    }
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
}

fn with_auth(
    builder: RequestBuilder,
    auth: &Auth,
    context: &TaskContext,
) -> Result<RequestBuilder, TaskError> {
    let (user, password) = (auth.username.as_deref(), auth.password.as_deref());
    let (user, password) = (user.unwrap_or_default(), password.unwrap_or_default());
    match auth.kind.to_ascii_uppercase().as_str() {
        "BASIC" => {
            if !password.is_empty() {
                context.mask(password);
                context.mask(&format!("{user}:{password}"));
            }
            Ok(builder.basic_auth(user, Some(password)))
        }
        "BEARER" => {
            let token = auth.token.as_deref().unwrap_or_default();
            context.mask(token);
            Ok(builder.bearer_auth(token))
        }
        // The first request has no credentials. The server's answer to it has the challenge.
        "DIGEST" => {
            context.mask(password);
            Ok(builder)
        }
        other => Err(TaskError::failed(format!(
            "options.auth.type is '{other}'; BASIC, BEARER and DIGEST can be used"
        ))),
    }
}

/// The answer to a server's DIGEST challenge, if the task uses DIGEST.
fn digest_of(auth: &Auth, response: &Response, method: &Method, url: &Url) -> Option<String> {
    if response.status() != StatusCode::UNAUTHORIZED || !auth.kind.eq_ignore_ascii_case("DIGEST") {
        return None;
    }
    let who = Credentials {
        username: auth.username.as_deref().unwrap_or_default(),
        password: auth.password.as_deref().unwrap_or_default(),
    };
    let challenges = response.headers().get_all(WWW_AUTHENTICATE).iter();
    let challenge = challenges.filter_map(|value| value.to_str().ok()).find_map(Challenge::parse)?;
    challenge.answer(&who, method, url, &random_name())
}

/// Does the work of a task until the attempt must stop: it timed out or was killed. A request has nothing outside this
/// process that the task must stop first, so the request is dropped at once.
pub(crate) async fn unless_stopped<T>(
    context: &TaskContext,
    work: impl Future<Output = Result<T, TaskError>>,
) -> Result<T, TaskError> {
    let stop = context.cancelled();
    tokio::select! {
        outcome = work => outcome,
        () = stop.cancelled() => Err(TaskError::Stopped),
    }
}

/// The beginning of a body, for the log.
async fn beginning(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= LOGGED_BODY {
            bytes.truncate(LOGGED_BODY);
            break;
        }
    }
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check_params(params: Json, expect: &str) {
        let mut url = Url::parse("http://h/p?a=1").unwrap();
        add_params(&mut url, Some(&params));
        assert_eq!(url.query(), Some(expect));
    }

    #[test]
    fn params_are_appended() {
        check_params(json!({"b": "x y", "c": [1, true], "d": null}), "a=1&b=x+y&c=1&c=true");
        check_params(json!([{"name": "b", "value": 2}, {"c": "3"}]), "a=1&b=2&c=3");
        check_params(json!({}), "a=1");
    }

    #[test]
    fn names_get_their_capitals() {
        assert_eq!(with_capitals("content-type"), "Content-Type");
        assert_eq!(with_capitals("x-goog-hash"), "X-Goog-Hash");
        assert_eq!(with_capitals("etag"), "ETag");
    }
}
