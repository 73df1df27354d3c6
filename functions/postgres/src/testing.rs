//! A platform and a database, for the tests of all task types.

use crate::cluster::{Cluster, Database};
use segue_model::Json;
use segue_ports::Tokens;
use segue_ports::wire::TaskRunMessage;
use segue_task::testing::{TestEnd, TestRun};
use serde_json::json;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// A platform and an empty database for one test.
pub(crate) struct Platform {
    platform: segue_task::testing::Platform,
    pub(crate) cluster: &'static Cluster,
    pub(crate) database: Database,
}

impl Deref for Platform {
    type Target = segue_task::testing::Platform;

    fn deref(&self) -> &Self::Target {
        &self.platform
    }
}

impl Platform {
    /// None if PostgreSQL is not installed.
    pub(crate) fn new() -> Option<Self> {
        let cluster = Cluster::shared()?;
        let connect = |folder: &Path| segue_embedded::connect(folder).unwrap();
        let platform = segue_task::testing::Platform::new(crate::tasks(), connect);
        Some(Self { platform, cluster, database: cluster.database() })
    }

    /// Replaces the source of Google's access tokens.
    pub(crate) fn with_tokens(&mut self, tokens: Arc<dyn Tokens>) {
        self.platform.ports.tokens = tokens;
    }

    /// A platform with tables.
    pub(crate) fn with(sql: &str) -> Option<Self> {
        let platform = Self::new()?;
        platform.ask(sql);
        Some(platform)
    }

    /// The message of a task with these properties, and the connection to the database where it is not among them.
    pub(crate) fn message_for(&self, task_type: &str, properties: Json) -> TaskRunMessage {
        let Database { url, user, password, .. } = &self.database;
        let mut all = json!({"url": url, "username": user, "password": password});
        for (name, value) in properties.as_object().unwrap() {
            all[name] = value.clone();
        }
        self.message_of(task_type, all)
    }

    /// Runs a task to its end.
    pub(crate) async fn run(&self, task_type: &str, properties: Json) -> TestRun {
        self.handle(self.message_for(task_type, properties)).await
    }

    /// Runs a task that is stopped when the token says so.
    pub(crate) async fn run_until(
        &self,
        stop: &CancellationToken,
        task_type: &str,
        properties: Json,
    ) -> TestEnd {
        let message = self.message_for(task_type, properties);
        segue_task::testing::run_under(&crate::tasks(), self.ports.clone(), self.settings(), message, stop)
            .await
    }

    /// What `psql` prints about a statement.
    pub(crate) fn ask(&self, sql: &str) -> String {
        self.cluster.ask(&self.database, sql)
    }
}
