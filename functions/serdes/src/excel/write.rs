//! `serdes.excel.IonToExcel`.

use crate::convert::Source;
use crate::failure::Failure;
use crate::rows::Rows;
use crate::times::Times;
use futures::TryStreamExt as _;
use rust_xlsxwriter::{Formula, Workbook, Worksheet, XlsxError};
use schemars::JsonSchema;
use segue_files::input::uri_of_value;
use segue_model::Json;
use segue_task::records::not_there;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, BufReader};
use tokio_util::io::{StreamReader, SyncIoBridge};

/// A text that begins with this is a formula, as in Kestra.
const FORMULA: &str = "Formula:";

/// Converts files of rows to an Excel workbook. The keys of the first row are the header.
///
/// ```yaml
/// id: to_excel
/// type: io.kestra.plugin.serdes.excel.IonToExcel
/// from:
///   Orders: "{{ outputs.orders.uri }}"
///   Customers: "{{ outputs.customers.uri }}"
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IonToExcel {
    /// A file of rows, or files by the titles of their sheets.
    pub from: From,
    /// The title of the sheet, if `from` is one file. Default: `Sheet`.
    pub sheets_title: Option<String>,
    /// Whether the first row is the header. Default: true.
    pub header: Option<bool>,
    /// Accepted, and has no effect: every cell has the standard style.
    pub styles: Option<bool>,
    /// Accepted, and has no effect: a workbook is always UTF-8.
    pub charset: Option<String>,
    /// The formats of dates and times. They are written as texts.
    #[serde(flatten)]
    pub times: Times,
}

/// The files of a workbook.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum From {
    /// A file of rows: Ion, or JSON lines.
    One(String),
    /// Files of rows by the titles of their sheets.
    Several(BTreeMap<String, String>),
}

/// The outputs of a conversion to Excel.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The workbook.
    pub uri: String,
    /// The number of rows of all sheets.
    pub size: u64,
}

impl Task for IonToExcel {
    const TYPE: &'static str = "io.kestra.plugin.serdes.excel.IonToExcel";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        self.times.check()?;
        let files: Vec<(String, String)> = match self.from.clone() {
            From::One(from) => vec![(self.sheets_title.clone().unwrap_or_else(|| "Sheet".to_owned()), from)],
            From::Several(files) => files.into_iter().collect(),
        };
        if files.is_empty() {
            return Err(TaskError::failed("from has no files; write the title of a sheet and its file"));
        }
        let mut sources = Vec::new();
        for (title, from) in files {
            let uri = uri_of_value(&from, &context.message().namespace)?;
            let (_, stream) = context.storage().get(&uri).await.map_err(|error| not_there(error, &uri))?;
            let reader = StreamReader::new(stream.map_err(io::Error::other));
            let source: Source = Box::new(BufReader::new(SyncIoBridge::new(Box::pin(reader))));
            sources.push((title, uri, source));
        }
        let (bytes, size) = tokio::task::spawn_blocking(move || self.workbook(sources))
            .await
            .map_err(|error| TaskError::failed(format!("the conversion broke off: {error}")))??;
        let path = context.storage_path(&format!("converted-{}.xlsx", context.attempt_key().attempt));
        let uri = context.storage().put_text(&path, bytes).await?;
        context.metric_counter("records", size as f64);
        context.info(format!("{size} rows are in {uri}"));
        Ok(Output { uri, size })
    }
}

impl IonToExcel {
    fn workbook(&self, sources: Vec<(String, String, Source)>) -> Result<(Vec<u8>, u64), TaskError> {
        let mut workbook = Workbook::new();
        let mut size = 0;
        for (title, uri, source) in sources {
            // The rows are in a temporary file until the workbook is written, so memory does not grow with them.
            let sheet =
                workbook.add_worksheet_with_constant_memory().and_then(|sheet| sheet.set_name(&title));
            let rows = refused(sheet)
                .and_then(|sheet| self.sheet(&mut Rows::new(source), sheet))
                .map_err(|failure| failure.of(&uri))?;
            size += rows;
        }
        let bytes = workbook
            .save_to_buffer()
            .map_err(|error| TaskError::failed(format!("the workbook cannot be written: {error}")))?;
        Ok((bytes, size))
    }

    fn sheet(&self, rows: &mut Rows, sheet: &mut Worksheet) -> Result<u64, Failure> {
        let has_header = self.header.unwrap_or(true);
        let mut columns: Option<Vec<String>> = None;
        let (mut place, mut count) = (0, 0);
        while let Some(row) = rows.next()? {
            let values: Vec<Json> = match row {
                Json::Object(mut row) => {
                    if columns.is_none() {
                        let names: Vec<String> = row.keys().cloned().collect();
                        if has_header {
                            for (column, name) in (0..).zip(&names) {
                                refused(sheet.write_string(place, column, name))?;
                            }
                            place += 1;
                        }
                        columns = Some(names);
                    }
                    let columns = columns.as_deref().unwrap_or_default();
                    let values = columns.iter().map(|name| row.remove(name).unwrap_or_default()).collect();
                    if let Some((other, _)) = row.iter().next() {
                        return Err(Failure::refused(format!(
                            "line {} has the field '{other}', which the first row does not have; give all rows the same \
                             fields",
                            rows.line()
                        )));
                    }
                    values
                }
                Json::Array(values) if !has_header => values,
                _ => {
                    return Err(Failure::refused(format!(
                        "line {} has no names for a header; set header: false for rows that are lists",
                        rows.line()
                    )));
                }
            };
            for (column, value) in (0..).zip(&values) {
                self.cell(sheet, (place, column), value)
                    .map_err(|why| Failure::refused(format!("line {}: {why}", rows.line())))?;
            }
            place += 1;
            count += 1;
        }
        Ok(count)
    }

