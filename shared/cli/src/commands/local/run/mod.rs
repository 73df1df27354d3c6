//! `segue run`: runs one flow from its file to its end.

mod files;
mod temporary;

use crate::commands::local::{google, stop};
use crate::diagnostics;
use crate::environment::environment;
use crate::report::{Output, Reporter, Settings};
use anyhow::{Context as _, anyhow, bail};
use jiff::tz::TimeZone;
use segue_executor::{CreateError, NewExecution};
use segue_model::execution::{Execution, storage_prefix};
use segue_model::flow::Flow;
use segue_model::id::ExecutionId;
use segue_model::input::InputKind;
use segue_model::label::Label;
use segue_model::log::LogLevel;
use segue_model::state::State;
use segue_model::task::{FlowableKind, TaskKind};
use segue_model::{Json, Map};
use segue_ports::object::ObjectAttributes;
use segue_ports::random_execution_id;
use segue_ports::state::{ExecutionFilter, StoredExecution};
use segue_standalone::{Durability, GoogleOptions, Options, PutFlowError, Standalone};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Runs one flow to its end and prints it.
///
/// The exit code is 0 for SUCCESS and WARNING, 1 for any other state, 2 for a refused flow or input. Ctrl-C ends the
/// command with 130. Task runs have ten seconds to end (SEGUE_STOP_SECONDS). A second Ctrl-C ends the command at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue run hello.yaml
  segue run taxi.yaml -i taxi=yellow -i month=01 --label team=data
  segue run load.yaml -i data=@trips.csv --data-dir .segue --output json
  segue run parent.yaml --load child.yaml
  segue run report.yaml --files scripts/ --log-level DEBUG --timestamps
  segue run taxi.yaml --data-dir .segue --resume")]
pub(crate) struct Args {
    /// The flow.
    #[arg(value_name = "FLOW.yaml")]
    flow: PathBuf,
    /// An input. The value of a FILE input is the path of the file, after an @. May be repeated.
    #[arg(short, long = "input", value_name = "KEY=VALUE")]
    inputs: Vec<String>,
    /// Another flow that this one calls. May be repeated.
    #[arg(long, value_name = "OTHER.yaml")]
    load: Vec<PathBuf>,
    /// A label of the execution. May be repeated.
    #[arg(long = "label", value_name = "KEY=VALUE")]
    labels: Vec<String>,
    /// The format of the output: a tree of the task runs, or the JSON of Kestra's API.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// The lowest level of the printed log lines.
    #[arg(short, long, value_name = "LEVEL", default_value = "INFO", value_parser = log_level)]
    log_level: LogLevel,
    /// Prints the time before each log line.
    #[arg(long)]
    timestamps: bool,
    /// Prints only log lines and the result.
    #[arg(short, long)]
    quiet: bool,
    /// Uploads a folder to the files of the namespace before the run, for `read()`, `namespaceFiles` and scripts.
    #[arg(long, value_name = "DIR")]
    files: Option<PathBuf>,
    /// Continues the last execution of the flow in the data directory, if it has not ended, instead of starting a new
    /// one.
    #[arg(long)]
    resume: bool,
}

fn log_level(text: &str) -> Result<LogLevel, String> {
    LogLevel::parse(text).ok_or_else(|| "unknown level; write TRACE, DEBUG, INFO, WARN or ERROR".to_owned())
}

impl Args {
    /// What is shown of the execution.
    fn shown(&self) -> Settings {
        let timestamps = self.timestamps.then(TimeZone::system);
        Settings { level: self.log_level, quiet: self.quiet, timestamps }
    }
}

