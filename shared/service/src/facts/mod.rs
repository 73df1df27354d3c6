//! `function.yaml`: the facts of one function's deployment.
//!
//! What it is: [`FunctionFacts`], read strictly. The file is the one home of these facts: the service itself, the
//! server on emulators, the tests, the tables of the documentation and Terraform read it. `docs/function-yaml.md`
//! explains every key.
//!
//! What it must not know: which functions there are, which project they are deployed to.
//!
//! How to add one more fact: a field here with its doc comment, a check in [`FunctionFacts::parse`] where not every
//! value is right, the key in every `functions/*/function.yaml`, and a row in `docs/function-yaml.md`.

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

/// The longest a request to a Cloud Run service may take, in seconds.
const LONGEST_REQUEST: u32 = 3_600;

/// The facts of one function's deployment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunctionFacts {
    /// What the function is for.
    pub kind: FunctionKind,
    /// Memory of one instance, as Cloud Run writes it: `512Mi`, `2Gi`.
    pub memory: String,
    /// Processors of one instance.
    pub cpu: NonZeroU32,
    /// How long a request may take, in seconds.
    #[serde(rename = "timeout_s", deserialize_with = "whole_seconds")]
    #[schemars(with = "u32")]
    pub timeout: Duration,
    /// How many requests one instance works on at once; more wait.
    pub concurrency: NonZeroUsize,
    /// How many instances there may be at once.
    pub max_instances: NonZeroU32,
    /// Who reaches the function.
    pub ingress: Ingress,
    /// The size of a disk for working directories, as Cloud Run writes it: `10Gi`. None: they are in memory, which
    /// counts as memory of the instance.
    pub disk: Option<String>,
    /// The topics that the function takes messages of; none for a function that only answers requests.
    pub subscriptions: Vec<Subscription>,
    /// The service accounts in the name of which the function has other services act.
    pub act_as: Vec<ActAs>,
    /// What the function's own account may do: roles in alphabetical order, then lists of permissions.
    pub roles: Vec<Grant>,
}

/// Who reaches a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ingress {
    /// Everybody reaches it, so it asks its callers who they are. Terraform puts basic authentication or
    /// Identity-Aware Proxy in front of it.
    All,
    /// Services of Google in the same project reach it, such as Pub/Sub.
    Internal,
}

/// What a function is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FunctionKind {
    /// The function decides, schedules, or answers people: `executor`, `scheduler`, `api`.
    Control,
    /// The function runs task runs. Its messages come by the topic `task-<name of its folder>`.
    Tasks,
}

/// A service account in the name of which a function has other services act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActAs {
    /// The account by which Cloud Tasks publishes a delayed message.
    Tasks,
    /// The account by which containers run as Cloud Run jobs.
    Containers,
}

impl FunctionFacts {
    /// Reads the text of a `function.yaml`.
    ///
    /// # Errors
    /// [`FactsError`] for a text that is not YAML, an unknown or missing key, and a value that Google Cloud would
    /// refuse; with the place in the text where there is one.
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
