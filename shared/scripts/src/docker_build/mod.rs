//! `docker.Build`: builds an image, and pushes it: with Docker on one machine, or with the platform (`outside`).
//!
//! What it must not know: how Docker builds. The client's own program does it, so that every Dockerfile works.

mod outside;

use crate::container_rules::{self, Builder};
use crate::docker::{Credentials, DockerOptions, advice};
use crate::local::client_config;
use crate::process;
use crate::staging::stage;
use outside::Outside;
use schemars::JsonSchema;
use segue_files::{NamespaceFiles, Texts};
use segue_model::Json;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Component, Path, PathBuf};
use tokio::process::Command;

/// The number of last lines of the client that an error message repeats.
const LAST_LINES: usize = 10;
/// Variables of the client itself. An argument of the build with such a name is written on the command line instead.
const OF_THE_CLIENT: [&str; 2] = ["PATH", "HOME"];

/// Builds an image from a Dockerfile, and pushes it if asked. The working directory, with the input files, is the context
/// of the build.
///
/// On one machine the task needs Docker. On Google Cloud, Cloud Build builds the image. It pushes to Artifact Registry with
/// the account of containers, and to other registries with `credentials`. An image that is not pushed is lost there.
///
/// ```yaml
/// id: image
/// type: io.kestra.plugin.docker.Build
/// dockerfile: |
///   FROM python:3.13-slim
///   ARG PACKAGES
///   RUN pip install $PACKAGES
/// buildArgs:
///   PACKAGES: polars
/// tags:
///   - registry.example.com/team/polars:latest
/// push: true
/// credentials:
///   registry: registry.example.com
///   username: ada
///   password: "{{ secret('REGISTRY_PASSWORD') }}"
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Build {
    /// The text of the Dockerfile, or the path of a Dockerfile among the input files.
    dockerfile: String,
    /// The names of the image, with tags.
    tags: Texts,
    /// The platforms to build for: `linux/amd64`. Default: the platform of the daemon.
    #[serde(default)]
    platforms: Texts,
    /// Whether the image is pushed under each of its names.
    #[serde(default)]
    push: bool,
    /// Whether newer base images are pulled. Default: true.
    pull: Option<bool>,
    /// Arguments of the build: values of `ARG` in the Dockerfile. They are no place for secrets, because they stay in the
    /// history of the image.
    #[serde(default)]
    build_args: BTreeMap<String, String>,
    /// Labels of the image.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// The daemon's address. Default: the client's own.
    host: Option<String>,
    /// Credentials for the registry.
    credentials: Option<Credentials>,
    /// The client's configuration, as a map or JSON text.
    #[serde(default)]
    config: Json,
    /// Names with contents or URIs of files to put into the working directory.
    #[serde(default)]
    input_files: Json,
    /// The files of the namespace to put into the working directory.
    namespace_files: Option<NamespaceFiles>,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The id of the image: `sha256:…`.
    image_id: String,
}

impl Task for Build {
    const TYPE: &'static str = "io.kestra.plugin.docker.Build";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        self.check()?;
        match container_rules::builder(context, &self.options()).await? {
            Builder::Docker => context.in_shared_directory(self.build_with("docker", context)).await,
            Builder::Platform(builds) => {
                context.in_shared_directory(Outside::new(context, builds).build(&self)).await
            }
        }
    }
}

impl Build {
    /// Refuses properties that the client would misread.
    fn check(&self) -> Result<(), TaskError> {
        if self.tags.0.is_empty() {
            return Err(TaskError::failed("tags is empty; name the image, as in my-image:latest"));
        }
        let words = self.tags.0.iter().map(|tag| ("tags", tag));
        let words = words.chain(self.platforms.0.iter().map(|platform| ("platforms", platform)));
        for (property, word) in words {
            if word.is_empty() || word.starts_with('-') || word.contains(char::is_whitespace) {
                return Err(TaskError::failed(format!(
                    "{property} has '{word}', which is no name; check its spelling"
                )));
            }
        }
        let is_name = |name: &str| {
            !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        };
        match self.build_args.keys().find(|name| !is_name(name)) {
            None => Ok(()),
            Some(name) => Err(TaskError::failed(format!(
                "buildArgs has '{name}'; the name of an argument has letters, digits and underscores"
            ))),
        }
    }

    fn options(&self) -> DockerOptions {
        DockerOptions {
            host: self.host.clone(),
            credentials: self.credentials.clone(),
            config: self.config.clone(),
            ..DockerOptions::default()
        }
    }

