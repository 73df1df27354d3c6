//! `segue plan`: what a run would do, without doing it.
//!
//! What it is: `world` and `remote` answer what the forecast asks about key-values, files and secrets, `start` is what a
//! schedule gives, `show` prints.
//! `segue_simulation::forecast` makes the forecast.

mod remote;
mod show;
mod start;
#[cfg(test)]
mod tests;
mod world;

use crate::client::{Format, Needs, Reach};
use crate::environment::environment;
use crate::report::Output;
use crate::{diagnostics, flow_files};
use anyhow::{Context as _, anyhow};
use segue_engine::check::read_flow;
use segue_engine::schedule::NamedSlot;
use segue_executor::ExecutorConfig;
use segue_model::Map;
use segue_model::catalog::Catalog;
use segue_model::flow::Flow;
use segue_model::input::InputKind;
use segue_model::parse::parse_flows;
use segue_ports::{Clock as _, SystemClock};
use segue_simulation::forecast::{Forecast, ForecastError, Question, forecast};
use start::{Start, Started};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use world::Known;

/// Prints what a run of a flow would do, without doing it. Nothing is changed.
///
/// The tree shows the tasks in their order, with their properties as far as they are known. An unknown part is shown as
/// the flow writes it: ‹outputs.extract.uri›. ✓ is a task that runs, as long as no task before it fails; ? is a task that
/// only the run decides about; - is a task that does not run; ! is a task that runs after a failure. Then follows what is
/// read and written, what is missing, and what the run takes on Google Cloud.
///
/// Key-values and namespace files come from the data directory, and secrets from the environment; with --server, all of
/// them come from the server. Requests of http() are not sent. The exit code is 1 if something is missing or a task would fail, and 2 if the flow is refused.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue plan flows/zoomcamp/03_gcp_taxi.yaml -i taxi=green -i month=03 --data-dir .segue
  segue plan flows/zoomcamp/04_gcp_taxi_scheduled.yaml --trigger yellow_schedule --date 2021-03-01
  segue plan parent.yaml --load child.yaml --output json
  segue plan taxi.yaml --server https://segue.example.com")]
