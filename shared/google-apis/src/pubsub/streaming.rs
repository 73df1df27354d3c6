//! The stream on which Google's clients receive messages: messages go out, and acknowledgements come in.
//!
//! One task takes messages from the platform, as long as the client has room for more. The other reads what the client
//! sends. Both end with the connection. A message that was taken and not sent is delivered again after its deadline.
//!
//! Some clients acknowledge with calls of their own, not on the stream. [`Receivers`] reports these to the streams, so that
//! they know how much room a client has.

use super::PubSub;
use super::messages::{StreamedPull, StreamingPull, SubscriptionProperties};
use super::subscriptions::{MOST, delivered, missing, seconds};
use crate::refusal::Refusal;
use futures::stream::{BoxStream, StreamExt as _, poll_fn};
use segue_ports::Topics;
use segue_ports::topics::SubscriptionName;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tonic::{Status, Streaming};

/// How long the server waits for a message before it shows the client that the connection lives.
const BEAT: Duration = Duration::from_secs(10);

type Answer = Result<StreamedPull, Status>;

/// The clients that receive now.
#[derive(Default)]
pub(super) struct Receivers(Mutex<Vec<Weak<Receiver>>>);

impl Receivers {
    fn add(&self, receiver: &Arc<Receiver>) {
        let mut receivers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        receivers.retain(|known| known.strong_count() > 0);
        receivers.push(Arc::downgrade(receiver));
    }

    /// Deliveries have a new deadline, counted from now. With zero, the client does not hold them any more.
    pub(super) fn learn(&self, name: &SubscriptionName, ids: &[String], deadline: Duration) {
        let receivers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for receiver in receivers.iter().filter_map(Weak::upgrade).filter(|known| known.name == *name) {
            receiver.learn(ids, deadline);
        }
    }
}

/// A client that receives.
pub(super) struct Receiver {
    topics: Arc<dyn Topics>,
    name: SubscriptionName,
    is_ordered: bool,
    /// The deadline of messages on this stream. None: the one of the subscription.
    deadline: Option<Duration>,
    /// How long a message stays with the client if it says nothing about it.
    usual: Duration,
    /// The largest number of messages that the client holds. None: no limit.
    most: Option<usize>,
    /// Whether the client reads answers without messages.
    reads_beats: bool,
    /// The messages that the client holds, with the end of their time.
    held: Mutex<HashMap<String, Instant>>,
    released: Notify,
}

pub(super) async fn pull(
    pubsub: Arc<PubSub>,
    mut requests: Streaming<StreamingPull>,
) -> Result<BoxStream<'static, Answer>, Status> {
    let first = requests.message().await?;
    let first = first.ok_or_else(|| Status::invalid_argument("the first request names the subscription"))?;
    let receiver = Arc::new(Receiver::new(&pubsub, &first).await?);
    pubsub.receivers.add(&receiver);
    let (sender, mut answers) = mpsc::channel(1);
    let reading = Arc::clone(&receiver);
    let failed = sender.clone();
    let reader = tokio::spawn(async move {
        if let Err(status) = reading.read(first, requests).await {
            // The client may be gone.
            let _ = failed.send(Err(status)).await;
        }
    });
    tokio::spawn(async move {
        tokio::select! {
            // The client closed its side, or sent something wrong.
            _ = reader => {}
            // The client closed the connection.
            () = sender.closed() => {}
            status = receiver.deliver(&sender) => {
                let _ = sender.send(Err(status)).await;
            }
        }
    });
    Ok(poll_fn(move |context| answers.poll_recv(context)).boxed())
}

impl Receiver {
    async fn new(pubsub: &PubSub, first: &StreamingPull) -> Result<Self, Status> {
        let name = pubsub.subscription(&first.subscription)?;
        let known = pubsub.topics.subscription(&name).await.map_err(Refusal::from)?;
        let known = known.ok_or_else(|| missing(&name))?;
        let deadline = match first.stream_ack_deadline_seconds {
            0 => None,
            asked => Some(seconds(asked)?),
        };
        Ok(Self {
            topics: Arc::clone(&pubsub.topics),
            name,
            is_ordered: known.is_ordered,
            deadline: deadline.filter(|deadline| *deadline != known.ack_deadline),
            usual: deadline.unwrap_or(known.ack_deadline),
            most: usize::try_from(first.max_outstanding_messages).ok().filter(|most| *most > 0),
            reads_beats: first.protocol_version >= 1,
            held: Mutex::default(),
            released: Notify::new(),
        })
    }

