//! Google's APIs over the ports of one machine: BigQuery, Cloud Storage, Pub/Sub, Secret Manager, and the tokens for all.
//! Programs that talk to Google Cloud (dbt, pandas, `bq`, Google's client libraries) find the tables, buckets and topics
//! of the flows here.
//!
//! What it is: [`GoogleApis::router`] has all routes behind a front door (`door`). [`bigquery`], [`storage`], [`pubsub`]
//! and [`secrets`] are the APIs, `oauth` and `metadata` give out tokens, [`create_key`] makes the key of a service
//! account, `uploads` takes files, and `rpc` takes calls by gRPC.
//!
//! What it must not know: which adapter is behind a port, flows, executions, and where the server listens.
//!
//! How to add one more: an API is a module with its routes over a port, and a line in [`GoogleApis::router`].

mod accounts;
pub mod bigquery;
mod door;
mod fields;
mod metadata;
mod oauth;
pub mod pubsub;
mod refusal;
mod rpc;
pub mod secrets;
mod signed;
pub mod storage;
mod uploads;

pub use accounts::{AccountError, KeyFile, account_email, create_key};
pub use refusal::Refusal;

use accounts::Accounts;
use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse as _;
use bigquery::BigQueryParts;
use door::Callers;
use segue_ports::Ports;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use storage::StorageParts;
use tower::ServiceExt as _;

/// What the APIs work with, and who may use them.
pub struct GoogleApis {
    /// The ports.
    pub ports: Ports,
    /// The bucket of the platform itself. Clients do not see it.
    pub internal_bucket: String,
    /// A folder for uploads that are not complete, and for results. Nobody else uses it: everything in it is removed.
    pub work: PathBuf,
    /// The folder with the public keys of service accounts, as in [`create_key`].
    pub accounts: PathBuf,
    /// The name of the project.
    pub project: String,
    /// The text that lets a program in without a token, as `/_/SECRET` before the path.
    pub secret: String,
    /// Whether every program of this machine is let in, also without a token.
    pub is_open: bool,
}

impl GoogleApis {
    /// All routes, behind the front door.
    ///
    /// # Errors
    /// An error if the folder `work` cannot be used.
    pub fn router(self) -> std::io::Result<Router> {
        clear(&self.work)?;
        let accounts = Accounts::at(&self.accounts);
        let callers =
            Arc::new(Callers::new(accounts, Arc::clone(&self.ports.clock), self.secret, self.is_open));
        let bigquery = bigquery::routes(BigQueryParts {
            warehouse: Arc::clone(&self.ports.warehouse),
            objects: Arc::clone(&self.ports.objects),
            bucket: self.internal_bucket.clone(),
            folder: self.work.clone(),
            project: self.project.clone(),
            clock: Arc::clone(&self.ports.clock),
            before: None,
        });
        let storage = storage::routes(StorageParts {
            objects: Arc::clone(&self.ports.objects),
            hidden: vec![self.internal_bucket],
            folder: self.work,
        });
        let inner = Router::new()
            .merge(bigquery)
            .merge(storage)
            .merge(pubsub::routes(Arc::clone(&self.ports.topics)))
            .merge(secrets::routes(Arc::clone(&self.ports.secrets)))
            .merge(oauth::routes(Arc::clone(&callers)))
            .merge(metadata::routes(Arc::clone(&callers), &self.project));
        Ok(behind_door(inner, callers))
    }
}

/// The door changes the path of a request, so it is in front of the router that reads the path.
fn behind_door(inner: Router, callers: Arc<Callers>) -> Router {
    Router::new().fallback(move |request: Request| {
        let (inner, callers) = (inner.clone(), Arc::clone(&callers));
        async move {
            let (method, path) = (request.method().clone(), request.uri().path().to_owned());
            let is_grpc = rpc::is_grpc(request.headers());
            match door::admit(&callers, request) {
                Ok(request) => inner.oneshot(request).await.into_response(),
                Err(refusal) => {
                    tracing::warn!(%method, path, reason = refusal.reason, "a request to Google's APIs is refused");
                    if is_grpc { rpc::refused(refusal) } else { refusal.into_response() }
                }
            }
        }
    })
}

/// Removes what an earlier process left.
fn clear(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}
