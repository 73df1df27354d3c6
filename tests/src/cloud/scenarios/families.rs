//! A flow with a task of each family of services around Google Cloud: PostgreSQL, DuckDB, Git, dbt, language models,
//! services that are described as data, file formats, archives, images, topics. Messages come twice, late or not at
//! all, and the functions of the families are killed in turn. Each execution ends as it would without faults.

#![allow(clippy::indexing_slicing, reason = "a field of JSON that does not exist is null")]

use super::execution::{Execution, import, start};
use crate::cloud::faults::Faults;
use crate::cloud::{Setup, System};
use anyhow::{Context as _, ensure};
use axum::Router;
use axum::routing::post;
use segue_fn_ai::server::ModelServer;
use segue_fn_git::server::{GitServer, PASSWORD, USER};
use segue_fn_postgres::cluster::{Cluster, Database};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The number of executions, one after another.
const EXECUTIONS: usize = 3;
/// The number of messages that start executions.
const MESSAGES: usize = 30;
/// The number of rows of the file.
const ROWS: usize = 500;
/// The functions that are killed in turn.
const KILLED: [&str; 12] = [
    "postgres",
    "duckdb",
    "git",
    "container",
    "ai",
    "connect",
    "serdes",
    "compress",
    "pubsub",
    "scheduler",
    "storage",
    "executor",
];
const PAUSE: Duration = Duration::from_millis(700);
const LIMIT: Duration = Duration::from_secs(240);
/// The topic with messages that start executions, without the prefix of the system.
const TOPIC: &str = "families";

/// Why the scenario is skipped where PostgreSQL or Git is not installed.
pub(super) const MISSING: &str = "PostgreSQL or Git is not installed";

pub(super) fn setup(seed: u64) -> Setup {
    Setup { faults: Faults::of_every_kind(seed), ..Setup::default() }
}

/// The servers that the flow calls.
struct Servers {
    cluster: &'static Cluster,
    database: Database,
    git: GitServer,
    models: ModelServer,
    /// The URL of an incoming webhook.
    hook: String,
    /// How often the webhook was called.
    calls: Arc<AtomicUsize>,
}

