//! Flows (docs/kestra.md 6.2).

mod bulk;
mod exchange;
mod read;
mod replace;
pub(super) mod save;

use crate::endpoint::{Content, Endpoint, Kind, Param, delete, get, json, post, put};
use crate::queries::flows::search::FIELDS;
use crate::queries::flows::{listed, source_search};
use segue_api_types as types;
use segue_model::Map;

pub(super) const PAGE: [Param; 3] = [
    Param::new("page", Kind::Number(1), "The number of the page, from 1."),
    Param::new("size", Kind::Number(1), "The largest number of entries on a page."),
    Param::new("sort", Kind::Text, "The field to sort by, with `:asc` or `:desc`."),
];
pub(super) const SEARCH: [Param; 4] = [
    Param::new("q", Kind::Text, "Only flows with this text in the id or namespace."),
    Param::new("namespace", Kind::Text, "Only this namespace and the namespaces below it."),
    Param::new("labels", Kind::Texts, "Only entries with all these labels, each as `key:value`."),
    Param::new(
        "scope",
        Kind::ManyOf(&["USER", "SYSTEM"]),
        "`true`: only the namespace `system`. `false`: every other namespace.",
    ),
];
const DRAFT: Param = Param::new("draft", Kind::Flag, "Only `false` is accepted: Segue has no drafts.");
const REVISION: Param = Param::new("revision", Kind::Number(1), "The revision. Default: the latest one.");

pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut all = vec![
        post("/flows", save::create)
            .is("createFlow", "Saves a new flow.")
            .takes(&[DRAFT])
            .body(Content::Yaml),
        put("/flows/{namespace}/{id}", save::update)
            .is("updateFlow", "Saves an existing flow. A source without changes makes no new revision.")
            .takes(&[DRAFT])
            .body(Content::Yaml)
            .takes(&[Param::new(
                "If-Match",
                Kind::Text,
                "The revision that was changed. If another revision is the latest, 409, and nothing is saved.",
            )
            .header()])
            .refuses(&[404, 409]),
        delete("/flows/{namespace}/{id}", save::remove)
            .is("deleteFlow", "Deletes a flow. Its executions are kept.")
            .answers_code(204)
            .refuses(&[404]),
        get("/flows/{namespace}/{id}", read::one)
            .is("flow", "Returns a flow.")
            .takes(&[
                REVISION,
                Param::new("source", Kind::Flag, "Includes the source."),
                Param::new("allowDeleted", Kind::Flag, "Also finds a deleted flow."),
            ])
            .refuses(&[404]),
        get("/flows/{namespace}", read::of_namespace)
            .is("flowsOfNamespace", "Lists the flows of exactly this namespace."),
        get("/flows/{namespace}/{id}/revisions", read::revisions)
            .is("flowRevisions", "Lists the revisions of a flow, oldest first.")
            .takes(&[
                Param::new("source", Kind::Flag, "Includes the sources. Default: `true`."),
                Param::new(
                    "allowDelete",
                    Kind::Flag,
                    "Also lists the revisions that record a deletion. Default: `false`.",
                ),
            ])
            .refuses(&[404]),
        delete("/flows/{namespace}/{id}/revisions", save::remove_revisions)
            .is("deleteRevisions", "Deletes old revisions of a flow with their sources.")
            .takes(&[Param::new("revisions", Kind::Texts, "The revisions, separated by commas.").required()])
            .answers_code(204)
            .refuses(&[404, 409]),
        get("/flows/{namespace}/{id}/tasks/{taskId}", read::task)
            .is("taskOfFlow", "Returns a task as it is written in the source.")
            .takes(&[REVISION])
            .answers(json::<Map>())
            .refuses(&[404]),
        get("/flows/distinct-namespaces", read::namespaces)
            .is("distinctNamespaces", "Lists the namespaces that have flows.")
            .takes(&[Param::new("q", Kind::Text, "Only namespaces that contain this text.")]),
        get("/flows/search", read::search)
            .is("searchFlows", "Searches flows.")
            .takes(&PAGE)
            .takes(&SEARCH)
            .takes(&[Param::new(
                "with",
                Kind::ManyOf(listed::PARTS),
                "What is answered with each flow: its newest executions (`history`), and what its triggers do next.",
            )])
            .filters(FIELDS),
        get("/flows/deprecated", read::deprecated)
            .is("deprecatedFlows", "Lists the flows that use older names of types.")
            .takes(&[Param::new(
                "namespace",
                Kind::Text,
                "Only this namespace and the namespaces below it.",
            )]),
        post("/flows/expressions", read::expressions)
            .is("flowExpressions", "Lists the expressions that a flow can use. Saves nothing.")
            .takes(&[Param::new("taskId", Kind::Text, "Only outputs of the tasks before this task.")])
            .body(Content::Yaml),
        get("/flows/source", read::search_sources)
            .is("searchSources", "Searches the sources of flows for a text. Marks each match.")
            .takes(&PAGE)
            .takes(&[
                Param::new("q", Kind::Text, "The text to search."),
                Param::new("namespace", Kind::Text, "Only this namespace and the namespaces below it."),
                Param::new("labels", Kind::Texts, "Only flows with all these labels, each as `key:value`."),
                Param::new(
                    "scope",
                    Kind::ManyOf(source_search::SCOPES),
                    "The part of the flows to search, or the owners of the flows. Default: all.",
                ),
                Param::new("caseSensitive", Kind::Flag, "Upper and lower case are different."),
                Param::new("wholeWord", Kind::Flag, "Only whole words match."),
                Param::new("regex", Kind::Flag, "`q` is a regular expression."),
            ])
            .filters(FIELDS),
        get("/flows/{namespace}/{id}/graph", read::graph)
            .is("flowGraph", "Returns the graph of a flow.")
            .takes(&[REVISION])
            .refuses(&[404]),
        post("/flows/graph", read::graph_of_source)
            .is("sourceGraph", "Returns the graph of a source that is not saved.")
            .body(Content::Yaml),
        get("/flows/{namespace}/{id}/dependencies", read::dependencies)
            .is("flowDependencies", "Lists the flows that a flow calls, and the flows that call it.")
            .takes(&[
                Param::new("destinationOnly", Kind::Flag, "Lists only the flows that this flow calls."),
                Param::new("expandAll", Kind::Flag, "Also lists the flows that depend on these flows."),
            ])
            .refuses(&[404]),
    ];
    all.extend(many());
    all.extend(replacing());
    all
}

