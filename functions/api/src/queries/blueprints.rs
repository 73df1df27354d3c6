//! Lists the blueprints: flows to start from.

use super::plugin_icons::used;
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::source;
use segue_api_types as types;
use segue_blueprints::Blueprint;
use segue_model::parse::flow_document;

/// All blueprints, the simplest first.
pub(crate) fn list(api: &Api) -> Answer<Vec<types::Blueprint>> {
    segue_blueprints::ALL.iter().map(|one| view(api, one)).collect()
}

/// A blueprint with its files.
pub(crate) fn one(api: &Api, id: &str) -> Answer<types::BlueprintSource> {
    let found = segue_blueprints::find(id).ok_or_else(|| ApiError::not_found(format!("Blueprint '{id}'")))?;
    let (source, tests) = (found.source.to_owned(), found.tests.to_owned());
    Ok(types::BlueprintSource { blueprint: view(api, found)?, source, tests })
}

fn view(api: &Api, one: &Blueprint) -> Answer<types::Blueprint> {
    let parsed = source::read(api, one.source);
    let flow = source::accepted(&parsed)?;
    Ok(types::Blueprint {
        id: one.id.to_owned(),
        title: one.title.to_owned(),
        description: flow.description.clone().unwrap_or_default(),
        tags: one.tags.iter().map(|tag| (*tag).to_owned()).collect(),
        types: flow_document(one.source)
            .map(|document| used(&document))
            .unwrap_or_default()
            .into_iter()
            .collect(),
        namespace: flow.namespace.clone(),
        flow_id: flow.id.clone(),
    })
}
