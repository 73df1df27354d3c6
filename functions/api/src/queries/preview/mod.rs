//! The beginning of a file as rows, text or a picture.

mod table_file;

use crate::error::{Answer, ApiError};
use crate::request::Query;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::Encoding;
use futures::TryStreamExt as _;
use segue_api_types::{self as types, PreviewKind};
use segue_model::{Json as Value, Map};
use segue_ports::object::ByteStream;
use serde_json::json;

/// How much of a file is read for a preview, in bytes.
const MOST_READ: usize = 4 * 1024 * 1024;
/// The largest picture or document of a preview, in bytes.
const LARGEST_PICTURE: u64 = 10 * 1024 * 1024;
/// The default number of lines.
const ROWS: u32 = 100;
/// The largest number of lines.
const MOST_ROWS: u32 = 5000;

/// Which rows or lines of a file are shown.
#[derive(Clone, Copy)]
struct Part {
    offset: usize,
    rows: usize,
}

/// Which part of a file a preview shows, and how its bytes are read.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    part: Part,
    encoding: &'static Encoding,
}

/// Reads the options of a preview from a query.
pub(crate) fn wanted(query: &Query) -> Answer<Wanted> {
    let rows = query.number("maxRows")?.unwrap_or(ROWS);
    if rows == 0 {
        return Err(ApiError::argument("maxRows: must be at least 1"));
    }
    let part =
        Part { offset: query.number("offset")?.unwrap_or(0) as usize, rows: rows.min(MOST_ROWS) as usize };
    let encoding = query.text("encoding").unwrap_or("UTF-8");
    let encoding = Encoding::for_label(encoding.as_bytes()).ok_or_else(|| {
        ApiError::argument(format!("encoding: unknown encoding '{encoding}'; use a name such as UTF-8"))
    })?;
    Ok(Wanted { part, encoding })
}

/// The preview of a file with this name or address, of `size` bytes.
pub(crate) async fn preview(
    name: &str,
    size: u64,
    stream: ByteStream,
    wanted: Wanted,
) -> Answer<types::FilePreview> {
    let extension = extension(name);
    if extension == "parquet" {
        return table_file::preview(extension, size, stream, wanted.part).await;
    }
    let kind = kind(&extension);
    match kind {
        PreviewKind::Image | PreviewKind::Pdf => picture(kind, extension, size, stream).await,
        PreviewKind::List | PreviewKind::Text | PreviewKind::Markdown | PreviewKind::Binary => {
            lines(kind, extension, stream, wanted.part, wanted.encoding).await
        }
    }
}

fn extension(uri: &str) -> String {
    let name = segue_files::path::last_part(uri);
    name.rsplit_once('.').map(|(_, extension)| extension.to_lowercase()).unwrap_or_default()
}

fn kind(extension: &str) -> PreviewKind {
    match extension {
        "ion" | "jsonl" | "ndjson" | "csv" | "tsv" => PreviewKind::List,
        "md" => PreviewKind::Markdown,
        "png" | "jpg" | "jpeg" | "gif" | "webp" | "svg" | "bmp" => PreviewKind::Image,
        "pdf" => PreviewKind::Pdf,
        _ => PreviewKind::Text,
    }
}

/// A preview without content.
fn nothing(extension: String, kind: PreviewKind) -> types::FilePreview {
    types::FilePreview {
        extension,
        kind,
        content: Value::Null,
        max_line: None,
        columns: None,
        types: None,
        rows: None,
        total_rows: None,
        truncated: false,
    }
}

/// The bytes of a whole file.
async fn whole(stream: ByteStream) -> Answer<Vec<u8>> {
    let collected = stream.try_fold(Vec::new(), |mut bytes, chunk| async move {
        bytes.extend_from_slice(&chunk);
        Ok(bytes)
    });
    Ok(collected.await?)
}

async fn picture(
    kind: PreviewKind,
    extension: String,
    size: u64,
    stream: ByteStream,
) -> Answer<types::FilePreview> {
    let truncated = size > LARGEST_PICTURE;
    let content = if truncated { Value::Null } else { Value::String(STANDARD.encode(whole(stream).await?)) };
    Ok(types::FilePreview { content, truncated, ..nothing(extension, kind) })
}

async fn lines(
    kind: PreviewKind,
    extension: String,
    mut stream: ByteStream,
    part: Part,
    encoding: &'static Encoding,
) -> Answer<types::FilePreview> {
    let mut bytes = Vec::new();
    let mut is_whole = true;
    while let Some(chunk) = stream.try_next().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= MOST_READ {
            bytes.truncate(MOST_READ);
            is_whole = false;
            break;
        }
    }
    let mut shown = types::FilePreview {
        max_line: Some(part.rows as u64),
        truncated: !is_whole,
        ..nothing(extension, kind)
    };
    if kind == PreviewKind::Text && is_binary(&bytes) {
        let mut dump = hex(&bytes, part);
        shown.kind = PreviewKind::Binary;
        shown.truncated = !is_whole || dump.len() > part.rows;
        dump.truncate(part.rows);
        shown.content = Value::String(dump.join("\n"));
        return Ok(shown);
    }
    let (text, _, _) = encoding.decode(&bytes);
    if matches!(&*shown.extension, "csv" | "tsv") {
        let delimiter = if shown.extension == "csv" { b',' } else { b'\t' };
        let (columns, mut records) = table(&text, delimiter, is_whole);
        let mut records = records.split_off(part.offset.min(records.len()));
        shown.truncated = !is_whole || records.len() > part.rows;
        records.truncate(part.rows);
        shown.content = Value::Array(records.iter().map(|record| by_name(&columns, record)).collect());
        let records = records.into_iter().map(|record| record.into_iter().map(Some).collect()).collect();
        (shown.columns, shown.rows) = (Some(columns), Some(records));
        return Ok(shown);
    }
    let mut lines: Vec<&str> = text.lines().collect();
    if !is_whole {
        // The last line may be incomplete.
        lines.pop();
    }
    let mut lines = lines.split_off(part.offset.min(lines.len()));
    shown.truncated = !is_whole || lines.len() > part.rows;
    lines.truncate(part.rows);
    shown.content = match kind {
        PreviewKind::List => Value::Array(lines.iter().flat_map(|line| values(line)).collect()),
        _ => Value::String(lines.join("\n")),
    };
    Ok(shown)
}

