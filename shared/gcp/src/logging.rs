//! Entries of Cloud Logging: what containers and builds wrote.

use crate::auth::{self, Caller};
use crate::rest::{Rest, RestError};
use segue_ports::{Credentials, PortError};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The address of the service.
const SERVICE: &str = "https://logging.googleapis.com";
/// How long Cloud Logging takes to show the last lines of work that has ended.
const DELAY: Duration = Duration::from_secs(3);
/// The number of entries in one answer, which is the most that Cloud Logging sends.
const PAGE: usize = 1000;
/// The most pages that are read. A project may read 60 pages a minute.
const PAGES: usize = 10;

/// Reads entries.
pub(crate) struct Logging {
    rest: Rest,
    project: String,
    port: &'static str,
    delay: Duration,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Page {
    entries: Vec<Entry>,
    next_page_token: String,
}

/// An entry.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub(crate) struct Entry {
    pub(crate) log_name: String,
    pub(crate) text_payload: Option<String>,
    pub(crate) json_payload: Option<Map<String, Value>>,
}

/// Entries in the order of their times.
pub(crate) struct Entries {
    pub(crate) entries: Vec<Entry>,
    /// A sentence if the log has more entries than are read.
    pub(crate) cut_off: Option<String>,
}

impl Logging {
    /// Opens Cloud Logging, or an emulator with this address. `port` is named in errors.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] if there are no credentials.
    pub(crate) fn open(project: &str, emulator: Option<&str>, port: &'static str) -> Result<Self, PortError> {
        let credentials = auth::credentials(&Credentials::default(), port, emulator.is_some())?;
        let base = format!("{}/v2", emulator.unwrap_or(SERVICE));
        let delay = if emulator.is_some() { Duration::ZERO } else { DELAY };
        let rest = Rest::new(&base, Caller::new(credentials, port), port)?;
        Ok(Self { rest, project: project.to_owned(), port, delay })
    }

    /// The entries that a filter matches. `what` is named in errors.
    ///
    /// # Errors
    /// [`PortError`] if Cloud Logging refuses the request, or does not answer.
    pub(crate) async fn entries(&self, filter: &str, what: &str) -> Result<Entries, PortError> {
        tokio::time::sleep(self.delay).await;
        let (mut entries, mut page) = (Vec::new(), String::new());
        for _ in 0..PAGES {
            let asked = json!({
                "resourceNames": [format!("projects/{}", self.project)],
                "filter": filter, "orderBy": "timestamp asc", "pageSize": PAGE, "pageToken": page,
            });
            let about = |error: RestError| error.about(self.port, what);
            let sent = self.rest.post(["entries:list"]).json(&asked).map_err(about)?;
            let found: Page = sent.send().await.map_err(about)?;
            entries.extend(found.entries);
            if found.next_page_token.is_empty() {
                return Ok(Entries { entries, cut_off: None });
            }
            page = found.next_page_token;
        }
        let cut_off = Some(format!("more than {} lines: the rest is in Cloud Logging", PAGE * PAGES));
        Ok(Entries { entries, cut_off })
    }
}
