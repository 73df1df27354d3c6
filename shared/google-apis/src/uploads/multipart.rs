//! Bodies with several parts: `multipart/related` of uploads, `multipart/mixed` of batches.
//!
//! Google's clients end lines with CR LF or with LF alone, so both are read.

use super::spool::Spooled;
use crate::refusal::Refusal;
use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use futures::StreamExt as _;
use std::path::Path;

/// The largest first part of an upload, with the heads of both parts, in bytes.
const DESCRIPTION: usize = 10 << 20;

/// The boundary between the parts of a body.
fn boundary(headers: &HeaderMap) -> Result<String, Refusal> {
    let text = headers.get(CONTENT_TYPE).and_then(|text| text.to_str().ok()).unwrap_or_default();
    let mut parameters = text.split(';').skip(1).filter_map(|parameter| parameter.trim().split_once('='));
    let is_multipart = text.trim_start().to_ascii_lowercase().starts_with("multipart/");
    let found = parameters.find(|(name, _)| is_multipart && name.trim().eq_ignore_ascii_case("boundary"));
    let value = found.map(|(_, value)| value.trim().trim_matches(['"', '\'']).to_owned());
    value.filter(|value| !value.is_empty()).ok_or_else(|| {
        Refusal::invalid(format!("the body has no parts: its Content-Type is '{text}', without a boundary"))
    })
}

/// A part: the lines before its first empty line, and the bytes after it.
pub(crate) struct Part<'a> {
    head: &'a str,
    pub(crate) body: &'a [u8],
}

impl<'a> Part<'a> {
    /// A header of the part.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        let mut pairs = self.head.lines().filter_map(|line| line.split_once(':'));
        pairs.find(|(own, _)| own.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// A part after its boundary. The end of the line of the boundary is the first thing in it.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let bytes = bytes.strip_prefix(b"\r\n").or_else(|| bytes.strip_prefix(b"\n")).unwrap_or(bytes);
        let (end, length) = [(find(bytes, b"\r\n\r\n"), 4), (find(bytes, b"\n\n"), 2)]
            .into_iter()
            .filter_map(|(at, length)| Some((at?, length)))
            .min()?;
        Some(Self { head: std::str::from_utf8(bytes.get(..end)?).ok()?, body: bytes.get(end + length..)? })
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Bytes without the end of a line at their end.
fn without_end(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\r\n").or_else(|| bytes.strip_suffix(b"\n")).unwrap_or(bytes)
}

/// The parts of a body that is in memory.
pub(crate) fn parts<'a>(headers: &HeaderMap, body: &'a [u8]) -> Result<Vec<Part<'a>>, Refusal> {
    let mark = format!("--{}", boundary(headers)?);
    let cut = || Refusal::invalid("the body has no end, or a part without a head");
    let (mut rest, mut found) = (body, Vec::new());
    let mut at = find(rest, mark.as_bytes()).ok_or_else(cut)?;
    loop {
        rest = rest.get(at + mark.len()..).unwrap_or_default();
        if rest.starts_with(b"--") {
            return Ok(found);
        }
        at = find(rest, mark.as_bytes()).ok_or_else(cut)?;
        found.push(Part::read(without_end(rest.get(..at).unwrap_or_default())).ok_or_else(cut)?);
    }
}

/// An upload in one request: a description, and a file.
pub(crate) struct Related {
    pub(crate) description: Bytes,
    /// The media type of the file.
    pub(crate) content_type: Option<String>,
    pub(crate) file: Spooled,
}

/// Reads an upload in one request. The file is written to `folder` as it arrives.
pub(crate) async fn related(headers: &HeaderMap, body: Body, folder: &Path) -> Result<Related, Refusal> {
    let mark = format!("--{}", boundary(headers)?);
    let mut body = body.into_data_stream();
    let mut buffer = Vec::new();
    let (description, content_type, start) = loop {
        if let Some(found) = heads(&buffer, mark.as_bytes()) {
            break found;
        }
        if buffer.len() > DESCRIPTION {
            return Err(Refusal::invalid(format!(
                "the description of the upload has more than {DESCRIPTION} bytes"
            )));
        }
        match next(&mut body).await? {
            Some(piece) => buffer.extend_from_slice(&piece),
            None => return Err(Refusal::invalid("the body has no two parts: a description, and a file")),
        }
    };
    let mut file = Spooled::new(folder)?;
    buffer.drain(..start);
    // The end mark, with the ends of lines around it, is never longer.
    let held = mark.len() + 8;
    while let Some(piece) = next(&mut body).await? {
        buffer.extend_from_slice(&piece);
        let sure = buffer.len().saturating_sub(held);
        file.write(buffer.get(..sure).unwrap_or_default()).await?;
        buffer.drain(..sure);
    }
    let end = buffer.windows(mark.len()).rposition(|window| window == mark.as_bytes());
    let end = end.ok_or_else(|| Refusal::invalid("the upload was cut off: the body has no end"))?;
    file.write(without_end(buffer.get(..end).unwrap_or_default())).await?;
    Ok(Related { description, content_type, file })
}

