//! Log lines of the service itself: text for people, or JSON for Cloud Logging. Secrets are masked in both.

use crate::config::{Config, LogFormat};
use segue_ports::{Clock as _, SystemClock};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write as _};
use std::sync::Arc;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

/// Masks the secrets in a line.
pub type MaskLine = Arc<dyn Fn(&str) -> Cow<'_, str> + Send + Sync>;

/// Sends log lines to standard error, as configured, with secrets masked by `mask`. If the process has
/// telemetry already, it is kept.
pub fn init(config: &Config, mask: MaskLine) {
    let filter = EnvFilter::try_new(&config.log_filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Masked(mask, io::stderr));
    let set = match config.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => {
            let format = GoogleFormat { project: config.project.clone(), service: config.service.clone() };
            builder.fmt_fields(JsonFields::new()).event_format(format).try_init()
        }
    };
    if let Err(error) = set {
        tracing::debug!(%error, "telemetry is already set up");
    }
}

/// Creates writers that mask what is written.
struct Masked<W>(MaskLine, W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Masked<W> {
    type Writer = MaskedWriter<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        MaskedWriter { mask: self.0.clone(), to: self.1.make_writer(), line: Vec::new() }
    }
}

/// Holds a line until it is complete, because a secret may arrive in pieces. The formatter creates one writer
/// for each line.
struct MaskedWriter<W: io::Write> {
    mask: MaskLine,
    to: W,
    line: Vec<u8>,
}

impl<W: io::Write> io::Write for MaskedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        self.to.write_all((self.mask)(&String::from_utf8_lossy(&line)).as_bytes())?;
        self.to.flush()
    }
}

impl<W: io::Write> Drop for MaskedWriter<W> {
    fn drop(&mut self) {
        // If standard error is gone, the failure cannot be reported.
        let _ = self.flush();
    }
}

/// One JSON object on each line, with `severity`, `message`, `time` and `target`, the event's own fields and
/// the fields of its spans. The trace has the names that Cloud Logging links by. Error Reporting groups errors by stack
/// trace, and a line has none, so each error is marked as a reported error of the service.
struct GoogleFormat {
    project: Option<String>,
    /// The service's name on Cloud Run.
    service: Option<String>,
}

/// The type that makes Error Reporting read a line without a stack trace.
const REPORTED_ERROR: &str =
    "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent";

impl<S, N> FormatEvent<S, N> for GoogleFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields(Map::new());
        fields.0.insert("severity".to_owned(), severity(*event.metadata().level()).into());
        fields.0.insert("time".to_owned(), SystemClock.now().to_string().into());
        fields.0.insert("target".to_owned(), event.metadata().target().into());
        if *event.metadata().level() == Level::ERROR {
            fields.0.insert("@type".to_owned(), REPORTED_ERROR.into());
            if let Some(service) = &self.service {
                fields.0.insert("serviceContext".to_owned(), json!({"service": service}));
            }
        }
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            let extensions = span.extensions();
            let Some(of_span) = extensions.get::<FormattedFields<N>>() else { continue };
            if let Ok(Value::Object(of_span)) = serde_json::from_str(of_span) {
                of_span.into_iter().for_each(|(name, value)| self.add(&mut fields.0, name, value));
            }
        }
        event.record(&mut fields);
        let line = serde_json::to_string(&fields.0).map_err(|_| fmt::Error)?;
        writeln!(writer, "{line}")
    }
}

impl GoogleFormat {
    fn add(&self, fields: &mut Map<String, Value>, name: String, value: Value) {
        match (name.as_str(), &self.project) {
            ("trace", Some(project)) => {
                let trace = value.as_str().unwrap_or_default();
                let trace = format!("projects/{project}/traces/{trace}");
                fields.insert("logging.googleapis.com/trace".to_owned(), trace.into());
            }
            ("span_id", Some(_)) => {
                fields.insert("logging.googleapis.com/spanId".to_owned(), value);
            }
            _ => {
                fields.insert(name, value);
            }
        }
    }
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        Level::DEBUG | Level::TRACE => "DEBUG",
    }
}

struct Fields(Map<String, Value>);

impl Fields {
    fn set(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines that `events` writes.
    fn lines(events: impl FnOnce()) -> Vec<Value> {
        let sink = Sink::default();
        let writer = sink.clone();
        let mask: MaskLine = Arc::new(|line| line.replace("open sesame", "******").into());
        let subscriber = tracing_subscriber::fmt()
            .fmt_fields(JsonFields::new())
            .event_format(GoogleFormat {
                project: Some("demo".to_owned()),
                service: Some("segue-http".to_owned()),
            })
            .with_writer(Masked(mask, move || writer.clone()))
            .finish();
        tracing::subscriber::with_default(subscriber, events);
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn an_error_is_reported_and_a_warning_is_not() {
        let lines = lines(|| {
            tracing::warn!("slow");
            tracing::error!("gone");
        });
        let field = |line: usize, name: &str| lines[line].get(name).cloned().unwrap_or_default();
        assert_eq!((field(0, "@type"), field(0, "serviceContext")), (Value::Null, Value::Null));
        assert_eq!(field(1, "@type"), REPORTED_ERROR);
        assert_eq!(field(1, "serviceContext"), json!({"service": "segue-http"}));
    }

    #[test]
    fn a_line_is_as_cloud_logging_reads_it() {
        let lines = lines(|| {
            let trace = Some("0af7651916cd43dd8448eb211c80319c");
            let span = tracing::info_span!("message", trace, span_id = "00f067aa0ba902b7", execution = "e1");
            let _entered = span.enter();
            tracing::warn!(rows = 3_u64, table = "open sesame", "not all \"there\"")
        });
        let field = |name: &str| lines[0].get(name).cloned().unwrap_or_default();
        assert_eq!(field("severity"), "WARNING");
        assert_eq!(field("message"), "not all \"there\"");
        assert_eq!(
            (field("rows"), field("table"), field("execution")),
            (3.into(), "******".into(), "e1".into())
        );
        assert_eq!(
            field("logging.googleapis.com/trace"),
            "projects/demo/traces/0af7651916cd43dd8448eb211c80319c"
        );
        assert_eq!(field("logging.googleapis.com/spanId"), "00f067aa0ba902b7");
    }
}
