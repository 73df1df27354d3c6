use super::{BusOptions, DurableBus, Faults, Handling};
use crate::database::Database;
use async_trait::async_trait;
use segue_model::event::Event;
use segue_ports::bus::GivenUp;
use segue_ports::conformance::event_bus::{self as conformance, Recorder, message, topic};
use segue_ports::wire::Message;
use segue_ports::{DeadLetterHandler, EventBus as _, MessageHandler, Outgoing, PortError, Topic, Verdict};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

fn open(directory: &Path) -> DurableBus {
    let file = directory.join("segue.db");
    // A dropped worker may still be writing to the file, so opening is tried again.
    let tried = || Database::open(&file).inspect_err(|_| std::thread::sleep(Duration::from_millis(10)));
    let database = (0..500).find_map(|_| tried().ok()).unwrap();
    DurableBus::new(database, BusOptions::default()).unwrap()
}

fn start(bus: &DurableBus, handler: Arc<dyn MessageHandler>) -> (CancellationToken, JoinHandle<()>) {
    let (bus, shutdown) = (bus.clone(), CancellationToken::new());
    let token = shutdown.clone();
    (shutdown, tokio::spawn(async move { bus.run(topic(), handler, 8, token).await.unwrap() }))
}

async fn idle(bus: &DurableBus) {
    let begun = Instant::now();
    while bus.pending() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "{} are pending still", bus.pending());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A handler that never finishes a message.
struct Stuck(AtomicUsize);

#[async_trait]
impl MessageHandler for Stuck {
    async fn handle(&self, _: Message) -> Verdict {
        self.0.fetch_add(1, Ordering::SeqCst);
        std::future::pending().await
    }
}

/// A handler that answers like a process that stops.
struct Stopping(AtomicUsize);

#[async_trait]
impl MessageHandler for Stopping {
    async fn handle(&self, _: Message) -> Verdict {
        self.0.fetch_add(1, Ordering::SeqCst);
        Verdict::Stopped
    }
}

/// A handler that fails in a different way each time.
struct Broken(AtomicUsize);

