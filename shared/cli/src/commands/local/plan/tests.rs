use super::*;
use segue_model::id::ExecutionId;
use std::collections::BTreeMap;
use std::fs;
use walkdir::WalkDir;

/// Every file of a folder with its content and the time of its last change.
fn state_of(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, Option<std::time::SystemTime>)> {
    WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let modified = entry.metadata().unwrap().modified().ok();
            let content =
                if entry.file_type().is_file() { fs::read(entry.path()).unwrap() } else { Vec::new() };
            (entry.into_path(), (content, modified))
        })
        .collect()
}

fn args(flow: PathBuf, inputs: &[&str]) -> Args {
    Args {
        flow,
        inputs: inputs.iter().map(|input| (*input).to_owned()).collect(),
        load: Vec::new(),
        date: None,
        trigger: None,
        full: false,
        format: Format { output: Output::Json },
    }
}

/// No server, and a data directory.
fn on(data_dir: &Path) -> Reach {
    Reach { connection: crate::client::Connection::default(), data_dir: Some(data_dir.to_owned()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_changes_nothing_and_names_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let flow = folder.path().join("f.yaml");
    fs::write(
        &flow,
        "id: f\nnamespace: n\ntasks:\n  - {id: set, type: io.kestra.plugin.core.kv.Set, key: B, value: '{{ kv(\"A\") }}'}\n  - {id: get, type: io.kestra.plugin.core.http.Request, uri: 'https://example.com/{{ read(\"a.txt\") }}'}\n",
    )
    .unwrap();
    {
        let options = segue_standalone::Options { data_dir: data_dir.clone(), ..Default::default() };
        let standalone = segue_standalone::Standalone::open(&options).unwrap();
        let ports = standalone.ports();
        ports.storage.put_text("n/_files/a.txt", "orders").await.unwrap();
        let _ = ExecutionId::from("x");
    }
    let before = state_of(&data_dir);
    assert!(before.len() > 3, "{:?}", before.keys());
    let code = run(args(flow.clone(), &[]), &on(&data_dir)).await.unwrap();
    assert_eq!(code, crate::FAILED, "the key A is missing");
    assert_eq!(state_of(&data_dir), before, "the data directory is the same");
    let nothing = folder.path().join("nothing");
    assert_eq!(run(args(flow, &[]), &on(&nothing)).await.unwrap(), crate::FAILED);
    assert!(!nothing.exists(), "no data directory is created");
    let broken = folder.path().join("broken.yaml");
    fs::write(&broken, "id: [").unwrap();
    assert_eq!(run(args(broken, &[]), &on(&data_dir)).await.unwrap(), crate::REFUSED);
}
