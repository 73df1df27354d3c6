//! dbt: its commands, its log, and one task run for each model, test, seed and snapshot (docs/kestra.md 4.8).
//!
//! What it is: `DbtCLI` and the older types with one command each describe what dbt gets; `run` runs the
//! commands as a script, and reads what dbt leaves behind. `log` reads dbt's log lines, `results` its
//! `run_results.json`, and `manifest` keeps `manifest.json` in the KV store.
//!
//! What it must not know: where the commands run. Models are known only from the files and lines that dbt writes, so that a
//! container elsewhere and a process give the same task runs.
//!
//! How to add one more: for a verb of dbt, add an entry to `verbs` and a line to [`add_to`].

mod adapters;
mod cli;
mod log;
mod manifest;
mod results;
mod run;
mod setup;
mod verbs;

use segue_task::TaskList;

/// Adds the tasks of dbt to the list of a service.
pub fn add_to(list: TaskList) -> TaskList {
    list.add::<cli::DbtCli>()
        .add::<verbs::build::Verb>()
        .add::<verbs::run::Verb>()
        .add::<verbs::test::Verb>()
        .add::<verbs::seed::Verb>()
        .add::<verbs::snapshot::Verb>()
        .add::<verbs::compile::Verb>()
        .add::<verbs::deps::Verb>()
        .add::<verbs::freshness::Verb>()
        .add::<verbs::list::Verb>()
        .add::<setup::Setup>()
}

#[cfg(test)]
mod tests;
