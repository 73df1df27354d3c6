//! Flows (docs/kestra.md 6.2).

mod bulk;
mod exchange;
pub(crate) mod save;

use crate::endpoint::{Content, Endpoint, Kind, Param, delete, get, json, post, put};
use crate::queries::flows as read;
use crate::queries::flows::{dependencies, graph, search, source_search, validate};
use segue_api_types as types;
use segue_model::Map;

pub(super) const PAGE: [Param; 3] = [
    Param::new("page", Kind::Number(1), "The page, from 1."),
    Param::new("size", Kind::Number(1), "How many stand on a page."),
    Param::new("sort", Kind::Text, "A field, with `:asc` or `:desc`."),
];
pub(super) const SEARCH: [Param; 4] = [
    Param::new("q", Kind::Text, "A part of the id or of the namespace."),
    Param::new("namespace", Kind::Text, "This namespace and those below it."),
    Param::new("labels", Kind::Texts, "Labels, `key:value` each."),
    Param::new(
        "scope",
        Kind::ManyOf(&["USER", "SYSTEM"]),
        "Whether those of the namespace `system` are meant.",
    ),
];
const REVISION: Param = Param::new("revision", Kind::Number(1), "A revision; the latest unless given.");

pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut all = vec![
        post("/flows", save::create)
            .is("createFlow", "Saves a new flow.")
            .body(Content::Yaml)
            .answers(json::<types::Flow>()),
        put("/flows/{namespace}/{id}", save::update)
            .is("updateFlow", "Saves a flow that is there; the same source again is the same revision.")
            .body(Content::Yaml)
            .answers(json::<types::Flow>())
            .refuses(&[404]),
        delete("/flows/{namespace}/{id}", save::remove)
            .is("deleteFlow", "Removes a flow; its executions stay.")
            .answers_code(204)
            .refuses(&[404]),
        get("/flows/{namespace}/{id}", read::one)
            .is("flow", "A flow.")
            .takes(&[
                REVISION,
                Param::new("source", Kind::Flag, "With its source."),
                Param::new("allowDeleted", Kind::Flag, "Also one that was removed."),
            ])
            .answers(json::<types::Flow>())
            .refuses(&[404]),
        get("/flows/{namespace}", read::of_namespace)
            .is("flowsOfNamespace", "The flows of exactly that namespace.")
            .answers(json::<Vec<types::Flow>>()),
        get("/flows/{namespace}/{id}/revisions", read::revisions)
            .is("flowRevisions", "All revisions of a flow, oldest first.")
            .answers(json::<Vec<types::Flow>>())
            .refuses(&[404]),
        get("/flows/{namespace}/{id}/tasks/{taskId}", read::task)
            .is("taskOfFlow", "A task as it is written.")
            .takes(&[REVISION])
            .answers(json::<Map>())
            .refuses(&[404]),
        get("/flows/distinct-namespaces", read::namespaces)
            .is("distinctNamespaces", "The namespaces that hold flows.")
            .takes(&[Param::new("q", Kind::Text, "A part of the namespace.")])
            .answers(json::<Vec<String>>()),
        get("/flows/search", search::search)
            .is("searchFlows", "Flows by what is known of them.")
            .takes(&PAGE)
            .takes(&SEARCH)
            .answers(json::<types::Page<types::Flow>>()),
        get("/flows/source", source_search::search)
            .is("searchSources", "Flows by a text in their source, with the places marked.")
            .takes(&PAGE)
            .takes(&SEARCH)
            .answers(json::<types::Page<types::FlowSearchHit>>()),
        get("/flows/{namespace}/{id}/graph", graph::of_flow)
            .is("flowGraph", "A flow as a graph.")
            .takes(&[REVISION])
            .answers(json::<types::Graph>())
            .refuses(&[404]),
        post("/flows/graph", graph::of_source)
            .is("sourceGraph", "A flow that is not saved as a graph.")
            .body(Content::Yaml)
            .answers(json::<types::Graph>()),
        get("/flows/{namespace}/{id}/dependencies", dependencies::of_flow)
            .is("flowDependencies", "The flows a flow calls, and those that call it.")
            .takes(&[Param::new("destinationOnly", Kind::Flag, "Only those it calls.")])
            .answers(json::<types::Dependencies>())
            .refuses(&[404]),
    ];
    all.extend(many());
    all
}

