//! The description of the API in OpenAPI 3.1, made from the endpoints themselves.

mod components;

use crate::endpoint::{Content, Endpoint, Kind, Param};
use segue_model::{Json, Map};
use serde_json::json;
use std::collections::BTreeSet;

/// The description.
pub(crate) fn document(endpoints: &[Endpoint], version: &str) -> Json {
    let mut paths = Map::new();
    for endpoint in endpoints {
        let place = paths.entry(endpoint.path.replace("{*", "{")).or_insert_with(|| json!({}));
        if let Json::Object(methods) = place {
            methods.insert(endpoint.method.as_str().to_ascii_lowercase(), operation(endpoint));
        }
    }
    paths.extend(outside());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Segue",
            "version": version,
            "description": "The REST API of Segue: Kestra's paths and shapes. The tenant segment `main` may be left out.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api/v1/main"}, {"url": "/api/v1"}],
        "security": [{}, {"basic": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
            "schemas": components::schemas(),
            "responses": {"Refused": {
                "description": "The request was refused; the body says why.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            }},
        },
    })
}

/// What is not below `/api/v1`, and open to everybody.
fn outside() -> Map {
    let place = |id: &str, about: &str, kind: &str, codes: &[&str]| {
        let answer = json!({"description": about, "content": {kind: {"schema": {}}}});
        let responses: Map = codes.iter().map(|code| ((*code).to_owned(), answer.clone())).collect();
        let operation = json!({
            "operationId": id, "summary": about, "tags": ["server"], "security": [], "responses": responses,
        });
        json!({"servers": [{"url": "/"}], "get": operation})
    };
    Map::from_iter([
        (
            "/health".to_owned(),
            place("health", "Whether the server can work.", "application/json", &["200", "503"]),
        ),
        ("/prometheus".to_owned(), place("prometheus", "The server's numbers.", "text/plain", &["200"])),
    ])
}

fn operation(endpoint: &Endpoint) -> Json {
    let mut operation = json!({
        "operationId": endpoint.id,
        "summary": endpoint.about,
        "tags": [endpoint.path.split('/').nth(1).unwrap_or_default()],
        "responses": responses(endpoint),
    });
    let parameters: Vec<Json> =
        path_parameters(endpoint.path).into_iter().chain(endpoint.params.iter().map(parameter)).collect();
    if let Json::Object(map) = &mut operation {
        if !parameters.is_empty() {
            map.insert("parameters".into(), Json::Array(parameters));
        }
        if let Some(content) = content(endpoint.body, true) {
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
    let place = if param.in_header { "header" } else { "query" };
    json!({"name": param.name, "in": place, "description": param.about, "required": param.required, "schema": schema})
}

/// The media types of a body with their schemas; none where there is no body.
fn content(content: Content, is_request: bool) -> Option<Json> {
    let component = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let text = json!({"type": "string"});
    Some(match content {
        Content::Nothing => return None,
        Content::Json(name) => json!({"application/json": {"schema": component(name)}}),
        Content::List(name) => {
            json!({"application/json": {"schema": {"type": "array", "items": component(name)}}})
        }
        Content::Page(name) => json!({"application/json": {"schema": {
            "type": "object",
            "required": ["results", "total"],
            "properties": {
                "results": {"type": "array", "items": component(name)},
                "total": {"type": "integer", "format": "int64", "minimum": 0},
            },
        }}}),
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
        Content::Zip => json!({"application/zip": {"schema": {"type": "string", "format": "binary"}}}),
        Content::Events(_) => json!({"text/event-stream": {"schema": text}}),
        Content::Any => json!({"*/*": {"schema": {}}}),
    })
}

fn responses(endpoint: &Endpoint) -> Json {
    let mut responses = Map::new();
    let mut answer = json!({"description": description(endpoint)});
    if let (Some(content), Json::Object(map)) = (content(endpoint.answer, false), &mut answer) {
        map.insert("content".into(), content);
    }
    responses.insert(endpoint.status.to_string(), answer);
    let mut refusals: BTreeSet<u16> = endpoint.refusals.iter().copied().collect();
    refusals.extend([400, 401]);
    if !endpoint.params.is_empty() || endpoint.path.contains('{') {
        refusals.insert(422);
    }
    if endpoint.body != Content::Nothing {
        refusals.extend([413, 415, 422]);
    }
    for code in refusals {
        let answer = match code {
            0..400 => json!({"description": "There is nothing here: elsewhere, or not wanted."}),
            _ => json!({"$ref": "#/components/responses/Refused"}),
        };
        responses.insert(code.to_string(), answer);
    }
    Json::Object(responses)
}

fn description(endpoint: &Endpoint) -> String {
    match endpoint.answer {
        Content::Events(name) => {
            format!("Server-sent events, each with one {name} as JSON; the last has the id `end`.")
        }
        Content::Nothing => "Done.".to_owned(),
        _ => "What was asked for.".to_owned(),
    }
}
