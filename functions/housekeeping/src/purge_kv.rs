//! `kv.PurgeKV`.

use globset::{Glob, GlobMatcher};
use jiff::Timestamp;
use schemars::JsonSchema;
use segue_files::Texts;
use segue_ports::kv::KvWrite;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Removes key-values.
///
/// ```yaml
/// id: purge
/// type: io.kestra.plugin.core.kv.PurgeKV
/// namespaces: [company.team]
/// keyPattern: "tmp_*"
/// behavior:
///   type: key
///   expiredOnly: false
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PurgeKv {
    /// The namespaces. Default: all.
    #[serde(default)]
    namespaces: Texts,
    /// A glob that the namespace matches. It cannot be used together with `namespaces`.
    namespace_pattern: Option<String>,
    /// Whether the namespaces below `namespaces` count too. Default: true.
    #[serde(default = "yes")]
    include_child_namespaces: bool,
    /// A glob that the key matches. Default: all keys.
    key_pattern: Option<String>,
    /// Which values are removed.
    #[serde(default)]
    behavior: Behavior,
}

/// Which values are removed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Behavior {
    /// `key`.
    #[serde(rename = "type", default)]
    kind: Kind,
    /// Whether only expired values are removed. Default: true.
    #[serde(default = "yes")]
    expired_only: bool,
}

/// What is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Whole values.
    #[default]
    Key,
}

impl Default for Behavior {
    fn default() -> Self {
        Self { kind: Kind::Key, expired_only: true }
    }
}

fn yes() -> bool {
    true
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The number of removed values.
    size: usize,
}

impl PurgeKv {
    fn has(&self, namespace: &str, pattern: Option<&GlobMatcher>) -> bool {
        if let Some(pattern) = pattern {
            return pattern.is_match(namespace);
        }
        let below = |parent: &String| {
            namespace.strip_prefix(parent.as_str()).is_some_and(|rest| rest.starts_with('.'))
        };
        let is_named = |named: &String| named == namespace || (self.include_child_namespaces && below(named));
        self.namespaces.0.is_empty() || self.namespaces.0.iter().any(is_named)
    }
}

fn glob(property: &str, text: Option<&String>) -> Result<Option<GlobMatcher>, TaskError> {
    let parse = |text: &String| {
        let parsed = Glob::new(text);
        parsed.map_err(|error| TaskError::failed(format!("{property} '{text}' is not a glob: {error}")))
    };
    Ok(text.map(parse).transpose()?.map(|glob| glob.compile_matcher()))
}

impl Task for PurgeKv {
    const TYPE: &'static str = "io.kestra.plugin.core.kv.PurgeKV";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        if self.namespace_pattern.is_some() && !self.namespaces.0.is_empty() {
            return Err(TaskError::failed("set either namespaces or namespacePattern, not both"));
        }
        let namespaces = glob("namespacePattern", self.namespace_pattern.as_ref())?;
        let keys = glob("keyPattern", self.key_pattern.as_ref())?;
        let Behavior { kind: Kind::Key, expired_only } = self.behavior;
        let ports = context.ports();
        let now = ports.clock.now();
        let mut size = 0;
        for namespace in ports.state.kv_namespaces().await? {
            if !self.has(&namespace, namespaces.as_ref()) {
                continue;
            }
            // At the beginning of time no value has expired, so this reads the expired ones too.
            let entries = ports.state.kv_entries(&namespace, Timestamp::UNIX_EPOCH).await?;
            let writes: Vec<KvWrite> = entries
                .into_iter()
                .filter(|entry| !expired_only || entry.expires.is_some_and(|expires| expires <= now))
                .filter(|entry| keys.as_ref().is_none_or(|keys| keys.is_match(&entry.key)))
                .map(|entry| KvWrite::Delete { namespace: entry.namespace, key: entry.key })
                .collect();
            size += writes.len();
            ports.state.write_kv(writes, now).await?;
        }
        context.info(format!("{size} key-values were removed"));
        Ok(Output { size })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use segue_ports::kv::KvType;
    use serde_json::{Value, json};

    async fn platform() -> Platform {
        let platform = Platform::new();
        let now = platform.ports.clock.now();
        let writes = [
            ("company.team", "tmp_a", None),
            ("company.team", "kept", None),
            ("company.team", "short", Some(now + jiff::SignedDuration::from_millis(1))),
            ("company.team.below", "tmp_b", None),
            ("company.teams", "tmp_c", None),
        ]
        .map(|(namespace, key, expires)| KvWrite::Set {
            namespace: namespace.to_owned(),
            key: key.to_owned(),
            kind: KvType::Number,
            value: json!(1),
            description: None,
            expires,
        });
        platform.ports.state.write_kv(writes.to_vec(), now).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        platform
    }

    async fn purge(platform: &Platform, more: Value) -> segue_task::testing::TestRun {
        let mut task = json!({"type": PurgeKv::TYPE});
        task.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        platform.run(task).await
    }

    #[tokio::test]
    async fn expired_values_go() {
        let platform = platform().await;
        assert_eq!(purge(&platform, json!({})).await.outputs()["size"], 1);
        assert_eq!(purge(&platform, json!({})).await.outputs()["size"], 0);
    }

    #[tokio::test]
    async fn values_of_namespaces_go_by_their_keys() {
        let all = json!({"type": "key", "expiredOnly": false});
        let size = async |more: Value| purge(&platform().await, more).await.outputs()["size"].clone();
        assert_eq!(
            size(json!({"behavior": all, "namespaces": ["company.team"], "keyPattern": "tmp_*"})).await,
            2
        );
        let own = json!({"behavior": all, "namespaces": "company.team", "includeChildNamespaces": false});
        assert_eq!(size(own).await, 3);
        assert_eq!(size(json!({"behavior": all, "namespacePattern": "company.team*"})).await, 5);
    }

    #[tokio::test]
    async fn contradictions_are_refused() {
        let platform = platform().await;
        let both = json!({"namespaces": ["a"], "namespacePattern": "b"});
        assert!(purge(&platform, both).await.error().contains("not both"));
        assert!(purge(&platform, json!({"keyPattern": "["})).await.error().contains("is not a glob"));
    }
}
