//! Keeps the claim of an attempt alive, and says when it is lost.

use crate::context::Service;
use segue_ports::wire::AttemptKey;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

/// Renews the claim until it is lost, then cancels `lost` and returns. The caller drops it when the attempt ends.
///
/// A store that does not answer is asked again until the lease has run out: from then on somebody else may run
/// the attempt, so this one must not go on.
pub(crate) async fn keep(service: &Service, key: &AttemptKey, lost: &CancellationToken) {
    let settings = &service.settings;
    let mut ticks = tokio::time::interval(settings.heartbeat);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    let mut held_until = Instant::now() + settings.lease;
    loop {
        ticks.tick().await;
        let asked = Instant::now();
        let until = service.lease_end();
        match service.ports.state.renew_claim(key, &service.holder, until).await {
            Ok(true) => held_until = asked + settings.lease,
            Ok(false) => {
                tracing::info!(?key, "the claim was taken away; the attempt is stopped");
                break;
            }
            Err(error) if Instant::now() < held_until => {
                tracing::warn!(?key, %error, "the claim could not be renewed; trying again");
            }
            Err(error) => {
                tracing::error!(?key, %error, "the claim has run out; the attempt is stopped");
                break;
            }
        }
    }
    lost.cancel();
}