    /// Builds and pushes with this program.
    async fn build_with(&self, program: &str, context: &TaskContext) -> Result<Output, TaskError> {
        stage(context, context.working_dir(), (self.namespace_files.as_ref(), &self.input_files)).await?;
        let scratch = tempfile::tempdir().map_err(|error| disk(&error))?;
        let dockerfile = self.dockerfile_in(context.working_dir(), scratch.path())?;
        let id_file = scratch.path().join("id");
        let arguments = self.arguments(&dockerfile, &id_file, context.working_dir());
        self.call(program, context, arguments, "build the image").await?;
        let image_id = std::fs::read_to_string(&id_file).map_err(|error| disk(&error))?.trim().to_owned();
        for tag in self.tags.0.iter().filter(|_| self.push) {
            let arguments = [self.to_host(), vec!["push".to_owned(), tag.clone()]].concat();
            self.call(program, context, arguments, &format!("push the image '{tag}'")).await?;
        }
        Ok(Output { image_id })
    }

    /// The file with the Dockerfile: one of the working directory, or a new one with the text in `scratch`.
    fn dockerfile_in(&self, folder: &Path, scratch: &Path) -> Result<PathBuf, TaskError> {
        let text = self.dockerfile.trim();
        if !text.contains(char::is_whitespace) {
            let path = Path::new(text);
            let is_inside =
                path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
            let file = folder.join(path);
            if is_inside && file.is_file() {
                return Ok(file);
            }
            return Err(TaskError::failed(format!(
                "dockerfile is '{text}', and there is no such file in the working directory; add it to inputFiles, or write \
                 the text of the Dockerfile"
            )));
        }
        let file = scratch.join("Dockerfile");
        std::fs::write(&file, &self.dockerfile).map_err(|error| disk(&error))?;
        Ok(file)
    }

    fn to_host(&self) -> Vec<String> {
        self.host.iter().flat_map(|host| ["--host".to_owned(), host.clone()]).collect()
    }

    /// The arguments of a build. Values of the build's arguments are variables of the client, because every user of the
    /// machine can read a command line.
    fn arguments(&self, dockerfile: &Path, id_file: &Path, folder: &Path) -> Vec<String> {
        let mut all = self.to_host();
        all.push("build".to_owned());
        let mut add = |name: &str, value: String| all.extend([name.to_owned(), value]);
        add("--file", dockerfile.display().to_string());
        add("--iidfile", id_file.display().to_string());
        for tag in &self.tags.0 {
            add("--tag", tag.clone());
        }
        if !self.platforms.0.is_empty() {
            add("--platform", self.platforms.0.join(","));
        }
        for (name, value) in &self.build_args {
            let is_own = OF_THE_CLIENT.contains(&name.as_str()) || name.starts_with("DOCKER_");
            add("--build-arg", if is_own { format!("{name}={value}") } else { name.clone() });
        }
        for (name, value) in &self.labels {
            add("--label", format!("{name}={value}"));
        }
        if self.pull != Some(false) {
            all.push("--pull".to_owned());
        }
        all.push(folder.display().to_string());
        all
    }

    /// Runs the client to its end. Its lines are in the log.
    async fn call(
        &self,
        program: &str,
        context: &TaskContext,
        arguments: Vec<String>,
        what: &str,
    ) -> Result<(), TaskError> {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(context.working_dir()).env("BUILDKIT_PROGRESS", "plain");
        let own = self
            .build_args
            .iter()
            .filter(|(name, _)| !OF_THE_CLIENT.contains(&name.as_str()) && !name.starts_with("DOCKER_"));
        command.envs(own);
        let config = match self.options().client_config()? {
            Some(config) => Some(client_config(&config, &mut command)?),
            None => None,
        };
        let mut last = VecDeque::new();
        let stop = context.cancelled();
        let code = process::run(command, &stop, |_, line| {
            context.info(line.text.clone());
            if last.len() == LAST_LINES {
                last.pop_front();
            }
            last.push_back(line.text);
        });
        let code = code.await?;
        drop(config);
        if code == 0 {
            return Ok(());
        }
        let said = Vec::from(last).join("\n");
        Err(TaskError::failed(format!("Docker could not {what} (exit code {code}){}:\n{said}", to_do(&said))))
    }
}

/// The advice about an image that cannot be had, behind the name of the failure. Empty for other failures.
fn to_do(said: &str) -> String {
    advice(said).map(|advice| format!("; {advice}")).unwrap_or_default()
}

