//! The configuration of the Google Cloud platform, read from the environment.

use segue_ports::{ForeignFiles, PortError};
use std::fmt;

/// The names and addresses of the platform.
///
/// | variable | meaning | default |
/// |---|---|---|
/// | `SEGUE_PROJECT`, else `GOOGLE_CLOUD_PROJECT` | the project | none: required |
/// | `SEGUE_PREFIX` | the prefix of the names of topics, subscriptions and collections, followed by a dash | `segue` |
/// | `SEGUE_DATABASE` | the Firestore database | `(default)` |
/// | `SEGUE_BUCKET` | the bucket of internal storage | project, dash, prefix |
/// | `SEGUE_ENCRYPTION_KEY` | the key that encrypts SECRET inputs and outputs: 32 bytes in base64 | none: required |
/// | `SEGUE_FOREIGN_FILES` | the access of flows to the files of other namespaces: `allow`, `named`, `refuse` | `named` |
/// | `SEGUE_REGION` | the region of the queue, the containers and the jobs of schedules | `europe-west1` |
/// | `SEGUE_TASKS_ACCOUNT` | the e-mail of the service account that publishes delayed messages | none: required unless Cloud Tasks is an emulator |
/// | `SEGUE_PUSH_ACCOUNT` | the e-mail of the service account that pushes messages | none: push requests have no token |
/// | `SEGUE_SCHEDULER_URL` | the address of the service `scheduler`, which messages of topics are pushed to | none: realtime triggers fail |
/// | `SEGUE_JOB_ACCOUNT` | the e-mail of the service account of containers | the service account of the project's Compute Engine |
/// | `SEGUE_CONTAINER_DISK` | the size of the disk of a container, such as `10Gi` | none: files of a container are in its memory |
/// | `SEGUE_IMAGE_MIRROR` | the beginning of the names of the mirrors of other registries, e.g. `europe-docker.pkg.dev/my-project/segue` | none: images keep their names |
/// | `FIRESTORE_EMULATOR_HOST`, `PUBSUB_EMULATOR_HOST`, `STORAGE_EMULATOR_HOST`, `BIGQUERY_EMULATOR_HOST`, `CLOUD_TASKS_EMULATOR_HOST`, `CLOUD_RUN_EMULATOR_HOST`, `CLOUD_BUILD_EMULATOR_HOST`, `CLOUD_SCHEDULER_EMULATOR_HOST`, `SECRET_MANAGER_EMULATOR_HOST` | an emulator in place of the service: host and port, with or without `http://` | none |
#[derive(Clone, PartialEq, Eq)]
pub struct PlatformConfig {
    /// The project's id.
    pub project: String,
    /// The prefix of topics, subscriptions and collections, followed by a dash. Empty: no prefix.
    pub prefix: String,
    /// The Firestore database.
    pub database: String,
    /// The bucket of internal storage.
    pub bucket: String,
    /// The access of flows to the files of other namespaces.
    pub foreign_files: ForeignFiles,
    /// The key for SECRET inputs and outputs: 32 bytes in base64. This value is a secret.
    pub encryption_key: Option<String>,
    /// The region of the queue, the containers, and the jobs of schedules.
    pub region: String,
    /// The service account that publishes delayed messages.
    pub tasks_account: Option<String>,
    /// The service account that pushes messages. None: push requests have no token, which only emulators allow.
    pub push_account: Option<String>,
    /// The address of the service `scheduler`, which messages of topics are pushed to. None: nothing is pushed.
    pub scheduler_url: Option<String>,
    /// The service account of containers. None: the project's Compute Engine account.
    pub job_account: Option<String>,
    /// The beginning of the names of the mirrors of other registries. None: there are no mirrors.
    pub image_mirror: Option<String>,
    /// The size of the disk of a container in the syntax of Cloud Run, such as `10Gi`. None: files are in the memory.
    pub container_disk: Option<String>,
    /// Emulators in place of services.
    pub emulators: Emulators,
}

/// The URLs of emulators. None: the service itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Emulators {
    /// The emulator of Firestore.
    pub firestore: Option<String>,
    /// The emulator of Pub/Sub.
    pub pubsub: Option<String>,
    /// The emulator of Cloud Storage.
    pub storage: Option<String>,
    /// The emulator of BigQuery.
    pub bigquery: Option<String>,
    /// The emulator of Cloud Tasks.
    pub tasks: Option<String>,
    /// The emulator of Cloud Run's administration.
    pub run: Option<String>,
    /// The emulator of Cloud Build.
    pub build: Option<String>,
    /// The emulator of Cloud Scheduler.
    pub scheduler: Option<String>,
    /// The emulator of Secret Manager.
    pub secrets: Option<String>,
}

/// Prints everything but the key.
impl fmt::Debug for PlatformConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlatformConfig")
            .field("project", &self.project)
            .field("prefix", &self.prefix)
            .field("database", &self.database)
            .field("bucket", &self.bucket)
            .field("region", &self.region)
            .field("emulators", &self.emulators)
            .finish_non_exhaustive()
    }
}

