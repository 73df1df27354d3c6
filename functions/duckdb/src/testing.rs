//! A platform in a temporary directory, for the tests of both task types.

use crate::queries::Queries;
use crate::query::Query;
use segue_model::{Json, Map};
use segue_task::Task as _;
use segue_task::testing::TestRun;
use serde_json::json;
use std::ops::Deref;
use std::path::Path;

/// A platform for one test.
pub(crate) struct Platform(segue_task::testing::Platform);

impl Deref for Platform {
    type Target = segue_task::testing::Platform;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Platform {
    pub(crate) fn new() -> Self {
        let connect = |folder: &Path| segue_embedded::connect(folder).unwrap();
        Self(segue_task::testing::Platform::new(crate::tasks(), connect))
    }

    /// Runs a `Query` with these properties.
    pub(crate) async fn query(&self, properties: Json) -> TestRun {
        self.handle(self.message_of(Query::TYPE, properties)).await
    }

    /// Runs a `Queries` with these properties.
    pub(crate) async fn queries(&self, properties: Json) -> TestRun {
        self.handle(self.message_of(Queries::TYPE, properties)).await
    }

    /// The first row of a query.
    pub(crate) async fn row(&self, sql: &str) -> Map {
        let outputs = self.query(json!({"sql": sql, "fetchType": "FETCH_ONE"})).await.outputs();
        outputs["row"].as_object().cloned().unwrap()
    }

    /// The error of a statement.
    pub(crate) async fn refused(&self, sql: &str) -> String {
        self.query(json!({"sql": sql})).await.error()
    }

    /// The text of a stored file.
    pub(crate) async fn text(&self, uri: &Json) -> String {
        String::from_utf8(self.stored(uri.as_str().unwrap()).await).unwrap()
    }
}
