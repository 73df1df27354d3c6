use crate::harness::Server;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_rows_are_seen_beside_a_running_server() {
    let server = Server::new().await;
    let run = async |body| server.json("POST", "/warehouse/query", body).await;
    run(json!({"sql": "CREATE SCHEMA shop"})).await.ok();
    let created = run(json!({"sql": "CREATE TABLE shop.sales (day DATE, eur NUMERIC)"})).await.ok();
    assert_eq!((&created["statement"], &created["rows"]), (&json!("CREATE_TABLE"), &json!([])));
    let insert = "INSERT INTO shop.sales VALUES ('2024-01-01', 1.5), ('2024-01-02', 2)";
    assert_eq!(run(json!({ "sql": insert })).await.ok()["affectedRows"], 2);

    let tables = server.get("/warehouse/tables").await.ok();
    assert_eq!(tables[0]["columns"][1], json!({"name": "eur", "type": "NUMERIC", "mode": "NULLABLE"}));
    assert_eq!(
        (&tables[0]["dataset"], &tables[0]["table"], &tables[0]["type"], &tables[0]["rows"]),
        (&json!("shop"), &json!("sales"), &json!("TABLE"), &json!(2))
    );
    let sql = "SELECT day FROM shop.sales WHERE eur > @least ORDER BY day";
    let found = run(json!({"sql": sql, "maxResults": 1, "parameters": {"least": 1}})).await.ok();
    assert_eq!((&found["rows"], &found["totalRows"]), (&json!([{"day": "2024-01-01"}]), &json!(2)));

    assert!(run(json!({"sql": "SELECT nothing FROM shop.sales"})).await.refused(422).contains("nothing"));
    run(json!({"sql": "SELECT * FROM shop.none"})).await.refused(404);
    run(json!({"sql": "SELECT 1", "limit": 1})).await.refused(422);
    server.get("/warehouse/tables?dataset=none").await.refused(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_says_first_what_it_would_do() {
    let server = Server::new().await;
    let run = async |body| server.json("POST", "/warehouse/query", body).await;
    run(json!({"sql": "CREATE SCHEMA shop"})).await.ok();
    run(json!({"sql": "CREATE TABLE shop.sales (day DATE, eur INT64) PARTITION BY day"})).await.ok();
    run(json!({"sql": "INSERT INTO shop.sales VALUES ('2024-01-01', 1), ('2024-01-02', 2)"})).await.ok();
    let tables = server.get("/warehouse/tables").await.ok();
    assert_eq!((&tables[0]["partitionBy"], &tables[0]["bytes"]), (&json!("day"), &json!(32)));

    let dry = run(json!({"sql": "SELECT * FROM shop.sales", "dryRun": true})).await.ok();
    assert_eq!((&dry["bytesProcessed"], &dry["rows"]), (&json!(32), &json!([])));
    assert_eq!(dry["columns"][1]["name"], "eur");
    for sql in ["DROP TABLE shop.sales", "SELECT 1; DELETE FROM shop.sales WHERE TRUE; SELECT 1"] {
        let refused = run(json!({"sql": sql, "readOnly": true})).await.refused(422);
        assert!(refused.contains("Nothing was run"), "{refused}");
    }
    let read = run(json!({"sql": "SELECT COUNT(*) AS n FROM shop.sales", "readOnly": true})).await.ok();
    assert_eq!(read["rows"], json!([{"n": 2}]));

    let wrong = run(json!({"sql": "SELECT day,\n  euro FROM shop.sales"})).await;
    wrong.refused(422);
    let body: serde_json::Value = serde_json::from_slice(&wrong.bytes).unwrap();
    let problem = &body["_embedded"]["errors"][0];
    assert_eq!((&problem["line"], &problem["column"]), (&json!(2), &json!(3)), "{body:#}");
}
