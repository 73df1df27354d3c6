//! BigQuery's REST API.

use super::World;
use serde_json::{Value, json};

const PROJECT: &str = "/bigquery/v2/projects/demo";

async fn query(world: &World, sql: &str) -> Value {
    world.post(&format!("{PROJECT}/queries"), json!({"query": sql, "useLegacySql": false})).await.ok()
}

async fn world() -> World {
    let world = World::new(true);
    world.post(&format!("{PROJECT}/datasets"), json!({"datasetReference": {"datasetId": "d"}})).await.ok();
    world
}

#[tokio::test]
async fn a_query_has_its_rows_in_the_first_answer() {
    let world = world().await;
    let answer = query(
        &world,
        "SELECT 1 AS n, [STRUCT('a' AS s)] AS list, TIMESTAMP '2024-01-01 00:00:00 UTC' AS seen",
    )
    .await;
    assert_eq!((&answer["jobComplete"], &answer["totalRows"]), (&json!(true), &json!("1")));
    assert_eq!(answer["schema"]["fields"][1]["mode"], "REPEATED");
    let row = json!({"f": [{"v": "1"}, {"v": [{"v": {"f": [{"v": "a"}]}}]}, {"v": "1.7040672E9"}]});
    assert_eq!(answer["rows"], json!([row]));
}

/// A parameter is a value, never a part of the text. So errors have the positions of the client's text.
#[tokio::test]
async fn parameters_are_bound() {
    let world = world().await;
    let ask = async |sql: &str, values: &[&str]| {
        let parameters: Vec<Value> = values
            .iter()
            .map(|value| json!({"parameterType": {"type": "STRING"}, "parameterValue": {"value": value}}))
            .collect();
        let body = json!({"query": sql, "useLegacySql": false, "queryParameters": parameters});
        world.post(&format!("{PROJECT}/queries"), body).await
    };
    let evil = "'; DROP TABLE d.t; -- \\";
    let answer = ask("SELECT 1; SELECT ? AS a; SELECT ? AS b, '?' AS c", &[evil, "second"]).await.ok();
    assert_eq!(
        answer["rows"][0]["f"],
        json!([{"v": "second"}, {"v": "?"}]),
        "positions count over the script"
    );
    let answer = ask("SELECT ? AS a", &[evil]).await.ok();
    assert_eq!(answer["rows"][0]["f"][0]["v"], evil);
    let refused = ask("SELECT ?,\n  x", &["a text that is longer than its mark"]).await.json();
    let message = refused["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("Unrecognized name: x at [2:3]"), "{message}");
    let refused = ask("CREATE VIEW d.v AS SELECT ? AS x", &["y"]).await;
    assert_eq!(refused.status, 400, "a view outlives its parameters");
}

#[tokio::test]
async fn every_page_of_a_result_can_be_read_and_the_table_of_results_too() {
    let world = world().await;
    let sql = "SELECT n FROM UNNEST(GENERATE_ARRAY(1, 5)) AS n ORDER BY n";
    let configuration = json!({"query": {"query": sql, "useLegacySql": false}});
    let job = world.post(&format!("{PROJECT}/jobs"), json!({"configuration": configuration})).await.ok();
    let id = job["jobReference"]["jobId"].as_str().unwrap();
    let (mut token, mut seen) = (String::new(), Vec::new());
    loop {
        let page = world.get(&format!("{PROJECT}/queries/{id}?maxResults=2&pageToken={token}")).await.ok();
        seen.extend(
            page["rows"].as_array().unwrap().iter().map(|row| row["f"][0]["v"].as_str().unwrap().to_owned()),
        );
        match page["pageToken"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, ["1", "2", "3", "4", "5"]);
    let done = world.get(&format!("{PROJECT}/jobs/{id}")).await.ok();
    let table = &done["configuration"]["query"]["destinationTable"];
    let name = table["tableId"].as_str().unwrap();
    let table = format!("{PROJECT}/datasets/{}/tables/{name}", table["datasetId"].as_str().unwrap());
    assert_eq!(world.get(&table).await.ok()["numRows"], "5");
    assert_eq!(
        world.get(&format!("{table}/data?startIndex=3")).await.ok()["rows"].as_array().unwrap().len(),
        2
    );
    assert_eq!(world.send("DELETE", &format!("{PROJECT}/jobs/{id}/delete"), &[], "").await.status, 204);
    assert_eq!(world.get(&format!("{PROJECT}/jobs/{id}")).await.status, 404);
    assert_eq!(world.get(&table).await.status, 404);
}

/// What one query of a session leaves behind, the next one finds. Queries without the session do not see it.
#[tokio::test]
async fn a_session_keeps_its_tables_and_variables() {
    let world = world().await;
    let body = json!({"query": "DECLARE n INT64 DEFAULT 7; CREATE TEMP TABLE t AS SELECT 1 AS x", "useLegacySql": false, "createSession": true});
    let begun = world.post(&format!("{PROJECT}/queries"), body).await.ok();
    let id = begun["sessionInfo"]["sessionId"].as_str().unwrap().to_owned();
    let job = begun["jobReference"]["jobId"].as_str().unwrap();
    let shown = world.get(&format!("{PROJECT}/jobs/{job}")).await.ok();
    assert_eq!(shown["statistics"]["sessionInfo"]["sessionId"], json!(id));
    let inside = async |sql: &str| {
        let properties = json!([{"key": "session_id", "value": id}]);
        let body = json!({"query": sql, "useLegacySql": false, "connectionProperties": properties});
        world.post(&format!("{PROJECT}/queries"), body).await
    };
    inside("INSERT INTO t VALUES (2); SET n = n + 1").await.ok();
    inside("CREATE TEMP FUNCTION twice(x INT64) AS (2 * x)").await.ok();
    let answer = inside("SELECT SUM(x), n, twice(n), @@session_id FROM t GROUP BY n").await.ok();
    assert_eq!(answer["rows"][0]["f"], json!([{"v": "3"}, {"v": "8"}, {"v": "16"}, {"v": id}]));
    let job = answer["jobReference"]["jobId"].as_str().unwrap();
    let shown = world.get(&format!("{PROJECT}/jobs/{job}")).await.ok();
    assert_eq!(shown["statistics"]["query"]["statementType"], "SELECT");
    let outside = json!({"query": "SELECT * FROM t", "useLegacySql": false});
    assert_eq!(world.post(&format!("{PROJECT}/queries"), outside).await.status, 400);
    let datasets = world.get(&format!("{PROJECT}/datasets")).await.ok();
    assert_eq!(datasets["datasets"].as_array().unwrap().len(), 1, "the tables are hidden");
    inside("CALL BQ.ABORT_SESSION()").await.ok();
    let refused = inside("SELECT n").await;
    assert_eq!(refused.status, 400);
    let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains(&format!("Session {id} has ended")), "{message}");
}

#[tokio::test]
async fn unknown_options_are_refused_by_name() {
    let world = world().await;
    for (field, configuration) in [
        (
            "configuration.query.scriptOptions",
            json!({"query": {"query": "SELECT 1", "useLegacySql": false, "scriptOptions": {"x": 1}}}),
        ),
        (
            "connectionProperties: time_zone = Europe/Berlin",
            json!({"query": {
                "query": "SELECT 1",
                "useLegacySql": false,
                "connectionProperties": [{"key": "time_zone", "value": "Europe/Berlin"}],
            }}),
        ),
        (
            "createSession",
            json!({"query": {
                "query": "SELECT 1",
                "useLegacySql": false,
                "createSession": true,
                "connectionProperties": [{"key": "session_id", "value": "x"}],
            }}),
        ),
        (
            "configuration.load.hivePartitioningOptions",
            json!({"load": {"hivePartitioningOptions": {"mode": "AUTO"}}}),
        ),
        (
            "configuration.reservation",
            json!({"query": {"query": "SELECT 1", "useLegacySql": false}, "reservation": "x"}),
        ),
        ("legacy SQL", json!({"query": {"query": "SELECT 1"}})),
    ] {
        let refused = world.post(&format!("{PROJECT}/jobs"), json!({ "configuration": configuration })).await;
        assert_eq!(refused.status, 400, "{field}");
        let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(field), "{field}: {message}");
    }
}

