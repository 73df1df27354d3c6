//! All functions together.

#![expect(clippy::disallowed_methods, reason = "a test compares with the machine's clock")]

use super::environment::Environment;
use super::faults::{FirestoreProxy, Proxy, Route};
use super::process::{FunctionProcess, free_port, start_server};
use super::setup::Setup;
use crate::repository;
use crate::server::Client;
use anyhow::{Context as _, ensure};
use segue_gcp::{
    BigQueryWarehouse, DEAD_LETTERS, PlatformConfig, PushSubscription, ensure_subscription, ensure_topic,
};
use segue_ports::warehouse::{QueryJob, Warehouse as _};
use segue_service::{FunctionFacts, Subscription};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::process::Child;

/// The key for SECRET values, in base64.
const KEY: &str = "c2VndWUgY2xvdWQgdGVzdHMsIDMyIGJ5dGVzIGxvbmc=";

/// Segue's functions as processes, on emulators and stand-ins.
pub struct System {
    /// The functions by name, including the API.
    pub functions: BTreeMap<String, FunctionProcess>,
    /// The second processes of functions, by the name of the function.
    pub seconds: BTreeMap<String, FunctionProcess>,
    /// The proxy between Pub/Sub and the functions.
    pub proxy: Proxy,
    /// The proxy between the functions and Firestore.
    pub firestore: FirestoreProxy,
    /// The client of the API.
    pub api: Client,
    warehouse: BigQueryWarehouse,
    environment: Environment,
    config: PlatformConfig,
    /// The subscriptions by their functions.
    subscriptions: Vec<(String, Subscription)>,
    directory: TempDir,
    _stand_ins: Vec<Child>,
}

impl System {
    /// Starts all functions under a prefix that no other system uses. `programs` is the folder of the built programs.
    ///
    /// # Errors
    /// An error that names the program that could not be started, with its output.
    pub async fn start(programs: &Path, prefix: &str, setup: Setup) -> anyhow::Result<Self> {
        let environment = Environment::from_env()?;
        let directory = tempfile::tempdir()?;
        // The ids of executions follow from slots. So systems that run at the same time have executions with the same
        // ids, and working directories with the same names. Each system therefore has its own folder.
        let scratch = directory.path().join("tmp");
        std::fs::create_dir(&scratch)?;
        let (data, log) = (directory.path().join("bigquery"), directory.path().join("stand-ins.log"));
        let data_dir = data.to_string_lossy().into_owned();
        let arguments = ["--port", "0", "--data-dir", &data_dir];
        let (bigquery_child, bigquery) =
            start_server(&programs.join("bigquery-standin"), &arguments, &log).await?;
        let arguments = ["--port", "0", "--storage", &environment.storage, "--pubsub", &environment.pubsub];
        let (others_child, others) =
            start_server(&programs.join("google-standins"), &arguments, &log).await?;
        let firestore = FirestoreProxy::start(&environment.firestore, setup.firestore).await?;
        let variables: Vec<(String, String)> = [
            ("TMPDIR", &*scratch.to_string_lossy()),
            ("SEGUE_PLATFORM", "gcp"),
            ("SEGUE_PROJECT", &environment.project),
            ("SEGUE_PREFIX", prefix),
            ("SEGUE_BUCKET", &format!("{prefix}-internal")),
            ("SEGUE_ENCRYPTION_KEY", KEY),
            ("SEGUE_LOG_FORMAT", "json"),
            // Workers are killed often here, so claims are short, and other workers take over soon.
            ("SEGUE_CLAIM_SECONDS", "3"),
            ("FIRESTORE_EMULATOR_HOST", &firestore.address),
            ("PUBSUB_EMULATOR_HOST", &environment.pubsub),
            ("STORAGE_EMULATOR_HOST", &environment.storage),
            ("BIGQUERY_EMULATOR_HOST", &bigquery),
            ("CLOUD_TASKS_EMULATOR_HOST", &others),
            ("CLOUD_RUN_EMULATOR_HOST", &others),
            ("CLOUD_BUILD_EMULATOR_HOST", &format!("{others}/cloud-build")),
            ("CLOUD_SCHEDULER_EMULATOR_HOST", &others),
            ("SECRET_MANAGER_EMULATOR_HOST", &others),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .chain(setup.variables.iter().cloned())
        .collect();
        let config = PlatformConfig::from_variables(|name| {
            variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        })?;
        bucket(&environment, &config.bucket).await?;
        // Topics send the messages of realtime triggers to the scheduler, so its address is known before it starts.
        let scheduler = free_port()?;
        let url = ("SEGUE_SCHEDULER_URL".to_owned(), format!("http://127.0.0.1:{scheduler}"));
        let variables = [&variables[..], &[url]].concat();
        let mut functions = BTreeMap::new();
        let mut seconds = BTreeMap::new();
        let mut targets = BTreeMap::<String, Vec<String>>::new();
        for entry in std::fs::read_dir(repository().join("functions"))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let program = programs.join(format!("segue-fn-{name}"));
            let log = directory.path().join(format!("{name}.log"));
            let of = |process: &str| [&variables[..], setup.of_process(process)].concat();
            let port = if name == "scheduler" { scheduler } else { free_port()? };
            let function = FunctionProcess::start_at(port, &program, of(&name), &log).await?;
            targets.entry(name.clone()).or_default().push(function.url());
            functions.insert(name.clone(), function);
            if setup.seconds.contains(&&*name) {
                let second = format!("{name}-2");
                let log = directory.path().join(format!("{second}.log"));
                let function = FunctionProcess::start(&program, of(&second), &log).await?;
                targets.entry(name.clone()).or_default().push(function.url());
                seconds.insert(name, function);
            }
        }
        let port = functions.get("api").map(|function| function.port).unwrap_or_default();
        let api = Client::new(&format!("http://127.0.0.1:{port}"))?;
        let subscriptions = subscriptions(functions.keys())?;
        let routes = routes(&config, &environment, &subscriptions, &targets);
        let proxy = Proxy::start(setup.faults, routes).await?;
        let system = Self {
            functions,
            seconds,
            proxy,
            firestore,
            api,
            warehouse: BigQueryWarehouse::connect(&config)?,
            environment,
            config,
            subscriptions,
            directory,
            _stand_ins: vec![bigquery_child, others_child],
        };
        system.subscribe().await?;
        Ok(system)
    }

