//! Puts load on a server, measures it, and prints the numbers next to the targets of the design.
//!
//! The server has a durable store in an empty data directory. With `--past`, the store has many past executions.

use anyhow::{Context as _, ensure};
use clap::Parser;
use jiff::Timestamp;
use segue_tests::server::{Client, ServerProcess, seed};
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const NAMESPACE: &str = "load";
/// The longest time for the executions of a trigger.
const MOST: Duration = Duration::from_secs(600);

/// Put load on a server, and print its throughput, latency and memory.
#[derive(Parser)]
struct Arguments {
    /// The command `segue`.
    #[arg(long)]
    segue: PathBuf,
    /// The number of executions with five inline tasks.
    #[arg(long, default_value_t = 2_000)]
    executions: usize,
    /// The number of simultaneous requests.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// The number of executions of other flows in the store at the start.
    #[arg(long, default_value_t = 0)]
    past: usize,
    /// The number of objects in a bucket. Each starts an execution, one after the end of the other.
    #[arg(long, default_value_t = 500)]
    objects: usize,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let directory = tempfile::tempdir()?;
    if arguments.past > 0 {
        let began = Instant::now();
        seed::past_executions(directory.path(), arguments.past).await?;
        line(
            "past executions made",
            &format!("{} in {:.0} s", arguments.past, began.elapsed().as_secs_f64()),
        )?;
    }
    let mut starts = Vec::new();
    for _ in 0..10 {
        let server = ServerProcess::start(&arguments.segue, directory.path()).await?;
        starts.push(server.took.as_secs_f64() * 1e3);
        server.kill().await?;
    }
    line("ready after start (target 100 ms)", &spread(&mut starts, "ms"))?;

    let server = ServerProcess::start(&arguments.segue, directory.path()).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    line("idle memory (target 40 MB)", &format!("{} MiB", server.memory()?.0))?;
    let client = Client::new(&server.url)?;
    for (id, tasks) in [("inline-5", 5), ("inline-40", 40), ("inline-3", 3)] {
        client.import(inline_flow(id, tasks)).await?;
    }
    client.import(runnable_flow()).await?;

    let mut first = one_by_one(&client, "inline-40", 20).await?;
    line("flow of 40 inline tasks (target 60 ms)", &spread(&mut first, "ms"))?;
    let mut small = one_by_one(&client, "inline-3", 200).await?;
    line("flow of 3 inline tasks (target 2 ms)", &spread(&mut small, "ms"))?;
    let mut added = added_latency(&client, 300).await?;
    line("added latency of a runnable task (target 2 ms)", &spread(&mut added, "ms"))?;

    let began = Instant::now();
    let before = client.total().await?;
    many(&client, &arguments).await?;
    let accepted = began.elapsed().as_secs_f64();
    while client.open().await? > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let seconds = began.elapsed().as_secs_f64();
    let made = client.total().await?.saturating_sub(before);
    ensure!(made == arguments.executions as u64, "{made} executions were made");
    let rate = arguments.executions as f64 * 5.0 / seconds;
    line(
        "executions of 5 inline tasks (target 5,000 task runs/s)",
        &format!(
            "{} in {seconds:.2} s (accepted in {accepted:.2} s): {rate:.0} task runs/s",
            arguments.executions
        ),
    )?;
    let rate = one_execution_each(&client, directory.path(), arguments.objects).await?;
    line("executions of a trigger on a bucket, one after another", &rate)?;
    let (now, most) = server.memory()?;
    line("memory after the load", &format!("{now} MiB, at most {most} MiB"))
}

fn line(what: &str, figure: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{what:<58} {figure}")?)
}

/// Median, 99th percentile and maximum.
fn spread(values: &mut [f64], unit: &str) -> String {
    values.sort_by(f64::total_cmp);
    let at = |part: f64| {
        let place = (part * values.len().saturating_sub(1) as f64).round() as usize;
        values.get(place).copied().unwrap_or_default()
    };
    format!(
        "median {:.2} {unit}, p99 {:.2} {unit}, max {:.2} {unit} ({} runs)",
        at(0.5),
        at(0.99),
        at(1.0),
        values.len()
    )
}

