//! Whole runs: real processes, real files.

use crate::testing::{Platform, shell, with};
use segue_model::Json;
use segue_model::event::MetricKind;
use serde_json::json;
use std::time::{Duration, Instant};

fn python(script: &str, more: Json) -> Json {
    let task = json!({
        "type": "io.kestra.plugin.scripts.python.Script",
        "taskRunner": {"type": "io.kestra.plugin.core.runner.Process"},
        "script": script,
    });
    with(task, more)
}

#[tokio::test]
async fn output_lines_go_to_the_log_and_outputs_are_always_there() {
    let platform = Platform::new();
    let ended = platform.shell(&["echo hello {{ inputs.name }}", "echo oh >&2"], json!({})).await;
    let log = ended.log_text();
    assert!(log.contains("INFO hello Ada\n") && log.contains("ERROR oh\n"), "{log}");
    assert_eq!(Json::Object(ended.outputs()), json!({"vars": {}, "exitCode": 0, "outputFiles": {}}));
}

#[tokio::test]
async fn an_exit_code_fails_the_task_and_its_outputs_stay() {
    let platform = Platform::new();
    let commands = ["echo '::{\"outputs\":{\"a\":1}}::'", "printf x > out.txt", "exit 3"];
    let (error, outputs) = platform.shell(&commands, json!({"outputFiles": ["out.txt"]})).await.failed();
    assert_eq!(error, "Command failed with exit code 3");
    assert_eq!((&outputs["exitCode"], &outputs["vars"]), (&json!(3), &json!({"a": 1})));
    assert_eq!(platform.stored(&outputs["outputFiles"]["out.txt"]).await, b"x");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_a_sentence_that_says_what_to_do() {
    let ended = Platform::new().shell(&["no-such-program --version"], json!({})).await;
    assert!(ended.log_text().contains("no-such-program"), "{}", ended.log_text());
    let error = ended.error();
    assert!(
        error.starts_with("Command failed with exit code 127: a program of the commands is not on"),
        "{error}"
    );
    assert!(error.contains("install the program"), "{error}");
}

#[tokio::test]
async fn commands_share_a_shell_that_stops_at_the_first_failure() {
    let platform = Platform::new();
    let ended =
        platform.shell(&["X=1", "cd /", "echo $X $PWD"], json!({"beforeCommands": ["echo first"]})).await;
    let log = ended.log_text();
    assert!(log.find("first").unwrap() < log.find("1 /").unwrap(), "{log}");
    let ended = platform.shell(&["false", "echo after"], json!({})).await;
    assert!(!ended.log_text().contains("after"));
    assert_eq!(ended.error(), "Command failed with exit code 1");
    let ended = platform.shell(&["false", "echo after"], json!({"failFast": false})).await;
    assert!(ended.log_text().contains("after"));
    ended.outputs();
    let ended = platform.shell(&["echo", "a  b; $X"], json!({"interpreter": []})).await;
    assert!(ended.log_text().contains("a  b; $X"), "{}", ended.log_text());
    let one = json!({"type": "io.kestra.plugin.scripts.shell.Commands", "runner": "PROCESS", "commands": "echo {{ 1 + 1 }}"});
    assert!(platform.run(one).await.log_text().contains("INFO 2"));
}

#[tokio::test]
async fn the_protocol_gives_outputs_metrics_and_log_lines() {
    let platform = Platform::new();
    let commands = [
        "echo '::{\"outputs\":{\"a\":1,\"b\":{\"c\":[true]}}}::'",
        "echo '  ::{\"outputs\":{\"a\":2}}::  ' >&2",
        "echo '::{\"metrics\":[{\"name\":\"rows\",\"type\":\"counter\",\"value\":7}]}::'",
        "echo '::{\"logs\":[{\"level\":\"WARN\",\"message\":\"mind\"}]}::'",
        "echo '::{broken}::'",
    ];
    let ended = platform.shell(&commands, json!({})).await;
    let log = ended.log_text();
    assert!(log.contains("WARN mind") && log.contains("WARN Invalid outputs"), "{log}");
    assert!(!log.contains("\"outputs\""), "{log}");
    assert_eq!((ended.result.metrics[0].name.as_str(), ended.result.metrics[0].value), ("rows", 7.0));
    assert_eq!(ended.outputs()["vars"], json!({"a": 2, "b": {"c": [true]}}));
}

#[tokio::test]
async fn output_files_have_exact_bytes_and_any_name() {
    let platform = Platform::new();
    let commands = [
        "printf 'a,b\\r\\nno newline' > rows.csv",
        "head -c 300000 /dev/urandom > random.bin && cp random.bin {{ outputDir }}/copy.bin",
        ": > empty.csv",
        "mkdir -p 'sub dir' && printf ü > 'sub dir/日本 (1).csv'",
        "printf '%s' \"$OUTPUT_DIR\" > dir.txt && test \"$WORKING_DIR\" = \"$PWD\" && test '{{ workingDir }}' = \"$PWD\"",
        "printf hidden > .hidden.csv; ln -s /etc/passwd passwd.csv",
    ];
    let ended = platform.shell(&commands, json!({"outputFiles": ["**.csv", "*.bin"]})).await;
    assert!(ended.log_text().contains("'passwd.csv' is not stored"), "{}", ended.log_text());
    let files = ended.outputs()["outputFiles"].clone();
    let names: Vec<&String> = files.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [".hidden.csv", "empty.csv", "random.bin", "rows.csv", "sub dir/日本 (1).csv", "copy.bin"]
    );
    assert_eq!(platform.stored(&files["rows.csv"]).await, b"a,b\r\nno newline");
    assert_eq!(platform.stored(&files["empty.csv"]).await, b"");
    assert_eq!(platform.stored(&files["sub dir/日本 (1).csv"]).await, "ü".as_bytes());
    let random = platform.stored(&files["random.bin"]).await;
    assert_eq!(random.len(), 300_000);
    assert!(random == platform.stored(&files["copy.bin"]).await);
}

