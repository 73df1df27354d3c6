//! Runs the taxi flows on all of Segue's functions, as on Google Cloud (see `segue_tests::cloud`).
//!
//! The first round has no faults. In later rounds, functions are killed, Firestore has outages, clocks differ, and
//! messages are duplicated, delayed, reordered, refused and lost. After each round, every execution must have ended as
//! in the first round, every slot must have run once, and the main table must have the same rows. Beside the rounds the
//! program runs tasks that take longer than the time limit of a request, and the scenarios, each with one fault at the
//! worst moment. `--scenario NAME` runs only this scenario. All of this waits most of its time, so it runs at once.
//!
//! Run the program with the variables of the emulators: `tests/tools/on-emulators.sh cloud-system …`.

#![expect(clippy::disallowed_methods, reason = "a test compares with the machine's clock")]

use anyhow::{Context as _, ensure};
use clap::{Parser, ValueEnum as _};
use futures::StreamExt as _;
use segue_tests::cloud::{Counts, Disturbances, Scenario, Setup, System, long_work};
use segue_tests::repository;
use segue_tests::server::Ended;
use segue_tests::taxi::{MONTHS, SCHEDULED, same_ends, serve_months, slots_ran_once};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The time limit of a round.
const ROUND_LIMIT: Duration = Duration::from_secs(600);
/// The time limit for the slots of a tick.
const TICK_LIMIT: Duration = Duration::from_secs(60);
/// The number of error lines shown for each function when a round fails.
const COMPLAINTS: usize = 5;
/// The id of the backfill that a message requests.
const BACKFILL: &str = "all-months";

/// A flow with slots two seconds apart.
const TICKED: &str = "\
id: ticked
namespace: zoomcamp
triggers:
  - id: often
    type: io.kestra.plugin.core.trigger.Schedule
    cron: \"*/2 * * * * *\"
    withSeconds: true
tasks:
  - id: say
    type: io.kestra.plugin.core.log.Log
    message: \"{{ trigger.date }}\"
";

/// Run the taxi flows on Segue's functions as on Google Cloud, first without faults and then with faults.
#[derive(Parser)]
struct Arguments {
    /// The folder of the built programs. Default: the folder of this program.
    #[arg(long)]
    programs: Option<PathBuf>,
    /// The number of rounds with faults, each with its own seed.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// The first seed. Scenarios with faults of messages use this seed.
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// The number of rounds that run at the same time. Each round has its own processes on the same emulators.
    #[arg(long, default_value_t = 1)]
    at_once: usize,
    /// The longest time between two disturbances of a round, in milliseconds.
    #[arg(long, default_value_t = 1_500)]
    longest_peace: u64,
    /// Run only these scenarios, and no rounds.
    #[arg(long, value_enum)]
    scenario: Vec<Scenario>,
    /// The number of scenarios that run at the same time.
    #[arg(long, default_value_t = 2)]
    scenarios_at_once: usize,
    /// Keep the logs of a failed round, and print their path.
    #[arg(long)]
    keep: bool,
}

/// The result of a round.
struct Outcome {
    ends: Vec<Ended>,
    rows: Value,
    usage: BTreeMap<String, u64>,
    disturbances: Counts,
    messages: [u64; 5],
    /// The number of commits that lost their answer.
    answers_lost: u64,
}

/// The outcome of the round without faults, as soon as the round has ended.
type Peace = watch::Receiver<Option<Outcome>>;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let programs = match &arguments.programs {
        Some(folder) => folder.clone(),
        None => std::env::current_exe()?.parent().context("this program is in no folder")?.to_owned(),
    };
    if !arguments.scenario.is_empty() {
        return scenarios(&arguments, &programs, &arguments.scenario).await;
    }
    let (source, _files) = serve_months().await?;

    let round = Round { programs: &programs, source: &source, keep: arguments.keep, longest_peace: None };
    let (sender, peace) = watch::channel(None);
    let first = async {
        sender.send_replace(Some(in_peace(round).await?));
        Ok(())
    };
    let long = async { say(&long_work(&programs).await.context("with a short limit")?) };
    let round = Round { longest_peace: Some(arguments.longest_peace), ..round };
    let all = scenarios(&arguments, &programs, Scenario::value_variants());
    let ((), (), disturbances, ()) = tokio::try_join!(first, long, rounds(&arguments, round, &peace), all)?;
    say(&format!("{} seeds, {disturbances}: nothing lost, nothing doubled, nothing hanging", arguments.seeds))
}

/// Runs the round without faults.
async fn in_peace(round: Round<'_>) -> anyhow::Result<Outcome> {
    let began = Instant::now();
    let peace = round.run(Setup::default()).await.context("in peace")?;
    let runs: usize = peace.ends.iter().map(|end| end.task_runs.len()).sum();
    say(&format!(
        "in peace: {} executions with {runs} task runs in {:.1} s",
        peace.ends.len(),
        began.elapsed().as_secs_f64()
    ))?;
    for (kind, count) in &peace.usage {
        say(&format!("  {kind}: {count}"))?;
    }
    slots_ran_once(&peace.ends)?;
    let rows = peace.rows.as_array().map(Vec::len).unwrap_or_default();
    ensure!(rows > 0, "the main table is empty");
    Ok(peace)
}

