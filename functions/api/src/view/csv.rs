//! Tables as comma-separated values.

use crate::error::{Answer, ApiError};
use axum::http::header;
use axum::response::{IntoResponse, Response};

/// Answers with a table as a download.
pub(crate) fn answer(name: &str, heading: &[&str], rows: Vec<Vec<String>>) -> Answer<Response> {
    let text = text(heading, rows).map_err(|why| ApiError::argument(format!("the table: {why}")))?;
    let kind = "text/csv; charset=utf-8".to_owned();
    let disposition = format!("attachment; filename=\"{name}\"");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], text).into_response())
}

/// The text of a table.
pub(crate) fn text(heading: &[&str], rows: Vec<Vec<String>>) -> Result<Vec<u8>, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(heading).map_err(|error| error.to_string())?;
    for row in rows {
        writer.write_record(row).map_err(|error| error.to_string())?;
    }
    writer.into_inner().map_err(|error| error.to_string())
}

/// A date, or nothing.
pub(crate) fn date(date: Option<jiff::Timestamp>) -> String {
    date.map(|date| date.to_string()).unwrap_or_default()
}

/// Labels as `key:value`, with commas between them.
pub(crate) fn labels(labels: &[segue_model::label::Label]) -> String {
    labels.iter().map(|label| format!("{}:{}", label.key, label.value)).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_and_quotes_are_quoted() {
        let row = vec!["a,b".to_owned(), "say \"x\"".to_owned()];
        let text = text(&["first", "second"], vec![row]).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), "first,second\n\"a,b\",\"say \"\"x\"\"\"\n");
    }
}
