//! Properties of the Docker runner, and their conversion to arguments of the client.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use segue_files::Texts;
use segue_model::{Json, Map};
use segue_ports::wire::TaskRunMessage;
use segue_task::TaskError;
use serde::Deserialize;
use serde_json::json;
use std::path::Path;

/// The allowed keys of the client's configuration: credentials of registries, headers and proxies. Other keys
/// can make the client run programs of this machine, outside the container.
const CONFIG_KEYS: [&str; 3] = ["auths", "HttpHeaders", "proxies"];

fn is_harmless(key: &str) -> bool {
    CONFIG_KEYS.contains(&key)
}

/// Properties of the Docker runner (docs/kestra.md 4.4).
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DockerOptions {
    /// The image. This is the old property; new flows use `containerImage`.
    pub image: Option<String>,
    /// The daemon's address. Default: the client's own.
    pub host: Option<String>,
    /// The client's configuration, as a map or JSON text.
    pub config: Json,
    /// Credentials for a private registry.
    pub credentials: Option<Credentials>,
    /// The user inside the container, as `user` or `uid:gid`.
    pub user: Option<String>,
    /// The program before the command. `[""]` removes the image's own.
    pub entry_point: Option<Texts>,
    /// More host names, as `name:address`.
    pub extra_hosts: Texts,
    /// `host`, `none`, or the name of a network.
    pub network_mode: Option<String>,
    /// Published ports, as `outside:inside`.
    pub port_bindings: Texts,
    /// Mounted folders, as `outside:inside`.
    pub volumes: Texts,
    /// `ALWAYS`, `IF_NOT_PRESENT` or `NEVER`.
    pub pull_policy: Option<String>,
    /// Devices. A request for any GPU gives the container all GPUs.
    pub device_requests: Json,
    /// Limits of processors: `{cpus}`.
    pub cpu: Option<Cpu>,
    /// Limits of memory.
    pub memory: Option<Memory>,
    /// Size of `/dev/shm`.
    pub shm_size: Option<Json>,
    /// Whether the container has all privileges.
    pub privileged: Option<bool>,
}

/// Limits of processors.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct Cpu {
    /// The number of processors.
    pub cpus: Option<Json>,
}

/// Limits of memory, each in bytes or with a unit.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Memory {
    /// The largest memory.
    pub memory: Option<Json>,
    /// The largest memory including swap.
    pub memory_swap: Option<Json>,
    /// The tendency to swap.
    pub memory_swappiness: Option<Json>,
    /// The reserved memory.
    pub memory_reservation: Option<Json>,
}

/// Credentials for a registry.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Credentials {
    /// The registry. Default: Docker Hub.
    pub registry: Option<String>,
    /// The user name.
    pub username: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// User name and password in base64, instead of the two.
    pub auth: Option<String>,
    /// A token of the registry.
    pub registry_token: Option<String>,
    /// A token to get a registry token with.
    pub identity_token: Option<String>,
}

impl DockerOptions {
    /// Parses the properties of a task runner.
    pub(crate) fn parse(properties: Map) -> Result<Self, TaskError> {
        serde_json::from_value(Json::Object(properties)).map_err(|error| {
            TaskError::failed(format!("the properties of the Docker runner are invalid: {error}"))
        })
    }

    /// The image's full name, with the registry of the credentials in front.
    pub(crate) fn full_image(&self, image: &str) -> String {
        match self.credentials.as_ref().and_then(|credentials| credentials.registry.as_deref()) {
            Some(registry) if !image.starts_with(registry) => {
                format!("{}/{image}", registry.trim_end_matches('/'))
            }
            _ => image.to_owned(),
        }
    }

