//! Decides which inputs are enabled, in which order they are resolved, and their values (docs/kestra.md 1.2).

use super::check::check;
use super::convert::convert;
use super::visible::with_inputs;
use super::{InputProblem, InputScope, ResolveError, nested, shown};
use segue_model::input::{DependsOn, Input, InputKind};
use segue_model::{Json, Map};
use segue_template::{RenderError, Scope};
use std::collections::HashMap;

/// Converts submitted values to the inputs of an execution. Ids with dots become nested maps. `submitted` has texts or
/// JSON values by id. The value of a FILE is the URI of a stored file. Submitted values without a declaration are
/// ignored.
///
/// # Errors
/// [`ResolveError::Pending`] if a default, condition or expression needs answers. All questions are then in the table.
/// [`ResolveError::Refused`] with all rejected values.
pub fn resolve(inputs: &[Input], submitted: &Map, scope: &InputScope<'_>) -> Result<Map, ResolveError> {
    let mut resolver = Resolver { inputs, submitted, scope, resolutions: HashMap::new(), is_pending: false };
    for input in inputs {
        resolver.resolve(input);
    }
    resolver.finish()
}

struct Resolver<'a> {
    inputs: &'a [Input],
    submitted: &'a Map,
    scope: &'a InputScope<'a>,
    resolutions: HashMap<&'a str, Resolution>,
    is_pending: bool,
}

/// The state of an input.
enum Resolution {
    /// The input is being resolved.
    Open,
    /// The input is disabled, because the condition of its `dependsOn` is not true.
    Disabled,
    /// The value of the input.
    Value(Json),
    /// The value was rejected. `None` if the reason is another rejected input.
    Refused(Option<InputProblem>),
}

/// Why an input has no value now.
enum Stop {
    Pending,
    /// An input that it depends on was rejected.
    Blocked,
    /// The value was rejected: the reason, and the received value.
    Refused(String, Json),
}

impl<'a> Resolver<'a> {
    fn resolve(&mut self, input: &'a Input) {
        if self.resolutions.contains_key(input.id.as_str()) {
            return;
        }
        self.resolutions.insert(&input.id, Resolution::Open);
        let resolution = match self.value(input) {
            Ok(Some(value)) => Resolution::Value(value),
            Ok(None) => Resolution::Disabled,
            Err(Stop::Blocked) => Resolution::Refused(None),
            Err(Stop::Pending) => {
                self.is_pending = true;
                Resolution::Refused(None)
            }
            Err(Stop::Refused(why, received)) => Resolution::Refused(Some(problem(input, &why, &received))),
        };
        self.resolutions.insert(&input.id, resolution);
    }

    fn finish(self) -> Result<Map, ResolveError> {
        if self.is_pending {
            return Err(ResolveError::Pending);
        }
        let Self { inputs, mut resolutions, .. } = self;
        let mut values = Map::new();
        let mut problems = Vec::new();
        for input in inputs {
            match resolutions.remove(input.id.as_str()) {
                Some(Resolution::Value(value)) => nested::insert(&mut values, &input.id, value),
                Some(Resolution::Refused(problem)) => problems.extend(problem),
                Some(Resolution::Disabled | Resolution::Open) | None => {}
            }
        }
        if problems.is_empty() { Ok(values) } else { Err(ResolveError::Refused(problems)) }
    }

    /// The value of an input; `None` if the input is disabled.
    fn value(&mut self, input: &'a Input) -> Result<Option<Json>, Stop> {
        if let Some(depends_on) = &input.depends_on
            && !self.is_enabled(depends_on)?
        {
            return Ok(None);
        }
        let choices = self.choices(&input.kind)?;
        let received = match nested::get(self.submitted, &input.id) {
            Some(value) => value.clone(),
            None => self.default(input, &choices)?,
        };
        if received.is_null() {
            return if input.required {
                Err(Stop::Refused("missing required input".to_owned(), received))
            } else {
                Ok(Some(Json::Null))
            };
        }
        let value = match convert(&input.kind, &received) {
            Ok(value) => value,
            Err(why) => return Err(Stop::Refused(why, received)),
        };
        match check(&input.kind, input.required, &choices, &value) {
            Ok(()) => Ok(Some(value)),
            Err(why) => Err(Stop::Refused(why, received)),
        }
    }

