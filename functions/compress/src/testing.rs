//! Tests of all task types, on a platform in a temporary directory.

use segue_model::Json;
use segue_model::state::State;
use segue_task::testing::{Platform, TestRun};
use serde_json::json;
use std::io::Write as _;
use std::path::Path;

fn platform() -> Platform {
    Platform::new(crate::tasks(), |folder: &Path| segue_embedded::connect(folder).unwrap())
}

async fn run(platform: &Platform, name: &str, properties: Json) -> TestRun {
    let mut task = json!({"type": format!("io.kestra.plugin.compress.{name}")});
    task.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
    platform.run(task).await
}

async fn uri(platform: &Platform, name: &str, properties: Json) -> String {
    let run = run(platform, name, properties).await;
    assert_eq!(run.result.state, State::Success, "{}", run.log_text());
    run.result.outputs["uri"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_archive_of_each_kind_comes_back() {
    let platform = platform();
    let (a, b) = (platform.store("e/a", b"one").await, platform.store("e/b", b"").await);
    let from = json!({"a.csv": a, "deep/b.csv": b});
    for (algorithm, compression, ending) in [
        ("ZIP", None, ".zip"),
        ("JAR", None, ".jar"),
        ("TAR", None, ".tar"),
        ("TAR", Some("GZIP"), ".tar.gz"),
        ("TAR", Some("BZIP2"), ".tar.bz2"),
        ("TAR", Some("XZ"), ".tar.xz"),
        ("TAR", Some("ZSTD"), ".tar.zst"),
    ] {
        let how = json!({"algorithm": algorithm, "compression": compression, "from": from});
        let archive = uri(&platform, "ArchiveCompress", how.clone()).await;
        assert!(archive.ends_with(ending), "{archive}");
        let first = platform.stored(&archive).await;
        let again = uri(&platform, "ArchiveCompress", how).await;
        assert_eq!(platform.stored(&again).await, first, "{algorithm} is not the same each time");
        let how = json!({"algorithm": algorithm, "compression": compression, "from": archive});
        let run = run(&platform, "ArchiveDecompress", how).await;
        let files = run.result.outputs["files"].as_object().unwrap().clone();
        assert_eq!(files.keys().collect::<Vec<_>>(), ["a.csv", "deep/b.csv"], "{}", run.log_text());
        assert_eq!(platform.stored(files["a.csv"].as_str().unwrap()).await, b"one");
        assert_eq!(platform.stored(files["deep/b.csv"].as_str().unwrap()).await, b"");
    }
}

#[tokio::test]
async fn a_file_comes_back() {
    let platform = platform();
    let text = "trip,fare\n1,2\n".repeat(1_000);
    let from = platform.store("e/trips.csv", text.as_bytes()).await;
    for compression in ["GZIP", "BZIP2", "DEFLATE", "LZ4FRAME", "SNAPPYFRAME", "SNAPPY", "XZ", "ZSTD"] {
        let small = uri(&platform, "FileCompress", json!({"from": from, "compression": compression})).await;
        assert!(platform.stored(&small).await.len() < text.len() / 2);
        let back = uri(&platform, "FileDecompress", json!({"from": small, "compression": compression})).await;
        assert_eq!(platform.stored(&back).await, text.as_bytes(), "{compression}");
    }
}

/// A TAR archive with one entry that has any name.
fn tar_with(name: &str, kind: tar::EntryType) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(if kind.is_file() { 1 } else { 0 });
    header.set_mode(0o644);
    if !kind.is_file() {
        header.set_link_name("/etc/passwd").unwrap();
    }
    header.set_cksum();
    let mut archive = tar::Builder::new(Vec::new());
    archive.append(&header, if kind.is_file() { b"x".as_slice() } else { b"" }).unwrap();
    archive.into_inner().unwrap()
}

async fn error(platform: &Platform, name: &str, properties: Json) -> String {
    run(platform, name, properties).await.result.error.unwrap()
}

#[tokio::test]
async fn names_that_lead_out_are_refused_and_links_are_left_out() {
    let platform = platform();
    for name in ["../out.txt", "/etc/out.txt", "a/../../out.txt"] {
        let from = platform.store("e/evil.tar", &tar_with(name, tar::EntryType::Regular)).await;
        let error = error(&platform, "ArchiveDecompress", json!({"from": from, "algorithm": "TAR"})).await;
        assert!(error.contains("out.txt"), "{error}");
    }
    let from = platform.store("e/link.tar", &tar_with("link", tar::EntryType::Symlink)).await;
    let run = run(&platform, "ArchiveDecompress", json!({"from": from, "algorithm": "TAR"})).await;
    assert_eq!(run.result.outputs["files"], json!({}), "{}", run.log_text());
}

#[tokio::test]
async fn two_files_with_one_name_are_refused() {
    let both = {
        let mut archive = tar::Builder::new(Vec::new());
        for _ in 0..2 {
            let mut header = tar::Header::new_gnu();
            header.set_size(1);
            archive.append_data(&mut header, "same.txt", b"x".as_slice()).unwrap();
        }
        archive.into_inner().unwrap()
    };
    let platform = platform();
    let from = platform.store("e/two.tar", &both).await;
    let error = error(&platform, "ArchiveDecompress", json!({"from": from, "algorithm": "TAR"})).await;
    assert!(error.contains("two files with the name 'same.txt'"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_done_is_a_sentence() {
    let platform = platform();
    let mut gzip = flate2_of(b"a,b\n");
    gzip.truncate(gzip.len() / 2);
    let cut = platform.store("e/cut.gz", &gzip).await;
    let found = error(&platform, "FileDecompress", json!({"from": cut, "compression": "GZIP"})).await;
    assert!(
        found.contains("cannot be decompressed") && found.contains("whether the file is complete"),
        "{found}"
    );
    let found = error(&platform, "ArchiveDecompress", json!({"from": cut, "algorithm": "ZIP"})).await;
    assert!(found.contains("cannot be unpacked"), "{found}");
    let twice = json!({"from": {"a": cut}, "algorithm": "ZIP", "compression": "GZIP"});
    assert!(error(&platform, "ArchiveCompress", twice).await.contains("leave compression out"));
    let empty = json!({"from": {}, "algorithm": "ZIP"});
    assert!(error(&platform, "ArchiveCompress", empty).await.contains("name at least one file"));
    let other = json!({"from": cut, "compression": "ARJ"});
    assert!(error(&platform, "FileDecompress", other).await.contains("ARJ"));
    let missing = json!({"from": "kestra:///no/thing", "compression": "GZIP"});
    assert!(error(&platform, "FileDecompress", missing).await.contains("kestra:///no/thing"));
}

fn flate2_of(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
