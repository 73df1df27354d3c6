//! Counts the costs of flows on Google Cloud, with the functions' own adapters on emulators, and prints a table for
//! docs/cost.md. Fails if a task run costs more than its limit. A task run in a function may cost 2 messages, 3 writes
//! and 3 reads. A task run in the executor may cost nothing. Then runs a wide loop, and fails if the document of the
//! execution is written too often. Counts the operations of a polling trigger, and fails if there are any between two
//! looks. Then moves a large file, and fails if a function keeps the whole file in memory.
//!
//! Run the program with the variables of the emulators: `tests/tools/on-emulators.sh cloud-costs`.

use anyhow::{Context as _, ensure};
use clap::Parser;
use segue_tests::cloud::costs::{Cost, HEAD, measure};
use segue_tests::cloud::{LOOKS_HEAD, Setup, System, WIDE_HEAD, large_file, looks, wide_loop};
use segue_tests::{repository, taxi};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// The number of measurements of a flow that is compared with another flow.
const TIMES: usize = 3;
/// How often a wide loop may write the document of its execution for each task run.
const WIDE_WRITES: f64 = 0.3;
/// The messages and writes that a look of a polling trigger may cost if it finds nothing: the tick and the writes of the
/// trigger's state before and after, the look, and its result.
const LOOK_MESSAGES: u64 = 3;
const LOOK_WRITES: u64 = 3;

/// Count what flows cost on Google Cloud.
#[derive(Parser)]
struct Arguments {
    /// The folder of the built programs. Default: the folder of this program.
    #[arg(long)]
    programs: Option<PathBuf>,
    /// The size of the moved file, in MiB.
    #[arg(long, default_value_t = 256)]
    large: u64,
    /// The number of iterations of the wide loop.
    #[arg(long, default_value_t = 300)]
    wide: u64,
    /// Run only the wide loop.
    #[arg(long)]
    only_wide: bool,
    /// Run only the polling trigger.
    #[arg(long)]
    only_polling: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let programs = match arguments.programs {
        Some(folder) => folder,
        None => {
            std::env::current_exe()?.parent().context("the folder of this program is unknown")?.to_owned()
        }
    };
    let (source, files) = taxi::serve_months().await?;