    /// The task's own configuration of the client. None if it has none.
    ///
    /// # Errors
    /// [`TaskError::Failed`] for a configuration that is not JSON, or that has other keys than
    /// [`CONFIG_KEYS`].
    pub(crate) fn client_config(&self) -> Result<Option<String>, TaskError> {
        let mut config = match &self.config {
            Json::Null => json!({}),
            Json::String(text) => serde_json::from_str(text).map_err(|error| {
                TaskError::failed(format!("config of the Docker runner is not JSON: {error}"))
            })?,
            other => other.clone(),
        };
        if let Some(key) = config.as_object().and_then(|config| config.keys().find(|key| !is_harmless(key))) {
            return Err(TaskError::failed(format!(
                "config of the Docker runner has '{key}', which can make the client run other programs; use only {}",
                CONFIG_KEYS.join(", ")
            )));
        }
        if let Some(credentials) = &self.credentials {
            let registry = credentials.registry.as_deref().unwrap_or("https://index.docker.io/v1/");
            let pair = credentials.username.as_deref().zip(credentials.password.as_deref());
            let auth = credentials
                .auth
                .clone()
                .or_else(|| pair.map(|(user, password)| STANDARD.encode(format!("{user}:{password}"))));
            let entry = json!({
                "auth": auth,
                "identitytoken": credentials.identity_token,
                "registrytoken": credentials.registry_token,
            });
            if let Some(config) = config.as_object_mut() {
                let auths = config.entry("auths").or_insert_with(|| json!({}));
                if let Some(auths) = auths.as_object_mut() {
                    auths.insert(registry.to_owned(), entry);
                }
            }
        }
        let is_empty = config.as_object().is_some_and(Map::is_empty);
        Ok((!is_empty).then(|| config.to_string()))
    }

    /// The arguments of the client for one run. Only the names of variables are arguments. Their values are
    /// in the client's own environment, which no list of processes shows.
    pub(crate) fn arguments<'a>(
        &self,
        run: &ContainerRun<'_>,
        variables: impl Iterator<Item = &'a str>,
    ) -> Vec<String> {
        let dir = run.dir.to_string_lossy();
        let mut arguments: Vec<String> = Vec::new();
        let mut add = |name: &str, value: &str| arguments.extend([name.to_owned(), value.to_owned()]);
        add("--name", run.name);
        add("--volume", &format!("{dir}:{dir}"));
        add("--workdir", &dir);
        add("--add-host", "host.docker.internal:host-gateway");
        for variable in variables {
            add("--env", variable);
        }
        for (key, value) in labels(run.message) {
            add("--label", &format!("kestra.io/{key}={value}"));
        }
        for host in &self.extra_hosts.0 {
            add("--add-host", host);
        }
        for volume in &self.volumes.0 {
            add("--volume", volume);
        }
        for port in &self.port_bindings.0 {
            add("--publish", port);
        }
        let memory = self.memory.clone().unwrap_or_default();
        let texts = [
            ("--network", self.network_mode.clone()),
            ("--user", self.user.clone()),
            ("--pull", self.pull_policy.as_deref().map(|policy| pull(policy).to_owned())),
            ("--cpus", self.cpu.as_ref().and_then(|cpu| plain(cpu.cpus.as_ref()))),
            ("--memory", plain(memory.memory.as_ref())),
            ("--memory-swap", plain(memory.memory_swap.as_ref())),
            ("--memory-swappiness", plain(memory.memory_swappiness.as_ref())),
            ("--memory-reservation", plain(memory.memory_reservation.as_ref())),
            ("--shm-size", plain(self.shm_size.as_ref())),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                add(name, &value);
            }
        }
        let mut before: &[String] = &[];
        if let Some((first, rest)) = self.entry_point.as_ref().and_then(|entry| entry.0.split_first()) {
            add("--entrypoint", first);
            before = rest;
        } else if run.clear_entry_point {
            add("--entrypoint", "");
        }
        if self.device_requests.to_string().contains("gpu") {
            add("--gpus", "all");
        }
        if self.privileged == Some(true) {
            arguments.push("--privileged".to_owned());
        }
        let mut all = Vec::new();
        if let Some(host) = &self.host {
            all.extend(["--host".to_owned(), host.clone()]);
        }
        all.extend(["run".to_owned(), "--rm".to_owned()]);
        all.append(&mut arguments);
        all.push(self.full_image(run.image));
        all.extend(before.iter().cloned());
        all.extend(run.command.iter().cloned());
        all
    }
}

/// One container run.
pub(crate) struct ContainerRun<'a> {
    /// The name of the container, used to remove it.
    pub(crate) name: &'a str,
    /// The name of the image.
    pub(crate) image: &'a str,
    /// The working directory.
    pub(crate) dir: &'a Path,
    /// The program and its arguments.
    pub(crate) command: &'a [String],
    /// Whether the image's own entry point must be removed.
    pub(crate) clear_entry_point: bool,
    /// The message with the task run.
    pub(crate) message: &'a TaskRunMessage,
}