    /// Handles what the client sends, until it closes its side.
    async fn read(&self, first: StreamingPull, mut requests: Streaming<StreamingPull>) -> Result<(), Status> {
        let mut next = Some(first);
        while let Some(request) = next {
            self.take(request).await?;
            next = requests.message().await?;
        }
        Ok(())
    }

    async fn take(&self, request: StreamingPull) -> Result<(), Refusal> {
        if !request.ack_ids.is_empty() {
            self.topics.acknowledge(&self.name, &request.ack_ids).await?;
            self.learn(&request.ack_ids, Duration::ZERO);
        }
        let (ids, times) = (request.modify_deadline_ack_ids, request.modify_deadline_seconds);
        if ids.len() != times.len() {
            return Err(Refusal::invalid("a request has one deadline for each ack id"));
        }
        let mut by_deadline: HashMap<i32, Vec<String>> = HashMap::new();
        for (id, time) in ids.into_iter().zip(times) {
            by_deadline.entry(time).or_default().push(id);
        }
        for (time, ids) in by_deadline {
            let deadline = seconds(time)?;
            self.topics.extend(&self.name, &ids, deadline).await?;
            self.learn(&ids, deadline);
        }
        Ok(())
    }

    fn hold(&self, ids: impl IntoIterator<Item = String>, time: Duration) {
        let end = Instant::now() + time;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.extend(ids.into_iter().map(|id| (id, end)));
    }

    fn learn(&self, ids: &[String], deadline: Duration) {
        let end = Instant::now() + deadline;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        for id in ids {
            match held.get_mut(id) {
                Some(_) if deadline.is_zero() => drop(held.remove(id)),
                Some(known) => *known = end,
                None => {}
            }
        }
        drop(held);
        self.released.notify_one();
    }

    /// How many more messages the client takes. If it takes none, the time at which the first that it holds is late.
    fn room(&self) -> Result<u32, Instant> {
        let Some(most) = self.most else { return Ok(MOST) };
        let now = Instant::now();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, end| *end > now);
        match most.saturating_sub(held.len()) {
            0 => Err(held.values().min().copied().unwrap_or(now)),
            room => Ok(u32::try_from(room).unwrap_or(MOST).min(MOST)),
        }
    }

    /// Sends messages. Returns why it cannot go on.
    async fn deliver(&self, sender: &mpsc::Sender<Answer>) -> Status {
        loop {
            let room = match self.room() {
                Ok(room) => room,
                Err(late) => {
                    tokio::select! {
                        () = self.released.notified() => {}
                        () = tokio::time::sleep_until(late) => {}
                    }
                    continue;
                }
            };
            let received = match self.topics.pull(&self.name, room, BEAT).await {
                Ok(received) => received,
                Err(error) => return Refusal::from(error).into(),
            };
            if received.is_empty() && !self.reads_beats {
                continue;
            }
            let ids: Vec<String> = received.iter().map(|received| received.ack_id.clone()).collect();
            if let Some(deadline) = self.deadline.filter(|_| !ids.is_empty())
                && let Err(error) = self.topics.extend(&self.name, &ids, deadline).await
            {
                return Refusal::from(error).into();
            }
            self.hold(ids, self.usual);
            let answer = StreamedPull {
                received_messages: received.into_iter().map(delivered).collect(),
                subscription_properties: Some(SubscriptionProperties {
                    exactly_once_delivery_enabled: false,
                    message_ordering_enabled: self.is_ordered,
                }),
            };
            if sender.send(Ok(answer)).await.is_err() {
                return Status::cancelled("the client has closed the connection");
            }
        }
    }
}
