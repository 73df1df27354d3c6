//! The endpoint that gives out access tokens for service accounts.

use crate::door::Callers;
use crate::refusal::Refusal;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// How a client asks for a token with a text that it signed.
const SIGNED: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The routes.
pub(crate) fn routes(callers: Arc<Callers>) -> Router {
    Router::new()
        .route("/token", post(token))
        .route("/oauth2/v4/token", post(token))
        .route("/tokeninfo", get(info))
        .route("/oauth2/v3/tokeninfo", get(info))
        .with_state(callers)
}

async fn token(State(callers): State<Arc<Callers>>, body: String) -> Response {
    let asked = fields(&body);
    let refused = |error: &str, why: &str| {
        let body = json!({"error": error, "error_description": why});
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    };
    if asked.get("grant_type").map(String::as_str) != Some(SIGNED) {
        return refused("unsupported_grant_type", "this server gives tokens to service accounts only");
    }
    let now = callers.clock.now();
    let text = asked.get("assertion").map(String::as_str).unwrap_or_default();
    match callers.accounts.read_signed(text, now) {
        Ok(signed) if signed.target_audience.is_some() => {
            refused("invalid_request", "this server gives out access tokens, but no ID tokens")
        }
        Ok(signed) => {
            let (token, seconds) = callers.tokens.give(&signed.iss, now);
            Json(json!({"access_token": token, "expires_in": seconds, "token_type": "Bearer"}))
                .into_response()
        }
        Err(why) => {
            refused("invalid_grant", &format!("Invalid JWT: {why}; make a key with `segue credentials`"))
        }
    }
}

/// The fields of a form.
fn fields(body: &str) -> HashMap<String, String> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

async fn info(
    State(callers): State<Arc<Callers>>,
    Query(asked): Query<HashMap<String, String>>,
) -> Result<Json<Value>, Refusal> {
    let token = asked.get("access_token").map(String::as_str).unwrap_or_default();
    let owner = callers.tokens.owner(token, callers.clock.now());
    let (email, seconds) =
        owner.ok_or_else(|| Refusal::invalid("Invalid Value: the token is wrong or has expired"))?;
    Ok(Json(json!({
        "email": email,
        "expires_in": seconds.to_string(),
        "scope": crate::metadata::SCOPE,
    })))
}
