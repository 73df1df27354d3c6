//! The documentation of types: one page in Markdown for each type, and an index.
//!
//! What it is: [`Pages`], made from a catalogue. `docs/task-types` has the pages of Segue's own types; a test writes
//! them. A program shows the same text.
//!
//! What it must not know: where the pages are stored or shown.
//!
//! How to add one more: a type that is in the catalogue has a page. A fact of a schema that readers need is a line in
//! `properties`.

mod index;
mod layout;
mod properties;

use crate::CatalogError;
use layout::wrapped;
use segue_model::Json;
use segue_model::catalog::{Catalog, RunBy, Service, TaskType};
use segue_model::trigger_types::{TriggerType, condition_types, trigger_types};

/// The first part of the names of types that flows cannot use.
const INTERNAL: &str = "io.segue.";

/// What a type is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A task.
    Task(RunBy),
    /// A trigger of the scheduler.
    Trigger,
    /// A trigger that asks this service at an interval.
    PollingTrigger(&'static str),
    /// A condition of a trigger.
    Condition,
}

/// A type with its documentation.
#[derive(Clone, Debug)]
pub struct Documented {
    /// The canonical name.
    pub name: &'static str,
    /// Other names that mean the same.
    pub aliases: Vec<&'static str>,
    /// What the type is.
    pub kind: Kind,
    /// JSON Schema of the properties, without the properties that every task or trigger has.
    pub schema: Json,
    /// JSON Schema of the outputs, or of the variables of a trigger.
    pub outputs: Option<Json>,
}

/// The documentation of all types.
#[derive(Clone, Debug)]
pub struct Pages {
    types: Vec<Documented>,
}

impl Pages {
    /// The documentation of the types in a catalogue, and of the triggers and conditions of the scheduler.
    ///
    /// # Errors
    /// [`CatalogError`] if Segue's own descriptions cannot be read.
    pub fn new(catalog: &Catalog) -> Result<Self, CatalogError> {
        let tasks = catalog.types().iter().map(|kind| Documented::of(kind, Kind::Task(kind.run_by)));
        let polling = catalog.triggers().iter().filter_map(|kind| match kind.run_by {
            RunBy::Service(Service::Named(service)) => {
                Some(Documented::of(kind, Kind::PollingTrigger(service)))
            }
            _ => None,
        });
        let mut types: Vec<Documented> = tasks.chain(polling).collect();
        types.retain(|kind| !kind.name.starts_with(INTERNAL));
        for kind in trigger_types() {
            types.push(Documented::built_in(kind, Kind::Trigger)?);
        }
        for kind in condition_types() {
            types.push(Documented::built_in(kind, Kind::Condition)?);
        }
        types.sort_by_key(|kind| kind.name);
        Ok(Self { types })
    }

    /// All types, in alphabetical order.
    pub fn types(&self) -> &[Documented] {
        &self.types
    }

    /// The type with this name or alias. The first part of the name, `io.kestra.plugin.`, may be absent.
    pub fn get(&self, name: &str) -> Option<&Documented> {
        let is_name = |known: &str| known == name || short(known) == name;
        let by_name = self.types.iter().find(|kind| is_name(kind.name));
        by_name.or_else(|| self.types.iter().find(|kind| kind.aliases.iter().any(|alias| is_name(alias))))
    }

    /// The page of the type with this name or alias, as Markdown. None if the name is unknown.
    pub fn page(&self, name: &str) -> Option<String> {
        self.get(name).map(Documented::page)
    }

    /// The list of all types as Markdown, with links to the pages.
    pub fn index(&self) -> String {
        index::index(&self.types)
    }
}

impl Documented {
    fn of(kind: &TaskType, what: Kind) -> Self {
        Self {
            name: kind.name,
            aliases: kind.aliases.clone(),
            kind: what,
            schema: kind.schema.clone(),
            outputs: kind.outputs.clone(),
        }
    }

    fn built_in(kind: &TriggerType, what: Kind) -> Result<Self, CatalogError> {
        let (schema, outputs) = crate::described(kind)?;
        Ok(Self { name: kind.name, aliases: kind.aliases.to_vec(), kind: what, schema, outputs })
    }

