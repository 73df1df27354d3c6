//! The warehouse on BigQuery, by its REST API (version 2).
//!
//! What it is: the adapter ([`BigQueryWarehouse`]); jobs and their ids (`jobs`), their outcomes (`outcome`) and rows (`pages`),
//! whole tables (`transfer`), datasets and tables (`tables`), values (`decode`), errors by meaning (`error`), and the requests (`client`,
//! `api`, `request`, `wire`).
//!
//! What it must not know: flows, tasks, where the SQL comes from, which emulator answers.
//!
//! How to add one more: an operation of the port is a function in `tables` or `jobs`, and its request is a
//! method of `api::Api`.

mod api;
mod client;
mod counts;
mod decode;
mod error;
mod jobs;
mod names;
mod outcome;
mod pages;
mod parameters;
mod request;
mod schema;
mod tables;
mod transfer;
mod wire;

pub use counts::WarehouseCounts;

use crate::auth::Caller;
use crate::config::PlatformConfig;
use api::Api;
use async_trait::async_trait;
use counts::Counters;
use segue_ports::warehouse::{
    Copied, CopyJob, CreateDataset, DatasetInfo, ExtractJob, Extracted, LoadJob, Loaded, QueryJob,
    QueryResult, Rows, TableInfo, Warehouse, WarehouseError,
};
use segue_ports::{Credentials, PortError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The name of this port in errors.
const PORT: &str = "warehouse";
/// The number of cached accounts of flows. More at the same time are rare, and cost a token each.
const REMEMBERED: usize = 64;

/// The warehouse on BigQuery. Cheap to clone.
#[derive(Clone)]
pub struct BigQueryWarehouse {
    api: Arc<Api>,
    known: Arc<Known>,
}

/// The state that adapters for different identities share.
struct Known {
    config: PlatformConfig,
    counters: Arc<Counters>,
    accounts: Mutex<HashMap<Credentials, Arc<Api>>>,
}

impl std::fmt::Debug for BigQueryWarehouse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BigQueryWarehouse").field("project", &self.api.project()).finish_non_exhaustive()
    }
}

impl BigQueryWarehouse {
    /// Connects to the emulator if the configuration names one, or else to the service with the deployment's
    /// service account. Call this within an async runtime. No request is sent yet.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] if the environment has no usable credentials.
    pub fn connect(config: &PlatformConfig) -> Result<Self, PortError> {
        let counters = Arc::<Counters>::default();
        let api = api(config, &counters, &Credentials::default())?;
        let known = Known { config: config.clone(), counters, accounts: Mutex::default() };
        Ok(Self { api: Arc::new(api), known: Arc::new(known) })
    }

    /// The counts so far, including requests with other identities.
    pub fn counts(&self) -> WarehouseCounts {
        self.known.counters.now()
    }
}

fn api(
    config: &PlatformConfig,
    counters: &Arc<Counters>,
    credentials: &Credentials,
) -> Result<Api, PortError> {
    let emulator = config.emulators.bigquery.as_deref();
    let caller = Caller::of(credentials, PORT, emulator.is_some())?;
    let project = credentials
        .project
        .clone()
        .or_else(|| project_of_key(credentials))
        .unwrap_or_else(|| config.project.clone());
    Api::new(emulator, caller, project, Arc::clone(counters))
}

/// The project of a key. It is used and billed unless another project is named (docs/kestra.md 4.6).
fn project_of_key(credentials: &Credentials) -> Option<String> {
    let key: serde_json::Value = serde_json::from_str(credentials.service_account.as_deref()?).ok()?;
    key.get("project_id")?.as_str().map(str::to_owned)
}

#[async_trait]
impl Warehouse for BigQueryWarehouse {
    fn acting_as(&self, credentials: &Credentials) -> Result<Option<Arc<dyn Warehouse>>, WarehouseError> {
        if credentials.is_ambient() {
            return Ok(None);
        }
        let mut accounts = self.known.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match accounts.get(credentials) {
            Some(found) => Arc::clone(found),
            None => {
                let made =
                    api(&self.known.config, &self.known.counters, credentials).map_err(error::of_port)?;
                if accounts.len() >= REMEMBERED {
                    accounts.clear();
                }
                let made = Arc::new(made);
                accounts.insert(credentials.clone(), Arc::clone(&made));
                made
            }
        };
        Ok(Some(Arc::new(Self { api: found, known: Arc::clone(&self.known) })))
    }