/// What is done with several at once.
fn many() -> Vec<Endpoint> {
    vec![
        post("/flows/validate", validate::flows)
            .is("validateFlows", "What is wrong with flows; nothing is saved.")
            .body(Content::Yaml)
            .answers(json::<Vec<types::FlowValidation>>()),
        post("/flows/validate/task", validate::task)
            .is("validateTask", "What is wrong with one task.")
            .takes(&[Param::new(
                "section",
                Kind::OneOf(&["tasks", "TASKS", "triggers", "TRIGGERS"]),
                "What it is.",
            )])
            .body(Content::Yaml)
            .answers(json::<types::TaskValidation>()),
        post("/flows/validate/trigger", validate::trigger)
            .is("validateTrigger", "What is wrong with one trigger.")
            .body(Content::Yaml)
            .answers(json::<types::TaskValidation>()),
        post("/flows/import", exchange::import)
            .is(
                "importFlows",
                "Saves the flows of a file: YAML of several documents, or a zip. Answers what failed.",
            )
            .takes(&[Param::new("failOnError", Kind::Flag, "Whether a flow that is refused refuses all.")])
            .body(Content::Form(Some("fileUpload")))
            .answers(json::<Vec<String>>()),
        get("/flows/export/by-query", exchange::export_by_query)
            .is("exportFlowsByQuery", "The sources of flows as a zip.")
            .takes(&SEARCH)
            .answers(Content::Zip),
        post("/flows/export/by-ids", exchange::export_by_ids)
            .is("exportFlowsByIds", "The sources of flows as a zip.")
            .body(json::<Vec<types::FlowId>>())
            .answers(Content::Zip)
            .refuses(&[404]),
        post("/flows/bulk", bulk::save_all)
            .is("saveFlows", "Saves flows of any namespace.")
            .takes(&[
                Param::new("delete", Kind::Flag, "Whether all other flows are removed; true unless given."),
                Param::new("namespace", Kind::Text, "Only those of this namespace and below are removed."),
            ])
            .body(Content::Yaml)
            .answers(json::<Vec<types::Flow>>()),
        post("/flows/{namespace}", bulk::save_namespace)
            .is("saveNamespace", "Saves the flows of a namespace.")
            .takes(&[
                Param::new("delete", Kind::Flag, "Whether its other flows are removed; true unless given."),
                Param::new("override", Kind::Flag, "As `delete`."),
            ])
            .body(Content::Yaml)
            .answers(json::<Vec<types::Flow>>()),
        delete("/flows/delete/by-ids", bulk::delete_by_ids)
            .is("deleteFlowsByIds", "Removes flows.")
            .body(json::<Vec<types::FlowId>>())
            .answers(json::<types::Count>()),
        delete("/flows/delete/by-query", bulk::delete_by_query)
            .is("deleteFlowsByQuery", "Removes flows.")
            .takes(&SEARCH)
            .answers(json::<types::Count>()),
        post("/flows/enable/by-ids", bulk::enable_by_ids)
            .is("enableFlowsByIds", "Enables flows.")
            .body(json::<Vec<types::FlowId>>())
            .answers(json::<types::Count>()),
        post("/flows/enable/by-query", bulk::enable_by_query)
            .is("enableFlowsByQuery", "Enables flows.")
            .takes(&SEARCH)
            .answers(json::<types::Count>()),
        post("/flows/disable/by-ids", bulk::disable_by_ids)
            .is("disableFlowsByIds", "Disables flows.")
            .body(json::<Vec<types::FlowId>>())
            .answers(json::<types::Count>()),
        post("/flows/disable/by-query", bulk::disable_by_query)
            .is("disableFlowsByQuery", "Disables flows.")
            .takes(&SEARCH)
            .answers(json::<types::Count>()),
    ]
}
