//! The messages of Pub/Sub's API, version 1. The numbers are those of Google's published definition. The same types are
//! read and written as JSON.

use crate::refusal::Refusal;
use crate::rpc::json::{base64, time};
use crate::rpc::{Given, none_of};
use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A topic.
#[derive(Clone, PartialEq, Deserialize, Serialize, prost::Message)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct Topic {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(btree_map = "string, string", tag = "2")]
    #[serde(skip_serializing)]
    labels: BTreeMap<String, String>,
    #[prost(message, optional, tag = "3")]
    #[serde(skip_serializing)]
    message_storage_policy: Option<Given>,
    #[prost(string, tag = "5")]
    #[serde(skip_serializing)]
    kms_key_name: String,
    #[prost(message, optional, tag = "6")]
    #[serde(skip_serializing)]
    schema_settings: Option<Given>,
    #[prost(message, optional, tag = "8")]
    #[serde(skip_serializing)]
    message_retention_duration: Option<Given>,
    #[prost(message, optional, tag = "10")]
    #[serde(skip_serializing)]
    ingestion_data_source_settings: Option<Given>,
    #[prost(message, repeated, tag = "13")]
    #[serde(skip_serializing)]
    message_transforms: Vec<Given>,
    #[prost(btree_map = "string, string", tag = "14")]
    #[serde(skip_serializing)]
    tags: BTreeMap<String, String>,
}

impl Topic {
    pub(super) fn named(name: String) -> Self {
        Self { name, ..Self::default() }
    }

    /// Refuses settings that the local platform does not have.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        none_of(&[
            ("labels of topics", !self.labels.is_empty()),
            ("messageStoragePolicy", self.message_storage_policy.is_some()),
            ("kmsKeyName", !self.kms_key_name.is_empty()),
            ("schemaSettings", self.schema_settings.is_some()),
            ("messageRetentionDuration of topics", self.message_retention_duration.is_some()),
            ("ingestionDataSourceSettings", self.ingestion_data_source_settings.is_some()),
            ("messageTransforms", !self.message_transforms.is_empty()),
            ("tags", !self.tags.is_empty()),
        ])
    }
}

/// The name of a topic: `GetTopic` and `DeleteTopic`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct OfTopic {
    #[prost(string, tag = "1")]
    pub(super) topic: String,
}

/// A page of a list. `parent` is a project or a topic.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct List {
    #[prost(string, tag = "1")]
    pub(super) parent: String,
    #[prost(int32, tag = "2")]
    pub(super) page_size: i32,
    #[prost(string, tag = "3")]
    pub(super) page_token: String,
}

#[derive(Clone, PartialEq, Serialize, prost::Message)]
#[serde(rename_all = "camelCase")]
pub(super) struct Topics {
    #[prost(message, repeated, tag = "1")]
    pub(super) topics: Vec<Topic>,
    #[prost(string, tag = "2")]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) next_page_token: String,
}

#[derive(Clone, PartialEq, Serialize, prost::Message)]
#[serde(rename_all = "camelCase")]
pub(super) struct NamesOfSubscriptions {
    #[prost(string, repeated, tag = "1")]
    pub(super) subscriptions: Vec<String>,
    #[prost(string, tag = "2")]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) next_page_token: String,
}

#[derive(Clone, PartialEq, Deserialize, prost::Message)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct Publish {
    #[prost(string, tag = "1")]
    pub(super) topic: String,
    #[prost(message, repeated, tag = "2")]
    pub(super) messages: Vec<PubsubMessage>,
}

#[derive(Clone, PartialEq, Deserialize, Serialize, prost::Message)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct PubsubMessage {
    #[prost(bytes = "bytes", tag = "1")]
    #[serde(with = "base64")]
    pub(super) data: Bytes,
    #[prost(btree_map = "string, string", tag = "2")]
    pub(super) attributes: BTreeMap<String, String>,
    #[prost(string, tag = "3")]
    pub(super) message_id: String,
    #[prost(message, optional, tag = "4")]
    #[serde(with = "time")]
    pub(super) publish_time: Option<prost_types::Timestamp>,
    #[prost(string, tag = "5")]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) ordering_key: String,
}