    async fn create_dataset(&self, request: CreateDataset) -> Result<DatasetInfo, WarehouseError> {
        tables::create_dataset(&self.api, request).await
    }

    async fn delete_dataset(&self, dataset: &str, contents: bool) -> Result<(), WarehouseError> {
        tables::delete_dataset(&self.api, dataset, contents).await
    }

    async fn query(&self, job: QueryJob) -> Result<QueryResult, WarehouseError> {
        jobs::query(&self.api, &job).await
    }

    async fn stream(&self, job: QueryJob) -> Result<Rows, WarehouseError> {
        jobs::stream(&self.api, &job).await
    }

    async fn copy(&self, job: CopyJob) -> Result<Copied, WarehouseError> {
        transfer::copy(&self.api, &job).await
    }

    async fn load(&self, job: LoadJob) -> Result<Loaded, WarehouseError> {
        transfer::load(&self.api, &job).await
    }

    async fn extract(&self, job: ExtractJob) -> Result<Extracted, WarehouseError> {
        transfer::extract(&self.api, &job).await
    }

    async fn cancel(&self, job: &QueryJob) -> Result<(), WarehouseError> {
        jobs::cancel(&self.api, job).await
    }

    async fn list_datasets(&self) -> Result<Vec<String>, WarehouseError> {
        tables::list_datasets(&self.api).await
    }

    async fn list_tables(&self, dataset: &str) -> Result<Vec<TableInfo>, WarehouseError> {
        tables::list(&self.api, dataset).await
    }

    async fn table_info(&self, dataset: &str, table: &str) -> Result<TableInfo, WarehouseError> {
        tables::describe(&self.api, dataset, table).await
    }

    async fn delete_table(&self, dataset: &str, table: &str) -> Result<(), WarehouseError> {
        tables::delete(&self.api, dataset, table).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> PlatformConfig {
        PlatformConfig::from_variables(|name| match name {
            "SEGUE_PROJECT" => Some("own".to_owned()),
            "BIGQUERY_EMULATOR_HOST" => Some("127.0.0.1:1".to_owned()),
            _ => None,
        })
        .unwrap()
    }

    fn key(project: &str) -> String {
        serde_json::json!({"type": "service_account", "client_email": "a@b.c", "project_id": project,
            "private_key_id": "1", "private_key": "-----BEGIN PRIVATE KEY-----"})
        .to_string()
    }

    #[tokio::test]
    async fn the_project_of_a_request_is_chosen() {
        let warehouse = BigQueryWarehouse::connect(&config()).unwrap();
        assert!(warehouse.acting_as(&Credentials::default()).unwrap().is_none());
        for (project, service_account, expected) in [
            (Some("named"), None, "named"),
            (None, Some(key("of-key")), "of-key"),
            (Some("named"), Some(key("of-key")), "named"),
        ] {
            let credentials = Credentials {
                project: project.map(str::to_owned),
                service_account,
                ..Credentials::default()
            };
            let counters = Arc::default();
            assert_eq!(api(&config(), &counters, &credentials).unwrap().project(), expected);
            assert!(warehouse.acting_as(&credentials).unwrap().is_some());
        }
        assert_eq!(warehouse.api.project(), "own");
        assert_eq!(warehouse.known.accounts.lock().unwrap().len(), 3);
    }

    #[tokio::test]
    async fn an_invalid_key_is_refused_without_being_shown() {
        let warehouse = BigQueryWarehouse::connect(&config()).unwrap();
        let wrong = Credentials { service_account: Some("s3cret".to_owned()), ..Credentials::default() };
        let Err(error) = warehouse.acting_as(&wrong) else { panic!("no key was taken for one") };
        assert!(matches!(error, WarehouseError::InvalidQuery { .. }), "{error}");
        assert!(error.to_string().contains("serviceAccount") && !error.to_string().contains("s3cret"));
    }
}