fn inline_flow(id: &str, tasks: usize) -> String {
    let tasks: String = (0..tasks)
        .map(|number| {
            format!("  - id: t{number}\n    type: io.kestra.plugin.core.debug.Return\n    format: \"{{{{ execution.id }}}} {number}\"\n")
        })
        .collect();
    format!("id: {id}\nnamespace: {NAMESPACE}\ntasks:\n{tasks}")
}

fn runnable_flow() -> String {
    format!(
        "id: runnable\nnamespace: {NAMESPACE}\ntasks:\n  - id: write\n    type: io.kestra.plugin.core.storage.Write\n    content: x\n"
    )
}

/// The times of executions that are started one after another, from CREATED to their end. In milliseconds.
async fn one_by_one(client: &Client, flow: &str, runs: usize) -> anyhow::Result<Vec<f64>> {
    let mut took = Vec::new();
    for _ in 0..runs {
        let ended = client.start((NAMESPACE, flow), &[], true).await?;
        took.push(between(&ended, "/state/startDate", "/state/endDate")?);
    }
    Ok(took)
}

/// The time that Segue adds to the time of a task. In milliseconds.
async fn added_latency(client: &Client, runs: usize) -> anyhow::Result<Vec<f64>> {
    let mut added = Vec::new();
    for _ in 0..runs {
        let ended = client.start((NAMESPACE, "runnable"), &[], true).await?;
        let whole = between(&ended, "/state/startDate", "/state/endDate")?;
        let history = "/taskRunList/0/attempts/0/state/histories";
        let work = between(&ended, &format!("{history}/1/date"), &format!("{history}/2/date"))?;
        added.push(whole - work);
    }
    Ok(added)
}

fn between(execution: &Value, from: &str, to: &str) -> anyhow::Result<f64> {
    let date = |pointer: &str| -> anyhow::Result<Timestamp> {
        let text = execution.pointer(pointer).and_then(Value::as_str);
        Ok(text.with_context(|| format!("{pointer} is missing in {execution}"))?.parse()?)
    };
    Ok(date(to)?.duration_since(date(from)?).as_secs_f64() * 1e3)
}

async fn many(client: &Client, arguments: &Arguments) -> anyhow::Result<()> {
    let next = Arc::new(AtomicUsize::new(0));
    let workers: Vec<_> = (0..arguments.connections)
        .map(|_| {
            let (client, next, all) = (client.clone(), next.clone(), arguments.executions);
            tokio::spawn(async move {
                while next.fetch_add(1, Ordering::Relaxed) < all {
                    client.start((NAMESPACE, "inline-5"), &[], false).await?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for worker in workers {
        worker.await??;
    }
    Ok(())
}

/// Starts an execution for each of many objects in a bucket: a look, an execution, and the next look after its end.
async fn one_execution_each(client: &Client, data: &Path, objects: usize) -> anyhow::Result<String> {
    let folder = data.join("objects/dropped/in");
    std::fs::create_dir_all(&folder)?;
    for number in 0..objects {
        std::fs::write(folder.join(format!("object-{number:06}")), "x")?;
    }
    let before = client.total().await?;
    client.import(format!(
        "id: dropped\nnamespace: {NAMESPACE}\ntasks:\n  - id: say\n    type: io.kestra.plugin.core.debug.Return\n    \
         format: \"{{{{ trigger.blobs[0].name }}}}\"\ntriggers:\n  - id: watch\n    type: \
         io.kestra.plugin.gcp.gcs.Trigger\n    from: gs://dropped/in/\n    interval: PT1S\n    maxFiles: 1\n"
    )).await?;
    let made = || async { anyhow::Ok(client.total().await?.saturating_sub(before)) };
    let imported = Instant::now();
    while made().await? == 0 {
        ensure!(imported.elapsed() < MOST, "the trigger found nothing");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let began = Instant::now();
    while made().await? < objects as u64 {
        ensure!(imported.elapsed() < MOST, "only {} of {objects} executions were made", made().await?);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let seconds = began.elapsed().as_secs_f64();
    Ok(format!("{objects} in {seconds:.2} s: {:.0} executions/s", objects as f64 / seconds))
}
