//! Scripts, and the directory that the children of a WorkingDirectory share (docs/kestra.md 4.2, 4.4).
//!
//! What it is: the task types of [`languages`], [`dbt`] and [`command_line`], [`docker_build::Build`],
//! [`docker_run::Run`], and the engine's own [`working_directory`] tasks. All of them run a script in the same steps:
//! copy files in, render the commands, run a process or a container, store files. The functions say which of these types
//! they run.
//!
//! - `choice.rs` chooses where a script runs.
//! - `local.rs` runs a script on this machine.
//! - `remote/` runs a script in a container outside this machine.
//! - `run/` does all steps. No other module knows the three above.
//!
//! What it must not know: what a script does, which adapter implements internal storage, and which function runs the
//! script.
//!
//! How to add one more: for a language, add a row to `language.rs`, an entry to `languages.rs` and two lines to
//! [`languages::add_to`]. For a program with an image, add an entry to [`command_line`].

mod attempt;
mod choice;
pub mod command_line;
mod container_rules;
pub mod dbt;
mod directories;
pub mod docker;
pub mod docker_build;
pub mod docker_run;
mod execution_context;
mod helper;
mod known_images;
mod language;
pub mod languages;
mod launch;
mod lines;
mod local;
mod looks;
mod process;
mod program;
pub mod properties;
mod protocol;
mod python;
mod remote;
mod render;
pub mod result;
pub mod route;
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

/// Adds the script tasks that both services have: the languages, dbt, and the command-line programs.
pub fn add_to(list: TaskList) -> TaskList {
    command_line::add_to(dbt::add_to(languages::add_to(list)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_type_has_a_schema_with_its_description() {
        let types = crate::testing::tasks().types().types;
        assert_eq!(types.len(), 53);
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
