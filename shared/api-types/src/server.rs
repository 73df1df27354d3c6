//! The server itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version, platform and features of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Configs {
    /// Segue's version.
    pub version: String,
    /// The address of the server for its users. Empty if the address is not set.
    pub url: String,
    /// Whether a user and a password are demanded.
    pub is_basic_auth_enabled: bool,
    /// As `isBasicAuthEnabled`.
    pub is_basic_auth_initialized: bool,
    /// Always false: Segue sends nothing about its use.
    pub is_anonymous_usage_enabled: bool,
    /// Always false.
    pub is_task_run_enabled: bool,
    /// Always false.
    pub is_template_enabled: bool,
    /// Always false.
    pub is_custom_dashboards_enabled: bool,
    /// How many lines a preview of a file has.
    pub preview: PreviewLimits,
    /// The namespace of the system's own flows.
    pub system_namespace: String,
    /// Beginnings of labels that are not shown.
    pub hidden_labels_prefixes: Vec<String>,
}

/// How many lines a preview of a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PreviewLimits {
    /// Lines unless the request says otherwise.
    pub initial: u32,
    /// The most lines.
    pub max: u32,
}

/// Whether the server can work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// Always `segue`. Absent if the server is up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Up or down.
    pub status: HealthStatus,
    /// The failed parts. Absent if the server is up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<HealthDetails>,
}

/// Up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum HealthStatus {
    /// The state store can be read and written.
    Up,
    /// The state store cannot be read, or cannot be written.
    Down,
}

/// The parts of the server that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthDetails {
    /// The state store.
    pub state_store: StoreHealth,
}

/// Whether the state store works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoreHealth {
    /// Always `segue`.
    pub name: String,
    /// Up or down.
    pub status: HealthStatus,
    /// The fault.
    pub details: HealthFault,
}

/// Why something is down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HealthFault {
    /// The reason.
    pub error: String,
}

impl Health {
    /// The server can work.
    pub fn up() -> Self {
        Self { name: None, status: HealthStatus::Up, details: None }
    }

    /// The state store does not work.
    pub fn down(reason: String) -> Self {
        let state_store = StoreHealth {
            name: "segue".to_owned(),
            status: HealthStatus::Down,
            details: HealthFault { error: reason },
        };
        Self {
            name: Some("segue".to_owned()),
            status: HealthStatus::Down,
            details: Some(HealthDetails { state_store }),
        }
    }
}
