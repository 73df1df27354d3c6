//! The object store on Cloud Storage.
//!
//! What it is: [`CloudObjectStore`], on the JSON API: requests without bytes ([`control`], [`buckets`]), and
//! uploads, large objects in pieces ([`upload`]). Downloads use Google's own client, which continues after an
//! interrupted connection and compares checksums ([`download`]). The rest of that client is not used: it is
//! gRPC, which no emulator offers, so this code would be untested. Copies are made by Cloud Storage itself.
//!
//! What it must not know: what the objects are for; which bucket is internal storage.
//!
//! How to add one more: a request without bytes is a function in `control` or `buckets`, with its class in
//! [`counts`], and a method in the trait at the end of this file.

mod access;
mod buckets;
mod control;
pub(crate) mod counts;
mod download;
mod names;
mod upload;
mod wire;

use crate::config::PlatformConfig;
use access::{Access, Accounts};
use async_trait::async_trait;
use counts::{Counters, StorageCounts};
use segue_ports::object::{
    BucketInfo, BucketSpec, ByteStream, Listing, ListingPage, ObjectAddress, ObjectAttributes, ObjectInfo,
    ObjectStore,
};
use segue_ports::{Credentials, PortError};
use std::path::Path;
use std::sync::Arc;

const PORT: &str = "object store";

/// Buckets and objects of Cloud Storage. Cheap to clone.
#[derive(Clone, Debug)]
pub struct CloudObjectStore {
    access: Arc<Access>,
    accounts: Arc<Accounts>,
    counters: Arc<Counters>,
    /// The project of new buckets.
    project: Arc<str>,
    /// The project of the deployment.
    home: Arc<str>,
}

impl CloudObjectStore {
    /// Connects to the emulator if the configuration names one, or else to Google's service with the
    /// credentials of the environment. Nothing is sent before the first request. Call this within an async
    /// runtime.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] if there are no credentials. [`PortError::Invalid`] for an invalid address
    /// of an emulator.
    pub fn connect(config: &PlatformConfig) -> Result<Self, PortError> {
        let accounts = Accounts::open(config.emulators.storage.clone())?;
        let project: Arc<str> = config.project.as_str().into();
        Ok(Self {
            access: accounts.own(),
            accounts: Arc::new(accounts),
            counters: Arc::default(),
            home: project.clone(),
            project,
        })
    }

    /// The operations since the connection was created, including those with other identities.
    pub fn operation_counts(&self) -> StorageCounts {
        self.counters.now()
    }

    /// The store with another identity. None if it is the same.
    fn other(&self, asked: &Credentials) -> Result<Option<Self>, PortError> {
        let project = asked.project.as_deref().map_or_else(|| self.home.clone(), Arc::from);
        let access = self.accounts.access(asked)?;
        if Arc::ptr_eq(&access, &self.access) && project == self.project {
            return Ok(None);
        }
        Ok(Some(Self { access, project, ..self.clone() }))
    }
}

#[async_trait]
impl ObjectStore for CloudObjectStore {
    fn acting_as(&self, credentials: &Credentials) -> Result<Option<Arc<dyn ObjectStore>>, PortError> {
        Ok(self.other(credentials)?.map(|other| Arc::new(other) as Arc<dyn ObjectStore>))
    }

    async fn create_bucket(&self, spec: BucketSpec) -> Result<BucketInfo, PortError> {
        self.make_bucket(spec).await
    }

    async fn update_bucket(&self, spec: BucketSpec) -> Result<BucketInfo, PortError> {
        self.change_bucket(spec).await
    }

    async fn bucket(&self, name: &str) -> Result<Option<BucketInfo>, PortError> {
        Ok(self.look_at_bucket(name).await?.map(|(info, _)| info))
    }

    async fn list_buckets(&self) -> Result<Vec<BucketInfo>, PortError> {
        self.all_buckets().await
    }

    async fn delete_bucket(&self, name: &str) -> Result<(), PortError> {
        self.remove_bucket(name).await
    }

    async fn put(
        &self,
        address: &ObjectAddress,
        bytes: ByteStream,
        attributes: ObjectAttributes,
    ) -> Result<ObjectInfo, PortError> {
        self.upload_stream(address, bytes, attributes).await
    }

    async fn put_file(
        &self,
        address: &ObjectAddress,
        file: &Path,
        attributes: ObjectAttributes,
    ) -> Result<ObjectInfo, PortError> {
        self.upload_file(address, file, attributes).await
    }

    async fn get(&self, address: &ObjectAddress) -> Result<(ObjectInfo, ByteStream), PortError> {
        self.download(address).await
    }

    async fn get_file(&self, address: &ObjectAddress, file: &Path) -> Result<ObjectInfo, PortError> {
        self.download_file(address, file).await
    }

    async fn head(&self, address: &ObjectAddress) -> Result<Option<ObjectInfo>, PortError> {
        self.look_at(address).await
    }

    async fn list(&self, bucket: &str, prefix: &str, delimiter: Option<char>) -> Result<Listing, PortError> {
        self.pages(bucket, prefix, delimiter).await
    }

    async fn list_page(
        &self,
        bucket: &str,
        prefix: &str,
        delimiter: Option<char>,
        from: Option<&str>,
        most: usize,
    ) -> Result<ListingPage, PortError> {
        self.page(bucket, prefix, delimiter, from, most).await
    }

    async fn delete(&self, address: &ObjectAddress) -> Result<bool, PortError> {
        self.remove(address).await
    }

    async fn copy(
        &self,
        from: &ObjectAddress,
        to: &ObjectAddress,
        attributes: Option<ObjectAttributes>,
    ) -> Result<ObjectInfo, PortError> {
        self.rewrite(from, to, attributes).await
    }

    async fn compose(
        &self,
        from: &[ObjectAddress],
        to: &ObjectAddress,
    ) -> Result<Option<ObjectInfo>, PortError> {
        self.join(from, to).await
    }
}
