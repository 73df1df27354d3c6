//! The request for a build.

use segue_ports::builds::ImageBuild;
use serde_json::{Value, json};

/// The image with Docker's client.
const DOCKER: &str = "gcr.io/cloud-builders/docker";
/// Where the archive is unpacked.
const WORKSPACE: &str = "/workspace";
/// A file in a step. Cloud Build reports its first bytes as the output of the step.
const STEP_OUTPUT: &str = "/builder/outputs/output";

/// The body of the request.
pub(super) fn body(build: &ImageBuild, account: Option<&str>, project: &str) -> Value {
    // Cloud Build replaces variables in every text.
    let plain = |text: &str| text.replace('$', "$$");
    let mut arguments = vec!["build".to_owned(), "--iidfile".to_owned(), STEP_OUTPUT.to_owned()];
    let mut add = |name: &str, value: String| arguments.extend([name.to_owned(), plain(&value)]);
    add("--file", format!("{WORKSPACE}/{}", build.dockerfile));
    for tag in &build.tags {
        add("--tag", tag.clone());
    }
    if let Some(platform) = &build.platform {
        add("--platform", platform.clone());
    }
    for (name, value) in &build.build_args {
        add("--build-arg", format!("{name}={value}"));
    }
    for (name, value) in &build.labels {
        add("--label", format!("{name}={value}"));
    }
    if build.pull {
        arguments.push("--pull".to_owned());
    }
    arguments.push(".".to_owned());
    let env: Vec<String> =
        build.client_config.iter().map(|folder| format!("DOCKER_CONFIG={WORKSPACE}/{folder}")).collect();
    let mut steps =
        vec![json!({"name": DOCKER, "args": arguments, "dir": plain(&build.context), "env": env})];
    if build.push && build.client_config.is_some() {
        let push = |tag: &String| json!({"name": DOCKER, "args": ["push", plain(tag)], "env": env});
        steps.extend(build.tags.iter().map(push));
    }
    // With credentials of the flow, steps push.
    let images = (build.push && build.client_config.is_none())
        .then(|| build.tags.iter().map(|tag| plain(tag)).collect::<Vec<_>>());
    let mut body = json!({
        "source": {"storageSource": {"bucket": build.source.bucket, "object": build.source.key}},
        "steps": steps,
        "images": images,
        "tags": ["segue", build.key],
        "options": {"logging": "CLOUD_LOGGING_ONLY"},
        "timeout": build.timeout.map(|timeout| format!("{}s", timeout.as_secs().max(1))),
        "serviceAccount": account.map(|account| format!("projects/{project}/serviceAccounts/{account}")),
    });
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_ports::object::ObjectAddress;

    fn build() -> ImageBuild {
        ImageBuild {
            key: "segue-1".to_owned(),
            source: ObjectAddress::new("b", "x/source.tar.gz"),
            context: "context".to_owned(),
            dockerfile: "docker/Dockerfile".to_owned(),
            client_config: None,
            tags: vec!["r/x:1".to_owned(), "r/x:2".to_owned()],
            platform: None,
            push: true,
            pull: true,
            build_args: [("PRICE".to_owned(), "5$USD".to_owned())].into(),
            labels: [("team".to_owned(), "data".to_owned())].into(),
            timeout: Some(std::time::Duration::from_secs(90)),
        }
    }

    #[test]
    fn a_build_pushes_with_its_account() {
        let body = body(&build(), Some("c@p.iam.gserviceaccount.com"), "p");
        assert_eq!(body["images"], json!(["r/x:1", "r/x:2"]));
        assert_eq!(body["steps"].as_array().map(Vec::len), Some(1));
        let args = body["steps"][0]["args"].to_string();
        assert!(args.contains("PRICE=5$$USD") && args.contains("/workspace/docker/Dockerfile"), "{args}");
        assert_eq!(body["serviceAccount"], "projects/p/serviceAccounts/c@p.iam.gserviceaccount.com");
        assert_eq!(body["timeout"], "90s");
    }

    #[test]
    fn credentials_of_the_flow_push_in_steps() {
        let build = ImageBuild { client_config: Some("docker".to_owned()), ..build() };
        let body = body(&build, None, "p");
        assert!(body.get("images").is_none() && body.get("serviceAccount").is_none(), "{body}");
        assert_eq!(body["steps"][2]["args"], json!(["push", "r/x:2"]));
        assert_eq!(body["steps"][1]["env"], json!(["DOCKER_CONFIG=/workspace/docker"]));
    }
}
