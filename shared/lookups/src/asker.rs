//! Answers the questions of functions that read outside data: `kv()`, `secret()`, `read()` and similar ones
//! (docs/kestra.md 3.6). Rendering does no IO. The caller fetches the missing answers here and renders again.

use crate::http_function;
use crate::outbound::Clients;
use segue_model::Json;
use segue_model::id::ExecutionId;
use segue_model::log::LogLevel;
use segue_model::state::State;
use segue_ports::{InternalStorage, PortError, Ports};
use segue_template::{Answer, Lookup, Masker};

/// The largest file that `read()` accepts, in bytes.
const LARGEST_READ: u64 = 10 * 1024 * 1024;

/// The execution with the question, and the platform that answers it.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'a> {
    /// The adapters with the answers.
    pub(crate) ports: &'a Ports,
    /// The HTTP clients for `http()`.
    pub(crate) clients: &'a Clients,
    /// The namespace of the flow.
    pub(crate) namespace: &'a str,
    /// The id of the execution.
    pub(crate) execution_id: &'a ExecutionId,
    /// Records every secret that is an answer.
    pub(crate) masker: &'a Masker,
}

impl Asker<'_> {
    /// Answers one question. If the question is wrong, the answer is [`Answer::Failed`].
    ///
    /// # Errors
    /// A transient [`PortError`]. A later try may succeed.
    pub(crate) async fn answer(&self, lookup: &Lookup) -> Result<Answer, PortError> {
        match self.fetch(lookup).await {
            Err(error) if error.is_transient() => Err(error),
            Err(PortError::NotFound { .. }) => Ok(Answer::Missing),
            Err(error) => Ok(Answer::Failed(error.to_string())),
            Ok(answer) => Ok(answer),
        }
    }

    async fn fetch(&self, lookup: &Lookup) -> Result<Answer, PortError> {
        match lookup {
            Lookup::Kv { namespace, key } => self.kv(namespace.as_deref(), key).await,
            Lookup::KvKeys { namespace } => {
                let entries = self.ports.state.kv_entries(namespace, self.ports.clock.now()).await?;
                Ok(found(entries.into_iter().map(|entry| entry.key).collect::<Vec<_>>()))
            }
            Lookup::Secret { namespace, key, subkey } => {
                self.secret(namespace.as_deref(), key, subkey.as_deref()).await
            }
            Lookup::Read { path, namespace } => {
                let uri = self.file(path, namespace.as_deref())?;
                let text = self.storage().get_text(&uri, LARGEST_READ).await?;
                Ok(Answer::Found(Json::String(text)))
            }
            Lookup::FileSize { path, namespace } => {
                Ok(self.size(path, namespace.as_deref()).await?.map_or(Answer::Missing, found))
            }
            Lookup::FileExists { path, namespace } => {
                Ok(found(self.size(path, namespace.as_deref()).await?.is_some()))
            }
            Lookup::FileEmpty { path, namespace } => Ok(self
                .size(path, namespace.as_deref())
                .await?
                .map_or(Answer::Missing, |size| found(size == 0))),
            Lookup::Http { request } => Ok(http_function::answer(self.clients, request).await),
            Lookup::ErrorLogs => {
                let lines = self.ports.state.logs(self.execution_id, LogLevel::Error, 0).await?;
                Ok(serde_json::to_value(lines)
                    .map_or_else(|error| Answer::Failed(error.to_string()), Answer::Found))
            }
            Lookup::ExecutionState { execution_id } => {
                let found = self.ports.state.execution(&ExecutionId::from(execution_id.as_str())).await?;
                Ok(found.map_or(Answer::Missing, |stored| found_state(stored.execution.state.current())))
            }
            Lookup::RandomPort => {
                let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
                let address = listener.and_then(|listener| listener.local_addr());
                let address =
                    address.map_err(|error| PortError::invalid(format!("there is no free port: {error}")))?;
                Ok(found(address.port()))
            }
        }
    }

    async fn kv(&self, namespace: Option<&str>, key: &str) -> Result<Answer, PortError> {
        let now = self.ports.clock.now();
        let namespaces = match namespace {
            Some(namespace) => vec![namespace],
            None => with_parents(self.namespace),
        };
        for namespace in namespaces {
            if let Some(entry) = self.ports.state.kv(namespace, key, now).await? {
                return Ok(Answer::Found(entry.value));
            }
        }
        Ok(Answer::Missing)
    }

    async fn secret(
        &self,
        namespace: Option<&str>,
        key: &str,
        subkey: Option<&str>,
    ) -> Result<Answer, PortError> {
        let namespace = namespace.unwrap_or(self.namespace);
        if !with_parents(self.namespace).contains(&namespace) {
            return Ok(Answer::Failed(format!(
                "a flow of '{}' may not read the secret '{key}' of the namespace '{namespace}': a flow reads secrets \
                 of its own namespace and of the namespaces around it",
                self.namespace
            )));
        }
        let Some(secret) = self.ports.secrets.get(namespace, key).await? else {
            return Ok(Answer::Missing);
        };
        self.masker.add(&secret);
        let Some(subkey) = subkey else { return Ok(found(secret)) };
        match serde_json::from_str::<Json>(&secret).ok().and_then(|fields| fields.get(subkey).cloned()) {
            Some(value) => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                self.masker.add(&text);
                Ok(found(text))
            }
            None => Ok(Answer::Failed(format!(
                "the secret '{key}' is not a JSON object with the field '{subkey}'"
            ))),
        }
    }

    fn storage(&self) -> InternalStorage {
        let Ports { storage, state, .. } = self.ports;
        storage.for_execution(state.clone(), self.namespace, self.execution_id)
    }

    async fn size(&self, path: &str, namespace: Option<&str>) -> Result<Option<u64>, PortError> {
        let uri = self.file(path, namespace)?;
        Ok(self.storage().head(&uri).await?.map(|info| info.size))
    }

    /// The `kestra:///` URI of a file. `path` is a `kestra:///` URI, an `nsfile://` URI, or the path of a namespace
    /// file.
    fn file(&self, path: &str, namespace: Option<&str>) -> Result<String, PortError> {
        if InternalStorage::is_uri(path) {
            return Ok(path.to_owned());
        }
        if let Some(rest) = path.strip_prefix("nsfile://") {
            let (of, file) = rest.split_once('/').unwrap_or((rest, ""));
            let of = if of.is_empty() { namespace.unwrap_or(self.namespace) } else { of };
            return Ok(namespace_file(of, file));
        }
        if let Some((scheme, _)) = path.split_once("://") {
            return Err(PortError::invalid(format!(
                "{scheme}:// files cannot be read; give a kestra:/// URI or the path of a namespace file"
            )));
        }
        Ok(namespace_file(namespace.unwrap_or(self.namespace), path))
    }
}

/// The `kestra:///` URI of a namespace file.
pub fn namespace_file(namespace: &str, path: &str) -> String {
    InternalStorage::uri(&format!("{}/_files/{}", namespace.replace('.', "/"), path.trim_start_matches('/')))
}

/// The namespace itself, followed by its parents.
fn with_parents(namespace: &str) -> Vec<&str> {
    std::iter::successors(Some(namespace), |name| name.rsplit_once('.').map(|(parent, _)| parent)).collect()
}

fn found_state(state: State) -> Answer {
    found(state.as_str())
}

fn found(value: impl Into<Json>) -> Answer {
    Answer::Found(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_nearest_first() {
        assert_eq!(with_parents("a.b.c"), ["a.b.c", "a.b", "a"]);
        assert_eq!(with_parents("solo"), ["solo"]);
    }

    #[test]
    fn a_namespace_file_has_its_place() {
        assert_eq!(namespace_file("company.team", "/sql/q.sql"), "kestra:///company/team/_files/sql/q.sql");
    }
}
