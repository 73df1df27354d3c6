//! Cloud Build's answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use segue_ports::builds::BuildStatus;
use serde::Deserialize;

/// Builds that a filter matches.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Listed {
    pub(super) builds: Vec<Build>,
}

/// The answer to a request for a build.
#[derive(Deserialize)]
pub(super) struct Operation {
    pub(super) metadata: Metadata,
}

#[derive(Deserialize)]
pub(super) struct Metadata {
    pub(super) build: Build,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Build {
    pub(super) id: String,
    status: String,
    status_detail: String,
    failure_info: FailureInfo,
    results: Results,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FailureInfo {
    detail: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Results {
    /// The outputs of the steps in base64. The first step writes the id of the image.
    build_step_outputs: Vec<String>,
    images: Vec<BuiltImage>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BuiltImage {
    digest: String,
}

impl Build {
    pub(super) fn status(&self) -> BuildStatus {
        let failure = match self.status.as_str() {
            "SUCCESS" => None,
            "STATUS_UNKNOWN" | "PENDING" | "QUEUED" | "WORKING" | "" => return BuildStatus::Running,
            "TIMEOUT" => Some("the build took too long".to_owned()),
            "EXPIRED" => Some("the build waited too long for its turn".to_owned()),
            "CANCELLED" => Some("the build was cancelled".to_owned()),
            other => Some(format!("the build ended with the status {other}")),
        };
        let details = [&self.status_detail, &self.failure_info.detail];
        let detail = details.into_iter().map(|detail| detail.trim()).find(|detail| !detail.is_empty());
        let failure = failure.map(|failure| match detail {
            Some(detail) => format!("{failure}: {detail}"),
            None => failure,
        });
        BuildStatus::Ended { image_id: self.image_id(), failure }
    }

    fn image_id(&self) -> Option<String> {
        let written = self.results.build_step_outputs.first().and_then(|output| STANDARD.decode(output).ok());
        let written = written.and_then(|bytes| String::from_utf8(bytes).ok());
        let pushed = self.results.images.first().map(|image| image.digest.clone());
        [written, pushed].into_iter().flatten().map(|id| id.trim().to_owned()).find(|id| !id.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn of(value: Value) -> BuildStatus {
        serde_json::from_value::<Build>(value).unwrap().status()
    }

    #[test]
    fn a_failed_build_says_why() {
        let failed = of(json!({
            "id": "7", "status": "FAILURE",
            "failureInfo": {"type": "USER_BUILD_STEP", "detail": "step 0 exited with 1"},
        }));
        let failure = Some("the build ended with the status FAILURE: step 0 exited with 1".to_owned());
        assert_eq!(failed, BuildStatus::Ended { failure, image_id: None });
        let late = BuildStatus::Ended { failure: Some("the build took too long".to_owned()), image_id: None };
        assert_eq!(of(json!({"status": "TIMEOUT"})), late);
        assert_eq!(of(json!({"status": "QUEUED"})), BuildStatus::Running);
    }

    #[test]
    fn the_id_of_an_image_is_what_docker_wrote_or_what_was_pushed() {
        let ended = |id: &str| BuildStatus::Ended { failure: None, image_id: Some(id.to_owned()) };
        let output = STANDARD.encode("sha256:abc\n");
        let images = json!([{"name": "r/x:1", "digest": "sha256:def"}]);
        let written = json!({"buildStepOutputs": [output], "images": images});
        assert_eq!(of(json!({"status": "SUCCESS", "results": written})), ended("sha256:abc"));
        let pushed = json!({"buildStepOutputs": [""], "images": images});
        assert_eq!(of(json!({"status": "SUCCESS", "results": pushed})), ended("sha256:def"));
    }
}
