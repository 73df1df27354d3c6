//! Random flows under random schedules of results: whatever comes when, twice or late, an execution ends as the
//! rules of docs/kestra.md 2.3 say, and nothing starts before what it waits for.

#![expect(
    clippy::disallowed_methods,
    reason = "a test passes its own environment on, or has its settings there"
)]
#![allow(clippy::indexing_slicing, reason = "what is wrong here fails a test")]

mod flows;
mod world;

use flows::{Shape, a_flow};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use segue_engine::Dispatch;
use segue_model::event::{Event, TaskRunResult};
use segue_model::id::TaskRunId;
use segue_model::state::State;
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use world::World;

/// Who decides what comes next.
struct Chance {
    numbers: Vec<u16>,
    next: usize,
}

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        let number = self.numbers[self.next % self.numbers.len()];
        // The same numbers again mean something else.
        let round = self.next / self.numbers.len();
        self.next += 1;
        (usize::from(number) + round) % bound.max(1)
    }
}

/// What the services have been given.
#[derive(Default)]
struct Services {
    /// Attempts that have not been answered.
    open: Vec<Dispatch>,
    known: BTreeSet<(TaskRunId, u32)>,
    /// Answers so far, to be repeated.
    told: Vec<TaskRunResult>,
}

impl Services {
    fn take(&mut self, world: &mut World) {
        for dispatch in std::mem::take(&mut world.dispatched) {
            if self.known.insert((dispatch.task_run_id.clone(), dispatch.attempt)) {
                self.open.push(dispatch);
            }
        }
    }
}

fn result(dispatch: &Dispatch, world: &World) -> TaskRunResult {
    let number = |name: &str| dispatch.properties.get(name).and_then(Json::as_u64).unwrap_or(0);
    let state = if u64::from(dispatch.attempt) < number("fails") {
        State::Failed
    } else if number("warns") > 0 {
        State::Warning
    } else {
        State::Success
    };
    TaskRunResult {
        task_run_id: dispatch.task_run_id.clone(),
        attempt: dispatch.attempt,
        state,
        outputs: Map::new(),
        error: None,
        start_date: world.now,
        end_date: world.now,
        dynamic: Vec::new(),
        metrics: Vec::new(),
    }
}

/// Takes an execution as far as it goes; what a `kill` after so many steps leaves is its end too.
fn drive(
    world: &mut World,
    shape: &Shape,
    chance: &mut Chance,
    kill: Option<usize>,
) -> Result<(), TestCaseError> {
    let mut services = Services::default();
    world.manual = true;
    for step in 0..5_000 {
        if kill == Some(step) {
            world.send(Event::KillRequested { cascade: true });
        }
        world.settle_events();
        services.take(world);
        check(world, shape)?;
        if world.execution.is_over() && world.timers().is_empty() {
            // Whoever was still at work is heard, and ignored.
            let before = runs(world);
            for dispatch in &services.open {
                world.send(Event::TaskRunFinished(result(dispatch, world)));
            }
            world.settle_events();
            prop_assert_eq!(runs(world), before);
            return Ok(());
        }
        match chance.below(8) {
            0 => world.reload(),
            1 if !services.told.is_empty() => {
                let before = runs(world);
                let late = services.told[chance.below(services.told.len())].clone();
                world.send(Event::TaskRunFinished(late));
                world.settle_events();
                let known = services.known.len();
                services.take(world);
                prop_assert_eq!(runs(world), before, "a duplicate changes nothing");
                prop_assert_eq!(services.known.len(), known, "and starts nothing");
            }
            2 => world.send(Event::Continued),
            _ if !services.open.is_empty() => {
                let dispatch = services.open.swap_remove(chance.below(services.open.len()));
                let told = result(&dispatch, world);
                services.told.push(told.clone());
                world.send(Event::TaskRunFinished(told));
            }
            _ => {
                let fired = world.fire_next();
                prop_assert!(fired || !world.is_at_rest(), "nothing is left to wait for: {:?}", world.runs());
            }
        }
    }
    Err(TestCaseError::fail(format!("it does not end: {:?}", world.runs())))
}

fn runs(world: &World) -> Vec<TaskRun> {
    world.execution.task_runs().cloned().collect()
}

