//! Tests of the types, with commands that show what a program gets.

use crate::testing::{Platform, merge};
use segue_model::Json;
use segue_model::state::State;
use segue_task::testing::TestRun;
use serde_json::json;

async fn run(task_type: &str, command: &str, more: Json) -> TestRun {
    let mut task = json!({
        "type": format!("io.kestra.plugin.{task_type}"),
        "taskRunner": {"type": "io.kestra.plugin.core.runner.Process"},
        "commands": [command],
    });
    merge(&mut task, more);
    Platform::new().run(task).await
}

#[tokio::test]
async fn an_account_of_aws_is_in_the_environment() {
    let account = json!({"accessKeyId": "id", "secretKeyId": "{{ '{' }}{x", "region": "eu-central-1", "env": {"MINE": "1"}});
    let run = run(
        "aws.cli.AwsCLI",
        "echo \"$AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $AWS_DEFAULT_REGION $MINE ${AWS_SESSION_TOKEN-none}\"",
        account,
    )
    .await;
    assert!(run.log_text().contains("INFO id {{x eu-central-1 1 none"), "{}", run.log_text());
}

#[tokio::test]
async fn variables_of_the_task_come_first() {
    let more = json!({"region": "a", "env": {"AWS_DEFAULT_REGION": "b"}});
    let run = run("aws.cli.AwsCLI", "echo \"region $AWS_DEFAULT_REGION\"", more).await;
    assert!(run.log_text().contains("INFO region b"), "{}", run.log_text());
}

#[tokio::test]
async fn a_key_of_google_is_a_file_that_is_removed() {
    let more = json!({"serviceAccount": "{\"type\": \"x\"}", "projectId": "p", "outputFiles": ["**"]});
    let command = "cat \"$CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE\"; echo; echo \"$CLOUDSDK_CORE_PROJECT\"; echo \
                   \"::{\\\"outputs\\\":{\\\"file\\\":\\\"$GOOGLE_APPLICATION_CREDENTIALS\\\"}}::\"; \
                   test -z \"$SERVICE_ACCOUNT_KEY\"";
    let run = run("gcp.cli.GCloudCLI", command, more).await;
    assert_eq!(run.result.state, State::Success, "{}", run.log_text());
    let log = run.log_text();
    assert!(log.contains("INFO {\"type\": \"x\"}") && log.contains("INFO p\n"), "{log}");
    let file = run.result.outputs["vars"]["file"].as_str().unwrap();
    assert!(!std::path::Path::new(file).exists());
    assert_eq!(run.result.outputs["outputFiles"], json!({}));
}

#[tokio::test]
async fn a_program_that_is_missing_is_named() {
    let run = run("cloudquery.CloudQueryCLI", "cloudquery sync config.yml", json!({})).await;
    assert_eq!(
        run.result.error.as_deref(),
        Some(
            "there is no program 'cloudquery' on this machine, and no Docker that could run the image \
             'ghcr.io/cloudquery/cloudquery:latest-ubuntu': install the program, or start Docker"
        )
    );
}
