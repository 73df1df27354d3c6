//! `segue kv`: the key-values of namespaces.

use crate::client::{Format, Needs, Reach, Reply, Session, date, list as table, text};
use anyhow::Context as _;
use jiff::{SignedDuration, Span, Timestamp, civil};
use segue_api_types::{KvKey, KvValue};
use segue_model::Json;
use std::io::Read as _;

/// The key-values of namespaces.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue kv set zoomcamp GCP_PROJECT_ID my-project
  segue kv set zoomcamp GCP_CREDS @key.json
  segue kv list zoomcamp")]
pub(crate) struct Args {
    #[command(flatten)]
    format: Format,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Sets a value.
    ///
    /// A value that looks like JSON, a date or an ISO-8601 duration gets this type. Any other value is a text.
    #[command(after_help = "Examples:
  segue kv set zoomcamp GCP_BUCKET_NAME my-bucket
  segue kv set zoomcamp limits '{\"rows\": 1000}'
  segue kv set zoomcamp version 1.10 --text
  segue kv set zoomcamp GCP_CREDS @key.json
  date -I | segue kv set zoomcamp today - --ttl PT24H")]
    Set(Set),
    /// Prints a value.
    #[command(after_help = "Example:
  segue kv get zoomcamp GCP_BUCKET_NAME")]
    Get(Key),
    /// Lists the keys of a namespace.
    #[command(
        visible_alias = "ls",
        after_help = "Example:
  segue kv list zoomcamp"
    )]
    List {
        /// The namespace.
        #[arg(add = crate::complete::namespaces())]
        namespace: String,
    },
    /// Deletes a value. The exit code is 1 if the value does not exist.
    #[command(
        visible_alias = "rm",
        after_help = "Example:
  segue kv delete zoomcamp GCP_CREDS"
    )]
    Delete(Key),
}

/// Names a value.
#[derive(Debug, clap::Args)]
struct Key {
    /// The namespace.
    #[arg(add = crate::complete::namespaces())]
    namespace: String,
    /// The key.
    key: String,
}

/// Names a value, and gives the new one.
#[derive(Debug, clap::Args)]
struct Set {
    #[command(flatten)]
    place: Key,
    /// The value, or @FILE for the content of a file, or - for standard input.
    #[arg(value_name = "VALUE|@FILE|-", allow_hyphen_values = true)]
    value: String,
    /// How long the value is kept, such as PT1H, P7D or '2 hours'. Default: for ever.
    #[arg(long, value_name = "DURATION", value_parser = iso_duration)]
    ttl: Option<String>,
    /// Stores the value as a text, even if it looks like another type.
    #[arg(long)]
    text: bool,
}

/// A duration in ISO-8601, from either notation.
fn iso_duration(text: &str) -> Result<String, String> {
    text.parse::<Span>()
        .ok()
        .filter(|span| span.is_positive())
        .map(|span| span.to_string())
        .ok_or_else(|| "not a duration; write PT1H, P7D or '2 hours'".to_owned())
}

impl Verb {
    fn needs(&self) -> Needs {
        match self {
            Self::Set(_) => Needs::NewData,
            Self::Get(_) | Self::List { .. } | Self::Delete(_) => Needs::Data,
        }
    }
}

pub(crate) async fn run(args: Args, reach: &Reach) -> anyhow::Result<u8> {
    let session = reach.open(args.format.output, args.verb.needs()).await?;
    let reply = match args.verb {
        Verb::Set(set) => set_value(&session, &set).await?,
        Verb::Get(key) => get(&session, &key).await?,
        Verb::List { namespace } => list(&session, &namespace).await?,
        Verb::Delete(key) => delete(&session, &key).await?,
    };
    reply.show(session.output)
}

async fn set_value(session: &Session, args: &Set) -> anyhow::Result<Reply> {
    let text = match args.value.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?,
        None if args.value == "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
            text
        }
        None => args.value.clone(),
    };
    let body = if args.text { Json::String(text).to_string() } else { literal(&text) };
    let Key { namespace, key } = &args.place;
    let call = session.client.put(&["namespaces", namespace, "kv", key]).plain(&body);
    let call = match &args.ttl {
        Some(ttl) => call.header("ttl", ttl),
        None => call,
    };
    call.send().await?;
    Ok(Reply::new(Json::Null, format!("set {key} of {namespace}, {}\n", kind(&body))))
}

/// The body for a value. JSON, dates and durations are sent as they are. Anything else becomes a JSON text, without the
/// line break at the end of a file.
fn literal(text: &str) -> String {
    let trimmed = text.trim();
    let is_json = serde_json::from_str::<Json>(trimmed).is_ok();
    let is_date = trimmed.parse::<Timestamp>().is_ok()
        || (trimmed.len() == "2024-01-01".len() && trimmed.parse::<civil::Date>().is_ok());
    let is_duration = trimmed.starts_with('P')
        && (trimmed.parse::<SignedDuration>().is_ok() || trimmed.parse::<Span>().is_ok());
    if is_json || is_date || is_duration {
        return trimmed.to_owned();
    }
    Json::String(text.trim_end_matches(['\n', '\r']).to_owned()).to_string()
}

