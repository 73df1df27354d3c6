//! Everything in one process: all functions, the executor and the embedded adapters.
//!
//! What it is: a composition root. It holds THE list of task types ([`catalog`]) and starts a worker for each
//! service on the embedded bus, so that the same messages travel as on Google Cloud.
//!
//! What it must not know: how a task type works, how a flow is shown.
//!
//! How to add one more: a new function family gets one line in [`families`].

mod answers;
mod running;
mod standalone;
mod watch;

pub use answers::PortAnswers;
pub use running::Running;
pub use standalone::{Options, PutFlowError, Standalone};
pub use watch::{Change, Watch};

use segue_model::catalog::Catalog;
use segue_task::TaskList;

/// The function families, in alphabetical order.
pub fn families() -> Vec<TaskList> {
    vec![
        segue_fn_bigquery::tasks(),
        segue_fn_gcs::tasks(),
        segue_fn_http::tasks(),
        segue_fn_script::tasks(),
        segue_fn_storage::tasks(),
    ]
}

/// All task types: flowables, inline types, and those of every family.
pub fn catalog() -> Catalog {
    let mut types = segue_model::flowable_types::flowable_types();
    types.extend(segue_engine::inline::inline_types());
    types.extend(families().iter().flat_map(TaskList::task_types));
    Catalog::new(types)
}