#[tokio::test]
async fn stored_files_can_be_named_in_commands() {
    let platform = Platform::new();
    let uri = platform.store("company/team/x/my-data.csv", b"1\n2\n").await;
    let commands = [format!("wc -l < {uri}"), format!("cat '{uri}'; basename {uri}")];
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    let log = platform.shell(&commands, json!({})).await.log_text();
    assert!(log.contains("INFO 2\n") && log.contains("INFO my-data.csv"), "{log}");
    let error = platform.shell(&["cat kestra:///no/thing.csv"], json!({})).await.error();
    assert!(error.contains("no/thing.csv"), "{error}");
}

#[tokio::test]
async fn input_and_namespace_files_are_there() {
    let platform = Platform::new();
    let uri = platform.store("e/data.bin", b"\x00\x01").await;
    platform.store("company/team/_files/scripts/lib.sh", b"echo from the namespace").await;
    platform.store("company/team/_files/a.txt", b"namespace").await;
    let more = json!({
        "inputFiles": {"a.txt": "input {{ inputs.name }}", "d/data.bin": uri},
        "namespaceFiles": {"enabled": true, "exclude": ["*.md"]},
        "outputFiles": ["d/*"],
    });
    let ended = platform.shell(&["sh scripts/lib.sh", "cat a.txt"], more).await;
    let log = ended.log_text();
    assert!(log.contains("from the namespace") && log.contains("INFO input Ada"), "{log}");
    assert_eq!(platform.stored(&ended.outputs()["outputFiles"]["d/data.bin"]).await, b"\x00\x01");
    let error = platform.shell(&["true"], json!({"inputFiles": {"../x": "1"}})).await.error();
    assert!(error.contains("'../x' is refused"), "{error}");
    let as_text = json!({"inputFiles": "{\"b.txt\": \"text\"}"});
    assert!(platform.shell(&["cat b.txt"], as_text).await.log_text().contains("INFO text"));
}

#[tokio::test]
async fn variables_are_rendered_and_checked() {
    let platform = Platform::new();
    let env = json!({"env": {"NAME": "{{ inputs.name }}", "N": 7, "ON": true, "GONE": null, "OUT": "{{ outputDir }}"}});
    let log = platform.shell(&["echo $NAME-$N-$ON-${GONE:-none}; test -d $OUT"], env).await.log_text();
    assert!(log.contains("Ada-7-true-none"), "{log}");
    let error = platform.shell(&["true"], json!({"env": {"A=B": "1"}})).await.error();
    assert!(error.contains("A=B"), "{error}");
    let whole = json!({"env": "{{ {'A': 'x y'} | toJson }}"});
    assert!(platform.shell(&["echo \"$A\""], whole).await.log_text().contains("INFO x y"));
}