#[async_trait]
impl MessageHandler for Broken {
    async fn handle(&self, _: Message) -> Verdict {
        let before = self.0.fetch_add(1, Ordering::SeqCst);
        assert!(before.is_multiple_of(2), "a handler that panics");
        Verdict::Retry
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_does_what_the_port_says() {
    let directory = tempfile::tempdir().unwrap();
    let bus = open(directory.path());
    let recorder = Arc::new(Recorder::default());
    let (shutdown, worker) = start(&bus, recorder.clone());
    conformance::all(&bus, &recorder, "plain").await.unwrap();
    idle(&bus).await;
    for index in 0..320 {
        assert_eq!(recorder.deliveries(&format!("plain-many-{index}")), (1, true), "once, without faults");
    }
    shutdown.cancel();
    worker.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_lose_nothing() {
    for seed in 1..=5 {
        let faults =
            Faults { seed, duplicate: 0.3, delay: 0.3, max_delay: Duration::from_millis(20), reorder: 0.5 };
        let options = BusOptions { faults: Some(faults), ..BusOptions::default() };
        let bus = DurableBus::new(Database::in_memory().unwrap(), options).unwrap();
        let recorder = Arc::new(Recorder::default());
        let (_shutdown, _worker) = start(&bus, recorder.clone());
        conformance::all(&bus, &recorder, "faults").await.unwrap();
        idle(&bus).await;
        let deliveries: u32 =
            (0..320).map(|index| recorder.deliveries(&format!("faults-many-{index}")).0).sum();
        assert!(deliveries > 350, "some came twice: {deliveries}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_being_handled_at_a_crash_come_again_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let stuck = Arc::new(Stuck(AtomicUsize::new(0)));
    {
        let bus = open(directory.path());
        let (_shutdown, worker) = start(&bus, stuck.clone());
        // More messages than can be handled at the same time, and more than fit into memory.
        bus.publish((0..1000).map(|index| message(&format!("c{index}"), Event::Continued)).collect())
            .await
            .unwrap();
        while stuck.0.load(Ordering::SeqCst) < 8 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        worker.abort();
        let _ = worker.await;
    }
    let bus = open(directory.path());
    assert_eq!(bus.pending(), 1000);
    let recorder = Arc::new(Recorder::default());
    let begun = Instant::now();
    let (_shutdown, _worker) = start(&bus, recorder.clone());
    idle(&bus).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "no lease is waited for");
    for index in 0..1000 {
        assert_eq!(recorder.deliveries(&format!("c{index}")), (1, true));
    }
    assert!(bus.dead_letters().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_retry_waits_in_the_file_over_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    {
        let bus = open(directory.path());
        let recorder = Arc::new(Recorder::default());
        recorder.refuse("r", 1);
        let (shutdown, worker) = start(&bus, recorder.clone());
        bus.publish(vec![message("r", Event::Continued)]).await.unwrap();
        while recorder.deliveries("r").0 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        shutdown.cancel();
        worker.await.unwrap();
    }
    let bus = open(directory.path());
    assert_eq!(bus.pending(), 1);
    let recorder = Arc::new(Recorder::default());
    let (_shutdown, _worker) = start(&bus, recorder.clone());
    idle(&bus).await;
    assert_eq!(recorder.deliveries("r"), (1, true));
}

#[tokio::test]
async fn a_message_that_is_never_done_is_put_aside() {
    let options = BusOptions { max_deliveries: 3, ..BusOptions::default() };
    let bus = DurableBus::new(Database::in_memory().unwrap(), options).unwrap();
    let broken = Arc::new(Broken(AtomicUsize::new(0)));
    let (_shutdown, _worker) = start(&bus, broken.clone());
    bus.publish(vec![message("poison", Event::Continued)]).await.unwrap();
    idle(&bus).await;
    assert_eq!(broken.0.load(Ordering::SeqCst), 3);
    let dead = bus.dead_letters().await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].topic.as_str(), dead[0].deliveries), ("execution-events", 3));
    assert!(dead[0].body.contains("poison"), "{}", dead[0].body);
}

#[tokio::test]
async fn a_message_that_was_put_aside_is_delivered_again() {
    let options = BusOptions { max_deliveries: 1, ..BusOptions::default() };
    let bus = DurableBus::new(Database::in_memory().unwrap(), options).unwrap();
    let (shutdown, worker) = start(&bus, Arc::new(Broken(AtomicUsize::new(0))));
    bus.publish(vec![message("poison", Event::Continued)]).await.unwrap();
    idle(&bus).await;
    shutdown.cancel();
    worker.await.unwrap();
    let letters = bus.letters().await.unwrap().unwrap();
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert!(letter.body.contains("poison") && letter.since > jiff::Timestamp::UNIX_EPOCH);
    assert!(!bus.deliver_again(letter.id + 1).await.unwrap());
    assert!(bus.deliver_again(letter.id).await.unwrap());
    assert_eq!(bus.letters().await.unwrap(), Some(Vec::new()));
    let waiting = bus.backlog().await.unwrap().unwrap();
    assert_eq!((waiting[0].topic.as_str(), waiting[0].due, waiting[0].later), ("execution-events", 1, 0));
    let recorder = Arc::new(Recorder::default());
    let (_shutdown, _worker) = start(&bus, recorder.clone());
    recorder.done("poison").await.unwrap();
}

#[tokio::test]
async fn a_topic_has_one_worker_at_a_time() {
    let bus = DurableBus::new(Database::in_memory().unwrap(), BusOptions::default()).unwrap();
    let recorder = Arc::new(Recorder::default());
    bus.publish(vec![message("early", Event::Continued)]).await.unwrap();
    let (shutdown, worker) = start(&bus, recorder.clone());
    recorder.done("early").await.unwrap();
    let second = bus.run(topic(), recorder.clone(), 1, CancellationToken::new()).await;
    assert!(matches!(second, Err(PortError::AlreadyExists { .. })));
    shutdown.cancel();
    worker.await.unwrap();
    bus.publish(vec![message("between", Event::Continued)]).await.unwrap();
    let (_shutdown, _worker) = start(&bus, recorder.clone());
    recorder.done("between").await.unwrap();
    idle(&bus).await;
}

/// Records the messages that are given up.
#[derive(Default)]
struct Undertaker(Mutex<Vec<GivenUp>>);

#[async_trait]
impl DeadLetterHandler for Undertaker {
    async fn given_up(&self, letter: GivenUp) -> Verdict {
        self.0.lock().unwrap().push(letter);
        Verdict::Done
    }
}

/// A handler that ends the process at one message and handles all others. The test drops the worker to end the process.
struct Deadly {
    name: &'static str,
    begun: AtomicUsize,
    others: Recorder,
}

#[async_trait]
impl MessageHandler for Deadly {
    async fn handle(&self, message: Message) -> Verdict {
        let body = serde_json::to_string(&message).unwrap();
        if body.contains(self.name) {
            self.begun.fetch_add(1, Ordering::SeqCst);
            return std::future::pending().await;
        }
        self.others.handle(message).await
    }
}

/// A process that lives until it handles the deadly message, or until there is nothing left to do.
async fn a_life(directory: &Path, deadly: &Arc<Deadly>, undertaker: &Arc<Undertaker>) -> bool {
    let bus = open(directory);
    let before = deadly.begun.load(Ordering::SeqCst);
    let handling = Handling { handler: deadly.clone(), dead_letters: Some(undertaker.clone()) };
    let run = bus.run_with(topic(), handling, 8, CancellationToken::new());
    tokio::select! {
        _ = run => unreachable!("nobody stops it"),
        died = async {
            loop {
                if deadly.begun.load(Ordering::SeqCst) > before {
                    return true;
                }
                if bus.pending() == 0 {
                    return false;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        } => died,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_ends_every_process_is_given_up_and_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let messages = (0..40).map(|index| {
        let name = if index == 20 { "deadly".to_owned() } else { format!("m{index}") };
        message(&name, Event::Continued)
    });
    open(directory.path()).publish(messages.collect()).await.unwrap();
    let (deadly, undertaker) = (
        Arc::new(Deadly { name: "deadly", begun: AtomicUsize::new(0), others: Recorder::default() }),
        Arc::new(Undertaker::default()),
    );
    let mut lives = 1;
    while a_life(directory.path(), &deadly, &undertaker).await {
        lives += 1;
        assert!(lives < 10, "it ends one process after another");
    }
    assert_eq!((lives, deadly.begun.load(Ordering::SeqCst)), (4, 3), "the fourth process stays");
    let given_up = undertaker.0.lock().unwrap().clone();
    assert_eq!(given_up.len(), 1, "{given_up:?}");
    assert_eq!((given_up[0].deliveries, given_up[0].deadly), (3, true));
    assert_eq!(given_up[0].execution_id, Some("deadly".into()));
    let bus = open(directory.path());
    let dead = bus.dead_letters().await.unwrap();
    assert_eq!(dead.len(), 1);
    assert!(dead[0].reason.contains("process ended 3 times"), "{}", dead[0].reason);
    for index in (0..40).filter(|index| *index != 20) {
        assert!(deadly.others.deliveries(&format!("m{index}")).1, "m{index} is done with");
    }
}

/// A process that is killed again and again before any message ends must not cause innocent messages to be given up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_innocent_message_near_a_death_is_not_given_up() {
    let directory = tempfile::tempdir().unwrap();
    let messages = (0..30).map(|index| message(&format!("n{index}"), Event::Continued)).collect();
    open(directory.path()).publish(messages).await.unwrap();
    for _ in 0..2 {
        // All messages that were handed out are being handled when the process ends.
        let (bus, stuck) = (open(directory.path()), Arc::new(Stuck(AtomicUsize::new(0))));
        let worker = bus.run(topic(), stuck.clone(), 8, CancellationToken::new());
        tokio::select! {
            _ = worker => unreachable!("nobody stops it"),
            () = async { while stuck.0.load(Ordering::SeqCst) == 0 { tokio::time::sleep(Duration::from_millis(1)).await; } } => {}
        }
    }
    let (bus, recorder) = (open(directory.path()), Arc::new(Recorder::default()));
    let (_shutdown, _worker) = start(&bus, recorder.clone());
    idle(&bus).await;
    for index in 0..30 {
        assert_eq!(recorder.deliveries(&format!("n{index}")), (1, true));
    }
    assert!(bus.dead_letters().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_message_interrupted_by_a_stop_comes_to_the_next_worker_and_does_not_count() {
    let directory = tempfile::tempdir().unwrap();
    // Only task runs can be stopped.
    let topic = || Topic::Tasks("service".into());
    for time in 0..=BusOptions::default().max_deliveries {
        let (bus, stopping) = (open(directory.path()), Arc::new(Stopping(AtomicUsize::new(0))));
        if time == 0 {
            let Outgoing { message, .. } = message("s", Event::Continued);
            bus.publish(vec![Outgoing { topic: topic(), message }]).await.unwrap();
        }
        let shutdown = CancellationToken::new();
        let stop = async {
            while stopping.0.load(Ordering::SeqCst) == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            shutdown.cancel();
        };
        let (ran, ()) = tokio::join!(bus.run(topic(), stopping.clone(), 8, shutdown.clone()), stop);
        ran.unwrap();
        assert_eq!((stopping.0.load(Ordering::SeqCst), bus.pending()), (1, 1));
    }
    let (bus, recorder) = (open(directory.path()), Arc::new(Recorder::default()));
    let shutdown = CancellationToken::new();
    let (ran, ()) = tokio::join!(bus.run(topic(), recorder.clone(), 8, shutdown.clone()), async {
        idle(&bus).await;
        shutdown.cancel();
    });
    ran.unwrap();
    assert_eq!(recorder.deliveries("s"), (1, true));
    assert!(bus.dead_letters().await.unwrap().is_empty());
}
