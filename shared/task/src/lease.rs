//! Keeps the claim of an attempt alive, and says when it is lost.

use crate::settings::Service;
use segue_ports::state::Claim;
use segue_ports::wire::AttemptKey;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

/// Renews the claim until it is lost, then cancels `lost` and returns. The caller drops it when the attempt ends.
/// `elsewhere` is set first where somebody else may have the attempt now, and it was not killed.
///
/// A store that does not answer is asked again until the lease has run out: from then on somebody else may run
/// the attempt, so this one must not go on.
pub(crate) async fn keep(
    service: &Service,
    key: &AttemptKey,
    holder: &str,
    lost: &CancellationToken,
    elsewhere: &AtomicBool,
) {
    let settings = &service.settings;
    let mut ticks = tokio::time::interval(settings.heartbeat);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    let mut held_until = Instant::now() + settings.lease;
    loop {
        ticks.tick().await;
        let asked = Instant::now();
        let until = service.lease_end();
        match service.ports.state.renew_claim(key, holder, until).await {
            Ok(true) => held_until = asked + settings.lease,
            Ok(false) => {
                tracing::info!(?key, "the claim was taken away; the attempt is stopped");
                // A claim that lasts no time at all tells why without taking anything from anybody.
                let now = service.ports.clock.now();
                let asked = service.ports.state.claim(key, holder, now, now).await;
                elsewhere.store(!matches!(asked, Ok(Claim::Revoked)), Ordering::Relaxed);
                break;
            }
            Err(error) if Instant::now() < held_until => {
                tracing::warn!(?key, %error, "the claim could not be renewed; trying again");
            }
            Err(error) => {
                tracing::error!(?key, %error, "the claim has run out; the attempt is stopped");
                elsewhere.store(true, Ordering::Relaxed);
                break;
            }
        }
    }
    lost.cancel();
}
