//! Runs translated templates in minijinja, with a limit on their work.

use crate::error::{Fault, RenderError};
use crate::meter::Meter;
use crate::missing::as_missing;
use crate::run::{Again, Run, Shared};
use crate::scope::Scope;
use crate::translate::{Flavor, translate};
use crate::value::{value_from_json, value_to_json};
use crate::{java, nesting, runtime, syntax};
use minijinja::{Environment, Error, ErrorKind, State, Value};
use regex::Regex;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// The default number of steps of a rendering. This is about two seconds of work.
const DEFAULT_FUEL: u64 = 5_000_000;
/// The number of translated templates in the cache.
const CACHED_TEMPLATES: usize = 1000;
/// The largest number of passes of a recursive rendering, which repeats while the text changes.
const MAX_PASSES: usize = 100;

/// Renders templates. Cheap to clone. Clones share the cache of translated templates.
///
/// ```
/// use segue_template::{Ambient, Renderer, Scope};
/// let ambient = Ambient { now: jiff::Timestamp::UNIX_EPOCH, seed: 1, time_zone: jiff::tz::TimeZone::UTC };
/// let scope = Scope::of_variables(serde_json::json!({"inputs": {"n": 3}}), ambient);
/// assert_eq!(Renderer::new().render("{{ inputs.n + 1 }}", &scope).unwrap(), "4");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Renderer {
    engine: Engine,
    meter: Option<Arc<dyn Meter>>,
}

impl Renderer {
    /// A renderer with the default number of steps.
    pub fn new() -> Self {
        Self::default()
    }

    /// A renderer with this number of steps for each template.
    pub fn with_fuel(fuel: u64) -> Self {
        Self { engine: Engine::new(fuel), meter: None }
    }

    /// Adds a meter that watches each rendering.
    #[must_use]
    pub fn metered(self, meter: Arc<dyn Meter>) -> Self {
        Self { meter: Some(meter), ..self }
    }

    /// Renders a template to text, in one pass.
    ///
    /// # Errors
    /// [`RenderError::Pending`] if an answer must be fetched first. Other variants of [`RenderError`] if the template
    /// is wrong or too expensive.
    pub fn render(&self, template: &str, scope: &Scope) -> Result<String, RenderError> {
        if !template.contains('{') {
            return Ok(template.to_owned());
        }
        self.engine.text(&self.run(template, scope)).map(strip_raw_tags)
    }

    /// Renders a template to a value with a type (docs/kestra.md 3.1). A single expression gives its value. Several
    /// scalars are joined to a text. An empty template gives null.
    ///
    /// # Errors
    /// As [`Renderer::render`]. Also if the template prints a list or map and something else.
    pub fn render_typed(&self, template: &str, scope: &Scope) -> Result<serde_json::Value, RenderError> {
        if !template.contains('{') {
            return Ok(serde_json::Value::String(template.to_owned()));
        }
        let value = self.engine.typed(&self.run(template, scope))?;
        Ok(match value_to_json(&value) {
            serde_json::Value::String(text) => serde_json::Value::String(strip_raw_tags(text)),
            other => other,
        })
    }

    /// Renders every text in a structure, and the keys of maps. If two keys become equal, the first entry is kept.
    ///
    /// # Errors
    /// As [`Renderer::render`].
    pub fn render_json(
        &self,
        value: &serde_json::Value,
        scope: &Scope,
    ) -> Result<serde_json::Value, RenderError> {
        Ok(match value {
            serde_json::Value::String(text) => serde_json::Value::String(self.render(text, scope)?),
            serde_json::Value::Array(items) => {
                let items = items.iter().map(|item| self.render_json(item, scope));
                serde_json::Value::Array(items.collect::<Result<_, _>>()?)
            }
            serde_json::Value::Object(map) => {
                let mut rendered = serde_json::Map::with_capacity(map.len());
                for (key, item) in map {
                    let key = self.render(key, scope)?;
                    let item = self.render_json(item, scope)?;
                    rendered.entry(key).or_insert(item);
                }
                serde_json::Value::Object(rendered)
            }
            other => other.clone(),
        })
    }