pub(crate) async fn run(args: Args, data_dir: Option<PathBuf>) -> anyhow::Result<u8> {
    if args.resume && data_dir.is_none() {
        bail!("--resume needs the data directory of the execution: name it with --data-dir");
    }
    let environment = environment();
    let grace = stop::grace(&environment)?;
    let temporary = match &data_dir {
        Some(_) => None,
        None => Some(temporary::create().context("cannot create a temporary data directory")?),
    };
    let data_dir = match (data_dir, &temporary) {
        (Some(dir), _) => dir,
        (None, Some(dir)) => dir.path().to_owned(),
        (None, None) => bail!("there is no data directory"),
    };
    // A temporary data directory is deleted at the end, so its data need not survive a loss of power.
    let durability = temporary.as_ref().map(|_| Durability::Normal);
    // Scripts get the secret of Google's APIs in their variables. No other program needs it.
    let google =
        GoogleOptions { is_guarded: true, is_off: google::is_off(&environment)?, ..GoogleOptions::default() };
    let options =
        Options { data_dir: data_dir.clone(), environment, durability, google, ..Options::default() };
    let standalone = Arc::new(Standalone::open(&options)?);
    if let Some(note) = standalone.note() {
        eprintln!("note: {note}");
    }
    standalone.clear_left_over().await?;
    for file in &args.load {
        if put(&standalone, file).await?.is_none() {
            return Ok(crate::REFUSED);
        }
    }
    let Some(flow) = put(&standalone, &args.flow).await? else { return Ok(crate::REFUSED) };

    warn_of_missing_subflows(&standalone, &flow).await?;
    if let Some(folder) = &args.files {
        files::upload(&standalone, &flow.namespace, folder).await?;
    }

    let mut reporter =
        Reporter::new(args.output, args.shown(), standalone.watch(), standalone.ports().state.clone());
    let resumed = if args.resume { last_execution(&standalone, &flow).await? } else { None };
    let execution = match resumed {
        Some(execution) if execution.state.current().is_terminal() => {
            eprintln!(
                "error: the last execution of {}.{}, {}, has ended in {}; start a new one without --resume",
                flow.namespace,
                flow.id,
                execution.id,
                execution.state.current()
            );
            return Ok(crate::REFUSED);
        }
        Some(execution) => {
            if !args.inputs.is_empty() || !args.labels.is_empty() {
                eprintln!(
                    "warning: a resumed execution keeps its inputs and labels; -i and --label are ignored"
                );
            }
            execution
        }
        None => {
            let (labels, inputs) = match arguments(&args, &flow) {
                Ok(arguments) => arguments,
                Err(error) => {
                    eprintln!("error: {error:#}");
                    return Ok(crate::REFUSED);
                }
            };
            // Input files are stored under this id before the execution exists.
            let id = random_execution_id();
            let request = NewExecution {
                namespace: flow.namespace.clone(),
                flow_id: flow.id.clone(),
                inputs: submitted(&standalone, &flow, &id, inputs).await?,
                id: Some(id),
                labels: labels.into_iter().map(|(key, value)| Label::new(key, value)).collect(),
                ..NewExecution::default()
            };
            match standalone.create(request).await {
                Ok(execution) => execution,
                Err(CreateError::Port(error)) => return Err(error.into()),
                Err(CreateError::Inputs(problems)) => {
                    for problem in problems {
                        eprintln!("error: {}", problem.message);
                    }
                    return Ok(crate::REFUSED);
                }
                Err(error) => {
                    eprintln!("error: {error}");
                    return Ok(crate::REFUSED);
                }
            }
        }
    };
    let id = execution.id.clone();
    reporter.begin(&execution);
    let (asked, stop_asked) = tokio::sync::oneshot::channel();
    let at_work = standalone.clone();
    let first = move |code| {
        stop::announce(&at_work, grace);
        // Sending fails only if the execution has just ended.
        let _ = asked.send(code);
    };
    let (flow_file, at, kept) = (args.flow.clone(), id.clone(), temporary.is_none());
    stop::on_signals(first, move || {
        say_stopped(&flow_file, &at, 0, kept.then_some(&*data_dir));
        if !kept {
            // Nothing can be done about a directory that cannot be deleted. The next run tries again.
            let _ = std::fs::remove_dir_all(&data_dir);
        }
    })?;
    let running = standalone.start();
    if args.resume {
        standalone.executor().recover().await?;
    }
    let ended = tokio::select! {
        ended = follow(&standalone, &id, &mut reporter) => Ok(ended),
        Ok(code) = stop_asked => Err(code),
    };
    let stopped = running.stop(grace).await;
    let stored = match ended {
        Ok(stored) => stored?,
        Err(code) => {
            say_stopped(&args.flow, &id, stopped, temporary.is_none().then_some(&*options.data_dir));
            return Ok(code);
        }
    };
    reporter.end(&stored).await?;
    if stored.execution.state.current() == State::Paused {
        eprintln!("the execution is paused, and no other work is left; a resume continues the execution");
    }
    Ok(match stored.execution.state.current() {
        State::Success | State::Warning => crate::OK,
        _ => crate::FAILED,
    })
}

