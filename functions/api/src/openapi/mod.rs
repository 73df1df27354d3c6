//! Builds the description of the API in OpenAPI 3.1 from the endpoints.

mod components;
mod outside;

use crate::door::is_guarded;
use crate::endpoint::{Content, Endpoint, Kind, Param};
use crate::request::Field;
use components::Components;
use segue_api_types::Error;
use segue_model::{Json, Map};
use serde_json::json;
use std::collections::BTreeSet;

/// Builds the OpenAPI document. `version` is the version of Segue.
pub(crate) fn document(endpoints: &[Endpoint], version: &str) -> Json {
    let mut components = Components::new();
    let mut paths = Map::new();
    for endpoint in endpoints {
        let location = paths.entry(endpoint.path.replace("{*", "{")).or_insert_with(|| json!({}));
        if let Json::Object(methods) = location {
            let method = endpoint.method.as_str().to_ascii_lowercase();
            methods.insert(method, operation(endpoint, &mut components));
        }
    }
    paths.extend(outside::paths(&mut components));
    let error = components.answer::<Error>();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Segue",
            "version": version,
            "description": "The REST API of Segue, with the paths and shapes of Kestra's API. The tenant `main` in a path is optional.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api/v1/main"}, {"url": "/api/v1"}],
        "security": [{}, {"basic": []}, {"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
            "schemas": components.into_schemas(),
            "responses": {
                "Refused": {
                    "description": "The request was refused. The body has the reason.",
                    "content": {"application/json": {"schema": error.clone()}},
                },
                "TooEarly": {
                    "description": "Too many wrong names or passwords came from this address.",
                    "headers": {"Retry-After": {
                        "description": "Seconds until the next try.", "schema": {"type": "integer", "minimum": 1},
                    }},
                    "content": {"application/json": {"schema": error}},
                },
            },
        },
    })
}

fn operation(endpoint: &Endpoint, components: &mut Components) -> Json {
    let mut operation = json!({
        "operationId": endpoint.id,
        "summary": endpoint.about,
        "tags": [endpoint.path.split('/').nth(1).unwrap_or_default()],
        "responses": responses(endpoint, components),
    });
    let parameters: Vec<Json> = path_parameters(endpoint.path)
        .into_iter()
        .chain(endpoint.params.iter().map(parameter))
        .chain(filters(endpoint.fields))
        .collect();
    if let Json::Object(map) = &mut operation {
        if !is_guarded(endpoint.path) {
            map.insert("security".into(), json!([]));
        }
        if !parameters.is_empty() {
            map.insert("parameters".into(), Json::Array(parameters));
        }
        if let Some(content) = content(endpoint.body, true, components) {
            map.insert("requestBody".into(), json!({"required": endpoint.needs_body, "content": content}));
        }
    }
    operation
}

fn path_parameters(path: &str) -> Vec<Json> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            json!({"name": name.trim_start_matches('*'), "in": "path", "required": true,
                   "schema": {"type": "string", "minLength": 1}})
        })
        .collect()
}

fn parameter(param: &Param) -> Json {
    let schema = match param.kind {
        Kind::Text => json!({"type": "string"}),
        Kind::Number(least) => json!({"type": "integer", "format": "int32", "minimum": least}),
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Date => json!({"type": "string", "format": "date-time"}),
        Kind::Duration => json!({"type": "string", "format": "duration"}),
        Kind::OneOf(names) => json!({"type": "string", "enum": names}),
        Kind::ManyOf(names) => json!({"type": "array", "items": {"type": "string", "enum": names}}),
        Kind::Texts => json!({"type": "array", "items": {"type": "string"}}),
    };
    let location = if param.in_header { "header" } else { "query" };
    json!({"name": param.name, "in": location, "description": param.about, "required": param.required, "schema": schema})
}

