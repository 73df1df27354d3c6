//! `serdes.csv.IonToCsv`.

use super::character;
use crate::charset::Charset;
use crate::convert::{Converted, convert};
use crate::failure::Failure;
use crate::rows::Rows;
use crate::times::Times;
use csv::{QuoteStyle, Terminator, Writer, WriterBuilder};
use schemars::JsonSchema;
use segue_model::Json;
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;
use std::io::Write;

/// Converts a file of rows to CSV. The keys of the first row are the header. A later row may lack keys, but must not have
/// others. Lists and maps in a row are written as JSON.
///
/// ```yaml
/// id: to_csv
/// type: io.kestra.plugin.serdes.csv.IonToCsv
/// from: "{{ outputs.query.uri }}"
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IonToCsv {
    /// The file of rows: Ion, or JSON lines.
    pub from: String,
    /// Whether the first line is the header. Default: true.
    pub header: Option<bool>,
    /// The character between fields. Default: `,`.
    pub field_separator: Option<String>,
    /// The character around fields that contain separators. Default: `"`.
    pub text_delimiter: Option<String>,
    /// The end of a line: `\n` (default), `\r\n` or `\r`.
    pub line_delimiter: Option<String>,
    /// The property of old flows for `quoteMode: ALWAYS`.
    #[serde(default)]
    pub always_delimit_text: bool,
    /// Which fields have delimiters around them. Default: REQUIRED.
    pub quote_mode: Option<QuoteMode>,
    /// The charset of the CSV file. Default: UTF-8.
    pub charset: Option<String>,
    /// The formats of dates and times.
    #[serde(flatten)]
    pub times: Times,
}

/// Which fields have delimiters around them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum QuoteMode {
    /// All fields.
    Always,
    /// Fields that contain a separator, a delimiter or a line end.
    Required,
    /// All fields that are not numbers.
    NonNumeric,
}

impl Task for IonToCsv {
    const TYPE: &'static str = "io.kestra.plugin.serdes.csv.IonToCsv";
    const ALIASES: &'static [&'static str] = &["io.kestra.plugin.serdes.csv.CsvWriter"];
    type Output = Converted;

    async fn run(self, context: &TaskContext) -> Result<Converted, TaskError> {
        let charset = Charset::named(self.charset.as_deref())?;
        let builder = self.builder()?;
        self.times.check()?;
        let from = self.from.clone();
        convert(context, &from, "csv", move |source, sink| {
            let mut writer = builder.from_writer(charset.encode(sink)?);
            let rows = self.convert(&mut Rows::new(source), &mut writer)?;
            writer.flush()?;
            Ok(rows)
        })
        .await
    }
}

impl IonToCsv {
    fn builder(&self) -> Result<WriterBuilder, TaskError> {
        let one = |name: &str, text: &Option<String>, default: &str| {
            character(name, text.as_deref().unwrap_or(default))?
                .ok_or_else(|| TaskError::failed(format!("{name} is empty; write one character")))
        };
        let terminator = match self.line_delimiter.as_deref().unwrap_or("\n") {
            "\n" => Terminator::Any(b'\n'),
            "\r" => Terminator::Any(b'\r'),
            "\r\n" => Terminator::CRLF,
            other => {
                return Err(TaskError::failed(format!(
                    "lineDelimiter is {other:?}; write \"\\n\", \"\\r\\n\" or \"\\r\""
                )));
            }
        };
        let default = if self.always_delimit_text { QuoteMode::Always } else { QuoteMode::Required };
        let style = match self.quote_mode.unwrap_or(default) {
            QuoteMode::Always => QuoteStyle::Always,
            QuoteMode::Required => QuoteStyle::Necessary,
            QuoteMode::NonNumeric => QuoteStyle::NonNumeric,
        };
        let mut builder = WriterBuilder::new();
        builder
            .delimiter(one("fieldSeparator", &self.field_separator, ",")?)
            .quote(one("textDelimiter", &self.text_delimiter, "\"")?)
            .terminator(terminator)
            .quote_style(style)
            .flexible(true);
        Ok(builder)
    }

