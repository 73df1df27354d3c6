//! The `script` service: runs scripts as processes, and manages the directory that a WorkingDirectory's children share
//! (docs/kestra.md 4.2, 4.4).
//!
//! What it is: the list of its task types. Their code is in `shared/scripts`. The service `container` has the script
//! tasks too; `segue_scripts::route` says which service gets a task.
//!
//! What it must not know: what a script does, which adapter is behind internal storage.
//!
//! How to add one more: a new language is added in `shared/scripts`, for both services at once.

use segue_scripts::{route, working_directory};
use segue_task::TaskList;

/// The task types of this service.
pub fn tasks() -> TaskList {
    let list = TaskList::new(route::PROCESSES).deployed_as(include_str!("../function.yaml"));
    segue_scripts::add_to(list)
        .shared_by(route::BY_RUNNER)
        .add::<working_directory::Setup>()
        .add::<working_directory::Collect>()
}
