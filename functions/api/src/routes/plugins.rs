//! Types of tasks, triggers, conditions and inputs.

use crate::endpoint::{Endpoint, Kind, Param, get, json};
use crate::error::Answer;
use crate::parts::Api;
use crate::queries::plugins as queries;
use crate::request::Query;
use axum::Json;
use axum::extract::{Path, State};
use segue_api_types as types;
use segue_model::{Json as Value, Map};
use std::collections::BTreeMap;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/plugins", list).is("plugins", "Lists all types by group."),
        get("/plugins/{cls}", one)
            .is("plugin", "Returns a type with the schema of its properties.")
            .takes(&[Param::new("all", Kind::Flag, "Includes the properties that every task has.")])
            .refuses(&[404]),
        get("/plugins/schemas/{type}", schema)
            .is("pluginSchema", "Returns the JSON Schema of a flow, task, trigger or plugin default.")
            .takes(&[
                Param::new("arrayOf", Kind::Flag, "Returns the schema of a list."),
                Param::new(
                    "definitions",
                    Kind::Flag,
                    "`false`: leaves out the schemas of all types. Default: `true`.",
                ),
            ])
            .answers(json::<Map>())
            .refuses(&[404]),
        get("/plugins/types", types_by_name)
            .is("pluginTypes", "Lists all types by name, with their older names and what they do."),
        get("/expressions", expressions)
            .is("expressions", "Lists the functions, filters and tests that an expression can use."),
        get("/plugins/inputs", inputs).is("inputTypes", "Lists the types of inputs."),
        get("/plugins/inputs/{type}", input)
            .is("inputType", "Returns the schema of an input of one type.")
            .refuses(&[404]),
        get("/plugins/icons", icons).is("pluginIcons", "Lists all types, and whether each is a flowable."),
    ]
}

async fn list(State(api): State<Api>) -> Json<Vec<types::PluginGroup>> {
    Json(queries::list(&api))
}

async fn one(
    State(api): State<Api>,
    Path(name): Path<String>,
    query: Query,
) -> Answer<Json<types::PluginDoc>> {
    queries::one(&api, &name, query.flag("all", false)?).map(Json)
}

async fn schema(State(api): State<Api>, Path(kind): Path<String>, query: Query) -> Answer<Json<Value>> {
    let with_definitions = query.flag("definitions", true)?;
    queries::schema(&api, &kind, query.flag("arrayOf", false)?, with_definitions).map(Json)
}

async fn types_by_name(State(api): State<Api>) -> Json<Vec<types::PluginType>> {
    Json(queries::types(&api))
}

async fn expressions() -> Json<types::ExpressionNames> {
    Json(queries::expressions())
}

async fn inputs() -> Json<Vec<types::InputType>> {
    Json(queries::inputs())
}

async fn input(Path(kind): Path<String>) -> Answer<Json<types::PluginDoc>> {
    queries::input(&kind).map(Json)
}

async fn icons(State(api): State<Api>) -> Json<BTreeMap<String, types::PluginIcon>> {
    Json(queries::icons(&api))
}
