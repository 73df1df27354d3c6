//! Stand-in for Cloud Build. A build reads its archive from Cloud Storage's emulator and its Dockerfile from the archive.
//! It takes a moment for each line of the Dockerfile, and builds no image. The base image `missing` is one that no registry
//! has, so its builds fail.
//!
//! The stand-in also answers the request to Cloud Logging for the log of a build.

#![allow(clippy::indexing_slicing, reason = "a field of JSON that does not exist is null")]

use super::answer::{Answer, Refusal};
use anyhow::Context as _;
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::Read as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a build takes for a line of its Dockerfile.
const LINE: Duration = Duration::from_millis(100);

/// The builds, in the order of their requests.
#[derive(Default)]
struct Platform {
    storage: Option<String>,
    builds: Mutex<Vec<Build>>,
}

type Shared = State<Arc<Platform>>;

struct Build {
    /// The build as it was requested.
    asked: Value,
    status: &'static str,
    detail: String,
    digest: Option<String>,
    log: Vec<String>,
}

impl Platform {
    fn builds(&self) -> MutexGuard<'_, Vec<Build>> {
        self.builds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Build {
    fn json(&self, at: usize) -> Value {
        let mut shown = self.asked.clone();
        shown["id"] = id(at).into();
        shown["status"] = self.status.into();
        if !self.detail.is_empty() {
            shown["failureInfo"] = json!({"type": "USER_BUILD_STEP", "detail": self.detail});
        }
        if let Some(digest) = &self.digest {
            let names = self.asked["images"].as_array().cloned().unwrap_or_default();
            let images: Vec<Value> =
                names.into_iter().map(|name| json!({"name": name, "digest": digest})).collect();
            shown["results"] = json!({"buildStepOutputs": [STANDARD.encode(digest)], "images": images});
        }
        shown
    }
}

fn id(at: usize) -> String {
    format!("build-{at}")
}

/// The routes. `storage` is the URL of Cloud Storage's emulator.
pub fn app(storage: Option<String>) -> Router {
    let builds = "/v1/projects/{project}/locations/{region}/builds";
    Router::new()
        .route(builds, post(create).get(list))
        .route(&format!("{builds}/{{build}}"), get(show).post(cancel))
        .route("/v2/entries:list", post(entries))
        .with_state(Arc::new(Platform { storage, builds: Mutex::default() }))
}

async fn create(State(platform): Shared, Json(asked): Json<Value>) -> Answer {
    if asked["serviceAccount"].is_string() && asked["options"]["logging"] != "CLOUD_LOGGING_ONLY" {
        return Err(Refusal::invalid("a build with a service account must say where its log goes"));
    }
    if asked["steps"].as_array().is_none_or(Vec::is_empty) {
        return Err(Refusal::invalid("a build must have a step"));
    }
    let log = Vec::new();
    let build = Build { asked: asked.clone(), status: "QUEUED", detail: String::new(), digest: None, log };
    let mut builds = platform.builds();
    let at = builds.len();
    let shown = build.json(at);
    builds.push(build);
    drop(builds);
    let working = platform.clone();
    tokio::spawn(async move { work(&working, at, &asked).await });
    Ok(Json(json!({"name": format!("operations/{}", id(at)), "metadata": {"build": shown}})))
}

/// Runs a build to its end.
async fn work(platform: &Platform, at: usize, asked: &Value) {
    let end = match dockerfile(platform.storage.as_deref(), asked).await {
        Ok((text, digest)) => {
            let mut end = Ok(digest);
            for line in text.lines() {
                tokio::time::sleep(LINE).await;
                let mut builds = platform.builds();
                let Some(build) = builds.get_mut(at).filter(|build| build.status != "CANCELLED") else {
                    return;
                };
                build.status = "WORKING";
                build.log.push(format!("Step: {line}"));
                if line.starts_with("FROM missing") {
                    build.log.push("manifest for missing not found: manifest unknown".to_owned());
                    end =
                        Err("build step 0 \"docker\" failed: step exited with non-zero status: 1".to_owned());
                    break;
                }
            }
            end
        }
        Err(error) => Err(format!("{error:#}")),
    };
    let mut builds = platform.builds();
    let Some(build) = builds.get_mut(at).filter(|build| build.status != "CANCELLED") else { return };
    match end {
        Ok(digest) => {
            build.log.push("DONE".to_owned());
            (build.status, build.digest) = ("SUCCESS", Some(digest));
        }
        Err(detail) => (build.status, build.detail) = ("FAILURE", detail),
    }
}

/// The Dockerfile of a build, and a number for the content of its archive.
async fn dockerfile(storage: Option<&str>, asked: &Value) -> anyhow::Result<(String, String)> {
    let storage = storage.context("STORAGE_EMULATOR_HOST is not set")?;
    let source = &asked["source"]["storageSource"];
    let (bucket, object) = source["bucket"].as_str().zip(source["object"].as_str()).context("no source")?;
    let mut url = reqwest::Url::parse(storage)?;
    url.path_segments_mut()
        .map_err(|()| anyhow::anyhow!("{storage} is no base"))?
        .extend(["storage", "v1", "b", bucket, "o", object]);
    url.query_pairs_mut().append_pair("alt", "media");
    let archive = reqwest::get(url).await?.error_for_status()?.bytes().await?;
    let arguments = asked["steps"][0]["args"].as_array().context("no arguments")?;
    let named = arguments.iter().skip_while(|word| *word != "--file").nth(1).and_then(Value::as_str);
    let named = named.and_then(|path| path.strip_prefix("/workspace/")).context("no Dockerfile is named")?;
    let mut files = tar::Archive::new(GzDecoder::new(&*archive));
    for file in files.entries()? {
        let mut file = file?;
        if file.path()?.as_os_str() == named {
            let mut text = String::new();
            file.read_to_string(&mut text)?;
            return Ok((text, format!("sha256:{:064x}", crc32c::crc32c(&archive))));
        }
    }
    anyhow::bail!("the archive has no {named}")
}

#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    filter: String,
}

