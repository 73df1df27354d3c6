//! Webhooks: a request with a flow's key creates an execution (docs/kestra.md 5.4).

use crate::error::SchedulerError;
use crate::fire::Fired;
use crate::scheduler::Scheduler;
use crate::triggers::WEBHOOK;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use segue_engine::schedule::Firing;
use segue_engine::schedule::conditions::{ConditionError, Facts, all_hold};
use segue_executor::NewExecution;
use segue_model::execution::{Execution, ExecutionTrigger};
use segue_model::flow::Flow;
use segue_model::id::{ExecutionId, friendly_id};
use segue_model::trigger::Trigger;
use segue_model::trigger_state::TriggerKey;
use segue_model::{Json, Map};
use segue_template::RenderError;

/// A request to a webhook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookRequest {
    /// The body, unchanged.
    pub body: Vec<u8>,
    /// The headers. The HTTP library gives their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The parameters of the query.
    pub parameters: Vec<(String, String)>,
}

/// The result of a request to a webhook.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookOutcome {
    /// The execution. None if the trigger's conditions or the flow's checks refused it (204).
    pub execution: Option<Execution>,
    /// Whether the answer waits for the end of the execution.
    pub wait: bool,
    /// Whether the answer has the outputs of the execution.
    pub return_outputs: bool,
    /// The content type of an answer with outputs.
    pub response_content_type: Option<String>,
    /// The status of the answer. None: 200.
    pub response_code: Option<u16>,
}

impl Scheduler {
    /// Handles a request to a webhook of a flow. The first trigger with this key fires.
    ///
    /// # Errors
    /// [`SchedulerError::NotFound`] if there is no such flow or key. [`SchedulerError::IllegalState`] if the
    /// flow is disabled. [`SchedulerError::Invalid`] if the trigger's inputs cannot be rendered. If inputs
    /// are refused, a FAILED execution is created.
    pub async fn webhook(
        &self,
        namespace: &str,
        flow_id: &str,
        key: &str,
        request: WebhookRequest,
    ) -> Result<WebhookOutcome, SchedulerError> {
        let flow = self.known_flow(namespace, flow_id).await?;
        let none = || {
            SchedulerError::NotFound(format!(
                "there is no webhook with that key in flow {namespace}.{flow_id}"
            ))
        };
        let trigger = self.trigger_of_key(&flow, key).await?.ok_or_else(none)?;
        if flow.disabled {
            return Err(SchedulerError::IllegalState(format!("flow {namespace}.{flow_id} is disabled")));
        }
        let property = |name: &str| trigger.properties.get(name);
        let flag = |name: &str| property(name) == Some(&Json::Bool(true));
        let code = property("responseCode").and_then(|code| code.to_string().trim_matches('"').parse().ok());
        let mut outcome = WebhookOutcome {
            execution: None,
            wait: flag("wait"),
            return_outputs: flag("returnOutputs"),
            response_content_type: property("responseContentType").and_then(Json::as_str).map(str::to_owned),
            response_code: code,
        };
        let variables = variables(&request);
        if let Some(firing) = self.asked(&flow, trigger, &variables).await? {
            outcome.execution = self.made_by_request(&flow, trigger, variables, firing).await?;
        }
        Ok(outcome)
    }

