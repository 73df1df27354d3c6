//! Types of tasks, triggers, conditions and inputs.

use super::flows::PAGE;
use crate::endpoint::{Content, Endpoint, Kind, Param, get, json, post};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::{plugin_icons, plugins as queries};
use crate::request::{Page, Query, YamlBody, paged};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use segue_api_types as types;
use segue_model::{Json as Value, Map};
use std::collections::BTreeMap;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let all = Param::new("all", Kind::Flag, "Includes the properties that every task has.");
    let schema_params = [
        Param::new("arrayOf", Kind::Flag, "Returns the schema of a list."),
        Param::new(
            "includeCatalog",
            Kind::Flag,
            "Has no effect: the schema has all types that Segue can run, and there are no others.",
        ),
        Param::new(
            "definitions",
            Kind::Flag,
            "`false` leaves out the schemas of all types. Default: `true`.",
        ),
    ];
    vec![
        get("/plugins", list)
            .is(
                "plugins",
                "Lists all types by group. With `page` or `size`, the answer is a page of the list.",
            )
            .takes(&PAGE)
            .answers(json::<Vec<types::PluginGroup>>()),
        get("/plugins/{cls}", one)
            .is("plugin", "Returns a type with the schema of its properties.")
            .takes(&[all])
            .refuses(&[404]),
        get("/plugins/{cls}/versions", versions)
            .is("pluginVersions", "Lists the versions of a type. There is always one.")
            .refuses(&[404]),
        get("/plugins/{cls}/versions/{version}", one_version)
            .is("pluginOfVersion", "Returns a type with the schema of its properties.")
            .takes(&[all])
            .refuses(&[404]),
        get("/plugins/groups/subgroups", subgroups)
            .is("pluginSubgroups", "Lists all types by group, and by the packages inside of the groups."),
        get("/plugins/triggers", triggers).is("pluginTriggers", "Lists the types of triggers."),
        post("/plugins/auto-install/detect", missing)
            .is("missingPlugins", "Lists the types of a source that Segue does not know.")
            .body(Content::Yaml),
        get("/plugins/schemas/{type}", schema)
            .is("pluginSchema", "Returns the JSON Schema of a flow, task, trigger or plugin default.")
            .takes(&schema_params)
            .answers(json::<Map>())
            .refuses(&[404]),
        get("/plugins/properties/{type}", properties)
            .is("pluginProperties", "Returns the properties of a flow, task, trigger or plugin default.")
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
        get("/plugins/icons", icons).is("pluginIcons", "Lists all types with their pictures."),
        get("/plugins/icons/groups", group_icons)
            .is("pluginGroupIcons", "Lists all groups with their pictures."),
        get("/plugins/icons/{cls}", icon).is("pluginIcon", "Returns the picture of a type.").refuses(&[404]),
        get("/plugins/icons/{cls}/icon.svg", svg)
            .is("pluginIconSvg", "Returns the picture of a type as SVG.")
            .answers(Content::Svg)
            .refuses(&[404]),
    ]
}

/// Kestra 1 answers the whole list, and Kestra 2 a page.
async fn list(State(api): State<Api>, query: Query) -> Answer<Response> {
    let mut all = queries::list(&api);
    let page = Page::from_query(&query)?;
    page.arrange(
        &mut all,
        &[
            ("group", |left, right| left.group.cmp(&right.group)),
            ("name", |left, right| left.name.cmp(&right.name)),
        ],
    )?;
    if query.text("page").is_none() && query.text("size").is_none() {
        return Ok(Json(all).into_response());
    }
    let total = all.len() as u64;
    Ok(Json(paged(page.cut(all), total)).into_response())
}

async fn subgroups(State(api): State<Api>) -> Json<Vec<types::PluginGroup>> {
    Json(queries::subgroups(&api))
}

async fn triggers(State(api): State<Api>) -> Json<Vec<types::TriggerPlugin>> {
    Json(plugin_icons::triggers(&api))
}

async fn missing(State(api): State<Api>, YamlBody(source): YamlBody) -> Answer<Json<types::MissingPlugins>> {
    plugin_icons::missing(&api, &source).map(Json)
}

async fn versions(State(api): State<Api>, Path(name): Path<String>) -> Answer<Json<types::PluginVersions>> {
    plugin_icons::versions(&api, &name).map(Json)
}

async fn one_version(
    State(api): State<Api>,
    Path((name, version)): Path<(String, String)>,
    query: Query,
) -> Answer<Json<types::PluginDoc>> {
    if version != api.version {
        return Err(ApiError::not_found(format!("Version '{version}' of plugin '{name}'")));
    }
    queries::one(&api, &name, query.flag("all", false)?).map(Json)
}

async fn properties(State(api): State<Api>, Path(kind): Path<String>) -> Answer<Json<Value>> {
    queries::properties(&api, &kind).map(Json)
}

async fn icon(State(api): State<Api>, Path(name): Path<String>) -> Answer<Json<types::PluginIconAnswer>> {
    plugin_icons::one(&api, &name).map(Json)
}

async fn group_icons(State(api): State<Api>) -> Json<BTreeMap<String, types::PluginIcon>> {
    Json(plugin_icons::groups(&api))
}

async fn svg(State(api): State<Api>, Path(name): Path<String>) -> Answer<Response> {
    let text = plugin_icons::one_svg(&api, &name)?;
    Ok(([(header::CONTENT_TYPE, "image/svg+xml")], text).into_response())
}

async fn one(
    State(api): State<Api>,
    Path(name): Path<String>,
    query: Query,
) -> Answer<Json<types::PluginDoc>> {
    queries::one(&api, &name, query.flag("all", false)?).map(Json)
}

async fn schema(State(api): State<Api>, Path(kind): Path<String>, query: Query) -> Answer<Json<Value>> {
    query.flag("includeCatalog", false)?;
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
    Json(plugin_icons::all(&api))
}