    /// Creates the topics and subscriptions of every `function.yaml`, as they are deployed.
    async fn subscribe(&self) -> anyhow::Result<()> {
        ensure_topic(&self.config, DEAD_LETTERS).await?;
        for (function, subscription) in &self.subscriptions {
            let name = subscription.name(function);
            let push = PushSubscription {
                endpoint: format!("{}/{}", self.proxy.url, self.config.prefixed(&name)),
                name,
                topic: subscription.topic.clone(),
                ack_deadline: subscription.ack_deadline,
                backoff: (subscription.minimum_backoff, subscription.maximum_backoff),
                dead_letters: subscription
                    .max_delivery_attempts
                    .map(|attempts| (DEAD_LETTERS.to_owned(), attempts)),
            };
            ensure_subscription(&self.config, &push).await?;
        }
        Ok(())
    }

    /// Kills a function's process without warning, and starts it again, as Cloud Run does.
    ///
    /// # Errors
    /// An error if there is no such function, or its process cannot be killed or started.
    pub async fn restart(&mut self, function: &str) -> anyhow::Result<()> {
        let process = self.functions.get_mut(function).context("there is no such function")?;
        process.kill().await?;
        process.run().await
    }

    /// Publishes a body to a topic without attributes, as a person would. `topic` is the name without the prefix.
    ///
    /// # Errors
    /// An error if Pub/Sub does not accept the message.
    pub async fn publish(&self, topic: &str, body: &Value) -> anyhow::Result<()> {
        use base64::Engine as _;
        let data = base64::engine::general_purpose::STANDARD.encode(body.to_string());
        let topic = self.config.prefixed(topic);
        let url = format!("{}topics/{topic}:publish", self.environment.pubsub_project());
        let answer =
            reqwest::Client::new().post(url).json(&json!({"messages": [{"data": data}]})).send().await?;
        ensure!(answer.status().is_success(), "Pub/Sub answers {}", answer.text().await?);
        Ok(())
    }

    /// Creates a topic for flows, and returns its full name. `name` is without the prefix.
    ///
    /// # Errors
    /// An error if Pub/Sub does not answer.
    pub async fn topic(&self, name: &str) -> anyhow::Result<String> {
        ensure_topic(&self.config, name).await?;
        Ok(format!("projects/{}/topics/{}", self.config.project, self.config.prefixed(name)))
    }

    /// Whether a subscription exists. `name` is without the prefix.
    ///
    /// # Errors
    /// An error if Pub/Sub does not answer.
    pub async fn has_subscription(&self, name: &str) -> anyhow::Result<bool> {
        let url =
            format!("{}subscriptions/{}", self.environment.pubsub_project(), self.config.prefixed(name));
        Ok(reqwest::get(url).await?.status().is_success())
    }

    /// The names of the functions that receive messages. The API receives none.
    pub fn takers(&self) -> Vec<String> {
        self.functions.keys().filter(|name| *name != "api").cloned().collect()
    }

    /// The prefix of the names of this system.
    pub fn prefix(&self) -> &str {
        &self.config.prefix
    }

    /// The address of Cloud Storage.
    pub fn storage(&self) -> &str {
        &self.environment.storage
    }

    /// The project.
    pub fn project(&self) -> &str {
        &self.config.project
    }

