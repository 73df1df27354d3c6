//! The rows of a file, for a request that sends them: CSV, Ion, or JSON, as lists of values.
//!
//! To add a format, add a variant of [`Format`] and its arm in [`table`].

use crate::call::Call;
use csv::{ReaderBuilder, StringRecord};
use futures::TryStreamExt as _;
use segue_connectors::format::Rows;
use segue_files::input::uri_of_value;
use segue_model::Json;
use segue_task::records::not_there;
use segue_task::{TaskError, ion};
use serde_json::json;

/// The largest file, in bytes. A request holds all rows in memory.
const LARGEST: usize = 32 * 1024 * 1024;

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Csv,
    Ion,
    Json,
}

/// How a file of CSV is written.
struct Csv {
    separator: u8,
    quote: u8,
    skip: usize,
}

/// Reads the rows that a connector sends.
///
/// # Errors
/// [`TaskError::Failed`] for a missing or too large file, and for a file that is not of its format.
pub(crate) async fn read(call: &Call<'_>, rows: &Rows) -> Result<Json, TaskError> {
    let from = call.text(&rows.from).await?;
    let uri = uri_of_value(&from, &call.context.message().namespace)?;
    let text = async |template: &Option<String>| match template {
        Some(template) => {
            Ok::<_, TaskError>(Some(call.text(template).await?).filter(|text| !text.is_empty()))
        }
        None => Ok(None),
    };
    let format = Format::of(text(&rows.format).await?.as_deref(), &uri)?;
    if let Some(charset) = text(&rows.charset).await?.filter(|name| !is_utf8(name)) {
        return Err(TaskError::failed(format!(
            "{uri} has the charset {charset}, and only UTF-8 can be sent; convert the file with serdes.csv.CsvToIon first"
        )));
    }
    let character = |name: &str, given: Option<String>, default: u8| match given.as_deref().map(str::as_bytes)
    {
        None => Ok(default),
        Some([one]) => Ok(*one),
        Some(_) => {
            let given = given.unwrap_or_default();
            Err(TaskError::failed(format!("the {name} of CSV is '{given}'; write one ASCII character")))
        }
    };
    let csv = Csv {
        separator: character("separator", text(&rows.separator).await?, b',')?,
        quote: character("quote", text(&rows.quote).await?, b'"')?,
        skip: match text(&rows.skip).await? {
            None => 0,
            Some(number) => number.parse().map_err(|_| {
                TaskError::failed(format!(
                    "the number of rows to leave out is '{number}'; write a number from 0 on"
                ))
            })?,
        },
    };
    let header = call.is_true(rows.header.as_deref(), false).await?;
    let bytes = bytes(call, &uri).await?;
    let content = String::from_utf8(bytes)
        .map_err(|_| TaskError::failed(format!("{uri} is not UTF-8; convert the file first")))?;
    table(format, &content, &csv, header).map_err(|why| TaskError::failed(format!("{uri}: {why}")))
}

fn is_utf8(name: &str) -> bool {
    ["utf-8", "utf8"].contains(&name.to_ascii_lowercase().as_str())
}

async fn bytes(call: &Call<'_>, uri: &str) -> Result<Vec<u8>, TaskError> {
    let (_, mut stream) = call.context.storage().get(uri).await.map_err(|error| not_there(error, uri))?;
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.try_next().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LARGEST {
            return Err(TaskError::failed(format!(
                "{uri} has more than {} MiB, and one request sends all rows; split the file with core.storage.Split",
                LARGEST / 1024 / 1024
            )));
        }
    }
    Ok(bytes)
}

impl Format {
    /// The format by its name, or else by the ending of the file's name.
    fn of(name: Option<&str>, uri: &str) -> Result<Self, TaskError> {
        let ending = uri.rsplit('/').next().and_then(|file| file.rsplit_once('.')).map(|(_, ending)| ending);
        let given = name.or(ending).unwrap_or_default();
        match given.to_ascii_uppercase().as_str() {
            "CSV" => Ok(Self::Csv),
            "ION" => Ok(Self::Ion),
            "JSON" | "JSONL" => Ok(Self::Json),
            "AVRO" | "PARQUET" | "ORC" => Err(TaskError::failed(format!(
                "the format {given} cannot be sent; convert the file to Ion first, with serdes.avro.AvroToIon or \
                 serdes.parquet.ParquetToIon"
            ))),
            _ => Err(TaskError::failed(format!(
                "the format of {uri} is not known; set format to CSV, ION or JSON"
            ))),
        }
    }
}

