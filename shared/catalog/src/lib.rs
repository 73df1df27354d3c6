//! The only list of function families, and so of task types.
//!
//! What it is: [`families`] and [`catalog`], for code that must know every task type: the executor, the scheduler and
//! the API read flows, and `standalone` starts a worker for each family.
//!
//! What it must not know: how a task type works, which adapters exist, which composition root uses it.
//!
//! How to add one more: a new function family gets one line in [`families`].

use segue_model::catalog::Catalog;
use segue_task::TaskList;

/// The function families, in alphabetical order.
pub fn families() -> Vec<TaskList> {
    vec![
        segue_fn_bigquery::tasks(),
        segue_fn_container::tasks(),
        segue_fn_gcs::tasks(),
        segue_fn_housekeeping::tasks(),
        segue_fn_http::tasks(),
        segue_fn_script::tasks(),
        segue_fn_storage::tasks(),
    ]
}

/// All task types: flowable types, inline types, and the types of every family.
pub fn catalog() -> Catalog {
    let mut types = segue_model::flowable_types::flowable_types();
    types.extend(segue_engine::inline::inline_types());
    types.extend(families().iter().flat_map(TaskList::task_types));
    Catalog::new(types)
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::catalog::{RunBy, Service};
    use serde_json::json;
    use std::collections::BTreeSet;

    /// The services that a task can be sent to.
    fn services(service: Service) -> Vec<&'static str> {
        let process = json!({"taskRunner": {"type": "io.kestra.plugin.core.runner.Process"}});
        match service {
            Service::Named(name) => vec![name],
            Service::Routed(route) => [json!({}), process]
                .iter()
                .map(|properties| (route.choose)(properties.as_object().unwrap()))
                .collect(),
        }
    }

    #[test]
    fn every_service_that_gets_a_task_has_its_type() {
        let lists = families();
        let mut shared = 0;
        for kind in catalog().types() {
            let RunBy::Service(service) = kind.run_by else { continue };
            let names = services(service);
            shared += usize::from(names.len() > 1);
            for name in names {
                let list = lists.iter().find(|list| list.service() == name).unwrap();
                assert!(list.task_types().iter().any(|own| own.name == kind.name), "{name}: {}", kind.name);
            }
        }
        assert_eq!(shared, 26);
    }

    #[test]
    fn a_type_of_two_services_is_listed_once() {
        let catalog = catalog();
        let names: BTreeSet<_> = catalog.types().iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), catalog.types().len());
    }
}
