//! `segue flow import` and `segue flow validate`: send flow files to a server, to save or to check them.

use super::{deploy, diff};
use crate::client::{Reply, Session};
use crate::flow_files;
use crate::report::Output;
use anyhow::Context as _;
use reqwest::multipart::{Form, Part};
use segue_model::Json;
use std::path::{Path, PathBuf};

/// The sources.
#[derive(Debug, clap::Args)]
pub(crate) struct Files {
    /// Flow files and folders of flow files. Several flows in one file are separated by `---`.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// The sources, and what happens with them.
#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    #[command(flatten)]
    files: Files,
    /// Shows what would change. Saves nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(session: &Session, args: &Import) -> anyhow::Result<Reply> {
    match args.dry_run {
        true => diff::dry_run(session, &args.files.paths).await,
        false => import(session, &args.files).await,
    }
}

async fn import(session: &Session, args: &Files) -> anyhow::Result<Reply> {
    let mut reply = Reply::new(Json::Null, "");
    let mut saved = Vec::new();
    for file in flow_files::named(&args.paths)? {
        if file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip")) {
            import_zip(session, &file, &mut reply).await?;
            continue;
        }
        let source = read(&file)?;
        let deployed = deploy::deploy(&session.client, &file, &source).await?;
        for remark in &deployed.remarks {
            eprintln!("{remark}");
        }
        match deployed.saved {
            None => {
                eprintln!("{}: refused, and none of its flows was saved", file.display());
                reply.code = crate::REFUSED;
            }
            Some(flows) if flows.is_empty() => {
                reply.text.push_str(&format!("{}: the file has no flows\n", file.display()));
            }
            Some(flows) => {
                for flow in flows {
                    reply.text.push_str(&format!("{}: {flow}\n", file.display()));
                }
            }
        }
        saved.extend(deployed.json);
    }
    reply.json = Json::Array(saved);
    Ok(reply)
}

/// Sends a zip file as a whole. The server answers with the entries that it refused.
async fn import_zip(session: &Session, file: &Path, reply: &mut Reply) -> anyhow::Result<()> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let name =
        file.file_name().map_or_else(|| "flows.zip".into(), |name| name.to_string_lossy().into_owned());
    let form = Form::new().part("fileUpload", Part::bytes(bytes).file_name(name));
    let answer = session.client.post(&["flows", "import"]).form(form).read::<Vec<String>>().await?;
    let refused = answer.value;
    for entry in &refused {
        eprintln!("{}: refused: {entry}", file.display());
    }
    if refused.is_empty() {
        reply.text.push_str(&format!("{}: imported\n", file.display()));
    } else {
        reply.code = crate::REFUSED;
    }
    Ok(())
}

pub(super) async fn validate(session: &Session, args: &Files) -> anyhow::Result<Reply> {
    let mut reply = Reply::new(Json::Null, "");
    let mut all = Vec::new();
    for file in flow_files::named(&args.paths)? {
        let source = read(&file)?;
        let verdict = deploy::validate(&session.client, &file, &source).await?;
        if session.output == Output::Text {
            for remark in verdict.remarks.iter().chain(&verdict.notes) {
                eprintln!("{remark}");
            }
        }
        if verdict.is_refused {
            reply.code = crate::REFUSED;
        } else {
            reply.text.push_str(&format!("{}: {} flow(s), valid\n", file.display(), verdict.json.len()));
        }
        all.extend(verdict.json);
    }
    reply.json = Json::Array(all);
    Ok(reply)
}

fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::stub::{Stub, json as ok};
    use serde_json::json;

    #[tokio::test]
    async fn a_refused_file_leaves_the_others_saved_and_shows_in_the_exit_code() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.yml"), "id: bad").unwrap();
        std::fs::write(folder.path().join("b.yml"), "id: good").unwrap();
        let stub = Stub::new([
            ok(json!([{"index": 0, "constraints": "no namespace"}])),
            ok(json!([])),
            ok(json!([{"id": "good", "namespace": "n", "revision": 1}])),
        ])
        .await;
        let args = Files { paths: vec![folder.path().to_owned()] };
        let reply = import(&stub.session, &args).await.unwrap();
        assert_eq!(reply.code, crate::REFUSED);
        assert!(reply.text.ends_with("b.yml: created n.good revision 1\n"), "{}", reply.text);
        assert_eq!(reply.json, json!([{"id": "good", "namespace": "n", "revision": 1}]));
    }

    #[tokio::test]
    async fn a_zip_goes_to_the_server_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("all.zip");
        std::fs::write(&file, "PK-bytes").unwrap();
        let stub = Stub::new([ok(json!([])), ok(json!(["bad.yml"]))]).await;
        let args = Files { paths: vec![file] };
        assert_eq!(import(&stub.session, &args).await.unwrap().code, crate::OK);
        let asked = stub.asked();
        assert_eq!(asked[0].what, "POST /flows/import");
        assert!(asked[0].body.contains("name=\"fileUpload\"; filename=\"all.zip\""), "{}", asked[0].body);
        assert!(asked[0].body.contains("PK-bytes"));
        assert_eq!(import(&stub.session, &args).await.unwrap().code, crate::REFUSED);
    }
}
