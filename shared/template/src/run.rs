//! The state of one rendering: scopes of variables, steps that are left, random numbers, and values that `{% do %}`
//! calls keep.

use crate::error::{Fault, RenderError};
use crate::lookups::{Answer, Lookup};
use crate::meter::Watch;
use crate::missing::Missing;
use crate::scope::Scope;
use minijinja::Value;
use minijinja::value::{Object, ObjectRepr};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The name of the [`Run`] in minijinja's context.
pub(crate) const RUN: &str = "__run";
/// The number of steps between two calls of the meter.
pub(crate) const STEPS_A_LOOK: u64 = 64;
/// The largest depth of `render()` calls inside each other. Macro calls have the same limit.
const MAX_DEPTH: u32 = 16;

/// Renders a text again for `render()`. The renderer implements this trait, because templates do not know the renderer.
pub(crate) trait Again: fmt::Debug + Send + Sync {
    /// Renders every text in a value again. If `recursive` is set, repeats this until the text no longer changes.
    fn value(&self, run: &Run, value: &serde_json::Value, recursive: bool) -> Result<Value, Fault>;
}

/// The state that all nested renderings of one call share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) again: Arc<dyn Again>,
    pub(crate) scope: Scope,
    /// The number of steps that are left.
    budget: AtomicU64,
    /// The watch of the caller's meter, which may stop the rendering. `None` if there is no meter.
    watch: Option<Box<dyn Watch>>,
    /// The number of random numbers that were drawn.
    drawn: AtomicU64,
}

impl Shared {
    /// `fuel` is the number of steps that the rendering may take.
    pub(crate) fn new(again: Arc<dyn Again>, fuel: u64, scope: Scope, watch: Option<Box<dyn Watch>>) -> Self {
        let budget = AtomicU64::new(fuel);
        Self { again, scope, budget, watch, drawn: AtomicU64::new(0) }
    }
}

/// One scope of variables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    variables: Vec<(String, Value)>,
    /// Whether this is the scope of a macro. A macro does not see the scopes outside of it.
    sealed: bool,
}

impl Frame {
    pub(crate) fn sealed(variables: Vec<(String, Value)>) -> Self {
        Self { variables, sealed: true }
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.variables.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    fn set(&mut self, name: &str, value: Value) {
        match self.variables.iter_mut().find(|(known, _)| known == name) {
            Some((_, slot)) => *slot = value,
            None => self.variables.push((name.to_owned(), value)),
        }
    }
}

/// A `for` loop that is running.
#[derive(Debug)]
pub(crate) struct Loop {
    pub(crate) variable: String,
    pub(crate) items: Vec<Value>,
}

/// A macro of the template: minijinja's macro and the names of its parameters.
#[derive(Clone, Debug)]
pub(crate) struct Macro {
    pub(crate) name: String,
    pub(crate) body: Value,
    pub(crate) parameters: Vec<String>,
}

/// The part of a run that changes while a template runs.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) frames: Vec<Frame>,
    pub(crate) loops: Vec<Loop>,
    pub(crate) macros: Vec<Macro>,
    /// The value that `__keep` or a similar call has evaluated last.
    pub(crate) kept: Value,
    /// The value that the template has printed so far, if it is rendered to a typed value.
    pub(crate) typed: Option<Value>,
    /// The number of macros that are being called.
    depth: u32,
}

/// The run of one template.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) template: String,
    pub(crate) shared: Arc<Shared>,
    /// The number of `render()` calls around this run.
    nesting: u32,
    progress: Mutex<Progress>,
}

impl Object for Run {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        (key == RUN).then(|| Value::from_dyn_object(self.clone()))
    }
}

impl Run {
    /// The run of the outermost template.
    pub(crate) fn new(template: &str, shared: Arc<Shared>) -> Self {
        let progress = Progress { frames: vec![Frame::default()], ..Progress::default() };
        Self { template: template.to_owned(), shared, nesting: 0, progress: Mutex::new(progress) }
    }

    /// The run of a nested template, which sees the same variables.
    pub(crate) fn nested(&self, template: &str) -> Result<Self, Fault> {
        if self.nesting >= MAX_DEPTH {
            return Err("Too many rendering attempts".into());
        }
        let progress = Progress { frames: vec![visible(&self.progress().frames)], ..Progress::default() };
        Ok(Self {
            template: template.to_owned(),
            shared: Arc::clone(&self.shared),
            nesting: self.nesting + 1,
            progress: Mutex::new(progress),
        })
    }

