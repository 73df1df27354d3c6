use super::{BusOptions, DurableBus, Faults};
use crate::database::Database;
use async_trait::async_trait;
use segue_model::event::Event;
use segue_ports::conformance::event_bus::{self as conformance, Recorder, message, topic};
use segue_ports::wire::Message;
use segue_ports::{EventBus as _, MessageHandler, PortError, Verdict};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

fn open(directory: &Path) -> DurableBus {
    DurableBus::new(Database::open(&directory.join("segue.db")).unwrap(), BusOptions::default()).unwrap()
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

/// Never ends with a message.
struct Stuck(AtomicUsize);

#[async_trait]
impl MessageHandler for Stuck {
    async fn handle(&self, _: Message) -> Verdict {
        self.0.fetch_add(1, Ordering::SeqCst);
        std::future::pending().await
    }
}

/// Fails in its own way each time.
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
async fn what_was_in_hand_at_a_crash_comes_again_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let stuck = Arc::new(Stuck(AtomicUsize::new(0)));
    {
        let bus = open(directory.path());
        let (_shutdown, worker) = start(&bus, stuck.clone());
        // More than are in hand, and more than fit into memory.
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
