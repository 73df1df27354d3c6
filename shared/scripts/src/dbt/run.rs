//! Runs dbt as a script, and reads what dbt leaves behind.

use super::manifest::ManifestKey;
use super::results::{Ran, RunResults};
use super::{adapters, log};
use crate::program::NeededProgram;
use crate::properties::ScriptProperties;
use crate::result::ScriptOutput;
use crate::run::{Body, Extras, Script};
use crate::{known_images, language};
use jiff::SignedDuration;
use schemars::JsonSchema;
use segue_model::{Json, Map};
use segue_ports::PortError;
use segue_task::{TaskContext, TaskError};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Component, Path};

/// The image of a task that names none. It has dbt with the usual adapters.
const IMAGE: &str = "ghcr.io/kestra-io/dbt";
/// The file with the connections, in the working directory.
const PROFILES: &str = "profiles.yml";
/// The files that dbt writes into its folder `target`.
const MANIFEST: &str = "manifest.json";
const RUN_RESULTS: &str = "run_results.json";
/// The largest of these files, in bytes.
const LARGEST_FILE: u64 = 256 << 20;
/// The property of the outputs with the stored files.
const OUTPUT_FILES: &str = "outputFiles";

/// The properties of all tasks of dbt, next to those of scripts.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DbtProperties {
    /// The text of `profiles.yml`, which is written into the working directory.
    pub(crate) profiles: Option<String>,
    /// The folder of the project in the working directory. Default: the working directory.
    pub(crate) project_dir: Option<String>,
    /// Whether each model, test, seed and snapshot becomes a task run. Default: true.
    pub(crate) parse_run_results: Option<bool>,
    /// Where to store the manifest in the KV store after a success.
    pub(crate) store_manifest: Option<ManifestKey>,
    /// Where to read the manifest that dbt compares with. It becomes the file `target/manifest.json`.
    pub(crate) load_manifest: Option<ManifestKey>,
}

/// One run of dbt.
pub(super) struct Dbt {
    pub(super) commands: Json,
    pub(super) script: ScriptProperties,
    pub(super) dbt: DbtProperties,
}