#[tokio::test]
async fn without_docker_processes_run_with_one_clear_note() {
    let platform = Platform::new();
    if crate::docker::available(None).await.is_ok() {
        return;
    }
    let task = json!({"type": "io.kestra.plugin.scripts.shell.Commands", "commands": ["echo ran"],
        "containerImage": "alpine", "taskRunner": {"type": "io.kestra.plugin.scripts.runner.docker.Docker",
        "pullPolicy": "IF_NOT_PRESENT", "networkMode": "none"}});
    let log = platform.run(task).await.log_text();
    assert!(log.contains("INFO ran"), "{log}");
    assert_eq!(log.matches("Docker is not available").count(), 1, "{log}");
    assert!(log.contains("WARN Docker") && log.contains("'alpine'"), "{log}");
    let unsaid = json!({"type": "io.kestra.plugin.scripts.shell.Script", "script": "echo ran"});
    assert!(platform.run(unsaid).await.log_text().contains("INFO Docker is not available"));
    let container = json!({"type": "io.kestra.plugin.docker.Run", "containerImage": "alpine", "commands": ["echo", "a  $b"]});
    let ended = platform.run(container).await;
    assert!(ended.log_text().contains("WARN Docker is not available"), "{}", ended.log_text());
    assert!(ended.log_text().contains("INFO a  $b"), "no shell is in between: {}", ended.log_text());
    let entered = json!({"type": "io.kestra.plugin.docker.cli.Run", "containerImage": "alpine",
        "entryPoint": ["/bin/sh", "-c"], "commands": ["echo $((1 + 1))"]});
    assert!(platform.run(entered).await.log_text().contains("INFO 2"));
    let silent = json!({"type": "io.kestra.plugin.docker.cli.Run", "containerImage": "alpine"});
    assert!(platform.run(silent).await.error().contains("there are no commands"));
}

#[tokio::test]
async fn python_reports_by_its_helper() {
    let platform = Platform::new();
    let script = "import kestra, os, sys\nfrom kestra import Kestra\nKestra.outputs({'a': [1, 'ü'], 'cwd': os.getcwd()})\n\
                  Kestra.counter('rows', 3, {'t': 'x'})\nKestra.timer('load', lambda: None)\nKestra.timer('t', 1.5)\n\
                  Kestra.gauge('free', 7, {'disk': 1})\n\
                  Kestra.logger().warning('mind')\nimport own\nprint(own.VALUE, '{{ inputs.name }}')\n\
                  open('out.txt', 'w').write('x')";
    let more = json!({"inputFiles": {"own.py": "VALUE = 'from the directory'"}, "outputFiles": ["**"]});
    let ended = platform.run(python(script, more)).await;
    let log = ended.log_text();
    assert!(log.contains("from the directory Ada") && log.contains("WARN mind"), "{log}");
    let names: Vec<&str> = ended.result.metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(names, ["rows", "load", "t", "free"]);
    let metrics = &ended.result.metrics;
    assert_eq!((&metrics[0].tags, &metrics[3].tags), (&json!({"t": "x"}), &json!({"disk": "1"})));
    assert_eq!((metrics[1].kind, metrics[3].kind), (MetricKind::Timer, MetricKind::Gauge));
    let outputs = ended.outputs();
    assert_eq!(outputs["vars"]["a"], json!([1, "ü"]));
    let files = outputs["outputFiles"].as_object().unwrap();
    assert!(
        files.contains_key("out.txt") && !files.keys().any(|name| name.starts_with("script-")),
        "{files:?}"
    );
}

