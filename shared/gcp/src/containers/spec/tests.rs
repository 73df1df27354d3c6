use super::*;
use segue_ports::object::ObjectAddress;
use serde_json::json;

fn container() -> ContainerJob {
    ContainerJob {
        key: "run-1".to_owned(),
        image: "alpine".to_owned(),
        command: vec!["/bin/sh".to_owned()],
        arguments: vec!["-c".to_owned(), "true".to_owned()],
        env: [("A".to_owned(), "1".to_owned())].into(),
        mount: Some(Mount { prefix: ObjectAddress::new("bucket", ""), directory: "/segue".to_owned() }),
        timeout: Some(Duration::from_secs(90)),
        cpu: Some("2".to_owned()),
        memory: Some("1Gi".to_owned()),
        labels: [("Flow".to_owned(), "company.Taxi".to_owned())].into(),
        ..ContainerJob::default()
    }
}

fn surroundings() -> Surroundings {
    Surroundings { owner: "segue".to_owned(), account: Some("jobs@demo".to_owned()), disk: None }
}

fn made(container: &ContainerJob) -> NamedJob {
    job(container, &container.image, &surroundings()).unwrap()
}

#[test]
fn a_container_becomes_a_job_without_what_an_execution_overrides() {
    let made = made(&container());
    assert!(is_shared(&made.id) && check_key(&made.id).is_ok(), "{}", made.id);
    // Enumerations are sent as numbers.
    assert_eq!(
        serde_json::to_value(made.job).unwrap(),
        json!({
            "labels": {"segue": "segue"},
            "template": {"taskCount": 1, "parallelism": 1, "template": {
                "containers": [{
                    "name": "main", "image": "alpine", "command": ["/bin/sh"],
                    "resources": {"limits": {"cpu": "2", "memory": "1Gi"}},
                    "volumeMounts": [{"name": "files", "mountPath": "/segue"}]
                }],
                "volumes": [{"name": "files", "gcs": {"bucket": "bucket", "mountOptions":
                    ["implicit-dirs", "file-mode=777", "dir-mode=777"]}}],
                "maxRetries": 0, "serviceAccount": "jobs@demo", "executionEnvironment": 2
            }}
        })
    );
    assert_eq!(
        serde_json::to_value(overrides(&container())).unwrap(),
        json!({
            "timeout": "90s",
            "containerOverrides": [{"name": "main", "args": ["-c", "true"], "env": [
                {"name": "A", "value": "1"},
                {"name": "SEGUE_CONTAINER", "value": "run-1"},
                {"name": "SEGUE_LABELS", "value": "Flow=company.Taxi"}
            ]}]
        })
    );
}

#[test]
fn only_what_no_execution_can_override_makes_another_job() {
    let one = made(&container()).id;
    let same = ContainerJob {
        key: "run-2".to_owned(),
        arguments: vec!["other".to_owned()],
        env: [("B".to_owned(), "2".to_owned())].into(),
        timeout: None,
        labels: [("Flow".to_owned(), "other".to_owned())].into(),
        ..container()
    };
    assert_eq!(made(&same).id, one);
    let mut others = [container(), container(), container(), container(), container()];
    others[0].image = "debian".to_owned();
    others[1].cpu = Some("4".to_owned());
    others[2].memory = None;
    others[3].command = Vec::new();
    others[4].mount = None;
    for other in &others {
        assert_ne!(made(other).id, one, "{other:?}");
    }
    let other = Surroundings { owner: "other-prefix".to_owned(), ..surroundings() };
    let elsewhere = job(&container(), "alpine", &other).unwrap();
    assert_ne!(elsewhere.id, one);
}

#[test]
fn a_container_with_a_directory_of_its_own_has_a_job_of_its_own() {
    let mut alone = container();
    alone.directory = Some("/segue/work".to_owned());
    alone.mount =
        Some(Mount { prefix: ObjectAddress::new("bucket", "some/where"), directory: "/segue".to_owned() });
    let made = made(&alone);
    assert!(made.id == "run-1" && !is_shared(&made.id));
    let job = serde_json::to_value(made.job).unwrap();
    assert_eq!(job["labels"], json!({"segue": "segue", "flow": "company_taxi"}));
    let task = &job["template"]["template"];
    assert_eq!(task["containers"][0]["workingDir"], "/segue/work");
    let options = json!([
        "implicit-dirs",
        "file-mode=777",
        "dir-mode=777",
        "only-dir=some/where",
        "rename-dir-limit=100000"
    ]);
    assert_eq!(task["volumes"][0]["gcs"]["mountOptions"], options);
}

#[test]
fn a_container_has_a_disk_if_the_deployment_asks_for_disks() {
    let with_disk = Surroundings { disk: Some("10Gi".to_owned()), ..surroundings() };
    let with_disk = job(&container(), "alpine", &with_disk).unwrap();
    assert_ne!(with_disk.id, made(&container()).id);
    let job = serde_json::to_value(with_disk.job).unwrap();
    assert_eq!(job["launchStage"], 3, "BETA");
    let task = &job["template"]["template"];
    assert_eq!(
        task["volumes"][1],
        json!({"name": "disk", "emptyDir": {"medium": "DISK", "sizeLimit": "10Gi"}})
    );
    assert_eq!(task["containers"][0]["volumeMounts"][1], json!({"name": "disk", "mountPath": "/tmp"}));
}

#[test]
fn an_execution_is_found_by_its_key() {
    let execution = |key: &str| -> Execution {
        serde_json::from_value(json!({"template": {"containers": [{"env": [
            {"name": "OTHER", "value": "run-1"}, {"name": "SEGUE_CONTAINER", "value": key}
        ]}]}}))
        .unwrap()
    };
    assert!(has_key(&execution("run-1"), "run-1"));
    assert!(!has_key(&execution("run-10"), "run-1") && !has_key(&Execution::new(), "run-1"));
}

#[test]
fn a_container_runs_for_a_day_and_never_more_than_a_week() {
    let seconds = |asked: Option<u64>| timeout(asked.map(Duration::from_secs)).seconds();
    assert_eq!(
        [seconds(None), seconds(Some(0)), seconds(Some(7)), seconds(Some(u64::MAX))],
        [86_400, 1, 7, 604_800]
    );
}

#[test]
fn a_name_no_job_can_have_is_refused() {
    let long = "a".repeat(50);
    for key in ["", "1a", "A", "a_b", "a-", "a/b", long.as_str()] {
        let refused =
            job(&ContainerJob { key: key.to_owned(), ..ContainerJob::default() }, "alpine", &surroundings());
        assert!(refused.is_err(), "{key}");
    }
}
