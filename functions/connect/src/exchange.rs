//! One request with its retries.

use crate::answer::Answer;
use crate::aws::{Payload, Signer};
use crate::call::Call;
use crate::google;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Body, Client, Method, RequestBuilder, Response, Url};
use segue_connectors::format::Request;
use segue_files::input::uri_of_value;
use segue_model::{Json, Map, parse_duration};
use segue_task::outbound::{ClientSettings, describe};
use segue_task::records::not_there;
use segue_task::{TaskContext, TaskError};
use serde_json::json;
use std::time::Duration;

/// The longest pause before a request is sent again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A rendered request.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    method: Method,
    pub(crate) url: String,
    pub(crate) query: Map,
    headers: Map,
    bearer: Option<String>,
    basic: Option<(String, String)>,
    pub(crate) body: Option<Json>,
    form: Option<Map>,
    content_type: Option<String>,
    aws: Option<Signer>,
    /// The address of a file that is the body.
    file: Option<String>,
    as_text: bool,
}

impl Exchange {
    /// Renders a request.
    pub(crate) async fn render(call: &Call<'_>, request: &Request) -> Result<Self, TaskError> {
        let template = json!({
            "method": request.method,
            "url": request.url,
            "query": request.query,
            "headers": request.headers,
            "bearer": request.bearer,
            "username": request.basic.as_ref().map(|basic| &basic.username),
            "password": request.basic.as_ref().map(|basic| &basic.password),
            "body": request.body,
            "form": request.form,
            "contentType": request.content_type,
            "file": request.file,
        });
        let Json::Object(mut parts) = call.typed(&template).await? else {
            return Err(TaskError::failed("the request of the connector is no map"));
        };
        let mut text =
            |name: &str| parts.remove(name).map(|value| text(&value)).filter(|text| !text.is_empty());
        let method = text("method").unwrap_or_default().trim().to_ascii_uppercase();
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|_| TaskError::failed(format!("'{method}' is not an HTTP method")))?;
        let (url, bearer, content_type) =
            (text("url").unwrap_or_default(), text("bearer"), text("contentType"));
        let bearer = if request.google.is_empty() {
            bearer
        } else {
            Some(google::token(call, &request.google).await?)
        };
        let aws = request.aws.as_deref().map(|service| Signer::new(call, service)).transpose()?;
        let file =
            text("file").map(|file| uri_of_value(&file, &call.context.message().namespace)).transpose()?;
        let basic = text("username").map(|username| (username, text("password").unwrap_or_default()));
        let mut map = |name: &str| match parts.remove(name) {
            Some(Json::Object(fields)) => Some(fields),
            _ => None,
        };
        let (query, headers) = (map("query").unwrap_or_default(), map("headers").unwrap_or_default());
        let form = map("form");
        let body = parts.remove("body");
        if let Some(token) = &bearer {
            call.context.mask(token);
        }
        if let Some((username, password)) = basic.as_ref().filter(|(_, password)| !password.is_empty()) {
            call.context.mask(password);
            call.context.mask(&format!("{username}:{password}"));
        }
        let as_text = request.as_text;
        Ok(Self { method, url, query, headers, bearer, basic, body, form, content_type, aws, file, as_text })
    }

    /// The request's name in logs and errors: method and host. The rest of an address may be a secret.
    pub(crate) fn name(&self) -> String {
        let url = Url::parse(self.url.trim()).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or("an unknown host");
        format!("{} {host}", self.method)
    }

    /// Sends the request, and sends it again after answers that the connector retries.
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Answer, TaskError> {
        let (context, retries) = (call.context, &call.connector.retries);
        let url = self.address(context)?;
        let client = context.clients().get(&settings(&call.options)?)?;
        let mut pause = Duration::from_secs(retries.pause);
        for left in (0..=retries.times).rev() {
            context.debug(self.name());
            let sent = self.request(&client, &url, call).await?.send().await;
            let (why, wait) = match sent {
                Ok(response) if left > 0 && retries.on.contains(&response.status().as_u16()) => {
                    (format!("answered with status {}", response.status()), retry_after(&response))
                }
                Ok(response) => return Answer::read(response, &self.name(), self.as_text).await,
                Err(error) if left > 0 && (error.is_connect() || self.method.is_safe()) => {
                    (format!("got no answer: {}", describe(&error.without_url())), None)
                }
                Err(error) => {
                    return Err(TaskError::failed(format!(
                        "{} did not answer {}: {}",
                        call.connector.service,
                        self.name(),
                        describe(&error.without_url())
                    )));
                }
            };
            let wait = wait.unwrap_or(pause).min(LONGEST_PAUSE);
            context.warn(format!("{} {why}; trying again in {wait:?} ({left} left)", self.name()));
            sleep(wait, context).await?;
            pause = pause.saturating_mul(2);
        }
        Err(TaskError::failed(format!("{} was not sent", self.name())))
    }

    fn address(&self, context: &TaskContext) -> Result<Url, TaskError> {
        let mut url = context.clients().url(&self.url)?;
        let mut pairs = Vec::new();
        for (name, value) in &self.query {
            match value {
                Json::Array(items) => pairs.extend(items.iter().map(|item| (name, text(item)))),
                value => pairs.push((name, text(value))),
            }
        }
        if !pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(pairs);
        }
        Ok(url)
    }

    async fn request(
        &self,
        client: &Client,
        url: &Url,
        call: &Call<'_>,
    ) -> Result<RequestBuilder, TaskError> {
        let mut builder = client.request(self.method.clone(), url.clone());
        let more = call.options.get("headers").and_then(Json::as_object);
        let fields = more.into_iter().flatten().chain(&self.headers);
        let fields: Vec<(String, String)> = fields.map(|(name, value)| (name.clone(), text(value))).collect();
        let typed = fields.iter().any(|(name, _)| name.eq_ignore_ascii_case(CONTENT_TYPE.as_str()));
        for (name, value) in &fields {
            builder = builder.header(name, value);
        }
        if let Some(token) = &self.bearer {
            builder = builder.header(AUTHORIZATION, format!("Bearer {token}"));
        } else if let Some((username, password)) = &self.basic {
            builder = builder.basic_auth(username, Some(password));
        }
        if let Some(form) = &self.form {
            let mut fields = Vec::new();
            for (name, value) in form {
                match value {
                    Json::Array(items) => fields.extend(items.iter().map(|item| (name, text(item)))),
                    value => fields.push((name, text(value))),
                }
            }
            return Ok(builder.form(&fields));
        }
        let body = self.body.as_ref().map(text);
        if let Some(signer) = &self.aws {
            let payload = match (&self.file, &body) {
                (Some(_), _) => Payload::File,
                (None, body) => Payload::Bytes(body.as_deref().unwrap_or_default().as_bytes()),
            };
            let now = call.context.ports().clock.now();
            for (name, value) in signer.headers(self.method.as_str(), url, &fields, payload, now) {
                builder = builder.header(name, value);
            }
        }
        if !typed && (body.is_some() || self.file.is_some()) {
            builder =
                builder.header(CONTENT_TYPE, self.content_type.as_deref().unwrap_or("application/json"));
        }
        match (&self.file, body) {
            (Some(file), _) => {
                let (info, stream) =
                    call.context.storage().get(file).await.map_err(|error| not_there(error, file))?;
                Ok(builder.header(CONTENT_LENGTH, info.size).body(Body::wrap_stream(stream)))
            }
            (None, Some(body)) => Ok(builder.body(body)),
            (None, None) => Ok(builder),
        }
    }
}