    /// Checks whether a template can be parsed, and whether its functions, filters and tests exist.
    ///
    /// # Errors
    /// [`RenderError::Syntax`] if the template cannot be parsed. [`RenderError::Failed`] if a function, filter or test
    /// does not exist.
    pub fn check(&self, template: &str) -> Result<(), RenderError> {
        if !template.contains('{') {
            return Ok(());
        }
        let source = source(template, Flavor::Text)?;
        let environment = Environment::empty();
        let compiled = environment.template_from_str(&source);
        compiled.map(drop).map_err(|error| compile_error(&error))
    }

    fn run(&self, template: &str, scope: &Scope) -> Arc<Run> {
        let watch = self.meter.as_ref().map(|meter| meter.begin());
        let engine = Arc::new(self.engine.clone());
        let shared = Shared::new(engine, self.engine.inner.fuel, scope.clone(), watch);
        Arc::new(Run::new(template, Arc::new(shared)))
    }
}

/// The parts that a rendering shares with its nested renderings: minijinja and the translated templates.
#[derive(Clone)]
pub(crate) struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    fuel: u64,
    generation: RwLock<Arc<Generation>>,
}

/// A set of translated templates. When the set is full, a new set replaces it. Renderings in progress keep the old set.
struct Generation {
    environment: Environment<'static>,
    templates: Arc<AtomicUsize>,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new(DEFAULT_FUEL)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("fuel", &self.inner.fuel).finish_non_exhaustive()
    }
}

impl Again for Engine {
    fn value(&self, run: &Run, value: &serde_json::Value, recursive: bool) -> Result<Value, Fault> {
        self.json(run, value, recursive).map(|rendered| value_from_json(&rendered))
    }
}

impl Engine {
    fn new(fuel: u64) -> Self {
        Self { inner: Arc::new(Inner { fuel, generation: RwLock::new(Arc::new(Generation::new(fuel))) }) }
    }

    /// Runs a template to a text. The text still has the tags of `raw` blocks.
    pub(crate) fn text(&self, run: &Arc<Run>) -> Result<String, RenderError> {
        self.evaluate(run, Flavor::Text)
    }

    fn typed(&self, run: &Arc<Run>) -> Result<Value, RenderError> {
        self.evaluate(run, Flavor::Typed)?;
        Ok(run.progress().typed.take().unwrap_or_else(|| Value::from(())))
    }

    fn json(
        &self,
        run: &Run,
        value: &serde_json::Value,
        recursive: bool,
    ) -> Result<serde_json::Value, Fault> {
        Ok(match value {
            serde_json::Value::String(text) => self.again(run, text, recursive)?.into(),
            serde_json::Value::Array(items) => {
                let items = items.iter().map(|item| self.json(run, item, recursive));
                serde_json::Value::Array(items.collect::<Result<_, _>>()?)
            }
            serde_json::Value::Object(map) => {
                let mut rendered = serde_json::Map::with_capacity(map.len());
                for (key, item) in map {
                    let key = self.again(run, key, recursive)?;
                    rendered.entry(key).or_insert(self.json(run, item, recursive)?);
                }
                serde_json::Value::Object(rendered)
            }
            other => other.clone(),
        })
    }

    fn again(&self, run: &Run, text: &str, recursive: bool) -> Result<String, Fault> {
        let mut text = text.to_owned();
        for _ in 0..MAX_PASSES {
            if !text.contains('{') {
                return Ok(text);
            }
            run.charge(1 + text.len() / 32)?;
            let rendered = self.text(&Arc::new(run.nested(&text)?))?;
            if !recursive || rendered == text {
                return Ok(strip_raw_tags(rendered));
            }
            text = rendered;
        }
        Err("Too many rendering attempts".into())
    }

