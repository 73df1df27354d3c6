//! The rows of a Parquet file. The end of the file says what is in it, so the whole file is read, up to a limit.

use super::{Part, nothing, whole};
use crate::error::{Answer, ApiError};
use parquet::data_type::AsBytes as _;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::types::Type;
use segue_api_types::{self as types, PreviewKind};
use segue_model::Json as Value;
use segue_ports::object::ByteStream;

/// The largest file of a preview, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The preview of a file of `size` bytes. A larger file than the limit has no rows, and is `truncated`.
pub(super) async fn preview(
    extension: String,
    size: u64,
    stream: ByteStream,
    part: Part,
) -> Answer<types::FilePreview> {
    let mut shown = types::FilePreview {
        max_line: Some(part.rows as u64),
        truncated: true,
        ..nothing(extension, PreviewKind::List)
    };
    if size > LARGEST {
        return Ok(shown);
    }
    let bytes = bytes::Bytes::from(whole(stream).await?);
    // Decompression takes the processor's time, which other requests need.
    let read = tokio::task::spawn_blocking(move || read(bytes, part)).await;
    let table = read
        .map_err(|error| ApiError::argument(format!("the Parquet file cannot be read: {error}")))?
        .map_err(|error| ApiError::argument(format!("the Parquet file cannot be read: {error}")))?;
    shown.truncated = table.total > (part.offset.saturating_add(table.rows.len())) as u64;
    shown.content = Value::Array(Vec::new());
    (shown.columns, shown.types) = (Some(table.columns), Some(table.types));
    (shown.rows, shown.total_rows) = (Some(table.rows), Some(table.total));
    Ok(shown)
}

struct Table {
    columns: Vec<String>,
    types: Vec<String>,
    rows: Vec<Vec<Option<String>>>,
    total: u64,
}

fn read(bytes: bytes::Bytes, part: Part) -> Result<Table, ParquetError> {
    let reader = SerializedFileReader::new(bytes)?;
    let metadata = reader.metadata().file_metadata();
    let fields = metadata.schema().get_fields();
    let (columns, types) = fields.iter().map(|field| (field.name().to_owned(), type_of(field))).unzip();
    let total = u64::try_from(metadata.num_rows()).unwrap_or_default();
    let rows = reader.get_row_iter(None)?.skip(part.offset).take(part.rows);
    let rows = rows.map(|row| Ok(row?.get_column_iter().map(|(_, field)| cell(field)).collect()));
    Ok(Table { columns, types, rows: rows.collect::<Result<_, ParquetError>>()?, total })
}

/// The name of a column's type: what it means, or else how it is stored.
fn type_of(field: &Type) -> String {
    if field.is_group() {
        return "GROUP".to_owned();
    }
    let meaning = field.get_basic_info().logical_type_ref().map(|kind| format!("{kind:?}"));
    let meaning =
        meaning.as_deref().and_then(|text| text.split(|letter: char| !letter.is_alphanumeric()).next());
    meaning.map_or_else(|| field.get_physical_type().to_string(), str::to_uppercase)
}

/// A value as text. Bytes are hexadecimal. None for NULL.
fn cell(field: &Field) -> Option<String> {
    match field {
        Field::Null => None,
        Field::Str(text) => Some(text.clone()),
        Field::Bytes(bytes) => Some(bytes.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()),
        other => Some(other.to_string()),
    }
}
