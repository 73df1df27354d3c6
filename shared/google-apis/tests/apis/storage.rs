//! Cloud Storage's JSON API.

use super::{SECRET, World};
use axum::body::{Body, Bytes};
use segue_ports::object::{ObjectAddress, ObjectAttributes};
use serde_json::json;

async fn world() -> World {
    let world = World::new(true);
    world.post("/storage/v1/b?project=demo", json!({"name": "data"})).await.ok();
    world
}

#[tokio::test]
async fn an_object_is_uploaded_described_and_sent() {
    let world = world().await;
    let made = world
        .send(
            "POST",
            "/upload/storage/v1/b/data/o?uploadType=media&name=in%2Fa.csv",
            &[("content-type", "text/csv")],
            "a,b\n1,2\n",
        )
        .await
        .ok();
    assert_eq!(
        (&made["name"], &made["size"], &made["contentType"]),
        (&json!("in/a.csv"), &json!("8"), &json!("text/csv"))
    );
    let shown = world.get("/storage/v1/b/data/o/in%2Fa.csv").await.ok();
    assert_eq!(shown, made);
    let sent = world.get("/download/storage/v1/b/data/o/in%2Fa.csv?alt=media").await;
    assert_eq!(sent.body, b"a,b\n1,2\n");
    let hash =
        format!("crc32c={},md5={}", made["crc32c"].as_str().unwrap(), made["md5Hash"].as_str().unwrap());
    assert_eq!(sent.headers["x-goog-hash"], hash);
    let part = world.send("GET", "/data/in/a.csv", &[("range", "bytes=4-6")], Body::empty()).await;
    assert_eq!((part.status.as_u16(), part.body.as_slice()), (206, b"1,2".as_slice()));
    assert_eq!(part.headers["content-range"], "bytes 4-6/8");
    let outside = world.send("GET", "/data/in/a.csv", &[("range", "bytes=8-")], Body::empty()).await;
    assert_eq!(outside.status, 416);
    let wrong = world
        .send(
            "POST",
            "/upload/storage/v1/b/data/o?uploadType=media&name=b",
            &[("x-goog-hash", "crc32c=AAAAAA==")],
            "x",
        )
        .await;
    assert_eq!(wrong.status, 400, "the checksum is another");
    assert_eq!(world.get("/storage/v1/b/data/o/b").await.status, 404);
}

