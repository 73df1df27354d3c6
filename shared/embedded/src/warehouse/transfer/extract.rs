//! Extracts: the rows of a table as one file in the object store. The rows are written as they are read.
//!
//! To add a format: an arm in [`Encoder::row`].

use super::super::DuckDbWarehouse;
use super::super::sql::invalid;
use super::{query, table};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::{StreamExt as _, TryStreamExt as _};
use segue_ports::PortError;
use segue_ports::object::{ByteStream, ObjectAddress, ObjectAttributes, ObjectStore as _};
use segue_ports::warehouse::{
    Column, ExtractJob, Extracted, FileFormat, Row, RowStream, Rows, Warehouse as _, WarehouseError,
};
use serde_json::Value;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The size of a piece of the file in bytes.
const PIECE: usize = 256 << 10;

/// Writes the rows of the table into one object.
pub(in super::super) async fn extract(
    warehouse: &DuckDbWarehouse,
    job: ExtractJob,
) -> Result<Extracted, WarehouseError> {
    let [uri] = job.uris.as_slice() else {
        return Err(refused("one address is written, with * for the number of a file"));
    };
    let address = ObjectAddress::parse(&uri.replace('*', "000000000000")).map_err(said)?;
    let encoder = Encoder::new(&job)?;
    let select = query(&job.settings, "", format!("SELECT * FROM {}", table(&job.source)?));
    let Rows { result, stream } = warehouse.stream(select).await?;
    let rows = Arc::<AtomicU64>::default();
    let bytes = encoder.bytes(result.schema, stream, Arc::clone(&rows))?;
    let written =
        warehouse.objects()?.put(&address, bytes, ObjectAttributes::default()).await.map_err(said)?;
    Ok(Extracted {
        job_id: result.job_id,
        file_counts: vec![1],
        rows: Some(rows.load(Ordering::Relaxed)),
        bytes: Some(written.size),
    })
}

fn refused(message: &str) -> WarehouseError {
    invalid(message, None, None)
}

/// The error for a column of ranges.
pub(in super::super) fn unwritable_range(column: &str) -> WarehouseError {
    let message = format!("The export of RANGE is not supported by the embedded warehouse: {column}");
    invalid(&message, None, Some("export RANGE_START and RANGE_END, or CAST the column to STRING"))
}

/// An error of the object store.
fn said(error: PortError) -> WarehouseError {
    if error.is_transient() {
        return WarehouseError::Unavailable { message: error.to_string() };
    }
    refused(&error.to_string())
}

/// An error of the warehouse, for the object store that reads the bytes.
fn unreadable(error: WarehouseError) -> PortError {
    if error.is_transient() {
        return PortError::unavailable("warehouse", error);
    }
    PortError::invalid(error.to_string())
}

/// How rows become bytes.
pub(in super::super) struct Encoder {
    format: FileFormat,
    delimiter: String,
    header: bool,
    is_packed: bool,
}

impl Encoder {
    /// # Errors
    /// The format or the compression cannot be written.
    pub(in super::super) fn new(job: &ExtractJob) -> Result<Self, WarehouseError> {
        if !matches!(job.format, FileFormat::Csv | FileFormat::Json) {
            return Err(refused(&format!("format is '{}'; CSV and JSON can be written", job.format.name())));
        }
        let is_packed = match job.compression.as_deref() {
            None => false,
            Some("GZIP") => true,
            Some(other) => {
                return Err(refused(&format!("compression is '{other}'; NONE and GZIP can be written")));
            }
        };
        let delimiter = match job.field_delimiter.as_deref() {
            None | Some("") => ",",
            Some("tab" | "\\t") => "\t",
            Some(own) => own,
        };
        Ok(Self { format: job.format, delimiter: delimiter.to_owned(), header: job.print_header, is_packed })
    }

    /// The bytes before the first row.
    fn begin(&self, columns: &[Column]) -> Result<Output, WarehouseError> {
        if let Some(column) = columns.iter().find(|column| column.data_type.contains("RANGE<")) {
            return Err(unwritable_range(&column.name));
        }
        let mut output = Output::new(self.is_packed);
        if self.header && self.format == FileFormat::Csv {
            let names: Vec<String> =
                columns.iter().map(|column| in_csv(column.name.clone(), &self.delimiter)).collect();
            output.write(&format!("{}\n", names.join(&self.delimiter))).map_err(unpacked)?;
        }
        Ok(output)
    }