/// The rows as lists of values. With `header`, the names of the first row that is a map come first.
fn table(format: Format, text: &str, csv: &Csv, header: bool) -> Result<Json, String> {
    let rows = match format {
        Format::Csv => return records(text, csv),
        Format::Ion => ion::parse_all(text).map_err(|error| format!("the file is not Ion: {error}"))?,
        Format::Json => serde_json::Deserializer::from_str(text)
            .into_iter()
            .collect::<Result<Vec<Json>, _>>()
            .map_err(|error| format!("the file is not JSON: {error}"))?,
    };
    // A file is one list of rows, or one row after another.
    let rows = match <[Json; 1]>::try_from(rows) {
        Ok([Json::Array(list)]) if list.iter().all(|row| row.is_array() || row.is_object()) => list,
        Ok([row]) => vec![row],
        Err(rows) => rows,
    };
    let names: Vec<String> = match rows.first() {
        Some(Json::Object(first)) => first.keys().cloned().collect(),
        _ => Vec::new(),
    };
    let mut lists = Vec::with_capacity(rows.len() + 1);
    if header && !names.is_empty() {
        lists.push(json!(names));
    }
    for (number, row) in rows.into_iter().enumerate() {
        lists.push(match row {
            Json::Object(mut fields) => {
                let known = names.iter().map(|name| cell(fields.shift_remove(name).unwrap_or_default()));
                let known: Vec<Json> = known.collect();
                if let Some(name) = fields.keys().next() {
                    return Err(format!(
                        "row {} has the field '{name}', and the first row has not",
                        number + 1
                    ));
                }
                Json::Array(known)
            }
            Json::Array(values) => Json::Array(values.into_iter().map(cell).collect()),
            other => return Err(format!("row {} is {other}; a row is a map or a list", number + 1)),
        });
    }
    Ok(Json::Array(lists))
}

/// A value of one cell. A list or a map is written as JSON.
fn cell(value: Json) -> Json {
    match value {
        Json::Array(_) | Json::Object(_) => Json::String(value.to_string()),
        plain => plain,
    }
}

fn records(text: &str, csv: &Csv) -> Result<Json, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = ReaderBuilder::new();
    builder.delimiter(csv.separator).quote(csv.quote).has_headers(false).flexible(true);
    let list = |record: Result<StringRecord, csv::Error>| match record {
        Ok(record) => Ok(json!(record.iter().collect::<Vec<_>>())),
        Err(error) => Err(format!("the file is not CSV: {error}")),
    };
    builder
        .from_reader(text.as_bytes())
        .records()
        .skip(csv.skip)
        .map(list)
        .collect::<Result<Vec<_>, _>>()
        .map(Json::Array)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Csv = Csv { separator: b',', quote: b'"', skip: 0 };

    #[test]
    fn maps_become_lists_in_the_order_of_the_first() {
        let ion = "{id:1,name:\"a\"}\n{name:\"b\",id:2}\n{id:3,}\n";
        let rows = table(Format::Ion, ion, &PLAIN, true).unwrap();
        assert_eq!(rows, json!([["id", "name"], [1, "a"], [2, "b"], [3, null]]));
        let json = r#"[{"a": [1, 2]}, {"a": "x"}]"#;
        assert_eq!(table(Format::Json, json, &PLAIN, false).unwrap(), json!([["[1,2]"], ["x"]]));
        assert_eq!(table(Format::Json, "[1]\n[2, \"x\"]\n", &PLAIN, true).unwrap(), json!([[1], [2, "x"]]));
        assert_eq!(table(Format::Ion, "", &PLAIN, true).unwrap(), json!([]));
    }

    #[test]
    fn records_of_csv_are_texts() {
        let csv = Csv { separator: b';', quote: b'\'', skip: 1 };
        let rows = table(Format::Csv, "\u{feff}title\nid;name\n1;'a;b'\n", &csv, true).unwrap();
        assert_eq!(rows, json!([["id", "name"], ["1", "a;b"]]));
    }

    #[test]
    fn what_is_not_a_table_is_named() {
        let why = |format, text| table(format, text, &PLAIN, false).unwrap_err();
        assert_eq!(
            why(Format::Json, r#"{"a": 1} {"b": 2}"#),
            "row 2 has the field 'b', and the first row has not"
        );
        assert!(why(Format::Json, "{").starts_with("the file is not JSON"));
        assert!(why(Format::Ion, "{a:1}\n7").contains("row 2 is 7"));
    }

    #[test]
    fn the_ending_of_the_name_says_the_format() {
        let of = |name, uri| Format::of(name, uri).map_err(|error| error.to_string());
        assert_eq!(of(None, "kestra:///a/b.csv").unwrap(), Format::Csv);
        assert_eq!(of(Some("json"), "kestra:///a/b.csv").unwrap(), Format::Json);
        assert!(of(None, "kestra:///a.b/c").unwrap_err().contains("set format to CSV"));
        assert!(of(None, "kestra:///a/c.parquet").unwrap_err().contains("ParquetToIon"));
    }
}