/// Prints the execution that has not ended after a stop, and how to continue it. `data_dir` is `None` for a temporary
/// directory. Then the execution cannot continue.
fn say_stopped(flow: &Path, id: &ExecutionId, stopped: usize, data_dir: Option<&Path>) {
    if stopped > 0 {
        eprintln!("{} stopped", stop::counted(stopped));
    }
    let flow = flow.display();
    match data_dir {
        Some(dir) => eprintln!(
            "execution {id} has not ended; continue it with: segue run {flow} --data-dir {} --resume",
            dir.display()
        ),
        None => eprintln!(
            "execution {id} has not ended and is removed; to continue an execution later, run it with --data-dir DIR, \
             and then with --resume"
        ),
    }
}

/// Saves the flow of a file. If the flow is refused, prints the problems and returns None.
async fn put(standalone: &Standalone, file: &Path) -> anyhow::Result<Option<Flow>> {
    let source = match std::fs::read_to_string(file) {
        Ok(source) => source,
        Err(error) => {
            eprintln!("error: cannot read the flow {}: {error}", file.display());
            return Ok(None);
        }
    };
    match standalone.put_flow(&source).await {
        Ok((stored, parsed)) => {
            diagnostics::print(file, &parsed.diagnostics);
            Ok(parsed.flow.map(|flow| Flow { revision: stored.revision, ..flow }))
        }
        Err(PutFlowError::Refused(found)) => {
            diagnostics::print(file, &found);
            Ok(None)
        }
        Err(PutFlowError::Port(error)) => Err(error.into()),
    }
}

/// Warns about called flows that do not exist. The tasks that call them will fail.
async fn warn_of_missing_subflows(standalone: &Standalone, flow: &Flow) -> anyhow::Result<()> {
    let known: HashSet<(String, String)> = standalone
        .ports()
        .state
        .flows(None)
        .await?
        .into_iter()
        .map(|stored| (stored.namespace, stored.id))
        .collect();
    let mut missing = Vec::new();
    flow.walk(&mut |task| {
        let TaskKind::Flowable(flowable) = &task.kind else { return };
        let call = match &flowable.kind {
            FlowableKind::Subflow(call) => call,
            FlowableKind::ForEachItem(items) => &items.subflow,
            _ => return,
        };
        let is_literal = !call.namespace.contains('{') && !call.flow_id.contains('{');
        if is_literal && !known.contains(&(call.namespace.clone(), call.flow_id.clone())) {
            missing.push(format!("task {} calls {}.{}", task.id, call.namespace, call.flow_id));
        }
    });
    for text in missing {
        eprintln!("warning: {text}, which does not exist; load it with --load FILE.yaml");
    }
    Ok(())
}

/// `key=value` arguments.
fn pairs(arguments: &[String], name: &str) -> anyhow::Result<Vec<(String, String)>> {
    arguments
        .iter()
        .map(|argument| {
            argument
                .split_once('=')
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .ok_or_else(|| anyhow!("{name} {argument}: write it as KEY=VALUE"))
        })
        .collect()
}

/// An input of the command line.
enum Given {
    Text(String),
    /// A file, and its name in storage.
    File(std::fs::File, String),
}

type Pairs<T> = Vec<(String, T)>;

