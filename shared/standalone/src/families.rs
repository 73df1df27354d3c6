//! The only list of function families, in code.

use segue_connectors::Connector;
use segue_task::TaskList;

/// The function families, in alphabetical order.
pub fn families() -> Vec<TaskList> {
    families_with(&[])
}

/// The function families, with the user's own connectors.
pub(crate) fn families_with(own: &'static [Connector]) -> Vec<TaskList> {
    vec![
        segue_fn_ai::tasks(),
        segue_fn_bigquery::tasks(),
        segue_fn_compress::tasks(),
        segue_fn_connect::tasks_with(own),
        segue_fn_container::tasks(),
        segue_fn_duckdb::tasks(),
        segue_fn_gcs::tasks(),
        segue_fn_git::tasks_with(own),
        segue_fn_housekeeping::tasks(),
        segue_fn_http::tasks(),
        segue_fn_postgres::tasks(),
        segue_fn_pubsub::tasks(),
        segue_fn_script::tasks(),
        segue_fn_serdes::tasks(),
        segue_fn_storage::tasks(),
    ]
}
