//! The topics of flows on Pub/Sub's emulator.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "what is wrong here fails a test")]

mod support;

use segue_gcp::{PlatformConfig, PubSubTopics};
use segue_ports::conformance::topics as conformance;

#[tokio::test(flavor = "multi_thread")]
async fn pubsub_does_what_the_port_says() {
    let Some(config) = support::config("PUBSUB_EMULATOR_HOST") else { return };
    let scheduler_url = Some("http://127.0.0.1:9".to_owned());
    let config = PlatformConfig { scheduler_url, ..config };
    let topics = PubSubTopics::connect(&config).unwrap();
    conformance::all(&topics, &config.prefix).await.unwrap();
}