fn disk(error: &std::io::Error) -> TaskError {
    TaskError::failed(format!("the files of the build cannot be written or read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Platform, run_work};
    use segue_task::testing::TestRun;
    use serde_json::json;
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::{Arc, Mutex};

    /// A client that records what it gets, and fails for the tag `broken`.
    const CLIENT: &str = r#"#!/bin/sh
echo "$@ | $SIZE | $(cat "$DOCKER_CONFIG/config.json" 2>/dev/null)" >> calls.txt
[ "$1" = build ] || { echo "pushed $2"; exit 0; }
while [ $# -gt 1 ]; do
  case $1 in --file) cat "$2" >> calls.txt ;; --iidfile) printf sha256:abc > "$2" ;; --tag) tag=$2 ;; esac
  shift
done
[ "$tag" != broken ] || { echo "ERROR: failed to solve: alpine:99: failed to resolve source metadata for docker.io/library/alpine:99: not found" >&2; exit 1; }
"#;

    fn build(more: Json) -> Build {
        serde_json::from_value(crate::testing::with(
            json!({"dockerfile": "FROM scratch\n", "tags": "me/x:1"}),
            more,
        ))
        .unwrap()
    }

    /// Builds with the client above. Returns the end of the task, and what the client recorded.
    async fn run(build: Build) -> (TestRun, String) {
        let calls = Arc::<Mutex<String>>::default();
        let recorded = calls.clone();
        let work = move |context: TaskContext| {
            let (build, recorded) = (build.clone(), recorded.clone());
            async move {
                let folder = context.working_dir().to_owned();
                let program = folder.join("client.sh");
                std::fs::write(&program, CLIENT).unwrap();
                std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
                let built = build.build_with(&program.display().to_string(), &context).await;
                let text = std::fs::read_to_string(folder.join("calls.txt")).unwrap_or_default();
                *recorded.lock().unwrap() = text.replace(&folder.display().to_string(), "FOLDER");
                built.map(|output| json!(output))
            }
        };
        let run = run_work(work).await;
        let calls = calls.lock().unwrap().clone();
        (run, calls)
    }

    #[tokio::test]
    async fn an_image_is_built_and_pushed_under_each_name() {
        let build = build(json!({
            "tags": ["r.example/x:1", "r.example/x:2"], "push": true, "buildArgs": {"SIZE": "large", "PATH": "p"},
            "labels": {"team": "data"}, "platforms": ["linux/amd64", "linux/arm64"],
            "credentials": {"registry": "r.example", "username": "u", "password": "p"}, "inputFiles": {"a.txt": "x"},
        }));
        let (run, calls) = run(build).await;
        assert_eq!(run.outputs()["imageId"], "sha256:abc");
        let lines: Vec<&str> = calls.lines().collect();
        assert!(
            lines[0].contains("--tag r.example/x:1 --tag r.example/x:2 --platform linux/amd64,linux/arm64"),
            "{calls}"
        );
        assert!(lines[0].contains("--build-arg PATH=p --build-arg SIZE --label team=data --pull"), "{calls}");
        assert!(lines[0].contains("FOLDER | large | ") && lines[0].contains("dTpw"), "{calls}");
        assert_eq!(lines[1], "FROM scratch");
        assert!(
            lines[2].starts_with("push r.example/x:1 ") && lines[3].starts_with("push r.example/x:2 "),
            "{calls}"
        );
    }

    #[tokio::test]
    async fn a_dockerfile_may_be_an_input_file() {
        let files = json!({"docker/app.Dockerfile": "FROM alpine\n"});
        let path = build(json!({"dockerfile": "docker/app.Dockerfile", "inputFiles": files}));
        let (built, calls) = run(path).await;
        assert_eq!(built.outputs()["imageId"], "sha256:abc");
        assert!(calls.contains("FROM alpine") && !calls.contains("push"), "{calls}");
        for wrong in ["Dockerfile", "/etc/passwd", "../x"] {
            let error = run(build(json!({"dockerfile": wrong}))).await.0.error();
            assert!(error.contains("add it to inputFiles"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_build_with_an_unknown_base_image_says_what_to_do() {
        let (built, calls) = run(build(json!({"tags": "broken", "push": true}))).await;
        let error = built.error();
        assert!(
            error.contains(
                "could not build the image (exit code 1); check the name and the tag of the image in its registry:\n"
            ) && error.contains("alpine:99: not found"),
            "{error}"
        );
        assert!(!calls.contains("push"), "{calls}");
    }

    #[tokio::test]
    async fn names_that_are_options_are_refused() {
        for (more, why) in [
            (json!({"tags": []}), "tags is empty"),
            (json!({"tags": "--privileged"}), "tags has '--privileged'"),
            (json!({"platforms": "a b"}), "platforms has 'a b'"),
            (json!({"buildArgs": {"A=B": "x"}}), "buildArgs has 'A=B'"),
        ] {
            let error = build(more).check().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[tokio::test]
    async fn without_docker_the_task_says_what_to_do() {
        let task = json!({"type": Build::TYPE, "dockerfile": "FROM scratch\n", "tags": "x",
            "host": "unix:///no/such/docker.sock"});
        let error = Platform::new().run(task).await.result.error.unwrap();
        assert!(error.contains("Docker is not available") && error.contains("start Docker"), "{error}");
    }
}
