//! Each setting, each refused property, and the label of a flow. No test needs Docker or uses an existing
//! one: the daemons named here do not answer.

use super::*;
use crate::testing::Platform;
use segue_task::testing::TestRun;
use serde_json::json;

const PROCESS: &str = "io.kestra.plugin.core.runner.Process";
const DOCKER: &str = "io.kestra.plugin.scripts.runner.docker.Docker";
/// Nothing listens on port 1.
const NOBODY: &str = "tcp://127.0.0.1:1";

fn platform(mode: Option<ContainerMode>) -> Platform {
    let mut platform = Platform::new();
    platform.containers = ContainerRules { mode, ..ContainerRules::default() };
    platform
}

/// A script that asks for Docker, which does not exist here, with more properties of the runner.
fn script(more: Json) -> Json {
    let mut runner = json!({"type": DOCKER, "host": NOBODY});
    runner.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"type": "io.kestra.plugin.scripts.shell.Commands", "containerImage": "alpine",
        "commands": ["echo ran on the host"], "taskRunner": runner})
}

/// The same, as a container without a shell.
fn run(more: Json) -> Json {
    let mut task = json!({"type": "io.kestra.plugin.docker.cli.Run", "containerImage": "alpine", "host": NOBODY,
        "commands": ["echo", "ran on the host"]});
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    task
}

fn as_process() -> Json {
    json!({"type": "io.kestra.plugin.scripts.shell.Commands", "commands": ["echo ran on the host"],
        "taskRunner": {"type": PROCESS}})
}

/// The error of a task that must not run.
fn refusal(ended: TestRun) -> String {
    let log = ended.log_text();
    assert!(!log.contains("ran on the host"), "{log}");
    ended.error()
}

#[tokio::test]
async fn without_a_setting_the_host_runs_it_with_a_warning() {
    let platform = platform(None);
    for task in [script(json!({})), run(json!({}))] {
        let log = platform.run(task).await.log_text();
        assert!(log.contains("INFO ran on the host"), "{log}");
        assert!(
            log.contains("WARN Docker is not available") && log.contains("without the image 'alpine'"),
            "{log}"
        );
    }
    let image = json!({"type": "io.kestra.plugin.scripts.shell.Commands", "commands": ["true"],
        "containerImage": "alpine", "docker": {"host": NOBODY}});
    assert!(platform.run(image).await.log_text().contains("WARN Docker is not available"));
}

#[tokio::test]
async fn docker_is_needed_where_the_server_says_so() {
    let platform = platform(Some(ContainerMode::Docker));
    for task in [script(json!({})), run(json!({}))] {
        let error = refusal(platform.run(task).await);
        assert!(
            error.contains("Docker is not available") && error.contains("SEGUE_CONTAINERS=process"),
            "{error}"
        );
    }
    let other = json!({"type": "io.kestra.plugin.scripts.shell.Commands", "commands": ["echo ran on the host"],
        "taskRunner": {"type": "io.kestra.plugin.ee.aws.runner.Batch"}});
    let error = refusal(platform.run(other).await);
    assert!(error.contains("ee.aws.runner.Batch is unknown"), "{error}");
    assert!(platform.run(as_process()).await.log_text().contains("INFO ran on the host"));
}

#[tokio::test]
async fn processes_take_the_place_of_containers_where_the_server_says_so() {
    let platform = platform(Some(ContainerMode::Process));
    for task in [script(json!({})), run(json!({}))] {
        let log = platform.run(task).await.log_text();
        assert!(log.contains("INFO ran on the host"), "{log}");
        assert!(
            log.contains("WARN SEGUE_CONTAINERS is 'process'") && !log.contains("Docker is not"),
            "{log}"
        );
    }
}

#[tokio::test]
async fn containers_are_refused_where_the_server_says_so() {
    let platform = platform(Some(ContainerMode::Refuse));
    let unsaid =
        json!({"type": "io.kestra.plugin.scripts.shell.Commands", "commands": ["echo ran on the host"]});
    for task in [script(json!({})), run(json!({})), unsaid] {
        let error = refusal(platform.run(task).await);
        assert!(error.contains("SEGUE_CONTAINERS=refuse") && error.contains(PROCESS), "{error}");
    }
    assert!(platform.run(as_process()).await.log_text().contains("INFO ran on the host"));
}

