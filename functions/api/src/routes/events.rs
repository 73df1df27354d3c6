//! Live changes of several topics in one stream, so that a browser needs one connection.
//!
//! A topic is `execution:ID` or `log:ID`. A topic can have a position: `log:ID@120` continues after position 120.
//!
//! How to add a kind of topic: add a variant to [`Topic`], and a function that sends its events.

use super::executions::changed;
use crate::endpoint::{Endpoint, Kind, Param, events, get};
use crate::error::{Answer, ApiError};
use crate::followed::PATIENCE;
use crate::looks::{Glance, Looks};
use crate::parts::Api;
use crate::queries::executions::task_runs::{head_of, snapshot};
use crate::request::Query;
use crate::snapshots::{News, Snapshot};
use crate::view::events::{Sender, stream};
use axum::extract::State;
use axum::response::Response;
use futures::future::join_all;
use segue_api_types::{LogEntry, TaskRun, TopicEvent};
use segue_model::id::ExecutionId;
use segue_model::log::LogLevel;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// The largest number of topics of one stream.
const MOST: usize = 50;
/// The longest time of a stream. Cloud Run would end the stream after 600 s. The client connects again with its
/// positions.
const LONGEST: Duration = Duration::from_secs(540);
/// The time between two looks at a log where reads cost nothing. New lines are sent together.
const LOOK: Duration = Duration::from_millis(200);
/// The shortest time between two events of an execution. Changes in this time are sent together.
const SHORTEST: Duration = Duration::from_millis(100);
/// A follower rests so many times as long as a look took.
const REST: u32 = 4;
/// The largest number of lines in one event.
const LINES: u32 = 2_000;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/events", follow)
            .is("events", "Streams live changes of executions and logs.")
            .takes(&[Param::new(
                "topics",
                Kind::Texts,
                "Topics, with commas between them: execution:ID or log:ID, each with @POSITION to continue.",
            )
            .required()])
            .answers(events::<TopicEvent>())
            .refuses(&[404]),
    ]
}

/// A topic that a client follows, and the position after which it follows.
enum Topic {
    Execution(String, Option<u64>),
    Log(String, u64),
}

impl Topic {
    fn read(text: &str) -> Answer<Self> {
        let unknown = || {
            ApiError::argument(format!(
                "'{text}' is not a topic; write execution:ID or log:ID, with @POSITION to continue"
            ))
        };
        let (kind, rest) = text.split_once(':').ok_or_else(unknown)?;
        let (id, position) = match rest.split_once('@') {
            Some((id, position)) => (id, Some(position.parse::<u64>().map_err(|_| unknown())?)),
            None => (rest, None),
        };
        match kind {
            "execution" => Ok(Self::Execution(id.to_owned(), position)),
            "log" => Ok(Self::Log(id.to_owned(), position.unwrap_or(0))),
            _ => Err(unknown()),
        }
    }

    fn id(&self) -> &str {
        match self {
            Self::Execution(id, _) | Self::Log(id, _) => id,
        }
    }
}

async fn follow(State(api): State<Api>, query: Query) -> Answer<Response> {
    let texts = query.all("topics").flat_map(|topics| topics.split(',')).filter(|topic| !topic.is_empty());
    let topics = texts.map(Topic::read).collect::<Answer<Vec<_>>>()?;
    if topics.is_empty() || topics.len() > MOST {
        return Err(ApiError::argument(format!("a stream has 1 to {MOST} topics, and not {}", topics.len())));
    }
    for topic in &topics {
        snapshot(&api, topic.id()).await?;
    }
    Ok(stream(move |sender| async move {
        let mut told = told_marks(&topics);
        let all = join_all(topics.into_iter().map(|topic| {
            let (api, sender) = (api.clone(), sender.clone());
            let (tell, hear) = match &topic {
                Topic::Execution(id, _) => (told.get_mut(id).and_then(|(tell, _)| tell.take()), None),
                Topic::Log(id, _) => (None, told.get(id).map(|(_, hear)| hear.clone())),
            };
            async move {
                match topic {
                    Topic::Execution(id, position) => {
                        tell_execution(&api, &id, position, &sender, tell).await;
                    }
                    Topic::Log(id, position) => tell_log(&api, &id, position, &sender, hear).await,
                }
            }
        }));
        // At the end of the time the stream ends without an error.
        let _ = timeout(LONGEST, all).await;
    }))
}

/// Tells the numbers of an execution that its topic has read. A topic with its log hears them and reads none itself.
type TellMark = watch::Sender<Option<u64>>;
type HearMark = watch::Receiver<Option<u64>>;

/// A channel for the numbers of each followed execution.
fn told_marks(topics: &[Topic]) -> HashMap<String, (Option<TellMark>, HearMark)> {
    let executions = topics.iter().filter_map(|topic| match topic {
        Topic::Execution(id, _) => Some(id.clone()),
        Topic::Log(..) => None,
    });
    executions
        .map(|id| {
            let (tell, hear) = watch::channel(None);
            (id, (Some(tell), hear))
        })
        .collect()
}

