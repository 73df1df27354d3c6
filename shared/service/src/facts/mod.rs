//! `function.yaml` describes how one function is deployed.
//!
//! What it is: [`FunctionFacts`], parsed strictly. No other file states these facts: the service itself, the server on
//! emulators, the tests, the tables of the documentation and Terraform read `function.yaml`. `docs/function-yaml.md`
//! explains every key.
//!
//! What it must not know: which functions there are, which project they are deployed to.
//!
//! How to add one more fact: a field here with its doc comment, a check in [`FunctionFacts::parse`] if some values are
//! invalid, the key in every `functions/*/function.yaml`, and a row in `docs/function-yaml.md`.

mod error;
mod grant;
mod subscription;

pub use error::FactsError;
pub use grant::Grant;
pub use subscription::Subscription;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

/// The longest request to a Cloud Run service, in seconds.
const LONGEST_REQUEST: u32 = 3_600;

/// How one function is deployed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunctionFacts {
    /// The kind of the function.
    pub kind: FunctionKind,
    /// Memory of one instance, as Cloud Run writes it: `512Mi`, `2Gi`.
    pub memory: String,
    /// Processors of one instance.
    pub cpu: NonZeroU32,
    /// How long a request may take, in seconds.
    #[serde(rename = "timeout_s", deserialize_with = "whole_seconds")]
    #[schemars(with = "u32")]
    pub timeout: Duration,
    /// The number of requests that one instance handles at the same time. Further requests wait.
    pub concurrency: NonZeroUsize,
    /// The largest number of instances.
    pub max_instances: NonZeroU32,
    /// Who can send requests to the function.
    pub ingress: Ingress,
    /// The size of a disk for working directories, as Cloud Run writes it: `10Gi`. None: working directories use the
    /// memory of the instance.
    pub disk: Option<String>,
    /// The subscriptions of the function. Empty for a function that only answers requests.
    pub subscriptions: Vec<Subscription>,
    /// The service accounts that the function may use (`iam.serviceAccounts.actAs`).
    pub act_as: Vec<ActAs>,
    /// The rights of the function's own account: roles in alphabetical order, then lists of permissions.
    pub roles: Vec<Grant>,
}

/// Who can send requests to a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ingress {
    /// Everybody can, so the function authenticates its callers, with basic authentication or Identity-Aware Proxy.
    All,
    /// Google's services in the same project can, such as Pub/Sub.
    Internal,
}

/// The kind of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FunctionKind {
    /// The function decides, schedules, or answers people: `executor`, `scheduler`, `api`.
    Control,
    /// The function runs task runs. Its messages come from the topic `task-<name of its folder>`.
    Tasks,
}

/// A service account that a function may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActAs {
    /// Pub/Sub pushes messages of topics to the scheduler with this account.
    Push,
    /// Cloud Tasks publishes delayed messages with this account.
    Tasks,
    /// Containers run with this account, as Cloud Run jobs.
    Containers,
}

impl FunctionFacts {
    /// Reads the text of a `function.yaml`.
    ///
    /// # Errors
    /// [`FactsError`] for a text that is not YAML, an unknown or missing key, and a value that Google Cloud would
    /// refuse. The error names the position in the text if it is known.
    pub fn parse(text: &str) -> Result<Self, FactsError> {
        let facts: Self = serde_saphyr::from_str(text).map_err(FactsError::unreadable)?;
        facts.check()?;
        Ok(facts)
    }

    fn check(&self) -> Result<(), FactsError> {
        if !is_memory(&self.memory) {
            return Err(FactsError::value(
                "memory",
                &self.memory,
                "a number followed by Mi or Gi, such as 512Mi",
            ));
        }
        let timeout = self.timeout.as_secs();
        if !(1..=u64::from(LONGEST_REQUEST)).contains(&timeout) {
            return Err(FactsError::value("timeout_s", timeout, "a number from 1 to 3600"));
        }
        if let Some(disk) = self.disk.as_deref().filter(|disk| !is_memory(disk)) {
            return Err(FactsError::value("disk", disk, "a number followed by Mi or Gi, such as 10Gi"));
        }
        self.roles.iter().try_for_each(Grant::check)?;
        if !self.roles.is_sorted_by_key(Grant::order) {
            let roles: Vec<_> = self.roles.iter().filter_map(|grant| grant.role.as_deref()).collect();
            let expected = "in alphabetical order, and lists of permissions last";
            return Err(FactsError::value("roles", roles.join(", "), expected));
        }
        self.subscriptions.iter().try_for_each(Subscription::check)
    }
}

fn is_memory(text: &str) -> bool {
    let number = text.strip_suffix("Mi").or_else(|| text.strip_suffix("Gi"));
    number.is_some_and(|number| number.parse::<NonZeroU32>().is_ok())
}

/// A duration written as a whole number of seconds.
fn whole_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Ok(Duration::from_secs(u32::deserialize(deserializer)?.into()))
}

#[cfg(test)]
mod tests;
