//! The metadata server of a machine on Google Cloud: clients ask it for their project and their tokens.

use crate::accounts::account_email;
use crate::door::Callers;
use crate::refusal::Refusal;
use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// The scope of every token.
pub(crate) const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// The header that clients and the server send, so that no page of a browser can ask.
const FLAVOR: HeaderName = HeaderName::from_static("metadata-flavor");

struct Machine {
    callers: Arc<Callers>,
    project: String,
}

/// The routes.
pub(crate) fn routes(callers: Arc<Callers>, project: &str) -> Router {
    let machine = Arc::new(Machine { callers, project: project.to_owned() });
    Router::new()
        .route("/", get(|| async { flavored("Segue serves Google's APIs here\n".to_owned()) }))
        .route("/computeMetadata/v1", get(|| async { flavored("instance/\nproject/\n".to_owned()) }))
        .route("/computeMetadata/v1/", get(|| async { flavored("instance/\nproject/\n".to_owned()) }))
        .route("/computeMetadata/v1/{*key}", get(value))
        .with_state(machine)
}

async fn value(
    State(machine): State<Arc<Machine>>,
    Path(key): Path<String>,
    Query(asked): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    if headers.get(FLAVOR).is_none_or(|flavor| flavor != "Google") {
        return Err(Refusal::new("forbidden", "Missing Metadata-Flavor:Google header."));
    }
    let email = account_email(&machine.project, "default");
    let is_recursive = asked.get("recursive").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let account = json!({"aliases": ["default"], "email": email, "scopes": [SCOPE]});
    let key = key.trim_end_matches('/');
    let of_account = key.strip_prefix("instance/service-accounts/").and_then(|rest| rest.split_once('/'));
    if let Some((name, what)) = of_account.filter(|(name, _)| *name == "default" || *name == email) {
        return match what {
            "token" => {
                let (token, seconds) = machine.callers.tokens.give(&email, machine.callers.clock.now());
                let answer = json!({"access_token": token, "expires_in": seconds, "token_type": "Bearer"});
                Ok(with_flavor(Json(answer).into_response()))
            }
            "email" => Ok(flavored(email)),
            "scopes" => Ok(flavored(format!("{SCOPE}\n"))),
            "aliases" => Ok(flavored("default\n".to_owned())),
            other => Err(Refusal::not_found(format!("the account {name} has no {other} here"))),
        };
    }
    match key {
        "project/project-id" => Ok(flavored(machine.project.clone())),
        "project/numeric-project-id" => Ok(flavored("1".to_owned())),
        "universe/universe-domain" | "universe/universe_domain" => Ok(flavored("googleapis.com".to_owned())),
        "instance/id" => Ok(flavored("1".to_owned())),
        "instance/name" | "instance/hostname" => Ok(flavored("local".to_owned())),
        "instance/zone" => Ok(flavored("projects/1/zones/us-central1-a".to_owned())),
        "instance/region" => Ok(flavored("projects/1/regions/us-central1".to_owned())),
        "instance/service-accounts" if is_recursive => {
            let mut all = serde_json::Map::new();
            all.insert("default".to_owned(), account.clone());
            all.insert(email, account);
            Ok(with_flavor(Json(all).into_response()))
        }
        "instance/service-accounts" => Ok(flavored(format!("default/\n{email}/\n"))),
        _ if key
            .strip_prefix("instance/service-accounts/")
            .is_some_and(|name| name == "default" || name == email) =>
        {
            if is_recursive {
                return Ok(with_flavor(Json(account).into_response()));
            }
            Ok(flavored("aliases\nemail\nscopes\ntoken\n".to_owned()))
        }
        other => Err(Refusal::not_found(format!("this machine has no {other}"))),
    }
}

fn flavored(text: String) -> Response {
    with_flavor(([(CONTENT_TYPE, "application/text")], text).into_response())
}

fn with_flavor(mut response: Response) -> Response {
    response.headers_mut().insert(FLAVOR, HeaderValue::from_static("Google"));
    response
}