    fn generation(&self) -> Arc<Generation> {
        let current = Arc::clone(&self.inner.generation.read().unwrap_or_else(PoisonError::into_inner));
        if current.templates.load(Ordering::Relaxed) < CACHED_TEMPLATES {
            return current;
        }
        let mut slot = self.inner.generation.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&slot, &current) {
            *slot = Arc::new(Generation::new(self.inner.fuel));
        }
        Arc::clone(&slot)
    }

    fn evaluate(&self, run: &Arc<Run>, flavor: Flavor) -> Result<String, RenderError> {
        let generation = self.generation();
        let prefix = if flavor == Flavor::Typed { 'v' } else { 't' };
        let result = generation
            .environment
            .get_template(&format!("{prefix}{}", run.template))
            .and_then(|template| template.render(Value::from_dyn_object(Arc::clone(run))));
        result.map_err(|error| self.error(run, &error))
    }

    /// Turns minijinja's error into the error of a rendering, with its position.
    fn error(&self, run: &Run, error: &Error) -> RenderError {
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
        let mut innermost = error;
        while let Some(current) = source {
            match current.downcast_ref::<RenderError>() {
                Some(RenderError::Stopped { template, why }) if template.is_empty() => {
                    return RenderError::Stopped { template: run.template.clone(), why: why.clone() };
                }
                Some(found) => return found.clone(),
                None => {}
            }
            if let Some(found) = current.downcast_ref::<Error>() {
                innermost = found;
            }
            source = current.source();
        }
        let template = run.template.clone();
        match innermost.kind() {
            ErrorKind::OutOfFuel => RenderError::OutOfFuel { template, fuel: self.inner.fuel },
            ErrorKind::SyntaxError => compile_error(innermost),
            _ => {
                let line = innermost.line().and_then(|line| u32::try_from(line).ok()).unwrap_or(1);
                let message = innermost.detail().map_or_else(|| innermost.kind().to_string(), str::to_owned);
                RenderError::Failed { message, template, line }
            }
        }
    }
}

impl Generation {
    fn new(fuel: u64) -> Self {
        let mut environment = Environment::empty();
        environment.set_fuel(Some(fuel));
        environment.set_debug(false);
        environment.set_formatter(print);
        runtime::register(&mut environment);
        let templates = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&templates);
        environment.set_loader(move |name| {
            counter.fetch_add(1, Ordering::Relaxed);
            let mut chars = name.chars();
            let flavor = if chars.next() == Some('v') { Flavor::Typed } else { Flavor::Text };
            source(chars.as_str(), flavor).map(Some).map_err(|error| runtime::raise(error.into()))
        });
        Self { environment, templates }
    }
}

/// Translates a template to the source of a minijinja template.
fn source(template: &str, flavor: Flavor) -> Result<String, RenderError> {
    translate(template, &syntax::parse(template)?, flavor)
}

fn compile_error(error: &Error) -> RenderError {
    let line = error.line().and_then(|line| u32::try_from(line).ok()).unwrap_or(1);
    let message = error.detail().unwrap_or("the template cannot be compiled").to_owned();
    RenderError::Syntax { message, line, column: 1 }
}

fn print(out: &mut minijinja::Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let write = |out: &mut minijinja::Output<'_>, text: &str| {
        out.write_str(text).map_err(|_| Error::new(ErrorKind::WriteFailure, "the output cannot be written"))
    };
    if let Some(text) = value.as_str() {
        return write(out, text);
    }
    let run = runtime::run_of(state)?;
    if let Some(missing) = as_missing(value) {
        return Err(runtime::raise(run.undefined(missing)));
    }
    nesting::weigh(&run, value).map_err(runtime::raise)?;
    let text = java::print(value);
    run.charge(text.len() / 32).map_err(runtime::raise)?;
    write(out, &text)
}

/// Removes the tags of `raw` blocks. Until here, the tags protected the content of the blocks.
fn strip_raw_tags(text: String) -> String {
    static RAW: OnceLock<Option<Regex>> = OnceLock::new();
    if !text.contains("endraw") {
        return text;
    }
    let pattern = RAW.get_or_init(|| Regex::new(r"(?s)\{%-*\s*raw\s*-*%\}(.*?)\{%-*\s*endraw\s*-*%\}").ok());
    match pattern {
        Some(pattern) => pattern.replace_all(&text, "$1").into_owned(),
        None => text,
    }
}
