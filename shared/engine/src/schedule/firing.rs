//! The inputs and labels that a trigger gives to its execution, rendered (docs/kestra.md 5.1).

use super::variables::TriggerEnv;
use segue_model::label::{Label, set_labels};
use segue_model::{Json, Map};
use segue_template::RenderError;

/// The values that a trigger gives to an execution.
#[derive(Clone, Debug, PartialEq)]
pub struct Firing {
    /// The inputs, or why they could not be rendered.
    pub inputs: Result<Map, String>,
    /// The labels that could be rendered.
    pub labels: Vec<Label>,
    /// Warnings about labels that could not be rendered.
    pub warnings: Vec<String>,
}

/// An expression needs an answer that has not been fetched yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending;

impl TriggerEnv<'_> {
    /// Renders the trigger's inputs and labels with these variables. The values in `over` replace rendered inputs.
    ///
    /// # Errors
    /// [`Pending`].
    pub fn firing(&self, variables: &Map, over: &Map) -> Result<Firing, Pending> {
        let scope = self.scope(variables);
        let mut inputs = self.trigger.inputs.clone();
        inputs.extend(over.iter().map(|(key, value)| (key.clone(), value.clone())));
        let inputs = match self.renderer.render_json(&Json::Object(inputs), &scope) {
            Ok(Json::Object(inputs)) => Ok(inputs),
            Ok(_) => Ok(Map::new()),
            Err(RenderError::Pending) => return Err(Pending),
            Err(error) => {
                Err(format!("the inputs of trigger '{}' cannot be rendered: {error}", self.trigger.id))
            }
        };
        let (mut rendered, mut warnings) = (Vec::new(), Vec::new());
        for label in &self.trigger.labels {
            match self.renderer.render(&label.value, &scope) {
                Ok(value) => rendered.push(Label::new(&label.key, value)),
                Err(RenderError::Pending) => return Err(Pending),
                Err(error) => warnings.push(format!(
                    "the label '{}' of trigger '{}' is left out: {error}",
                    label.key, self.trigger.id
                )),
            }
        }
        let mut labels = Vec::new();
        set_labels(&mut labels, rendered);
        Ok(Firing { inputs, labels, warnings })
    }
}