#[tokio::test]
async fn what_opens_the_machine_is_refused_unless_it_is_allowed() {
    let mut platform = platform(None);
    for (property, word, names) in [
        (json!({"privileged": true}), "privileged", "privileged: true"),
        (json!({"volumes": ["/:/host"]}), "volumes", "volumes"),
        (json!({"networkMode": "host"}), "host-network", "networkMode: host"),
        (json!({"networkMode": "container:other"}), "host-network", "networkMode: container:other"),
        (json!({"networkMode": "name=host,alias=x"}), "host-network", "networkMode: name=host"),
    ] {
        platform.containers = ContainerRules::default();
        for task in [script(property.clone()), run(property.clone())] {
            let error = refusal(platform.run(task).await);
            assert!(error.starts_with(names), "{error}");
            assert!(error.contains(&format!("SEGUE_CONTAINERS_ALLOW={word}")), "{error}");
        }
        let allowed = |name: &str| (name == "SEGUE_CONTAINERS_ALLOW").then(|| word.to_owned());
        platform.containers = ContainerRules::from_variables(allowed).unwrap();
        for task in [script(property.clone()), run(property)] {
            let log = platform.run(task).await.log_text();
            assert!(log.contains("INFO ran on the host"), "{log}");
        }
    }
    platform.containers = ContainerRules::default();
    let harmless = json!({"privileged": false, "volumes": [], "networkMode": "none"});
    assert!(platform.run(script(harmless)).await.log_text().contains("INFO ran on the host"));
    let old = json!({"type": "io.kestra.plugin.scripts.shell.Commands", "commands": ["echo ran on the host"],
        "docker": {"image": "alpine", "volumes": ["/:/host"]}});
    assert!(refusal(platform.run(old).await).starts_with("volumes is refused"));
}

#[tokio::test]
async fn another_docker_is_reached_by_a_socket_only() {
    let platform = platform(None);
    for host in ["ssh://root@d", "fd://", "npipe:////./pipe/x", "d:2375", ""] {
        let error = refusal(platform.run(script(json!({"host": host}))).await);
        assert!(error.starts_with(&format!("host: {host} is refused")), "{error}");
    }
    for host in ["unix:///dind/docker.sock", "tcp://d:2375"] {
        assert!(
            platform.run(script(json!({"host": host}))).await.log_text().contains("INFO ran on the host")
        );
    }
}

#[tokio::test]
async fn an_image_is_no_option_of_the_client() {
    let platform = platform(None);
    let error = refusal(platform.run(run(json!({"containerImage": "--privileged"}))).await);
    assert!(error.contains("cannot begin with '-'"), "{error}");
    let registry = json!({"credentials": {"registry": "--volume=/:/host"}});
    assert!(refusal(platform.run(run(registry)).await).contains("cannot begin with '-'"));
}

#[tokio::test]
async fn a_flow_can_demand_containers() {
    let mut platform = platform(None);
    platform.labels = Some(json!({"segue": {"isolation": "required"}}));
    for mode in [None, Some(ContainerMode::Process)] {
        platform.containers.mode = mode;
        for task in [script(json!({})), run(json!({})), as_process()] {
            let error = refusal(platform.run(task).await);
            assert!(error.contains("'segue.isolation: required'"), "{error}");
        }
    }
    // Labels that are set at the start of an execution do not remove the requirement.
    platform.containers.mode = None;
    for hiding in [json!({"segue": {"isolation": "none"}}), json!({"segue": "x"})] {
        platform.labels = Some(hiding);
        assert!(refusal(platform.run(as_process()).await).contains("'segue.isolation'"));
    }
    platform.labels = Some(json!({"team": "data", "segue": {"other": "1"}}));
    assert!(platform.run(as_process()).await.log_text().contains("INFO ran on the host"));
}

#[test]
fn docker_is_used_where_there_is_one() {
    for mode in [None, Some(ContainerMode::Docker)] {
        assert_eq!(decide(mode, true, Ok(())).unwrap(), Chosen::Docker);
    }
    assert!(matches!(decide(Some(ContainerMode::Process), false, Ok(())), Ok(Chosen::Process(_))));
    assert!(decide(Some(ContainerMode::Process), true, Ok(())).is_err());
    assert!(decide(Some(ContainerMode::Refuse), false, Ok(())).is_err());
}
