//! The secrets that a namespace can read, the flows that name them, and names without a secret. Values are never read.

use crate::error::Answer;
use crate::parts::Api;
use segue_api_types as types;
use segue_files::namespace::folder;
use segue_ports::{Secret, SecretSource};
use std::collections::BTreeMap;

/// The secrets that a namespace can read, in the order of their names.
pub(crate) async fn of_namespace(api: &Api, namespace: &str) -> Answer<Vec<types::SecretKey>> {
    let mut named = named(api, namespace).await?;
    let view = |secret: Secret| types::SecretKey {
        flows: named.remove(&secret.key.to_ascii_uppercase()).unwrap_or_default(),
        key: secret.key,
        namespace: None,
        origin: Some(match secret.source {
            SecretSource::Outside => types::SecretOrigin::Environment,
            SecretSource::Store => types::SecretOrigin::Store,
        }),
        updated: secret.updated,
    };
    Ok(api.ports.secrets.list(namespace).await?.into_iter().map(view).collect())
}

/// The secrets that flows of a namespace name and that do not exist.
pub(crate) async fn missing(api: &Api, namespace: &str) -> Answer<Vec<types::SecretKey>> {
    folder(namespace)?;
    let mut missing = Vec::new();
    for (key, flows) in named(api, namespace).await? {
        // A variable that is a secret by its own name is not in the list. So each name is looked up, and its value dropped.
        if api.ports.secrets.get(namespace, &key).await.is_ok_and(|value| value.is_none()) {
            missing.push(types::SecretKey { key, flows, ..types::SecretKey::default() });
        }
    }
    Ok(missing)
}

/// The names of secrets in the flows of a namespace, in upper case, each with its flows.
async fn named(api: &Api, namespace: &str) -> Answer<BTreeMap<String, Vec<types::FlowId>>> {
    let mut named: BTreeMap<String, Vec<types::FlowId>> = BTreeMap::new();
    for flow in api.state().flows(Some(namespace)).await? {
        for key in names(&flow.source) {
            let flows = named.entry(key).or_default();
            let id = types::FlowId { id: flow.id.clone(), namespace: flow.namespace.clone() };
            if !flows.contains(&id) {
                flows.push(id);
            }
        }
    }
    Ok(named)
}

/// The names in calls of `secret()` with a text as their argument, in upper case. A name that is computed is not found.
fn names(source: &str) -> Vec<String> {
    let lines = source.lines().filter(|line| !line.trim_start().starts_with('#'));
    let mut found = Vec::new();
    for line in lines {
        for (at, call) in line.match_indices("secret(") {
            let is_word = line.get(..at).and_then(|before| before.chars().next_back());
            if is_word.is_some_and(|letter| letter.is_alphanumeric() || letter == '_') {
                continue;
            }
            let rest = line.get(at.saturating_add(call.len())..).unwrap_or_default().trim_start();
            let quote = rest.chars().next().filter(|letter| matches!(letter, '\'' | '"'));
            let name = quote.and_then(|quote| rest.get(1..)?.split_once(quote)).map(|(name, _)| name);
            if let Some(name) = name.filter(|name| !name.is_empty()) {
                found.push(name.to_ascii_uppercase());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_calls() {
        let source = "a: \"{{ secret('Key') }} and {{ secret( \\\"x\\\") ~ secret('B_2') }}\"\n# {{ secret('OLD') }}\n\
                      b: '{{ my_secret(\"no\") }} {{ secret(inputs.name) }}'\nc: {{ secret(\"C\") }}";
        assert_eq!(names(source), ["KEY", "B_2", "C"]);
    }
}