async fn list(State(platform): Shared, Query(asked): Query<Filter>) -> Answer {
    let tag = asked.filter.strip_prefix("tags=\"").and_then(|rest| rest.strip_suffix('"'));
    let has = |build: &Build| {
        let tags = build.asked["tags"].as_array();
        tag.is_none_or(|tag| tags.is_some_and(|tags| tags.iter().any(|known| known == tag)))
    };
    let builds = platform.builds();
    // The newest is first.
    let found = builds.iter().enumerate().rev().filter(|(_, build)| has(build));
    Ok(Json(json!({"builds": found.map(|(at, build)| build.json(at)).collect::<Vec<_>>()})))
}

/// The position of the build with this id.
fn position(builds: &[Build], name: &str) -> Result<usize, Refusal> {
    (0..builds.len())
        .find(|at| id(*at) == name)
        .ok_or_else(|| Refusal::not_found(&format!("the build {name}")))
}

async fn show(State(platform): Shared, Path((_, _, name)): Path<(String, String, String)>) -> Answer {
    let builds = platform.builds();
    let at = position(&builds, &name)?;
    Ok(Json(builds.get(at).map(|build| build.json(at)).unwrap_or_default()))
}

async fn cancel(State(platform): Shared, Path((_, _, name)): Path<(String, String, String)>) -> Answer {
    let name =
        name.strip_suffix(":cancel").ok_or_else(|| Refusal::invalid("a build is posted to with :cancel"))?;
    let mut builds = platform.builds();
    let at = position(&builds, name)?;
    let Some(build) = builds.get_mut(at) else { return Err(Refusal::not_found(name)) };
    if !matches!(build.status, "QUEUED" | "WORKING") {
        return Err(Refusal::invalid("the build has ended, and cannot be cancelled"));
    }
    build.status = "CANCELLED";
    Ok(Json(build.json(at)))
}

async fn entries(State(platform): Shared, Json(asked): Json<Filter>) -> Answer {
    let named =
        asked.filter.split_once("resource.labels.build_id=\"").and_then(|(_, rest)| rest.split('"').next());
    let name = named.ok_or_else(|| Refusal::invalid("the filter names no build"))?;
    let builds = platform.builds();
    let at = position(&builds, name)?;
    let lines = builds.get(at).map(|build| build.log.clone()).unwrap_or_default();
    let entries: Vec<Value> = lines.into_iter().map(|line| json!({"textPayload": line})).collect();
    Ok(Json(json!({"entries": entries})))
}
