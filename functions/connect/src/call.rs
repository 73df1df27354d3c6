//! Runs a task of a connector: values, the requests in their order, outputs.

use crate::answer::Answer;
use crate::exchange::Exchange;
use crate::{entry, execution, paging, polling};
use segue_connectors::Connector;
use segue_connectors::format::Property;
use segue_model::{Json, Map};
use segue_task::{TaskContext, TaskError};

/// One attempt of a task, with the variables that its templates see.
pub struct Call<'a> {
    pub(crate) connector: &'a Connector,
    pub(crate) context: &'a TaskContext,
    pub(crate) variables: Map,
    /// The property `options`.
    pub(crate) options: Json,
}

/// Runs one attempt.
///
/// # Errors
/// [`TaskError::Failed`] if a property is wrong, or the service refuses a request. [`TaskError::Unfinished`] if the
/// work that the request started goes on.
pub async fn run(connector: &Connector, given: Map, context: &TaskContext) -> Result<Map, TaskError> {
    let mut call = Call::new(connector, given, context).await?;
    call.prepare().await?;
    let resumed = polling::saved(&call).await?;
    let first = match &resumed {
        Some(answer) => answer.clone(),
        None => call.send(&connector.request).await?.into_json(),
    };
    call.variables.insert("answer".to_owned(), first);
    if let Some(poll) = &connector.poll
        && call.is_true(poll.when.as_deref(), true).await?
    {
        if resumed.is_none() {
            polling::save(&call).await?;
        }
        polling::wait(&mut call, poll).await?;
    }
    if let Some(paging) = &connector.paging {
        paging::collect(&mut call, paging).await?;
    }
    call.outputs().await
}

impl<'a> Call<'a> {
    async fn new(
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
        ]);
        Ok(Self { connector, context, variables, options })
    }

    /// Makes everything that the request's templates see.
    async fn prepare(&mut self) -> Result<(), TaskError> {
        if self.connector.execution {
            let properties = self.variables.get("properties").and_then(Json::as_object).cloned();
            let facts = execution::facts(&properties.unwrap_or_default(), self.context).await?;
            self.variables.insert("execution".to_owned(), facts);
        }
        for (name, property) in &self.connector.properties {
            if let (Some(default), Json::Null) = (&property.default, self.property(name)) {
                let value = self.typed(default).await?;
                mask(property, Some(&value), self.context);
                self.set("properties", name, value);
            }
        }
        for step in &self.connector.before {
            if !self.is_true(step.when.as_deref(), true).await? {
                continue;
            }
            let answer = self.send(&step.request).await?.into_json();
            let seen = entry("answer", answer.clone());
            for secret in &step.secrets {
                self.context.mask(&self.text_with(secret, seen.clone()).await?);
            }
            self.set("answers", &step.name, answer);
        }
        Ok(())
    }

    /// Sends a request, and refuses an answer that is a failure.
    pub(crate) async fn send(
        &self,
        request: &segue_connectors::format::Request,
    ) -> Result<Answer, TaskError> {
        let exchange = Exchange::render(self, request).await?;
        self.exchange(&exchange).await
    }

    /// Sends a rendered request, and refuses an answer that is a failure.
    pub(crate) async fn exchange(&self, exchange: &Exchange) -> Result<Answer, TaskError> {
        let answer = exchange.send(self).await?;
        let failure = &self.connector.failure;
        let seen = || entry("answer", answer.clone().into_json());
        let refused = !answer.is_success() && !failure.accepted.contains(&answer.status);
        let failed = match &failure.when {
            Some(when) if !refused => self.text_with(when, seen()).await? == "true",
            _ => refused,
        };
        if !failed {
            return Ok(answer);
        }
        let message = match &failure.message {
            // A template for the service's usual answers need not fit the answer of a gateway before the service.
            Some(message) => self.text_with(message, seen()).await.unwrap_or_default(),
            None => String::new(),
        };
        let message = if message.is_empty() { answer.explanation() } else { message };
        Err(TaskError::failed(format!(
            "{} refused the request: {message} (status {}, {})",
            self.connector.service,
            answer.status,
            exchange.name()
        )))
    }

    pub(crate) async fn outputs(&self) -> Result<Map, TaskError> {
        let templates: Map = self
            .connector
            .outputs
            .iter()
            .map(|(name, output)| (name.clone(), output.value.clone()))
            .collect();
        match self.typed(&Json::Object(templates)).await? {
            Json::Object(outputs) => Ok(outputs),
            _ => Ok(Map::new()),
        }
    }

    /// The value of a property; null if it is not set.
    pub(crate) fn property(&self, name: &str) -> &Json {
        self.variables.get("properties").and_then(|properties| properties.get(name)).unwrap_or(&Json::Null)
    }

    fn set(&mut self, group: &str, name: &str, value: Json) {
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

fn mask(property: &Property, value: Option<&Json>, context: &TaskContext) {
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