/// Whether the beginning of a file has a byte that no text has. UTF-16 has such bytes, and begins with a mark.
fn is_binary(bytes: &[u8]) -> bool {
    let has_mark = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    !has_mark && bytes.iter().take(8_192).any(|byte| *byte == 0)
}

/// Bytes as lines of 16: the position, the bytes, and the letters among them.
fn hex(bytes: &[u8], part: Part) -> Vec<String> {
    let lines = bytes.chunks(16).enumerate().skip(part.offset).take(part.rows.saturating_add(1));
    let line = |(at, chunk): (usize, &[u8])| {
        let numbers: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
        let letter = |byte: &u8| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' };
        let letters: String = chunk.iter().map(letter).collect();
        format!("{:08x}  {:<47}  {letters}", at.saturating_mul(16), numbers.join(" "))
    };
    lines.map(line).collect()
}

/// The values of a line of Ion or JSON. A line that cannot be parsed is shown as text.
fn values(line: &str) -> Vec<Value> {
    if line.trim().is_empty() {
        return Vec::new();
    }
    segue_template::ion::parse_all(line).unwrap_or_else(|_| vec![json!(line)])
}

/// The names of the columns and the rows of a table, as they are in the file. The last row of a part of a file may be
/// incomplete, and is left out.
fn table(text: &str, delimiter: u8, is_whole: bool) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let cells = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
    let names = reader.headers().map(cells).unwrap_or_default();
    let mut rows: Vec<_> = reader.records().filter_map(Result::ok).map(|record| cells(&record)).collect();
    if !is_whole {
        rows.pop();
    }
    (names, rows)
}

/// A row by the names of its columns. Of columns with the same name, the last one counts.
fn by_name(names: &[String], row: &[String]) -> Value {
    let row: Map = names.iter().zip(row).map(|(name, value)| (name.clone(), json!(value))).collect();
    Value::Object(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    async fn shown(name: &str, bytes: &'static [u8], rows: usize) -> Value {
        let stream: ByteStream =
            Box::pin(futures::stream::once(async move { Ok(Bytes::from_static(bytes)) }));
        let extension = extension(name);
        json!(
            lines(kind(&extension), extension, stream, Part { offset: 0, rows }, encoding_rs::UTF_8)
                .await
                .unwrap()
        )
    }

    #[tokio::test]
    async fn rows_are_shown_by_the_kind_of_the_file() {
        let table = shown("a.csv", b"id,name\n1,\"a, b\"\n2,c\n3,d\n", 2).await;
        assert_eq!(table["content"], json!([{"id": "1", "name": "a, b"}, {"id": "2", "name": "c"}]));
        assert_eq!(table["truncated"], true);
        let ion = shown("a.ion", b"{id:1,name:\"x\"}\n{id:2}\n", 10).await;
        assert_eq!(
            (&ion["content"], &ion["truncated"]),
            (&json!([{"id": 1, "name": "x"}, {"id": 2}]), &json!(false))
        );
        let text = shown("a.txt", b"one\ntwo\nthree", 2).await;
        assert_eq!(
            text,
            json!({"extension": "txt", "type": "TEXT", "content": "one\ntwo", "maxLine": 2, "truncated": true})
        );
        assert_eq!(shown("a.txt", b"\xff\xfe", 2).await["truncated"], false, "no text is no fault");
    }

    #[tokio::test]
    async fn columns_keep_their_order_and_their_names() {
        let table = shown("a.csv", b"z,a,z\n1,\"two\nlines\",3\n4\n", 9).await;
        assert_eq!(table["columns"], json!(["z", "a", "z"]));
        assert_eq!(table["rows"], json!([["1", "two\nlines", "3"], ["4"]]));
        assert_eq!(table["truncated"], false);
    }

    #[tokio::test]
    async fn rows_and_lines_are_skipped() {
        let part = async |name: &str, bytes: &'static [u8]| {
            let stream: ByteStream =
                Box::pin(futures::stream::once(async move { Ok(Bytes::from_static(bytes)) }));
            let extension = extension(name);
            let part = Part { offset: 1, rows: 1 };
            json!(lines(kind(&extension), extension, stream, part, encoding_rs::UTF_8).await.unwrap())
        };
        let rows = part("a.csv", b"a\n1\n2\n3\n").await;
        assert_eq!((&rows["rows"], &rows["truncated"]), (&json!([["2"]]), &json!(true)));
        let text = part("a.txt", b"one\ntwo\n").await;
        assert_eq!((&text["content"], &text["truncated"]), (&json!("two"), &json!(false)));
    }

    #[tokio::test]
    async fn bytes_are_shown_as_numbers() {
        let dump = shown("a.parquet", b"PAR1\0\x01 rest of it, and more", 1).await;
        assert_eq!(dump["type"], "BINARY");
        let line = dump["content"].as_str().unwrap();
        assert!(
            line.starts_with("00000000  50 41 52 31 00 01") && line.ends_with("PAR1...rest.of.i"),
            "{line}"
        );
        assert_eq!(dump["truncated"], true);
    }
}
