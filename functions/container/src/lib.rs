//! The `container` service: runs scripts and images in containers (docs/kestra.md 4.4). On Google Cloud the containers
//! are Cloud Run jobs. On one machine they are containers of Docker, or processes if the operator allows that.
//!
//! What it is: the list of its task types. Their code is in `shared/scripts`. The service `script` has the script tasks
//! too; `segue_scripts::route` says which service gets a task.
//!
//! What it must not know: what a script does, which platform runs the containers.
//!
//! How to add one more: a new language is added in `shared/scripts`, for both services at once. A task type that always
//! runs in a container is a line in [`tasks`].

use segue_scripts::{docker_build, docker_run, route};
use segue_task::TaskList;

/// The task types of this service.
pub fn tasks() -> TaskList {
    let list = TaskList::new(route::CONTAINERS).deployed_as(include_str!("../function.yaml"));
    segue_scripts::add_to(list)
        .shared_by(route::BY_RUNNER)
        .add::<docker_build::Build>()
        .add::<docker_run::Run>()
}
