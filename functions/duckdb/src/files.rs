//! The files of a task: those that come in, those that go out, and the database.

use crate::address::{self, Database};
use crate::download;
use crate::paths::{Position, with_paths};
use crate::refusal::Step;
use schemars::JsonSchema;
use segue_files::path::{plain, prepare, storage_name};
use segue_files::{InputFiles, Texts, input, output};
use segue_model::{Json, Map};
use segue_task::{TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// The properties about files and the database.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Files {
    /// `jdbc:duckdb:` is a new database, which is deleted with the task. `jdbc:duckdb:trips.duckdb` is a file in the
    /// working directory.
    pub url: Option<String>,
    /// Accepted, and has no effect: DuckDB has no users.
    pub username: Option<String>,
    /// Accepted, and has no effect: DuckDB has no users.
    pub password: Option<String>,
    /// Names with contents or URIs of files to put into the working directory, or such a map as JSON text.
    #[serde(default)]
    pub input_files: Json,
    /// Names of files that the statements write to `{{ outputFiles.name }}`.
    #[serde(default)]
    pub output_files: Texts,
    /// The URI of the file of a database to work on. The file itself does not change.
    pub database_uri: Option<String>,
    /// Whether the file of the database is stored afterwards.
    #[serde(default)]
    pub output_db_file: bool,
    /// Accepted, and has no effect: extensions of others are not loaded.
    #[serde(default)]
    pub community_extensions: Texts,
}

/// The outputs about files.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileOutputs {
    /// The stored files, by the names in `outputFiles`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_files: Option<Map>,
    /// With `outputDbFile`, the stored file of the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_uri: Option<String>,
}

/// The folder of a task while it runs. The folder for DuckDB's own files is deleted with this value.
#[derive(Debug)]
pub(crate) struct Workplace {
    pub(crate) directory: PathBuf,
    pub(crate) scratch: PathBuf,
    /// The file of the database. None for a database in memory.
    pub(crate) database: Option<PathBuf>,
    /// Whether the file of the database remains after the task.
    pub(crate) remains: bool,
    outputs: Vec<(String, PathBuf)>,
    keeps_database: bool,
}

impl Workplace {
    /// Puts the files into the working directory. `sql` is the text of the statements before it is rendered.
    ///
    /// # Errors
    /// [`TaskError`] if a file does not exist, if a name leads out of the directory, or if `url` is wrong.
    pub(crate) async fn prepare(files: &Files, sql: &str, context: &TaskContext) -> Result<Self, TaskError> {
        let url = files.url.as_deref().filter(|url| !url.trim().is_empty()).unwrap_or("jdbc:duckdb:");
        let (database, options) = address::database(url).map_err(TaskError::failed)?;
        if let Some(options) = options {
            context.warn(format!("the options {options} of url have no effect"));
        }
        if !files.community_extensions.0.is_empty() {
            context.warn("communityExtensions has no effect: extensions of others are not loaded");
        }
        let directory = context.working_dir().to_owned();
        let key = context.attempt_key();
        let scratch =
            directory.join(format!("{}duckdb-{}-{}", output::SCRATCH_PREFIX, key.task_run_id, key.attempt));
        let mut place = Self {
            directory,
            scratch,
            database: None,
            remains: false,
            outputs: Vec::new(),
            keeps_database: files.output_db_file,
        };
        place.remove_scratch();
        disk(std::fs::create_dir_all(&place.scratch), "make", &place.scratch)?;
        let namespace = &context.message().namespace;
        InputFiles::parse(&files.input_files)?.write(&place.directory, context.storage(), namespace).await?;
        for name in &files.output_files.0 {
            let path = prepare(&place.directory, name).await?;
            place.outputs.push((plain(name)?, path));
        }
        place.database = match database {
            Database::File(path) => {
                place.remains = true;
                Some(place.named(&path).await?)
            }
            // A database in memory is faster. The others have a path.
            Database::New
                if files.database_uri.is_none() && !files.output_db_file && !sql.contains("dbFilePath") =>
            {
                None
            }
            Database::New => Some(place.scratch.join("database.duckdb")),
        };
        if let (Some(uri), Some(path)) = (&files.database_uri, &place.database) {
            let uri = input::uri_of_value(uri, namespace)?;
            context.storage().get_file(&uri, path).await?;
        }
        Ok(place)
    }

