//! One attempt of a task of a connector: the variables that its templates see, and what templates render to.
//!
//! The module must not know: which requests are sent, or in which order.

use segue_connectors::Connector;
use segue_connectors::format::Property;
use segue_model::{Json, Map};
use segue_task::{TaskContext, TaskError};

/// One attempt of a task, with the variables that its templates see.
pub(crate) struct Call<'a> {
    pub(crate) connector: &'a Connector,
    pub(crate) context: &'a TaskContext,
    pub(crate) variables: Map,
    /// The property `options`.
    pub(crate) options: Json,
}

impl<'a> Call<'a> {
    pub(crate) async fn new(
        connector: &'a Connector,
        given: Map,
        context: &'a TaskContext,
    ) -> Result<Call<'a>, TaskError> {
        let (mut values, unknown) = connector
            .values(given)
            .map_err(|why| TaskError::failed(format!("{} cannot be called: {why}", connector.service)))?;
        for name in unknown {
            context
                .warn(format!("the property '{name}' is unknown to {}, and has no effect", connector.name));
        }
        let options = match connector.properties.contains_key("options") {
            true => Json::Null,
            false => values.remove("options").unwrap_or_default(),
        };
        for (name, property) in &connector.properties {
            mask(property, values.get(name), context);
        }
        let variables = Map::from_iter([
            ("properties".to_owned(), Json::Object(values)),
            ("polled".to_owned(), Json::Null),
            ("answers".to_owned(), Json::Object(Map::new())),
            ("attempt".to_owned(), attempt(context).into()),
        ]);
        Ok(Self { connector, context, variables, options })
    }

    pub(crate) async fn outputs(&self) -> Result<Map, TaskError> {
        let templates: Map = self
            .connector
            .outputs
            .iter()
            .map(|(name, output)| (name.clone(), output.value.clone()))
            .collect();
        let Json::Object(mut outputs) = self.typed(&Json::Object(templates)).await? else {
            return Ok(Map::new());
        };
        for (name, value) in &mut outputs {
            if self.connector.outputs.get(name).is_some_and(|output| output.secret)
                && let Json::String(text) = value
            {
                *value = self.context.sealed(text)?;
            }
        }
        Ok(outputs)
    }

    /// The value of a property; null if it is not set.
    pub(crate) fn property(&self, name: &str) -> &Json {
        self.variables.get("properties").and_then(|properties| properties.get(name)).unwrap_or(&Json::Null)
    }

    pub(crate) fn set(&mut self, group: &str, name: &str, value: Json) {
        if let Some(Json::Object(values)) = self.variables.get_mut(group) {
            values.insert(name.to_owned(), value);
        }
    }

    /// Renders a structure to values with types.
    pub(crate) async fn typed(&self, template: &Json) -> Result<Json, TaskError> {
        self.context.render_typed_with(template, self.variables.clone()).await
    }

    /// Renders a text with more variables.
    pub(crate) async fn text_with(&self, template: &str, more: Map) -> Result<String, TaskError> {
        let mut variables = self.variables.clone();
        variables.extend(more);
        Ok(self.context.render_with(template, variables).await?.trim().to_owned())
    }

    /// Renders a text.
    pub(crate) async fn text(&self, template: &str) -> Result<String, TaskError> {
        self.text_with(template, Map::new()).await
    }

    /// Whether a condition renders to `true`. `absent` is the answer if there is no condition.
    pub(crate) async fn is_true(&self, condition: Option<&str>, absent: bool) -> Result<bool, TaskError> {
        match condition {
            Some(condition) => Ok(self.text(condition).await? == "true"),
            None => Ok(absent),
        }
    }
}

/// The name of the attempt. Every delivery of the attempt has the same name.
fn attempt(context: &TaskContext) -> String {
    let message = context.message();
    format!("{}-{}", message.task_run_id, message.attempt).to_ascii_lowercase()
}

/// Masks the value of a property that is a secret.
pub(crate) fn mask(property: &Property, value: Option<&Json>, context: &TaskContext) {
    if !property.secret {
        return;
    }
    match value {
        Some(Json::String(text)) => context.mask(text),
        Some(Json::Object(fields)) => {
            fields.values().filter_map(Json::as_str).for_each(|text| context.mask(text))
        }
        _ => {}
    }
}