#[tokio::test]
async fn a_repeated_request_has_one_job() {
    let world = world().await;
    query(&world, "CREATE TABLE d.t (n INT64)").await;
    let body = json!({"query": "INSERT INTO d.t (n) VALUES (1)", "useLegacySql": false, "requestId": "once"});
    for _ in 0..2 {
        let answer = world.post(&format!("{PROJECT}/queries"), body.clone()).await.ok();
        assert_eq!(answer["numDmlAffectedRows"], "1");
    }
    assert_eq!(query(&world, "SELECT COUNT(*) AS n FROM d.t").await["rows"][0]["f"][0]["v"], "1");
}

#[tokio::test]
async fn a_load_that_fails_leaves_no_table_and_no_upload() {
    let world = world().await;
    let load = json!({"configuration": {"load": {
        "destinationTable": {"projectId": "demo", "datasetId": "d", "tableId": "t"},
        "sourceFormat": "CSV",
        "schema": {"fields": [{"name": "n", "type": "INTEGER"}]},
    }}});
    let body = |file: &str| {
        format!(
            "--x\r\ncontent-type: application/json\r\n\r\n{load}\r\n--x\r\ncontent-type: */*\r\n\r\n{file}\r\n--x--\r\n"
        )
    };
    let upload = "/upload/bigquery/v2/projects/demo/jobs?uploadType=multipart";
    let related = [("content-type", "multipart/related; boundary=x")];
    let end = async |file: &str| {
        let job = world.send("POST", upload, &related, body(file)).await.ok();
        let id = job["jobReference"]["jobId"].as_str().unwrap().to_owned();
        loop {
            let job = world.get(&format!("{PROJECT}/jobs/{id}")).await.ok();
            if job["status"]["state"] == "DONE" {
                return job;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    assert!(end("no number").await["status"]["errorResult"].is_object());
    assert_eq!(world.get(&format!("{PROJECT}/datasets/d/tables/t")).await.status, 404);
    assert_eq!(end("1\n2").await["statistics"]["load"]["outputRows"], "2");
    let left = world.ports.objects.list(segue_embedded::INTERNAL_BUCKET, "", None).await.unwrap();
    assert!(left.objects.is_empty(), "{left:?}");
    assert_eq!(std::fs::read_dir(world.dir.path().join("google/work")).unwrap().count(), 0);
}

#[tokio::test]
async fn the_description_of_the_api_has_the_address_that_the_client_used() {
    let world = World::new(false);
    let found = world.get("/_/s3cret/$discovery/rest?version=v2").await.ok();
    assert_eq!(found["rootUrl"], "http://127.0.0.1:8088/_/s3cret/");
    assert_eq!(found["resources"]["jobs"]["methods"]["query"]["httpMethod"], "POST");
    assert_eq!(world.get("/_/s3cret/$discovery/rest?version=v3").await.status, 404);
}