/// The labels and inputs of the command line. Files are opened.
///
/// # Errors
/// An error if an argument is invalid.
fn arguments(args: &Args, flow: &Flow) -> anyhow::Result<(Pairs<String>, Pairs<Given>)> {
    let mut inputs = Vec::new();
    for (key, value) in pairs(&args.inputs, "--input")? {
        let kind = flow.inputs.iter().find(|input| input.id == key).map(|input| &input.kind);
        let name = format!("{}.{}", flow.namespace, flow.id);
        if let Some(doubt) = crate::inputs::doubt(&name, kind.map(InputKind::name), &key, &value) {
            eprintln!("warning: {doubt}");
        }
        let is_file = matches!(kind, Some(InputKind::File { .. }));
        let path = match value.strip_prefix('@') {
            Some(path) => Some(path),
            // Kestra's command line accepts a path without an @.
            None => (!value.contains("://") && Path::new(&value).is_file()).then_some(value.as_str()),
        };
        let given = match path.filter(|_| is_file).map(Path::new) {
            Some(path) => {
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("file").to_owned();
                let file = std::fs::File::open(path)
                    .with_context(|| format!("cannot read {} for the input {key}", path.display()))?;
                Given::File(file, name)
            }
            None => Given::Text(value),
        };
        inputs.push((key, given));
    }
    Ok((pairs(&args.labels, "--label")?, inputs))
}

/// The submitted inputs. Files are copied to internal storage.
async fn submitted(
    standalone: &Standalone,
    flow: &Flow,
    id: &ExecutionId,
    inputs: Pairs<Given>,
) -> anyhow::Result<Map> {
    let mut map = Map::new();
    for (key, given) in inputs {
        let value = match given {
            Given::Text(text) => text,
            Given::File(file, name) => {
                let prefix = storage_prefix(&flow.namespace, &flow.id, id);
                upload(standalone, &format!("{prefix}/inputs/{key}/{name}"), file).await?
            }
        };
        map.insert(key, Json::String(value));
    }
    Ok(map)
}

async fn upload(standalone: &Standalone, target: &str, file: std::fs::File) -> anyhow::Result<String> {
    let uri = segue_ports::InternalStorage::uri(target);
    put_file(standalone, &uri, file).await?;
    Ok(uri)
}

/// Copies a file to internal storage.
async fn put_file(standalone: &Standalone, uri: &str, file: std::fs::File) -> anyhow::Result<()> {
    let ports = standalone.ports();
    let stream = tokio_util::io::ReaderStream::new(tokio::fs::File::from_std(file));
    let bytes = futures::TryStreamExt::map_err(stream, |error| {
        segue_ports::PortError::invalid(format!("the file cannot be read: {error}"))
    });
    let address = ports.storage.address(uri)?;
    ports.objects.put(&address, Box::pin(bytes), ObjectAttributes::default()).await?;
    Ok(())
}

/// The flow's last execution in the data directory.
async fn last_execution(standalone: &Standalone, flow: &Flow) -> anyhow::Result<Option<Execution>> {
    let filter = ExecutionFilter {
        namespace: Some(flow.namespace.clone()),
        flow_id: Some(flow.id.clone()),
        limit: 1,
        ..ExecutionFilter::default()
    };
    Ok(standalone.ports().state.executions(&filter).await?.into_iter().next())
}

/// Shows an execution and its subflows until all work has ended or needs a person to continue.
async fn follow(
    standalone: &Arc<Standalone>,
    id: &ExecutionId,
    reporter: &mut Reporter,
) -> anyhow::Result<StoredExecution> {
    let mut nap = Duration::from_millis(1);
    while standalone.has_work(reporter.seen()).await? {
        if reporter.has_ended() {
            // The remaining work is a last message, or a task that outlives the execution. It ends soon.
            tokio::time::sleep(nap).await;
            nap = (nap * 2).min(Duration::from_millis(50));
            reporter.drain();
        } else {
            reporter.wait(Duration::from_millis(50)).await;
        }
        reporter.flush().await?;
    }
    standalone
        .execution(id)
        .await?
        .ok_or_else(|| anyhow!("execution {id} was not found in the data directory"))
}
