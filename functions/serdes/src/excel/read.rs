//! `serdes.excel.ExcelToIon`.

use calamine::{DataRef, ExcelDateTime, Reader as _, Xlsx, XlsxError};
use futures::TryStreamExt as _;
use schemars::JsonSchema;
use segue_files::input::uri_of_value;
use segue_model::{Json, Map};
use segue_task::records::not_there;
use segue_task::{Task, TaskContext, TaskError, ion};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Cursor;

/// The longest workbook, in bytes.
const LONGEST: usize = 64 << 20;
/// The most bytes of rows, in Ion, of all sheets.
const MOST_BYTES: usize = 512 << 20;
/// The most columns of a sheet.
const MOST_COLUMNS: usize = 16_384;

/// Converts the sheets of an Excel workbook to Ion: one file for each sheet.
///
/// ```yaml
/// id: to_ion
/// type: io.kestra.plugin.serdes.excel.ExcelToIon
/// from: "{{ outputs.download.uri }}"
/// sheetsTitle:
///   - Orders
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExcelToIon {
    /// The workbook (`.xlsx`) of at most 64 MiB: `kestra:///…`, or `nsfile:///…` of the flow's namespace.
    pub from: String,
    /// The titles of the sheets. Default: all sheets.
    #[serde(default)]
    pub sheets_title: Vec<String>,
    /// Whether the first row is the header. Default: true.
    pub header: Option<bool>,
    /// The number of rows that are left out at the start of each sheet, before the header.
    #[serde(default)]
    pub skip_rows: u32,
    /// Whether rows without values are left out.
    #[serde(default)]
    pub skip_empty_rows: bool,
    /// How values are read.
    #[serde(default)]
    pub value_render: ValueRender,
    /// How dates and times are read.
    #[serde(default)]
    pub date_time_render: DateTimeRender,
    /// Accepted, and has no effect: a workbook is always UTF-8.
    pub charset: Option<String>,
}

/// How values are read. Both are the same: the value of a cell, or the last result of its formula.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ValueRender {
    /// The value.
    #[default]
    UnformattedValue,
    /// The value, as in Kestra.
    FormattedValue,
}

/// How dates and times are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DateTimeRender {
    /// As an ISO date-time in UTC: `2024-01-31T10:00:00Z`.
    #[default]
    UnformattedValue,
    /// As Excel's number of days since 1900.
    SerialNumber,
}

/// The outputs of a conversion from Excel.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The files by the titles of their sheets.
    pub uris: BTreeMap<String, String>,
    /// The number of rows of all sheets.
    pub size: u64,
}

impl Task for ExcelToIon {
    const TYPE: &'static str = "io.kestra.plugin.serdes.excel.ExcelToIon";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let uri = uri_of_value(&self.from, &context.message().namespace)?;
        let (_, mut stream) = context.storage().get(&uri).await.map_err(|error| not_there(error, &uri))?;
        let mut bytes = Vec::new();
        while let Some(piece) = stream.try_next().await? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > LONGEST {
                return Err(TaskError::failed(format!("{uri} has more than {} MiB", LONGEST >> 20)));
            }
        }
        let sheets = tokio::task::spawn_blocking(move || self.sheets(bytes))
            .await
            .map_err(|error| TaskError::failed(format!("the conversion broke off: {error}")))?
            .map_err(|why| TaskError::failed(format!("{uri}: {why}")))?;
        let mut output = Output { uris: BTreeMap::new(), size: 0 };
        context.metric_counter("sheets", sheets.len() as f64);
        for (number, sheet) in sheets.into_iter().enumerate() {
            let path = context.storage_path(&format!("sheet-{}-{number}.ion", context.attempt_key().attempt));
            output.size += sheet.rows;
            output.uris.insert(sheet.title, context.storage().put_text(&path, sheet.text).await?);
        }
        context.metric_counter("records", output.size as f64);
        context.info(format!("{} rows of {} sheets", output.size, output.uris.len()));
        Ok(output)
    }
}

/// A sheet in Ion.
struct Sheet {
    title: String,
    text: String,
    rows: u64,
}

