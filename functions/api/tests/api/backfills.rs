use crate::harness::{PATIENCE, SCHEDULED, Server, id};
use serde_json::{Value, json};
use std::time::Duration;

fn request(more: Value) -> Value {
    let mut request = json!({"namespace": "company.team", "flowId": "scheduled", "start": "2021-01-01", "end": "2021-07-31"});
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request
}

async fn ended(server: &Server, id: &str, state: &str) -> Value {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let backfill = server.get(&format!("/backfills/{id}")).await.ok();
        if backfill["state"] == state {
            return backfill;
        }
        assert!(tokio::time::Instant::now() < deadline, "not {state}: {backfill:#}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn seven_months_are_seven_runs() {
    let server = Server::new().await;
    server.deploy(&[SCHEDULED]).await;
    let preview = server.json("POST", "/backfills/preview", request(json!({}))).await.ok();
    assert_eq!(
        (&preview["total"], preview["slots"].as_array().unwrap().len()),
        (&json!(7), 7),
        "{preview:#}"
    );
    assert_eq!(server.get("/executions/search").await.ok()["total"], 0, "a preview starts nothing");
    let short = server.json("POST", "/backfills/preview?most=2", request(json!({}))).await.ok();
    let counted: u64 =
        short["periods"].as_array().unwrap().iter().map(|period| period["count"].as_u64().unwrap()).sum();
    assert_eq!(
        (&short["slots"], &short["total"], counted),
        (&json!([]), &preview["total"], preview["slots"].as_array().unwrap().len() as u64)
    );
    assert_eq!(
        (&short["missing"], &short["failed"], &short["count"]),
        (&json!(counted), &json!(0), &json!(counted))
    );
    let started =
        server.json("POST", "/backfills", request(json!({"labels": {"backfill": "true"}}))).await.ok();
    let done = ended(&server, &id(&started), "FINISHED").await;
    assert_eq!(done["ended"], json!({"SUCCESS": 7}), "{done:#}");
    assert_eq!(server.get("/executions/search?labels=backfill:true").await.ok()["total"], 7);
    let listed = server.get("/backfills?namespace=company&state=FINISHED").await.ok();
    assert_eq!((&listed["total"], &listed["results"][0]["id"]), (&json!(1), &started["id"]));
    let missing = server.json("POST", "/backfills/preview", request(json!({"mode": "MISSING"}))).await.ok();
    assert!(missing["slots"].as_array().unwrap().iter().all(|slot| slot["run"] == false), "{missing:#}");
    server.post(&format!("/backfills/{}/pause", id(&started))).await.refused(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_is_paused_resumed_and_cancelled() {
    let server = Server::new().await;
    let slow =
        SCHEDULED.replace("- id: say\n", "- id: wait\n  type: io.kestra.plugin.core.flow.Pause\n- id: say\n");
    server.deploy(&[&slow]).await;
    let started = id(&server.json("POST", "/backfills", request(json!({}))).await.ok());
    let path = format!("/backfills/{started}");
    assert_eq!(server.post(&format!("{path}/pause")).await.ok()["state"], "PAUSED");
    assert_eq!(server.post(&format!("{path}/resume")).await.ok()["state"], "RUNNING");
    assert_eq!(server.post(&format!("{path}/cancel")).await.ok()["state"], "CANCELLED");
    server.post(&format!("{path}/resume")).await.refused(409);
    for verb in ["pause", "resume", "cancel"] {
        server.post(&format!("/backfills/none/{verb}")).await.refused(404);
    }
    server.get("/backfills/none").await.refused(404);
    for (wrong, code) in [
        (json!({"flowId": "none"}), 404),
        (json!({"triggerId": "none"}), 404),
        (json!({"start": "soon"}), 422),
        (json!({"mode": "SOME"}), 422),
        (json!({"mood": 1}), 422),
    ] {
        server.json("POST", "/backfills", request(wrong)).await.refused(code);
    }
    server.get("/backfills?state=DONE").await.refused(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn kestras_way_leads_to_the_same() {
    let server = Server::new().await;
    let slow =
        SCHEDULED.replace("- id: say\n", "- id: wait\n  type: io.kestra.plugin.core.flow.Pause\n- id: say\n");
    server.deploy(&[&slow]).await;
    let key = json!({"namespace": "company.team", "flowId": "scheduled", "triggerId": "monthly"});
    let mut body = key.clone();
    body["backfill"] = json!({"start": "2024-01-01T00:00:00Z", "end": "2024-03-31T00:00:00Z", "inputs": {},
        "labels": [{"key": "k", "value": "v"}]});
    let started = server.json("PUT", "/triggers", body.clone()).await.ok();
    assert_eq!(
        (&started["backfill"]["start"], &started["backfill"]["paused"]),
        (&json!("2024-01-01T00:00:00Z"), &json!(false))
    );
    let paused = server.json("PUT", "/triggers/backfill/pause", key.clone()).await.ok();
    assert_eq!(paused["backfill"]["paused"], true);
    server.json("PUT", "/triggers/backfill/pause", key.clone()).await.refused(400);
    server.json("PUT", "/triggers/backfill/unpause", key.clone()).await.ok();
    let gone = server.json("POST", "/triggers/backfill/delete", key.clone()).await.ok();
    assert!(gone.get("backfill").is_none(), "{gone:#}");
    assert_eq!(server.get("/backfills").await.ok()["results"][0]["state"], "CANCELLED");
    body["backfill"] = json!({"start": "soon"});
    server.json("PUT", "/triggers", body.clone()).await.refused(400);
    body["backfill"] = json!({"end": "2024-01-01"});
    server.json("PUT", "/triggers", body).await.refused(400);
}