/// What a body is stored as, in words.
fn kind(body: &str) -> &'static str {
    match serde_json::from_str::<Json>(body) {
        Ok(Json::String(_)) => "a text",
        Ok(Json::Number(_)) => "a number",
        Ok(Json::Bool(_)) => "true or false",
        Ok(_) => "JSON",
        Err(_) if body.parse::<Timestamp>().is_ok() => "a date and time",
        Err(_) if body.parse::<civil::Date>().is_ok() => "a date",
        Err(_) => "a duration",
    }
}

async fn get(session: &Session, args: &Key) -> anyhow::Result<Reply> {
    let call = session.client.get(&["namespaces", &args.namespace, "kv", &args.key]);
    let answer = call.read::<KvValue>().await?;
    let text = match &answer.value.value {
        value @ (Json::Object(_) | Json::Array(_)) => serde_json::to_string_pretty(value)?,
        value => text(value),
    };
    Ok(Reply::new(answer.json, text + "\n"))
}

async fn list(session: &Session, namespace: &str) -> anyhow::Result<Reply> {
    let answer = session.client.get(&["namespaces", namespace, "kv"]).read::<Vec<KvKey>>().await?;
    let text = table(&answer.value, &["key", "updated", "expires"], "there are no keys", |entry| {
        vec![
            entry.key.clone(),
            date(entry.update_date, &session.zone),
            date(entry.expiration_date, &session.zone),
        ]
    });
    Ok(Reply::new(answer.json, text))
}

async fn delete(session: &Session, args: &Key) -> anyhow::Result<Reply> {
    let Key { namespace, key } = args;
    let answer = session.client.delete(&["namespaces", namespace, "kv", key]).read::<bool>().await?;
    let mut reply = Reply::new(answer.json, format!("deleted {key} of {namespace}\n"));
    if !answer.value {
        reply.text = format!("there is no key {key} in {namespace}\n");
        reply.code = crate::FAILED;
    }
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::stub::{Stub, error, json as ok};
    use serde_json::json;

    #[test]
    fn a_value_is_what_it_reads_as() {
        for same in ["12", "true", "\"a\"", "{\"a\": 1}", "2024-01-01T00:00:00Z", "2024-01-01", "PT5M", "P1D"]
        {
            assert_eq!(literal(same), same);
            assert_eq!(literal(&format!("{same}\n")), same);
        }
        for (text, expected) in [
            ("my-bucket", "\"my-bucket\""),
            ("two words\n", "\"two words\""),
            ("Project", "\"Project\""),
            ("2024", "2024"),
            ("say \"hi\"", "\"say \\\"hi\\\"\""),
            ("", "\"\""),
        ] {
            assert_eq!(literal(text), expected);
        }
    }

    #[test]
    fn the_stored_type_is_said() {
        for (text, expected) in [
            ("my-bucket", "a text"),
            ("12", "a number"),
            ("true", "true or false"),
            ("{\"a\": 1}", "JSON"),
            ("2024-01-01", "a date"),
            ("2024-01-01T00:00:00Z", "a date and time"),
            ("PT5M", "a duration"),
        ] {
            assert_eq!(kind(&literal(text)), expected, "{text}");
        }
    }

    #[test]
    fn a_ttl_is_sent_as_iso_writes_it() {
        assert_eq!(iso_duration("PT1H").as_deref(), Ok("PT1H"));
        assert_eq!(iso_duration("2 hours").as_deref(), Ok("PT2H"));
        assert_eq!(iso_duration("P7D").as_deref(), Ok("P7D"));
        assert!(iso_duration("soon").is_err());
        assert!(iso_duration("-PT1H").is_err());
    }

    fn key() -> Key {
        Key { namespace: "bay-wheels".into(), key: "GCP_CREDS".into() }
    }

    #[tokio::test]
    async fn a_file_is_sent_as_it_is() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "{\"type\": \"service_account\"}\n").unwrap();
        let stub = Stub::new([(200, "text/plain", String::new())]).await;
        let value = format!("@{}", file.path().display());
        let args = Set { place: key(), value, ttl: Some("PT1H".into()), text: false };
        set_value(&stub.session, &args).await.unwrap();
        let asked = stub.asked().remove(0);
        assert_eq!(asked.what, "PUT /namespaces/bay-wheels/kv/GCP_CREDS");
        assert_eq!(asked.body, "{\"type\": \"service_account\"}");
        assert!(asked.headers.contains(&"ttl: PT1H".to_owned()), "{:?}", asked.headers);
    }

    #[tokio::test]
    async fn values_are_printed_bare_and_missing_ones_are_told() {
        let stub = Stub::new([
            ok(json!({"type": "STRING", "value": "my bucket"})),
            ok(json!({"type": "JSON", "value": {"a": 1}})),
            ok(json!([{"key": "a", "updateDate": "2024-01-01T00:00:00Z"}])),
            ok(json!(false)),
            error(404, "Not Found: no such key"),
        ])
        .await;
        let session = &stub.session;
        assert_eq!(get(session, &key()).await.unwrap().text, "my bucket\n");
        assert_eq!(get(session, &key()).await.unwrap().text, "{\n  \"a\": 1\n}\n");
        assert_eq!(
            list(session, "n").await.unwrap().text,
            "key  updated              expires\na    2024-01-01 00:00:00\n"
        );
        assert_eq!(delete(session, &key()).await.unwrap().code, crate::FAILED);
        let missing = get(session, &key()).await.unwrap_err();
        assert_eq!(crate::client::exit_code(&missing), crate::FAILED);
    }
}
