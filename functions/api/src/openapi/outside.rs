//! Describes the addresses outside `/api/v1`, such as `/health`.

use super::components::Components;
use super::refusal;
use crate::door::token;
use segue_api_types::Health;
use segue_model::{Json, Map};
use serde_json::json;

/// The paths with their operations.
pub(super) fn paths(components: &mut Components) -> Map {
    let text = json!({"type": "string"});
    let health = answer("application/json", &components.answer::<Health>());
    let mut page = Operation::new("welcome", "Redirects a browser to the web pages.");
    page.answers(303, json!({"description": "The web pages are at `/ui/`."}));
    let mut healthy = Operation::new("health", "Answers whether the server can read and write its store.");
    healthy.answers(200, health.clone()).answers(503, health);
    let mut numbers =
        Operation::new("prometheus", "Returns the metrics of the server, in the text format of Prometheus.");
    numbers.is_guarded = true;
    numbers.answers(200, answer("text/plain", &text)).refuses(&[401, 403, 429, 503]);
    let mut enter = Operation::new(
        "openLink",
        "Signs a browser in with the link that `segue server --token --open` prints.",
    );
    let code = json!({"name": "code", "in": "query", "description": "The code of the link.", "required": true,
        "schema": {"type": "string"}});
    enter.parameters.push(code);
    enter
        .answers(303, json!({"description": "The browser is signed in, and is redirected to `/`."}))
        .refuses(&[400, 403]);
    [("/", page), ("/health", healthy), ("/prometheus", numbers), (token::PATH, enter)]
        .into_iter()
        .map(|(path, operation)| (path.to_owned(), operation.view()))
        .collect()
}

fn answer(kind: &str, schema: &Json) -> Json {
    json!({"description": "The request succeeded.", "content": {kind: {"schema": schema}}})
}

/// The description of a GET request to an address outside `/api/v1`.
struct Operation {
    id: &'static str,
    about: &'static str,
    parameters: Vec<Json>,
    responses: Map,
    is_guarded: bool,
}

impl Operation {
    fn new(id: &'static str, about: &'static str) -> Self {
        Self { id, about, parameters: Vec::new(), responses: Map::new(), is_guarded: false }
    }

    fn answers(&mut self, code: u16, answer: Json) -> &mut Self {
        self.responses.insert(code.to_string(), answer);
        self
    }

    fn refuses(&mut self, codes: &[u16]) {
        self.responses.extend(codes.iter().copied().map(refusal));
    }

    fn view(mut self) -> Json {
        // A request to a wrong host name gets 421 at every address.
        self.refuses(&[421]);
        let mut operation = json!({"operationId": self.id, "summary": self.about, "tags": ["server"]});
        if let Json::Object(map) = &mut operation {
            if !self.is_guarded {
                map.insert("security".into(), json!([]));
            }
            if !self.parameters.is_empty() {
                map.insert("parameters".into(), Json::Array(self.parameters));
            }
            map.insert("responses".into(), Json::Object(self.responses));
        }
        json!({"servers": [{"url": "/"}], "get": operation})
    }
}
