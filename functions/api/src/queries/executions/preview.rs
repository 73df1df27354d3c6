//! The beginning of a file as rows, text or a picture.

use super::files::{open, own};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
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

/// The preview of a file of an execution, with the options of a query.
pub(crate) async fn preview(api: &Api, id: &str, query: &Query) -> Answer<types::FilePreview> {
    let rows = query.number("maxRows")?.unwrap_or(ROWS);
    if rows == 0 {
        return Err(ApiError::argument("maxRows: must be at least 1"));
    }
    let rows = rows.min(MOST_ROWS) as usize;
    let encoding = query.text("encoding").unwrap_or("UTF-8");
    let encoding = Encoding::for_label(encoding.as_bytes()).ok_or_else(|| {
        ApiError::argument(format!("encoding: unknown encoding '{encoding}'; use a name such as UTF-8"))
    })?;
    let uri = own(api, id, query).await?;
    let (info, stream) = open(api, &uri).await?;
    let extension = extension(&uri);
    let kind = kind(&extension);
    Ok(match kind {
        PreviewKind::Image | PreviewKind::Pdf => picture(kind, extension, info.size, stream).await?,
        PreviewKind::List | PreviewKind::Text | PreviewKind::Markdown => {
            lines(kind, extension, stream, rows, encoding).await?
        }
    })
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

async fn picture(
    kind: PreviewKind,
    extension: String,
    size: u64,
    stream: ByteStream,
) -> Answer<types::FilePreview> {
    let truncated = size > LARGEST_PICTURE;
    let content = if truncated {
        Value::Null
    } else {
        let bytes = stream
            .try_fold(Vec::new(), |mut bytes, chunk| async move {
                bytes.extend_from_slice(&chunk);
                Ok(bytes)
            })
            .await?;
        Value::String(STANDARD.encode(bytes))
    };
    Ok(types::FilePreview { extension, kind, content, max_line: None, truncated })
}

async fn lines(
    kind: PreviewKind,
    extension: String,
    mut stream: ByteStream,
    rows: usize,
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
    let (text, _, _) = encoding.decode(&bytes);
    let mut lines: Vec<&str> = text.lines().collect();
    if !is_whole {
        // The last line may be incomplete.
        lines.pop();
    }
    // The first line of a table names its columns.
    let most = if matches!(&*extension, "csv" | "tsv") { rows + 1 } else { rows };
    let is_cut = !is_whole || lines.len() > most;
    lines.truncate(most);
    let content = match (kind, &*extension) {
        (PreviewKind::List, "csv") => Value::Array(table(&lines.join("\n"), b',')),
        (PreviewKind::List, "tsv") => Value::Array(table(&lines.join("\n"), b'\t')),
        (PreviewKind::List, _) => Value::Array(lines.iter().flat_map(|line| values(line)).collect()),
        _ => Value::String(lines.join("\n")),
    };
    Ok(types::FilePreview { extension, kind, content, max_line: Some(rows as u64), truncated: is_cut })
}

/// The values of a line of Ion or JSON. A line that cannot be parsed is shown as text.
fn values(line: &str) -> Vec<Value> {
    if line.trim().is_empty() {
        return Vec::new();
    }
    segue_template::ion::parse_all(line).unwrap_or_else(|_| vec![json!(line)])
}

/// The rows of a table by the names of its columns.
fn table(text: &str, delimiter: u8) -> Vec<Value> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let names = reader.headers().cloned().unwrap_or_default();
    reader
        .records()
        .filter_map(Result::ok)
        .map(|record| {
            let row: Map = names
                .iter()
                .zip(record.iter())
                .map(|(name, value)| (name.to_owned(), json!(value)))
                .collect();
            Value::Object(row)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    async fn shown(name: &str, bytes: &'static [u8], rows: usize) -> Value {
        let stream: ByteStream =
            Box::pin(futures::stream::once(async move { Ok(Bytes::from_static(bytes)) }));
        let extension = extension(name);
        json!(lines(kind(&extension), extension, stream, rows, encoding_rs::UTF_8).await.unwrap())
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
}
