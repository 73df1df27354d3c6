//! Flows to start from: the command's `init --template`, and the page of blueprints.
//!
//! What it is: the source of each flow, the tests of the flow, a title and tags. Each flow runs on one machine without a
//! cloud account, without the internet, and without a question to anybody.
//!
//! What it must not know: how a flow is read, stored or run.
//!
//! How to add a blueprint: put `FLOW.yaml` and `FLOW.test.yaml` into `flows/ID/`, and add a line to [`ALL`]. The tests of
//! `shared/cli/tests/outside/verbs.rs` then check the flow, run it, plan it, and run its tests.

/// A flow to start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blueprint {
    /// The name of the blueprint, such as `etl`.
    pub id: &'static str,
    /// What the flow shows, in a few words.
    pub title: &'static str,
    /// Words to find the blueprint by.
    pub tags: &'static [&'static str],
    /// The name of the file with the flow, without `.yaml`. The id of the flow is the same.
    pub flow: &'static str,
    /// The flow, in YAML.
    pub source: &'static str,
    /// The tests of the flow, in YAML.
    pub tests: &'static str,
}

/// A blueprint with its files, which are compiled in.
macro_rules! blueprint {
    ($id:literal, $flow:literal, $title:literal, $tags:expr) => {
        Blueprint {
            id: $id,
            title: $title,
            tags: &$tags,
            flow: $flow,
            source: include_str!(concat!("../flows/", $id, "/", $flow, ".yaml")),
            tests: include_str!(concat!("../flows/", $id, "/", $flow, ".test.yaml")),
        }
    };
}

/// All blueprints, the simplest first.
pub const ALL: &[Blueprint] = &[
    blueprint!("hello", "hello", "Hello, in several languages", ["basics", "loop", "schedule"]),
    blueprint!("form", "order", "A form with every kind of field", ["basics", "inputs"]),
    blueprint!("branches", "shipping", "Branches and parallel tasks", ["basics", "branches"]),
    blueprint!("retries", "unsteady", "Failures, retries and a last word", ["errors", "retry"]),
    blueprint!("approval", "release", "Wait for a decision", ["pause", "people"]),
    blueprint!("monthly", "monthly_report", "A month for each run, and backfills", ["schedule", "backfill"]),
    blueprint!("etl", "sales", "From a CSV file to a table", ["data", "sql", "warehouse"]),
    blueprint!("duckdb", "trips", "SQL on files with DuckDB", ["data", "sql", "files"]),
    blueprint!("scripts", "report", "Scripts that pass files and values", ["scripts", "files", "retry"]),
    blueprint!("webhook", "orders", "A call from another system", ["webhook", "events", "kv"]),
];

/// The blueprint with an id.
pub fn find(id: &str) -> Option<&'static Blueprint> {
    ALL.iter().find(|one| one.id == id)
}
