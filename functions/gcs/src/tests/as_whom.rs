//! Tests the identity of requests for all tasks, on a store that records the identity.

use async_trait::async_trait;
use segue_model::Json;
use segue_ports::object::{
    BucketInfo, BucketSpec, ByteStream, Listing, ObjectAddress, ObjectAttributes, ObjectInfo, ObjectStore,
};
use segue_ports::{Credentials, PortError};
use segue_task::testing::{message, run};
use serde_json::json;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// The text of a private key, which must not be visible anywhere.
const SECRET: &str = "c2VjcmV0LWtleQ";

/// A store with a separate instance for each identity. It works only with an identity from the flow.
struct Guarded {
    asked: Arc<Mutex<Vec<Credentials>>>,
    /// The store that works. None for the service's own identity, which must not be used.
    inner: Option<Arc<dyn ObjectStore>>,
    behind: Arc<dyn ObjectStore>,
}

impl Guarded {
    fn inner(&self) -> Result<&Arc<dyn ObjectStore>, PortError> {
        self.inner.as_ref().ok_or_else(|| PortError::invalid("the request used the service's own identity"))
    }
}

#[async_trait]
impl ObjectStore for Guarded {
    fn acting_as(&self, credentials: &Credentials) -> Result<Option<Arc<dyn ObjectStore>>, PortError> {
        self.asked.lock().unwrap().push(credentials.clone());
        let (asked, behind) = (self.asked.clone(), self.behind.clone());
        Ok(Some(Arc::new(Self { asked, inner: Some(behind.clone()), behind })))
    }

    async fn create_bucket(&self, spec: BucketSpec) -> Result<BucketInfo, PortError> {
        self.inner()?.create_bucket(spec).await
    }

    async fn update_bucket(&self, spec: BucketSpec) -> Result<BucketInfo, PortError> {
        self.inner()?.update_bucket(spec).await
    }

    async fn bucket(&self, name: &str) -> Result<Option<BucketInfo>, PortError> {
        self.inner()?.bucket(name).await
    }

    async fn list_buckets(&self) -> Result<Vec<BucketInfo>, PortError> {
        self.inner()?.list_buckets().await
    }

    async fn delete_bucket(&self, name: &str) -> Result<(), PortError> {
        self.inner()?.delete_bucket(name).await
    }

    async fn put(
        &self,
        address: &ObjectAddress,
        bytes: ByteStream,
        attributes: ObjectAttributes,
    ) -> Result<ObjectInfo, PortError> {
        self.inner()?.put(address, bytes, attributes).await
    }

    async fn put_file(
        &self,
        address: &ObjectAddress,
        file: &Path,
        attributes: ObjectAttributes,
    ) -> Result<ObjectInfo, PortError> {
        self.inner()?.put_file(address, file, attributes).await
    }

    async fn get(&self, address: &ObjectAddress) -> Result<(ObjectInfo, ByteStream), PortError> {
        self.inner()?.get(address).await
    }

    async fn get_file(&self, address: &ObjectAddress, file: &Path) -> Result<ObjectInfo, PortError> {
        self.inner()?.get_file(address, file).await
    }

    async fn head(&self, address: &ObjectAddress) -> Result<Option<ObjectInfo>, PortError> {
        self.inner()?.head(address).await
    }

    async fn list(&self, bucket: &str, prefix: &str, delimiter: Option<char>) -> Result<Listing, PortError> {
        self.inner()?.list(bucket, prefix, delimiter).await
    }

    async fn delete(&self, address: &ObjectAddress) -> Result<bool, PortError> {
        self.inner()?.delete(address).await
    }

    async fn copy(
        &self,
        from: &ObjectAddress,
        to: &ObjectAddress,
        attributes: Option<ObjectAttributes>,
    ) -> Result<ObjectInfo, PortError> {
        self.inner()?.copy(from, to, attributes).await
    }
}

/// Runs tasks one after another, each with `who` in addition to its own properties. Returns the identities of
/// the requests, and the log.
async fn asked(who: &Json) -> (Vec<Credentials>, String) {
    let dir = tempfile::tempdir().unwrap();
    let mut ports = segue_embedded::connect(dir.path()).unwrap();
    let file = ports.storage.put_text("e/x", "1").await.unwrap();
    let notes = Arc::new(Mutex::new(Vec::new()));
    ports.objects = Arc::new(Guarded { asked: notes.clone(), inner: None, behind: ports.objects.clone() });
    let mut log = String::new();
    for (task, more) in [
        ("CreateBucket", json!({"name": "b-1"})),
        ("UpdateBucket", json!({"name": "b-1", "labels": {"a": "b"}})),
        ("Upload", json!({"from": file, "to": "gs://b-1/in/a"})),
        ("Copy", json!({"from": "gs://b-1/in/a", "to": "gs://b-1/in/b", "delete": true})),
        ("List", json!({"from": "gs://b-1/in/"})),
        ("Compose", json!({"list": {"from": "gs://b-1/in/"}, "to": "gs://b-1/whole"})),
        ("Download", json!({"from": "gs://b-1/whole"})),
        ("Downloads", json!({"from": "gs://b-1/in/", "action": "MOVE", "moveDirectory": "gs://b-1/done"})),
        ("Delete", json!({"uri": "gs://b-1/whole"})),
        ("DeleteList", json!({"from": "gs://b-1/done/"})),
        ("DeleteBucket", json!({"name": "b-1"})),
    ] {
        let mut properties = who.as_object().unwrap().clone();
        properties.extend(more.as_object().unwrap().clone());
        let kind = format!("io.kestra.plugin.gcp.gcs.{task}");
        let message = message(&kind, Json::Object(properties));
        let ended = run(&crate::tasks(), ports.clone(), &dir.path().join("work"), message).await.unwrap();
        assert_eq!(ended.result.error, None, "{task}");
        log.push_str(&ended.log_text());
    }
    let notes = notes.lock().unwrap().clone();
    (notes, log)
}

#[tokio::test]
async fn every_task_asks_as_the_flow_says() {
    let key = json!({"type": "service_account", "private_key": SECRET});
    for given in [key.clone(), Json::String(key.to_string())] {
        let who = json!({"projectId": " p ", "serviceAccount": given, "scopes": ["https://x"],
            "impersonatedServiceAccount": "a@p.iam.gserviceaccount.com"});
        let (notes, log) = asked(&who).await;
        assert_eq!(notes.len(), 11, "once each");
        for credentials in notes {
            assert_eq!(credentials.project.as_deref(), Some("p"));
            assert_eq!(credentials.impersonate.as_deref(), Some("a@p.iam.gserviceaccount.com"));
            assert_eq!(credentials.scopes, ["https://x"]);
            assert_eq!(serde_json::from_str::<Json>(&credentials.service_account.unwrap()).unwrap(), key);
        }
        assert!(!log.contains(SECRET));
    }
}

#[tokio::test]
async fn empty_credentials_are_the_service_itself() {
    let (notes, _) = asked(&json!({"projectId": "", "serviceAccount": null, "scopes": []})).await;
    assert!(notes.iter().all(Credentials::is_ambient), "{notes:?}");
}
