//! `serdes.json.IonToJson`.

use crate::charset::Charset;
use crate::convert::{Converted, convert};
use crate::failure::Failure;
use crate::rows::Rows;
use schemars::JsonSchema;
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;
use std::io::Write as _;

/// Converts a file of rows to JSON: one row on each line, or one list of all rows.
///
/// ```yaml
/// id: to_json
/// type: io.kestra.plugin.serdes.json.IonToJson
/// from: "{{ outputs.query.uri }}"
/// newLine: false
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IonToJson {
    /// The file of rows: Ion, or JSON lines.
    pub from: String,
    /// Whether each row is a line (JSON lines). Otherwise the file is one list. Default: true.
    pub new_line: Option<bool>,
    /// The charset of the file of rows. Default: UTF-8. JSON is always UTF-8.
    pub charset: Option<String>,
    /// Accepted, and has no effect: times in rows have their zone.
    pub time_zone_id: Option<String>,
    /// Accepted, and has no effect: rows have no annotations.
    pub should_keep_annotations: Option<bool>,
}

impl Task for IonToJson {
    const TYPE: &'static str = "io.kestra.plugin.serdes.json.IonToJson";
    const ALIASES: &'static [&'static str] = &["io.kestra.plugin.serdes.json.JsonWriter"];
    type Output = Converted;

    async fn run(self, context: &TaskContext) -> Result<Converted, TaskError> {
        let charset = Charset::named(self.charset.as_deref())?;
        let has_lines = self.new_line.unwrap_or(true);
        let (ending, open, between, close) =
            if has_lines { ("jsonl", "", "\n", "\n") } else { ("json", "[", ",", "]") };
        convert(context, &self.from, ending, move |source, sink| {
            let mut rows = Rows::new(charset.decode(source)?);
            let mut count = 0;
            sink.write_all(open.as_bytes())?;
            while let Some(row) = rows.next()? {
                if count > 0 {
                    sink.write_all(between.as_bytes())?;
                }
                serde_json::to_writer(&mut *sink, &row).map_err(std::io::Error::from)?;
                count += 1;
            }
            if count > 0 || !has_lines {
                sink.write_all(close.as_bytes())?;
            }
            Ok::<_, Failure>(count)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use serde_json::json;

    #[tokio::test]
    async fn rows_become_lines_or_a_list() {
        let rows = "{id:1,at:2024-01-31,n:null}\n{id:2,tags:[\"a\\nb\"]}\n";
        let (one, two) = ("{\"id\":1,\"at\":\"2024-01-31\",\"n\":null}", "{\"id\":2,\"tags\":[\"a\\nb\"]}");
        let platform = Platform::new();
        for (text, list, expected) in [
            (rows, true, format!("{one}\n{two}\n")),
            (rows, false, format!("[{one},{two}]")),
            ("", true, String::new()),
            ("", false, "[]".to_owned()),
        ] {
            assert_eq!(platform.converted(IonToJson::TYPE, text, json!({"newLine": list})).await, expected);
        }
        let outputs = platform.convert(IonToJson::TYPE, b"{a:1}", json!({})).await.outputs();
        assert!(outputs["uri"].as_str().unwrap().ends_with(".jsonl"));
    }
}