pub(crate) struct Args {
    /// The flow.
    #[arg(value_name = "FLOW.yaml")]
    flow: PathBuf,
    /// An input. The value of a FILE input is the path of the file, after an @. May be repeated.
    #[arg(short, long = "input", value_name = "KEY=VALUE")]
    inputs: Vec<String>,
    /// Another flow that this one calls. The flows in the folder of FLOW.yaml are known too. May be repeated.
    #[arg(long, value_name = "OTHER.yaml")]
    load: Vec<PathBuf>,
    /// The slot of the schedule that starts the run: a day in its time zone, or a moment. Without --date and --trigger,
    /// `trigger.date` is unknown.
    #[arg(long, value_name = "SLOT", value_parser = NamedSlot::parse)]
    date: Option<NamedSlot>,
    /// The schedule that starts the run, with its inputs and labels. Default: the first one. Without --date, its latest
    /// slot.
    #[arg(long, value_name = "ID")]
    trigger: Option<String>,
    /// Prints texts with several lines as a whole.
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(args: Args, reach: &Reach) -> anyhow::Result<u8> {
    let environment = environment();
    let data_dir = crate::kept_data_dir(reach.data_dir.clone());
    let own = segue_standalone::own_connectors(&environment, &data_dir)?;
    let catalog = segue_standalone::catalog_with(own)?;
    let Some(flow) = read(&args.flow, &catalog) else { return Ok(crate::REFUSED) };
    let mut others = vec![flow.clone()];
    for file in &args.load {
        let Some(other) = read(file, &catalog) else { return Ok(crate::REFUSED) };
        others.push(other);
    }
    others.extend(neighbours(&args.flow, &catalog)?);
    let (inputs, unknown_inputs) = match inputs(&args.inputs, &flow) {
        Ok(inputs) => inputs,
        Err(error) => {
            eprintln!("error: {error:#}");
            return Ok(crate::REFUSED);
        }
    };
    let config = ExecutorConfig::from_environment(&environment, "local")?;
    let renderer = config.limits.renderer();
    let client = if reach.names_a_server() {
        Some(reach.open(args.format.output, Needs::Server).await?.client)
    } else {
        None
    };
    let known = Arc::new(Known::open(&data_dir, &environment, client)?);
    known.add_flows(&mut others, &catalog).await?;
    let now = SystemClock.now();
    let start = Start { flow: &flow, renderer: &renderer, globals: &config.globals, now };
    let started = match (args.trigger.as_deref(), args.date) {
        (None, None) => Ok(Started::default()),
        (trigger, slot) => start.at(trigger, slot, &known).await?,
    };
    let started = match started {
        Ok(started) => started,
        Err(why) => {
            eprintln!("error: {why}");
            return Ok(crate::REFUSED);
        }
    };
    let question = Question {
        flow: &flow,
        others: &others,
        catalog: &catalog,
        renderer: &renderer,
        globals: &config.globals,
        inputs: started.inputs.into_iter().chain(inputs).collect(),
        unknown_inputs,
        labels: started.labels,
        trigger: started.trigger,
        now,
        outside: known.clone(),
    };
    let found = ask(&question, &known).await?;
    match args.format.output {
        Output::Json => crate::print::line(serde_json::to_string_pretty(&found)?),
        Output::Text => crate::print::text(show::text(&found, args.full)),
    }
    Ok(if found.problems.is_empty() { crate::OK } else { crate::FAILED })
}

/// Makes the forecast, and fetches the answers that it needs.
async fn ask(question: &Question<'_>, known: &Known) -> anyhow::Result<Forecast> {
    loop {
        match forecast(question) {
            Ok(found) => return Ok(found),
            Err(ForecastError::Questions(questions)) => known.fetch(questions).await?,
            Err(error @ ForecastError::Endless) => return Err(error.into()),
        }
    }
}

/// Reads a flow. If the flow is refused, prints the problems and returns none.
fn read(file: &Path, catalog: &Catalog) -> Option<Flow> {
    let source = match std::fs::read_to_string(file) {
        Ok(source) => source,
        Err(error) => {
            eprintln!("error: cannot read the flow {}: {error}", file.display());
            return None;
        }
    };
    let parsed = read_flow(&source, catalog);
    diagnostics::print(file, &parsed.diagnostics);
    parsed.flow
}

/// The flows in the folder of a flow. Files that are no flows are left out.
fn neighbours(file: &Path, catalog: &Catalog) -> anyhow::Result<Vec<Flow>> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut flows = Vec::new();
    for path in flow_files::below(folder)? {
        let source =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        flows.extend(parse_flows(&source, catalog).into_iter().filter_map(|parsed| parsed.flow));
    }
    Ok(flows)
}

/// The inputs of the command line. The address of a file is known only to the run.
fn inputs(arguments: &[String], flow: &Flow) -> anyhow::Result<(Map, BTreeSet<String>)> {
    let (mut inputs, mut unknown) = (Map::new(), BTreeSet::new());
    for argument in arguments {
        let (key, value) =
            argument.split_once('=').ok_or_else(|| anyhow!("--input {argument}: write it as KEY=VALUE"))?;
        let Some(input) = flow.inputs.iter().find(|input| input.id == key) else {
            eprintln!("warning: {}.{} has no input '{key}'; it is ignored", flow.namespace, flow.id);
            continue;
        };
        let path = value.strip_prefix('@').unwrap_or(value);
        if matches!(input.kind, InputKind::File { .. }) && !value.contains("://") {
            if !Path::new(path).is_file() {
                anyhow::bail!("cannot read {path} for the input {key}: there is no such file");
            }
            unknown.insert(key.to_owned());
        } else {
            inputs.insert(key.to_owned(), value.into());
        }
    }
    Ok((inputs, unknown))
}
