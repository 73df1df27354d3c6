//! Scripts in containers: real shells, real files, and every step repeated or interrupted.

use super::fake::{FakeJobs, NextStart};
use crate::directories::WORK;
use crate::testing::{Platform, tasks, with};
use async_trait::async_trait;
use segue_model::Json;
use segue_ports::container::OutputLine;
use segue_ports::wire::WorkingDirectoryRef;
use segue_ports::{PortError, SecretStore};
use segue_task::testing::{TestEnd, TestRun, message, run_with};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A platform with containers outside the service.
struct Outside {
    platform: Platform,
    jobs: Arc<FakeJobs>,
}

/// A single secret, for all namespaces.
struct OneSecret;

#[async_trait]
impl SecretStore for OneSecret {
    async fn get(&self, _: &str, key: &str) -> Result<Option<String>, PortError> {
        Ok((key == "TOKEN").then(|| "sesame-42".to_owned()))
    }
    async fn names(&self, _: &str) -> Result<Vec<String>, PortError> {
        Ok(vec!["TOKEN".to_owned()])
    }
}

fn commands(commands: &[&str], more: Json) -> Json {
    with(json!({"type": "io.kestra.plugin.scripts.shell.Commands", "commands": commands}), more)
}

impl Outside {
    fn new() -> Self {
        let mut platform = Platform::new();
        let jobs = Arc::new(FakeJobs::new(platform.ports.objects.clone()));
        platform.ports.containers = Some(jobs.clone());
        platform.ports.secrets = Arc::new(OneSecret);
        Self { platform, jobs }
    }

    /// One delivery of an attempt that does not wait for the container.
    async fn deliver(&self, task: &Json) -> TestEnd {
        self.deliver_until(task, &CancellationToken::new(), Some(Duration::ZERO)).await
    }

    async fn deliver_until(
        &self,
        task: &Json,
        lost: &CancellationToken,
        patience: Option<Duration>,
    ) -> TestEnd {
        let mut task = task.clone();
        let kind = task.as_object_mut().unwrap().remove("type").unwrap();
        let message = message(kind.as_str().unwrap(), task);
        let work = self.platform.work_root();
        run_with(&tasks(), self.platform.ports.clone(), &work, message, patience, lost).await
    }

    /// Runs a task of a shared directory on a different machine.
    async fn shared(&self, name: &str, mut task: Json) -> TestRun {
        let kind = task.as_object_mut().unwrap().remove("type").unwrap();
        let mut message = message(kind.as_str().unwrap(), task);
        message.task_run_id = name.into();
        message.working_directory = Some(WorkingDirectoryRef { id: "parent-0".to_owned() });
        let machine = tempfile::tempdir().unwrap();
        let ports = self.platform.ports.clone();
        let lost = CancellationToken::new();
        match run_with(&tasks(), ports, machine.path(), message, None, &lost).await {
            TestEnd::Ended(run) => run,
            other => panic!("{other:?}"),
        }
    }

    fn started(&self) -> usize {
        self.jobs.started.lock().unwrap().len()
    }

    /// The leftovers of copies in internal storage.
    async fn left(&self) -> Vec<String> {
        let storage = &self.platform.ports.storage;
        let mut listed = storage.list("company").await.unwrap();
        listed.retain(|(uri, _)| uri.contains("/directories/"));
        listed.extend(storage.list("_segue").await.unwrap());
        listed.into_iter().map(|(uri, _)| uri).collect()
    }
}