/// Runs the rounds with faults. Returns how often things went wrong.
async fn rounds(arguments: &Arguments, round: Round<'_>, peace: &Peace) -> anyhow::Result<Counts> {
    let mut rounds = futures::stream::iter(arguments.first..arguments.first + arguments.seeds)
        .map(|seed| under_faults(round, seed, peace.clone()))
        .buffer_unordered(arguments.at_once.max(1));
    let mut counts = Counts::default();
    while let Some(round) = rounds.next().await {
        counts += round?;
    }
    Ok(counts)
}

/// Runs scenarios, some at the same time.
async fn scenarios(arguments: &Arguments, programs: &Path, scenarios: &[Scenario]) -> anyhow::Result<()> {
    let mut runs = futures::stream::iter(scenarios)
        .map(|scenario| scenario.run(programs, arguments.first, arguments.keep))
        .buffer_unordered(arguments.scenarios_at_once.max(1));
    while let Some(said) = runs.next().await {
        say(&said?)?;
    }
    Ok(())
}

/// Runs a round with the faults of a seed, and compares the result with the round without faults. Returns how
/// often things went wrong.
async fn under_faults(round: Round<'_>, seed: u64, mut peace: Peace) -> anyhow::Result<Counts> {
    let began = Instant::now();
    let outcome = round.run(Disturbances::setup(seed)).await.with_context(|| format!("with seed {seed}"))?;
    let seconds = began.elapsed().as_secs_f64();
    let peace = peace.wait_for(Option::is_some).await.context("the round without faults has no result")?;
    let peace = peace.as_ref().context("the round without faults has no result")?;
    slots_ran_once(&outcome.ends).with_context(|| format!("with seed {seed}"))?;
    same_ends(&peace.ends, &outcome.ends).with_context(|| format!("with seed {seed}"))?;
    ensure!(peace.rows == outcome.rows, "with seed {seed} the rows of the main table differ");
    let [messages, duplicated, delayed, lost, refused] = outcome.messages;
    say(&format!(
        "seed {seed}: {}, {messages} messages, of which {duplicated} duplicated, {delayed} delayed, {lost} with their \
         answer lost, {refused} refused; {} commits with their answer lost; {seconds:.1} s, the same ends and rows",
        outcome.disturbances, outcome.answers_lost
    ))?;
    Ok(outcome.disturbances)
}

/// The settings of a round.
#[derive(Clone, Copy)]
struct Round<'a> {
    programs: &'a Path,
    source: &'a str,
    keep: bool,
    /// The longest time between two disturbances, in milliseconds. `None`: nothing goes wrong.
    longest_peace: Option<u64>,
}

