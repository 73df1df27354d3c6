//! Tests for the kind of a flowable.

use segue_model::task::{FlowableKind, Task, TaskKind};

/// Whether a task is a flowable of some kind.
pub(crate) fn is_kind(task: &Task, wanted: fn(&FlowableKind) -> bool) -> bool {
    match &task.kind {
        TaskKind::Flowable(flowable) => wanted(&flowable.kind),
        TaskKind::Plugin { .. } => false,
    }
}