/// The parameter `filters[field][OPERATOR]=value`. None if the endpoint takes no filters.
fn filters(fields: &[Field]) -> Option<Json> {
    if fields.is_empty() {
        return None;
    }
    let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    let about = format!(
        "Conditions, each as `filters[FIELD][OPERATOR]=VALUE`, all of which must hold. Groups are written as \
         `filters[or][0][FIELD][OPERATOR]=VALUE`. An unknown field is refused. The fields are {}.",
        names.join(", ")
    );
    Some(json!({
        "name": "filters", "in": "query", "description": about, "required": false, "style": "deepObject",
        "explode": true, "schema": {"type": "object", "additionalProperties": true},
    }))
}

/// The media types of a body with their schemas. None if there is no body.
fn content(content: Content, is_request: bool, components: &mut Components) -> Option<Json> {
    let text = json!({"type": "string"});
    Some(match content {
        Content::Nothing => return None,
        Content::Json(of) => json!({"application/json": {"schema": components.schema(of, is_request)}}),
        Content::Yaml if is_request => json!({
            "application/x-yaml": {"schema": text.clone()},
            "application/yaml": {"schema": text},
        }),
        Content::Yaml => json!({"application/yaml": {"schema": text}}),
        Content::Text => json!({"text/plain": {"schema": text}}),
        Content::JsonOrText => json!({"application/json": {"schema": {}}, "text/plain": {"schema": text}}),
        Content::Form(part) => {
            let mut schema = json!({"type": "object", "additionalProperties": {"type": "string"}});
            if let (Some(part), Json::Object(map)) = (part, &mut schema) {
                map.insert("required".into(), json!([part]));
                map.insert("properties".into(), json!({part: {"type": "string", "format": "binary"}}));
            }
            json!({"multipart/form-data": {"schema": schema}})
        }
        Content::Bytes => {
            json!({"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}})
        }
        Content::Csv => json!({"text/csv": {"schema": text}}),
        Content::Svg => json!({"image/svg+xml": {"schema": text}}),
        Content::Zip => json!({"application/zip": {"schema": {"type": "string", "format": "binary"}}}),
        Content::Events(_) => json!({"text/event-stream": {"schema": text}}),
        Content::Any => json!({"*/*": {"schema": {}}}),
    })
}

fn responses(endpoint: &Endpoint, components: &mut Components) -> Json {
    let mut responses = Map::new();
    let mut answer = json!({"description": description(endpoint, components)});
    if let (Some(content), Json::Object(map)) = (content(endpoint.answer, false, components), &mut answer) {
        map.insert("content".into(), content);
    }
    responses.insert(endpoint.status.to_string(), answer);
    let mut refusals: BTreeSet<u16> = endpoint.refusals.iter().copied().collect();
    // A request to a wrong host name gets 421 at every address.
    refusals.extend([400, 421]);
    if is_guarded(endpoint.path) {
        refusals.extend([401, 403, 429]);
    }
    // A parameter that the endpoint does not know gets 422.
    if !endpoint.takes_any {
        refusals.insert(422);
    }
    if !matches!(endpoint.body, Content::Nothing) {
        refusals.extend([413, 415, 422]);
    }
    responses.extend(refusals.into_iter().map(refusal));
    Json::Object(responses)
}

/// A status code of an error, with its description.
fn refusal(code: u16) -> (String, Json) {
    let answer = match code {
        0..400 => {
            json!({"description": "The body is empty. The headers say where the content is, if there is any."})
        }
        429 => json!({"$ref": "#/components/responses/TooEarly"}),
        _ => json!({"$ref": "#/components/responses/Refused"}),
    };
    (code.to_string(), answer)
}

fn description(endpoint: &Endpoint, components: &mut Components) -> String {
    match endpoint.answer {
        Content::Events(of) => {
            let schema = components.schema(of, false);
            let name = schema.get("$ref").and_then(Json::as_str).and_then(|name| name.rsplit('/').next());
            let name = name.unwrap_or("value");
            format!("Server-sent events, each with one {name} as JSON; the last has the id `end`.")
        }
        Content::Nothing => "Done.".to_owned(),
        _ => "The request succeeded.".to_owned(),
    }
}
