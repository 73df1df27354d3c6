//! The answer to a request.

use reqwest::Response;
use reqwest::header::{HeaderMap, LINK};
use segue_model::{Json, Map};
use segue_task::TaskError;
use segue_task::outbound::describe;
use serde_json::json;

/// The largest body of an answer, in bytes.
const LARGEST_BODY: usize = 8 * 1024 * 1024;
/// The largest part of a body in an error message, in characters.
const QUOTED: usize = 300;
/// Where services explain a failure, as JSON pointers into the body.
const EXPLANATIONS: [&str; 16] = [
    "/error/message",
    "/error/detail",
    "/errors/0/message",
    "/errors/0/detail",
    "/errorMessages/0",
    "/errorMessage",
    "/error_description",
    "/description",
    "/message",
    "/Message",
    "/detail",
    "/msg",
    "/reason",
    "/errors/0",
    "/error",
    "/title",
];

/// The answer to a request.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Map,
    /// JSON, or a text if the body is not JSON. Null if it is empty.
    body: Json,
    /// The addresses of the header field `Link`, by their relation.
    links: Map,
}

impl Answer {
    /// Reads an answer with its body. `name` is the request's name in errors. With `as_text`, JSON stays a text.
    pub(crate) async fn read(mut response: Response, name: &str, as_text: bool) -> Result<Self, TaskError> {
        let status = response.status().as_u16();
        let headers = response.headers().iter().map(|(name, value)| {
            (name.as_str().to_owned(), Json::String(String::from_utf8_lossy(value.as_bytes()).into_owned()))
        });
        let (headers, links) = (headers.collect(), links(response.headers()));
        let mut bytes = Vec::new();
        let cut = |error: reqwest::Error| {
            TaskError::failed(format!("the answer to {name} broke off: {}", describe(&error.without_url())))
        };
        while let Some(chunk) = response.chunk().await.map_err(cut)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > LARGEST_BODY {
                return Err(TaskError::failed(format!(
                    "the answer to {name} is larger than {LARGEST_BODY} bytes; ask for less at once"
                )));
            }
        }
        let text = || Json::String(String::from_utf8_lossy(&bytes).into_owned());
        let body = match serde_json::from_slice(&bytes) {
            _ if as_text => text(),
            Ok(json) => json,
            Err(_) if bytes.is_empty() => Json::Null,
            Err(_) => text(),
        };
        Ok(Self { status, headers, body, links })
    }

    /// Whether the status is from 200 to 299.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The answer as templates see it.
    pub(crate) fn into_json(self) -> Json {
        json!({"status": self.status, "headers": self.headers, "body": self.body, "links": self.links})
    }

    /// The service's explanation of a failure.
    pub(crate) fn explanation(&self) -> String {
        let explained = |body: &Json| {
            let mut found = EXPLANATIONS.iter().filter_map(|pointer| body.pointer(pointer)?.as_str());
            found.next().map(str::to_owned)
        };
        let text = match &self.body {
            // The connector may have asked for JSON as a text.
            Json::String(text) => {
                let json = serde_json::from_str::<Json>(text).ok();
                json.as_ref().and_then(explained).unwrap_or_else(|| text.trim().to_owned())
            }
            Json::Null => String::new(),
            body => explained(body).unwrap_or_else(|| body.to_string()),
        };
        if text.is_empty() {
            return "the answer has no explanation".to_owned();
        }
        match text.char_indices().nth(QUOTED) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text,
        }
    }
}

/// The addresses in `Link` (RFC 8288): `<https://…>; rel="next"`.
fn links(headers: &HeaderMap) -> Map {
    let texts = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    let parts = texts.flat_map(|text| text.split(",<")).flat_map(|text| text.split(", <"));
    parts
        .filter_map(|part| {
            let (address, parameters) = part.trim_start_matches(['<', ' ']).split_once('>')?;
            let relation =
                parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("rel="))?;
            Some((relation.trim_matches('"').to_owned(), Json::String(address.to_owned())))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explanation(body: Json) -> String {
        Answer { status: 400, headers: Map::new(), body, links: Map::new() }.explanation()
    }

    #[test]
    fn the_explanation_is_found() {
        assert_eq!(explanation(json!({"error": {"message": "no"}, "message": "x"})), "no");
        assert_eq!(explanation(json!({"errorMessages": ["bad field"]})), "bad field");
        assert_eq!(explanation(json!({"code": 7})), r#"{"code":7}"#);
        assert_eq!(explanation(json!("invalid_token\n")), "invalid_token");
        assert_eq!(explanation(json!(r#"{"message": "as a text"}"#)), "as a text");
        assert_eq!(explanation(Json::Null), "the answer has no explanation");
        assert_eq!(explanation(json!("ä".repeat(400))).chars().count(), 301);
    }

    #[test]
    fn links_are_found_by_relation() {
        let mut headers = HeaderMap::new();
        let text = "<https://a.example/x?page=2,3>; rel=\"next\", <https://a.example/x?page=9>; rel=\"last\"";
        headers.insert(LINK, text.parse().unwrap());
        let found = links(&headers);
        assert_eq!(found["next"], "https://a.example/x?page=2,3");
        assert_eq!(found["last"], "https://a.example/x?page=9");
    }
}