/// The endpoints that replace a text in flows.
fn replacing() -> Vec<Endpoint> {
    vec![
        post("/flows/source/replace/preview", replace::preview)
            .is("previewReplace", "Shows what a replacement in the sources of flows would change.")
            .body(json::<types::ReplacePreview>()),
        post("/flows/source/replace/apply", replace::apply)
            .is("applyReplace", "Replaces a text in flows. Each changed flow gets a new revision.")
            .body(json::<types::ReplaceApply>()),
        post("/flows/source/replace/line", replace::line)
            .is("replaceLine", "Replaces a text in one line of a flow.")
            .body(json::<types::ReplaceLine>()),
    ]
}

/// The endpoints for several flows at once.
fn many() -> Vec<Endpoint> {
    vec![
        post("/flows/validate", read::validate)
            .is("validateFlows", "Checks flows and lists their problems. Saves nothing.")
            .body(Content::Yaml),
        post("/flows/validate/task", read::validate_task)
            .is("validateTask", "Checks one task and lists its problems.")
            .takes(&[Param::new(
                "section",
                Kind::OneOf(&["tasks", "TASKS", "triggers", "TRIGGERS"]),
                "Whether the body is a task or a trigger of this type.",
            )])
            .body(Content::Yaml),
        post("/flows/validate/trigger", read::validate_trigger)
            .is("validateTrigger", "Checks one trigger and lists its problems.")
            .body(Content::Yaml),
        post("/flows/import", exchange::import)
            .is(
                "importFlows",
                "Saves the flows of a YAML file or zip. Answers the flows that could not be saved.",
            )
            .takes(&[Param::new("failOnError", Kind::Flag, "Saves nothing if one of the flows is refused.")])
            .body(Content::Form(Some("fileUpload"))),
        get("/flows/export/by-query", exchange::export_by_query)
            .is("exportFlowsByQuery", "Returns the sources of flows as a zip.")
            .takes(&SEARCH)
            .filters(FIELDS)
            .answers(Content::Zip),
        get("/flows/export/by-query/csv", read::table)
            .is("exportFlowsAsTable", "Returns the flows of a search as a table.")
            .takes(&SEARCH)
            .filters(FIELDS)
            .answers(Content::Csv),
        post("/flows/export/by-ids", exchange::export_by_ids)
            .is("exportFlowsByIds", "Returns the sources of flows as a zip.")
            .body(json::<Vec<types::FlowId>>())
            .answers(Content::Zip)
            .refuses(&[404]),
        post("/flows/bulk", bulk::save_all)
            .is("saveFlows", "Saves flows of any namespaces.")
            .takes(&[
                Param::new(
                    "delete",
                    Kind::Flag,
                    "Deletes all flows that the body does not have. Default: true.",
                ),
                Param::new(
                    "namespace",
                    Kind::Text,
                    "All flows must be in this namespace, and only flows of this namespace are deleted.",
                ),
                Param::new(
                    "allowNamespaceChild",
                    Kind::Flag,
                    "Whether the namespaces below `namespace` belong to it. Default: false.",
                ),
            ])
            .body(Content::Yaml),
        post("/flows/{namespace}", bulk::save_namespace)
            .is("saveNamespace", "Saves the flows of a namespace.")
            .takes(&[
                Param::new(
                    "delete",
                    Kind::Flag,
                    "Deletes the flows of the namespace that the body does not have. Default: true.",
                ),
                Param::new("override", Kind::Flag, "Has no effect: every flow of the body is saved."),
            ])
            .body(Content::Yaml),
        delete("/flows/delete/by-ids", bulk::delete_by_ids)
            .is("deleteFlowsByIds", "Deletes flows.")
            .body(json::<Vec<types::FlowId>>()),
        delete("/flows/delete/by-query", bulk::delete_by_query)
            .is("deleteFlowsByQuery", "Deletes flows.")
            .takes(&SEARCH)
            .filters(FIELDS),
        post("/flows/enable/by-ids", bulk::enable_by_ids)
            .is("enableFlowsByIds", "Enables flows.")
            .body(json::<Vec<types::FlowId>>()),
        post("/flows/enable/by-query", bulk::enable_by_query)
            .is("enableFlowsByQuery", "Enables flows.")
            .takes(&SEARCH)
            .filters(FIELDS),
        post("/flows/disable/by-ids", bulk::disable_by_ids)
            .is("disableFlowsByIds", "Disables flows.")
            .body(json::<Vec<types::FlowId>>()),
        post("/flows/disable/by-query", bulk::disable_by_query)
            .is("disableFlowsByQuery", "Disables flows.")
            .takes(&SEARCH)
            .filters(FIELDS),
    ]
}