    pub(crate) fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn scope(&self) -> &Scope {
        &self.shared.scope
    }

    /// The value of a variable in the innermost scope that has it. If no scope has it, the value of the root variable.
    pub(crate) fn variable(&self, name: &str) -> Option<Value> {
        let progress = self.progress();
        for frame in progress.frames.iter().rev() {
            if let Some(value) = frame.get(name) {
                return Some(value.clone());
            }
            if frame.sealed {
                return None;
            }
        }
        drop(progress);
        self.scope().variables.get(name)
    }

    /// Sets a variable in the scope that already has it. If no scope has it, sets it in the innermost scope.
    pub(crate) fn set(&self, name: &str, value: Value) {
        let mut progress = self.progress();
        let found = progress.frames.iter().rposition(|frame| frame.sealed || frame.get(name).is_some());
        let index = match found {
            Some(index) => index,
            // A variable with the name of a root variable hides the root variable in the whole template, not only in
            // its loop.
            None if self.scope().variables.get(name).is_some() => 0,
            None => progress.frames.len().saturating_sub(1),
        };
        if let Some(frame) = progress.frames.get_mut(index) {
            frame.set(name, value);
        }
    }

    /// Sets a variable in the innermost scope.
    pub(crate) fn put(&self, name: &str, value: Value) {
        if let Some(frame) = self.progress().frames.last_mut() {
            frame.set(name, value);
        }
    }

    /// Runs `body` inside one more macro call, with `frame` as the innermost scope.
    pub(crate) fn in_frame<T, E: From<Fault>>(
        &self,
        frame: Frame,
        body: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        {
            let mut progress = self.progress();
            if progress.depth >= MAX_DEPTH {
                return Err(Fault::from("Macros call each other too deeply").into());
            }
            progress.depth += 1;
            progress.frames.push(frame);
        }
        let result = body();
        let mut progress = self.progress();
        progress.depth -= 1;
        progress.frames.pop();
        result
    }

    /// Takes steps. Fails if not enough steps are left, or if the meter stops the rendering.
    pub(crate) fn charge(&self, steps: usize) -> Result<(), Fault> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        let taken = self
            .shared
            .budget
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(steps));
        let before = taken.map_err(|_| Fault::OutOfFuel)?;
        // Asking the meter costs as much as some steps, so it is not asked at each step.
        if before / STEPS_A_LOOK != before.saturating_sub(steps) / STEPS_A_LOOK {
            self.look()?;
        }
        Ok(())
    }

    /// Fails if the meter stops the rendering.
    pub(crate) fn look(&self) -> Result<(), Fault> {
        match self.shared.watch.as_ref().and_then(|watch| watch.stop()) {
            Some(why) => Err(Fault::Stopped(why)),
            None => Ok(()),
        }
    }

    /// The number of steps that are left.
    pub(crate) fn steps_left(&self) -> u64 {
        self.shared.budget.load(Ordering::Relaxed)
    }

    /// The next random number. SplitMix64 computes it from the seed.
    pub(crate) fn random(&self) -> u64 {
        let index = self.shared.drawn.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let mut z = self.scope().ambient.seed.wrapping_add(index.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Asks for an outside value. `None` if there is no such value.
    pub(crate) fn ask(&self, lookup: &Lookup) -> Result<Option<serde_json::Value>, Fault> {
        match self.scope().lookups.lookup(lookup) {
            Answer::Found(value) => Ok(Some(value)),
            Answer::Missing => Ok(None),
            Answer::Failed(message) => Err(Fault::Message(message)),
            Answer::Pending => Err(RenderError::Pending.into()),
        }
    }

    /// The error for a use of an undefined value.
    pub(crate) fn undefined(&self, missing: &Missing) -> Fault {
        RenderError::Undefined {
            name: missing.name.clone(),
            template: self.template.clone(),
            line: missing.line,
        }
        .into()
    }
}

/// All scopes that a template sees, joined to one scope.
fn visible(frames: &[Frame]) -> Frame {
    let from = frames.iter().rposition(|frame| frame.sealed).unwrap_or(0);
    let mut all = Frame::default();
    for frame in frames.get(from..).unwrap_or_default() {
        all.sealed |= frame.sealed;
        for (name, value) in &frame.variables {
            all.set(name, value.clone());
        }
    }
    all
}