async fn next(body: &mut BodyDataStream) -> Result<Option<Bytes>, Refusal> {
    let piece = body.next().await.transpose();
    piece.map_err(|error| Refusal::invalid(format!("the upload was cut off: {error}")))
}

/// The first part, the media type of the second, and where the bytes of the second begin. None if there is not enough.
fn heads(buffer: &[u8], mark: &[u8]) -> Option<(Bytes, Option<String>, usize)> {
    let first = find(buffer, mark)? + mark.len();
    let length = find(buffer.get(first..)?, mark)?;
    let description = Part::read(without_end(buffer.get(first..first + length)?))?;
    let second = buffer.get(first + length + mark.len()..)?;
    let part = Part::read(second)?;
    let content_type = part.header(CONTENT_TYPE.as_str()).map(str::to_owned);
    Some((Bytes::copy_from_slice(description.body), content_type, buffer.len() - part.body.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn of(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_str(text).unwrap())])
    }

    #[tokio::test]
    async fn uploads_of_all_clients_are_read_in_pieces_of_any_size() {
        let folder = tempfile::tempdir().unwrap();
        let headers = of("multipart/related; boundary=\"==123==\"");
        for end in ["\r\n", "\n"] {
            for content in ["", "hello", "a\n--==12\r\n--\n", &"x".repeat(5000)] {
                let lines = [
                    "--==123==",
                    "content-type: application/json",
                    "",
                    "{\"name\": \"x\"}",
                    "--==123==",
                    "Content-Type: text/plain",
                    "",
                    content,
                    "--==123==--",
                ];
                for size in [1, 7, 100_000] {
                    let text = lines.join(end) + if size == 7 { "" } else { end };
                    let pieces: Vec<Result<Vec<u8>, String>> =
                        text.as_bytes().chunks(size).map(|piece| Ok(piece.to_vec())).collect();
                    let body = Body::from_stream(futures::stream::iter(pieces));
                    let read = related(&headers, body, folder.path()).await.unwrap();
                    assert_eq!(read.description, "{\"name\": \"x\"}");
                    assert_eq!(read.content_type.as_deref(), Some("text/plain"));
                    let file = read.file.finish().await.unwrap();
                    assert_eq!(std::fs::read_to_string(&file.path).unwrap(), content);
                }
            }
        }
        for cut in ["", "--==123==\n\n{}\n", "--==123==\n\n{}\n--==123==\n\nhalf"] {
            assert!(related(&headers, Body::from(cut), folder.path()).await.is_err(), "{cut:?}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_parts_of_a_batch_are_read() {
        let headers = of("multipart/mixed; boundary=x");
        let body = b"--x\nContent-Id: <a+1>\n\nGET /b HTTP/1.1\n\n--x\r\nContent-ID: <a+2>\r\n\r\nDELETE /c HTTP/1.1\r\n--x--\n";
        let parts = parts(&headers, body).unwrap();
        let read: Vec<_> = parts.iter().map(|part| (part.header("content-id").unwrap(), part.body)).collect();
        assert_eq!(read, [("<a+1>", b"GET /b HTTP/1.1\n".as_slice()), ("<a+2>", b"DELETE /c HTTP/1.1")]);
        assert!(super::parts(&headers, b"--x\n\nGET").is_err());
    }

    #[test]
    fn other_bodies_have_no_boundary() {
        for text in
            ["application/json", "multipart/related", "multipart/related; boundary=", "text/x; boundary=a"]
        {
            assert!(boundary(&of(text)).is_err(), "{text}");
        }
    }
}