    /// Whether an input is enabled. All inputs that it depends on must be enabled, and its condition must render to
    /// exactly `true`.
    fn is_enabled(&mut self, depends_on: &'a DependsOn) -> Result<bool, Stop> {
        let listed =
            depends_on.inputs.iter().filter_map(|id| self.inputs.iter().find(|input| input.id == *id));
        for other in listed.collect::<Vec<_>>() {
            self.resolve(other);
        }
        let resolutions = || depends_on.inputs.iter().filter_map(|id| self.resolutions.get(id.as_str()));
        if resolutions().any(|resolution| matches!(resolution, Resolution::Open)) {
            let why = "its `dependsOn` leads back to itself: remove one input from the circle";
            return Err(Stop::Refused(why.to_owned(), Json::Null));
        }
        if resolutions().any(|resolution| matches!(resolution, Resolution::Refused(_))) {
            return Err(Stop::Blocked);
        }
        if resolutions().any(|resolution| matches!(resolution, Resolution::Disabled)) {
            return Ok(false);
        }
        let Some(condition) = &depends_on.condition else { return Ok(true) };
        let scope = self.visible(|id| depends_on.inputs.iter().any(|listed| listed == id));
        match self.scope.renderer.render_typed(condition, &scope) {
            Ok(value) => Ok(value == Json::Bool(true)),
            Err(error) => Err(unrendered("Invalid condition", error)),
        }
    }

    /// The allowed values.
    fn choices(&self, kind: &InputKind) -> Result<Vec<String>, Stop> {
        let (InputKind::Select { values, expression, .. }
        | InputKind::Multiselect { values, expression, .. }) = kind
        else {
            return Ok(Vec::new());
        };
        let Some(expression) = expression else { return Ok(values.clone()) };
        let rendered = self.scope.renderer.render_typed(expression, &self.visible(|_| true));
        match rendered.map_err(|error| unrendered("Cannot render 'expression'. Cause", error))? {
            Json::Array(items) => Ok(items.iter().filter(|item| !item.is_null()).map(shown).collect()),
            other => Err(Stop::Refused(
                format!(
                    "Invalid expression result. Expected a list of strings, but received {}",
                    class_name(&other)
                ),
                Json::Null,
            )),
        }
    }

    /// The value of an input without a submitted value. Null if there is no default.
    fn default(&self, input: &Input, choices: &[String]) -> Result<Json, Stop> {
        match (&input.defaults, &input.kind) {
            (Some(defaults), _) => {
                let scope = self.visible(|_| true);
                let rendered = self.scope.renderer.render_json(defaults, &scope);
                rendered.map_err(|error| unrendered("Cannot render 'defaults'. Cause", error))
            }
            (None, InputKind::Select { auto_select_first: true, .. }) => {
                Ok(choices.first().map_or(Json::Null, |first| first.as_str().into()))
            }
            (None, _) => Ok(Json::Null),
        }
    }

    /// The variables with those resolved inputs for which `shows` is true.
    fn visible(&self, shows: impl Fn(&str) -> bool) -> Scope {
        let mut map = Map::new();
        for input in self.inputs.iter().filter(|input| shows(&input.id)) {
            if let Some(Resolution::Value(value)) = self.resolutions.get(input.id.as_str()) {
                nested::insert(&mut map, &input.id, value.clone());
            }
        }
        with_inputs(self.scope, map)
    }
}

fn unrendered(what: &str, error: RenderError) -> Stop {
    match error {
        RenderError::Pending => Stop::Pending,
        error => Stop::Refused(format!("{what}: {error}"), Json::Null),
    }
}

/// The message for a rejected value, in Kestra's words. The value of a SECRET is not shown.
fn problem(input: &Input, why: &str, received: &Json) -> InputProblem {
    let is_secret = input.kind.is_secret() && !received.is_null();
    let received = if is_secret { "******".to_owned() } else { shown(received) };
    let id = input.id.clone();
    InputProblem { message: format!("Invalid input for `{id}`, {why}, but received `{received}`"), input: id }
}

/// The name of a value's class in Java.
fn class_name(value: &Json) -> &'static str {
    match value {
        Json::Null => "<null>",
        Json::Bool(_) => "Boolean",
        Json::Number(number) if number.is_f64() => "Double",
        Json::Number(_) => "Long",
        Json::String(_) => "String",
        Json::Array(_) => "ArrayList",
        Json::Object(_) => "LinkedHashMap",
    }
}

#[cfg(test)]
mod tests;