#[derive(Clone, PartialEq, Serialize, prost::Message)]
#[serde(rename_all = "camelCase")]
pub(super) struct Published {
    #[prost(string, repeated, tag = "1")]
    pub(super) message_ids: Vec<String>,
}

/// A subscription.
#[derive(Clone, PartialEq, Deserialize, Serialize, prost::Message)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct Subscription {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) topic: String,
    #[prost(message, optional, tag = "4")]
    #[serde(skip_serializing)]
    push_config: Option<PushConfig>,
    #[prost(int32, tag = "5")]
    pub(super) ack_deadline_seconds: i32,
    #[prost(bool, tag = "7")]
    #[serde(skip_serializing)]
    retain_acked_messages: bool,
    #[prost(message, optional, tag = "8")]
    #[serde(skip_serializing)]
    message_retention_duration: Option<Given>,
    #[prost(btree_map = "string, string", tag = "9")]
    #[serde(skip_serializing)]
    labels: BTreeMap<String, String>,
    #[prost(bool, tag = "10")]
    pub(super) enable_message_ordering: bool,
    #[prost(message, optional, tag = "11")]
    #[serde(skip_serializing)]
    expiration_policy: Option<ExpirationPolicy>,
    #[prost(string, tag = "12")]
    #[serde(skip_serializing)]
    filter: String,
    #[prost(message, optional, tag = "13")]
    #[serde(skip_serializing)]
    dead_letter_policy: Option<Given>,
    #[prost(message, optional, tag = "14")]
    #[serde(skip_serializing)]
    retry_policy: Option<Given>,
    #[prost(bool, tag = "16")]
    #[serde(skip_serializing)]
    enable_exactly_once_delivery: bool,
    #[prost(message, optional, tag = "18")]
    #[serde(skip_serializing)]
    bigquery_config: Option<Given>,
    #[prost(message, optional, tag = "22")]
    #[serde(skip_serializing)]
    cloud_storage_config: Option<Given>,
    #[prost(message, repeated, tag = "25")]
    #[serde(skip_serializing)]
    message_transforms: Vec<Given>,
    #[prost(btree_map = "string, string", tag = "26")]
    #[serde(skip_serializing)]
    tags: BTreeMap<String, String>,
}

impl Subscription {
    pub(super) fn described(name: String, topic: String, seconds: i32, is_ordered: bool) -> Self {
        Self {
            name,
            topic,
            ack_deadline_seconds: seconds,
            enable_message_ordering: is_ordered,
            ..Self::default()
        }
    }

    /// Refuses settings that the local platform does not have.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let expires = self.expiration_policy.as_ref().is_some_and(|policy| policy.ttl.is_some());
        let pushes = self.push_config.as_ref().is_some_and(|push| *push != PushConfig::default());
        none_of(&[
            ("pushConfig", pushes),
            ("retainAckedMessages", self.retain_acked_messages),
            ("messageRetentionDuration", self.message_retention_duration.is_some()),
            ("labels of subscriptions", !self.labels.is_empty()),
            ("expirationPolicy", expires),
            ("filter", !self.filter.is_empty()),
            ("deadLetterPolicy", self.dead_letter_policy.is_some()),
            ("retryPolicy", self.retry_policy.is_some()),
            ("enableExactlyOnceDelivery", self.enable_exactly_once_delivery),
            ("bigqueryConfig", self.bigquery_config.is_some()),
            ("cloudStorageConfig", self.cloud_storage_config.is_some()),
            ("messageTransforms", !self.message_transforms.is_empty()),
            ("tags", !self.tags.is_empty()),
        ])
    }
}

