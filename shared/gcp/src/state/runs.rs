//! The task runs of an execution, in layers (no IO).
//!
//! The newest layer is in the execution's own document, so a step costs one write, however many task runs it
//! changes. When this layer grows too large, it becomes a *segment*: a separate document that is never
//! changed, only superseded and finally merged. So ten thousand task runs are neither one document nor ten
//! thousand. Continuing from a known state reads only new segments, and each change is rewritten a limited
//! number of times.

use segue_model::id::TaskRunId;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// The largest size of the layer in the execution's document, in bytes.
const OVERLAY_BYTES: usize = 96 << 10;
/// The size of a segment in bytes, unless a single task run is larger.
const SEGMENT_BYTES: usize = 400 << 10;
/// Smaller segments are merged when there are this many.
const MOST_SMALL: usize = 8;
/// The most existing bytes that one step rewrites.
const MERGE_BYTES: usize = 2 << 20;

/// A stored task run, or the record that it was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A task run.
    Run {
        /// The position in the order of creation.
        position: u64,
        /// The task run as JSON.
        json: Arc<str>,
    },
    /// Removed. Hides the entries of older layers.
    Gone,
}

impl Entry {
    /// The approximate size in a document, in bytes.
    fn bytes(&self) -> usize {
        // The id, the position, and the names of the fields.
        48 + match self {
            Self::Run { json, .. } => json.len(),
            Self::Gone => 0,
        }
    }
}

/// Task runs by id.
pub(super) type Layer = BTreeMap<TaskRunId, Entry>;

pub(super) fn bytes(layer: &Layer) -> usize {
    layer.values().map(Entry::bytes).sum()
}

/// A layer in a separate document.
#[derive(Debug)]
pub(super) struct Segment {
    /// The id of its document. It follows from the content of the segment, so that an execution that is
    /// deleted and created again never finds a segment of its earlier life.
    pub(super) id: String,
    pub(super) layer: Layer,
    bytes: usize,
}

impl Segment {
    pub(super) fn new(id: String, layer: Layer) -> Self {
        let bytes = bytes(&layer);
        Self { id, layer, bytes }
    }
}

/// All layers.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    /// Oldest first.
    pub(super) segments: Vec<Arc<Segment>>,
    /// Newer than all segments.
    pub(super) overlay: Layer,
    /// The number of the next segment.
    pub(super) next: u64,
}

/// The documents that a change writes and removes.
#[derive(Debug, Default)]
pub(super) struct Change {
    /// Segments to write.
    pub(super) made: Vec<Arc<Segment>>,
    /// Segments that are no longer needed.
    pub(super) dropped: Vec<Arc<Segment>>,
}

impl Runs {
    /// The existing task runs in the order of creation, each as position and JSON.
    pub(super) fn list(&self) -> Vec<(u64, &Arc<str>)> {
        let mut newest: BTreeMap<&TaskRunId, &Entry> = BTreeMap::new();
        for layer in self.segments.iter().map(|segment| &segment.layer).chain([&self.overlay]) {
            newest.extend(layer);
        }
        let mut runs: Vec<_> = newest
            .into_values()
            .filter_map(|entry| match entry {
                Entry::Run { position, json } => Some((*position, json)),
                Entry::Gone => None,
            })
            .collect();
        runs.sort_unstable_by_key(|(position, _)| *position);
        runs
    }

