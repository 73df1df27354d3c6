//! Secrets in Secret Manager: the latest version of the secret `PREFIX-KEY`, the same for every namespace.
//! The case of the key does not matter (docs/kestra.md 3.6): the secret in upper case wins, or else the
//! secret named exactly like the key.
//!
//! Values are cached in memory for a while, and nowhere else: expressions read the same secret repeatedly,
//! and each request costs money and a round trip.

use crate::api_error;
use crate::config::PlatformConfig;
use async_trait::async_trait;
use google_cloud_auth::credentials::anonymous;
use google_cloud_gax::paginator::ItemPaginator as _;
use google_cloud_gax::retry_policy::{Aip194Strict, RetryPolicyExt as _};
use google_cloud_secretmanager_v1::client::SecretManagerService;
use google_cloud_secretmanager_v1::model::replication::UserManaged;
use google_cloud_secretmanager_v1::model::replication::user_managed::Replica;
use google_cloud_secretmanager_v1::model::{self, Replication, SecretPayload};
use segue_ports::secret::stored_key;
use segue_ports::{PortError, Secret, SecretSource, SecretStore};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const PORT: &str = "secrets";
/// How long a value is cached. A new version is seen after this time.
const VALUE_HOLDS: Duration = Duration::from_secs(300);
/// How long a missing secret is cached. A new secret is seen after this time.
const ABSENCE_HOLDS: Duration = Duration::from_secs(30);
/// How long a request is tried.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads and changes secrets in Secret Manager.
pub struct SecretManagerStore {
    client: SecretManagerService,
    /// `projects/…`.
    project: String,
    /// The region that new secrets stay in.
    region: String,
    /// The prefix of the ids of secrets.
    prefix: String,
    known: Mutex<HashMap<String, Known>>,
}

/// A cached answer, and the end of its validity.
struct Known {
    value: Option<String>,
    until: Instant,
}

impl SecretManagerStore {
    /// Connects: to the emulator where the configuration names one, else to Google's service with the credentials
    /// of the environment.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] when there are no credentials, or no connection can be set up.
    pub async fn connect(config: &PlatformConfig) -> Result<Self, PortError> {
        let mut builder =
            SecretManagerService::builder().with_retry_policy(Aip194Strict.with_time_limit(PATIENCE));
        if let Some(url) = &config.emulators.secrets {
            builder = builder.with_endpoint(url.clone()).with_credentials(anonymous::Builder::new().build());
        }
        let client = builder.build().await.map_err(|error| PortError::unavailable(PORT, error))?;
        Ok(Self {
            client,
            project: format!("projects/{}", config.project),
            region: config.region.clone(),
            prefix: config.prefixed(""),
            known: Mutex::default(),
        })
    }

    /// The cached answer, if it is still valid.
    fn remembered(&self, key: &str) -> Option<Option<String>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        known.retain(|_, kept| kept.until > now);
        known.get(key).map(|kept| kept.value.clone())
    }

    fn remember(&self, key: &str, value: &Option<String>) {
        let holds = if value.is_some() { VALUE_HOLDS } else { ABSENCE_HOLDS };
        let kept = Known { value: value.clone(), until: Instant::now() + holds };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), kept);
    }

    /// Drops the cached answers for a key, however it was written.
    fn forget(&self, key: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|name, _| !name.eq_ignore_ascii_case(key));
    }

    async fn read(&self, key: &str) -> Result<Option<String>, PortError> {
        // A key that is not a valid name cannot exist, and must not become another path.
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        if key.is_empty() || !key.chars().all(is_plain) {
            return Ok(None);
        }
        let upper = key.to_ascii_uppercase();
        match self.latest(&upper).await? {
            None if upper != key => self.latest(key).await,
            found => Ok(found),
        }
    }

    async fn latest(&self, key: &str) -> Result<Option<String>, PortError> {
        let secret = format!("{}/secrets/{}{key}", self.project, self.prefix);
        let asked = self.client.access_secret_version().set_name(format!("{secret}/versions/latest"));
        match asked.send().await {
            Ok(answer) => text(&secret, answer.payload.unwrap_or_default()).map(Some),
            Err(error) if api_error::is_not_found(&error) => Ok(None),
            Err(error) => Err(api_error::about(PORT, &format!("the secret {secret}"), &error)),
        }
    }
}

#[async_trait]
impl SecretStore for SecretManagerStore {
    async fn get(&self, _namespace: &str, key: &str) -> Result<Option<String>, PortError> {
        if let Some(value) = self.remembered(key) {
            return Ok(value);
        }
        let value = self.read(key).await?;
        self.remember(key, &value);
        Ok(value)
    }

