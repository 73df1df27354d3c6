//! `serdes.json.JsonToIon`.

use crate::charset::Charset;
use crate::convert::{Converted, Sink, Source, convert};
use crate::failure::Failure;
use crate::rows;
use schemars::JsonSchema;
use segue_model::{Json, Map};
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;
use serde::de::{Deserializer as _, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::io::BufRead as _;

/// Converts JSON to Ion: one row for each line, or for each item of one list.
///
/// ```yaml
/// id: to_ion
/// type: io.kestra.plugin.serdes.json.JsonToIon
/// from: "{{ outputs.download.uri }}"
/// newLine: false
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JsonToIon {
    /// The JSON file: `kestra:///…`, or `nsfile:///…` of the flow's namespace.
    pub from: String,
    /// Whether each line is one value (JSON lines). Otherwise the file is one value, and the items of a list are the rows.
    /// Default: true.
    pub new_line: Option<bool>,
    /// The charset of the file. Default: UTF-8.
    pub charset: Option<String>,
}

impl Task for JsonToIon {
    const TYPE: &'static str = "io.kestra.plugin.serdes.json.JsonToIon";
    const ALIASES: &'static [&'static str] = &["io.kestra.plugin.serdes.json.JsonReader"];
    type Output = Converted;

    async fn run(self, context: &TaskContext) -> Result<Converted, TaskError> {
        let charset = Charset::named(self.charset.as_deref())?;
        let has_lines = self.new_line.unwrap_or(true);
        convert(context, &self.from, "ion", move |source, sink| {
            let source = charset.decode(source)?;
            if has_lines { lines(source, sink) } else { value(source, sink) }
        })
        .await
    }
}

fn lines(mut source: Source, sink: &mut Sink) -> Result<u64, Failure> {
    let (mut line, mut number, mut rows) = (Vec::new(), 0_u64, 0);
    while source.read_until(b'\n', &mut line)? > 0 {
        number += 1;
        if !line.trim_ascii().is_empty() {
            let row: Json = serde_json::from_slice(&line).map_err(|error| {
                Failure::refused(format!(
                    "line {number} is not JSON: {error}; if the file is one value, set newLine: false"
                ))
            })?;
            rows::write(&row, sink)?;
            rows += 1;
        }
        line.clear();
    }
    Ok(rows)
}

fn value(source: Source, sink: &mut Sink) -> Result<u64, Failure> {
    let mut reader = serde_json::Deserializer::from_reader(source);
    let mut items = Items { sink, failure: None };
    let rows = reader.deserialize_any(&mut items);
    if let Some(failure) = items.failure {
        return Err(failure);
    }
    rows.and_then(|rows| reader.end().map(|()| rows)).map_err(|error| match error.io_error_kind() {
        Some(_) => Failure::Io(error.into()),
        None => Failure::refused(format!(
            "the file is not one JSON value: {error}; if each line is a value, set newLine: true"
        )),
    })
}

/// Writes the items of a list while the list is read. Another value is one row.
struct Items<'a> {
    sink: &'a mut Sink,
    failure: Option<Failure>,
}

impl Items<'_> {
    fn row<E: serde::de::Error>(&mut self, row: &Json) -> Result<u64, E> {
        rows::write(row, self.sink).map(|()| 1).map_err(|failure| {
            let stop = E::custom("the row cannot be written");
            self.failure = Some(failure);
            stop
        })
    }
}

impl<'de> Visitor<'de> for &mut Items<'_> {
    type Value = u64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<u64, A::Error> {
        let mut rows = 0;
        while let Some(item) = items.next_element::<Json>()? {
            rows += self.row(&item)?;
        }
        Ok(rows)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<u64, A::Error> {
        let mut map = Map::new();
        while let Some((key, value)) = entries.next_entry()? {
            map.insert(key, value);
        }
        self.row(&Json::Object(map))
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<u64, E> {
        self.row(&value.into())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<u64, E> {
        self.row(&value.into())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<u64, E> {
        self.row(&value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<u64, E> {
        self.row(&value.into())
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<u64, E> {
        self.row(&value.into())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<u64, E> {
        self.row(&Json::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use serde_json::json;

    async fn ion(text: &str, properties: Json) -> String {
        Platform::new().converted(JsonToIon::TYPE, text, properties).await
    }

    #[tokio::test]
    async fn lines_and_lists_become_rows() {
        let lines = "{\"id\": 1, \"tags\": [\"a\"]}\n\n  {\"id\": 2.5, \"x\": null}\r\n";
        let rows = "{id:1,tags:[\"a\"]}\n{id:2.5e0,x:null}\n";
        assert_eq!(ion(lines, json!({})).await, rows);
        let list = "[{\"id\": 1, \"tags\": [\"a\"]},\n {\"id\": 2.5, \"x\": null}]\n";
        assert_eq!(ion(list, json!({"newLine": false})).await, rows);
        assert_eq!(ion("{\"a\":\n 1}", json!({"newLine": false})).await, "{a:1}\n");
        assert_eq!(ion("\"x\"", json!({"newLine": false})).await, "\"x\"\n");
        assert_eq!(ion("", json!({})).await, "");
    }

    #[tokio::test]
    async fn what_is_not_json_is_refused() {
        let platform = Platform::new();
        for (text, properties, expected) in [
            ("{\"a\": 1}\n{\n", json!({}), "line 2 is not JSON: EOF while parsing an object"),
            (
                "[1,\n2\n",
                json!({"newLine": false}),
                "the file is not one JSON value: EOF while parsing a list at line 3",
            ),
            (
                "{}\n{}\n",
                json!({"newLine": false}),
                "trailing characters at line 2 column 1; if each line is a value",
            ),
            ("", json!({"newLine": false}), "EOF while parsing a value"),
        ] {
            let error = platform.convert(JsonToIon::TYPE, text.as_bytes(), properties).await.error();
            assert!(error.contains(expected), "{error}");
        }
        assert_eq!(platform.files().await, 1, "a conversion that failed leaves no file");
    }
}