/// Waits, unless the attempt must stop.
///
/// # Errors
/// [`TaskError::Stopped`].
pub(crate) async fn sleep(time: Duration, context: &TaskContext) -> Result<(), TaskError> {
    let cancelled = context.cancelled();
    tokio::select! {
        () = tokio::time::sleep(time) => Ok(()),
        () = cancelled.cancelled() => Err(TaskError::Stopped),
    }
}

fn settings(options: &Json) -> Result<ClientSettings, TaskError> {
    let duration = |name: &str, default: Duration| match options.get(name).and_then(Json::as_str) {
        Some(given) => positive(&format!("options.{name}"), given),
        None => Ok(default),
    };
    let defaults = ClientSettings::default();
    Ok(ClientSettings {
        connect_timeout: duration("connectTimeout", defaults.connect_timeout)?,
        read_timeout: duration("readTimeout", Duration::from_secs(60))?,
        // The request contains credentials for one host.
        stay_with_origin: true,
        ..defaults
    })
}

/// A duration that is not negative.
///
/// # Errors
/// [`TaskError::Failed`] for another text.
pub(crate) fn positive(name: &str, given: &str) -> Result<Duration, TaskError> {
    let read = parse_duration(given).map_err(|why| TaskError::failed(format!("{name}: {why}")))?;
    Duration::try_from(read).map_err(|_| TaskError::failed(format!("{name}: '{given}' is negative")))
}

/// The pause that a server asks for. None if it asks for no number of seconds.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse::<f64>().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// A value as it is sent: a text unchanged, anything else as JSON.
fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
