//! The answers of a server for a forecast.

use crate::client::{Client, ClientError};
use segue_model::Json;
use segue_template::{Answer, Lookup};

/// The answer to a question of a flow in the namespace `own`.
///
/// # Errors
/// An error of the server.
pub(super) async fn find(client: &Client, own: &str, lookup: &Lookup) -> Result<Answer, ClientError> {
    let at = |namespace: &Option<String>| namespace.clone().unwrap_or_else(|| own.to_owned());
    match lookup {
        Lookup::Kv { namespace, key } => {
            let found = client.get(&["namespaces", &at(namespace), "kv", key]).json().await;
            or_missing(found.map(|entry| entry.get("value").cloned().unwrap_or_default()))
        }
        Lookup::KvKeys { namespace } => {
            let found = client.get(&["namespaces", namespace, "kv"]).json().await?;
            let keys = found.as_array().into_iter().flatten().filter_map(|entry| entry.get("key").cloned());
            Ok(Answer::Found(keys.collect()))
        }
        Lookup::Secret { namespace, key, .. } => {
            let found = client.get(&["namespaces", &at(namespace), "secrets"]).json().await?;
            let is_known = names(&found).any(|name| name.eq_ignore_ascii_case(key));
            Ok(if is_known { Answer::Found("******".into()) } else { Answer::Missing })
        }
        Lookup::Read { path, namespace } => {
            or_missing(text(client, &at(namespace), path).await.map(Json::String))
        }
        Lookup::FileSize { path, namespace } => {
            or_missing(text(client, &at(namespace), path).await.map(|text| text.len().into()))
        }
        Lookup::FileEmpty { path, namespace } => {
            or_missing(text(client, &at(namespace), path).await.map(|text| text.is_empty().into()))
        }
        Lookup::FileExists { path, namespace } => {
            let found = or_missing(text(client, &at(namespace), path).await.map(|_| Json::Bool(true)))?;
            Ok(if found == Answer::Missing { Answer::Found(Json::Bool(false)) } else { found })
        }
        Lookup::Http { .. } | Lookup::ErrorLogs | Lookup::ExecutionState { .. } | Lookup::RandomPort => {
            Ok(Answer::Missing)
        }
    }
}

/// The names in the API's list of secrets, which has a `results` with a `key` in each.
fn names(found: &Json) -> impl Iterator<Item = &str> {
    let list = found.get("results").and_then(Json::as_array).or_else(|| found.as_array());
    list.into_iter()
        .flatten()
        .filter_map(|entry| entry.get("key").and_then(Json::as_str).or_else(|| entry.as_str()))
}

/// The text of a namespace file. `path` is its path, its `nsfile://` URI or its `kestra://` URI.
async fn text(client: &Client, namespace: &str, path: &str) -> Result<String, ClientError> {
    let (namespace, path) = match (path.strip_prefix("nsfile://"), path.strip_prefix("kestra:///")) {
        (Some(rest), _) => match rest.split_once('/') {
            Some(("", file)) => (namespace.to_owned(), file),
            Some((of, file)) => (of.to_owned(), file),
            None => (namespace.to_owned(), rest),
        },
        (None, Some(rest)) => match rest.split_once("/_files/") {
            Some((of, file)) => (of.replace('/', "."), file),
            None => (namespace.to_owned(), rest),
        },
        (None, None) => (namespace.to_owned(), path),
    };
    let path = format!("/{}", path.trim_start_matches('/'));
    client.get(&["namespaces", &namespace, "files"]).with("path", path).text().await
}

fn or_missing(found: Result<Json, ClientError>) -> Result<Answer, ClientError> {
    match found {
        Ok(value) => Ok(Answer::Found(value)),
        Err(error) if error.is_not_found() => Ok(Answer::Missing),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::stub::{Stub, json as ok};
    use serde_json::json;

    #[tokio::test]
    async fn a_server_is_asked_for_keys_files_and_names_of_secrets() {
        let stub = Stub::new([
            ok(json!({"type": "STRING", "value": "b"})),
            ok(json!([{"key": "A"}, {"key": "B"}])),
            ok(json!({"results": [{"key": "TOKEN"}]})),
            ok(json!("orders")),
        ])
        .await;
        let client = &stub.session.client;
        let kv = Lookup::Kv { namespace: Some("n".into()), key: "BUCKET".into() };
        assert_eq!(find(client, "n", &kv).await.unwrap(), Answer::Found("b".into()));
        let keys = Lookup::KvKeys { namespace: "n".into() };
        assert_eq!(find(client, "n", &keys).await.unwrap(), Answer::Found(json!(["A", "B"])));
        let secret = Lookup::Secret { namespace: None, key: "token".into(), subkey: None };
        assert_eq!(find(client, "n", &secret).await.unwrap(), Answer::Found("******".into()));
        let file = Lookup::FileExists { path: "kestra:///n/x/_files/a.txt".into(), namespace: None };
        assert_eq!(find(client, "n", &file).await.unwrap(), Answer::Found(json!(true)));
        let asked: Vec<String> = stub.asked().into_iter().map(|asked| asked.what).collect();
        assert_eq!(
            asked,
            [
                "GET /namespaces/n/kv/BUCKET",
                "GET /namespaces/n/kv",
                "GET /namespaces/n/secrets",
                "GET /namespaces/n.x/files?path=%2Fa.txt"
            ]
        );
    }
}