    /// The number of billed requests of all functions so far, added up by kind.
    ///
    /// # Errors
    /// An error if a function does not answer.
    pub async fn usage(&self) -> anyhow::Result<BTreeMap<String, u64>> {
        let mut total = BTreeMap::new();
        for (name, function) in self.functions.iter().filter(|(name, _)| *name != "api") {
            let health = function.health().await.with_context(|| format!("asking {name}"))?;
            for (kind, count) in health.get("usage").and_then(Value::as_object).into_iter().flatten() {
                *total.entry(kind.clone()).or_default() += count.as_u64().unwrap_or_default();
            }
        }
        Ok(total)
    }

    /// The rows of a query.
    ///
    /// # Errors
    /// An error if the query is refused.
    pub async fn rows(&self, sql: &str) -> anyhow::Result<Value> {
        let job = QueryJob {
            job_id: format!("rows-{}", jiff::Timestamp::now().as_nanosecond()),
            sql: sql.to_owned(),
            ..QueryJob::default()
        };
        Ok(json!(self.warehouse.query(job).await?.rows))
    }

    /// The last error lines of each log, at most `count` of each.
    pub fn complaints(&self, count: usize) -> String {
        let files = std::fs::read_dir(self.directory.path()).into_iter().flatten().flatten();
        let logs = files.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "log"));
        let mut report = String::new();
        for log in logs {
            let text = std::fs::read_to_string(log.path()).unwrap_or_default();
            let is_wrong =
                |line: &&str| ["\"ERROR\"", "\"WARNING\"", "panicked"].iter().any(|word| line.contains(word));
            let wrong: Vec<&str> = text.lines().rev().filter(is_wrong).take(count).collect();
            if !wrong.is_empty() {
                report += &format!("\n{}:", log.file_name().to_string_lossy());
                report.extend(wrong.iter().rev().map(|line| format!("\n  {line}")));
            }
        }
        report
    }

    /// Keeps the folder of the logs on disk, and returns its path.
    pub fn keep_logs(self) -> PathBuf {
        self.directory.keep()
    }

    /// Removes the subscriptions, so that Pub/Sub delivers nothing to stopped functions. Then ends the processes.
    ///
    /// # Errors
    /// An error if Pub/Sub does not answer.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let http = reqwest::Client::new();
        for (function, subscription) in &self.subscriptions {
            let name = self.config.prefixed(&subscription.name(function));
            http.delete(format!("{}subscriptions/{name}", self.environment.pubsub_project())).send().await?;
        }
        for function in self.functions.values_mut().chain(self.seconds.values_mut()) {
            function.kill().await?;
        }
        Ok(())
    }
}

/// The subscriptions of functions, as they are deployed.
fn subscriptions<'a>(
    functions: impl Iterator<Item = &'a String>,
) -> anyhow::Result<Vec<(String, Subscription)>> {
    let mut all = Vec::new();
    for function in functions {
        all.extend(facts(function)?.subscriptions.into_iter().map(|each| (function.clone(), each)));
    }
    Ok(all)
}

/// The ways of messages through the proxy.
fn routes(
    config: &PlatformConfig,
    environment: &Environment,
    subscriptions: &[(String, Subscription)],
    targets: &BTreeMap<String, Vec<String>>,
) -> Vec<Route> {
    let dead_letters =
        format!("{}topics/{}:publish", environment.pubsub_project(), config.prefixed(DEAD_LETTERS));
    let route = |(function, subscription): &(String, Subscription)| {
        let path = subscription.path.trim_start_matches('/');
        let processes = targets.get(function).into_iter().flatten();
        Route {
            function: function.clone(),
            subscription: config.prefixed(&subscription.name(function)),
            targets: processes.map(|url| format!("{url}{path}")).collect(),
            backoff: (subscription.minimum_backoff, subscription.maximum_backoff),
            dead_letters: subscription.max_delivery_attempts.map(|most| (dead_letters.clone(), most)),
        }
    };
    subscriptions.iter().map(route).collect()
}

/// The facts in the `function.yaml` of a function.
fn facts(function: &str) -> anyhow::Result<FunctionFacts> {
    let file = repository().join("functions").join(function).join("function.yaml");
    let text = std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    FunctionFacts::parse(&text).with_context(|| format!("reading {}", file.display()))
}

/// Creates the bucket of internal storage, as Terraform does.
async fn bucket(environment: &Environment, name: &str) -> anyhow::Result<()> {
    let url = format!("{}/storage/v1/b?project={}", environment.storage, environment.project);
    let answer = reqwest::Client::new().post(url).json(&json!({"name": name})).send().await?;
    let is_there = answer.status().is_success() || answer.status().as_u16() == 409;
    ensure!(is_there, "the bucket {name} cannot be made: {}", answer.text().await?);
    Ok(())
}
