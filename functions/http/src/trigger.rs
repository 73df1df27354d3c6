//! `http.Trigger`: an answer of a server starts an execution.

use crate::properties::Common;
use crate::request::{Output, Request};
use schemars::JsonSchema;
use segue_model::Map;
use segue_task::{Find, PollingTrigger, Task, TaskContext, TaskError, find_outputs, is_truthy};
use serde::Deserialize;
use serde_json::json;

/// What must be true of an answer, as in Kestra.
const CONDITION: &str = "{{ response.statusCode < 400 }}";

/// Requests a URL at an interval, and starts an execution if the answer meets a condition.
///
/// ```yaml
/// id: on_sale
/// namespace: company.team
/// tasks:
///   - id: say
///     type: io.kestra.plugin.core.log.Log
///     message: "the price is {{ json(trigger.body).price }}"
/// triggers:
///   - id: cheap
///     type: io.kestra.plugin.core.http.Trigger
///     uri: https://example.com/api/products/1
///     responseCondition: "{{ response.statusCode == 200 and json(response.body).price <= 110 }}"
///     interval: PT1M
///     stopAfter:
///       - SUCCESS
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trigger {
    /// The request.
    #[serde(flatten)]
    pub common: Common,
    /// The condition, with `response.statusCode`, `response.body` and `response.headers`. Default:
    /// `{{ response.statusCode < 400 }}`.
    pub response_condition: Option<String>,
    /// Whether the body is encrypted. There is no key for this, so `true` is refused.
    #[serde(default)]
    pub encrypt_body: bool,
}

impl PollingTrigger for Trigger {
    const TYPE: &'static str = "io.kestra.plugin.core.http.Trigger";
    const ALIASES: &'static [&'static str] = &["io.kestra.plugin.fs.http.Trigger"];
    const RAW: &'static [&'static str] = &["responseCondition"];
    type Variables = <Request as Task>::Output;

    async fn look(self, context: &TaskContext, _: Option<&str>) -> Result<Find, TaskError> {
        let mut common = self.common;
        // The condition decides about answers, not the status code.
        common.options.allow_failed = Some(true);
        let output = Request { common, encrypt_body: self.encrypt_body }.run(context).await?;
        let condition = self.response_condition.as_deref().unwrap_or(CONDITION);
        let holds = context.render_with(condition, response(&output)).await?;
        find_outputs(&output, is_truthy(&holds))
    }
}

fn response(output: &Output) -> Map {
    let response = json!({"statusCode": output.code, "body": output.body, "headers": output.headers});
    Map::from_iter([("response".to_owned(), response)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Platform, serve};
    use axum::Router;
    use axum::http::StatusCode;
    use axum::routing::get;

    #[tokio::test]
    async fn an_answer_that_meets_the_condition_is_found() {
        let router = Router::new()
            .route("/price", get(async || "{\"price\": 100}"))
            .route("/gone", get(async || (StatusCode::NOT_FOUND, "nothing")));
        let address = serve(router).await;
        let platform = Platform::new();
        let trigger = |path: &str, condition: Option<&str>| json!({"type": Trigger::TYPE, "uri": format!("http://{address}/{path}"), "responseCondition": condition});
        let below = |price: u32| format!("{{{{ json(response.body).price < {price} }}}}");
        let find = platform.find(trigger("price", Some(&below(110))), None).await;
        let variables = find.variables.unwrap();
        assert_eq!((&variables["code"], &variables["body"]), (&json!(200), &json!("{\"price\": 100}")));
        assert!(platform.find(trigger("price", Some(&below(90))), None).await.variables.is_none());
        assert!(platform.find(trigger("price", None), None).await.variables.is_some());
        assert!(platform.find(trigger("gone", None), None).await.variables.is_none());
        let missing = "{{ response.statusCode == 404 }}";
        assert!(platform.find(trigger("gone", Some(missing)), None).await.variables.is_some());
        let error = platform.look(trigger("price", Some("{{ nothing.there }}")), None).await.error();
        assert!(error.contains("nothing"), "{error}");
    }
}