/// The labels of a container, with its origin.
pub(crate) fn labels(message: &TaskRunMessage) -> [(&'static str, String); 6] {
    [
        ("namespace", message.namespace.clone()),
        ("flow-id", message.flow_id.clone()),
        ("task-id", message.task_id.clone()),
        ("execution-id", message.execution_id.to_string()),
        ("taskrun-id", message.task_run_id.to_string()),
        ("taskrun-attempt", message.attempt.to_string()),
    ]
}

fn pull(policy: &str) -> &'static str {
    match policy.to_ascii_uppercase().as_str() {
        "ALWAYS" => "always",
        "NEVER" => "never",
        _ => "missing",
    }
}

fn plain(value: Option<&Json>) -> Option<String> {
    match value? {
        Json::Null => None,
        Json::String(text) => Some(text.replace(' ', "")),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(value: Json) -> DockerOptions {
        DockerOptions::parse(value.as_object().unwrap().clone()).unwrap()
    }

    fn arguments(options: &DockerOptions, clear_entry_point: bool) -> Vec<String> {
        let message = segue_task::testing::message("io.kestra.plugin.docker.cli.Run", json!({}));
        let run = ContainerRun {
            name: "c",
            image: "ubuntu",
            dir: Path::new("/tmp/wd"),
            command: &["/bin/sh".to_owned(), "-c".to_owned(), "echo 1".to_owned()],
            clear_entry_point,
            message: &message,
        };
        options.arguments(&run, ["A", "B"].into_iter())
    }

    #[test]
    fn properties_become_arguments_of_the_client() {
        let options = options(json!({
            "type": "io.kestra.plugin.scripts.runner.docker.Docker",
            "networkMode": "host", "pullPolicy": "IF_NOT_PRESENT", "extraHosts": ["db:10.0.0.1"],
            "volumes": ["/a:/b"], "user": "1000", "cpu": {"cpus": 2}, "memory": {"memory": "512 MB"},
            "privileged": true, "portBindings": ["8080:80"], "shmSize": 67_108_864, "host": "tcp://d:2375"
        }));
        let all = arguments(&options, true).join(" ");
        assert!(
            all.starts_with(
                "--host tcp://d:2375 run --rm --name c --volume /tmp/wd:/tmp/wd --workdir /tmp/wd"
            ),
            "{all}"
        );
        for part in [
            "--network host",
            "--pull missing",
            "--add-host db:10.0.0.1",
            "--volume /a:/b",
            "--user 1000",
            "--cpus 2",
            "--memory 512MB",
            "--privileged",
            "--publish 8080:80",
            "--shm-size 67108864",
            "--env A --env B",
            "--add-host host.docker.internal:host-gateway",
            "--label kestra.io/task-id=",
            "--entrypoint  ",
        ] {
            assert!(all.contains(part), "{part} in {all}");
        }
        assert!(all.ends_with(" ubuntu /bin/sh -c echo 1"), "{all}");
    }

    #[test]
    fn an_entry_point_of_several_words_goes_before_the_command() {
        let all = arguments(&options(json!({"entryPoint": ["bash", "-x"]})), true);
        let at = all.iter().position(|argument| argument == "--entrypoint").unwrap();
        assert_eq!(all[at + 1], "bash");
        let image = all.iter().position(|argument| argument == "ubuntu").unwrap();
        assert_eq!(all[image + 1], "-x");
        assert!(!arguments(&options(json!({})), false).contains(&"--entrypoint".to_owned()));
    }

    #[test]
    fn credentials_become_a_configuration_and_a_prefix() {
        let options =
            options(json!({"credentials": {"registry": "r.example", "username": "u", "password": "p"}}));
        assert_eq!(options.full_image("a/b"), "r.example/a/b");
        assert_eq!(options.full_image("r.example/a"), "r.example/a");
        let config: Json = serde_json::from_str(&options.client_config().unwrap().unwrap()).unwrap();
        assert_eq!(config["auths"]["r.example"]["auth"], "dTpw");
        assert!(DockerOptions::default().client_config().unwrap().is_none());
    }

    #[test]
    fn a_configuration_starts_no_programs() {
        let auths = json!({"r.example": {"auth": "dTpw"}});
        for key in CONFIG_KEYS {
            assert!(options(json!({"config": {key: {}}})).client_config().unwrap().is_some(), "{key}");
        }
        for key in
            ["cliPluginsExtraDirs", "credHelpers", "credsStore", "aliases", "plugins", "currentContext"]
        {
            let config = json!({"auths": auths, key: "x"});
            for config in [config.to_string().into(), config] {
                let error = options(json!({"config": config})).client_config().unwrap_err().to_string();
                assert!(error.contains(&format!("has '{key}'")) && error.contains("auths"), "{error}");
            }
        }
    }
}