    /// The description in Markdown, without the example.
    pub fn about(&self) -> &str {
        let text = self.description();
        text.find("```yaml").map_or(text, |start| text.get(..start).unwrap_or(text)).trim_end()
    }

    /// The first sentence of the description.
    pub fn summary(&self) -> String {
        let first = self.about().split("\n\n").next().unwrap_or_default().replace('\n', " ");
        let end = first.find(". ").map_or(first.len(), |stop| stop + 1);
        first.get(..end).unwrap_or(&first).to_owned()
    }

    /// The example: YAML of a task, or of a whole flow. None if the description has no example.
    pub fn example(&self) -> Option<&str> {
        let (_, rest) = self.description().split_once("```yaml\n")?;
        rest.split_once("```").map(|(example, _)| example)
    }

    fn description(&self) -> &str {
        self.schema.get("description").and_then(Json::as_str).unwrap_or_default()
    }

    /// The page in Markdown.
    pub fn page(&self) -> String {
        let mut text = format!("# {}\n\n{}\n\n{}\n", self.name, self.about(), self.kind.about());
        if !self.aliases.is_empty() {
            let names: Vec<String> = self.aliases.iter().map(|name| format!("`{name}`")).collect();
            text.push_str(&format!("\nOther names: {}.\n", names.join(", ")));
        }
        if let Some(example) = self.example() {
            text.push_str(&format!("\n## Example\n\n```yaml\n{example}```\n"));
        }
        let own = properties::list(&self.schema);
        text.push_str("\n## Properties\n\n");
        text.push_str(if own.is_empty() { "None of its own.\n" } else { &own });
        text.push_str(&format!("\n{}\n", self.kind.common_properties()));
        if let Some(outputs) = &self.outputs {
            text.push_str(&format!("\n## {}\n\n{}", self.kind.outputs_title(), properties::outputs(outputs)));
        }
        wrapped(&text)
    }
}

impl Kind {
    /// Who runs the type, in a sentence.
    fn about(self) -> String {
        match self {
            Self::Task(RunBy::Flowable) => "A flowable task: the engine runs its tasks.".to_owned(),
            Self::Task(RunBy::Inline) => "A task that the engine runs in its own step.".to_owned(),
            Self::Task(RunBy::Service(Service::Named(name))) => format!("A task of the service `{name}`."),
            Self::Task(RunBy::Service(Service::ByRunner(services))) => format!(
                "A task of the service `{}` with the process runner, and else of the service `{}`.",
                services.processes, services.containers
            ),
            Self::Trigger => "A trigger.".to_owned(),
            Self::PollingTrigger(name) => {
                format!("A trigger that asks the service `{name}` at an interval.")
            }
            Self::Condition => "A condition of a trigger.".to_owned(),
        }
    }

    fn common_properties(self) -> &'static str {
        match self {
            Self::Task(RunBy::Service(Service::Named("connect"))) => {
                "Every task also has [these properties](../kestra.md#13-properties-of-every-task). A task is delivered \
                 at least once: see [what every connector does](../../functions/connect/README.md#what-every-connector-does)."
            }
            Self::Task(_) => {
                "Every task also has [these properties](../kestra.md#13-properties-of-every-task)."
            }
            Self::Trigger | Self::PollingTrigger(_) => {
                "Every trigger also has [these properties](../kestra.md#51-properties-of-every-trigger)."
            }
            Self::Condition => {
                "A condition is an element of `conditions` of [a trigger](../kestra.md#56-conditions)."
            }
        }
    }

    fn outputs_title(self) -> &'static str {
        match self {
            Self::Task(_) => "Outputs",
            Self::Trigger | Self::PollingTrigger(_) | Self::Condition => "Variables in `trigger`",
        }
    }
}

/// The name without the first part that almost all types have.
fn short(name: &str) -> &str {
    name.strip_prefix("io.kestra.plugin.").unwrap_or(name)
}