    let mut system =
        System::start(&programs, &format!("costs-{}", std::process::id()), Setup::default()).await?;
    if arguments.only_wide {
        wide(&system, &source, arguments.wide).await?;
        return system.stop().await;
    }
    if arguments.only_polling {
        polling(&system).await?;
        return system.stop().await;
    }
    say("| function | started in | memory at rest |\n|---|---|---|")?;
    for (name, function) in &system.functions {
        let (now, _) = function.memory()?;
        say(&format!("| `{name}` | {} ms | {} MiB |", function.took.as_millis(), now / 1024))?;
    }
    say("")?;
    for file in ["01_gcp_kv", "02_gcp_setup", "03_gcp_taxi"] {
        let path = repository().join(format!("flows/zoomcamp/{file}.yaml"));
        system.api.import(std::fs::read_to_string(path)?).await?;
    }
    let kinds = [
        ("inline", "io.kestra.plugin.core.log.Log\n    message: said"),
        (
            "runnable",
            "io.kestra.plugin.scripts.shell.Commands\n    taskRunner: {type: io.kestra.plugin.core.runner.Process}\n    commands: [\"true\"]",
        ),
    ];
    for (kind, task) in kinds {
        for count in [5, 25] {
            system.api.import(many(&format!("{kind}-{count}"), task, count)).await?;
        }
    }
    let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let to = [
        text("taxi_url", &source),
        text("gcp_bucket_name", &format!("{}-trips", system.prefix())),
        text("gcp_project_id", system.project()),
    ];
    let month = [text("year", "2023"), text("month", "01")];
    let mut costs = Vec::new();
    for (flow, inputs) in [("01_gcp_kv", &to[..]), ("02_gcp_setup", &[]), ("03_gcp_taxi", &month)] {
        costs.push(measure(&system, flow, inputs).await?);
    }
    for flow in ["inline-5", "inline-25", "runnable-5", "runnable-25"] {
        // A measurement may include other work: the scheduler reads all flows now and then, and a slow machine renews
        // claims. So the lowest of several measurements is the flow's own cost.
        let mut cheapest = measure(&system, flow, &[]).await?;
        for _ in 1..TIMES {
            cheapest = cheapest.least(measure(&system, flow, &[]).await?);
        }
        costs.push(cheapest);
    }
    say(HEAD)?;
    for cost in &costs {
        say(&cost.to_string())?;
    }
    let of = |flow: &str| costs.iter().find(|cost| cost.flow == flow).context("it was measured");
    let per_run =
        |few: &Cost, many: &Cost, kind: &str| many.of(kind).saturating_sub(few.of(kind)) as f64 / 20.0;
    say("\n| one more task run | messages | writes | reads | $ per million |\n|---|---|---|---|---|")?;
    for (kind, [messages, writes, reads]) in [("inline", [0.0, 0.0, 0.0]), ("runnable", [2.0, 3.0, 3.0])] {
        let (few, many) = (of(&format!("{kind}-5"))?, of(&format!("{kind}-25"))?);
        let found =
            ["pubsub.messages", "firestore.writes", "firestore.reads"].map(|name| per_run(few, many, name));
        let dollars = (many.dollars(50.0, 4.0) - few.dollars(50.0, 4.0)) / 20.0;
        let [of_messages, of_writes, of_reads] = found;
        say(&format!("| {kind} | {of_messages:.2} | {of_writes:.2} | {of_reads:.2} | {dollars:.2} |"))?;
        ensure!(
            of_messages <= messages && of_writes <= writes + 0.1 && of_reads <= reads,
            "one more {kind} task run may cost {messages} messages, {writes} writes and {reads} reads"
        );
    }
    polling(&system).await?;
    wide(&system, &source, arguments.wide).await?;
    let bytes = arguments.large * 1024 * 1024;
    std::fs::File::create(files.path().join("large.bin"))?.set_len(bytes)?;
    let url = source.replace("/taxi", "/large.bin");
    say(&format!(
        "\n| function | memory before, MiB | at most, with a file of {} MiB |\n|---|---|---|",
        arguments.large
    ))?;
    for (name, rest, most) in large_file(&system, &url, bytes).await? {
        say(&format!("| `{name}` | {} | {} |", rest / 1024, most / 1024))?;
    }
    say("\n| function | memory afterwards | stopped in |\n|---|---|---|")?;
    for (name, function) in &mut system.functions {
        let (now, _) = function.memory()?;
        let took =
            function.stop(Duration::from_secs(10)).await.with_context(|| format!("stopping {name}"))?;
        say(&format!("| `{name}` | {} MiB | {} ms |", now / 1024, took.as_millis()))?;
    }
    system.stop().await
}

/// Runs a wide loop over requests to the source of the trips, and prints what the loop cost.
async fn wide(system: &System, source: &str, iterations: u64) -> anyhow::Result<()> {
    let url = format!("{}/health", source.trim_end_matches("/taxi"));
    let cost = wide_loop(system, &url, iterations).await?;
    say(&format!("\n{WIDE_HEAD}\n{cost}"))?;
    let found = cost.execution_writes_per_task_run();
    ensure!(
        found < WIDE_WRITES,
        "a wide loop may write its execution {WIDE_WRITES} times per task run, not {found:.3}"
    );
    Ok(())
}

/// Prints what a polling trigger costs. It may cost nothing between two looks.
async fn polling(system: &System) -> anyhow::Result<()> {
    let cost = looks(system).await?;
    say(&format!("\n{LOOKS_HEAD}\n{cost}"))?;
    ensure!(cost.between.is_empty(), "between two looks, there were {:?}", cost.between);
    let of = |kind: &str| cost.look.get(kind).copied().unwrap_or_default();
    ensure!(
        of("pubsub.messages") <= LOOK_MESSAGES && of("firestore.writes") <= LOOK_WRITES,
        "a look that finds nothing may cost {LOOK_MESSAGES} messages and {LOOK_WRITES} writes, not {:?}",
        cost.look
    );
    Ok(())
}

/// A flow of many tasks of one kind, one after another.
fn many(id: &str, task: &str, count: usize) -> String {
    let tasks: String = (0..count).map(|number| format!("  - id: t{number}\n    type: {task}\n")).collect();
    format!("id: {id}\nnamespace: zoomcamp\ntasks:\n{tasks}")
}

fn say(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