/// The place of the project.
#[derive(Debug, PartialEq, Eq)]
struct Project {
    /// The folder `target` in the working directory, as in `dbt/target`.
    target: String,
    /// Variables that lead dbt to the project, as templates.
    env: Vec<(&'static str, String)>,
}

impl Dbt {
    /// Runs dbt to its end.
    pub(super) async fn run(self, context: &TaskContext) -> Result<ScriptOutput, TaskError> {
        let Self { commands, script: mut properties, dbt } = self;
        let ran = ran(context);
        let given = dbt.project_dir.as_deref().map(str::trim).filter(|folder| !folder.is_empty());
        let project = project(given, context.working_dir())?;
        let mut inputs = inputs_of(&properties.input_files)?;
        if let Some(profiles) = &dbt.profiles {
            inputs.insert(PROFILES.to_owned(), json!(profiles));
        }
        let manifest = format!("{}/{MANIFEST}", project.target);
        if let Some(place) = &dbt.load_manifest
            && let Some(text) = place.load(context).await?
        {
            inputs.insert(manifest.clone(), json!(text));
        }
        properties.input_files = Json::Object(inputs);
        let asked_files = !properties.output_files.0.is_empty();
        let results = format!("{}/{RUN_RESULTS}", project.target);
        properties.output_files.0.extend([manifest.clone(), results.clone()]);
        // An earlier task of the type Setup installs dbt in the directory.
        let is_set_up = context.working_dir().join("bin/dbt").is_file();
        let extras = Extras {
            image: Some(IMAGE),
            program: (!is_set_up).then(|| NeededProgram {
                name: "dbt",
                packages: packages(&properties, dbt.profiles.as_deref()),
                image: IMAGE,
            }),
            before: vec![profiles_of_setup()],
            templates: environment(&dbt, project),
            read_line: Some(log::read_line),
            ..Extras::default()
        };
        let body = Body::Commands(commands);
        let script = Script { language: &language::SHELL, properties, python: None, body, extras };
        let (mut files, end) = match script.run(context).await {
            Ok(mut output) => (std::mem::take(&mut output.output_files), Ok(output)),
            Err(TaskError::Failed { message, mut outputs }) => {
                let files = outputs.remove(OUTPUT_FILES).and_then(|files| files.as_object().cloned());
                (files.unwrap_or_default(), Err((message, outputs)))
            }
            Err(other) => return Err(other),
        };
        for (path, name) in [(&manifest, MANIFEST), (&results, RUN_RESULTS)] {
            let stored = if asked_files { files.get(path).cloned() } else { files.remove(path) };
            files.extend(stored.map(|uri| (name.to_owned(), uri)));
        }
        let found = read_results(context, &files).await?.filter(|results| results.belong_to(&ran));
        if let Some(results) = &found
            && dbt.parse_run_results != Some(false)
        {
            results.task_runs(&ran).into_iter().for_each(|run| context.dynamic_task_run(run));
            if results.warn() {
                context.end_with_warning();
            }
            context.metric_counter("nodes", results.len() as f64);
        }
        match end {
            Ok(mut output) => {
                if let (Some(place), Some(uri)) =
                    (&dbt.store_manifest, files.get(MANIFEST).and_then(Json::as_str))
                {
                    place.store(context, &read(context, uri).await?).await?;
                }
                output.output_files = files;
                Ok(output)
            }
            Err((message, mut outputs)) => {
                outputs.insert(OUTPUT_FILES.to_owned(), Json::Object(files));
                let why = found.as_ref().and_then(RunResults::failures);
                let message = why.map_or_else(|| message.clone(), |why| format!("{message}: {why}"));
                Err(TaskError::failed_with(message, *outputs))
            }
        }
    }
}

/// The attempt, which may have begun in an earlier delivery.
fn ran(context: &TaskContext) -> Ran<'_> {
    let message = context.message();
    let age = SignedDuration::try_from(context.age()).unwrap_or_default();
    let now = context.ports().clock.now();
    Ran {
        execution: &message.execution_id,
        task_run: &message.task_run_id,
        attempt: message.attempt,
        began: now.checked_sub(age).unwrap_or(now),
    }
}

/// The results in the project. None if dbt wrote none, as after `dbt deps`.
async fn read_results(context: &TaskContext, files: &Map) -> Result<Option<RunResults>, TaskError> {
    let Some(uri) = files.get(RUN_RESULTS).and_then(Json::as_str) else { return Ok(None) };
    match RunResults::parse(&read(context, uri).await?) {
        Ok(results) => Ok(Some(results)),
        Err(error) => {
            context.warn(format!("{RUN_RESULTS} cannot be read, so the models are no task runs: {error}"));
            Ok(None)
        }
    }
}

async fn read(context: &TaskContext, uri: &str) -> Result<String, PortError> {
    context.storage().get_text(uri, LARGEST_FILE).await
}

/// Finds the project in the working directory.
fn project(folder: Option<&str>, working_dir: &Path) -> Result<Project, TaskError> {
    let Some(folder) = folder else { return Ok(Project { target: "target".to_owned(), env: Vec::new() }) };
    let path = Path::new(folder);
    let path = path.strip_prefix(working_dir).unwrap_or(path);
    if path.is_absolute() {
        // The project is in the image. Only what dbt writes is in the working directory.
        let env = vec![
            ("DBT_PROJECT_DIR", folder.to_owned()),
            ("DBT_TARGET_PATH", "{{ workingDir }}/target".to_owned()),
        ];
        return Ok(Project { target: "target".to_owned(), env });
    }
    let mut names = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => names.push(name.to_string_lossy()),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(TaskError::failed(format!(
                    "projectDir '{folder}' leads out of the working directory; name a folder of the working directory"
                )));
            }
        }
    }
    names.push("target".into());
    // The path is absolute, so that it stays right after `cd`.
    let env = vec![("DBT_PROJECT_DIR", format!("{{{{ workingDir }}}}/{}", path.display()))];
    Ok(Project { target: names.join("/"), env })
}

