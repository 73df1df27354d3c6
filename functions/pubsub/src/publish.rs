//! `pubsub.Publish`.

use crate::google::Project;
use crate::message::{SerdeType, to_publish};
use schemars::JsonSchema;
use segue_model::Json;
use segue_ports::topics::{TopicMessage, TopicName};
use segue_ports::{InternalStorage, Topics};
use segue_task::google::GoogleAccount;
use segue_task::records::Records;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How many messages, and how many bytes of data, are sent at once.
const MOST_MESSAGES: usize = 500;
const MOST_BYTES: usize = 4 << 20;

/// Publishes messages to a topic. After a crash, the task runs again, so a message may be published twice, with two ids.
///
/// ```yaml
/// id: publish
/// type: io.kestra.plugin.gcp.pubsub.Publish
/// topic: orders
/// serdeType: JSON
/// from:
///   - data:
///       id: 7
///       customer: "{{ inputs.name }}"
///     attributes:
///       kind: order
///     orderingKey: customer-7
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Publish {
    /// The topic: its name, or `projects/PROJECT/topics/NAME`.
    pub topic: String,
    /// The messages: a map, a list of maps, a JSON text of these, or the URI of a file with a message on each line.
    pub from: Json,
    /// The format of data that is not text.
    #[serde(default)]
    pub serde_type: SerdeType,
    /// The project and the credentials.
    #[serde(flatten)]
    pub google: GoogleAccount,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The number of published messages.
    pub messages_count: u64,
}

/// Messages that are sent together.
struct Sender {
    topics: Arc<dyn Topics>,
    topic: TopicName,
    serde: SerdeType,
    waiting: Vec<TopicMessage>,
    bytes: usize,
    count: u64,
}

impl Sender {
    /// Adds a message, and sends if there are enough. Messages are counted from 1.
    async fn add(&mut self, message: Json) -> Result<(), TaskError> {
        let number = self.count + self.waiting.len() as u64 + 1;
        let message = to_publish(message, self.serde)
            .map_err(|why| TaskError::failed(format!("message {number} of from: {why}")))?;
        self.bytes += message.data.len();
        self.waiting.push(message);
        if self.waiting.len() >= MOST_MESSAGES || self.bytes >= MOST_BYTES {
            self.send().await?;
        }
        Ok(())
    }

    async fn send(&mut self) -> Result<(), TaskError> {
        let messages = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        let ids = self.topics.publish(&self.topic, messages).await?;
        self.count += ids.len() as u64;
        Ok(())
    }
}

impl Task for Publish {
    const TYPE: &'static str = "io.kestra.plugin.gcp.pubsub.Publish";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let project = Project::of(&self.google, context)?;
        let topic = project.topic(Some(&self.topic))?;
        project.topics.prepare_topic(&topic).await?;
        let topics = project.topics;
        let mut sender =
            Sender { topics, topic, serde: self.serde_type, waiting: Vec::new(), bytes: 0, count: 0 };
        match written(self.from)? {
            From::File(uri) => {
                let mut rows = Records::open(context, &uri, "\n").await?;
                while let Some((_, row)) = rows.next_row().await? {
                    sender.add(row).await?;
                }
            }
            // All messages are read before the first is sent, so that a wrong one changes nothing.
            From::Messages(messages) => {
                for (index, message) in messages.iter().enumerate() {
                    to_publish(message.clone(), self.serde_type)
                        .map_err(|why| TaskError::failed(format!("message {} of from: {why}", index + 1)))?;
                }
                for message in messages {
                    sender.add(message).await?;
                }
            }
        }
        if !sender.waiting.is_empty() {
            sender.send().await?;
        }
        context.metric_counter("records", sender.count as f64);
        context.info(format!("{} messages were published to {}", sender.count, sender.topic));
        Ok(Output { messages_count: sender.count })
    }
}

/// Where the messages are.
enum From {
    /// In a file.
    File(String),
    /// In the task.
    Messages(Vec<Json>),
}

