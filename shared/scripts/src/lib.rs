//! Scripts and commands, and the directory that a WorkingDirectory's children share (docs/kestra.md 4.2, 4.4).
//!
//! What it is: the task types of [`languages`], [`docker_run::Run`], and the engine's own [`working_directory`]
//! tasks, on one way to run a script: files in, commands rendered, a process or container, files out. The functions
//! say which of these types they run.
//!
//! `choice.rs` chooses where a script runs, `local.rs` runs it on this machine, `remote/` in a container elsewhere, and
//! `run.rs` is the only file that knows them all.
//!
//! What it must not know: what a script does, which adapter stands behind internal storage, which function runs it.
//!
//! How to add one more: a language is a row in `language.rs`, an entry in `languages.rs` and two lines in
//! [`languages::add_to`].

mod choice;
mod container_rules;
mod directories;
pub mod docker;
pub mod docker_run;
mod helper;
mod language;
pub mod languages;
mod launch;
mod lines;
mod local;
mod process;
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

#[cfg(test)]
mod tests {
    #[test]
    fn every_type_has_a_schema_with_its_description() {
        let types = crate::testing::tasks().task_types();
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
