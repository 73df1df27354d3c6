//! `serdes.csv.CsvToIon`.

use super::character;
use crate::charset::Charset;
use crate::convert::{Converted, Sink, Source, convert};
use crate::failure::Failure;
use crate::rows;
use csv::{ReaderBuilder, StringRecord};
use schemars::JsonSchema;
use segue_model::{Json, Map};
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;

/// Converts a CSV file to Ion. Each record is a row with the names of the header as keys. All values are texts. Without a
/// header, each row is a list.
///
/// ```yaml
/// id: to_ion
/// type: io.kestra.plugin.serdes.csv.CsvToIon
/// from: "{{ outputs.download.uri }}"
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CsvToIon {
    /// The CSV file: `kestra:///…`, or `nsfile:///…` of the flow's namespace.
    pub from: String,
    /// Whether the first record is the header. Default: true.
    pub header: Option<bool>,
    /// The character between fields. Default: `,`.
    pub field_separator: Option<String>,
    /// The character around fields that contain separators. Empty: no field has such characters. Default: `"`.
    pub text_delimiter: Option<String>,
    /// The number of records that are left out at the start, before the header.
    pub skip_rows: Option<i64>,
    /// Accepted: empty lines are always left out.
    pub skip_empty_rows: Option<bool>,
    /// Whether a record with another number of fields than the header is an error. Default: only with fewer fields.
    #[serde(default)]
    pub error_on_different_field_count: bool,
    /// What happens to a record with a wrong number of fields.
    #[serde(default)]
    pub on_bad_lines: OnBadLines,
    /// What happens to columns at the end of the header that have no name.
    #[serde(default)]
    pub on_empty_header: OnEmptyHeader,
    /// The charset of the file. Default: UTF-8.
    pub charset: Option<String>,
}

/// What happens to a record with a wrong number of fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum OnBadLines {
    /// The task fails.
    #[default]
    Error,
    /// The record is left out, and the log names the record.
    Warn,
    /// The record is left out.
    Skip,
}

/// What happens to columns at the end of the header that have no name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum OnEmptyHeader {
    /// The columns are left out.
    #[default]
    Drop,
    /// The columns are called `col_N`, with the number of the column from 0.
    Rename,
}

impl Task for CsvToIon {
    const TYPE: &'static str = "io.kestra.plugin.serdes.csv.CsvToIon";
    const ALIASES: &'static [&'static str] = &["io.kestra.plugin.serdes.csv.CsvReader"];
    type Output = Converted;

    async fn run(self, context: &TaskContext) -> Result<Converted, TaskError> {
        let charset = Charset::named(self.charset.as_deref())?;
        let separator = self.field_separator.as_deref().unwrap_or(",");
        let separator = character("fieldSeparator", separator)?
            .ok_or_else(|| TaskError::failed("fieldSeparator is empty; write one character, like \",\""))?;
        let quote = character("textDelimiter", self.text_delimiter.as_deref().unwrap_or("\""))?;
        let mut builder = ReaderBuilder::new();
        builder.delimiter(separator).has_headers(false).flexible(true);
        match quote {
            Some(quote) => builder.quote(quote),
            None => builder.quoting(false),
        };
        let from = self.from.clone();
        // The log of a task is not for other threads, so the warnings are collected.
        let (sender, mut warnings) = tokio::sync::mpsc::unbounded_channel();
        let converted = convert(context, &from, "ion", move |source, sink| {
            let mut records = Records { properties: self, header: None, sender };
            records.convert(builder.from_reader(charset.decode(source)?), sink)
        })
        .await;
        while let Ok(warning) = warnings.try_recv() {
            context.warn(warning);
        }
        converted
    }
}

/// A conversion.
struct Records {
    properties: CsvToIon,
    header: Option<Vec<String>>,
    sender: tokio::sync::mpsc::UnboundedSender<String>,
}

