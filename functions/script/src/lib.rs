//! The `script` service: runs commands and scripts, and manages the directory that a WorkingDirectory's
//! children share (docs/kestra.md 4.2, 4.4).
//!
//! What it is: the task types of [`languages`], [`docker_run::Run`], and the engine's own [`working_directory`]
//! tasks, on one way to run a script: files in, commands rendered, a process or container, files out.
//!
//! `choice.rs` chooses where a script runs, `local.rs` runs it on this machine, `remote/` in a container elsewhere, and
//! `run.rs` is the only file that knows them all.
//!
//! What it must not know: what a script does, which adapter stands behind internal storage.
//!
//! How to add one more: a language is a row in `language.rs`, an entry in `languages.rs` and two lines in
//! [`tasks`].

mod choice;
mod container_rules;
pub mod docker;
pub mod docker_run;
mod helper;
mod language;
pub mod languages;
mod launch;
mod lines;
mod local;
mod place;
mod process;
pub mod properties;
mod protocol;
mod python;
mod remote;
mod render;
pub mod result;
pub mod run;
mod runner;
mod shell;
mod sink;
mod staging;
#[cfg(test)]
mod testing;
mod venv;
pub mod working_directory;

use segue_task::TaskList;

/// The task types of this service.
pub fn tasks() -> TaskList {
    use languages::{bun, deno, go, julia, lua, node, perl, php, powershell, python, r, ruby, shell};
    TaskList::new("script")
        .deployed_as(include_str!("../function.yaml"))
        .add::<shell::Commands>()
        .add::<shell::Script>()
        .add::<python::Commands>()
        .add::<python::Script>()
        .add::<node::Commands>()
        .add::<node::Script>()
        .add::<r::Commands>()
        .add::<r::Script>()
        .add::<ruby::Commands>()
        .add::<ruby::Script>()
        .add::<julia::Commands>()
        .add::<julia::Script>()
        .add::<powershell::Commands>()
        .add::<powershell::Script>()
        .add::<perl::Commands>()
        .add::<perl::Script>()
        .add::<php::Commands>()
        .add::<php::Script>()
        .add::<lua::Commands>()
        .add::<lua::Script>()
        .add::<go::Commands>()
        .add::<go::Script>()
        .add::<deno::Commands>()
        .add::<deno::Script>()
        .add::<bun::Commands>()
        .add::<bun::Script>()
        .add::<docker_run::Run>()
        .add::<working_directory::Setup>()
        .add::<working_directory::Collect>()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_type_has_a_schema_with_its_description() {
        let types = super::tasks().task_types();
        assert_eq!(types.len(), 29);
        for kind in types {
            let description = kind.schema["description"].as_str().unwrap_or_default();
            assert!(
                description.contains("```yaml") && description.contains(kind.name),
                "{}: {description}",
                kind.name
            );
        }
    }
}