/// A line of the shell that leads dbt to the profiles of a task of the type Setup.
fn profiles_of_setup() -> String {
    let folder = super::setup::FOLDER;
    format!(
        "if [ -z \"$DBT_PROFILES_DIR\" ] && [ -d {folder} ]; then export DBT_PROFILES_DIR=\"$PWD/{folder}\"; fi"
    )
}

/// The variables for dbt, as templates. Its log has one JSON value on each line, and it sends no statistics.
fn environment(dbt: &DbtProperties, project: Project) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    let mut set = |name: &str, value: &str| env.insert(name.to_owned(), value.to_owned());
    set("DBT_LOG_FORMAT", "json");
    set("DBT_USE_COLORS", "false");
    set("DBT_SEND_ANONYMOUS_USAGE_STATS", "false");
    if dbt.profiles.is_some() {
        set("DBT_PROFILES_DIR", "{{ workingDir }}");
    }
    for (name, value) in &project.env {
        set(name, value);
    }
    env
}

/// The packages of the image that the task names, or else those of the adapters in the profiles.
fn packages(properties: &ScriptProperties, profiles: Option<&str>) -> Vec<String> {
    let named = properties.container_image.as_deref().and_then(known_images::known);
    if let Some(image) = named.filter(|image| !image.packages.is_empty()) {
        return image.packages;
    }
    let adapters = profiles.map(adapters::named_in).unwrap_or_default();
    if adapters.is_empty() {
        return known_images::known(IMAGE).unwrap_or_default().packages;
    }
    known_images::dbt_packages(adapters, None)
}

/// The input files as a map. The property is a map, or the text of a map in JSON.
pub(super) fn inputs_of(files: &Json) -> Result<Map, TaskError> {
    let wrong = || {
        TaskError::failed("inputFiles must be a map of names to contents or URIs, or such a map as JSON text")
    };
    match files {
        Json::Null => Ok(Map::new()),
        Json::Object(files) => Ok(files.clone()),
        Json::String(text) if text.trim().is_empty() => Ok(Map::new()),
        Json::String(text) => serde_json::from_str(text).map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_is_a_folder_of_the_working_directory() {
        let of = |folder| project(folder, Path::new("/tmp/dir")).map(|project| (project.target, project.env));
        assert_eq!(of(None).unwrap(), ("target".to_owned(), Vec::new()));
        let dbt = ("a/dbt/target".to_owned(), vec![("DBT_PROJECT_DIR", "{{ workingDir }}/a/dbt".to_owned())]);
        assert_eq!(of(Some("a/dbt")).unwrap(), dbt);
        assert_eq!(of(Some("/tmp/dir/a/dbt/")).unwrap(), dbt);
        assert_eq!(of(Some("./a/dbt/")).unwrap().0, "a/dbt/target");
        assert_eq!(of(Some("/app")).unwrap().1[1], ("DBT_TARGET_PATH", "{{ workingDir }}/target".to_owned()));
        assert!(of(Some("a/../..")).unwrap_err().to_string().contains("leads out of the working directory"));
    }

    #[test]
    fn the_adapters_of_the_profiles_are_installed() {
        let of = |image: Option<&str>, profiles| {
            let image = image.map(str::to_owned);
            packages(&ScriptProperties { container_image: image, ..ScriptProperties::default() }, profiles)
        };
        let duckdb = Some("x:\n  outputs:\n    dev:\n      type: duckdb\n");
        assert_eq!(of(None, duckdb)[1..], ["dbt-duckdb"]);
        assert_eq!(of(Some("ghcr.io/kestra-io/dbt-postgres"), duckdb)[1..], ["dbt-postgres"]);
        assert_eq!(of(Some("me/own:1"), duckdb)[1..], ["dbt-duckdb"]);
        assert_eq!(of(None, None).len(), 4);
    }

    #[test]
    fn input_files_may_be_text() {
        assert_eq!(inputs_of(&json!("{\"a\": \"b\"}")).unwrap()["a"], "b");
        assert!(inputs_of(&Json::Null).unwrap().is_empty());
        assert!(inputs_of(&json!([1])).is_err());
        assert!(inputs_of(&json!("no map")).is_err());
    }
}
