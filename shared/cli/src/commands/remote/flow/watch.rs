//! `segue flow watch`: deploys a folder of flows at every save.

use super::deploy::{Change, deploy};
use super::folder::Folder;
use crate::client::{Client, ClientError, Refused, Session};
use crate::flow_files;
use console::style;
use notify::{RecursiveMode, Watcher as _};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;

/// A save is complete after this time without changes, because editors write in several steps.
const QUIET: Duration = Duration::from_millis(150);
/// The time before the next try if the server is away.
const RETRY: Duration = Duration::from_secs(2);

/// The watched folder.
#[derive(Debug, clap::Args)]
pub(crate) struct Watch {
    /// The folder. Files in folders below it count too.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Deletes a flow if its file, or its part of the file, is removed.
    #[arg(long)]
    delete: bool,
}

pub(super) async fn run(session: &Session, args: &Watch) -> anyhow::Result<u8> {
    if !args.dir.is_dir() {
        return Err(Refused(format!("{} is not a folder", args.dir.display())).into());
    }
    let (sender, mut events) = mpsc::unbounded_channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading a file causes an event too. Each step reads all files, so these events would never end.
        if !event.as_ref().is_ok_and(|event| event.kind.is_access()) {
            // Sending fails only when the command ends.
            let _ = sender.send(());
        }
    })?;
    watcher.watch(&args.dir, RecursiveMode::Recursive)?;
    crate::print::line(format_args!("watching {} for {}", args.dir.display(), session.client.address()));
    let mut sync = Sync { client: &session.client, args, folder: Folder::default(), is_away: false };
    loop {
        let is_done = sync.step(&mut |line| crate::print::line(line)).await?;
        if is_done {
            if events.recv().await.is_none() {
                return Ok(crate::OK);
            }
        } else {
            // The folder is read again after every event.
            let _ = tokio::time::timeout(RETRY, events.recv()).await;
        }
        while let Ok(Some(())) = tokio::time::timeout(QUIET, events.recv()).await {}
    }
}

/// Keeps the flows of a server equal to a folder.
struct Sync<'a> {
    client: &'a Client,
    args: &'a Watch,
    folder: Folder,
    is_away: bool,
}

