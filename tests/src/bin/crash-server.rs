//! Kills a server repeatedly while it works. Checks that no work was lost and no work was done twice.
//!
//! The work is every golden flow, and a backfill of 24 months of the scheduled taxi flow, which has a concurrency limit
//! of 1. The first round has no kills. Further rounds follow until the number of kills is reached. After each round,
//! the executions must have ended as in the first round, every slot must have run once, and the main table must have
//! the same rows.
//!
//! Then the server is killed equally often while scripts run. No script may run twice at the same time, and no script
//! may outlive its server.

use anyhow::{Context as _, ensure};
use clap::Parser;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use segue_tests::repository;
use segue_tests::server::{Client, Ended, ServerProcess, poison, scripts};
use segue_tests::taxi::{SCHEDULED, same_ends, serve_months, slots_ran_once};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The time limit of a round.
const ROUND_LIMIT: Duration = Duration::from_secs(900);

/// Kill a server at random moments, and compare the results with a run without kills.
#[derive(Parser)]
struct Arguments {
    /// The command `segue`.
    #[arg(long)]
    segue: PathBuf,
    /// The smallest number of kills.
    #[arg(long, default_value_t = 200)]
    kills: usize,
    /// The seed for the times of the kills.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The longest time until a kill, in milliseconds.
    #[arg(long, default_value_t = 1200)]
    longest_life: u64,
}

/// This program kills every script many times, so the usual limit of deliveries must not stop a script.
const MANY_DELIVERIES: [(&str, &str); 1] = [("SEGUE_MAX_DELIVERIES", "1000")];

/// The result of a round.
#[derive(PartialEq)]
struct Outcome {
    ends: Vec<Ended>,
    rows: Value,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    poison::a_deadly_task_fails(&arguments.segue).await?;
    say("a task that ends the server each time it runs has failed after three, and the server stays")?;
    let mut moments = StdRng::seed_from_u64(arguments.seed);
    let (kills, life) = (arguments.kills, arguments.longest_life);
    let (runs, cut_off) =
        scripts::none_twice_and_none_left(&arguments.segue, kills, life, &mut moments).await?;
    say(&format!(
        "scripts: {kills} kills, {cut_off} of them while scripts ran; {runs} began, none twice at once, none left"
    ))?;
    let (source, _files) = serve_months().await?;

    let began = Instant::now();
    let (peace, _) = round(&arguments, &source, None).await?;
    say(&format!("in peace: {} executions in {:.1} s", peace.ends.len(), began.elapsed().as_secs_f64()))?;
    slots_ran_once(&peace.ends)?;

    let (mut kills, mut rounds) = (0, 0);
    while kills < arguments.kills {
        let began = Instant::now();
        let (outcome, killed) = round(&arguments, &source, Some(&mut moments)).await?;
        kills += killed;
        rounds += 1;
        slots_ran_once(&outcome.ends)?;
        same_ends(&peace.ends, &outcome.ends)?;
        ensure!(peace.rows == outcome.rows, "the rows of the main table differ");
        let seconds = began.elapsed().as_secs_f64();
        say(&format!("round {rounds}: killed {killed} times in {seconds:.1} s, the same ends and rows"))?;
        ensure!(killed > 0, "a round ended before the first kill: make the lives shorter");
    }
    say(&format!("{kills} kills in {rounds} rounds: nothing lost, nothing doubled"))
}

/// Does all the work in an empty data directory. The server is killed at the times in `moments`. If `moments` is empty,
/// the server is not killed.
async fn round(
    arguments: &Arguments,
    source: &str,
    mut moments: Option<&mut StdRng>,
) -> anyhow::Result<(Outcome, usize)> {
    let directory = tempfile::tempdir()?;
    let start =
        async || ServerProcess::start_with(&arguments.segue, directory.path(), &MANY_DELIVERIES).await;
    let mut server = start().await?;
    let backfill = submit(&Client::new(&server.url)?, source).await?;
    let began = Instant::now();
    let mut kills = 0;
    loop {
        ensure!(began.elapsed() < ROUND_LIMIT, "the work is not done after {} s", ROUND_LIMIT.as_secs());
        let life = match &mut moments {
            Some(moments) => moments.random_range(10..arguments.longest_life.max(11)),
            None => 200,
        };
        tokio::time::sleep(Duration::from_millis(life)).await;
        if moments.is_some() {
            server.kill().await?;
            kills += 1;
            server = start().await?;
        }
        let client = Client::new(&server.url)?;
        if client.backfill_state(&backfill).await? == "FINISHED" && client.open().await? == 0 {
            break;
        }
    }
    let ends = Client::new(&server.url)?.ends().await?;
    server.kill().await?;
    let rows = rows(&arguments.segue, directory.path())?;
    Ok((Outcome { ends, rows }, kills))
}

/// Saves all flows and starts all executions. Returns the id of the backfill.
async fn submit(client: &Client, source: &str) -> anyhow::Result<String> {
    let zoomcamp = repository().join("flows/zoomcamp");
    for file in ["01_gcp_kv", "02_gcp_setup", SCHEDULED] {
        client.import(std::fs::read_to_string(zoomcamp.join(format!("{file}.yaml")))?).await?;
    }
    client.start(("zoomcamp", "01_gcp_kv"), &[("taxi_url".into(), source.into())], true).await?;
    client.start(("zoomcamp", "02_gcp_setup"), &[], true).await?;
    let mut cases: Vec<PathBuf> = std::fs::read_dir(repository().join("tests/flows"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    cases.sort();
    let mut started = Vec::new();
    for case in &cases {
        for called in std::fs::read_dir(case.join("load")).into_iter().flatten() {
            client.import(std::fs::read_to_string(called?.path())?).await?;
        }
        let flow = std::fs::read_to_string(case.join("flow.yaml"))?;
        let key = |name: &str| {
            let line = flow.lines().find_map(|line| line.strip_prefix(name));
            line.map(|value| value.trim().to_owned()).with_context(|| format!("{name} {}", case.display()))
        };
        started.push((key("namespace:")?, key("id:")?, inputs(case)?));
        client.import(flow).await?;
    }
    let backfill = client
        .backfill(&json!({
            "namespace": "zoomcamp", "flowId": SCHEDULED, "triggerId": "yellow_schedule",
            "start": "2023-01-01", "end": "2024-12-31"
        }))
        .await?;
    for (namespace, id, inputs) in &started {
        client.start((namespace, id), inputs, false).await?;
    }
    Ok(backfill)
}

fn inputs(case: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let Ok(text) = std::fs::read_to_string(case.join("inputs.json")) else { return Ok(Vec::new()) };
    let inputs: serde_json::Map<String, Value> = serde_json::from_str(&text)?;
    let plain = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Ok(inputs.into_iter().map(|(name, value)| (name, plain(value))).collect())
}

/// The rows of the main table, in order.
fn rows(segue: &Path, data_dir: &Path) -> anyhow::Result<Value> {
    let output = std::process::Command::new(segue)
        .arg("--data-dir")
        .arg(data_dir)
        .args([
            "query",
            "--output",
            "json",
            "SELECT * FROM zoomcamp.yellow_tripdata ORDER BY unique_row_id, filename",
        ])
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn say(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
