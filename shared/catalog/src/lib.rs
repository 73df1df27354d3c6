//! The only list of function families, and so of task types.
//!
//! What it is: [`families`] and [`catalog`], for code that must know every task type: the executor, the scheduler and
//! the API read flows, and `standalone` starts a worker for each family.
//!
//! What it must not know: how a task type works, which adapters exist, which composition root uses it.
//!
//! How to add one more: a new function family gets one line in [`families`].

use segue_model::catalog::Catalog;
use segue_task::TaskList;

/// The function families, in alphabetical order.
pub fn families() -> Vec<TaskList> {
    vec![
        segue_fn_bigquery::tasks(),
        segue_fn_gcs::tasks(),
        segue_fn_housekeeping::tasks(),
        segue_fn_http::tasks(),
        segue_fn_script::tasks(),
        segue_fn_storage::tasks(),
    ]
}

/// All task types: flowable types, inline types, and the types of every family.
pub fn catalog() -> Catalog {
    let mut types = segue_model::flowable_types::flowable_types();
    types.extend(segue_engine::inline::inline_types());
    types.extend(families().iter().flat_map(TaskList::task_types));
    Catalog::new(types)
}