impl PlatformConfig {
    /// Reads variables through a function.
    ///
    /// # Errors
    /// [`PortError::Invalid`] naming the variable that is missing or wrong.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, PortError> {
        let variable =
            |name: &str| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let project =
            variable("SEGUE_PROJECT").or_else(|| variable("GOOGLE_CLOUD_PROJECT")).ok_or_else(|| {
                PortError::invalid(
                    "SEGUE_PROJECT is not set: it names the Google Cloud project, e.g. my-project",
                )
            })?;
        let prefix = variable("SEGUE_PREFIX").unwrap_or_else(|| "segue".to_owned());
        let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        if !prefix.starts_with(|letter: char| letter.is_ascii_lowercase()) || !prefix.chars().all(is_plain) {
            return Err(PortError::invalid(format!(
                "SEGUE_PREFIX is '{prefix}': lower case letters, digits and dashes are meant, a letter first"
            )));
        }
        Ok(Self {
            bucket: variable("SEGUE_BUCKET").unwrap_or_else(|| format!("{project}-{prefix}")),
            foreign_files: ForeignFiles::from_variables(variable)?,
            database: variable("SEGUE_DATABASE").unwrap_or_else(|| "(default)".to_owned()),
            encryption_key: variable("SEGUE_ENCRYPTION_KEY"),
            region: variable("SEGUE_REGION").unwrap_or_else(|| "europe-west1".to_owned()),
            tasks_account: variable("SEGUE_TASKS_ACCOUNT"),
            push_account: variable("SEGUE_PUSH_ACCOUNT"),
            scheduler_url: variable("SEGUE_SCHEDULER_URL").map(url),
            job_account: variable("SEGUE_JOB_ACCOUNT"),
            image_mirror: variable("SEGUE_IMAGE_MIRROR"),
            container_disk: variable("SEGUE_CONTAINER_DISK"),
            project,
            prefix,
            emulators: Emulators {
                firestore: variable("FIRESTORE_EMULATOR_HOST").map(url),
                pubsub: variable("PUBSUB_EMULATOR_HOST").map(url),
                storage: variable("STORAGE_EMULATOR_HOST").map(url),
                bigquery: variable("BIGQUERY_EMULATOR_HOST").map(url),
                tasks: variable("CLOUD_TASKS_EMULATOR_HOST").map(url),
                run: variable("CLOUD_RUN_EMULATOR_HOST").map(url),
                build: variable("CLOUD_BUILD_EMULATOR_HOST").map(url),
                scheduler: variable("CLOUD_SCHEDULER_EMULATOR_HOST").map(url),
                secrets: variable("SECRET_MANAGER_EMULATOR_HOST").map(url),
            },
        })
    }

    /// The name with the prefix.
    pub fn prefixed(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}-{name}", self.prefix) }
    }
}

fn url(address: String) -> String {
    let address = if address.contains("://") { address } else { format!("http://{address}") };
    address.trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<PlatformConfig, String> {
        PlatformConfig::from_variables(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
        .map_err(|error| error.to_string())
    }

    #[test]
    fn a_project_is_enough() {
        let config = read(&[("GOOGLE_CLOUD_PROJECT", "demo")]).unwrap();
        assert_eq!(
            (&*config.prefix, &*config.database, &*config.bucket, &*config.region),
            ("segue", "(default)", "demo-segue", "europe-west1")
        );
        assert_eq!(config.emulators, Emulators::default());
        assert_eq!(config.prefixed("task-http"), "segue-task-http");
        assert!(read(&[]).unwrap_err().contains("SEGUE_PROJECT"));
    }

    #[test]
    fn an_emulator_is_given_with_or_without_its_scheme() {
        let config = read(&[
            ("SEGUE_PROJECT", "demo"),
            ("GOOGLE_CLOUD_PROJECT", "other"),
            ("FIRESTORE_EMULATOR_HOST", "127.0.0.1:8086"),
            ("PUBSUB_EMULATOR_HOST", "http://127.0.0.1:8085/"),
            ("STORAGE_EMULATOR_HOST", " "),
        ])
        .unwrap();
        assert_eq!(config.project, "demo");
        assert_eq!(config.emulators.firestore.as_deref(), Some("http://127.0.0.1:8086"));
        assert_eq!(config.emulators.pubsub.as_deref(), Some("http://127.0.0.1:8085"));
        assert_eq!(config.emulators.storage, None);
    }

    #[test]
    fn a_prefix_that_no_topic_could_begin_with_is_refused() {
        for wrong in ["1a", "-a", "A", "a_b", "a/b"] {
            let error = read(&[("SEGUE_PROJECT", "demo"), ("SEGUE_PREFIX", wrong)]).unwrap_err();
            assert!(error.contains("SEGUE_PREFIX") && error.contains(wrong), "{error}");
        }
    }
}
