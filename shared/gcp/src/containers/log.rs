//! The output of containers in Cloud Logging, for containers that were killed before they stored their output.
//!
//! Cloud Run sends each line of a container's output to Cloud Logging. A line that is a JSON object arrives as an object.

use super::{PORT, id};
use crate::config::PlatformConfig;
use crate::logging::{Entry, Logging};
use google_cloud_wkt::Timestamp;
use segue_ports::PortError;
use segue_ports::container::OutputLine;
use serde_json::Value;

/// Reads the output of containers.
pub(super) struct Log {
    logging: Logging,
    project: String,
}

impl Log {
    pub(super) fn open(config: &PlatformConfig) -> Result<Self, PortError> {
        let logging = Logging::open(&config.project, config.emulators.run.as_deref(), PORT)?;
        Ok(Self { logging, project: config.project.clone() })
    }

    /// The lines of an execution, in their order. `began` is the time of its creation. A very long output is cut off.
    pub(super) async fn lines(
        &self,
        execution: &str,
        began: Option<Timestamp>,
    ) -> Result<Vec<OutputLine>, PortError> {
        let found = self.logging.entries(&self.filter(execution, began), execution).await?;
        let cut_off = found.cut_off.map(|text| OutputLine { is_error: true, text });
        Ok(found.entries.into_iter().map(line).chain(cut_off).collect())
    }

    fn filter(&self, execution: &str, began: Option<Timestamp>) -> String {
        let job = execution.split_once("/executions/").map_or(execution, |(job, _)| job);
        let log = |name: &str| format!("\"projects/{}/logs/run.googleapis.com%2F{name}\"", self.project);
        let mut filter = format!(
            "resource.type=\"cloud_run_job\" AND resource.labels.job_name=\"{}\" AND \
             labels.\"run.googleapis.com/execution_name\"=\"{}\" AND logName=({} OR {})",
            id(job),
            id(execution),
            log("stdout"),
            log("stderr")
        );
        if let Some(began) = began {
            filter.push_str(&format!(" AND timestamp>=\"{}\"", String::from(began)));
        }
        filter
    }
}

fn line(entry: Entry) -> OutputLine {
    let is_error = entry.log_name.ends_with("stderr");
    let text = match (entry.text_payload, entry.json_payload) {
        (Some(text), _) => text,
        // Cloud Logging takes some fields out of the object. A single message is what is left of a plain text.
        (None, Some(object)) => match object.get("message") {
            Some(Value::String(message)) if object.len() == 1 => message.clone(),
            _ => Value::Object(object).to_string(),
        },
        (None, None) => String::new(),
    };
    OutputLine { is_error, text: text.trim_end_matches(['\n', '\r']).to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_lines_of_one_execution_are_asked_for() {
        let config = PlatformConfig::from_variables(|name| match name {
            "SEGUE_PROJECT" => Some("p".to_owned()),
            "CLOUD_RUN_EMULATOR_HOST" => Some("127.0.0.1:1".to_owned()),
            _ => None,
        });
        let log = Log::open(&config.unwrap()).unwrap();
        let began = Timestamp::clamp(1_700_000_000, 0);
        assert_eq!(
            log.filter("projects/p/locations/r/jobs/j/executions/j-x", Some(began)),
            "resource.type=\"cloud_run_job\" AND resource.labels.job_name=\"j\" AND \
             labels.\"run.googleapis.com/execution_name\"=\"j-x\" AND \
             logName=(\"projects/p/logs/run.googleapis.com%2Fstdout\" OR \
             \"projects/p/logs/run.googleapis.com%2Fstderr\") AND timestamp>=\"2023-11-14T22:13:20Z\""
        );
    }

    #[test]
    fn a_line_is_what_the_container_wrote() {
        let of = |value: Value| line(serde_json::from_value(value).unwrap());
        let out = "projects/p/logs/run.googleapis.com%2Fstdout";
        let plain = of(json!({"logName": out, "textPayload": "::{\"outputs\":{}}::\n"}));
        assert_eq!(plain, OutputLine { is_error: false, text: "::{\"outputs\":{}}::".to_owned() });
        let message = of(json!({"logName": out, "jsonPayload": {"message": "hello"}}));
        assert_eq!(message.text, "hello");
        let object = of(json!({"logName": out.replace("stdout", "stderr"), "jsonPayload": {"a": 1}}));
        assert_eq!(object, OutputLine { is_error: true, text: "{\"a\":1}".to_owned() });
        assert_eq!(of(json!({})).text, "");
    }
}