impl Records {
    fn convert(&mut self, mut reader: csv::Reader<Source>, sink: &mut Sink) -> Result<u64, Failure> {
        let has_header = self.properties.header.unwrap_or(true);
        let mut left_out = self.properties.skip_rows.unwrap_or_default();
        let (mut record, mut rows, mut width) = (StringRecord::new(), 0, None);
        while reader.read_record(&mut record).map_err(refused)? {
            if left_out > 0 {
                left_out -= 1;
                continue;
            }
            if has_header && self.header.is_none() {
                let header = self.read_header(&record);
                width = Some(header.len());
                self.header = Some(header);
                continue;
            }
            let width = *width.get_or_insert(record.len());
            if let Some(why) = self.wrong(&record, width) {
                match self.properties.on_bad_lines {
                    OnBadLines::Error => {
                        return Err(Failure::refused(format!(
                            "{why}; set onBadLines: SKIP to leave such lines out"
                        )));
                    }
                    OnBadLines::Warn => self.warn(format!("{why}; the line is left out")),
                    OnBadLines::Skip => {}
                }
                continue;
            }
            rows::write(&self.row(&record), sink)?;
            rows += 1;
        }
        Ok(rows)
    }

    /// The names of the columns.
    fn read_header(&self, record: &StringRecord) -> Vec<String> {
        let mut names: Vec<String> = record.iter().map(str::to_owned).collect();
        let named = names.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
        match self.properties.on_empty_header {
            OnEmptyHeader::Drop => names.truncate(named),
            OnEmptyHeader::Rename => {
                for (number, name) in names.iter_mut().enumerate().skip(named) {
                    *name = format!("col_{number}");
                }
            }
        }
        for (number, name) in names.iter().enumerate() {
            if names.iter().take(number).any(|other| other == name) {
                self.warn(format!("the header has the column '{name}' more than once; the last one counts"));
            }
        }
        names
    }

    /// Why a record is wrong. None if the record is right.
    fn wrong(&self, record: &StringRecord, width: usize) -> Option<String> {
        let strict = self.properties.error_on_different_field_count;
        let is_short = self.header.is_some() && record.len() < width;
        let is_wrong = is_short || (strict && record.len() != width);
        let line = record.position().map(csv::Position::line).unwrap_or_default();
        let whose = if self.header.is_some() { "the header" } else { "the first line" };
        is_wrong.then(|| format!("line {line} has {} fields, and {whose} has {width}", record.len()))
    }

    fn row(&self, record: &StringRecord) -> Json {
        let text = |text: &str| Json::String(text.to_owned());
        match &self.header {
            None => Json::Array(record.iter().map(text).collect()),
            Some(header) => {
                let fields = header.iter().zip(record.iter());
                Json::Object(fields.map(|(name, field)| (name.clone(), text(field))).collect::<Map>())
            }
        }
    }

    fn warn(&self, warning: String) {
        // The receiver is gone only if the task was stopped.
        let _gone = self.sender.send(warning);
    }
}