impl Round<'_> {
    /// Does all the work on a new system.
    async fn run(self, setup: Setup) -> anyhow::Result<Outcome> {
        let seed = setup.faults.seed;
        let prefix = format!("t{}-{seed}", std::process::id());
        let mut system = System::start(self.programs, &prefix, setup).await?;
        let done = tokio::time::timeout(ROUND_LIMIT, self.work(&mut system, seed)).await;
        let done =
            done.unwrap_or_else(|_| Err(anyhow::anyhow!("not done after {} s", ROUND_LIMIT.as_secs())));
        // No fault of the platform may make an execution fail.
        let done = done.and_then(|outcome| {
            let others = outcome.ends.iter().filter(|end| end.state != "SUCCESS").count();
            ensure!(others == 0, "{others} executions did not succeed");
            Ok(outcome)
        });
        match done {
            Ok(outcome) => {
                system.stop().await?;
                Ok(outcome)
            }
            Err(error) => {
                let mut report = match system.api.ends().await {
                    Ok(mut ends) => {
                        ends.retain(|end| end.state != "SUCCESS");
                        format!("executions that did not succeed: {ends:#?}")
                    }
                    Err(reason) => format!("the API does not return the ended executions: {reason:#}"),
                };
                if let Ok(errors) = system.api.errors().await {
                    report += &format!("\nerrors in the logs of executions: {errors:#?}");
                }
                report += &system.complaints(COMPLAINTS);
                if self.keep {
                    report += &format!("\nthe logs are in {}", system.keep_logs().display());
                }
                say(&report)?;
                Err(error)
            }
        }
    }

    async fn work(self, system: &mut System, seed: u64) -> anyhow::Result<Outcome> {
        let zoomcamp = repository().join("flows/zoomcamp");
        for file in ["01_gcp_kv", "02_gcp_setup", "03_gcp_taxi", SCHEDULED] {
            system.api.import(std::fs::read_to_string(zoomcamp.join(format!("{file}.yaml")))?).await?;
        }
        // The emulator has one set of buckets for all its users, so the name of the bucket has the prefix of the round.
        let bucket = format!("{}-trips", system.prefix());
        let inputs = [
            ("taxi_url".to_owned(), self.source.to_owned()),
            ("gcp_bucket_name".to_owned(), bucket),
            ("gcp_project_id".to_owned(), system.project().to_owned()),
        ];
        let mut disturbances = self.longest_peace.map(|longest| Disturbances::new(seed, longest));
        for (flow, inputs) in [("01_gcp_kv", &inputs[..]), ("02_gcp_setup", &[])] {
            system.api.start(("zoomcamp", flow), inputs, false).await?;
            while system.api.open().await? > 0 {
                disturb(system, &mut disturbances).await?;
            }
        }
        let month =
            [("year", "2023"), ("month", "01")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        system.api.start(("zoomcamp", "03_gcp_taxi"), &month, false).await?;
        while system.api.open().await? > 0 {
            disturb(system, &mut disturbances).await?;
        }
        let backfill = json!({
            "id": BACKFILL, "namespace": "zoomcamp", "flowId": SCHEDULED, "triggerId": "yellow_schedule",
            "start": "2023-01-01", "end": "2024-12-31",
        });
        system.publish("backfills", &backfill).await?;
        loop {
            disturb(system, &mut disturbances).await?;
            let state = system.api.backfill_state(BACKFILL).await;
            if state.is_ok_and(|state| state == "FINISHED") && system.api.open().await? == 0 {
                break;
            }
        }
        let ends = system.api.ends().await?;
        ensure!(ends.len() == MONTHS + 3, "there are {} executions", ends.len());
        let sql = "SELECT * FROM zoomcamp.yellow_tripdata ORDER BY unique_row_id, filename";
        let (rows, usage) = (system.rows(sql).await?, system.usage().await?);
        if self.longest_peace.is_none() {
            ticks(system).await?;
        }
        Ok(Outcome {
            ends,
            rows,
            usage,
            disturbances: disturbances.map(|all| all.counts()).unwrap_or_default(),
            messages: system.proxy.counts(),
            answers_lost: system.firestore.lost(),
        })
    }
}

/// Saves a flow with a slot every two seconds, which no job of Cloud Scheduler can tick. Delayed messages must tick it.
/// Ticks without a time, as Cloud Scheduler sends them, are published as well. Each slot must run once.
async fn ticks(system: &System) -> anyhow::Result<()> {
    let before = jiff::Timestamp::now();
    system.api.import(TICKED.to_owned()).await?;
    tokio::time::sleep(Duration::from_secs(7)).await;
    let early = ticked(system).await?;
    ensure!(early.len() >= 2, "in 7 s without a tick from outside, only these slots ran: {early:?}");
    let tick = json!({"namespace": "zoomcamp", "flowId": "ticked", "triggerId": "often"});
    let due = jiff::Timestamp::now();
    for _ in 0..2 {
        system.publish("trigger-events", &tick).await?;
    }
    let last_due = due - jiff::SignedDuration::from_secs(2);
    let began = Instant::now();
    let mut slots = loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let open = system.api.open().await?;
        let slots = ticked(system).await?;
        if open == 0 && slots.iter().any(|slot| *slot >= last_due) {
            break slots;
        }
        ensure!(
            began.elapsed() < TICK_LIMIT,
            "{} s after a tick {open} executions are open, and these slots ran: {slots:?}",
            TICK_LIMIT.as_secs()
        );
    };
    slots.sort();
    let ran = slots.len();
    let gaps: Vec<i64> = slots
        .iter()
        .zip(slots.iter().skip(1))
        .map(|(one, next)| next.as_second() - one.as_second())
        .collect();
    ensure!(gaps.iter().all(|gap| *gap == 2), "slots two seconds apart ran with gaps of {gaps:?}");
    let (first, last) = slots.first().zip(slots.last()).context("no slot ran")?;
    ensure!(
        *first >= before && *last <= jiff::Timestamp::now() && ran >= 3,
        "{ran} slots ran, from {first} to {last}"
    );
    say(&format!("a schedule of seconds, and two equal ticks: {ran} slots two seconds apart ran, each once"))
}

/// The slots of [`TICKED`] that were executed.
async fn ticked(system: &System) -> anyhow::Result<Vec<jiff::Timestamp>> {
    let ends = system.api.ends().await?;
    let slots = ends.iter().filter(|end| end.flow == "ticked");
    slots.map(|end| Ok(end.slot.as_deref().context("an execution without its slot")?.parse()?)).collect()
}

/// Waits, then lets something go wrong. `None` only waits 200 ms.
async fn disturb(system: &mut System, disturbances: &mut Option<Disturbances>) -> anyhow::Result<()> {
    match disturbances {
        Some(disturbances) => disturbances.next(system).await,
        None => {
            tokio::time::sleep(Duration::from_millis(200)).await;
            Ok(())
        }
    }
}

fn say(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
