//! What a warehouse says of statements before they run.

use super::{dataset, run};
use crate::warehouse::{QueryJob, Warehouse};

/// Runs every case.
pub(super) async fn all(warehouse: &dyn Warehouse) {
    a_dry_run_says_what_it_would_do(warehouse).await;
}

/// A dry run names the kind of the statement, and changes nothing. Several statements are a script, even if the last of
/// them only reads.
async fn a_dry_run_says_what_it_would_do(warehouse: &dyn Warehouse) {
    dataset(warehouse, "c_look").await;
    run(warehouse, "", "CREATE TABLE c_look.t AS SELECT 1 AS x").await.unwrap();
    for (sql, kind) in [
        ("SELECT x FROM c_look.t", "SELECT"),
        ("WITH a AS (SELECT x FROM c_look.t) SELECT * FROM a", "SELECT"),
        ("DELETE FROM c_look.t WHERE TRUE", "DELETE"),
        ("DROP TABLE c_look.t", "DROP_TABLE"),
        ("DELETE FROM c_look.t WHERE TRUE; SELECT 1 AS x", "SCRIPT"),
    ] {
        let job = QueryJob { sql: sql.into(), dry_run: true, ..QueryJob::default() };
        assert_eq!(warehouse.query(job).await.unwrap().statement_kind, kind, "{sql}");
    }
    assert_eq!(warehouse.table_info("c_look", "t").await.unwrap().rows, Some(1));
}