/// Where messages are pushed to. Without an address, receivers pull.
#[derive(Clone, PartialEq, Deserialize, prost::Message)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct PushConfig {
    #[prost(string, tag = "1")]
    push_endpoint: String,
    #[prost(message, optional, tag = "3")]
    oidc_token: Option<Given>,
}

/// When an unused subscription is deleted. Without a time it never is, as on the local platform.
#[derive(Clone, PartialEq, Deserialize, prost::Message)]
#[serde(default, deny_unknown_fields)]
struct ExpirationPolicy {
    #[prost(message, optional, tag = "1")]
    ttl: Option<Given>,
}

/// The name of a subscription: `GetSubscription` and `DeleteSubscription`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct OfSubscription {
    #[prost(string, tag = "1")]
    pub(super) subscription: String,
}

#[derive(Clone, PartialEq, Serialize, prost::Message)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subscriptions {
    #[prost(message, repeated, tag = "1")]
    pub(super) subscriptions: Vec<Subscription>,
    #[prost(string, tag = "2")]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) next_page_token: String,
}

#[derive(Clone, PartialEq, Deserialize, prost::Message)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct Pull {
    #[prost(string, tag = "1")]
    pub(super) subscription: String,
    #[prost(bool, tag = "2")]
    pub(super) return_immediately: bool,
    #[prost(int32, tag = "3")]
    pub(super) max_messages: i32,
}

#[derive(Clone, PartialEq, Serialize, prost::Message)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pulled {
    #[prost(message, repeated, tag = "1")]
    pub(super) received_messages: Vec<ReceivedMessage>,
}

#[derive(Clone, PartialEq, Serialize, prost::Message)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReceivedMessage {
    #[prost(string, tag = "1")]
    pub(super) ack_id: String,
    #[prost(message, optional, tag = "2")]
    pub(super) message: Option<PubsubMessage>,
}

#[derive(Clone, PartialEq, Deserialize, prost::Message)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct ModifyAckDeadline {
    #[prost(string, tag = "1")]
    pub(super) subscription: String,
    #[prost(int32, tag = "3")]
    pub(super) ack_deadline_seconds: i32,
    #[prost(string, repeated, tag = "4")]
    pub(super) ack_ids: Vec<String>,
}

#[derive(Clone, PartialEq, Deserialize, prost::Message)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct Acknowledge {
    #[prost(string, tag = "1")]
    pub(super) subscription: String,
    #[prost(string, repeated, tag = "2")]
    pub(super) ack_ids: Vec<String>,
}

/// An answer without content.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, prost::Message)]
pub(super) struct Nothing {}

/// What a client sends on a stream. The first request names the subscription.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct StreamingPull {
    #[prost(string, tag = "1")]
    pub(super) subscription: String,
    #[prost(string, repeated, tag = "2")]
    pub(super) ack_ids: Vec<String>,
    #[prost(int32, repeated, tag = "3")]
    pub(super) modify_deadline_seconds: Vec<i32>,
    #[prost(string, repeated, tag = "4")]
    pub(super) modify_deadline_ack_ids: Vec<String>,
    #[prost(int32, tag = "5")]
    pub(super) stream_ack_deadline_seconds: i32,
    #[prost(int64, tag = "7")]
    pub(super) max_outstanding_messages: i64,
    #[prost(int64, tag = "10")]
    pub(super) protocol_version: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct StreamedPull {
    #[prost(message, repeated, tag = "1")]
    pub(super) received_messages: Vec<ReceivedMessage>,
    #[prost(message, optional, tag = "4")]
    pub(super) subscription_properties: Option<SubscriptionProperties>,
}

#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(super) struct SubscriptionProperties {
    #[prost(bool, tag = "1")]
    pub(super) exactly_once_delivery_enabled: bool,
    #[prost(bool, tag = "2")]
    pub(super) message_ordering_enabled: bool,
}