fn written(from: Json) -> Result<From, TaskError> {
    match from {
        Json::Array(messages) => Ok(From::Messages(messages)),
        Json::Object(message) => Ok(From::Messages(vec![Json::Object(message)])),
        Json::String(text) if InternalStorage::is_uri(text.trim()) || text.trim().starts_with("nsfile:") => {
            Ok(From::File(text.trim().to_owned()))
        }
        Json::String(text) => match serde_json::from_str(&text) {
            Ok(from @ (Json::Array(_) | Json::Object(_))) => written(from),
            _ => Err(TaskError::failed(
                "from is neither a URI nor the JSON of a map or list; write a map with data, a list of maps, or the URI \
                 of a file",
            )),
        },
        _ => Err(TaskError::failed(
            "from is missing; write a map with data, a list of maps, or the URI of a file",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use serde_json::json;

    fn task(from: Json) -> Json {
        json!({"type": Publish::TYPE, "topic": "orders", "from": from})
    }

    #[tokio::test]
    async fn messages_come_from_a_map_a_list_a_text_or_a_file() {
        let platform = Platform::subscribed("orders").await;
        let one = json!({"data": "a {{ inputs.name }}", "attributes": {"k": "v"}});
        let file =
            platform.store("company/team/m.ion", b"{data:\"d\",orderingKey:\"k\"}\n{\"data\":\"e\"}\n").await;
        for (from, count) in [
            (one.clone(), 1),
            (json!([one, {"data": "b"}]), 2),
            (json!("{\"data\": \"c\"}"), 1),
            (json!(file), 2),
            (json!([]), 0),
        ] {
            assert_eq!(platform.run(task(from)).await.outputs()["messagesCount"], count);
        }
        let received = platform.pull("orders", 6).await;
        let data: Vec<_> =
            received.iter().map(|one| String::from_utf8_lossy(&one.message.data).into_owned()).collect();
        assert_eq!(data, ["a Ada", "a Ada", "b", "c", "d", "e"]);
        assert_eq!(received[0].message.attributes["k"], "v");
        assert_eq!(received[4].message.ordering_key, "k");
    }

    #[tokio::test]
    async fn data_is_text_or_json() {
        let platform = Platform::subscribed("orders").await;
        let mut task = task(json!({"data": {"a": [1, "x"]}}));
        platform.run(task.clone()).await.outputs();
        task["serdeType"] = json!("JSON");
        platform.run(task).await.outputs();
        for received in platform.pull("orders", 2).await {
            assert_eq!(&received.message.data[..], b"{\"a\":[1,\"x\"]}");
        }
    }

    #[tokio::test]
    async fn thousands_of_messages_are_sent_in_parts() {
        let platform = Platform::subscribed("orders").await;
        let rows: String = (0..1_234).map(|number| format!("{{data:\"{number}\"}}\n")).collect();
        let file = platform.store("company/team/m.ion", rows.as_bytes()).await;
        assert_eq!(platform.run(task(json!(file))).await.outputs()["messagesCount"], 1_234);
        assert_eq!(platform.pull("orders", 1_234).await.len(), 1_234);
    }

    #[tokio::test]
    async fn what_is_wrong_is_named_and_nothing_is_published() {
        let platform = Platform::subscribed("orders").await;
        for (from, part) in [
            (json!([{"data": "right"}, {"text": "x"}]), "message 2 of from"),
            (json!("hello"), "neither a URI nor"),
            (Json::Null, "from is missing"),
            (json!("kestra:///absent.ion"), "absent.ion"),
        ] {
            let error = platform.run(task(from)).await.error();
            assert!(error.contains(part), "{error}");
        }
        let error =
            platform.run(json!({"type": Publish::TYPE, "topic": "a b", "from": {"data": "x"}})).await.error();
        assert!(error.contains("'a b' cannot be the name of a topic"), "{error}");
        assert_eq!(platform.waiting("orders").await, 0);
    }
}
