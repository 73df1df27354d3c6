//! A proxy that makes fake-gcs-server answer like Cloud Storage. It also counts the bytes that pass, and
//! injects faults for tests.
//!
//! It corrects three errors of the emulator. The emulator forgets the location, class and labels of a bucket. It ends
//! an upload when a client asks for the progress of the upload. It counts only objects in a page of a listing, and not
//! prefixes. All other answers come from the emulator.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A fault that happens once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The request is answered with this status and does not arrive.
    Refused(u16),
    /// The first half of the answer arrives, then the connection ends.
    CutOff,
    /// The request arrives, and its answer is lost on the way.
    Lost,
    /// A copy is started and continues under the token `more`.
    Begun,
    /// The answer describes other bytes than those that arrived.
    Altered,
}

/// The proxy.
pub(crate) struct CloudStorage {
    upstream: String,
    address: String,
    client: reqwest::Client,
    /// The settings of buckets.
    buckets: Mutex<HashMap<String, Map<String, Value>>>,
    /// The answer to the last piece of an upload.
    uploads: Mutex<HashMap<String, (StatusCode, HeaderMap, Bytes)>>,
    bytes: AtomicU64,
    /// The faults that have not happened yet: the method and a part of the address of the request, and the fault.
    faults: Mutex<Vec<(Method, String, Fault)>>,
}

impl CloudStorage {
    /// A proxy in front of the emulator at this address.
    pub(crate) async fn before(upstream: &str) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Arc::new(Self {
            upstream: upstream.to_owned(),
            address: format!("http://{}", listener.local_addr().unwrap()),
            client: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .no_gzip()
                .build()
                .unwrap(),
            buckets: Mutex::default(),
            uploads: Mutex::default(),
            bytes: AtomicU64::new(0),
            faults: Mutex::default(),
        });
        let router = Router::new().fallback(pass).with_state(proxy.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        proxy
    }

    pub(crate) fn address(&self) -> String {
        self.address.clone()
    }

    /// The bytes of bodies that have passed in either direction.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Makes the next matching request fail.
    pub(crate) fn fault(&self, method: Method, part: &str, fault: Fault) {
        self.faults.lock().unwrap().push((method, part.to_owned(), fault));
    }

    /// The number of faults that have not happened yet.
    pub(crate) fn faults_left(&self) -> usize {
        self.faults.lock().unwrap().len()
    }

    fn meets(&self, method: &Method, path: &str) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        let at = faults.iter().position(|(of, part, _)| of == method && path.contains(part))?;
        Some(faults.remove(at).2)
    }

    /// Records the settings of a bucket from a request.
    fn said_of_bucket(&self, method: &Method, path: &str, body: &[u8]) {
        let Ok(Value::Object(said)) = serde_json::from_slice(body) else { return };
        let name = said.get("name").and_then(Value::as_str).or(bucket_of(path)).unwrap().to_owned();
        let mut buckets = self.buckets.lock().unwrap();
        let known = buckets.entry(name).or_default();
        if *method == Method::POST {
            known.clear();
        }
        for (key, value) in said {
            match (key.as_str(), known.get_mut(&key), value) {
                // Like Cloud Storage: a label with null is removed, others stay.
                ("labels", Some(Value::Object(known)), Value::Object(said)) => {
                    known.extend(said);
                    known.retain(|_, value| !value.is_null());
                }
                (_, _, value) => drop(known.insert(key, value)),
            }
        }
    }

    fn put_right(&self, path: &str, body: Bytes) -> Bytes {
        let Ok(mut answer) = serde_json::from_slice::<Value>(&body) else { return body };
        if answer["kind"] != "storage#bucket" || !path.starts_with("/storage/v1/b") {
            return body;
        }
        let known = self.buckets.lock().unwrap();
        if let Some(known) = answer["name"].as_str().and_then(|name| known.get(name)) {
            answer.as_object_mut().unwrap().extend(known.clone());
        }
        serde_json::to_vec(&answer).unwrap().into()
    }
}

/// The bucket in a path, unless the path is about an object.
fn bucket_of(path: &str) -> Option<&str> {
    path.strip_prefix("/storage/v1/b/").filter(|rest| !rest.contains('/'))
}

/// A page of a listing with prefixes. The emulator is asked for the whole listing, and the page is cut out of it.
struct Page {
    /// The address of the whole listing.
    whole: String,
    most: usize,
    /// The last name of the page before.
    after: Option<String>,
}