impl ExcelToIon {
    fn sheets(&self, bytes: Vec<u8>) -> Result<Vec<Sheet>, String> {
        let wrong = |error: XlsxError| format!("the file is not an Excel workbook (.xlsx): {error}");
        let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(wrong)?;
        let titles = workbook.sheet_names();
        if let Some(missing) = self.sheets_title.iter().find(|title| !titles.contains(title)) {
            return Err(format!("there is no sheet '{missing}'; the sheets are {}", titles.join(", ")));
        }
        let (mut sheets, mut left) = (Vec::new(), MOST_BYTES);
        for title in titles {
            if self.sheets_title.is_empty() || self.sheets_title.contains(&title) {
                let sheet = self.sheet(&mut workbook, title, left)?;
                left = left.saturating_sub(sheet.text.len());
                sheets.push(sheet);
            }
        }
        Ok(sheets)
    }

    /// Reads the cells one after another. Cells without a value are not in the file.
    fn sheet(
        &self,
        workbook: &mut Xlsx<Cursor<Vec<u8>>>,
        title: String,
        left: usize,
    ) -> Result<Sheet, String> {
        let wrong = |error: XlsxError| format!("the sheet '{title}' cannot be read: {error}");
        let mut cells = workbook.worksheet_cells_reader(&title).map_err(wrong)?;
        let mut rows = Rows { properties: self, header: None, text: String::new(), rows: 0 };
        let (mut current, mut values) = (self.skip_rows, Vec::new());
        while let Some(cell) = cells.next_cell().map_err(wrong)? {
            let (row, column) = cell.get_position();
            let column = usize::try_from(column).unwrap_or(usize::MAX);
            if row < self.skip_rows || column >= MOST_COLUMNS {
                continue;
            }
            while current < row {
                rows.add(std::mem::take(&mut values));
                current += 1;
            }
            if values.len() <= column {
                values.resize(column + 1, Json::Null);
            }
            if let Some(place) = values.get_mut(column) {
                *place = self.value(cell.get_value());
            }
            if rows.text.len() > left {
                return Err(format!("the sheets have more than {} MiB of rows", MOST_BYTES >> 20));
            }
        }
        if !values.is_empty() {
            rows.add(values);
        }
        let (text, rows) = (rows.text, rows.rows);
        Ok(Sheet { title, text, rows })
    }

    fn value(&self, data: &DataRef<'_>) -> Json {
        match data {
            DataRef::Int(number) => Json::from(*number),
            DataRef::Float(number) => Json::from(*number),
            DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
                Json::from(text.as_str())
            }
            DataRef::SharedString(text) => Json::from(*text),
            DataRef::Bool(value) => Json::Bool(*value),
            DataRef::DateTime(at) => match self.date_time_render {
                DateTimeRender::SerialNumber => Json::from(at.as_f64()),
                DateTimeRender::UnformattedValue => moment(at),
            },
            // The error of a formula, like #DIV/0!.
            DataRef::Error(error) => Json::from(error.to_string()),
            DataRef::Empty => Json::Null,
        }
    }
}

/// A date with a time in UTC. A duration is its number of days.
fn moment(at: &ExcelDateTime) -> Json {
    if at.is_duration() {
        return Json::from(at.as_f64());
    }
    let (year, month, day, hour, minute, second, milli) = at.to_ymd_hms_milli();
    let fraction = if milli == 0 { String::new() } else { format!(".{milli:03}") };
    Json::from(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z"))
}

/// The rows of a sheet.
struct Rows<'a> {
    properties: &'a ExcelToIon,
    header: Option<Vec<String>>,
    text: String,
    rows: u64,
}

impl Rows<'_> {
    fn add(&mut self, values: Vec<Json>) {
        let is_empty = values.iter().all(Json::is_null);
        if self.properties.header.unwrap_or(true) && self.header.is_none() {
            // Empty rows above a header are no header.
            self.header = (!is_empty).then(|| values.iter().enumerate().map(name).collect());
            return;
        }
        if is_empty && self.properties.skip_empty_rows {
            return;
        }
        let row = match &self.header {
            None => Json::Array(values),
            Some(header) => {
                let mut values = values.into_iter();
                let named = header.iter().map(|name| (name.clone(), values.next().unwrap_or_default()));
                Json::Object(named.collect::<Map>())
            }
        };
        self.text.push_str(&ion::to_string(&row));
        self.text.push('\n');
        self.rows += 1;
    }
}

/// The name of a column. A column without one is called `col_N`, with its number from 0.
fn name((number, value): (usize, &Json)) -> String {
    match value {
        Json::Null => format!("col_{number}"),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
