//! The output protocol: a line `::{…}::` has outputs, metrics and log lines (docs/kestra.md 4.4).

use segue_model::event::{Metric, MetricKind};
use segue_model::log::LogLevel;
use segue_model::{Json, Map};
use serde::Deserialize;

/// The content of one line of the protocol.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Report {
    /// Outputs, merged into `vars`. The last value wins.
    pub(crate) outputs: Option<Map>,
    /// Counters, timers and gauges.
    pub(crate) metrics: Vec<ReportedMetric>,
    /// Lines for the log.
    pub(crate) logs: Vec<LogLine>,
}

/// One metric.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct ReportedMetric {
    /// The name of the metric.
    pub(crate) name: String,
    /// Counter, timer or gauge.
    #[serde(rename = "type")]
    pub(crate) kind: MetricKind,
    /// A count, seconds, or a value.
    pub(crate) value: f64,
    /// More about the metric, by name.
    #[serde(default)]
    pub(crate) tags: Option<Map>,
}

impl From<ReportedMetric> for Metric {
    fn from(metric: ReportedMetric) -> Self {
        let text = |value: Json| if value.is_string() { value } else { Json::String(value.to_string()) };
        let tags = metric.tags.unwrap_or_default().into_iter().map(|(name, value)| (name, text(value)));
        let tags = Json::Object(tags.collect());
        Self { name: metric.name, kind: metric.kind, value: metric.value, tags }
    }
}

/// One line for the log.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct LogLine {
    /// The level by name. Missing: INFO.
    #[serde(default)]
    pub(crate) level: Option<String>,
    /// The text, or another value that is logged as JSON.
    #[serde(default)]
    pub(crate) message: Json,
}

impl LogLine {
    /// The level. INFO if it is missing or unknown.
    pub(crate) fn level(&self) -> LogLevel {
        self.level.as_deref().and_then(LogLevel::parse).unwrap_or(LogLevel::Info)
    }

    /// The message as text.
    pub(crate) fn text(&self) -> String {
        self.message.as_str().map_or_else(|| self.message.to_string(), str::to_owned)
    }
}

/// Whether a line begins like a line of the protocol.
pub(crate) fn begins(line: &str) -> bool {
    begins_with(line.as_bytes())
}

/// Like [`begins`], for bytes.
pub(crate) fn begins_with(line: &[u8]) -> bool {
    line.trim_ascii_start().starts_with(b"::{")
}

/// Parses a line. None for an ordinary line. An error for a line of the protocol that cannot be parsed.
pub(crate) fn parse(line: &str) -> Option<Result<Report, serde_json::Error>> {
    let inside = line.trim().strip_prefix("::")?.strip_suffix("::")?;
    (inside.starts_with('{') && inside.ends_with('}')).then(|| serde_json::from_str(inside))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn outputs_metrics_and_logs_are_read() {
        let report = parse(
            r#"  ::{"outputs":{"a":{"b":[1,null]}},"metrics":[{"name":"n","type":"counter","value":2,"tags":{"x":"y"}},
            {"name":"t","type":"timer","value":1.5,"tags":{"n":1}},{"name":"g","type":"gauge","value":-1}],"logs":[{"level":"WARN","message":"m"},{"message":3}],"other":1}:: "#,
        )
        .unwrap()
        .unwrap();
        assert_eq!(Json::Object(report.outputs.unwrap()), json!({"a": {"b": [1, null]}}));
        let metrics: Vec<Metric> = report.metrics.into_iter().map(Metric::from).collect();
        let (name, kind) = ("n".to_owned(), MetricKind::Counter);
        assert_eq!(metrics[0], Metric { name, kind, value: 2.0, tags: json!({"x": "y"}) });
        assert_eq!((metrics[1].kind, &metrics[1].tags), (MetricKind::Timer, &json!({"n": "1"})));
        assert_eq!((metrics[2].kind, metrics[2].value), (MetricKind::Gauge, -1.0));
        assert_eq!((report.logs[0].level(), report.logs[0].text()), (LogLevel::Warn, "m".into()));
        assert_eq!((report.logs[1].level(), report.logs[1].text()), (LogLevel::Info, "3".into()));
    }

    #[test]
    fn ordinary_lines_are_left_alone() {
        for line in ["", "::", "::::", "a ::{}::", "::{}:: b", "::[1]::", "::group::{}", "{\"outputs\":{}}"] {
            assert!(parse(line).is_none(), "{line}");
        }
    }

    #[test]
    fn what_looks_like_it_and_is_broken_is_an_error() {
        for line in ["::{a}::", "::{\"outputs\": 3}::", "::{\"metrics\":[{}]}::", "::{}{}::"] {
            assert!(parse(line).unwrap().is_err(), "{line}");
        }
        assert_eq!(parse("::{}::").unwrap().unwrap(), Report::default());
    }
}