impl Servers {
    /// None if PostgreSQL or Git is not installed.
    async fn start() -> anyhow::Result<Option<Self>> {
        let Some(cluster) = Cluster::shared() else { return Ok(None) };
        let Some(git) = GitServer::start().await else { return Ok(None) };
        let calls = Arc::<AtomicUsize>::default();
        let called = calls.clone();
        let hook = move || {
            called.fetch_add(1, Ordering::SeqCst);
            async { "ok" }
        };
        let app = Router::new().route("/hook", post(hook));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let hook = format!("http://{}/hook", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, app).await });
        let (database, models) = (cluster.database(), ModelServer::start().await);
        Ok(Some(Self { cluster, database, git, models, hook, calls }))
    }

    /// The flow. Tasks that a second run could double are written as flows for Kestra write them: rows go to a staging
    /// table, and from there once into the table.
    fn flow(&self, topic: &str) -> Value {
        let Database { url, user, password, .. } = &self.database;
        let postgres = |id: &str, kind: &str, more: Value| {
            let base = json!({"id": id, "type": format!("io.kestra.plugin.jdbc.postgresql.{kind}"), "url": url,
                "username": user, "password": password});
            joined(base, more)
        };
        let kestra = |id: &str, kind: &str, more: Value| {
            joined(json!({"id": id, "type": format!("io.kestra.plugin.{kind}")}), more)
        };
        let git = |id: &str, kind: &str, repository: &str, more: Value| {
            let base =
                json!({"url": self.git.repository(repository), "username": USER, "password": PASSWORD});
            kestra(id, &format!("git.{kind}"), joined(base, more))
        };
        let process = json!({"type": "io.kestra.plugin.core.runner.Process"});
        let table = "{{ execution.id | lower }}";
        json!({"id": "families", "namespace": "faults", "tasks": [
            kestra("make", "core.storage.Write", json!({"extension": ".csv", "content":
                format!("id,name\n{{% for n in range(1, {ROWS}) %}}{{{{ n }}}},name {{{{ n }}}}\n{{% endfor %}}")})),
            kestra("to_ion", "serdes.csv.CsvToIon", json!({"from": "{{ outputs.make.uri }}"})),
            kestra("to_csv", "serdes.csv.IonToCsv", json!({"from": "{{ outputs.to_ion.uri }}"})),
            kestra("pack", "compress.ArchiveCompress",
                json!({"algorithm": "ZIP", "from": {"rows.csv": "{{ outputs.to_csv.uri }}"}})),
            kestra("unpack", "compress.ArchiveDecompress", json!({"algorithm": "ZIP", "from": "{{ outputs.pack.uri }}"})),
            kestra("count", "jdbc.duckdb.Query", json!({"fetchType": "FETCH_ONE",
                "inputFiles": {"rows.csv": "{{ outputs.unpack.files['rows.csv'] }}"},
                "sql": "SELECT count(*) AS n, CAST(sum(id) AS BIGINT) AS total FROM 'rows.csv'"})),
            postgres("tables", "Queries", json!({"fetchType": "NONE", "sql": format!(
                "CREATE TABLE IF NOT EXISTS staging_{table} (id int, name text); TRUNCATE staging_{table};
                 CREATE TABLE IF NOT EXISTS rows_{table} (id int PRIMARY KEY, name text);")})),
            postgres("load", "CopyIn", json!({"from": "{{ outputs.unpack.files['rows.csv'] }}", "header": true,
                "table": format!("staging_{table}"), "format": "CSV"})),
            postgres("merge", "Query", json!({"fetchType": "NONE", "sql": format!(
                "INSERT INTO rows_{table} SELECT DISTINCT id, name FROM staging_{table} ON CONFLICT DO NOTHING")})),
            kestra("dir", "core.flow.WorkingDirectory", json!({"tasks": [
                git("clone", "Clone", "project", json!({})),
                kestra("lines", "scripts.shell.Commands", json!({"taskRunner": process,
                    "commands": ["echo '::{\"outputs\":{\"lines\":'$(wc -l < data.txt)'}}::'"]})),
            ]})),
            git("push", "PushFlows", "flows", json!({"sourceNamespace": "faults", "targetNamespace": "faults",
                "flows": "families", "gitDirectory": "_flows", "branch": "main"})),
            kestra("dbt", "dbt.cli.DbtCLI", json!({"containerImage": "ghcr.io/kestra-io/dbt-duckdb",
                "beforeCommands": [DBT], "commands": ["dbt build"]})),
            kestra("image", "docker.Build", json!({"dockerfile": "FROM scratch\nCOPY data.txt /\n", "push": true,
                "tags": "europe-docker.pkg.dev/p/r/x:1", "inputFiles": {"data.txt": "x"}})),
            kestra("ask", "ai.completion.ChatCompletion", json!({"provider": self.models.provider("OpenAI", "m"),
                "messages": [{"type": "USER", "content": "hello"}]})),
            kestra("tell", "slack.notifications.SlackIncomingWebhook",
                json!({"url": self.hook, "messageText": "{{ execution.id }}"})),
            kestra("publish", "gcp.pubsub.Publish", json!({"topic": topic, "serdeType": "JSON",
                "from": [{"data": {"by": "{{ execution.id }}"}}]})),
            kestra("say", "core.log.Log", json!({"message": "{{ outputs.count.row.n }} rows, {{ outputs.count.row.total }}, \
                {{ outputs.lines.vars.lines }} lines, {{ outputs.ask.textOutput }}, {{ outputs.image.imageId | slice(0, 7) }}"})),
        ]})
    }
}

/// A program that writes what dbt writes after two models.
const DBT: &str = r#"mkdir -p bin target
cat > bin/dbt <<'END'
#!/bin/sh
sleep 1
result() {
  printf '{"unique_id": "model.p.%s", "status": "success", "execution_time": 0.5, "message": "ok", "failures": null, "timing": [{"name": "execute", "started_at": "2024-01-01T00:00:00.000000Z", "completed_at": "2024-01-01T00:00:00.500000Z"}], "adapter_response": {}}' "$1"
}
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
printf '{"metadata": {"generated_at": "%s"}, "results": [%s, %s]}' "$now" "$(result one)" "$(result two)" > target/run_results.json
printf '{"nodes": {}}' > target/manifest.json
END
chmod +x bin/dbt
PATH="$PWD/bin:$PATH""#;

fn joined(mut base: Value, more: Value) -> Value {
    if let (Some(base), Value::Object(more)) = (base.as_object_mut(), more) {
        base.extend(more);
    }
    base
}

/// A flow with a trigger that gets the messages of the topic.
fn listener(topic: &str) -> Value {
    json!({"id": "arrivals", "namespace": "faults",
        "tasks": [{"id": "say", "type": "io.kestra.plugin.core.log.Log", "message": "{{ trigger.data.by }}"}],
        "triggers": [{"id": "messages", "type": "io.kestra.plugin.gcp.pubsub.RealtimeTrigger", "topic": topic,
            "subscription": format!("{}-listener", topic.rsplit('/').next().unwrap_or_default()), "serdeType": "JSON"}]})
}

/// Returns none if a server is not installed.
pub(super) async fn check(system: &mut System) -> anyhow::Result<Option<String>> {
    let Some(servers) = Servers::start().await? else { return Ok(None) };
    servers.git.repository("project");
    servers.git.commit("project", "main", &[("data.txt", Some("a\nb\nc\n"))]);
    servers.git.repository("flows");
    let topic = system.topic(TOPIC).await?;
    import(system, &listener(&topic).to_string()).await?;
    import(system, &servers.flow(&topic).to_string()).await?;
    let began = Instant::now();
    let mut kills = 0;
    // The trigger is connected as soon as its subscription exists. Earlier messages would not be in the subscription.
    while !system.has_subscription(&format!("{TOPIC}-listener")).await? {
        ensure!(began.elapsed() < LIMIT, "the trigger has no subscription after {} s", LIMIT.as_secs());
        tokio::time::sleep(PAUSE).await;
    }
    let (mut open, mut published) = (Vec::new(), 0);
    loop {
        if open.len() < EXECUTIONS {
            open.push(start(system, "families").await?.id);
        }
        let until = (published + 3).min(MESSAGES);
        for number in published..until {
            system.publish(TOPIC, &json!({"by": format!("message {number}")})).await?;
        }
        published = until;
        let victim = KILLED.get(kills % KILLED.len()).context("nobody to kill")?;
        system.restart(victim).await?;
        kills += 1;
        tokio::time::sleep(PAUSE).await;
        if published == MESSAGES
            && open.len() == EXECUTIONS
            && system.api.open().await.is_ok_and(|open| open == 0)
        {
            let arrived = arrivals(system).await?;
            if arrived.len() >= MESSAGES + EXECUTIONS {
                break;
            }
        }
        ensure!(
            began.elapsed() < LIMIT,
            "not done after {} s: {:?}",
            LIMIT.as_secs(),
            open_runs(system, &open).await
        );
    }
    for id in &open {
        ends_as_without_faults(system, &servers, id).await?;
    }
    ensure!(
        servers.calls.load(Ordering::SeqCst) >= EXECUTIONS,
        "the webhook was not called for each execution"
    );
    let found = servers.git.ask("flows", &["ls-tree", "-r", "--name-only", "main"]);
    ensure!(found == "_flows/families.yml", "the repository has {found}");
    let arrived = arrivals(system).await?;
    let different: BTreeSet<&String> = arrived.iter().collect();
    ensure!(different.len() == MESSAGES + EXECUTIONS, "{} different messages arrived", different.len());
    let doubled = (0..MESSAGES).map(|number| format!("message {number}"));
    for message in doubled {
        let times = arrived.iter().filter(|known| **known == message).count();
        ensure!(times == 1, "{message} started {times} executions");
    }
    Ok(Some(format!(
        "{EXECUTIONS} executions with {} tasks each and {} messages, with {kills} kills, in {:.0} s",
        servers.flow(&topic)["tasks"].as_array().map_or(0, Vec::len),
        arrived.len(),
        began.elapsed().as_secs_f64()
    )))
}

async fn ends_as_without_faults(system: &System, servers: &Servers, id: &str) -> anyhow::Result<()> {
    let execution = Execution::of(system, id);
    let end = execution.succeeds(LIMIT).await?;
    let total = ROWS * (ROWS + 1) / 2;
    let log = execution.log().await?;
    let said = log.iter().any(|line| {
        line.starts_with(&format!("{ROWS} rows, {total}, 3 lines, ")) && line.ends_with("sha256:")
    });
    ensure!(said, "the log of {id} is {log:#?}");
    let states = end.states();
    for model in ["model.p.one", "model.p.two"] {
        let times: usize =
            states.iter().filter(|(run, _)| run.starts_with(model)).map(|(_, times)| times).sum();
        ensure!(times == 1, "the model {model} has {times} task runs: {states:?}");
    }
    let rows = servers
        .cluster
        .ask(&servers.database, &format!("SELECT count(*), sum(id) FROM rows_{}", id.to_lowercase()));
    ensure!(rows == format!("{ROWS}|{total}"), "the table of {id} has {rows}");
    Ok(())
}

/// The messages that started executions, one for each execution.
async fn arrivals(system: &System) -> anyhow::Result<Vec<String>> {
    let mut arrived = Vec::new();
    for execution in system.api.executions().await? {
        if execution.get("flowId").and_then(Value::as_str) == Some("arrivals") {
            let state = execution.pointer("/state/current").and_then(Value::as_str);
            ensure!(state != Some("FAILED"), "the execution of a message failed: {execution}");
            let by = execution.pointer("/trigger/variables/data/by").and_then(Value::as_str);
            arrived.push(by.context("an execution without its message")?.to_owned());
        }
    }
    Ok(arrived)
}

/// The task runs of executions by state, for an error message.
async fn open_runs(system: &System, ids: &[String]) -> Vec<Value> {
    let mut runs = Vec::new();
    for id in ids {
        let shown = system.api.execution(id).await.unwrap_or_default();
        let list = shown.get("taskRunList").and_then(Value::as_array).cloned().unwrap_or_default();
        let state = |run: &Value| json!([run["taskId"], run["state"]["current"]]);
        runs.extend(list.iter().map(state).filter(|state| state[1] != "SUCCESS"));
    }
    runs
}