    /// Writes rows to a file, and returns their number.
    ///
    /// # Errors
    /// A row cannot be read or written.
    pub(in super::super) fn write_all(
        &self,
        columns: &[Column],
        rows: impl Iterator<Item = Result<Row, WarehouseError>>,
        mut file: impl std::io::Write,
    ) -> Result<u64, WarehouseError> {
        let full = |error: std::io::Error| WarehouseError::Unavailable {
            message: format!("the exported file cannot be written: {error}"),
        };
        let mut output = self.begin(columns)?;
        let mut count = 0;
        for row in rows {
            output.write(&self.row(columns, row?)?).map_err(unpacked)?;
            count += 1;
            if output.len() >= PIECE {
                file.write_all(&output.take()).map_err(full)?;
            }
        }
        file.write_all(&output.finish().map_err(unpacked)?).map_err(full)?;
        file.flush().map_err(full)?;
        Ok(count)
    }

    /// The bytes of the file. Counts the rows in `count`.
    fn bytes(
        self,
        columns: Vec<Column>,
        rows: RowStream,
        count: Arc<AtomicU64>,
    ) -> Result<ByteStream, WarehouseError> {
        let output = self.begin(&columns)?;
        let columns = Arc::new(columns);
        let encoder = Arc::new(self);
        let state = Some((rows.fuse(), output));
        let pieces = futures::stream::try_unfold(state, move |state| {
            let (columns, encoder, count) = (Arc::clone(&columns), Arc::clone(&encoder), Arc::clone(&count));
            async move {
                let Some((mut rows, mut output)) = state else { return Ok(None) };
                while output.len() < PIECE {
                    let Some(row) = rows.try_next().await.map_err(unreadable)? else {
                        let last = output.finish().map_err(|error| unreadable(unpacked(error)))?;
                        return Ok(Some((last, None)));
                    };
                    count.fetch_add(1, Ordering::Relaxed);
                    let line = encoder.row(&columns, row).map_err(unreadable)?;
                    output.write(&line).map_err(|error| unreadable(unpacked(error)))?;
                }
                Ok(Some((output.take(), Some((rows, output)))))
            }
        });
        Ok(pieces.boxed())
    }

    fn row(&self, columns: &[Column], row: Row) -> Result<String, WarehouseError> {
        let mut line = if self.format == FileFormat::Json {
            let present: Row = row.into_iter().filter(|(_, value)| !value.is_null()).collect();
            Value::Object(present).to_string()
        } else {
            let mut fields = Vec::with_capacity(columns.len());
            for column in columns {
                fields.push(in_csv(field(column, row.get(&column.name))?, &self.delimiter));
            }
            fields.join(&self.delimiter)
        };
        line.push('\n');
        Ok(line)
    }
}

fn unpacked(error: std::io::Error) -> WarehouseError {
    refused(&format!("the rows cannot be compressed: {error}"))
}

/// The bytes that wait to be sent.
enum Output {
    Plain(Vec<u8>),
    Packed(Box<GzEncoder<Vec<u8>>>),
}

impl Output {
    fn new(is_packed: bool) -> Self {
        if is_packed {
            Self::Packed(Box::new(GzEncoder::new(Vec::new(), Compression::default())))
        } else {
            Self::Plain(Vec::new())
        }
    }

    fn buffer(&mut self) -> &mut Vec<u8> {
        match self {
            Self::Plain(bytes) => bytes,
            Self::Packed(encoder) => encoder.get_mut(),
        }
    }

    fn len(&mut self) -> usize {
        self.buffer().len()
    }

    fn write(&mut self, text: &str) -> std::io::Result<()> {
        match self {
            Self::Plain(bytes) => bytes.write_all(text.as_bytes()),
            Self::Packed(encoder) => encoder.write_all(text.as_bytes()),
        }
    }

    fn take(&mut self) -> Bytes {
        std::mem::take(self.buffer()).into()
    }

    fn finish(self) -> std::io::Result<Bytes> {
        Ok(match self {
            Self::Plain(bytes) => bytes,
            Self::Packed(encoder) => encoder.finish()?,
        }
        .into())
    }
}

/// A value in BigQuery's CSV format.
fn field(column: &Column, value: Option<&Value>) -> Result<String, WarehouseError> {
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) if column.data_type == "TIMESTAMP" => {
            Ok(text.replacen('T', " ", 1).replace('Z', " UTC"))
        }
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Array(_) | Value::Object(_)) if column.data_type != "JSON" => Err(refused(&format!(
            "the column '{}' is a list or record, which a CSV file cannot contain; set format: JSON",
            column.name
        ))),
        Some(other) => Ok(other.to_string()),
    }
}

fn in_csv(text: String, delimiter: &str) -> String {
    if text.contains(delimiter) || text.contains(['"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}
