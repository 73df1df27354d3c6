//! Tests which files of other namespaces a flow of `company.team` may use.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use segue_embedded::{EmbeddedOptions, open_with};
use segue_model::execution::{Execution, ExecutionTrigger, ParentTaskRun};
use segue_model::id::ExecutionId;
use segue_model::state::{State, StateHistory};
use segue_model::{Json, Map};
use segue_ports::{ForeignFiles, Ports};
use segue_task::testing::{TestRun, message, run};
use serde_json::json;
use tempfile::TempDir;

struct Platform {
    ports: Ports,
    dir: TempDir,
}

impl Platform {
    fn new(foreign_files: ForeignFiles) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = EmbeddedOptions { foreign_files, ..EmbeddedOptions::default() };
        Self { ports: open_with(&dir.path().join("data"), options).unwrap().ports, dir }
    }

    /// Creates a file with the text `theirs`, and returns its URI.
    async fn file(&self, path: &str) -> String {
        self.ports.storage.put_text(path, "theirs").await.unwrap()
    }

    /// Runs a task in the execution `execution1` of the namespace `company.team`.
    async fn run(&self, task: &Json) -> TestRun {
        let mut properties = task.clone();
        let kind = properties.as_object_mut().unwrap().remove("type").unwrap();
        let mut message = message(kind.as_str().unwrap(), properties);
        message.dispatched_at = self.ports.clock.now();
        let work = self.dir.path().join("work");
        run(&segue_fn_storage::tasks(), self.ports.clone(), &work, message).await.unwrap()
    }

    /// Saves an execution. `started_by` is the trigger that names the execution that started it.
    async fn execution(&self, namespace: &str, id: &str, started_by: Option<ExecutionTrigger>) {
        let (id, now) = (ExecutionId::from(id), self.ports.clock.now());
        let execution = Execution {
            state: StateHistory::new(State::Running, now),
            trigger: started_by,
            ..Execution::created(id, namespace, "flow", 1, now)
        };
        assert!(self.ports.state.create_execution(&execution).await.unwrap());
    }
}

/// The trigger of an execution that a Subflow task of `parent` started.
fn subflow_of(parent: &str) -> Option<ExecutionTrigger> {
    Some(ExecutionTrigger {
        id: "call".to_owned(),
        type_name: "io.kestra.plugin.core.flow.Subflow".to_owned(),
        variables: Map::new(),
        slot: None,
        backfill: None,
        parent: Some(ParentTaskRun {
            execution_id: parent.into(),
            task_run_id: "call1".into(),
            iteration: None,
            depth: 1,
            wait: true,
            outputs: Map::new(),
        }),
    })
}

/// The trigger of an execution that a Flow trigger started at the end of `upstream`.
fn after(upstream: &str) -> Option<ExecutionTrigger> {
    let type_name = "io.kestra.plugin.core.trigger.Flow".to_owned();
    let variables = json!({"executionId": upstream}).as_object().cloned().unwrap();
    Some(ExecutionTrigger { type_name, variables, parent: None, ..subflow_of(upstream).unwrap() })
}

/// Tasks that use a file in different ways: read it, copy it, replace it, delete it, and read it in an expression.
fn ways(uri: &str) -> Vec<Json> {
    vec![
        json!({"type": "io.kestra.plugin.core.storage.Size", "uri": uri}),
        json!({"type": "io.kestra.plugin.core.storage.Concat", "files": [uri]}),
        json!({"type": "io.kestra.plugin.core.storage.Reverse", "from": uri}),
        json!({"type": "io.kestra.plugin.core.storage.Write", "content": format!("{{{{ read('{uri}') }}}}")}),
        json!({"type": "io.kestra.plugin.core.storage.Write", "content": format!("{{{{ fileSize('{uri}') }}}}")}),
        json!({"type": "io.kestra.plugin.core.namespace.UploadFiles", "namespace": "company.team",
            "filesMap": {"stolen": uri}}),
        json!({"type": "io.kestra.plugin.core.storage.Delete", "uri": uri}),
    ]
}

