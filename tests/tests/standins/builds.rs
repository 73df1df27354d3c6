//! Tests builds of images on Cloud Build.

use crate::bucket::{self, Objects};
use crate::serve;
use flate2::Compression;
use flate2::write::GzEncoder;
use segue_gcp::{CloudBuilds, PlatformConfig};
use segue_ports::builds::{BuildStatus, ImageBuild};
use segue_ports::object::ObjectAddress;
use segue_ports::{ImageBuilds as _, PortError};
use segue_tests::standins::builds;
use std::time::Duration;

/// Cloud Build with a bucket in which the archive `source` has this Dockerfile.
async fn platform(dockerfile: &str) -> CloudBuilds {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_size(dockerfile.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "client/Dockerfile", dockerfile.as_bytes()).unwrap();
    let archive = tar.into_inner().unwrap().finish().unwrap();
    let objects = Objects::default();
    objects.lock().unwrap().insert("source".to_owned(), archive);
    let address = serve(builds::app(Some(serve(bucket::app(objects)).await))).await;
    let config = PlatformConfig::from_variables(|name| match name {
        "SEGUE_PROJECT" => Some("demo".to_owned()),
        "SEGUE_JOB_ACCOUNT" => Some("containers@demo.iam.gserviceaccount.com".to_owned()),
        "CLOUD_BUILD_EMULATOR_HOST" => Some(address.clone()),
        _ => None,
    });
    CloudBuilds::connect(&config.unwrap()).unwrap()
}

fn build(key: &str) -> ImageBuild {
    ImageBuild {
        key: key.to_owned(),
        source: ObjectAddress::new("bucket", "source"),
        context: "context".to_owned(),
        dockerfile: "client/Dockerfile".to_owned(),
        client_config: None,
        tags: vec!["r.example/x:1".to_owned()],
        platform: None,
        push: true,
        pull: true,
        build_args: [("PRICE".to_owned(), "$5".to_owned())].into(),
        labels: std::collections::BTreeMap::new(),
        timeout: None,
    }
}

async fn end(builds: &CloudBuilds, name: &str) -> BuildStatus {
    let ended = async {
        loop {
            match builds.status(name).await.unwrap() {
                BuildStatus::Running => tokio::time::sleep(Duration::from_millis(20)).await,
                other => break other,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap()
}

#[tokio::test]
async fn a_build_is_found_by_its_key_and_has_an_image_and_a_log() {
    let builds = platform("FROM alpine\nRUN true\n").await;
    assert_eq!(builds.find("segue-1").await.unwrap(), None);
    let name = builds.start(&build("segue-1")).await.unwrap();
    builds.start(&build("segue-2")).await.unwrap();
    assert_eq!(builds.find("segue-1").await.unwrap(), Some(name.clone()));
    let BuildStatus::Ended { failure: None, image_id: Some(image) } = end(&builds, &name).await else {
        panic!("the build fails")
    };
    assert!(image.starts_with("sha256:"), "{image}");
    assert_eq!(builds.output(&name).await.unwrap(), ["Step: FROM alpine", "Step: RUN true", "DONE"]);
    // A build that has ended cannot be cancelled, and nobody minds.
    builds.cancel(&name).await.unwrap();
}

#[tokio::test]
async fn an_unknown_base_image_fails_the_build() {
    let builds = platform("FROM missing\n").await;
    let name = builds.start(&build("segue-1")).await.unwrap();
    let BuildStatus::Ended { failure: Some(failure), image_id: None } = end(&builds, &name).await else {
        panic!("the build succeeds")
    };
    assert!(failure.contains("build step 0"), "{failure}");
    assert!(builds.output(&name).await.unwrap().iter().any(|line| line.contains("manifest unknown")));
}

#[tokio::test]
async fn a_build_can_be_cancelled() {
    let builds = platform(&"RUN true\n".repeat(600)).await;
    let name = builds.start(&build("segue-1")).await.unwrap();
    builds.cancel(&name).await.unwrap();
    let cancelled =
        BuildStatus::Ended { failure: Some("the build was cancelled".to_owned()), image_id: None };
    assert_eq!(end(&builds, &name).await, cancelled);
    assert_eq!(builds.status("build-9").await.unwrap(), BuildStatus::Absent);
    builds.cancel("build-9").await.unwrap();
    assert!(matches!(builds.output("build-9").await, Err(PortError::NotFound { .. })));
}