fn ended(end: TestEnd) -> TestRun {
    match end {
        TestEnd::Ended(run) => run,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_script_elsewhere_is_a_script() {
    let outside = Outside::new();
    let uri = outside.platform.store("company/team/x/my-data.csv", b"1\n2\n").await;
    outside.platform.store("company/team/_files/lib.sh", b"echo from the namespace").await;
    let read = format!("wc -l < {uri}");
    let task = commands(
        &[
            "echo \"hello {{ inputs.name }} $GREETING\"; echo oh >&2",
            "sh lib.sh; cat in.txt; echo",
            &read,
            "test \"$WORKING_DIR\" = \"$PWD\" && test '{{ workingDir }}' = \"$PWD\" && test '{{ outputDir }}' = \"$OUTPUT_DIR\"",
            "echo '::{\"outputs\":{\"a\":1}}::'; echo '::{\"metrics\":[{\"name\":\"n\",\"type\":\"counter\",\"value\":2}]}::'",
            "mkdir 'sub dir'; printf ü > 'sub dir/日本.csv'; printf 'a\\r\\nb' > {{ workingDir }}/b.csv",
            "printf out > {{ outputDir }}/given.txt",
        ],
        json!({
            "env": {"GREETING": "it's $5\n\"x\"", "odd-name": "1"},
            "inputFiles": {"in.txt": "input {{ inputs.name }}", "d/data.csv": uri},
            "namespaceFiles": {"enabled": true},
            "outputFiles": ["**.csv"],
            "containerImage": "alpine",
        }),
    );
    let run = outside.platform.run(task).await;
    let log = run.log_text();
    for part in ["INFO hello Ada it's $5", "ERROR oh", "INFO from the namespace", "INFO input Ada", "INFO 2"]
    {
        assert!(log.contains(part), "{part} in {log}");
    }
    assert_eq!((run.result.metrics[0].name.as_str(), run.result.metrics[0].value), ("n", 2.0));
    let outputs = run.outputs();
    assert_eq!((&outputs["exitCode"], &outputs["vars"]), (&json!(0), &json!({"a": 1})));
    let files = outputs["outputFiles"].clone();
    let names: Vec<&String> = files.as_object().unwrap().keys().collect();
    assert_eq!(names, ["b.csv", "d/data.csv", "sub dir/日本.csv", "given.txt"]);
    assert_eq!(outside.platform.stored(&files["d/data.csv"]).await, b"1\n2\n");
    assert_eq!(outside.platform.stored(&files["b.csv"]).await, b"a\r\nb");
    assert_eq!(outside.platform.stored(&files["sub dir/日本.csv"]).await, "ü".as_bytes());
    assert_eq!(outside.platform.stored(&files["given.txt"]).await, b"out");
    let job = outside.jobs.started.lock().unwrap()[0].clone();
    assert_eq!((job.image.as_str(), job.cpu.as_deref()), ("alpine", Some("1")));
    let names: Vec<&str> = job.env.keys().map(String::as_str).collect();
    assert_eq!(names, ["SEGUE_TURN", "odd-name"], "the others travel with the files");
    assert_eq!(job.labels["task-id"], "task");
    assert_eq!(outside.jobs.removed.load(Ordering::Relaxed), 1);
    assert_eq!(outside.left().await, Vec::<String>::new());
}

#[tokio::test]
async fn it_fails_as_other_scripts_fail() {
    let outside = Outside::new();
    let task = commands(
        &["echo '::{\"outputs\":{\"a\":1}}::'", "printf x > out.txt", "exit 3"],
        json!({"outputFiles": ["out.txt"]}),
    );
    let (error, outputs) = outside.platform.run(task).await.failed();
    assert_eq!(error, "Command failed with exit code 3");
    assert_eq!((&outputs["exitCode"], &outputs["vars"]), (&json!(3), &json!({"a": 1})));
    assert_eq!(outside.platform.stored(&outputs["outputFiles"]["out.txt"]).await, b"x");
    let missing = commands(&["no-such-program-here"], json!({}));
    let run = outside.platform.run(missing).await;
    assert!(run.log_text().contains("no-such-program-here"), "{}", run.log_text());
    assert_eq!(run.error(), "Command failed with exit code 127");
    assert_eq!(outside.left().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_script_file_is_gone_when_files_are_kept() {
    let outside = Outside::new();
    let task = json!({
        "type": "io.kestra.plugin.scripts.perl.Script",
        "script": "open(my $f, '>', 'made.txt'); print $f $ENV{A}; print \"{{ inputs.name }}\\n\";",
        "env": {"A": "a"}, "outputFiles": ["*"],
    });
    let run = outside.platform.run(task).await;
    assert!(run.log_text().contains("INFO Ada"), "{}", run.log_text());
    let files = run.outputs()["outputFiles"].clone();
    assert_eq!(files.as_object().unwrap().keys().collect::<Vec<_>>(), ["made.txt"]);
    assert_eq!(outside.platform.stored(&files["made.txt"]).await, b"a");
}

#[tokio::test]
async fn the_context_of_the_execution_is_in_the_container_and_nowhere_else() {
    let outside = Outside::new();
    let task = commands(
        &["cat .kestra-execution-context.json; echo; test -f \"$KESTRA_EXECUTION_CONTEXT_FILE\""],
        json!({"executionContext": true, "outputFiles": ["*"]}),
    );
    let run = outside.platform.run(task.clone()).await;
    assert!(run.log_text().contains(r#""inputs":{"name":"Ada"}"#), "{}", run.log_text());
    assert_eq!(run.outputs()["outputFiles"], json!({}));
    outside.shared("first", task).await.outputs();
    assert!(outside.left().await.iter().all(|name| !name.contains("context")), "{:?}", outside.left().await);
}

#[tokio::test]
async fn what_is_left_in_the_background_holds_nobody() {
    let outside = Outside::new();
    let began = std::time::Instant::now();
    let run = outside.platform.run(commands(&["sleep 30 & echo done"], json!({}))).await;
    assert!(run.log_text().contains("INFO done"), "{}", run.log_text());
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[tokio::test]
async fn work_that_goes_on_is_found_again() {
    let outside = Outside::new();
    outside.jobs.looks.store(4, Ordering::Relaxed);
    let task = commands(&["echo ran > ran.txt"], json!({"outputFiles": ["*"]}));
    let mut deliveries = 0;
    let run = loop {
        deliveries += 1;
        match outside.deliver(&task).await {
            TestEnd::Unfinished(again) => assert!(again >= Duration::from_secs(1)),
            end => break ended(end),
        }
        assert!(deliveries < 20);
    };
    assert!(deliveries > 2, "{deliveries}");
    let files = run.outputs()["outputFiles"].clone();
    assert_eq!(files.as_object().unwrap().len(), 1);
    assert_eq!(outside.started(), 1);
}

#[tokio::test]
async fn a_beginning_that_was_cut_off_leaves_nothing() {
    let outside = Outside::new();
    let task = commands(&["ls"], json!({"inputFiles": {"in.txt": "1"}, "outputFiles": ["**"]}));
    outside.jobs.next_start(NextStart::Fails);
    assert!(matches!(outside.deliver(&task).await, TestEnd::Unfinished(_)));
    let record = outside.left().await.into_iter().find(|uri| uri.ends_with("/run/container")).unwrap();
    let prefix =
        record.strip_prefix("kestra:///").unwrap().strip_suffix("/run/container").unwrap().to_owned();
    outside.platform.store(&format!("{prefix}/{WORK}/stale.txt"), b"x").await;
    outside.platform.store(&format!("{prefix}/run/stdout"), b"stale\n").await;
    let run = outside.platform.run(task).await;
    let log = run.log_text();
    assert!(log.contains("INFO in.txt") && !log.contains("stale"), "{log}");
    let files = run.outputs()["outputFiles"].clone();
    assert_eq!(files.as_object().unwrap().keys().collect::<Vec<_>>(), ["in.txt"]);
    assert_eq!(outside.started(), 1);
}

#[tokio::test]
async fn a_start_without_an_answer_is_found_again() {
    let outside = Outside::new();
    outside.jobs.next_start(NextStart::LosesAnswer);
    let task = commands(&["echo once"], json!({}));
    assert!(matches!(outside.deliver(&task).await, TestEnd::Unfinished(_)));
    let run = ended(outside.deliver(&task).await);
    assert!(run.log_text().contains("INFO once"), "{}", run.log_text());
    assert_eq!(outside.started(), 1);
    assert_eq!(outside.left().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_killed_task_removes_a_container_without_a_recorded_name() {
    let outside = Outside::new();
    outside.jobs.next_start(NextStart::LosesAnswer);
    let task = commands(&["sleep 100"], json!({}));
    assert!(matches!(outside.deliver(&task).await, TestEnd::Unfinished(_)));
    let killed = CancellationToken::new();
    killed.cancel();
    assert!(matches!(outside.deliver_until(&task, &killed, None).await, TestEnd::Stopped));
    assert_eq!(outside.jobs.removed.load(Ordering::Relaxed), 1);
    assert_eq!(outside.left().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_quota_delays_the_start() {
    let outside = Outside::new();
    let task = commands(&["echo late"], json!({}));
    for _ in 0..3 {
        outside.jobs.next_start(NextStart::Waits);
        assert!(matches!(outside.deliver(&task).await, TestEnd::Unfinished(_)));
    }
    let run = ended(outside.deliver(&task).await);
    assert!(run.log_text().contains("INFO late"), "{}", run.log_text());
    assert_eq!(outside.started(), 1);
}

#[tokio::test]
async fn a_container_of_another_start_does_nothing() {
    let outside = Outside::new();
    outside.jobs.looks.store(1, Ordering::Relaxed);
    let task = commands(&["echo ran > ran.txt"], json!({"outputFiles": ["*"]}));
    assert!(matches!(outside.deliver(&task).await, TestEnd::Unfinished(_)));
    // Another worker recorded its own start before the container looked.
    let record = outside.left().await.into_iter().find(|uri| uri.ends_with("/run/container")).unwrap();
    let storage = &outside.platform.ports.storage;
    let text = storage.get_text(&record, 1000).await.unwrap();
    let (_, rest) = text.split_once('\n').unwrap();
    let path = record.strip_prefix("kestra:///").unwrap();
    storage.put_text(path, format!("other\n{rest}")).await.unwrap();
    let error = ended(outside.deliver(&task).await).error();
    assert_eq!(error, "Command failed with exit code 75");
}

#[tokio::test]
async fn a_script_works_on_a_disk_and_only_what_is_wanted_comes_back() {
    let outside = Outside::new();
    let task = commands(
        &[
            "mkdir -p big/deep && ln in.txt big/linked && mv big moved && test -f moved/linked",
            "ln -s in.txt soft.csv && echo 2 >> in.txt && mv keep.csv renamed.csv && rm gone.csv",
            "touch -r same.csv other.csv && mkfifo pipe.csv && echo odd > 'odd  name .csv' && echo h > .hidden.csv",
        ],
        json!({
            "inputFiles": {"in.txt": "1", "keep.csv": "keep", "gone.csv": "gone", "same.csv": "same"},
            "outputFiles": ["**.csv"],
        }),
    );
    let files = outside.platform.run(task).await.outputs()["outputFiles"].clone();
    let mut names: Vec<&String> = files.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, [".hidden.csv", "odd  name .csv", "other.csv", "renamed.csv", "same.csv", "soft.csv"]);
    assert_eq!(outside.platform.stored(&files["soft.csv"]).await, b"12\n");
    assert_eq!(outside.platform.stored(&files["renamed.csv"]).await, b"keep");
    assert_eq!(outside.left().await, Vec::<String>::new());
}

#[tokio::test]
async fn variables_leave_internal_storage_before_the_commands_start() {
    let outside = Outside::new();
    let task = commands(
        &[
            "cat \"$(dirname \"$OUTPUT_DIR\")/env.sh\" && exit 1; echo \"got $A, not '$SEGUE_TURN$SEGUE_CONTAINER'\"; exit 5",
        ],
        json!({"env": {"A": "value"}}),
    );
    outside.jobs.next_removal_fails.store(true, Ordering::Relaxed);
    let run = outside.platform.run(task).await;
    assert!(run.log_text().contains("INFO got value, not ''"), "{}", run.log_text());
    let left = outside.left().await;
    assert!(left.iter().any(|uri| uri.ends_with("/run/exit")), "{left:?}");
    assert!(!left.iter().any(|uri| uri.ends_with("/env.sh")), "{left:?}");
}

#[tokio::test]
async fn the_output_of_a_killed_container_is_not_lost() {
    let outside = Outside::new();
    outside.jobs.kills.store(true, Ordering::Relaxed);
    let line = |is_error, text: &str| OutputLine { is_error, text: text.to_owned() };
    *outside.jobs.output.lock().unwrap() =
        Some(vec![line(false, "loading sesame-42"), line(true, "out of memory")]);
    let task = commands(&["echo \"{{ secret('TOKEN') }}\""], json!({}));
    let run = outside.platform.run(task.clone()).await;
    let log = run.log_text();
    assert!(log.contains("INFO loading ******") && log.contains("ERROR out of memory"), "{log}");
    assert!(log.contains("the container ended with exit code 137"), "{log}");
    assert_eq!(run.error(), "Command failed with exit code 137");
    assert_eq!(outside.left().await, Vec::<String>::new());

    *outside.jobs.output.lock().unwrap() = None;
    let run = outside.platform.run(task).await;
    assert!(
        run.log_text().contains("is not known: containers is not available: no role"),
        "{}",
        run.log_text()
    );
    assert_eq!(run.error(), "Command failed with exit code 137");
}

#[tokio::test]
async fn no_flow_reads_the_files_of_containers() {
    let outside = Outside::new();
    let task = commands(&["cat kestra:///_segue/containers/other/run/env.sh"], json!({}));
    let error = outside.platform.run(task).await.error();
    assert!(error.contains("a file of Segue itself"), "{error}");
    let given =
        commands(&["true"], json!({"inputFiles": {"a": "kestra:///_segue/containers/other/run/env.sh"}}));
    let error = outside.platform.run(given).await.error();
    assert!(error.contains("a file of Segue itself"), "{error}");
}

#[tokio::test]
async fn what_is_refused_leaves_nothing() {
    let cloud = Outside::new();
    let refused = commands(&["true"], json!({"containerImage": "refused", "inputFiles": {"in.txt": "1"}}));
    assert!(cloud.platform.run(refused).await.error().contains("no image 'refused'"));
    let missing = commands(&["cat kestra:///no/thing.csv"], json!({}));
    assert!(cloud.platform.run(missing).await.error().contains("no/thing.csv"));
    let outside = commands(&["true"], json!({"inputFiles": {"../x": "kestra:///no/thing.csv"}}));
    assert!(cloud.platform.run(outside).await.error().contains("'../x' is refused"));
    assert_eq!(cloud.left().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_end_that_was_cut_off_is_collected_once_more() {
    let outside = Outside::new();
    outside.jobs.next_removal_fails.store(true, Ordering::Relaxed);
    let task = commands(
        &["echo '::{\"outputs\":{\"a\":1}}::'; echo x > x.txt; exit 4"],
        json!({"outputFiles": ["*"]}),
    );
    let first = ended(outside.deliver_until(&task, &CancellationToken::new(), None).await).failed();
    assert!(!outside.left().await.is_empty());
    let again = ended(outside.deliver(&task).await).failed();
    assert_eq!(again, first);
    assert_eq!(outside.started(), 1);
    assert_eq!(outside.left().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_task_that_is_stopped_ends_its_container() {
    let outside = Outside::new();
    outside.jobs.looks.store(u32::MAX, Ordering::Relaxed);
    let task = commands(&["echo never"], json!({}));
    let lost = CancellationToken::new();
    let soon = lost.clone();
    let jobs = outside.jobs.clone();
    tokio::spawn(async move {
        while jobs.started.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        soon.cancel();
    });
    assert!(matches!(outside.deliver_until(&task, &lost, None).await, TestEnd::Stopped));
    assert_eq!(outside.jobs.removed.load(Ordering::Relaxed), 1);
    assert_eq!(outside.left().await, Vec::<String>::new());

    // A delivery that finds the task revoked ends the container of an earlier one.
    assert!(matches!(outside.deliver(&task).await, TestEnd::Unfinished(_)));
    let lost = CancellationToken::new();
    lost.cancel();
    assert!(matches!(outside.deliver_until(&task, &lost, None).await, TestEnd::Stopped));
    assert_eq!(outside.jobs.removed.load(Ordering::Relaxed), 2);
    assert_eq!(outside.left().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_secret_is_masked_whoever_collects() {
    let outside = Outside::new();
    outside.jobs.looks.store(1, Ordering::Relaxed);
    let task = commands(
        &["echo \"{{ secret('TOKEN') }} $T\"; echo '::{\"outputs\":{\"t\":\"sesame-42\"}}::'"],
        json!({"env": {"T": "{{ secret('TOKEN') }}"}}),
    );
    assert!(matches!(outside.deliver(&task).await, TestEnd::Unfinished(_)));
    let run = ended(outside.deliver(&task).await);
    assert!(run.log_text().contains("INFO ****** ******"), "{}", run.log_text());
    assert!(!format!("{:?}", *outside.jobs.started.lock().unwrap()).contains("sesame"));
    assert!(!Json::Object(run.outputs()).to_string().contains("sesame"));
}

#[tokio::test]
async fn a_process_stays_in_the_service() {
    let outside = Outside::new();
    let log = outside.platform.shell(&["echo here"], json!({})).await.log_text();
    assert!(log.contains("INFO here"), "{log}");
    assert_eq!(outside.started(), 0);
}

#[tokio::test]
async fn an_image_may_be_left_to_itself() {
    let outside = Outside::new();
    let by_image = json!({"type": "io.kestra.plugin.docker.cli.Run", "containerImage": "alpine",
        "commands": ["cp", "in.txt", "{{ workingDir }}/out.txt"], "env": {"A": "1"},
        "inputFiles": {"in.txt": "x"}, "outputFiles": ["**", "out.txt"]});
    let written = |text: &str| OutputLine { is_error: false, text: text.to_owned() };
    let kept = vec![written("from the image"), written("::{\"outputs\":{\"a\":1}}::")];
    *outside.jobs.output.lock().unwrap() = Some(kept);
    let run = outside.platform.run(by_image).await;
    assert!(run.log_text().contains("INFO from the image"), "{}", run.log_text());
    *outside.jobs.output.lock().unwrap() = Some(Vec::new());
    let outputs = run.outputs();
    assert_eq!(outputs["vars"], json!({"a": 1}));
    let files = outputs["outputFiles"].clone();
    assert_eq!(files.as_object().unwrap().keys().collect::<Vec<_>>(), ["in.txt", "out.txt"]);
    assert_eq!(outside.platform.stored(&files["out.txt"]).await, b"x");
    let job = outside.jobs.started.lock().unwrap()[0].clone();
    assert!(job.command.is_empty() && job.env["A"] == "1");
    let entered = json!({"type": "io.kestra.plugin.docker.cli.Run", "containerImage": "alpine",
        "entryPoint": ["/bin/sh", "-c"], "commands": ["echo $((1 + 1)); exit 5"]});
    let run = outside.platform.run(entered).await;
    assert!(run.log_text().contains("INFO 2"), "{}", run.log_text());
    assert_eq!(run.error(), "Command failed with exit code 5");
    let failing =
        json!({"type": "io.kestra.plugin.docker.cli.Run", "containerImage": "alpine", "commands": ["false"]});
    let run = outside.platform.run(failing).await;
    assert!(run.log_text().contains("ended with exit code 1: The container exited"), "{}", run.log_text());
    assert_eq!(run.error(), "Command failed with exit code 1");
}

#[tokio::test]
async fn a_shared_directory_goes_from_machine_to_machine() {
    let outside = Outside::new();
    let setup = json!({"type": "io.segue.workingdirectory.Setup",
        "inputFiles": {"in.txt": "1", "gone.txt": "2"}, "cache": {"patterns": ["deps/**"]}});
    outside.shared("setup", setup).await.outputs();
    let container =
        commands(&["cat in.txt > from-container.txt; rm gone.txt; mkdir deps; echo d > deps/d"], json!({}));
    outside.shared("one", container).await.outputs();
    let process = commands(
        &["test ! -e gone.txt && cat from-container.txt in.txt > both.txt; printf 3 > in.txt"],
        json!({"runner": "PROCESS"}),
    );
    outside.shared("two", process).await.outputs();
    // A failed child leaves its files too.
    let failing = commands(&["echo late > late.txt; exit 1"], json!({"runner": "PROCESS"}));
    outside.shared("three", failing).await.error();
    let last = commands(&["cat in.txt late.txt; ls"], json!({"outputFiles": ["both.txt"]}));
    let run = outside.shared("four", last).await;
    let log = run.log_text();
    assert!(log.contains("INFO 3late") && !log.contains("gone.txt") && !log.contains("run-"), "{log}");
    assert_eq!(outside.platform.stored(&run.outputs()["outputFiles"]["both.txt"]).await, b"11");
    let collect = json!({"type": "io.segue.workingdirectory.Collect",
        "outputFiles": ["*.txt"], "cache": {"patterns": ["deps/**"]}});
    let files = outside.shared("collect", collect).await.outputs()["outputFiles"].clone();
    let names: Vec<&String> = files.as_object().unwrap().keys().collect();
    assert_eq!(names, ["both.txt", "from-container.txt", "in.txt", "late.txt"]);
    assert_eq!(outside.left().await, Vec::<String>::new());
    let again = json!({"type": "io.segue.workingdirectory.Setup", "cache": {"patterns": ["deps/**"]}});
    outside.shared("setup2", again).await.outputs();
    let cached = commands(&["cat deps/d"], json!({}));
    assert!(outside.shared("five", cached).await.log_text().contains("INFO d"));
}
