//! Connects the whole platform.

use crate::auth::GoogleTokens;
use crate::builds::CloudBuilds;
use crate::bus::PubSubBus;
use crate::config::PlatformConfig;
use crate::containers::CloudRunJobs;
use crate::objects::CloudObjectStore;
use crate::schedules::CloudSchedulerJobs;
use crate::secrets::SecretManagerStore;
use crate::state::FirestoreStateStore;
use crate::topics::PubSubTopics;
use crate::warehouse::BigQueryWarehouse;
use segue_model::Cipher;
use segue_ports::{
    ContainerJobs, ImageBuilds, InternalStorage, PortError, Ports, SystemClock, TickJobs, TimersBy, Usage,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Connects every port to its service, or to an emulator if the configuration names one. The only request is a read
/// that finds out whether the database exists.
///
/// # Errors
/// [`PortError::Invalid`] for an unusable configuration. [`PortError::Unavailable`] if there are no
/// credentials.
pub async fn connect(config: &PlatformConfig) -> Result<Ports, PortError> {
    let cipher = cipher(config)?;
    let (state, bus, secrets, containers, tick_jobs) = tokio::try_join!(
        FirestoreStateStore::connect(config),
        PubSubBus::connect(config),
        SecretManagerStore::connect(config),
        containers(config),
        tick_jobs(config),
    )?;
    let objects = Arc::new(CloudObjectStore::connect(config)?);
    let storage = InternalStorage::new(objects.clone(), config.bucket.clone(), "")
        .with_foreign_files(config.foreign_files);
    let (state, bus) = (Arc::new(state), Arc::new(bus.with_storage(storage.clone())));
    let warehouse = Arc::new(BigQueryWarehouse::connect(config)?);
    let usage = AllCounts {
        state: state.clone(),
        bus: bus.clone(),
        objects: objects.clone(),
        warehouse: warehouse.clone(),
    };
    let topics = Arc::new(PubSubTopics::connect(config)?);
    Ok(Ports {
        state,
        bus,
        topics,
        storage,
        objects,
        warehouse,
        secrets: Arc::new(secrets),
        tokens: Arc::new(GoogleTokens::of_a_service(config.emulators.firestore.is_some())),
        cipher,
        containers,
        builds: builds(config)?,
        timers: TimersBy::Delivery,
        tick_jobs,
        usage: Some(Arc::new(usage)),
        clock: Arc::new(SystemClock),
    })
}

fn cipher(config: &PlatformConfig) -> Result<Cipher, PortError> {
    let key = config.encryption_key.as_deref().ok_or_else(|| {
        PortError::invalid(
            "SEGUE_ENCRYPTION_KEY is not set: 32 bytes in base64, the same for every service, with which SECRET inputs \
             and outputs are encrypted (make one with: head -c 32 /dev/urandom | base64)",
        )
    })?;
    Cipher::from_base64(key).map_err(|error| PortError::invalid(format!("SEGUE_ENCRYPTION_KEY: {error}")))
}

/// Without an emulator of Cloud Run's administration, a service on emulators runs scripts itself.
async fn containers(config: &PlatformConfig) -> Result<Option<Arc<dyn ContainerJobs>>, PortError> {
    if config.emulators.run.is_none() && config.emulators.firestore.is_some() {
        return Ok(None);
    }
    Ok(Some(Arc::new(CloudRunJobs::connect(config).await?)))
}

/// Without an emulator of Cloud Build, a service on emulators builds no images.
fn builds(config: &PlatformConfig) -> Result<Option<Arc<dyn ImageBuilds>>, PortError> {
    if config.emulators.build.is_none() && config.emulators.firestore.is_some() {
        return Ok(None);
    }
    Ok(Some(Arc::new(CloudBuilds::connect(config)?)))
}

/// Without an emulator of Cloud Scheduler, delayed messages tick the schedules on emulators.
async fn tick_jobs(config: &PlatformConfig) -> Result<Option<Arc<dyn TickJobs>>, PortError> {
    if config.emulators.scheduler.is_none() && config.emulators.pubsub.is_some() {
        return Ok(None);
    }
    Ok(Some(Arc::new(CloudSchedulerJobs::connect(config).await?)))
}

/// The counts of all adapters.
struct AllCounts {
    state: Arc<FirestoreStateStore>,
    bus: Arc<PubSubBus>,
    objects: Arc<CloudObjectStore>,
    warehouse: Arc<BigQueryWarehouse>,
}

impl Usage for AllCounts {
    fn usage(&self) -> BTreeMap<&'static str, u64> {
        let (state, bus) = (self.state.operation_counts(), self.bus.publish_counts());
        let (objects, warehouse) = (self.objects.operation_counts(), self.warehouse.counts());
        BTreeMap::from([
            ("firestore.reads", state.reads),
            ("firestore.writes", state.writes),
            ("firestore.deletes", state.deletes),
            ("firestore.refusedCommits", state.refused),
            ("firestore.executionWrites", state.executions),
            ("pubsub.messages", bus.messages),
            ("pubsub.bytes", bus.bytes),
            ("tasks.created", bus.delayed),
            ("storage.classA", objects.class_a),
            ("storage.classB", objects.class_b),
            ("storage.bytesSent", objects.sent),
            ("storage.bytesReceived", objects.received),
            ("bigquery.jobs", warehouse.jobs),
            ("bigquery.bytesBilled", warehouse.bytes_billed),
        ])
    }
}