/// Waits until another number comes. Never returns if no topic tells one.
async fn heard(hear: &mut Option<HearMark>) {
    if let Some(marks) = hear
        && marks.changed().await.is_ok()
    {
        return;
    }
    // The topic of the execution has ended. From now on this topic reads the numbers itself.
    *hear = None;
    std::future::pending().await
}

/// Sends what is new of an execution after the position, until its end: the execution without its task runs, and the
/// task runs that have changed.
async fn tell_execution(api: &Api, id: &str, mut sent: Option<u64>, sender: &Sender, tell: Option<TellMark>) {
    // Subscribe before the first read, so that no change is missed.
    let mut changes = api.watch.subscribe();
    let (topic, id) = (format!("execution:{id}"), ExecutionId::from(id));
    let (mut glance, mut looks) = (Glance::default(), Looks::new(&api.ports, PATIENCE));
    let mut last: Option<Arc<Snapshot>> = None;
    loop {
        let began = Instant::now();
        // An execution with task runs that wait is read again, because a worker that begins changes no mark.
        let may_begin = last.as_ref().is_some_and(|last| last.has_waiting());
        let has_changed = glance.has_changed(api.state(), &id, false).await.unwrap_or(false);
        if let Some(tell) = &tell {
            let seen = glance.execution();
            tell.send_if_modified(|told| seen.is_some() && std::mem::replace(told, seen) != seen);
        }
        if has_changed || may_begin {
            match api.snapshots.look(api.state(), &id, has_changed).await {
                // A deleted execution has no events.
                Ok(None) => return,
                Ok(Some(now)) => {
                    let is_last = now.execution.state.current().is_terminal();
                    let news = now.news(sent, last.as_deref());
                    if is_last || !news.is_empty() {
                        let event = event_of(api, &topic, &now, &news);
                        if !sender.send(&topic, &event).await || is_last {
                            return;
                        }
                    }
                    sent = Some(now.version);
                    last = Some(now);
                }
                // A store that does not answer may answer later.
                Err(_) => glance.forget(),
            }
        }
        // A large execution that changes all the time takes a part of the machine, and not all of it.
        let rest = (began.elapsed() * REST).max(SHORTEST);
        tokio::select! {
            () = sender.left() => return,
            () = sleep(rest) => {}
        }
        let pause = looks.pause(has_changed);
        tokio::select! {
            () = sender.left() => return,
            () = changed(&mut changes, &id) => {}
            () = sleep(pause) => {}
        }
    }
}

fn event_of(api: &Api, topic: &str, now: &Snapshot, news: &News) -> TopicEvent {
    let runs =
        |runs: &Vec<Arc<_>>| runs.iter().map(|run| TaskRun::without_outputs(&now.execution, run)).collect();
    TopicEvent {
        topic: topic.to_owned(),
        position: now.version,
        head: Some(head_of(api, now)),
        task_runs: news.task_runs.as_ref().map(runs),
        has_begun: news.is_known,
        lines: None,
        is_last: now.execution.state.current().is_terminal(),
    }
}

/// Sends the lines after the position in batches, until the execution has ended.
async fn tell_log(api: &Api, id: &str, mut position: u64, sender: &Sender, mut hear: Option<HearMark>) {
    let topic = format!("log:{id}");
    let id = ExecutionId::from(id);
    let (mut glance, mut looks) = (Glance::default(), Looks::new(&api.ports, LOOK));
    loop {
        let told = hear.as_mut().and_then(|marks| *marks.borrow_and_update());
        let looked = match told {
            Some(mark) => glance.has_moved(api.state(), &id, Some(mark), true).await,
            None => glance.has_changed(api.state(), &id, true).await,
        };
        let Ok(has_changed) = looked else { return };
        if !has_changed {
            tokio::select! {
                () = sender.left() => return,
                () = heard(&mut hear) => {}
                () = sleep(looks.pause(false)) => {}
            }
            continue;
        }
        // Read the state before the lines, so that no line before the end is missed.
        let Ok(found) = api.snapshots.stored(api.state(), &id).await else { return };
        let has_ended = found.is_none_or(|found| found.execution.state.current().is_terminal());
        let Ok(page) = api.state().log_page(&id, LogLevel::Trace, position, LINES).await else { return };
        position = page.next;
        let is_last = has_ended && !page.more;
        if !page.lines.is_empty() || is_last {
            let lines = Some(page.lines.iter().map(LogEntry::from).collect());
            let event = TopicEvent {
                topic: topic.clone(),
                position,
                head: None,
                task_runs: None,
                has_begun: false,
                lines,
                is_last,
            };
            if !sender.send(&topic, &event).await || is_last {
                return;
            }
        }
        if page.more {
            glance.forget();
            continue;
        }
        tokio::select! {
            () = sender.left() => return,
            () = sleep(looks.pause(true)) => {}
        }
    }
}
