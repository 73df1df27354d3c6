//! Whether and where a task that asks for a container may run, by the server's configuration
//! ([`segue_task::ContainerRules`]) and the flow's own label `segue.isolation: required`.

use crate::docker::{self, DockerOptions};
use crate::known_images::{self, KnownImage};
use crate::remote::Remote;
use crate::route;
use crate::runner::{Local, Runner};
use segue_model::Json;
use segue_ports::ImageBuilds;
use segue_task::{ContainerMode, ContainerRules, TaskContext, TaskError};
use std::sync::Arc;

/// The property that makes a task run as processes.
const AS_PROCESS: &str = "taskRunner: {type: io.kestra.plugin.core.runner.Process}";
/// The label by which a flow requires containers, and its only value.
const LABEL: (&str, &str) = ("segue.isolation", "required");

/// The container that a task asks for.
pub(crate) struct Asked<'a> {
    /// The name of the image.
    pub(crate) image: String,
    /// The options of the container.
    pub(crate) options: DockerOptions,
    /// Whether the task names an image or a runner. If not, the container is only Kestra's default, and a run as
    /// processes is logged without a warning.
    pub(crate) is_said: bool,
    /// An unknown runner that the task names. None otherwise.
    pub(crate) unknown_runner: Option<&'a str>,
}

/// The runner of a task that asks for processes.
///
/// # Errors
/// An error if the flow requires containers.
pub(crate) fn process(context: &TaskContext) -> Result<Runner, TaskError> {
    if demands_isolation(&context.message().context)? {
        return Err(isolated("the task asks for a process of this machine"));
    }
    Ok(Runner::Local(Local::Process { image: None }))
}

/// The runner of a task that asks for a container.
///
/// # Errors
/// An error if the server's configuration or the flow forbids the runner.
pub(crate) async fn choose(context: &TaskContext, asked: Asked<'_>) -> Result<Runner, TaskError> {
    route::check(context, false)?;
    let rules = context.containers();
    let is_demanded = demands_isolation(&context.message().context)?;
    let Asked { image, options, is_said, unknown_runner } = asked;
    if let (Some(jobs), None | Some(ContainerMode::Docker)) = (&context.ports().containers, rules.mode) {
        return Ok(Runner::Remote(Box::new(Remote::for_attempt(context, jobs.clone(), &image, options))));
    }
    if context.ports().containers.is_some() && rules.mode == Some(ContainerMode::Process) {
        return Err(TaskError::failed(format!(
            "the task asks for a container, and SEGUE_CONTAINERS=process does not apply to a server with containers \
             next to its services: write {AS_PROCESS}, or ask the operator to remove SEGUE_CONTAINERS"
        )));
    }
    if matches!(rules.mode, None | Some(ContainerMode::Docker)) {
        permit(rules, &options, &image)?;
    }
    let docker = match (rules.mode, unknown_runner) {
        // The daemon is not called if it is not used.
        (Some(ContainerMode::Process | ContainerMode::Refuse), _) => Ok(()),
        (_, Some(kind)) => Err(format!("the task runner {kind} is unknown")),
        (_, None) => {
            let found = docker::available(options.host.as_deref()).await;
            found.map_err(|why| format!("Docker is not available ({why})"))
        }
    };
    match decide(rules.mode, is_demanded, docker)? {
        Chosen::Docker => Ok(Runner::Local(Local::Docker { image, options: Box::new(options) })),
        Chosen::Process(why) => {
            // A default image does not ask for its version of Python.
            let known = known_images::known(&image).filter(|known| is_said || !known.packages.is_empty());
            let note = instead(&why, &image, known.as_ref());
            if is_said && known.is_none() {
                context.warn(note);
            } else {
                context.info(note);
            }
            Ok(Runner::Local(Local::Process { image: known }))
        }
    }
}

/// What builds images.
pub(crate) enum Builder {
    /// Docker on this machine.
    Docker,
    /// The platform.
    Platform(Arc<dyn ImageBuilds>),
}

