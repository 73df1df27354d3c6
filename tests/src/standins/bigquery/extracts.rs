//! A warehouse with extracts that go to the storage emulator: it writes the file next to itself, and sends it.

use super::objects::StorageEmulator;
use async_trait::async_trait;
use segue_embedded::DirectoryObjectStore;
use segue_embedded::warehouse::DuckDbWarehouse;
use segue_ports::object::ObjectAddress;
use segue_ports::warehouse::{
    Copied, CopyJob, CreateDataset, DatasetInfo, ExtractJob, Extracted, LoadJob, Loaded, QueryJob,
    QueryResult, Rows, TableInfo, Warehouse, WarehouseError,
};
use std::path::PathBuf;
use std::sync::Arc;

/// The warehouse, and where its files are.
pub(super) struct Extracting {
    pub(super) inner: DuckDbWarehouse,
    pub(super) emulator: Arc<StorageEmulator>,
    pub(super) objects: DirectoryObjectStore,
    pub(super) root: PathBuf,
}

fn failed(error: &dyn std::fmt::Display) -> WarehouseError {
    WarehouseError::Unavailable { message: error.to_string() }
}

#[async_trait]
impl Warehouse for Extracting {
    async fn extract(&self, job: ExtractJob) -> Result<Extracted, WarehouseError> {
        let uri = job.uris.first().map(|uri| uri.replace('*', "000000000000")).unwrap_or_default();
        let address = ObjectAddress::parse(&uri).map_err(|error| failed(&error))?;
        self.objects.ensure_bucket(&address.bucket).map_err(|error| failed(&error))?;
        let extracted = self.inner.extract(job).await?;
        let file = self.root.join(&address.bucket).join(&address.key);
        let bytes = tokio::fs::read(file).await.map_err(|error| failed(&error))?;
        let sent = self.emulator.upload(&address.bucket, &address.key, bytes).await;
        sent.map_err(|error| WarehouseError::NotFound {
            what: "URI".to_owned(),
            name: format!("{uri}: {error:#}"),
            hint: None,
        })?;
        Ok(extracted)
    }

    async fn create_dataset(&self, request: CreateDataset) -> Result<DatasetInfo, WarehouseError> {
        self.inner.create_dataset(request).await
    }

    async fn delete_dataset(&self, dataset: &str, contents: bool) -> Result<(), WarehouseError> {
        self.inner.delete_dataset(dataset, contents).await
    }

    async fn query(&self, job: QueryJob) -> Result<QueryResult, WarehouseError> {
        self.inner.query(job).await
    }

    async fn stream(&self, job: QueryJob) -> Result<Rows, WarehouseError> {
        self.inner.stream(job).await
    }

    async fn copy(&self, job: CopyJob) -> Result<Copied, WarehouseError> {
        self.inner.copy(job).await
    }

    async fn load(&self, job: LoadJob) -> Result<Loaded, WarehouseError> {
        self.inner.load(job).await
    }

    async fn list_datasets(&self) -> Result<Vec<String>, WarehouseError> {
        self.inner.list_datasets().await
    }

    async fn list_tables(&self, dataset: &str) -> Result<Vec<TableInfo>, WarehouseError> {
        self.inner.list_tables(dataset).await
    }

    async fn table_info(&self, dataset: &str, table: &str) -> Result<TableInfo, WarehouseError> {
        self.inner.table_info(dataset, table).await
    }

    async fn delete_table(&self, dataset: &str, table: &str) -> Result<(), WarehouseError> {
        self.inner.delete_table(dataset, table).await
    }
}