    /// The path of a database in the working directory.
    async fn named(&self, path: &str) -> Result<PathBuf, TaskError> {
        let relative = match Path::new(path).strip_prefix(&self.directory) {
            Ok(inside) => inside.to_string_lossy().into_owned(),
            Err(_) => path.to_owned(),
        };
        prepare(&self.directory, &relative).await.map_err(|error| {
            TaskError::failed(format!(
                "url: {error}; the database must be in the working directory. To keep it for other tasks, set \
                 outputDbFile: true and databaseUri, or use one WorkingDirectory"
            ))
        })
    }

    /// The variables that statements can use, in addition to `workingDir`.
    pub(crate) fn variables(&self) -> Map {
        let text = |path: &Path| Json::String(path.to_string_lossy().into_owned());
        let outputs: Map = self.outputs.iter().map(|(name, path)| (name.clone(), text(path))).collect();
        let mut variables = Map::new();
        variables.insert("outputFiles".to_owned(), Json::Object(outputs));
        if let Some(path) = &self.database {
            variables.insert("dbFilePath".to_owned(), text(path));
        }
        variables
    }

    /// Downloads the files of addresses in the statements.
    ///
    /// # Errors
    /// [`TaskError::Failed`] if a file cannot be downloaded.
    pub(crate) async fn names(&self, steps: &[Step], context: &TaskContext) -> Result<Names, TaskError> {
        let mut addresses = BTreeMap::new();
        for step in steps {
            with_paths(&step.statement.text, &mut |position, name| {
                if download::is_address(name) && position != Position::Written {
                    addresses.insert(name.to_owned(), PathBuf::new());
                }
                None
            });
        }
        for (number, (address, path)) in addresses.iter_mut().enumerate() {
            *path =
                download::file(address, &self.scratch.join(format!("download-{number}")), context).await?;
        }
        Ok(Names { directory: self.directory.clone(), addresses })
    }

    /// Stores what the task leaves.
    ///
    /// # Errors
    /// [`TaskError::Failed`] if an output file was not written.
    pub(crate) async fn results(&self, context: &TaskContext) -> Result<FileOutputs, TaskError> {
        let mut stored = Map::new();
        for (name, path) in &self.outputs {
            if !path.is_file() {
                return Err(TaskError::failed(format!(
                    "outputFiles has '{name}', but no statement wrote this file; write it with COPY … TO \
                     '{{{{ outputFiles.{name} }}}}'"
                )));
            }
            let uri =
                output::copy(context.storage(), &context.storage_path(&storage_name(name)), path).await?;
            stored.insert(name.clone(), Json::String(uri));
        }
        let database_uri = match (&self.database, self.keeps_database) {
            (Some(path), true) => {
                Some(output::copy(context.storage(), &context.storage_path("database.duckdb"), path).await?)
            }
            _ => None,
        };
        let output_files = (!self.outputs.is_empty()).then_some(stored);
        Ok(FileOutputs { output_files, database_uri })
    }

    /// Whether the file of the database is stored.
    pub(crate) fn keeps_database(&self) -> bool {
        self.keeps_database
    }

    fn remove_scratch(&self) {
        if let Err(error) = std::fs::remove_dir_all(&self.scratch)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            // An own working directory is deleted as a whole. The folder is not a file of a shared one.
            let _left = error;
        }
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        self.remove_scratch();
    }
}

fn disk<T>(done: std::io::Result<T>, what: &str, path: &Path) -> Result<T, TaskError> {
    done.map_err(|error| segue_files::path::disk_error(what, path, &error).into())
}

/// The paths of names in statements.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    directory: PathBuf,
    addresses: BTreeMap<String, PathBuf>,
}

impl Names {
    /// The path for a name. None if the name is a table, or is a path already.
    pub(crate) fn path(&self, position: Position, name: &str) -> Option<String> {
        let path = match self.addresses.get(name) {
            Some(path) if position != Position::Written => path.clone(),
            _ => self.relative(position, name)?,
        };
        path.to_str().map(str::to_owned)
    }

    fn relative(&self, position: Position, name: &str) -> Option<PathBuf> {
        // A colon belongs to an address, to another kind of database, or to :memory:.
        let plain = !name.is_empty() && !name.contains(':');
        let inside =
            Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !plain || !inside {
            return None;
        }
        let path = self.directory.join(name);
        (position != Position::Table || name.contains(['*', '?', '[']) || path.exists()).then_some(path)
    }
}
