//! `segue namespace`: namespaces and their files.

use crate::client::{Format, Needs, Reach, Refused, Reply, Session, page as table};
use anyhow::Context as _;
use reqwest::multipart::{Form, Part};
use segue_api_types::{Namespace, Page};
use segue_model::Json;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Namespaces and their files.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue namespace list
  segue namespace files upload zoomcamp scripts/
  segue namespace files list zoomcamp")]
pub(crate) struct Args {
    #[command(flatten)]
    format: Format,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Lists namespaces.
    #[command(
        visible_alias = "ls",
        after_help = "Example:
  segue namespace list"
    )]
    List,
    /// The files of a namespace, which scripts and read() can read.
    Files {
        #[command(subcommand)]
        verb: Files,
    },
}

#[derive(Debug, clap::Subcommand)]
enum Files {
    /// Lists files.
    #[command(
        visible_alias = "ls",
        after_help = "Examples:
  segue namespace files list zoomcamp
  segue namespace files list zoomcamp -q .py"
    )]
    List {
        /// The namespace.
        #[arg(add = crate::complete::namespaces())]
        namespace: String,
        /// Only files with this text in their paths.
        #[arg(short, long, value_name = "TEXT")]
        query: Option<String>,
    },
    /// Uploads a file, or all files of a folder with their paths in the folder.
    #[command(after_help = "Examples:
  segue namespace files upload zoomcamp query.sql
  segue namespace files upload zoomcamp query.sql --to /sql/main.sql
  segue namespace files upload zoomcamp scripts/ --to /scripts")]
    Upload {
        /// The namespace.
        #[arg(add = crate::complete::namespaces())]
        namespace: String,
        /// The file or folder.
        path: PathBuf,
        /// The path of the file or folder in the namespace. Default: the name of the file, or / for a folder.
        #[arg(long, value_name = "PATH")]
        to: Option<String>,
    },
    /// Prints a file, or saves the file.
    #[command(after_help = "Examples:
  segue namespace files download zoomcamp /sql/main.sql
  segue namespace files download zoomcamp /sql/main.sql -o main.sql")]
    Download {
        /// The namespace.
        #[arg(add = crate::complete::namespaces())]
        namespace: String,
        /// The file.
        path: String,
        /// The file to write. Default: standard output.
        #[arg(short = 'o', long = "to", value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Deletes files, or folders with everything in them.
    #[command(
        visible_alias = "rm",
        after_help = "Example:
  segue namespace files delete zoomcamp /sql/main.sql"
    )]
    Delete {
        /// The namespace.
        #[arg(add = crate::complete::namespaces())]
        namespace: String,
        /// The files.
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
    },
}

impl Verb {
    fn needs(&self) -> Needs {
        match self {
            Self::Files { verb: Files::Upload { .. } } => Needs::NewData,
            Self::List | Self::Files { .. } => Needs::Data,
        }
    }
}

pub(crate) async fn run(args: Args, reach: &Reach) -> anyhow::Result<u8> {
    let session = reach.open(args.format.output, args.verb.needs()).await?;
    let reply = match args.verb {
        Verb::List => {
            let call = session.client.get(&["namespaces", "search"]).with("page", 1).with("size", 1000);
            let answer = call.read::<Page<Namespace>>().await?;
            let row = |entry: &Namespace| vec![entry.id.clone()];
            let text = table(&answer.value, &["namespace"], "there are no namespaces", row);
            Reply::new(answer.json, text)
        }
        Verb::Files { verb: Files::List { namespace, query } } => {
            let call = session.client.get(&["namespaces", &namespace, "files", "search"]);
            let answer = call.with("q", query.unwrap_or_default()).read::<Vec<String>>().await?;
            let text = match answer.value.as_slice() {
                [] => "there are no files\n".to_owned(),
                paths => paths.iter().map(|path| format!("{path}\n")).collect(),
            };
            Reply::new(answer.json, text)
        }
        Verb::Files { verb: Files::Upload { namespace, path, to } } => {
            upload(&session, &namespace, &path, to.as_deref()).await?
        }
        Verb::Files { verb: Files::Download { namespace, path, to } } => {
            return download(&session, &namespace, &path, to.as_deref()).await;
        }
        Verb::Files { verb: Files::Delete { namespace, paths } } => {
            let mut reply = Reply::new(Json::Null, "");
            for path in paths {
                let call = session.client.delete(&["namespaces", &namespace, "files"]);
                call.with("path", absolute(&path)).send().await?;
                reply.text.push_str(&format!("deleted {}\n", absolute(&path)));
            }
            reply
        }
    };
    reply.show(session.output)
}

