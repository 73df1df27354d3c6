//! The answers for a forecast: a copy of the data directory's database, its files, and the secrets of the environment.
//! The data directory itself is only read.

use super::remote;
use crate::client::Client;
use anyhow::Context as _;
use segue_embedded::{EmbeddedOptions, INTERNAL_BUCKET};
use segue_lookups::namespace_file;
use segue_model::Json;
use segue_model::catalog::Catalog;
use segue_model::flow::Flow;
use segue_model::parse::parse_flow;
use segue_ports::{Clock as _, Environment, PortError, Ports, SystemClock};
use segue_simulation::Outside;
use segue_template::{Answer, Lookup};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::{fmt, fs};

/// The largest file that `read()` accepts, in bytes.
const LARGEST_READ: u64 = 10 * 1024 * 1024;
/// How often the database is copied again, because a server wrote to it during the copy.
const MOST_COPIES: usize = 20;

/// The known answers.
pub(super) struct Known {
    answers: Mutex<HashMap<(String, Lookup), Answer>>,
    ports: Ports,
    objects: PathBuf,
    /// The server that answers instead of the data directory. `None`: the data directory answers.
    server: Option<Client>,
    /// The copy. It is deleted with this value.
    _copy: tempfile::TempDir,
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").field("objects", &self.objects).finish_non_exhaustive()
    }
}

impl Known {
    /// Copies the database of a data directory. Without a data directory there are no key-values and no files.
    ///
    /// # Errors
    /// An error if the database cannot be copied or read.
    pub(super) fn open(
        data_dir: &Path,
        environment: &Environment,
        server: Option<Client>,
    ) -> anyhow::Result<Self> {
        let copy = tempfile::Builder::new().prefix("segue-plan-").tempdir()?;
        let database = data_dir.join("segue.db");
        if server.is_none() && database.is_file() {
            copy_database(&database, copy.path())
                .with_context(|| format!("cannot copy {}", database.display()))?;
        }
        let options = EmbeddedOptions::from_environment(environment)?;
        let ports = segue_embedded::open_with(copy.path(), options)?.ports;
        let objects = data_dir.join("objects").join(INTERNAL_BUCKET);
        Ok(Self { answers: Mutex::default(), ports, objects, server, _copy: copy })
    }

    /// Adds the stored flows that are not known yet.
    ///
    /// # Errors
    /// An error of the database.
    pub(super) async fn add_flows(&self, flows: &mut Vec<Flow>, catalog: &Catalog) -> Result<(), PortError> {
        for stored in self.ports.state.flows(None).await? {
            if !flows.iter().any(|flow| flow.namespace == stored.namespace && flow.id == stored.id) {
                flows.extend(parse_flow(&stored.source, catalog).flow);
            }
        }
        Ok(())
    }

    /// Fetches answers.
    ///
    /// # Errors
    /// An error of the database or of a file.
    pub(super) async fn fetch(&self, questions: Vec<(String, Lookup)>) -> anyhow::Result<()> {
        for (namespace, lookup) in questions {
            let answer = match &self.server {
                Some(server) => remote::find(server, &namespace, &lookup).await?,
                None => self.find(&namespace, &lookup).await?,
            };
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.insert((namespace, lookup), answer);
        }
        Ok(())
    }

    async fn find(&self, own: &str, lookup: &Lookup) -> anyhow::Result<Answer> {
        let found = |value: Option<Json>| value.map_or(Answer::Missing, Answer::Found);
        let now = SystemClock.now();
        Ok(match lookup {
            Lookup::Kv { namespace, key } => {
                let namespace = namespace.as_deref().unwrap_or(own);
                found(self.ports.state.kv(namespace, key, now).await?.map(|entry| entry.value))
            }
            Lookup::KvKeys { namespace } => {
                let entries = self.ports.state.kv_entries(namespace, now).await?;
                Answer::Found(entries.into_iter().map(|entry| entry.key).collect())
            }
            // The value of a secret stays where it is. Only its existence matters.
            Lookup::Secret { namespace, key, .. } => {
                let namespace = namespace.as_deref().unwrap_or(own);
                found(self.ports.secrets.get(namespace, key).await?.map(|_| "******".into()))
            }
            Lookup::Read { path, namespace } => match self.file(own, path, namespace.as_deref()) {
                Some((_, size)) if size > LARGEST_READ => {
                    Answer::Failed(format!("the file '{path}' is larger than {LARGEST_READ} bytes"))
                }
                Some((file, _)) => match fs::read_to_string(&file) {
                    Ok(text) => Answer::Found(text.into()),
                    Err(error) => Answer::Failed(format!("the file '{path}' cannot be read: {error}")),
                },
                None => Answer::Missing,
            },
            Lookup::FileSize { path, namespace } => {
                found(self.file(own, path, namespace.as_deref()).map(|(_, size)| size.into()))
            }
            Lookup::FileExists { path, namespace } => {
                Answer::Found(self.file(own, path, namespace.as_deref()).is_some().into())
            }
            Lookup::FileEmpty { path, namespace } => {
                found(self.file(own, path, namespace.as_deref()).map(|(_, size)| (size == 0).into()))
            }
            Lookup::Http { .. } | Lookup::ErrorLogs | Lookup::ExecutionState { .. } | Lookup::RandomPort => {
                Answer::Missing
            }
        })
    }

    /// A file of internal storage with its size. `None` if it does not exist.
    fn file(&self, own: &str, path: &str, namespace: Option<&str>) -> Option<(PathBuf, u64)> {
        let uri = match (path.strip_prefix("nsfile://"), path.starts_with("kestra://")) {
            (_, true) => path.to_owned(),
            (Some(rest), _) => {
                let (of, file) = rest.split_once('/').unwrap_or((rest, ""));
                let of = if of.is_empty() { namespace.unwrap_or(own) } else { of };
                namespace_file(of, file)
            }
            (None, _) => namespace_file(namespace.unwrap_or(own), path),
        };
        let key = uri.strip_prefix("kestra://")?.trim_start_matches('/');
        if key.split('/').any(|part| part == "..") {
            return None;
        }
        let file = self.objects.join(key);
        let size = fs::metadata(&file).ok().filter(fs::Metadata::is_file)?.len();
        Some((file, size))
    }
}

impl Outside for Known {
    fn answer(&self, namespace: &str, lookup: &Lookup) -> Answer {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(&(namespace.to_owned(), lookup.clone())).cloned().unwrap_or(Answer::Pending)
    }
}

/// Copies a database with its write-ahead log. A server may write to them meanwhile, so the files must be the same
/// before and after the copy. SQLite itself would change the directory: it creates an index of the log.
fn copy_database(database: &Path, folder: &Path) -> anyhow::Result<()> {
    let log = database.with_extension("db-wal");
    let stamp = |file: &Path| fs::metadata(file).ok().map(|meta| (meta.len(), meta.modified().ok()));
    let copied_log = folder.join("segue.db-wal");
    for _ in 0..MOST_COPIES {
        let before = (stamp(database), stamp(&log));
        fs::copy(database, folder.join("segue.db"))?;
        match fs::copy(&log, &copied_log) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let _ = fs::remove_file(&copied_log);
            }
            Err(error) => return Err(error.into()),
        }
        if before == (stamp(database), stamp(&log)) {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    anyhow::bail!("a server writes to it all the time; try again when less is running")
}