#[tokio::test]
async fn an_installed_package_wins_over_the_helper_of_its_name() {
    let platform = Platform::new();
    // The package is found where installed packages are: behind the script's own directory.
    let more = json!({"inputFiles": {"site/kestra.py": "class Kestra: pass\nclass Flow: pass\n"},
        "env": {"PYTHONPATH": "site"}});
    let script =
        "from kestra import Flow\nimport kestra\nprint('mine', hasattr(kestra.Kestra, 'outputs'), true)";
    let ended = platform.run(python(script, more)).await;
    assert!(ended.log_text().contains("INFO mine False True"), "{}", ended.log_text());
}

#[tokio::test]
async fn python_fails_as_python_fails() {
    let platform = Platform::new();
    let ended = platform.run(python("print('so far')\nraise ValueError('no')", json!({}))).await;
    let log = ended.log_text();
    assert!(log.contains("INFO so far") && log.contains("ERROR ValueError: no"), "{log}");
    assert_eq!(ended.error(), "Command failed with exit code 1");
    let commands = json!({"type": "io.kestra.plugin.scripts.python.Commands", "runner": "PROCESS",
        "inputFiles": {"main.py": "import sys; print(sys.argv[1])"}, "commands": ["python main.py '{{ inputs.name }}'"]});
    assert!(platform.run(commands).await.log_text().contains("INFO Ada"));
    let option = platform.run(python("", json!({"dependencies": ["--index-url=http://x"]}))).await.error();
    assert!(option.contains("is an option"), "{option}");
}

#[tokio::test]
async fn node_reports_by_its_helper() {
    let platform = Platform::new();
    if std::process::Command::new("node").arg("--version").output().is_err() {
        return;
    }
    let script = "const Kestra = require('@kestra-io/libs');\nKestra.outputs({ a: 1 });\nKestra.counter('n', 2);\n\
                  Kestra.timer('t', done => done());\nconsole.log('hello');";
    let task = json!({"type": "io.kestra.plugin.scripts.node.Script", "runner": "PROCESS", "script": script});
    let ended = platform.run(task).await;
    assert!(ended.log_text().contains("INFO hello"), "{}", ended.log_text());
    assert_eq!(ended.result.metrics.len(), 2);
    assert_eq!(ended.outputs()["vars"], json!({"a": 1}));
}

#[tokio::test]
async fn a_missing_language_is_named() {
    let platform = Platform::new();
    let task = json!({"type": "io.kestra.plugin.scripts.julia.Script", "runner": "PROCESS", "script": "1"});
    if std::process::Command::new("julia").arg("--version").output().is_err() {
        let ended = platform.run(task).await;
        assert!(ended.log_text().contains("julia"), "{}", ended.log_text());
        let error = ended.error();
        assert!(error.starts_with("Command failed with exit code 127: "), "{error}");
    }
    let odd = json!({"interpreter": ["/no/such/shell", "-c"]});
    let error = platform.shell(&["true"], odd).await.error();
    assert!(error.contains("/no/such/shell") && error.contains("installed"), "{error}");
}

#[tokio::test]
async fn a_timeout_ends_the_tree() {
    let platform = Platform::new();
    let started = Instant::now();
    let marker = format!("{}.4711", 300 + std::process::id() % 1000);
    let command = format!("sh -c 'sleep {marker} & sleep {marker}' & wait");
    let ended = platform.run(shell(&[&command], json!({"timeout": "PT0.5S"}))).await;
    assert!(started.elapsed() < Duration::from_secs(15));
    assert!(ended.error().contains("Timeout"));
    let is_there = || {
        let found = std::fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
            std::fs::read(entry.path().join("cmdline")).is_ok_and(|line| {
                let line = String::from_utf8_lossy(&line).into_owned();
                line.starts_with("sleep") && line.contains(&marker)
            })
        });
        found.count() > 0
    };
    for _ in 0..100 {
        if !is_there() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("processes outlived their task");
}

