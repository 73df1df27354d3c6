//! How the metrics of a task run are combined and stored.
//!
//! Metrics with the same name, kind and tags are one metric: counters and timers are added, and a gauge keeps its last
//! value. They are stored by name. The value of a name is a number if there is only one counter without tags.
//! Otherwise it is a list of metrics.

use crate::event::{Metric, MetricKind};
use crate::{Json, Map};
use serde_json::json;

/// Adds a metric to the stored metrics.
pub fn record(stored: &mut Map, metric: &Metric) {
    let mut all = of_name(&metric.name, stored.get(&metric.name).unwrap_or(&Json::Null));
    let is_same = |other: &&mut Metric| other.kind == metric.kind && tags(other) == tags(metric);
    match all.iter_mut().find(is_same) {
        Some(same) if metric.kind == MetricKind::Gauge => same.value = metric.value,
        Some(same) => same.value += metric.value,
        None => all.push(metric.clone()),
    }
    let value = match &all[..] {
        [only] if only.kind == MetricKind::Counter && tags(only).is_none() => json!(only.value),
        several => several
            .iter()
            .map(|metric| json!({"type": metric.kind, "value": metric.value, "tags": tags(metric)}))
            .collect(),
    };
    stored.insert(metric.name.clone(), value);
}

/// The stored metrics.
pub fn read(stored: &Json) -> Vec<Metric> {
    let by_name = stored.as_object().into_iter().flatten();
    by_name.flat_map(|(name, value)| of_name(name, value)).collect()
}

fn of_name(name: &str, value: &Json) -> Vec<Metric> {
    let metric =
        |kind: MetricKind, value: f64, tags: Json| Metric { name: name.to_owned(), kind, value, tags };
    if let Some(value) = value.as_f64() {
        return vec![metric(MetricKind::Counter, value, Json::Null)];
    }
    let one = |one: &Json| {
        let kind = serde_json::from_value(one.get("type")?.clone()).ok()?;
        let tags = one.get("tags").cloned().unwrap_or_default();
        Some(metric(kind, one.get("value")?.as_f64()?, tags))
    };
    value.as_array().into_iter().flatten().filter_map(one).collect()
}

/// The tags. `None` if there are none.
fn tags(metric: &Metric) -> Option<&Map> {
    metric.tags.as_object().filter(|tags| !tags.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(name: &str, kind: MetricKind, value: f64, tags: Json) -> Metric {
        Metric { name: name.to_owned(), kind, value, tags }
    }

    #[test]
    fn the_same_metrics_are_combined() {
        let mut stored = Map::new();
        for value in [1.0, 2.0] {
            record(&mut stored, &metric("rows", MetricKind::Counter, value, json!({})));
            record(&mut stored, &metric("load", MetricKind::Timer, value, json!({"table": "a"})));
            record(&mut stored, &metric("load", MetricKind::Timer, value, json!({"table": "b"})));
            record(&mut stored, &metric("free", MetricKind::Gauge, value, json!(null)));
        }
        assert_eq!(stored["rows"], json!(3.0));
        let found = read(&Json::Object(stored));
        let summary: Vec<_> =
            found.iter().map(|one| (one.name.as_str(), one.kind, one.value, one.tags.clone())).collect();
        assert_eq!(
            summary,
            [
                ("rows", MetricKind::Counter, 3.0, Json::Null),
                ("load", MetricKind::Timer, 3.0, json!({"table": "a"})),
                ("load", MetricKind::Timer, 3.0, json!({"table": "b"})),
                ("free", MetricKind::Gauge, 2.0, Json::Null),
            ]
        );
    }

    #[test]
    fn a_counter_with_and_without_tags_are_two() {
        let mut stored = Map::new();
        record(&mut stored, &metric("rows", MetricKind::Counter, 1.0, json!({})));
        record(&mut stored, &metric("rows", MetricKind::Counter, 5.0, json!({"t": "x"})));
        record(&mut stored, &metric("rows", MetricKind::Counter, 1.0, json!({})));
        let values: Vec<f64> = read(&Json::Object(stored)).iter().map(|metric| metric.value).collect();
        assert_eq!(values, [2.0, 5.0]);
        assert!(read(&Json::Null).is_empty() && read(&json!({"a": "b", "c": [{}]})).is_empty());
    }
}