    /// The approximate memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        bytes(&self.overlay) + self.segments.iter().map(|segment| segment.bytes).sum::<usize>()
    }

    /// Adds a change as the newest layer.
    pub(super) fn change(&mut self, changed: Layer, removed: &[TaskRunId]) -> Change {
        self.overlay.extend(changed);
        for id in removed {
            if self.segments.iter().any(|segment| segment.layer.contains_key(id)) {
                self.overlay.insert(id.clone(), Entry::Gone);
            } else {
                self.overlay.remove(id);
            }
        }
        if bytes(&self.overlay) <= OVERLAY_BYTES {
            return Change::default();
        }
        let dropped = self.take_mergeable();
        let pool = std::mem::take(&mut self.overlay);
        let made = self.pack(pool);
        self.segments.extend(made.iter().cloned());
        Change { made, dropped }
    }

    /// Takes out segments that are mostly superseded, or small and many. Their task runs move to the overlay.
    fn take_mergeable(&mut self) -> Vec<Arc<Segment>> {
        // The current part of each segment: entries that no newer layer replaces.
        let mut seen: HashSet<&TaskRunId> = self.overlay.keys().collect();
        let mut live: Vec<Layer> = Vec::with_capacity(self.segments.len());
        for segment in self.segments.iter().rev() {
            let alive = segment.layer.iter().filter(|(id, _)| !seen.contains(id));
            let alive: Layer = alive.map(|(id, entry)| (id.clone(), entry.clone())).collect();
            seen.extend(segment.layer.keys());
            live.push(alive);
        }
        live.reverse();
        let is_small = |segment: &Segment| segment.bytes < SEGMENT_BYTES / 2;
        let many_small = self.segments.iter().filter(|segment| is_small(segment)).count() >= MOST_SMALL;
        let mut budget = MERGE_BYTES;
        let mut dropped = Vec::new();
        let mut kept = Vec::new();
        for (segment, alive) in std::mem::take(&mut self.segments).into_iter().zip(live) {
            let cost = bytes(&alive);
            let wasteful = cost.saturating_mul(2) < segment.bytes;
            if (wasteful || (many_small && is_small(&segment))) && cost <= budget {
                budget -= cost;
                for (id, entry) in alive {
                    self.overlay.entry(id).or_insert(entry);
                }
                dropped.push(segment);
            } else {
                kept.push(segment);
            }
        }
        // A removal must be remembered only while an older layer still has the task run.
        self.overlay.retain(|id, entry| {
            *entry != Entry::Gone || kept.iter().any(|segment| segment.layer.contains_key(id))
        });
        self.segments = kept;
        dropped
    }

    fn pack(&mut self, pool: Layer) -> Vec<Arc<Segment>> {
        let mut made = Vec::new();
        let mut layer = Layer::new();
        let mut size = 0;
        // In the order of creation, because task runs that are created together change together.
        let mut entries: Vec<_> = pool.into_iter().collect();
        entries.sort_by_key(|(_, entry)| match entry {
            Entry::Run { position, .. } => *position,
            Entry::Gone => u64::MAX,
        });
        for (id, entry) in entries {
            let more = entry.bytes();
            if !layer.is_empty() && size + more > SEGMENT_BYTES {
                made.push(self.segment(std::mem::take(&mut layer)));
                size = 0;
            }
            size += more;
            layer.insert(id, entry);
        }
        if !layer.is_empty() {
            made.push(self.segment(layer));
        }
        made
    }

    fn segment(&mut self, layer: Layer) -> Arc<Segment> {
        let mut hash = Sha256::new();
        for (id, entry) in &layer {
            hash.update(id.as_str());
            if let Entry::Run { position, json } = entry {
                hash.update(position.to_be_bytes());
                hash.update(json.as_bytes());
            }
            hash.update([0xff]);
        }
        let hash: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let id = format!("{:08}-{hash}", self.next);
        self.next = self.next.saturating_add(1);
        Arc::new(Segment::new(id, layer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> TaskRunId {
        TaskRunId::from(format!("run-{number}"))
    }

    fn run(number: u64, text: &str) -> (TaskRunId, Entry) {
        (id(number), Entry::Run { position: number, json: text.into() })
    }

    fn texts(runs: &Runs) -> Vec<(u64, String)> {
        runs.list().into_iter().map(|(position, json)| (position, json.to_string())).collect()
    }

    #[test]
    fn a_small_change_needs_no_segment() {
        let mut runs = Runs::default();
        let change = runs.change(Layer::from([run(1, "b"), run(0, "a")]), &[]);
        assert!(change.made.is_empty() && change.dropped.is_empty());
        runs.change(Layer::from([run(1, "c")]), &[id(0)]);
        assert_eq!(texts(&runs), [(1, "c".to_owned())]);
        assert_eq!(runs.overlay.len(), 1, "what no segment has needs no memory of its end");
    }

    #[test]
    fn a_large_change_is_few_segments() {
        let mut runs = Runs::default();
        let body = "x".repeat(700);
        let all: Layer = (0..10_000).map(|number| run(number, &body)).collect();
        let change = runs.change(all, &[]);
        assert!(change.made.len() <= 20, "{} documents", change.made.len());
        assert!(change.made.iter().all(|segment| segment.bytes <= SEGMENT_BYTES));
        assert!(runs.overlay.is_empty());
        assert_eq!(texts(&runs).len(), 10_000);
    }

    #[test]
    fn a_task_run_larger_than_a_segment_has_one_of_its_own() {
        let mut runs = Runs::default();
        let large = "x".repeat(SEGMENT_BYTES * 2);
        let change = runs.change(Layer::from([run(0, "a"), run(1, &large), run(2, "c")]), &[]);
        assert_eq!(change.made.len(), 3);
    }

    #[test]
    fn what_is_removed_stays_removed_whatever_is_merged() {
        let mut runs = Runs::default();
        let body = "x".repeat(1_000);
        runs.change((0..200).map(|number| run(number, &body)).collect(), &[]);
        runs.change(Layer::new(), &[id(7)]);
        assert_eq!(texts(&runs).len(), 199);
        for round in 0..40_u64 {
            let change = (300 * round..300 * round + 120).map(|number| run(number + 1_000, &body)).collect();
            runs.change(change, &[id(1_000 + 300 * round.saturating_sub(1))]);
            assert!(texts(&runs).iter().all(|(position, _)| *position != 7), "round {round}");
        }
        assert_eq!(texts(&runs).len(), 199 + 40 * 120 - 39 - 1 + 1);
    }

    /// A fan-out of 10,000 task runs. Each task run is changed three times, in random order, a few at a time. The test
    /// limits the writes beyond the execution's own document, and the size of the first read.
    #[test]
    fn a_fan_out_costs_little_beyond_its_steps() {
        let mut runs = Runs::default();
        let mut written = 0;
        let mut dropped = 0;
        let mut expected = BTreeMap::new();
        for round in 0..3_u64 {
            for step in 0..2_500_u64 {
                let mut layer = Layer::new();
                for index in 0..4 {
                    let number = (step * 4 + index) * 7_919 % 10_000;
                    let text = format!("{round}:{}", "x".repeat(650));
                    layer.extend([run(number, &text)]);
                    expected.insert(number, text);
                }
                let change = runs.change(layer, &[]);
                written += change.made.len();
                dropped += change.dropped.len();
                assert_eq!(runs.segments.len(), written - dropped);
            }
        }
        assert_eq!(texts(&runs), expected.into_iter().collect::<Vec<_>>());
        assert!(written < 600, "{written} segments for 30,000 changes");
        assert!(runs.segments.len() < 60, "{} segments to read", runs.segments.len());
        assert!(runs.bytes() < 3 * 10_000 * 720, "{} bytes", runs.bytes());
    }

    #[test]
    fn segments_have_names_of_their_own() {
        let mut runs = Runs::default();
        let body = "x".repeat(OVERLAY_BYTES);
        runs.change(Layer::from([run(0, &body)]), &[]);
        runs.change(Layer::from([run(1, &body)]), &[]);
        let names: HashSet<_> = runs.segments.iter().map(|segment| segment.id.clone()).collect();
        assert_eq!(names.len(), 2);
    }
}
