//! The checksums of objects. The store does not keep them, so they are computed when they are first needed, and
//! remembered for the generation.

use super::Storage;
use crate::refusal::Refusal;
use crate::uploads::{Summing, Sums};
use futures::TryStreamExt as _;
use segue_ports::object::ObjectInfo;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The number of generations that are remembered.
const MOST: usize = 100_000;

/// Checksums by bucket, key and generation.
#[derive(Default)]
pub(super) struct KnownSums(Mutex<HashMap<(String, String, u64), Sums>>);

impl KnownSums {
    fn known(&self) -> MutexGuard<'_, HashMap<(String, String, u64), Sums>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers the checksums of an object.
    pub(super) fn learn(&self, info: &ObjectInfo, sums: Sums) {
        let mut known = self.known();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key(info), sums);
    }

    /// The checksums, if they are known.
    pub(super) fn get(&self, info: &ObjectInfo) -> Option<Sums> {
        self.known().get(&key(info)).cloned()
    }
}

fn key(info: &ObjectInfo) -> (String, String, u64) {
    (info.address.bucket.clone(), info.address.key.clone(), info.generation)
}

impl Storage {
    /// The checksums of an object. Reads the object if they are not known. None if another generation replaced it.
    pub(super) async fn sums_of(&self, info: &ObjectInfo) -> Result<Option<Sums>, Refusal> {
        if let Some(known) = self.sums.get(info) {
            return Ok(Some(known));
        }
        let (current, mut bytes) = self.objects.get(&info.address).await?;
        if current.generation != info.generation {
            return Ok(None);
        }
        let mut summing = Summing::default();
        while let Some(piece) = bytes.try_next().await? {
            summing.update(&piece);
        }
        let sums = summing.finish();
        self.sums.learn(info, sums.clone());
        Ok(Some(sums))
    }
}