/// Paths of namespace files begin with a slash.
fn absolute(path: &str) -> String {
    format!("/{}", path.trim_start_matches('/'))
}

/// The target of each file. A file goes to `to`, or to its own name. Files of a folder keep their paths in the folder,
/// below `to`. Hidden files of a folder are not uploaded.
pub(crate) fn planned(path: &Path, to: Option<&str>) -> anyhow::Result<Vec<(PathBuf, String)>> {
    if !path.is_dir() {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let target = match to {
            Some(to) if to.ends_with('/') => format!("{to}{name}"),
            Some(to) => to.to_owned(),
            None => name,
        };
        return Ok(vec![(path.to_owned(), absolute(&target))]);
    }
    let base = to.unwrap_or_default().trim_matches('/');
    let mut plan = Vec::new();
    let entries = WalkDir::new(path).sort_by_file_name().into_iter();
    let shown = |entry: &walkdir::DirEntry| {
        entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.')
    };
    for entry in entries.filter_entry(shown) {
        let entry = entry.with_context(|| format!("cannot read {}", path.display()))?;
        if !entry.file_type().is_file() {
            continue;
        }
        let within = entry.path().strip_prefix(path).unwrap_or(entry.path());
        let parts: Vec<_> = within.iter().map(|part| part.to_string_lossy()).collect();
        plan.push((entry.path().to_owned(), absolute(&format!("{base}/{}", parts.join("/")))));
    }
    if plan.is_empty() {
        return Err(Refused(format!("there is no file in {}", path.display())).into());
    }
    Ok(plan)
}

async fn upload(session: &Session, namespace: &str, path: &Path, to: Option<&str>) -> anyhow::Result<Reply> {
    let mut reply = Reply::new(Json::Null, "");
    for (file, target) in planned(path, to)? {
        let part = Part::file(&file).await.with_context(|| format!("cannot read {}", file.display()))?;
        session
            .client
            .post(&["namespaces", namespace, "files"])
            .with("path", &target)
            .form(Form::new().part("fileContent", part))
            .send()
            .await?;
        reply.text.push_str(&format!("uploaded {target}\n"));
    }
    Ok(reply)
}

async fn download(session: &Session, namespace: &str, path: &str, to: Option<&Path>) -> anyhow::Result<u8> {
    let call = session.client.get(&["namespaces", namespace, "files"]);
    let bytes = call.with("path", absolute(path)).bytes().await?;
    match to {
        Some(to) => std::fs::write(to, bytes).with_context(|| format!("cannot write {}", to.display()))?,
        None => std::io::Write::write_all(&mut std::io::stdout(), &bytes)?,
    }
    Ok(crate::OK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::stub::Stub;

    #[tokio::test]
    async fn a_folder_is_uploaded_by_the_paths_within_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("scripts");
        std::fs::create_dir_all(root.join("deep")).unwrap();
        for (name, text) in [("a.py", "A"), ("deep/b.py", "B"), (".hidden", "C")] {
            std::fs::write(root.join(name), text).unwrap();
        }
        let ok = || (200, "text/plain", String::new());
        let stub = Stub::new([ok(), ok()]).await;
        let reply = upload(&stub.session, "n.s", &root, Some("/py/")).await.unwrap();
        assert_eq!(reply.text, "uploaded /py/a.py\nuploaded /py/deep/b.py\n");
        let asked = stub.asked();
        assert_eq!(asked[1].what, "POST /namespaces/n.s/files?path=%2Fpy%2Fdeep%2Fb.py");
        assert!(asked[1].body.contains("name=\"fileContent\""), "{}", asked[1].body);
    }

    #[test]
    fn a_file_goes_under_its_name_or_where_it_is_told() {
        let target = |to| planned(Path::new("x/query.sql"), to).unwrap().remove(0).1;
        assert_eq!(target(None), "/query.sql");
        assert_eq!(target(Some("sql/")), "/sql/query.sql");
        assert_eq!(target(Some("/sql/main.sql")), "/sql/main.sql");
    }
}
