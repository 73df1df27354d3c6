//! Images that Cloud Build builds from an archive in a bucket.
//!
//! A build has one step for the image, in the image of Docker's client that Google keeps. Images are pushed by Cloud
//! Build itself, with the service account of the build, or in steps of their own if the flow has credentials. The key of
//! a build is one of its tags, so a build is found again.

mod answer;
mod request;

use crate::auth::{self, Caller};
use crate::config::PlatformConfig;
use crate::logging::Logging;
use crate::rest::{Rest, RestError};
use answer::{Build, Listed, Operation};
use async_trait::async_trait;
use segue_ports::builds::{BuildStatus, ImageBuild, ImageBuilds};
use segue_ports::{Credentials, PortError};
use serde_json::json;

const PORT: &str = "image builds";
/// The address of the service.
const SERVICE: &str = "https://cloudbuild.googleapis.com";

/// Builds images with Cloud Build.
pub struct CloudBuilds {
    rest: Rest,
    project: String,
    region: String,
    logging: Logging,
    /// The service account of builds, which is the account of containers. None: the project's default.
    account: Option<String>,
}

impl CloudBuilds {
    /// Connects to the emulator if the configuration names one, or else to Google's service. Sends no request.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] if there are no credentials.
    pub fn connect(config: &PlatformConfig) -> Result<Self, PortError> {
        let emulator = config.emulators.build.as_deref();
        let credentials = auth::credentials(&Credentials::default(), PORT, emulator.is_some())?;
        let base = format!("{}/v1", emulator.unwrap_or(SERVICE));
        Ok(Self {
            rest: Rest::new(&base, Caller::new(credentials, PORT), PORT)?,
            project: config.project.clone(),
            region: config.region.clone(),
            logging: Logging::open(&config.project, emulator, PORT)?,
            account: config.job_account.clone(),
        })
    }

    /// The path of the builds, or of something in it.
    fn path<'a>(&'a self, last: Option<&'a str>) -> impl Iterator<Item = &'a str> {
        ["projects", &self.project, "locations", &self.region, "builds"].into_iter().chain(last)
    }
}

#[async_trait]
impl ImageBuilds for CloudBuilds {
    async fn find(&self, key: &str) -> Result<Option<String>, PortError> {
        let request = self.rest.get(self.path(None)).query("filter", &format!("tags=\"{key}\""));
        let found: Listed =
            request.send().await.map_err(|error| about(error, &format!("the build {key}")))?;
        Ok(found.builds.into_iter().next().map(|build| build.id))
    }

    async fn start(&self, build: &ImageBuild) -> Result<String, PortError> {
        let refused = |error: RestError| about(error, &format!("the build of {}", build.tags.join(", ")));
        let body = request::body(build, self.account.as_deref(), &self.project);
        // A second request would start a second build. The caller looks for the first one instead.
        let request = self.rest.post(self.path(None)).json(&body).map_err(refused)?.once();
        let started: Operation = request.send().await.map_err(refused)?;
        Ok(started.metadata.build.id)
    }

    async fn status(&self, name: &str) -> Result<BuildStatus, PortError> {
        match self.rest.get(self.path(Some(name))).send::<Build>().await {
            Ok(build) => Ok(build.status()),
            Err(error) if error.is_status(404) => Ok(BuildStatus::Absent),
            Err(error) => Err(about(error, &format!("the build {name}"))),
        }
    }

    async fn output(&self, name: &str) -> Result<Vec<String>, PortError> {
        let filter = format!(
            "resource.type=\"build\" AND resource.labels.build_id=\"{name}\" AND \
             logName=\"projects/{}/logs/cloudbuild\"",
            self.project
        );
        let found = self.logging.entries(&filter, &format!("the build {name}")).await?;
        let texts = found.entries.into_iter().filter_map(|entry| entry.text_payload);
        Ok(texts.chain(found.cut_off).collect())
    }

    async fn cancel(&self, name: &str) -> Result<(), PortError> {
        let action = format!("{name}:cancel");
        let request = self.rest.post(self.path(Some(&action))).json(&json!({}));
        match request.map_err(|error| about(error, name))?.done().await {
            // A build that has ended cannot be cancelled.
            Ok(()) => Ok(()),
            Err(error) if error.is_status(404) || error.is_status(400) => Ok(()),
            Err(error) => Err(about(error, &format!("the build {name}"))),
        }
    }
}

fn about(error: RestError, what: &str) -> PortError {
    if error.is_status(429) {
        return PortError::Exhausted { port: PORT, message: error.to_string() };
    }
    error.about(PORT, what)
}
