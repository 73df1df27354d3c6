//! Clients for Cloud Storage, one for each credentials, created once and cached.

use super::PORT;
use crate::auth::{self, Caller};
use crate::rest::Rest;
use google_cloud_auth::credentials::Credentials as GoogleCredentials;
use google_cloud_gax::exponential_backoff::ExponentialBackoffBuilder;
use google_cloud_gax::retry_policy::RetryPolicyExt as _;
use google_cloud_storage::client::Storage;
use google_cloud_storage::retry_policy::RetryableErrors;
use segue_ports::{Credentials, PortError};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;

/// Google's own address.
const SERVICE: &str = "https://storage.googleapis.com";
/// The number of cached credentials of flows. Each has a token that is renewed.
const REMEMBERED: usize = 32;
/// How often reading a piece of an object is retried.
const ATTEMPTS: u32 = 8;
/// The first and the longest delay before a retry.
const DELAYS: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(20));

/// The clients of one account.
#[derive(Debug)]
pub(super) struct Access {
    /// For requests without bytes.
    pub(super) rest: Rest,
    /// For uploads.
    pub(super) uploads: Rest,
    endpoint: String,
    credentials: GoogleCredentials,
    /// For downloads. Created at the first download.
    data: OnceCell<Storage>,
}

impl Access {
    fn new(endpoint: &str, credentials: GoogleCredentials) -> Result<Self, PortError> {
        let caller = Caller::new(credentials.clone(), PORT);
        let rest = Rest::new(&format!("{endpoint}/storage/v1"), caller, PORT)?;
        Ok(Self {
            uploads: rest.at(&format!("{endpoint}/upload/storage/v1"), PORT)?,
            rest,
            endpoint: endpoint.to_owned(),
            credentials,
            data: OnceCell::new(),
        })
    }

    /// Google's client.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] if it cannot be created.
    pub(super) async fn data(&self) -> Result<&Storage, PortError> {
        let made = self.data.get_or_try_init(|| async {
            let (first, longest) = DELAYS;
            let delays =
                ExponentialBackoffBuilder::new().with_initial_delay(first).with_maximum_delay(longest);
            Storage::builder()
                .with_endpoint(self.endpoint.clone())
                .with_credentials(self.credentials.clone())
                .with_retry_policy(RetryableErrors.with_attempt_limit(ATTEMPTS))
                .with_backoff_policy(delays.clamp())
                // Its gRPC part is not used.
                .with_grpc_subchannel_count(1)
                .build()
                .await
        });
        made.await.map_err(|error| PortError::unavailable(PORT, error))
    }
}

/// The accounts in use.
#[derive(Debug)]
pub(super) struct Accounts {
    endpoint: String,
    emulated: bool,
    own: Arc<Access>,
    /// The least recently used account comes first.
    others: Mutex<VecDeque<(Credentials, Arc<Access>)>>,
}

impl Accounts {
    pub(super) fn open(emulator: Option<String>) -> Result<Self, PortError> {
        let emulated = emulator.is_some();
        let endpoint = emulator.unwrap_or_else(|| SERVICE.to_owned());
        let own = auth::credentials(&Credentials::default(), PORT, emulated)?;
        Ok(Self { own: Arc::new(Access::new(&endpoint, own)?), endpoint, emulated, others: Mutex::default() })
    }

    /// The clients of the service itself.
    pub(super) fn own(&self) -> Arc<Access> {
        self.own.clone()
    }

    /// The clients for the credentials of a flow. The billed project makes no difference.
    pub(super) fn access(&self, asked: &Credentials) -> Result<Arc<Access>, PortError> {
        let asked = Credentials { project: None, ..asked.clone() };
        if asked.is_ambient() {
            return Ok(self.own());
        }
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let known = others.iter().position(|(known, _)| *known == asked).and_then(|at| others.remove(at));
        let entry = match known {
            Some(entry) => entry,
            None => {
                let credentials = auth::credentials(&asked, PORT, self.emulated)?;
                (asked, Arc::new(Access::new(&self.endpoint, credentials)?))
            }
        };
        let access = entry.1.clone();
        others.push_back(entry);
        if others.len() > REMEMBERED {
            others.pop_front();
        }
        Ok(access)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acting(name: &str) -> Credentials {
        Credentials {
            impersonate: Some(format!("{name}@p.iam.gserviceaccount.com")),
            ..Credentials::default()
        }
    }

    #[tokio::test]
    async fn each_account_has_its_own_access_and_keeps_it() {
        let accounts = Accounts::open(Some("http://127.0.0.1:1".to_owned())).unwrap();
        let one = accounts.access(&acting("one")).unwrap();
        assert!(Arc::ptr_eq(&one, &accounts.access(&acting("one")).unwrap()));
        assert!(!Arc::ptr_eq(&one, &accounts.access(&acting("two")).unwrap()));
        let elsewhere = Credentials { project: Some("p".to_owned()), ..acting("one") };
        assert!(Arc::ptr_eq(&one, &accounts.access(&elsewhere).unwrap()), "a project is no account");
        let own = Credentials { project: Some("p".to_owned()), ..Credentials::default() };
        assert!(Arc::ptr_eq(&accounts.own(), &accounts.access(&own).unwrap()));
    }

    #[tokio::test]
    async fn the_one_that_was_used_longest_ago_is_forgotten() {
        let accounts = Accounts::open(Some("http://127.0.0.1:1".to_owned())).unwrap();
        let (kept, forgotten) =
            (accounts.access(&acting("kept")).unwrap(), accounts.access(&acting("forgotten")).unwrap());
        for number in 0..REMEMBERED - 1 {
            accounts.access(&acting("kept")).unwrap();
            accounts.access(&acting(&format!("a{number}"))).unwrap();
        }
        assert_eq!(accounts.others.lock().unwrap().len(), REMEMBERED);
        assert!(Arc::ptr_eq(&kept, &accounts.access(&acting("kept")).unwrap()));
        assert!(!Arc::ptr_eq(&forgotten, &accounts.access(&acting("forgotten")).unwrap()));
    }
}