/// Runs all tasks of [`ways`] on a file. Returns the number of refused tasks, and whether the file exists afterwards.
async fn refused(platform: &Platform, path: &str) -> (usize, bool) {
    let uri = platform.file(path).await;
    let mut refused = 0;
    for task in ways(&uri) {
        let run = platform.run(&task).await;
        if run.result.state == State::Failed {
            let error = run.result.error.clone().unwrap();
            assert!(error.contains(&uri) && error.contains("SEGUE_FOREIGN_FILES=allow"), "{task}: {error}");
            refused += 1;
        }
    }
    (refused, platform.ports.storage.head(&uri).await.unwrap().is_some())
}

#[tokio::test]
async fn files_of_executions_are_for_namespaces_in_line() {
    let all = ways("").len();
    let table = [
        ("company/team/flow/executions/other/tasks/a/b/x.csv", 0),
        ("company/flow/executions/other/tasks/a/b/x.csv", 0),
        ("company/team/data/flow/executions/other/inputs/f/x.csv", 0),
        ("company/teams/flow/executions/other/tasks/a/b/x.csv", all),
        ("other/flow/executions/other/tasks/a/b/x.csv", all),
        ("other/flow/load/cache/cache.zip", all),
        ("other/_files/q.sql", 0),
    ];
    for (path, expect) in table {
        let platform = Platform::new(ForeignFiles::default());
        assert_eq!(refused(&platform, path).await, (expect, expect > 0), "{path}");
        let platform = Platform::new(ForeignFiles::Allow);
        assert_eq!(refused(&platform, path).await, (0, false), "{path}");
    }
}

#[tokio::test]
async fn namespace_files_can_be_refused_as_well() {
    let platform = Platform::new(ForeignFiles::Refuse);
    assert_eq!(refused(&platform, "other/_files/q.sql").await, (ways("").len(), true));
    assert_eq!(refused(&platform, "company/_files/q.sql").await, (0, false));
    platform.file("other/_files/q.sql").await;
    for kind in ["DownloadFiles", "DeleteFiles"] {
        let kind = format!("io.kestra.plugin.core.namespace.{kind}");
        let task = json!({"type": kind, "namespace": "other", "files": ["q.sql"]});
        let error = platform.run(&task).await.result.error.unwrap();
        assert!(error.contains("SEGUE_FOREIGN_FILES=allow"), "{error}");
    }
    let read =
        json!({"type": "io.kestra.plugin.core.storage.Write", "content": "{{ read('q.sql', 'other') }}"});
    assert_eq!(platform.run(&read).await.result.state, State::Failed);
    assert!(platform.ports.storage.head("kestra:///other/_files/q.sql").await.unwrap().is_some());
}

#[tokio::test]
async fn executions_that_started_each_other_share_their_files() {
    let platform = Platform::new(ForeignFiles::Refuse);
    platform.execution("root", "root1", None).await;
    platform.execution("middle", "middle1", subflow_of("root1")).await;
    platform.execution("company.team", "execution1", subflow_of("middle1")).await;
    platform.execution("child", "child1", subflow_of("execution1")).await;
    platform.execution("later", "later1", after("child1")).await;
    platform.execution("stranger", "stranger1", None).await;
    platform.execution("loop", "loop1", after("loop2")).await;
    platform.execution("loop", "loop2", after("loop1")).await;
    let all = ways("").len();
    let table = [
        ("root/flow/executions/root1/inputs/f/x", 0),
        ("middle/flow/executions/middle1/tasks/a/b/x", 0),
        ("child/flow/executions/child1/tasks/a/b/x", 0),
        ("later/flow/executions/later1/tasks/a/b/x", 0),
        ("stranger/flow/executions/stranger1/tasks/a/b/x", all),
        ("loop/flow/executions/loop1/tasks/a/b/x", all),
        ("nobody/flow/executions/gone1/tasks/a/b/x", all),
    ];
    for (path, expect) in table {
        assert_eq!(refused(&platform, path).await, (expect, expect > 0), "{path}");
    }
}

#[test]
fn the_setting_is_one_of_three() {
    let of = |text: &str| ForeignFiles::from_variables(|_| Some(text.to_owned()));
    assert_eq!(of("").unwrap(), ForeignFiles::Named);
    assert_eq!(of(" refuse ").unwrap(), ForeignFiles::Refuse);
    assert_eq!(of("allow").unwrap(), ForeignFiles::Allow);
    let error = of("yes").unwrap_err().to_string();
    assert!(error.contains("SEGUE_FOREIGN_FILES is 'yes'"), "{error}");
}