    async fn names(&self, _namespace: &str) -> Result<Vec<String>, PortError> {
        // The filter finds names with the prefix anywhere in them, so the results are filtered again here.
        let mut listed = self.client.list_secrets().set_parent(&self.project).set_page_size(1_000);
        if !self.prefix.is_empty() {
            listed = listed.set_filter(format!("name:{}", self.prefix));
        }
        let mut secrets = listed.by_item();
        let mut names = Vec::new();
        while let Some(secret) = secrets.next().await {
            let secret = secret.map_err(|error| {
                api_error::about(PORT, &format!("the secrets of {}", self.project), &error)
            })?;
            let id = secret.name.rsplit('/').next().unwrap_or_default();
            if let Some(name) = id.strip_prefix(&self.prefix) {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    async fn list(&self, namespace: &str) -> Result<Vec<Secret>, PortError> {
        let names = self.names(namespace).await?.into_iter();
        Ok(names.map(|key| Secret { key, source: SecretSource::Store, updated: None }).collect())
    }

    /// Adds a version. Other processes see it when their cached value ends.
    async fn put(&self, _namespace: &str, key: &str, value: &str) -> Result<(), PortError> {
        let key = stored_key(key)?;
        let id = format!("{}{key}", self.prefix);
        let secret = format!("{}/secrets/{id}", self.project);
        let said = |error: &_| api_error::about(PORT, &format!("the secret {secret}"), error);
        let made = self
            .client
            .create_secret()
            .set_parent(&self.project)
            .set_secret_id(&id)
            .set_secret(model::Secret::new().set_replication(only_in(&self.region)))
            .send()
            .await;
        if let Err(error) = made
            && !api_error::is_already_there(&error)
        {
            return Err(said(&error));
        }
        let data = bytes::Bytes::copy_from_slice(value.as_bytes());
        let checksum = i64::from(crc32c::crc32c(&data));
        let payload = SecretPayload::new().set_data(data).set_data_crc32c(checksum);
        let added = self.client.add_secret_version().set_parent(&secret).set_payload(payload).send().await;
        added.map_err(|error| said(&error))?;
        self.forget(&key);
        Ok(())
    }

    async fn delete(&self, _namespace: &str, key: &str) -> Result<bool, PortError> {
        let key = stored_key(key)?;
        let secret = format!("{}/secrets/{}{key}", self.project, self.prefix);
        let deleted = self.client.delete_secret().set_name(&secret).send().await;
        self.forget(&key);
        match deleted {
            Ok(()) => Ok(true),
            Err(error) if api_error::is_not_found(&error) => Ok(false),
            Err(error) => Err(api_error::about(PORT, &format!("the secret {secret}"), &error)),
        }
    }
}

/// Keeps the values of a secret in one region, as those that Terraform makes. An organisation may forbid others.
fn only_in(region: &str) -> Replication {
    let replica = Replica::new().set_location(region);
    Replication::new().set_user_managed(UserManaged::new().set_replicas([replica]))
}

/// The text of a secret. Its checksum is compared.
fn text(secret: &str, payload: SecretPayload) -> Result<String, PortError> {
    if let Some(expected) = payload.data_crc32c
        && i64::from(crc32c::crc32c(&payload.data)) != expected
    {
        return Err(PortError::unavailable(
            PORT,
            format!("the secret {secret} was damaged on its way: its checksum does not fit"),
        ));
    }
    String::from_utf8(payload.data.into())
        .map_err(|_| PortError::invalid(format!("the secret {secret} is not UTF-8 text")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(data: &'static [u8], checksum: Option<i64>) -> SecretPayload {
        SecretPayload::new().set_data(bytes::Bytes::from_static(data)).set_or_clear_data_crc32c(checksum)
    }

    #[test]
    fn a_damaged_secret_is_not_taken() {
        let checksum = i64::from(crc32c::crc32c(b"open sesame"));
        assert_eq!(text("a", payload(b"open sesame", Some(checksum))).unwrap(), "open sesame");
        assert_eq!(text("a", payload(b"open sesame", None)).unwrap(), "open sesame");
        let error = text("a", payload(b"open sesama", Some(checksum))).unwrap_err();
        assert!(error.is_transient() && !error.to_string().contains("sesam"), "{error}");
        let error = text("a", payload(b"\xff", None)).unwrap_err();
        assert!(matches!(error, PortError::Invalid { .. }));
    }

    #[test]
    fn a_new_secret_stays_in_its_region() {
        let replication = only_in("us-central1");
        let replicas = &replication.user_managed().unwrap().replicas;
        let locations: Vec<&str> = replicas.iter().map(|replica| replica.location.as_str()).collect();
        assert_eq!(locations, ["us-central1"]);
        assert!(replication.automatic().is_none(), "Google would copy the value everywhere");
    }
}
