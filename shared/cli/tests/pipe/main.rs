//! The command line behind a pipe that its reader closes: `segue … | head -1`.

use std::process::{Command, Output, Stdio};

/// Runs `segue` with a standard output that nobody reads.
fn unread(arguments: &[&str]) -> std::io::Result<Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_segue"));
    let mut child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    drop(child.stdout.take());
    child.wait_with_output()
}

#[test]
fn a_verb_that_only_prints_ends_quietly() {
    for arguments in [
        &["completion", "bash"][..],
        &["query", "SELECT * FROM UNNEST(GENERATE_ARRAY(1, 20000)) AS x"],
        &["expr", "{{ 1 + 1 }}"],
    ] {
        let ended = unread(arguments).unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success() && said.is_empty(), "{arguments:?}: {} {said}", ended.status);
    }
}

#[test]
fn a_run_goes_on_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let done = folder.path().join("done");
    let flow = folder.path().join("flow.yaml");
    let source = format!(
        "id: f\nnamespace: a\ntasks:\n\
         \x20 - {{id: first, type: io.kestra.plugin.core.debug.Return, format: x}}\n\
         \x20 - id: second\n    type: io.kestra.plugin.scripts.shell.Commands\n\
         \x20   taskRunner: {{type: io.kestra.plugin.core.runner.Process}}\n\
         \x20   commands: ['touch {}']\n",
        done.display()
    );
    std::fs::write(&flow, source).unwrap();
    let ended = unread(&["run", flow.to_str().unwrap()]).unwrap();
    assert!(ended.status.success(), "{} {}", ended.status, String::from_utf8_lossy(&ended.stderr));
    assert!(done.exists(), "the second task has not run");
}