    fn convert(&self, rows: &mut Rows, writer: &mut Writer<impl Write>) -> Result<u64, Failure> {
        let has_header = self.header.unwrap_or(true);
        let mut columns: Option<Vec<String>> = None;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            let fields: Vec<String> = match row {
                Json::Object(row) => {
                    if columns.is_none() {
                        let names: Vec<String> = row.keys().cloned().collect();
                        if has_header {
                            writer.write_record(&names).map_err(refused)?;
                        }
                        columns = Some(names);
                    }
                    let columns = columns.as_deref().unwrap_or_default();
                    if let Some(other) = row.keys().find(|key| !columns.contains(key)) {
                        return Err(Failure::refused(format!(
                            "line {} has the field '{other}', which the first row does not have; give all rows the same \
                             fields",
                            rows.line()
                        )));
                    }
                    columns.iter().map(|name| self.field(row.get(name))).collect()
                }
                Json::Array(row) if !has_header => row.iter().map(|value| self.field(Some(value))).collect(),
                Json::Array(_) => {
                    return Err(Failure::refused(format!(
                        "line {} is a list, which has no names for a header; set header: false",
                        rows.line()
                    )));
                }
                other => {
                    return Err(Failure::refused(format!(
                        "line {} is {other}, and a row must be a map or a list",
                        rows.line()
                    )));
                }
            };
            writer.write_record(&fields).map_err(refused)?;
            count += 1;
        }
        Ok(count)
    }

    fn field(&self, value: Option<&Json>) -> String {
        match value {
            None | Some(Json::Null) => String::new(),
            Some(Json::String(text)) => self.times.format(text).unwrap_or_else(|| text.clone()),
            Some(other) => other.to_string(),
        }
    }
}

fn refused(error: csv::Error) -> Failure {
    let message = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(error) => Failure::Io(error),
        _ => Failure::refused(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use serde_json::json;

    async fn csv(ion: &str, properties: Json) -> String {
        Platform::new().converted(IonToCsv::TYPE, ion, properties).await
    }

    const ROWS: &str = "{id:1,name:\"a,b\",ok:true}\n{ok:null,id:2.50,name:\"q\\\"r\"}\n{id:3}\n";

    #[tokio::test]
    async fn rows_become_lines() {
        assert_eq!(csv(ROWS, json!({})).await, "id,name,ok\n1,\"a,b\",true\n2.5,\"q\"\"r\",\n3,,\n");
        let all = json!({"header": false, "fieldSeparator": ";", "quoteMode": "NON_NUMERIC", "lineDelimiter": "\r\n"});
        assert_eq!(csv(ROWS, all).await, "1;\"a,b\";\"true\"\r\n2.5;\"q\"\"r\";\"\"\r\n3;\"\";\"\"\r\n");
        assert_eq!(csv("{a:1}\n", json!({"alwaysDelimitText": true})).await, "\"a\"\n\"1\"\n");
        assert_eq!(csv("[1,\"x\"]\n", json!({"header": false})).await, "1,x\n");
        assert_eq!(csv("{a:[1,{b:2}]}\n", json!({})).await, "a\n\"[1,{\"\"b\"\":2}]\"\n");
        assert_eq!(csv("", json!({})).await, "");
    }

    #[tokio::test]
    async fn a_charset_and_formats() {
        let platform = Platform::new();
        let latin = json!({"charset": "ISO-8859-1"});
        let outputs = platform.convert(IonToCsv::TYPE, "{a:\"é\"}".as_bytes(), latin.clone()).await.outputs();
        assert_eq!(platform.stored(&outputs).await, b"a\n\xE9\n");
        let error = platform.convert(IonToCsv::TYPE, "{a:\"漢\"}".as_bytes(), latin).await.error();
        assert!(error.contains("the character '漢' cannot be written in windows-1252"), "{error}");
        let formats = json!({"dateFormat": "dd.MM.yyyy", "dateTimeFormat": "yyyy-MM-dd HH:mm", "timeZoneId": "Europe/Paris"});
        let text = csv("{a:\"2024-07-01\",b:\"2024-07-01T10:00:00Z\",c:\"x\"}", formats).await;
        assert_eq!(text, "a,b,c\n01.07.2024,2024-07-01 12:00,x\n");
    }

    #[tokio::test]
    async fn rows_that_do_not_fit_are_refused() {
        let platform = Platform::new();
        for (rows, expected) in [
            ("{a:1}\n{a:1,b:2}\n", "line 2 has the field 'b', which the first row does not have"),
            ("[1]\n", "line 1 is a list, which has no names for a header; set header: false"),
            ("5\n", "line 1 is 5, and a row must be a map or a list"),
            ("{a:\n", "line 1 is not Ion"),
        ] {
            let error = platform.convert(IonToCsv::TYPE, rows.as_bytes(), json!({})).await.error();
            assert!(error.contains(expected), "{error}");
        }
    }
}