#[tokio::test]
async fn siblings_keep_their_files_and_no_scratch_is_left() {
    let platform = Platform::new();
    let first = shell(&["printf 1 > a.csv", "echo {{ outputDir }}"], json!({"outputFiles": ["*.csv"]}));
    let files = platform.run_in(first, Some("shared")).await.outputs()["outputFiles"].clone();
    assert_eq!(platform.stored(&files["a.csv"]).await, b"1");
    let second = shell(&["cat a.csv && echo && ls -A && printf 2 >> a.csv"], json!({}));
    let ended = platform.run_in(second, Some("shared")).await;
    assert_eq!(ended.log_text(), "INFO 1\nINFO a.csv\n", "the runner's own folder is not among the files");
    assert_eq!(platform.stored(&files["a.csv"]).await, b"1", "what is kept does not change");
    platform.shell(&["printf x > y"], json!({})).await.outputs();
    let left: Vec<_> = std::fs::read_dir(platform.work_root())
        .unwrap()
        .flatten()
        .flat_map(|entry| std::fs::read_dir(entry.path()).unwrap().flatten())
        .collect();
    assert_eq!(left.len(), 1, "only the shared directory is left: {left:?}");
    let inside: Vec<_> =
        std::fs::read_dir(left[0].path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(inside, ["a.csv"]);
}

#[tokio::test]
async fn a_huge_line_and_odd_bytes_do_no_harm() {
    let platform = Platform::new();
    let ended = platform
        .shell(&["head -c 3000000 /dev/zero | tr '\\0' x; echo", "printf '\\377\\n'", "echo last"], json!({}))
        .await;
    let log = ended.log_text();
    assert!(log.contains("more bytes)") && log.contains("\u{fffd}") && log.contains("INFO last"));
    assert!(log.len() < 200_000, "{}", log.len());
}

#[tokio::test]
async fn a_script_longer_than_an_argument_runs() {
    let platform = Platform::new();
    let script = format!("X='{}'\nprintf %s \"$X\" | wc -c", "x".repeat(400_000));
    let task =
        json!({"type": "io.kestra.plugin.scripts.shell.Script", "runner": "PROCESS", "script": script});
    assert!(platform.run(task).await.log_text().contains("INFO 400000"));
}

#[tokio::test]
async fn json_in_a_python_script_is_python() {
    let platform = Platform::new();
    let ended = platform.run(python("print([true, false, null])", json!({}))).await;
    assert!(ended.log_text().contains("INFO [True, False, None]"), "{}", ended.log_text());
    let future = "from __future__ import annotations\nprint('first line')";
    assert!(platform.run(python(future, json!({}))).await.log_text().contains("INFO first line"));
    let file = json!({"type": "io.kestra.plugin.scripts.python.Commands", "runner": "PROCESS",
        "inputFiles": {"main.py": "print(true)"}, "commands": ["python main.py"]});
    platform.run(file).await.error();
}

#[tokio::test]
async fn what_is_printed_comes_before_what_goes_wrong() {
    let ended = Platform::new().shell(&["echo first", "echo then >&2"], json!({})).await;
    assert_eq!(ended.log_text(), "INFO first\nERROR then\n");
}

#[tokio::test]
async fn a_protocol_line_that_is_too_long_fails_the_task() {
    let platform = Platform::new();
    let print = |bytes: usize| {
        format!(
            "printf '::{{\"outputs\":{{\"a\":\"'; head -c {bytes} /dev/zero | tr '\\0' x; echo '\"}}}}::'"
        )
    };
    let short = print(1_000_000);
    let ended = platform.shell(&["echo '::{\"outputs\":{\"b\":1}}::'", &print(17_000_000)], json!({})).await;
    assert!(ended.log_text().len() < 200_000);
    let (error, outputs) = ended.failed();
    assert!(error.contains("17000024 bytes") && error.contains("16 MiB"), "{error}");
    assert_eq!(outputs["vars"], json!({"b": 1}));
    let ended = platform.shell(&[&short], json!({})).await;
    assert_eq!(ended.outputs()["vars"]["a"].as_str().unwrap().len(), 1_000_000);
    let error = platform.shell(&[&print(17_000_000), "exit 3"], json!({})).await.error();
    assert_eq!(error, "Command failed with exit code 3");
}

#[tokio::test]
async fn no_list_of_processes_shows_the_commands() {
    let platform = Platform::new();
    let commands = ["PASSWORD=hunter2", "tr '\\0' ' ' < /proc/$$/cmdline", "echo; echo $0 $#"];
    for more in [json!({}), json!({"interpreter": ["/bin/bash", "-ec"]})] {
        let log = platform.shell(&commands, more.clone()).await.log_text();
        assert!(log.contains("commands.sh") && !log.contains("hunter2"), "{log}");
        let shell = if more == json!({}) { "/bin/sh" } else { "/bin/bash" };
        assert!(log.contains(&format!("INFO {shell} 0\n")), "{log}");
    }
    let python = json!({"interpreter": ["python3", "-c"]});
    let commands =
        ["import sys", "password = 'hunter2'", "print(sys.argv, open('/proc/self/cmdline').read())"];
    let log = platform.shell(&commands, python).await.log_text();
    assert!(log.contains("INFO ['-c'] ") && !log.contains("hunter2"), "{log}");
    let perl = platform.shell(&["print 'ran'"], json!({"interpreter": ["perl", "-e"]})).await.log_text();
    assert!(
        perl.contains("WARN the commands are an argument of 'perl -e'") && perl.contains("INFO ran"),
        "{perl}"
    );
}

#[tokio::test]
async fn the_commands_end_as_those_of_an_argument_do() {
    let platform = Platform::new();
    for (command, code) in
        [("if", 2), ("exit 7", 7), ("nope-not-there", 127), ("kill -9 $$", 137), ("false", 1)]
    {
        let error = platform.shell(&[command, "echo after"], json!({})).await.error();
        let (said, _) = error.split_once(": ").unwrap_or((&error, ""));
        assert_eq!(said, format!("Command failed with exit code {code}"), "{command}");
    }
    let error = platform.shell(&["true\0"], json!({})).await.error();
    assert!(error.contains("NUL"), "{error}");
}

#[tokio::test]
async fn a_script_reads_the_context_of_its_execution() {
    let platform = Platform::new();
    let script = "import os\nos.chdir('/')\n\
        from kestra import context\n\
        print(context.inputs.name, context['flow'].id, len(context.inputs), dict(context.inputs))\n\
        try:\n    context.inputs.nme\nexcept AttributeError as error:\n    print(error)\n";
    let ended =
        platform.run(python(script, json!({"executionContext": true, "outputFiles": ["*", "**"]}))).await;
    let log = ended.log_text();
    assert!(log.contains("INFO Ada flow 1 {'name': 'Ada'}\n"), "{log}");
    assert!(log.contains("INFO the context has no 'nme'; it has name\n"), "{log}");
    assert_eq!(ended.outputs()["outputFiles"], json!({}), "the file is never stored");
    let without = platform.run(python("import kestra\nprint('here')\nkestra.context", json!({}))).await;
    let log = without.log_text();
    assert!(log.contains("INFO here\n") && log.contains("add 'executionContext: true'"), "{log}");
    without.error();
}

#[tokio::test]
async fn other_languages_read_the_context_as_a_file_that_nobody_else_reads() {
    let platform = Platform::new();
    let read =
        ["cat .kestra-execution-context.json", "echo; stat -c %a .kestra*; cp .kestra* copy", "exit 3"];
    let wanted = json!({"executionContext": "{{ inputs.name == 'Ada' }}"});
    let ended = platform.run_in(shell(&read, wanted.clone()), Some("shared")).await;
    let log = ended.log_text();
    assert!(log.contains(r#""inputs":{"name":"Ada"}"#) && log.contains("INFO 600\n"), "{log}");
    assert!(!log.contains("envs") && !log.contains("workingDir"), "{log}");
    ended.error();
    let next = shell(&["ls -A", "echo ${KESTRA_EXECUTION_CONTEXT_FILE:-unset}"], json!({}));
    assert_eq!(platform.run_in(next, Some("shared")).await.log_text(), "INFO copy\nINFO unset\n");
    // A crash leaves the file. No pattern matches it, and the next run writes it again.
    let dir = shell(&["echo old > .kestra-execution-context.json"], json!({"outputFiles": ["**"]}));
    let files = platform.run_in(dir, Some("shared")).await.outputs()["outputFiles"].clone();
    assert_eq!(files.as_object().unwrap().keys().collect::<Vec<_>>(), ["copy"]);
    let again = platform.run_in(shell(&["cat .kestra-*"], wanted), Some("shared")).await.log_text();
    assert!(again.contains("Ada") && !again.contains("old"), "{again}");
}
