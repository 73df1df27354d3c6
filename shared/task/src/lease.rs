//! Renews the claim of an attempt, and reports when the claim is lost.

use crate::settings::Service;
use segue_ports::PortError;
use segue_ports::state::Claim;
use segue_ports::wire::AttemptKey;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

/// Renews the claim until it is lost, then cancels `lost` and returns. The caller drops this future when the
/// attempt ends. `elsewhere` is set before `lost` is cancelled, if another worker may run the attempt now and
/// the attempt was not killed.
///
/// A store that does not answer is asked again until the lease has expired. From then on another worker may
/// run the attempt, so this worker must stop.
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
        // A call that hangs must not outlast the lease, because another worker may then run the attempt.
        let renewal = service.ports.state.renew_claim(key, holder, until);
        let patience = held_until.min(asked + settings.lease / 3);
        let renewed = tokio::time::timeout_at(patience, renewal).await;
        match renewed.unwrap_or_else(|_| Err(PortError::unavailable("state store", "no answer in time"))) {
            Ok(true) => held_until = asked + settings.lease,
            Ok(false) => {
                tracing::info!(?key, "the claim was revoked or taken over; the attempt is stopped");
                // A claim with no duration answers why the lease was lost, without taking the attempt from
                // anybody.
                let now = service.ports.clock.now();
                let asked = service.ports.state.claim(key, holder, now, now).await;
                elsewhere.store(!matches!(asked, Ok(Claim::Revoked)), Ordering::Relaxed);
                break;
            }
            Err(error) if Instant::now() < held_until => {
                tracing::warn!(?key, %error, "the claim could not be renewed; trying again");
            }
            Err(error) => {
                tracing::error!(?key, %error, "the claim has expired; the attempt is stopped");
                elsewhere.store(true, Ordering::Relaxed);
                break;
            }
        }
    }
    lost.cancel();
}
