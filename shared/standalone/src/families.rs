//! The only list of function families, in code.

use segue_task::TaskList;

/// The function families, in alphabetical order.
pub fn families() -> Vec<TaskList> {
    vec![
        segue_fn_bigquery::tasks(),
        segue_fn_connect::tasks(),
        segue_fn_container::tasks(),
        segue_fn_gcs::tasks(),
        segue_fn_housekeeping::tasks(),
        segue_fn_http::tasks(),
        segue_fn_postgres::tasks(),
        segue_fn_script::tasks(),
        segue_fn_storage::tasks(),
    ]
}
