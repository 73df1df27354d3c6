//! The time limit of every call. Without one, a call over a connection that was lost in silence would wait for minutes:
//! longer than the claim of the task run that waits for it.

use super::error::DbError;
use firestore::gcloud_sdk::tonic::Status;
use std::future::Future;
use std::time::Duration;

/// How long Firestore may take for an answer, and between two parts of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(pub(super) Duration);

impl Default for Deadline {
    fn default() -> Self {
        Self(Duration::from_secs(10))
    }
}

impl Deadline {
    /// The answer of a call, or [`DbError::Status`] with the code `DEADLINE_EXCEEDED`.
    pub(super) async fn keep<T>(self, call: impl Future<Output = Result<T, Status>>) -> Result<T, DbError> {
        let late = || {
            let text = format!("Firestore did not answer within {:?}", self.0);
            DbError::from(Status::deadline_exceeded(text))
        };
        tokio::time::timeout(self.0, call).await.map_err(|_| late())?.map_err(DbError::from)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Database;
    use super::super::write::{When, delete};
    use super::*;
    use crate::config::PlatformConfig;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_server_that_accepts_and_never_answers_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let silent = tokio::spawn(async move {
            let mut connections = Vec::new();
            loop {
                connections.push(listener.accept().await.unwrap());
            }
        });
        let variables = [("SEGUE_PROJECT", "demo"), ("FIRESTORE_EMULATOR_HOST", address.as_str())];
        let config = PlatformConfig::from_variables(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
        .unwrap();
        let database = Database::connect(&config).await.unwrap();
        let database = Database { deadline: Deadline(Duration::from_millis(20)), ..database };
        let path = "projects/demo/databases/(default)/documents/flows/a";
        let error = database.get(path).await.err().unwrap();
        assert!(error.to_string().contains("did not answer within 20ms"), "{error}");
        assert!(error.at("state store").is_transient());
        let error = database.commit(vec![delete(path.to_owned(), When::Always)]).await.err().unwrap();
        assert!(error.to_string().contains("did not answer within 20ms"), "{error}");
        silent.abort();
    }
}
