//! The rights of a function's service account.

use super::FactsError;
use schemars::JsonSchema;
use serde::Deserialize;

/// The targets that are not topics.
const TARGETS: [&str; 9] =
    ["bucket", "buckets", "cloud_sql", "database", "datasets", "images", "project", "queue", "secrets"];

/// A right of a function's service account on one target: a role, or a list of permissions if every role of Google
/// includes too many permissions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// A role, as `roles/…`. None if the right is a list of permissions.
    pub role: Option<String>,
    /// Permissions, in alphabetical order. None if the right is a role.
    pub permissions: Option<Vec<String>>,
    /// The target: `bucket` (internal storage), `buckets` and `datasets` (named by flows), `cloud_sql` (instances
    /// of databases), `database`, `images` (the mirrors), `project`, `queue`, `secrets` (named by flows), `topic/NAME`, or `topic/task-*` for the topics of all
    /// task functions.
    pub target: String,
    /// Why the function needs the right.
    pub why: String,
}

impl Grant {
    /// The order of grants in a file.
    pub(super) fn order(&self) -> (bool, Option<String>, String) {
        (self.role.is_none(), self.role.clone(), self.target.clone())
    }

    pub(super) fn check(&self) -> Result<(), FactsError> {
        match (&self.role, &self.permissions) {
            (Some(role), None) if role.starts_with("roles/") => {}
            (Some(role), None) => {
                let expected = "the name of a role, such as roles/pubsub.publisher";
                return Err(FactsError::value("roles.role", role, expected));
            }
            (None, Some(permissions)) if !permissions.is_empty() && permissions.is_sorted() => {}
            (None, Some(permissions)) => {
                let expected = "at least one permission, in alphabetical order";
                return Err(FactsError::value("roles.permissions", permissions.join(", "), expected));
            }
            _ => {
                let expected = "on a grant with either a role or permissions";
                return Err(FactsError::value("roles.target", &self.target, expected));
            }
        }
        let topic = self.target.strip_prefix("topic/").filter(|topic| !topic.is_empty());
        if topic.is_none() && !TARGETS.contains(&&*self.target) {
            let expected = "bucket, buckets, cloud_sql, database, datasets, images, project, queue, secrets, or topic/ and \
                            a topic";
            return Err(FactsError::value("roles.target", &self.target, expected));
        }
        if self.why.trim().is_empty() {
            return Err(FactsError::value("roles.why", "empty", "what the function needs the grant for"));
        }
        Ok(())
    }
}