    /// The first enabled webhook with this key.
    async fn trigger_of_key<'a>(
        &self,
        flow: &'a Flow,
        key: &str,
    ) -> Result<Option<&'a Trigger>, SchedulerError> {
        for trigger in flow.triggers.iter().filter(|one| one.type_name == WEBHOOK && !one.disabled) {
            let own = trigger.properties.get("key").and_then(Json::as_str).unwrap_or_default();
            let id = ExecutionId::derive(&["webhook", &flow.namespace, &flow.id, &trigger.id]);
            let rendered = self.with_answers(&flow.namespace, &id, |table| {
                let scope = self.env(flow, trigger, table, &id).scope(&Map::new());
                match self.parts.renderer.render(own, &scope) {
                    Err(RenderError::Pending) => None,
                    other => Some(other.map_err(|error| error.to_string())),
                }
            });
            match rendered.await? {
                Ok(own) if !own.trim().is_empty() && is_same(own.trim(), key) => {
                    let state = self
                        .ports()
                        .state
                        .trigger(&TriggerKey::new(&flow.namespace, &flow.id, &trigger.id))
                        .await?;
                    if state.is_none_or(|state| !state.value.disabled) {
                        return Ok(Some(trigger));
                    }
                }
                Ok(_) => {}
                Err(why) => {
                    tracing::warn!(trigger = %trigger.id, "the key of a webhook cannot be rendered: {why}")
                }
            }
        }
        Ok(None)
    }

    /// The trigger's values, if its conditions hold.
    async fn asked(
        &self,
        flow: &Flow,
        trigger: &Trigger,
        variables: &Map,
    ) -> Result<Option<Firing>, SchedulerError> {
        let id = ExecutionId::derive(&[
            "webhook",
            &flow.namespace,
            &flow.id,
            &trigger.id,
            &self.now().to_string(),
        ]);
        let rendered = self.with_answers(&flow.namespace, &id, |table| {
            let env = self.env(flow, trigger, table, &id);
            let scope = env.scope(variables);
            let facts = Facts {
                renderer: &self.parts.renderer,
                scope: &scope,
                namespace: &flow.namespace,
                flow_id: &flow.id,
                slot: None,
                execution: None,
            };
            match all_hold(&trigger.conditions, &facts) {
                Err(ConditionError::Pending) => None,
                Err(ConditionError::Failed(why)) => Some(Err(why)),
                Ok(false) => Some(Ok(None)),
                Ok(true) => Some(Ok(Some(env.firing(variables, &Map::new()).ok()?))),
            }
        });
        match rendered.await? {
            Ok(firing) => Ok(firing),
            Err(why) => {
                tracing::warn!(trigger = %trigger.id, "the conditions of a webhook cannot be evaluated: {why}");
                Ok(None)
            }
        }
    }

    async fn made_by_request(
        &self,
        flow: &Flow,
        trigger: &Trigger,
        variables: Map,
        firing: Firing,
    ) -> Result<Option<Execution>, SchedulerError> {
        if let Err(why) = &firing.inputs {
            return Err(SchedulerError::Invalid(why.clone()));
        }
        let new = NewExecution {
            namespace: flow.namespace.clone(),
            flow_id: flow.id.clone(),
            trigger: Some(ExecutionTrigger {
                id: trigger.id.clone(),
                type_name: trigger.type_name.clone(),
                variables,
                slot: None,
                backfill: None,
                parent: None,
            }),
            ..NewExecution::default()
        };
        match self.make(new, firing, &[]).await? {
            Fired::Made(execution) => Ok(Some(*execution)),
            Fired::Passed => Ok(None),
            Fired::Off => {
                Err(SchedulerError::IllegalState(format!("flow {}.{} is disabled", flow.namespace, flow.id)))
            }
        }
    }
}

/// Compares keys by their digests, so that the duration reveals nothing about the key.
fn is_same(own: &str, given: &str) -> bool {
    friendly_id(&["webhook-key", own]) == friendly_id(&["webhook-key", given])
}

/// The `trigger.*` of a request. A body that is a JSON object or list is parsed. Any other body is a text, or
/// base64 if it is not UTF-8. An empty body is absent.
fn variables(request: &WebhookRequest) -> Map {
    let mut variables = Map::new();
    if !request.body.is_empty() {
        let body = match std::str::from_utf8(&request.body) {
            Ok(text) => match serde_json::from_str(text) {
                Ok(json @ (Json::Object(_) | Json::Array(_))) => json,
                _ => Json::String(text.to_owned()),
            },
            Err(_) => Json::String(BASE64_STANDARD.encode(&request.body)),
        };
        variables.insert("body".to_owned(), body);
    }
    // Flows of Kestra read the names as they were sent, such as `X-Kind`. Which case a client used is not known, and
    // HTTP/2 has only lower case. So each header has both names.
    let mut headers = request.headers.clone();
    let capitals = request.headers.iter().map(|(name, value)| (capitalized(name), value.clone()));
    headers.extend(capitals.filter(|(name, _)| request.headers.iter().all(|(own, _)| own != name)));
    for (name, pairs) in [("headers", &headers), ("parameters", &request.parameters)] {
        let mut lists = Map::new();
        for (key, value) in pairs {
            let list = lists.entry(key.as_str()).or_insert_with(|| Json::Array(Vec::new()));
            if let Json::Array(list) = list {
                list.push(Json::String(value.clone()));
            }
        }
        variables.insert(name.to_owned(), Json::Object(lists));
    }
    variables
}

/// The usual way to write the name of a header: `x-my-kind` as `X-My-Kind`.
fn capitalized(name: &str) -> String {
    let part = |part: &str| {
        let mut letters = part.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    name.split('-').map(part).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_is_shown_to_expressions() {
        let body = |bytes: &[u8]| {
            let request = WebhookRequest { body: bytes.to_vec(), ..WebhookRequest::default() };
            variables(&request).get("body").cloned()
        };
        assert_eq!(body(b"{\"a\": [1]}"), Some(json!({"a": [1]})));
        assert_eq!(body(b"[1]"), Some(json!([1])));
        assert_eq!(body(b"3"), Some(json!("3")), "a scalar stays a text");
        assert_eq!(body(b"not json"), Some(json!("not json")));
        assert_eq!(body(&[0xff, 0x00]), Some(json!("/wA=")));
        assert_eq!(body(b""), None);
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let request = WebhookRequest {
            headers: vec![pair("x-kind", "a"), pair("x-kind", "b"), pair("Host", "h")],
            parameters: vec![pair("q", "1")],
            ..WebhookRequest::default()
        };
        let headers = json!({"x-kind": ["a", "b"], "X-Kind": ["a", "b"], "Host": ["h"]});
        let expected = json!({"headers": headers, "parameters": {"q": ["1"]}});
        assert_eq!(Json::Object(variables(&request)), expected);
    }
}