/// What builds an image for a task.
///
/// # Errors
/// A sentence if the server's configuration forbids it, or if there is neither Docker nor a platform that builds.
pub(crate) async fn builder(context: &TaskContext, options: &DockerOptions) -> Result<Builder, TaskError> {
    route::check(context, false)?;
    let rules = context.containers();
    if let Some(mode @ (ContainerMode::Process | ContainerMode::Refuse)) = rules.mode {
        let word = if mode == ContainerMode::Process { "process" } else { "refuse" };
        return Err(TaskError::failed(format!(
            "the task builds an image, and SEGUE_CONTAINERS={word} forbids it: ask the operator to start the server with \
             another SEGUE_CONTAINERS"
        )));
    }
    if let Some(builds) = &context.ports().builds {
        return Ok(Builder::Platform(builds.clone()));
    }
    if context.ports().containers.is_some() {
        return Err(TaskError::failed(
            "this server has neither Docker nor Cloud Build, so it builds no images: set CLOUD_BUILD_EMULATOR_HOST if the \
             server runs on emulators, or build the image on a machine with Docker",
        ));
    }
    permit(rules, options, "image")?;
    match docker::available(options.host.as_deref()).await {
        Ok(()) => Ok(Builder::Docker),
        Err(why) => Err(TaskError::failed(format!(
            "Docker is not available ({why}), and this server has no Cloud Build: start Docker, set host, or run the flow on \
             Google Cloud"
        ))),
    }
}

/// The line of the log about a container task that runs as processes.
fn instead(why: &str, image: &str, known: Option<&KnownImage>) -> String {
    match known {
        Some(KnownImage { packages, .. }) if !packages.is_empty() => format!(
            "{why}: the commands run as processes of this machine, with the packages of the image '{image}' ({})",
            packages.join(", ")
        ),
        Some(_) => {
            format!(
                "{why}: the commands run as processes, with the Python of this machine instead of the image '{image}'"
            )
        }
        None => format!("{why}: the commands run as processes of this machine, without the image '{image}'"),
    }
}

/// Where a container task runs.
#[derive(Debug, PartialEq, Eq)]
enum Chosen {
    Docker,
    /// As processes of this machine, and the reason.
    Process(String),
}

/// Decides where a container task runs. `docker` says why there is no Docker.
fn decide(
    mode: Option<ContainerMode>,
    is_demanded: bool,
    docker: Result<(), String>,
) -> Result<Chosen, TaskError> {
    let why = match (mode, docker) {
        (Some(ContainerMode::Refuse), _) => {
            return Err(TaskError::failed(format!(
                "the task asks for a container, and this server refuses such tasks (SEGUE_CONTAINERS=refuse): \
                 write {AS_PROCESS}, or ask the operator to start the server with another SEGUE_CONTAINERS"
            )));
        }
        (Some(ContainerMode::Process), _) => "SEGUE_CONTAINERS is 'process'".to_owned(),
        (_, Ok(())) => return Ok(Chosen::Docker),
        (Some(ContainerMode::Docker), Err(why)) => {
            return Err(TaskError::failed(format!(
                "{why}, and this server runs container tasks only in containers: start Docker, write {AS_PROCESS}, \
                 or ask the operator to start the server with SEGUE_CONTAINERS=process"
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
        "{why}, but the label '{label}: {value}' says that this flow runs scripts only in containers: run it where \
         Docker is available, let the task use Docker, or remove the label"
    ))
}

/// Whether the labels of the execution require containers. Labels that are set at the start of an execution
/// replace those of its flow. So a label that only hides the requirement is refused.
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
            "the label 'segue' hides the label '{label}': start the execution without a label 'segue'"
        ))),
    }
}

/// Refuses options that give a container more access to the machine than the server's configuration allows.
fn permit(rules: ContainerRules, options: &DockerOptions, image: &str) -> Result<(), TaskError> {
    let refused = |property: &str, word: &str| {
        Err(TaskError::failed(format!(
            "{property} is refused, because it gives the container access to this machine: remove it, or ask the \
             operator to start the server with SEGUE_CONTAINERS_ALLOW={word}"
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
            "host: {host} is refused, because the client would start other programs to connect to that Docker: write \
             unix://PATH or tcp://HOST:PORT"
        )));
    }
    // The client would read a name such as `--privileged` as its own option.
    if options.full_image(image).starts_with('-') {
        return Err(TaskError::failed(format!(
            "the image '{image}' is refused: the name of an image cannot begin with '-'"
        )));
    }
    Ok(())
}

/// Whether a network is separate from the network of the machine and of other containers. The name has any syntax of
/// the client: `host`, `container:NAME`, `name=host,alias=x`.
fn is_own_network(name: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    name.chars().all(is_plain) && !name.eq_ignore_ascii_case("host")
}

/// Whether the address of a Docker is a socket, so that no command such as `ssh` is run.
fn is_socket(host: &str) -> bool {
    ["unix://", "tcp://", "http://", "https://"].iter().any(|scheme| host.starts_with(scheme))
}

#[cfg(test)]
mod tests;
