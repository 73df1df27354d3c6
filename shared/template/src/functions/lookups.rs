//! Functions that ask for outside values (see [`crate::lookups`]).

use crate::builtin::{Args, Builtin, builtin};
use crate::error::{Fault, Outcome};
use crate::java;
use crate::lookups::Lookup;
use crate::run::Run;
use crate::value::{value_from_json, value_to_json};
use minijinja::Value;

pub(super) static TABLE: &[Builtin] = &[
    builtin("secret", &["key", "namespace", "subkey"], secret),
    builtin("kv", &["key", "namespace", "errorOnMissing"], kv),
    builtin("read", &["path", "namespace"], read),
    builtin("fileURI", &["path", "namespace"], file_uri),
    builtin("fileSize", &["uri", "namespace"], file_size),
    builtin("fileExists", &["uri", "namespace"], file_exists),
    builtin("fileEmpty", &["uri", "namespace"], file_empty),
    builtin("isFileEmpty", &["uri", "namespace"], file_empty),
    builtin("http", HTTP_ARGUMENTS, http),
    builtin("errorLogs", &[], error_logs),
    builtin("randomPort", &[], random_port),
];

const HTTP_ARGUMENTS: &[&str] =
    &["uri", "method", "query", "body", "contentType", "headers", "options", "accept"];

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

fn flow_namespace(run: &Run) -> Option<String> {
    run.variable("flow")?.get_attr("namespace").ok()?.as_str().map(str::to_owned)
}

fn secret(run: &Run, args: &Args<'_>) -> Outcome {
    let key = args.text(0, "key")?.to_owned();
    let namespace = owned(args.optional_text(1, "namespace")?);
    let subkey = owned(args.optional_text(2, "subkey")?);
    match run.ask(&Lookup::Secret { namespace, key: key.clone(), subkey: subkey.clone() })? {
        Some(value) => Ok(value_from_json(&value)),
        None => Err(match subkey {
            Some(subkey) => format!("Cannot find secret sub-key '{subkey}' in secret '{key}'."),
            None => format!(
                "Cannot find secret for key '{key}'. On one machine, set SECRET_{} to the value in base64, in the \
                 environment or in a file .env; on Google Cloud, add the secret to Secret Manager.",
                key.to_ascii_uppercase()
            ),
        }
        .into()),
    }
}

fn kv(run: &Run, args: &Args<'_>) -> Outcome {
    let key = args.text(0, "key")?.to_owned();
    let namespace = owned(args.optional_text(1, "namespace")?);
    let error_on_missing = args.flag(2, "errorOnMissing", true)?;
    let answer = run.ask(&Lookup::Kv { namespace: namespace.clone(), key: key.clone() })?;
    match answer {
        Some(value) => Ok(value_from_json(&value)),
        None if error_on_missing => {
            let namespace = namespace.or_else(|| flow_namespace(run)).unwrap_or_default();
            Err(format!("The key '{key}' does not exist in the namespace '{namespace}'.").into())
        }
        None => Ok(Value::from(())),
    }
}

fn file(args: &Args<'_>, name: &str) -> Result<(String, Option<String>), Fault> {
    let path = args.text(0, name)?;
    if path.is_empty() {
        return Err(format!("The {} expects an argument '{name}' that is not empty.", args.callee).into());
    }
    refuse_traversal(path)?;
    Ok((path.to_owned(), owned(args.optional_text(1, "namespace")?)))
}

fn refuse_traversal(path: &str) -> Result<(), Fault> {
    if path.split(['/', '\\']).any(|part| part == "..") {
        return Err(format!("The path '{path}' may not contain '../'").into());
    }
    Ok(())
}

fn answer_about(path: &str, answer: Option<serde_json::Value>) -> Outcome {
    answer
        .map(|value| value_from_json(&value))
        .ok_or_else(|| format!("The file '{path}' does not exist, or this execution may not read it.").into())
}

fn read(run: &Run, args: &Args<'_>) -> Outcome {
    let (path, namespace) = file(args, "path")?;
    let answer = run.ask(&Lookup::Read { path: path.clone(), namespace })?;
    answer_about(&path, answer)
}

fn file_size(run: &Run, args: &Args<'_>) -> Outcome {
    let (path, namespace) = file(args, "uri")?;
    let answer = run.ask(&Lookup::FileSize { path: path.clone(), namespace })?;
    answer_about(&path, answer)
}

fn file_empty(run: &Run, args: &Args<'_>) -> Outcome {
    let (path, namespace) = file(args, "uri")?;
    let answer = run.ask(&Lookup::FileEmpty { path: path.clone(), namespace })?;
    answer_about(&path, answer)
}

fn file_exists(run: &Run, args: &Args<'_>) -> Outcome {
    let (path, namespace) = file(args, "uri")?;
    let answer = run.ask(&Lookup::FileExists { path, namespace })?;
    Ok(answer.map_or_else(|| Value::from(false), |value| value_from_json(&value)))
}

/// The URI of a namespace file, `kestra:///<namespace>/_files/<path>` (docs/kestra.md 2.8).
fn file_uri(run: &Run, args: &Args<'_>) -> Outcome {
    let (path, namespace) = file(args, "path")?;
    let namespace = namespace.or_else(|| flow_namespace(run));
    let namespace = namespace.ok_or_else(|| {
        Fault::from("The 'fileURI' function expects an argument 'namespace' outside of a flow.")
    })?;
    let path = path.strip_prefix("nsfile://").unwrap_or(&path).trim_start_matches('/');
    Ok(Value::from(format!("kestra:///{}/_files/{path}", namespace.replace('.', "/"))))
}

/// Sends a request. The arguments become one JSON object with sorted keys. So equal requests are one question.
fn http(run: &Run, args: &Args<'_>) -> Outcome {
    let uri = args.text(0, "uri")?;
    let given = |place: usize| args.get(place).map(value_to_json);
    let text = |place: usize, default: &str| given(place).unwrap_or_else(|| default.into());
    let map = |place: usize| given(place).unwrap_or_else(|| serde_json::json!({}));
    let mut request = serde_json::Map::new();
    request.insert("accept".to_owned(), text(7, "application/json"));
    if let Some(body) = given(3) {
        request.insert("body".to_owned(), body);
    }
    request.insert("contentType".to_owned(), text(4, "application/json"));
    request.insert("headers".to_owned(), sorted(map(5)));
    request.insert("method".to_owned(), text(1, "GET"));
    request.insert("options".to_owned(), sorted(map(6)));
    request.insert("query".to_owned(), sorted(map(2)));
    request.insert("uri".to_owned(), uri.into());
    let request = serde_json::Value::Object(request).to_string();
    match run.ask(&Lookup::Http { request })? {
        Some(value) => Ok(value_from_json(&value)),
        None => Err(format!("The http() request to '{uri}' got no answer.").into()),
    }
}

fn sorted(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            serde_json::Value::Object(entries.into_iter().collect())
        }
        other => other,
    }
}

fn error_logs(run: &Run, _: &Args<'_>) -> Outcome {
    let logs = run.ask(&Lookup::ErrorLogs)?;
    Ok(logs.map_or_else(|| Value::from(Vec::<Value>::new()), |logs| value_from_json(&logs)))
}

fn random_port(run: &Run, args: &Args<'_>) -> Outcome {
    let port = run.ask(&Lookup::RandomPort)?.map(|port| value_from_json(&port));
    port.filter(|port| java::as_long(port).is_some())
        .ok_or_else(|| format!("The {} found no free port.", args.callee).into())
}
