//! The lineage of dbt: what a dbt task run has built from what, read from the manifest that it left behind.
//!
//! The manifest has the SQL of every model and can have tens of megabytes. The answer has names and edges only.

use super::stored;
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use segue_api_types as types;
use segue_model::execution::Execution;
use segue_model::state::State;
use segue_model::task_run::TaskRun;
use segue_ports::{InternalStorage, PortError};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};

/// The file that dbt writes, as it is named in the outputs of its task run.
const MANIFEST: &str = "manifest.json";
/// The largest manifest that is read, in bytes.
const LARGEST: u64 = 64 << 20;
/// The kinds of nodes that are shown. Tests, macros and operations build nothing.
const KINDS: [&str; 5] = ["source", "seed", "model", "snapshot", "exposure"];

/// The lineage of a task run.
pub(crate) async fn of_task_run(api: &Api, id: &str, task_run: &str) -> Answer<types::Lineage> {
    let stored = stored(api, id).await?;
    let find = |run: &&(u64, TaskRun)| run.1.id.as_str() == task_run;
    let Some((_, run)) = stored.task_runs.iter().find(find) else {
        return Err(ApiError::not_found(format!("Task run '{task_run}' of execution '{id}'")));
    };
    let uri = manifest_of(&stored.execution, run).ok_or_else(|| {
        ApiError::not_found(format!("The file {MANIFEST} among the outputs of the task run '{task_run}'"))
    })?;
    let text = match api.ports.storage.get_text(uri, LARGEST).await {
        Err(PortError::NotFound { .. }) => return Err(ApiError::not_found(format!("The file '{uri}'"))),
        other => other?,
    };
    let manifest: Manifest = serde_json::from_str(&text).map_err(|error| {
        ApiError::argument(format!("the file '{uri}' is no manifest of dbt that can be read: {error}"))
    })?;
    let built =
        stored.task_runs.iter().filter(|(_, built)| built.parent_task_run_id.as_ref() == Some(&run.id));
    let states = built.map(|(_, built)| (built.task_id.as_str(), built.state.current())).collect();
    Ok(manifest.lineage(&states))
}

/// The manifest of a task run, if it is a file of the same execution.
fn manifest_of<'a>(execution: &Execution, run: &'a TaskRun) -> Option<&'a str> {
    let uri = run.outputs.get("outputFiles")?.get(MANIFEST)?.as_str()?;
    let own = format!("{}/", InternalStorage::uri(&execution.storage_prefix()));
    uri.starts_with(&own).then_some(uri)
}

/// The parts of a manifest that a lineage needs. The order of the nodes is that of their ids.
#[derive(Debug, Deserialize)]
struct Manifest {
    #[serde(default)]
    nodes: BTreeMap<String, Node>,
    #[serde(default)]
    sources: BTreeMap<String, Node>,
    #[serde(default)]
    exposures: BTreeMap<String, Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    name: String,
    resource_type: String,
    #[serde(default)]
    source_name: Option<String>,
    #[serde(default)]
    relation_name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    config: Config,
    #[serde(default)]
    depends_on: DependsOn,
}

#[derive(Debug, Default, Deserialize)]
struct Config {
    #[serde(default)]
    materialized: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct DependsOn {
    #[serde(default)]
    nodes: Vec<String>,
}

impl Manifest {
    /// The shown nodes with what became of them, and the edges between them.
    fn lineage(self, states: &HashMap<&str, State>) -> types::Lineage {
        let all: BTreeMap<String, Node> = [self.sources, self.nodes, self.exposures]
            .into_iter()
            .flatten()
            .filter(|(_, node)| KINDS.contains(&node.resource_type.as_str()))
            .collect();
        let mut edges = Vec::new();
        for (id, node) in &all {
            let before = node.depends_on.nodes.iter().filter(|before| all.contains_key(*before));
            edges.extend(
                before.map(|before| types::LineageEdge { source: before.clone(), target: id.clone() }),
            );
        }
        let nodes =
            all.into_iter().map(|(id, node)| node.shown(states.get(id.as_str()).copied(), id)).collect();
        types::Lineage { nodes, edges }
    }
}

impl Node {
    fn shown(self, state: Option<State>, id: String) -> types::LineageNode {
        let name = match self.source_name {
            Some(source) => format!("{source}.{}", self.name),
            None => self.name,
        };
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        types::LineageNode {
            id,
            name,
            kind: self.resource_type,
            relation: filled(self.relation_name),
            materialized: filled(self.config.materialized),
            description: filled(self.description),
            state,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn models_and_sources_are_nodes_and_tests_are_not() {
        let model = |name: &str, before: &[&str]| {
            json!({"name": name, "resource_type": "model", "raw_code": "select 1", "config": {"materialized": "table"},
                   "depends_on": {"macros": ["macro.dbt.ref"], "nodes": before}, "description": ""})
        };
        let manifest = json!({
            "metadata": {"dbt_version": "1.9"},
            "sources": {"source.shop.raw.orders": {
                "name": "orders", "resource_type": "source", "source_name": "raw",
                "relation_name": "`demo`.`raw`.`orders`", "description": "As they come"
            }},
            "nodes": {
                "model.shop.stg": model("stg", &["source.shop.raw.orders"]),
                "model.shop.fact": model("fact", &["model.shop.stg", "model.other.gone"]),
                "test.shop.unique": {"name": "unique", "resource_type": "test",
                                     "depends_on": {"nodes": ["model.shop.fact"]}},
            },
        });
        let manifest: Manifest = serde_json::from_value(manifest).unwrap();
        let lineage = manifest.lineage(&HashMap::from([("model.shop.fact", State::Failed)]));
        let names: Vec<_> =
            lineage.nodes.iter().map(|node| (node.name.as_str(), node.kind.as_str())).collect();
        assert_eq!(names, [("fact", "model"), ("stg", "model"), ("raw.orders", "source")]);
        let edges: Vec<_> =
            lineage.edges.iter().map(|edge| (edge.source.as_str(), edge.target.as_str())).collect();
        assert_eq!(
            edges,
            [("model.shop.stg", "model.shop.fact"), ("source.shop.raw.orders", "model.shop.stg")],
            "an edge from a node that is not there is none"
        );
        assert_eq!(lineage.nodes[0].state, Some(State::Failed));
        assert_eq!((&lineage.nodes[0].description, lineage.nodes[1].state), (&None, None));
        assert_eq!(lineage.nodes[2].relation.as_deref(), Some("`demo`.`raw`.`orders`"));
    }
}