#[tokio::test]
async fn the_address_of_an_upload_in_pieces_works_for_clients_with_the_secret() {
    let world = World::new(false);
    let own = format!("/_/{SECRET}");
    let bucket = [("content-type", "application/json")];
    world.send("POST", &format!("{own}/storage/v1/b"), &bucket, r#"{"name": "data"}"#).await.ok();
    let begin = format!("{own}/upload/storage/v1/b/data/o?uploadType=resumable");
    let begun = world.send("POST", &begin, &bucket, r#"{"name": "large"}"#).await;
    let location = begun.headers["location"].to_str().unwrap().to_owned();
    let path = location.strip_prefix("http://127.0.0.1:8088").unwrap();
    assert!(path.starts_with(&own), "{location}");
    let first = world.send("PUT", path, &[("content-range", "bytes 0-2/*")], "abc").await;
    assert_eq!((first.status.as_u16(), first.headers["range"].to_str().unwrap()), (308, "bytes=0-2"));
    let asked = world.send("PUT", path, &[("content-range", "bytes */*")], Body::empty()).await;
    assert_eq!(asked.status, 308);
    // Go's client reads the code in a header.
    let range = ("content-range", "bytes */*");
    let asked = world.send("PUT", path, &[range, ("x-guploader-no-308", "yes")], Body::empty()).await;
    assert_eq!(
        (asked.status.as_u16(), &asked.headers["x-http-status-code-override"]),
        (200, &"308".parse().unwrap())
    );
    assert_eq!(asked.headers["range"], "bytes=0-2");
    let last = world.send("POST", path, &[("content-range", "bytes 3-5/6")], "def").await.ok();
    assert_eq!(last["size"], "6");
    assert_eq!(world.send("PUT", path, &[("content-range", "bytes 3-5/6")], "def").await.status, 404);
}

/// A body that breaks off.
fn broken() -> Body {
    let pieces = [Ok(Bytes::from_static(b"half")), Err(std::io::Error::other("the line is dead"))];
    Body::from_stream(futures::stream::iter(pieces))
}

#[tokio::test]
async fn a_cut_upload_leaves_nothing() {
    let world = world().await;
    let cut =
        world.send("POST", "/upload/storage/v1/b/data/o?uploadType=media&name=cut", &[], broken()).await;
    assert_eq!(cut.status, 400);
    assert_eq!(world.get("/storage/v1/b/data/o/cut").await.status, 404);
    let work = world.dir.path().join("google/work");
    assert_eq!(std::fs::read_dir(work).unwrap().count(), 0);
}

#[tokio::test]
async fn names_stay_in_their_bucket_and_internal_storage_is_hidden() {
    let world = world().await;
    world.ports.storage.put_text("company/team/secret.txt", "secret").await.unwrap();
    for name in ["..%2Fx", "..%2F..%2Fsegue.db", "%2Fetc%2Fpasswd", "a%2F..%2F..%2Fx", "a%2F%2Fb"] {
        let write = format!("/upload/storage/v1/b/data/o?uploadType=media&name={name}");
        assert_eq!(world.send("POST", &write, &[], "evil").await.status, 400, "{name}");
        assert_eq!(world.get(&format!("/storage/v1/b/data/o/{name}?alt=media")).await.status, 400, "{name}");
    }
    for path in [
        "/storage/v1/b/segue-internal",
        "/storage/v1/b/segue-internal/o",
        "/storage/v1/b/segue-internal/o/company%2Fteam%2Fsecret.txt?alt=media",
        "/segue-internal/company/team/secret.txt",
        "/segue-internal",
    ] {
        assert_eq!(world.get(path).await.status, 403, "{path}");
    }
    let out = "/storage/v1/b/segue-internal/o/company%2Fteam%2Fsecret.txt/copyTo/b/data/o/x";
    assert_eq!(world.post(out, json!({})).await.status, 403);
    let names = world.get("/storage/v1/b?project=demo").await.ok();
    assert_eq!(names["items"].as_array().unwrap().len(), 1, "{names}");
}

#[tokio::test]
async fn objects_of_flows_and_of_clients_are_the_same() {
    let world = world().await;
    let address = ObjectAddress::new("data", "of/a/flow");
    let bytes = Box::pin(futures::stream::iter([Ok(Bytes::from_static(b"from a flow"))]));
    world.ports.objects.put(&address, bytes, ObjectAttributes::default()).await.unwrap();
    let listed = world.get("/storage/v1/b/data/o?prefix=of%2F&delimiter=%2F").await.ok();
    assert_eq!(listed["prefixes"], json!(["of/a/"]));
    let listed = world.get("/storage/v1/b/data/o?prefix=of%2F").await.ok();
    assert_eq!(listed["items"][0]["name"], "of/a/flow");
    assert!(listed["items"][0]["crc32c"].is_string());
    let patched = world
        .send(
            "PATCH",
            "/storage/v1/b/data/o/of%2Fa%2Fflow",
            &[("content-type", "application/json")],
            r#"{"metadata": {"k": "v"}}"#,
        )
        .await
        .ok();
    assert_eq!(patched["generation"], listed["items"][0]["generation"], "the bytes are the same");
    assert_eq!(world.ports.objects.head(&address).await.unwrap().unwrap().attributes.metadata["k"], "v");
}

#[tokio::test]
async fn the_command_line_finds_folders_and_nodes_paths_work() {
    let world = World::new(true);
    world.post("/storage/v1/b?project=demo", serde_json::json!({"name": "data"})).await.ok();
    let upload = "/upload/storage/v1/b/data/o?uploadType=media&name=d/a.csv";
    let made = world.send("POST", upload, &[], "a,b").await.ok();
    let created = made["timeCreated"].as_str().unwrap();
    assert_eq!(created.len(), "2024-01-01T00:00:00.000Z".len(), "{created} has milliseconds");
    assert_eq!(world.get("/storage/v1/b/data/o/d%2F").await.status, 404, "a folder is no object");
    assert_eq!(world.get("/b/data/o/d%2Fa.csv").await.ok()["size"], "3");
    assert_eq!(world.get("/b?project=demo").await.ok()["items"][0]["name"], "data");
}
