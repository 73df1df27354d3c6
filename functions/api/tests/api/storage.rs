//! Buckets and objects.

use crate::harness::Server;
use segue_ports::object::BucketSpec;
use serde_json::json;

async fn shop(server: &Server) {
    server
        .ports
        .objects
        .create_bucket(BucketSpec { name: "shop-data".to_owned(), ..BucketSpec::default() })
        .await
        .unwrap();
}

async fn put(server: &Server, key: &str, text: &str) {
    let address = format!("/storage/buckets/shop-data/object?key={key}");
    server.form(&address, &[("fileContent", Some("a.csv"), text.as_bytes())]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_written_listed_shown_and_deleted() {
    let server = Server::new().await;
    shop(&server).await;
    for (key, text) in
        [("raw/2024/jan.csv", "day,eur\n1,2\n"), ("raw/feb.csv", "day\n"), ("readme.md", "# Shop")]
    {
        put(&server, key, text).await;
    }
    let buckets = server.get("/storage/buckets").await.ok();
    let names: Vec<_> = buckets.as_array().unwrap().iter().map(|bucket| &bucket["name"]).collect();
    assert!(buckets[0]["isInternal"] == true && names.contains(&&json!("shop-data")), "{buckets:#}");
    assert_eq!(buckets[1]["storageClass"], "STANDARD");

    let list = async |query: &str| server.get(&format!("/storage/buckets/shop-data/objects{query}")).await;
    let top = list("").await.ok();
    assert_eq!(top["prefixes"], json!(["raw/"]));
    assert_eq!((&top["objects"][0]["key"], &top["objects"][0]["size"]), (&json!("readme.md"), &json!(6)));
    let first = list("?recursive=true&size=2").await.ok();
    assert_eq!(first["objects"].as_array().unwrap().len(), 2);
    let next = first["next"].as_str().unwrap();
    let second = list(&format!("?recursive=true&size=2&from={next}")).await.ok();
    assert_eq!((&second["objects"][0]["key"], &second["next"]), (&json!("readme.md"), &json!(null)));
    list("?size=0").await.refused(422);
    let total = server.get("/storage/buckets/shop-data/total?prefix=raw/").await.ok();
    assert_eq!(total, json!({"objects": 2, "bytes": 16}));

    let one = "/storage/buckets/shop-data/object";
    let read = server.get(&format!("{one}?key=raw/2024/jan.csv")).await;
    assert_eq!(read.text(), "day,eur\n1,2\n");
    assert!(
        read.headers["content-disposition"].to_str().unwrap().starts_with("attachment; filename=\"jan.csv\"")
    );
    let shown = server.get(&format!("{one}/preview?key=raw/2024/jan.csv")).await.ok();
    assert_eq!((&shown["columns"], &shown["rows"]), (&json!(["day", "eur"]), &json!([["1", "2"]])));
    let details = server.get(&format!("{one}/details?key=readme.md")).await.ok();
    assert_eq!(details["size"], 6);

    server.delete(&format!("{one}?key=readme.md")).await.ok();
    for address in [format!("{one}?key=readme.md"), format!("{one}/details?key=readme.md")] {
        assert!(server.get(&address).await.refused(404).contains("gs://shop-data/readme.md"));
    }
    server.delete(&format!("{one}?key=readme.md")).await.refused(404);
    server.get("/storage/buckets/none-here/objects").await.refused(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn internal_storage_is_seen_and_not_changed() {
    let server = Server::new().await;
    server.ports.storage.put_text("company/team/a/executions/1/x.txt", "x").await.unwrap();
    let buckets = server.get("/storage/buckets").await.ok();
    let object = format!("/storage/buckets/{}/object", buckets[0]["name"].as_str().unwrap());
    let key = "company/team/a/executions/1/x.txt";
    assert_eq!(server.get(&format!("{object}?key={key}")).await.text(), "x");
    server.delete(&format!("{object}?key={key}")).await.refused(403);
    server.form(&format!("{object}?key={key}"), &[("fileContent", Some("x"), b"y")]).await.refused(403);
    let own = format!("{}/containers/1/run.json", segue_ports::storage::PLATFORM_FOLDER);
    server.ports.storage.put_text(&own, "token").await.unwrap();
    let own = format!("?key={own}");
    for address in [format!("{object}{own}"), format!("{object}/preview{own}")] {
        server.get(&address).await.refused(403);
    }
}
