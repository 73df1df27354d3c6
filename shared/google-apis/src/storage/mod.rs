//! Cloud Storage's JSON API (version 1) over the object store of the platform, and the part of the XML API that clients
//! use for paths such as `/bucket/object`.
//!
//! `buckets` and `objects` serve descriptions, `download` and `upload` bytes, `copy` copies and compositions, `batch`
//! several requests in one, `xml` the paths. `conditions` checks generations, `sums` knows checksums, and `resource`
//! writes JSON. It must not know how the store keeps objects.
//!
//! The store has one generation of an object. There are no access lists: everybody with a token may do everything.
//!
//! To add a request, add a route in [`routes`].

mod batch;
mod buckets;
mod conditions;
mod copy;
mod download;
mod objects;
mod resource;
mod sums;
mod upload;
mod xml;

use crate::refusal::Refusal;
use crate::uploads::Uploads;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use conditions::Locks;
use segue_ports::ObjectStore;
use segue_ports::object::ObjectAddress;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use sums::KnownSums;

/// The parameters in the address of a request.
type Parameters = HashMap<String, String>;

/// What the API works with.
pub struct StorageParts {
    /// Buckets and objects.
    pub objects: Arc<dyn ObjectStore>,
    /// Buckets that clients do not see.
    pub hidden: Vec<String>,
    /// A folder for uploads that are not complete. It must exist, on the disk of the objects if possible.
    pub folder: PathBuf,
}

/// The API's state.
struct Storage {
    objects: Arc<dyn ObjectStore>,
    hidden: Vec<String>,
    uploads: Uploads<upload::About>,
    sums: KnownSums,
    locks: Locks,
}

impl Storage {
    /// Refuses a bucket that clients do not see.
    fn visible(&self, bucket: &str) -> Result<(), Refusal> {
        if self.hidden.iter().any(|hidden| hidden == bucket) {
            return Err(Refusal::new("forbidden", format!("the bucket {bucket} belongs to Segue itself")));
        }
        Ok(())
    }

    /// The address of an object that clients may use.
    fn address(&self, bucket: &str, object: &str) -> Result<ObjectAddress, Refusal> {
        self.visible(bucket)?;
        Ok(ObjectAddress::new(bucket, object))
    }
}

/// The routes.
pub fn routes(parts: StorageParts) -> Router {
    let StorageParts { objects, hidden, folder } = parts;
    let (sums, locks) = (KnownSums::default(), Locks::default());
    let state = Arc::new(Storage { objects, hidden, uploads: Uploads::new(&folder), sums, locks });
    let of_object = get(objects::show).patch(objects::change).put(objects::change).delete(objects::delete);
    let json = Router::new()
        .route("/b", get(buckets::list).post(buckets::create))
        .route(
            "/b/{bucket}",
            get(buckets::show).patch(buckets::change).put(buckets::change).delete(buckets::delete),
        )
        .route("/b/{bucket}/iam", get(buckets::policy))
        .route("/b/{bucket}/iam/testPermissions", get(buckets::permissions))
        .route("/b/{bucket}/storageLayout", get(buckets::layout))
        .route("/b/{bucket}/managedFolders", get(buckets::managed_folders))
        .route("/b/{bucket}/o", get(objects::list))
        .route("/b/{bucket}/o/{object}", of_object)
        .route("/b/{bucket}/o/{object}/compose", post(copy::compose))
        .route("/b/{bucket}/o/{object}/rewriteTo/b/{to_bucket}/o/{to}", post(copy::rewrite))
        .route("/b/{bucket}/o/{object}/copyTo/b/{to_bucket}/o/{to}", post(copy::copy))
        .route("/b/{bucket}/o/{object}/moveTo/o/{to}", post(copy::rename));
    let uploads = post(upload::begin).put(upload::piece).delete(upload::cancel);
    let of_path = get(xml::show).put(xml::write).delete(xml::delete);
    let inner = Router::new()
        .nest("/storage/v1", json.clone())
        // The client for Node.js leaves out the first part of the path, if the address is an emulator's. `b` is too short
        // for the name of a bucket.
        .merge(json)
        .route("/storage/v1/projects/{project}/serviceAccount", get(buckets::service_account))
        .route("/download/storage/v1/b/{bucket}/o/{object}", get(download::media))
        .route("/upload/storage/v1/b/{bucket}/o", uploads.clone())
        .route("/resumable/upload/storage/v1/b/{bucket}/o", uploads)
        .route("/{bucket}", get(xml::list))
        .route("/{bucket}/{*object}", of_path)
        .with_state(state)
        // Uploads go to the disk as they arrive, so they may have any size.
        .layer(DefaultBodyLimit::disable());
    let batched = inner.clone();
    let batch = post(move |headers, body| batch::run(batched, headers, body));
    inner.route("/batch/storage/v1", batch.clone()).route("/batch", batch)
}
