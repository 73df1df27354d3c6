//! Concurrency limits: how many executions of a flow hold a permit.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::{Compare, Page, Query, paged};
use segue_api_types as types;
use segue_model::parse::flow_document;
use segue_ports::state::StoredFlow;

/// The fields that the list can be sorted by.
const SORTS: [(&str, Compare<StoredFlow>); 2] = [
    ("namespace", |left, right| left.namespace.cmp(&right.namespace)),
    ("flowId", |left, right| left.id.cmp(&right.id)),
];

/// The flows that have a concurrency limit, by namespace and id.
pub(crate) async fn search(api: &Api, query: &Query) -> Answer<types::Page<types::ConcurrencyLimit>> {
    let page = Page::from_query(query)?;
    let mut limited = api.state().flows(None).await?;
    limited.retain(|flow| flow_document(&flow.source).is_some_and(|flow| flow.contains_key("concurrency")));
    page.arrange(&mut limited, &SORTS)?;
    let total = limited.len() as u64;
    let mut results = Vec::new();
    for flow in page.cut(limited) {
        results.push(of_flow(api, &flow.namespace, &flow.id).await?);
    }
    Ok(paged(results, total))
}

async fn of_flow(api: &Api, namespace: &str, id: &str) -> Answer<types::ConcurrencyLimit> {
    Ok(types::ConcurrencyLimit {
        tenant_id: types::TENANT.to_owned(),
        namespace: namespace.to_owned(),
        flow_id: id.to_owned(),
        running: api.state().held_permits(namespace, id).await?,
    })
}

/// Confirms the number of executions that hold a permit. Another number is refused: a permit belongs to an execution,
/// so the number cannot be wrong, and only the end of an execution changes it.
pub(crate) async fn update(
    api: &Api,
    (namespace, id): (&str, &str),
    wanted: &types::ConcurrencyUpdate,
) -> Answer<types::ConcurrencyLimit> {
    let flow = api.flow(namespace, id, None).await?;
    for (name, sent, own) in [("namespace", &wanted.namespace, namespace), ("flowId", &wanted.flow_id, id)] {
        if let Some(sent) = sent.as_deref().filter(|sent| *sent != own) {
            return Err(ApiError::argument(format!("{name} is '{sent}', and the address has '{own}'")));
        }
    }
    if !flow_document(&flow.source).is_some_and(|flow| flow.contains_key("concurrency")) {
        return Err(ApiError::argument(format!("flow '{namespace}.{id}' has no 'concurrency'")));
    }
    let found = of_flow(api, namespace, id).await?;
    if found.running != wanted.running {
        return Err(ApiError::argument(format!(
            "running is {}, and {} executions of '{namespace}.{id}' hold a permit: the number follows the executions; \
             kill an execution to free its permit",
            wanted.running, found.running
        )));
    }
    Ok(found)
}