impl Sync<'_> {
    /// Deploys the changes of the folder. Returns false if the server is away, so the deployment must be tried again.
    async fn step(&mut self, say: &mut impl FnMut(String)) -> anyhow::Result<bool> {
        if !self.args.dir.is_dir() {
            // A missing folder looks like a folder without files. A user who moves the folder wants to keep its flows.
            say(format!("{} is gone; waiting for it to come back", self.args.dir.display()));
            return Ok(false);
        }
        let mut look = BTreeMap::new();
        for path in flow_files::below(&self.args.dir)? {
            match std::fs::read_to_string(&path) {
                Ok(text) => {
                    look.insert(path, text);
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => say(format!("{}: cannot be read: {error}", path.display())),
            }
        }
        match self.bring(&look, say).await {
            Ok(()) => {
                self.is_away = false;
                Ok(true)
            }
            Err(error) if error.is_passing() => {
                if !self.is_away {
                    say(format!("{error}\nwaiting for it to come back"));
                }
                self.is_away = true;
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn bring(
        &mut self,
        look: &BTreeMap<PathBuf, String>,
        say: &mut impl FnMut(String),
    ) -> Result<(), ClientError> {
        for path in self.folder.gone(look) {
            say(format!("{}: gone", self.short(&path)));
        }
        for (path, text) in self.folder.changed(look) {
            let name = PathBuf::from(self.short(path));
            let deployed = deploy(self.client, &name, text).await?;
            for remark in &deployed.remarks {
                say(remark.clone());
            }
            match &deployed.saved {
                None => say(format!("{} {}: refused", style("✗").red(), name.display())),
                Some(flows) => {
                    for flow in flows {
                        let sign = if flow.change == Change::Unchanged {
                            style("=").dim()
                        } else {
                            style("✓").green()
                        };
                        say(format!("{sign} {}: {flow}", name.display()));
                    }
                }
            }
            let flows = deployed.saved.map(|flows| flows.into_iter().map(|flow| flow.name).collect());
            self.folder.done(path, text, flows);
        }
        for orphan in self.folder.orphans() {
            let (namespace, id) = &orphan;
            if self.args.delete {
                match self.client.delete(&["flows", namespace, id]).send().await {
                    Ok(_) => say(format!("{} deleted {namespace}.{id}", style("-").yellow())),
                    Err(error) if error.is_not_found() => {}
                    Err(error) => return Err(error),
                }
            } else {
                say(format!(
                    "{namespace}.{id} has no file any more, and is kept; --delete deletes such flows"
                ));
            }
            self.folder.forget(&orphan);
        }
        Ok(())
    }

    fn short(&self, path: &Path) -> String {
        path.strip_prefix(&self.args.dir).unwrap_or(path).display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::stub::{Stub, error, json as ok};
    use serde_json::json;
    use std::fs;

    /// The changes of one look at the folder.
    async fn step(sync: &mut Sync<'_>) -> (bool, Vec<String>) {
        let mut said = Vec::new();
        let is_done =
            sync.step(&mut |line| said.push(console::strip_ansi_codes(&line).into_owned())).await.unwrap();
        (is_done, said)
    }

    #[tokio::test]
    async fn the_server_follows_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let flow = json!([{"id": "a", "namespace": "n", "revision": 1}]);
        let stub = Stub::new([
            ok(json!([])),
            ok(flow.clone()),
            ok(json!([{"constraints": "what is this"}])),
            error(503, "going down"),
            (204, "text/plain", String::new()),
        ])
        .await;
        let args = Watch { dir: folder.path().to_owned(), delete: true };
        let mut sync =
            Sync { client: &stub.session.client, args: &args, folder: Folder::default(), is_away: false };
        fs::create_dir_all(folder.path().join("deep")).unwrap();
        let file = folder.path().join("deep/a.yaml");
        fs::write(&file, "id: a").unwrap();
        assert_eq!(step(&mut sync).await, (true, vec!["✓ deep/a.yaml: created n.a revision 1".into()]));
        assert_eq!(step(&mut sync).await, (true, Vec::new()));

        // Editors save in this way: they write a new file, and rename the new file to the old name.
        fs::write(folder.path().join("deep/.a.yaml.tmp"), "nonsense").unwrap();
        fs::rename(folder.path().join("deep/.a.yaml.tmp"), &file).unwrap();
        let (_, said) = step(&mut sync).await;
        assert_eq!(said, ["deep/a.yaml: error: what is this", "✗ deep/a.yaml: refused"]);

        fs::remove_file(&file).unwrap();
        let (is_done, said) = step(&mut sync).await;
        assert!(!is_done);
        assert_eq!(said, ["deep/a.yaml: gone", "going down\nwaiting for it to come back"]);
        assert_eq!(step(&mut sync).await, (true, vec!["- deleted n.a".into()]));
        assert_eq!(step(&mut sync).await, (true, Vec::new()));
        assert_eq!(stub.paths().last().map(String::as_str), Some("DELETE /flows/n/a"));
    }

    #[tokio::test]
    async fn a_folder_that_is_gone_deletes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("flows");
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("a.yaml"), "id: a").unwrap();
        let stub =
            Stub::new([ok(json!([])), ok(json!([{"id": "a", "namespace": "n", "revision": 1}]))]).await;
        let args = Watch { dir: dir.clone(), delete: true };
        let mut sync =
            Sync { client: &stub.session.client, args: &args, folder: Folder::default(), is_away: false };
        assert!(step(&mut sync).await.0);
        fs::rename(&dir, folder.path().join("elsewhere")).unwrap();
        assert!(!step(&mut sync).await.0);
        fs::rename(folder.path().join("elsewhere"), &dir).unwrap();
        assert_eq!(step(&mut sync).await, (true, Vec::new()));
        assert_eq!(stub.paths().len(), 2);
    }
}