/// What holds at every moment.
fn check(world: &World, shape: &Shape) -> Result<(), TestCaseError> {
    let all: Vec<&TaskRun> = world.execution.task_runs().collect();
    let mut levels: HashMap<Option<&TaskRunId>, Vec<&TaskRun>> = HashMap::new();
    for run in &all {
        levels.entry(run.parent_task_run_id.as_ref()).or_default().push(run);
    }
    let stored: BTreeMap<_, _> = world.stored.values().map(|(_, run)| (&run.id, run)).collect();
    prop_assert_eq!(stored.len(), all.len());
    for run in &all {
        prop_assert_eq!(stored.get(&run.id), Some(run), "what is stored is what is decided");
    }
    let is_stopped = matches!(world.state(), State::Killed);
    for (level, children) in levels {
        let parent = level.and_then(|id| all.iter().find(|run| run.id == *id));
        prop_assert_eq!(level.is_some(), parent.is_some(), "every task run has its parent");
        let name = parent.map_or("", |run| run.task_id.as_str());
        let is_open = |run: &&&TaskRun| !run.current().is_terminal();
        prop_assert!(
            parent.is_none_or(|run| !run.current().is_terminal())
                || !children.iter().any(|run| is_open(&run)),
            "{name} ended before its children"
        );
        let rules = shape.level(name);
        let main: Vec<&&TaskRun> = children.iter().filter(|run| rules.is_main(&run.task_id)).collect();
        // A restart begins with all that failed, and goes on in the midst of what stands there already.
        let is_first = world.execution.execution().metadata.attempt_number == 1;
        if let Some(limit) = rules.tasks_at_once.filter(|_| is_first) {
            prop_assert!(main.iter().copied().filter(is_open).count() <= limit, "{name} exceeds its limit");
        }
        if let Some(limit) = rules.iterations_at_once.filter(|_| is_first) {
            let open: BTreeSet<_> = main.iter().copied().filter(is_open).map(|run| run.iteration).collect();
            prop_assert!(open.len() <= limit, "{name} exceeds its limit");
        }
        for run in children.iter().filter(|_| is_first) {
            for before in rules.waits_for(&run.task_id) {
                let others: Vec<_> = children
                    .iter()
                    .filter(|other| other.task_id == *before && other.iteration == run.iteration)
                    .collect();
                prop_assert!(!others.is_empty(), "{} began without {before}", run.task_id);
                prop_assert!(
                    others.iter().all(|other| other.current().is_terminal()),
                    "{} began before {before} had ended",
                    run.task_id
                );
            }
            let is_aside = !rules.is_main(&run.task_id);
            prop_assert!(
                !is_aside || main.iter().all(|run| run.current().is_terminal()),
                "{} began before the tasks had ended",
                run.task_id
            );
            prop_assert!(
                !rules.is_error(&run.task_id) || main.iter().any(|run| run.current() == State::Failed),
                "{} began without a failure",
                run.task_id
            );
        }
        if !is_stopped {
            for run in &children {
                let expected = shape.attempts(&run.task_id);
                let is_done = run.current().is_terminal() && run.current() != State::Skipped;
                if let Some(expected) = expected.filter(|_| is_done && is_first) {
                    prop_assert_eq!(run.attempts.len(), expected, "attempts of {}", run.task_id);
                }
            }
        }
    }
    Ok(())
}

/// The same flows at every run, so that a change is what makes a test fail. `PROPTEST_RNG_SEED` and `PROPTEST_CASES` ask
/// for others, and for more.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { 150 };
    let rng_seed = match default.rng_seed {
        RngSeed::Random => RngSeed::Fixed(1),
        fixed => fixed,
    };
    ProptestConfig { cases, rng_seed, max_shrink_iters: 4_000, failure_persistence: None, ..default }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_execution_ends_as_the_rules_say(
        shape in a_flow(),
        numbers in prop::collection::vec(any::<u16>(), 1..60),
        budget in 1_usize..6,
    ) {
        let mut world = World::new(&shape.yaml());
        world.budget = budget;
        let mut chance = Chance { numbers, next: 0 };
        drive(&mut world, &shape, &mut chance, None)?;
        prop_assert_eq!(world.state(), shape.end(), "{:?}", world.runs());
    }

    #[test]
    fn a_kill_ends_it_at_any_moment(
        shape in a_flow(),
        numbers in prop::collection::vec(any::<u16>(), 1..60),
        moment in 0_usize..40,
    ) {
        let mut world = World::new(&shape.yaml());
        let mut chance = Chance { numbers, next: 0 };
        drive(&mut world, &shape, &mut chance, Some(moment))?;
        let end = world.state();
        prop_assert!(end == State::Killed || end == shape.end(), "{end} {:?}", world.runs());
    }

    #[test]
    fn a_restart_ends_too(
        shape in a_flow(),
        numbers in prop::collection::vec(any::<u16>(), 1..60),
        moment in 0_usize..40,
    ) {
        let mut world = World::new(&shape.yaml());
        let mut chance = Chance { numbers, next: 0 };
        drive(&mut world, &shape, &mut chance, Some(moment))?;
        for attempt in 1..4 {
            let event = Event::RestartRequested { attempt };
            if world.execution.refuses(&event).is_some() {
                break;
            }
            world.send(event);
            drive(&mut world, &shape, &mut chance, None)?;
        }
        // A task fails so often and no more: what is restarted often enough has no failure left.
        let failed: Vec<_> = world
            .execution
            .task_runs()
            .filter(|run| run.current() == State::Failed && shape.attempts(&run.task_id).is_some())
            .map(|run| (run.task_id.clone(), run.attempts.len()))
            .collect();
        for (task, attempts) in failed {
            prop_assert!(attempts <= shape.fails(&task) as usize, "{task} failed {attempts} times");
        }
    }
}
