//! The list of all task types, for code that reads flows: the executor, the scheduler and the API. And the documentation
//! of these types.
//!
//! What it is: [`catalog`]. It reads flowable and inline types from `model` and `engine`, and adds their descriptions
//! (`builtin`). The types of the services are data: each function lists its types in `functions/NAME/task-types.json`.
//! The file is generated from the code of the function, and a test in `shared/standalone` fails if a file is old.
//! [`pages`] makes one page of documentation for each type, and [`editor`] a JSON Schema of flows.
//!
//! What it must not know: the code of a function, which adapters exist, which composition root uses it. So the services
//! that read flows are built without the code that runs tasks.
//!
//! How to add one more: a new task type or function needs no line here. `make task-types` writes the files.

mod builtin;
pub mod editor;
pub mod pages;

use segue_connectors::Connector;
use segue_model::Json;
use segue_model::catalog::{Catalog, RunBy, Service, ServiceTypes, TaskType};
use segue_model::trigger_types::TriggerType;

/// The service that runs the user's own connectors.
const CONNECT: &str = "connect";

/// The path and the text of every `task-types.json`, in alphabetical order.
static FILES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// A list of task types or of descriptions that cannot be read. Each file is a part of the program, so this is an error
/// in Segue.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{path} cannot be read: {why}; correct the file, or run `make task-types` if it is generated")]
pub struct CatalogError {
    path: &'static str,
    why: String,
}

/// All task types: flowable types, inline types, and the types of every service.
///
/// # Errors
/// [`CatalogError`] if a `task-types.json` was edited by hand and does not fit its format.
pub fn catalog() -> Result<Catalog, CatalogError> {
    catalog_with(&[])
}

/// All task types, and the user's own connectors. Of two types with the same name, the user's is used.
///
/// # Errors
/// As [`catalog`].
pub fn catalog_with(own: &'static [Connector]) -> Result<Catalog, CatalogError> {
    let mut types = segue_model::flowable_types::flowable_types();
    types.extend(segue_engine::inline::inline_types());
    builtin::describe_all(&mut types)?;
    types.extend(own.iter().map(|connector| TaskType {
        name: &connector.name,
        aliases: connector.aliases.iter().map(String::as_str).collect(),
        run_by: RunBy::Service(Service::Named(CONNECT)),
        schema: connector.schema(),
        outputs: connector.outputs_schema(),
    }));
    let (mut triggers, mut realtime) = (Vec::new(), Vec::new());
    for (path, text) in FILES {
        let listed = serde_json::from_str::<ServiceTypes>(text)
            .map_err(|error| CatalogError { path, why: error.to_string() })?;
        let parts = listed.into_parts();
        types.extend(parts.types);
        triggers.extend(parts.triggers);
        realtime.extend(parts.realtime_triggers);
    }
    Ok(Catalog::new(types).with_triggers(triggers).with_realtime_triggers(realtime))
}

/// The JSON Schemas of a trigger of the scheduler, or of a condition: of the properties with descriptions, and of the
/// variables. None if there are no variables.
///
/// # Errors
/// [`CatalogError`] if Segue's own descriptions cannot be read.
pub fn described(kind: &TriggerType) -> Result<(Json, Option<Json>), CatalogError> {
    let mut schema = kind.schema.clone();
    let outputs = builtin::describe(kind.name, &mut schema)?;
    Ok((schema, outputs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::catalog::{RunBy, Service};
    use std::collections::BTreeSet;

    #[test]
    fn a_type_of_two_services_is_listed_once() {
        let catalog = catalog().unwrap();
        let names: BTreeSet<_> = catalog.types().iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), catalog.types().len());
    }

    #[test]
    fn types_that_two_services_share_go_by_their_runner() {
        let catalog = catalog().unwrap();
        let run_by = |name: &str| catalog.get(name).map(|kind| kind.run_by);
        assert!(matches!(
            run_by("io.kestra.plugin.scripts.shell.Commands"),
            Some(RunBy::Service(Service::ByRunner(_)))
        ));
        assert_eq!(
            run_by("io.kestra.plugin.core.http.Request"),
            Some(RunBy::Service(Service::Named("http")))
        );
    }
}