/// The failure for a file that is not CSV, or cannot be read.
fn refused(error: csv::Error) -> Failure {
    let message = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(error) => Failure::Io(error),
        csv::ErrorKind::Utf8 { pos, err } => {
            let line = pos.map(|pos| pos.line()).unwrap_or_default();
            Failure::refused(format!(
                "line {line} is not UTF-8 ({err}); set charset, like charset: ISO-8859-1"
            ))
        }
        _ => Failure::refused(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use serde_json::json;

    async fn ion(csv: &str, properties: Json) -> String {
        Platform::new().converted(CsvToIon::TYPE, csv, properties).await
    }

    #[tokio::test]
    async fn records_become_rows() {
        let csv = "\u{feff}id,name\r\n1,\"two\nlines\"\n\n2,\"a \"\"b\"\"\"\n3,\n";
        assert_eq!(
            ion(csv, json!({})).await,
            "{id:\"1\",name:\"two\\nlines\"}\n{id:\"2\",name:\"a \\\"b\\\"\"}\n{id:\"3\",name:\"\"}\n"
        );
        assert_eq!(
            ion("1;2\n3;4;5", json!({"header": false, "fieldSeparator": ";"})).await,
            "[\"1\",\"2\"]\n[\"3\",\"4\",\"5\"]\n"
        );
        assert_eq!(ion("title\nnote\na,b\n1,2\n", json!({"skipRows": 2})).await, "{a:\"1\",b:\"2\"}\n");
        assert_eq!(
            ion("a\t'b'\n'1\t2'\t3", json!({"fieldSeparator": "\t", "textDelimiter": "'"})).await,
            "{a:\"1\\t2\",b:\"3\"}\n"
        );
        assert_eq!(ion("", json!({})).await, "");
    }

    #[tokio::test]
    async fn columns_without_names() {
        assert_eq!(ion("a,,\n1,2,3\n", json!({})).await, "{a:\"1\"}\n");
        let renamed = ion("a,,\n1,2,3\n", json!({"onEmptyHeader": "RENAME"})).await;
        assert_eq!(renamed, "{a:\"1\",col_1:\"2\",col_2:\"3\"}\n");
        let run = Platform::new().convert(CsvToIon::TYPE, b"a,a\n1,2\n", json!({})).await;
        assert!(run.log_text().contains("the column 'a' more than once"), "{}", run.log_text());
    }

    #[tokio::test]
    async fn lines_with_a_wrong_number_of_fields() {
        let csv = "a,b\n1,2\n3\n4,5,6\n";
        let platform = Platform::new();
        let error = platform.convert(CsvToIon::TYPE, csv.as_bytes(), json!({})).await.error();
        assert!(
            error.ends_with(
                "line 3 has 1 fields, and the header has 2; set onBadLines: SKIP to leave such lines out"
            ),
            "{error}"
        );
        assert_eq!(platform.files().await, 1, "a conversion that failed leaves no file");
        let kept = "{a:\"1\",b:\"2\"}\n{a:\"4\",b:\"5\"}\n";
        assert_eq!(ion(csv, json!({"onBadLines": "SKIP"})).await, kept);
        let run = platform.convert(CsvToIon::TYPE, csv.as_bytes(), json!({"onBadLines": "WARN"})).await;
        assert!(run.log_text().contains("line 3 has 1 fields"), "{}", run.log_text());
        let strict = json!({"errorOnDifferentFieldCount": true, "onBadLines": "SKIP"});
        assert_eq!(ion(csv, strict).await, "{a:\"1\",b:\"2\"}\n");
    }

    #[tokio::test]
    async fn what_is_not_csv_is_refused() {
        let platform = Platform::new();
        for (bytes, properties, expected) in [
            (&b"a\n\xE9\n"[..], json!({}), "line 2 is not UTF-8"),
            (b"a", json!({"fieldSeparator": "ab"}), "fieldSeparator is 'ab'; write one ASCII character"),
            (b"a", json!({"fieldSeparator": ""}), "fieldSeparator is empty"),
            (b"a", json!({"charset": "x"}), "charset is 'x'"),
        ] {
            let error = platform.convert(CsvToIon::TYPE, bytes, properties).await.error();
            assert!(error.contains(expected), "{error}");
        }
        let latin = json!({"charset": "ISO-8859-1"});
        let outputs = platform.convert(CsvToIon::TYPE, b"a\n\xE9\n", latin).await.outputs();
        assert_eq!(platform.stored(&outputs).await, "{a:\"é\"}\n".as_bytes());
    }

    #[tokio::test]
    async fn a_large_file_is_a_stream() {
        let csv: String = (0..200_000).map(|row| format!("{row},text of row {row}\n")).collect();
        let platform = Platform::new();
        let run = platform.convert(CsvToIon::TYPE, format!("id,text\n{csv}").as_bytes(), json!({})).await;
        let outputs = run.outputs();
        assert_eq!(outputs["size"], 200_000);
        let stored = String::from_utf8(platform.stored(&outputs).await).unwrap();
        assert_eq!(stored.lines().count(), 200_000);
        assert!(stored.ends_with("{id:\"199999\",text:\"text of row 199999\"}\n"));
    }
}
