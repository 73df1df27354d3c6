//! The session that a query begins or goes on with.
//!
//! To add a connection property, add a branch in [`read`].

use crate::refusal::Refusal;
use segue_ports::random_name;
use segue_ports::warehouse::Session;
use serde_json::Value;

/// Reads `createSession` and `connectionProperties` of a query.
///
/// # Errors
/// A property is not supported, or the query asks for a new session and for an old one.
pub(super) fn read(query: &Value) -> Result<Option<Session>, Refusal> {
    let begins = query.get("createSession").and_then(Value::as_bool).unwrap_or_default();
    let mut id = None;
    for property in query.get("connectionProperties").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| property.get(name).and_then(Value::as_str).unwrap_or_default();
        match (text("key"), text("value")) {
            ("session_id", value) => id = Some(value.to_owned()),
            ("time_zone", zone) if zone.eq_ignore_ascii_case("UTC") => {}
            (key, value) => {
                return Err(Refusal::unsupported(&format!("connectionProperties: {key} = {value}")));
            }
        }
    }
    match (begins, id) {
        (true, Some(_)) => Err(Refusal::invalid(
            "createSession and the connection property session_id exclude each other; set one of them",
        )),
        (true, None) => Ok(Some(Session { id: random_name().to_string(), begins: true })),
        (false, Some(id)) => Ok(Some(Session { id, begins: false })),
        (false, None) => Ok(None),
    }
}
