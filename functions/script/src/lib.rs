//! The `script` service: runs commands and scripts, and manages the directory that a WorkingDirectory's
//! children share (docs/kestra.md 4.2, 4.4).
//!
//! What it is: the list of its task types. Their code is in `shared/scripts`.
//!
//! What it must not know: what a script does, which adapter stands behind internal storage.
//!
//! How to add one more: a language is a line in `segue_scripts::languages`.

use segue_scripts::{docker_run, languages, working_directory};
use segue_task::TaskList;

/// The task types of this service.
pub fn tasks() -> TaskList {
    let list = TaskList::new("script").deployed_as(include_str!("../function.yaml"));
    languages::add_to(list)
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