    fn cell(&self, sheet: &mut Worksheet, (row, column): (u32, u16), value: &Json) -> Result<(), XlsxError> {
        match value {
            Json::Null => Ok(()),
            Json::Bool(value) => sheet.write_boolean(row, column, *value).map(|_| ()),
            Json::Number(number) => {
                // Excel has 15 digits. A longer number would lose some, so such a number is a text.
                let digits = number.to_string().chars().filter(char::is_ascii_digit).count();
                match number.as_f64().filter(|_| digits <= 15) {
                    Some(number) => sheet.write_number(row, column, number).map(|_| ()),
                    None => sheet.write_string(row, column, number.to_string()).map(|_| ()),
                }
            }
            Json::String(text) => match text.strip_prefix(FORMULA) {
                Some(formula) => sheet.write_formula(row, column, Formula::new(formula)).map(|_| ()),
                None => {
                    let text = self.times.format(text).unwrap_or_else(|| text.clone());
                    sheet.write_string(row, column, text).map(|_| ())
                }
            },
            other => sheet.write_string(row, column, other.to_string()).map(|_| ()),
        }
    }
}

fn refused<T>(result: Result<T, XlsxError>) -> Result<T, Failure> {
    result.map_err(|error| Failure::refused(format!("Excel does not accept this: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excel::ExcelToIon;
    use crate::testing::Platform;
    use serde_json::json;

    const ROWS: &str =
        "{id:1,name:\"a\",ok:true,big:12345678901234567890,n:null}\n{id:2.5e0,name:\"x\",ok:false}\n";

    /// The rows of a workbook with these rows.
    async fn back(rows: &str, to: Json, from: Json) -> String {
        let platform = Platform::new();
        let outputs = platform.convert(IonToExcel::TYPE, rows.as_bytes(), to).await.outputs();
        let workbook = platform.stored(&outputs).await;
        let outputs = platform.convert(ExcelToIon::TYPE, &workbook, from).await.outputs();
        let uri = outputs["uris"].as_object().unwrap().values().next().unwrap().clone();
        String::from_utf8(platform.stored(&json!({"uri": uri}).as_object().unwrap().clone()).await).unwrap()
    }

    #[tokio::test]
    async fn rows_become_sheets_and_back() {
        let expected = "{id:1.0e0,name:\"a\",ok:true,big:\"12345678901234567890\",n:null}\n\
                        {id:2.5e0,name:\"x\",ok:false,big:null,n:null}\n";
        assert_eq!(back(ROWS, json!({}), json!({})).await, expected);
        let lists = back("[1,\"a\"]\n[2]\n", json!({"header": false}), json!({"header": false})).await;
        assert_eq!(lists, "[1.0e0,\"a\"]\n[2.0e0]\n");
        let skipped = back(ROWS, json!({}), json!({"skipRows": 1, "header": false})).await;
        assert!(skipped.starts_with("[1.0e0,\"a\",true,") && skipped.lines().count() == 2, "{skipped}");
    }

    #[tokio::test]
    async fn several_sheets_have_their_titles() {
        let platform = Platform::new();
        let one = platform.store("e/one.ion", b"{a:1}\n").await;
        let two = platform.store("e/two.ion", b"{b:2}\n{b:3}\n").await;
        let outputs = platform
            .convert(IonToExcel::TYPE, b"", json!({"from": {"One": one, "Two": two}}))
            .await
            .outputs();
        assert_eq!(outputs["size"], 3);
        let workbook = platform.stored(&outputs).await;
        let outputs =
            platform.convert(ExcelToIon::TYPE, &workbook, json!({"sheetsTitle": ["Two"]})).await.outputs();
        assert_eq!(outputs["size"], 2);
        assert_eq!(outputs["uris"].as_object().unwrap().keys().collect::<Vec<_>>(), ["Two"]);
        let error =
            platform.convert(ExcelToIon::TYPE, &workbook, json!({"sheetsTitle": ["Three"]})).await.error();
        assert!(error.ends_with("there is no sheet 'Three'; the sheets are One, Two"), "{error}");
    }

    #[tokio::test]
    async fn what_excel_cannot_have_is_refused() {
        let platform = Platform::new();
        for (kind, text, properties, expected) in [
            (
                IonToExcel::TYPE,
                "{a:1}\n{b:1}\n",
                json!({}),
                "line 2 has the field 'b', which the first row does not have",
            ),
            (IonToExcel::TYPE, "[1]\n", json!({}), "line 1 has no names for a header; set header: false"),
            (IonToExcel::TYPE, "{a:1}\n", json!({"sheetsTitle": "a/b"}), "Excel does not accept this: "),
            (ExcelToIon::TYPE, "a,b\n", json!({}), "the file is not an Excel workbook (.xlsx): "),
        ] {
            let error = platform.convert(kind, text.as_bytes(), properties).await.error();
            assert!(error.contains(expected), "{error}");
        }
    }
}
