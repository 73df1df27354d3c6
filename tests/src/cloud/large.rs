//! Moves a file that is larger than the memory limit of a function.

use super::System;
use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

/// How much the memory of a function may grow, in KiB, whatever the size of the file. With the memory of an idle
/// release build, this is less than 100 MB.
const MOST: u64 = 64 * 1024;

/// Moves a file from the web to internal storage, then to a bucket and back. Only the first move passes through a
/// function.
const FLOW: &str = r#"
id: large
namespace: zoomcamp
inputs:
  - {id: url, type: STRING}
tasks:
  - id: fetch
    type: io.kestra.plugin.core.http.Download
    uri: "{{ inputs.url }}"
  - id: upload
    type: io.kestra.plugin.gcp.gcs.Upload
    from: "{{ outputs.fetch.uri }}"
    to: "gs://{{ kv('GCP_BUCKET_NAME') }}/large.bin"
  - id: download
    type: io.kestra.plugin.gcp.gcs.Download
    from: "gs://{{ kv('GCP_BUCKET_NAME') }}/large.bin"
  - id: size
    type: io.kestra.plugin.core.storage.Size
    uri: "{{ outputs.download.uri }}"
"#;

/// Moves the file at `url`, which has `bytes` bytes. Returns the rows of a Markdown table: the function, its memory
/// before, and its largest memory. Both in KiB.
///
/// # Errors
/// An error if the file cannot be moved, if its size changes, or if the memory of a function grew by more than the
/// limit.
pub async fn large_file(system: &System, url: &str, bytes: u64) -> anyhow::Result<Vec<(String, u64, u64)>> {
    system.api.import(FLOW.to_owned()).await?;
    let movers = ["http", "gcs", "storage"];
    let memory = || -> anyhow::Result<Vec<(u64, u64)>> {
        let functions = movers.iter().map(|name| system.functions.get(*name).context("it is no function"));
        functions.map(|function| function?.memory()).collect()
    };
    let before = memory()?;
    let ended = system.api.start(("zoomcamp", "large"), &[("url".to_owned(), url.to_owned())], true).await?;
    let after = memory()?;
    let runs = ended.get("taskRunList").and_then(Value::as_array).into_iter().flatten();
    let size = runs.filter_map(|run| run.pointer("/outputs/size")).next_back();
    ensure!(size == Some(&json!(bytes)), "{size:?} of {bytes} bytes arrived: {ended:#}");
    let rows = movers.iter().zip(before).zip(after).map(|((name, (rest, _)), (_, most))| {
        let more = most.saturating_sub(rest);
        ensure!(more < MOST, "the memory of {name} grew by {more} KiB for a file of {bytes} bytes");
        Ok(((*name).to_owned(), rest, most))
    });
    rows.collect()
}