impl Page {
    fn of(method: &Method, address: &str) -> Option<Self> {
        let mut url = reqwest::Url::parse(address).unwrap();
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        let most = asked.get("maxResults")?.parse().unwrap();
        if *method != Method::GET || !asked.contains_key("delimiter") {
            return None;
        }
        let others = asked.iter().filter(|(name, _)| !matches!(name.as_str(), "maxResults" | "pageToken"));
        url.query_pairs_mut().clear().extend_pairs(others);
        Some(Self { whole: url.into(), most, after: asked.get("pageToken").cloned() })
    }

    fn cut(&self, body: &Bytes) -> Bytes {
        let Ok(mut answer) = serde_json::from_slice::<Value>(body) else { return body.clone() };
        let texts = |list: &Value| list.as_array().cloned().unwrap_or_default();
        let (mut items, mut prefixes) = (texts(&answer["items"]), texts(&answer["prefixes"]));
        let name = |item: &Value| item["name"].as_str().unwrap_or_default().to_owned();
        let mut names: Vec<String> = items.iter().map(name).collect();
        names.extend(prefixes.iter().filter_map(Value::as_str).map(str::to_owned));
        names.retain(|name| self.after.as_ref().is_none_or(|after| name > after));
        names.sort_unstable();
        let has_more = names.len() > self.most;
        names.truncate(self.most);
        items.retain(|item| names.contains(&name(item)));
        prefixes.retain(|prefix| names.iter().any(|name| *prefix == name.as_str()));
        let answer = answer.as_object_mut().unwrap();
        answer.insert("items".to_owned(), items.into());
        answer.insert("prefixes".to_owned(), prefixes.into());
        answer.remove("nextPageToken");
        if has_more {
            answer.insert("nextPageToken".to_owned(), names.pop().into());
        }
        serde_json::to_vec(answer).unwrap().into()
    }
}

async fn pass(State(proxy): State<Arc<CloudStorage>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 30).await.unwrap();
    proxy.bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
    let (method, uri, path) = (parts.method, parts.uri.to_string(), parts.uri.path().to_owned());
    let upload = uri.split_once("upload_id=").map(|(_, id)| id.to_owned());
    if let Some(upload) = upload
        .as_ref()
        .filter(|_| parts.headers.get(header::CONTENT_RANGE).is_some_and(|range| range == "bytes */*"))
    {
        let known = proxy.uploads.lock().unwrap().get(upload).cloned();
        return known
            .unwrap_or((StatusCode::PERMANENT_REDIRECT, HeaderMap::new(), Bytes::new()))
            .into_response();
    }
    let fault = proxy.meets(&method, &uri);
    if let Some(Fault::Refused(status)) = fault {
        return StatusCode::from_u16(status).unwrap().into_response();
    }
    if fault == Some(Fault::Begun) {
        return r#"{"kind": "storage#rewriteResponse", "done": false, "rewriteToken": "more"}"#
            .into_response();
    }
    let mut headers = parts.headers;
    headers.remove(header::HOST);
    headers.remove(header::CONTENT_LENGTH);
    if path == "/storage/v1/b" || (method == Method::PATCH && bucket_of(&path).is_some()) {
        proxy.said_of_bucket(&method, &path, &body);
    }
    let address = format!("{}{uri}", proxy.upstream);
    let page = Page::of(&method, &address);
    let address = page.as_ref().map_or(&address, |page| &page.whole);
    let sent = proxy.client.request(method, address).headers(headers).body(body);
    let answer = sent.send().await.unwrap();
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    headers.remove(header::TRANSFER_ENCODING);
    if let Some(location) = headers.get(header::LOCATION).and_then(|value| value.to_str().ok()) {
        let nearer = location.replace(&proxy.upstream, &proxy.address);
        headers.insert(header::LOCATION, nearer.parse().unwrap());
    }
    let mut body = proxy.put_right(&path, answer.bytes().await.unwrap());
    if let Some(page) = &page {
        body = page.cut(&body);
    }
    if fault == Some(Fault::Altered) {
        let mut object: Value = serde_json::from_slice(&body).unwrap();
        object["crc32c"] = "AAAAAA==".into();
        body = serde_json::to_vec(&object).unwrap().into();
    }
    if let Some(upload) = upload {
        let mut known = headers.clone();
        known.remove(header::CONTENT_LENGTH);
        proxy.uploads.lock().unwrap().insert(upload, (status, known, body.clone()));
    }
    proxy.bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
    if fault == Some(Fault::Lost) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    if fault == Some(Fault::CutOff) {
        let half = body.slice(..body.len() / 2);
        let broken = std::io::Error::other("cut off");
        let body = Body::from_stream(futures::stream::iter([Ok(half), Err(broken)]));
        return (status, headers, body).into_response();
    }
    headers.remove(header::CONTENT_LENGTH);
    (status, headers, body).into_response()
}
