//! The object store on Cloud Storage.
//!
//! What it is: [`CloudObjectStore`], on the JSON API: what carries no bytes ([`control`], [`buckets`]), and bytes on
//! their way there, large objects piece by piece ([`upload`]). Bytes are read through Google's own client, which
//! goes on where a connection broke off and compares checksums ([`download`]). The rest of that client is of no use
//! here: it is gRPC, which no emulator answers, so that the code in use would be untried. A copy is made by Cloud
//! Storage itself.
//!
//! What it must not know: what the objects are for; which of the buckets is internal storage.
//!
//! How to add one more: a request that carries no bytes is a function in `control` or `buckets` with its class in
//! [`counts`], and its place in the trait at the end of this file.

mod access;
mod buckets;
mod control;
pub(crate) mod counts;
mod download;
mod names;
mod pieces;
mod upload;
mod wire;

use crate::config::PlatformConfig;
use access::{Access, Accounts};
use async_trait::async_trait;
use counts::{Counters, StorageCounts};
use segue_ports::object::{
    BucketInfo, BucketSpec, ByteStream, Listing, ObjectAddress, ObjectAttributes, ObjectInfo, ObjectStore,
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
    /// In which buckets are made.
    project: Arc<str>,
    /// That of the deployment.
    home: Arc<str>,
}

impl CloudObjectStore {
    /// Connects: to the emulator where the configuration names one, else to Google's service with the credentials
    /// of the environment. Nothing is sent before the first request. To be called within an async runtime.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] when there are no credentials; [`PortError::Invalid`] for an emulator's address
    /// that is none.
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

    /// What was asked of Cloud Storage since it was connected, also by those who act as somebody else.
    pub fn operation_counts(&self) -> StorageCounts {
        self.counters.now()
    }

    /// The store as somebody else; none where it is the same.
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
}
