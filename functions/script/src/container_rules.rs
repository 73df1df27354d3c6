//! Whether and where a task that asks for a container may run, by the server's configuration
//! ([`segue_task::ContainerRules`]) and the flow's own label `segue.isolation: required`.

use crate::container::Remote;
use crate::docker::{self, DockerOptions};
use crate::runner::Runner;
use segue_model::Json;
use segue_task::{ContainerPlace, ContainerRules, TaskContext, TaskError};

/// How a task runs as processes by its own wish.
const AS_PROCESS: &str = "taskRunner: {type: io.kestra.plugin.core.runner.Process}";
/// The label by which a flow demands containers, and its only value.
const LABEL: (&str, &str) = ("segue.isolation", "required");

/// The container a task asks for.
pub(crate) struct Asked<'a> {
    /// From which image.
    pub(crate) image: String,
    /// How.
    pub(crate) options: DockerOptions,
    /// Whether the task itself names an image or a runner; else a container is only what Kestra would take.
    pub(crate) is_said: bool,
    /// A runner that is not known here, where the task names one.
    pub(crate) unknown_runner: Option<&'a str>,
}

/// The runner of a task that asks for processes.
///
/// # Errors
/// Where the flow demands containers.
pub(crate) fn process(context: &TaskContext) -> Result<Runner, TaskError> {
    if demands_isolation(&context.message().context)? {
        return Err(isolated("the task asks for a process of this machine"));
    }
    Ok(Runner::Process)
}

/// The runner of a task that asks for a container.
///
/// # Errors
/// Where the server's configuration or the flow forbids what would be run.
pub(crate) async fn choose(context: &TaskContext, asked: Asked<'_>) -> Result<Runner, TaskError> {
    let rules = context.containers();
    let is_demanded = demands_isolation(&context.message().context)?;
    let Asked { image, options, is_said, unknown_runner } = asked;
    if let (Some(jobs), None | Some(ContainerPlace::Docker)) = (&context.ports().containers, rules.place) {
        return Ok(Runner::Container(Box::new(Remote::for_attempt(context, jobs.clone(), &image, options))));
    }
    if matches!(rules.place, None | Some(ContainerPlace::Docker)) {
        permit(rules, &options, &image)?;
    }
    let docker = match (rules.place, unknown_runner) {
        // Nobody asks a daemon that is not used.
        (Some(ContainerPlace::Process | ContainerPlace::Refuse), _) => Ok(()),
        (_, Some(kind)) => Err(format!("the task runner {kind} is not known here")),
        (_, None) => {
            let found = docker::available(options.host.as_deref()).await;
            found.map_err(|why| format!("Docker is not there ({why})"))
        }
    };
    match decide(rules.place, is_demanded, docker)? {
        Chosen::Docker => Ok(Runner::Docker { image, options: Box::new(options) }),
        Chosen::Process(why) => {
            let note =
                format!("{why}: the commands run as processes of this machine, without the image '{image}'");
            if is_said {
                context.warn(note);
            } else {
                context.info(note);
            }
            Ok(Runner::Process)
        }
    }
}

/// Where a container task runs.
#[derive(Debug, PartialEq, Eq)]
enum Chosen {
    Docker,
    /// On the machine, and why.
    Process(String),
}

/// Where a container task runs; `docker` says why there is no Docker.
fn decide(
    place: Option<ContainerPlace>,
    is_demanded: bool,
    docker: Result<(), String>,
) -> Result<Chosen, TaskError> {
    let why = match (place, docker) {
        (Some(ContainerPlace::Refuse), _) => {
            return Err(TaskError::failed(format!(
                "the task asks for a container, and this server refuses such tasks (SEGUE_CONTAINERS=refuse): \
                 write {AS_PROCESS}, or have the server started with another SEGUE_CONTAINERS"
            )));
        }
        (Some(ContainerPlace::Process), _) => "SEGUE_CONTAINERS is 'process'".to_owned(),
        (_, Ok(())) => return Ok(Chosen::Docker),
        (Some(ContainerPlace::Docker), Err(why)) => {
            return Err(TaskError::failed(format!(
                "{why}, and this server runs container tasks only in containers: start Docker, write {AS_PROCESS}, \
                 or have the server started with SEGUE_CONTAINERS=process"
            )));
        }
        (None, Err(why)) => why,
    };
    if is_demanded {
        return Err(isolated(&why));
    }
    Ok(Chosen::Process(why))
}

fn isolated(why: &str) -> TaskError {
    let (label, value) = LABEL;
    TaskError::failed(format!(
        "{why}, but the label '{label}: {value}' says that this flow runs scripts in containers only: run it where \
         Docker is, let the task use Docker, or remove the label"
    ))
}

/// Whether the labels of the execution demand containers. Labels given at the start of an execution replace those of
/// its flow, so that a label which only hides the demand is refused rather than believed.
fn demands_isolation(context: &Json) -> Result<bool, TaskError> {
    let (label, value) = LABEL;
    let Some(ours) = context.get("labels").and_then(|labels| labels.get("segue")) else { return Ok(false) };
    match (ours.as_object(), ours.get("isolation")) {
        (Some(_), None) => Ok(false),
        (Some(_), Some(given)) if given.as_str() == Some(value) => Ok(true),
        (Some(_), Some(given)) => {
            Err(TaskError::failed(format!("the label '{label}' is {given}, but can only be '{value}'")))
        }
        (None, _) => Err(TaskError::failed(format!(
            "the label 'segue' hides the label '{label}': give the execution no label of the name 'segue'"
        ))),
    }
}

/// Refuses what would give a container more of the machine than the server's configuration allows.
fn permit(rules: ContainerRules, options: &DockerOptions, image: &str) -> Result<(), TaskError> {
    let refused = |property: &str, word: &str| {
        Err(TaskError::failed(format!(
            "{property} is refused, because it opens this machine to the container: remove it, or have the server \
             started with SEGUE_CONTAINERS_ALLOW={word}"
        )))
    };
    if options.privileged == Some(true) && !rules.privileged {
        return refused("privileged: true", "privileged");
    }
    if !options.volumes.0.is_empty() && !rules.volumes {
        return refused("volumes", "volumes");
    }
    if let Some(network) = options.network_mode.as_deref().filter(|name| !is_own_network(name))
        && !rules.host_network
    {
        return refused(&format!("networkMode: {network}"), "host-network");
    }
    if let Some(host) = options.host.as_deref().filter(|host| !is_socket(host)) {
        return Err(TaskError::failed(format!(
            "host: {host} is refused, because the client would start other programs to reach that Docker: give \
             unix://PATH or tcp://HOST:PORT"
        )));
    }
    // The client would take such an image for one of its own options, `--privileged` among them.
    if options.full_image(image).starts_with('-') {
        return Err(TaskError::failed(format!("the image '{image}' is refused: no image begins with '-'")));
    }
    Ok(())
}

/// Whether a network is neither that of the machine nor that of another container, whichever way the client can be
/// told: `host`, `container:NAME`, `name=host,alias=x`.
fn is_own_network(name: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    name.chars().all(is_plain) && !name.eq_ignore_ascii_case("host")
}

/// Whether the address of a Docker is a socket, and no command such as `ssh` leads there.
fn is_socket(host: &str) -> bool {
    ["unix://", "tcp://", "http://", "https://"].iter().any(|scheme| host.starts_with(scheme))
}

#[cfg(test)]
mod tests;
