//! Random flows with results in a random order. Results may also arrive twice or late. Every execution must end as the
//! rules of docs/kestra.md 2.3 say, and no task run may start before its dependencies have ended.

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

/// A source of random decisions.
struct Chance {
    numbers: Vec<u16>,
    next: usize,
}

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        let number = self.numbers[self.next % self.numbers.len()];
        // When the numbers are used again, they give other decisions.
        let round = self.next / self.numbers.len();
        self.next += 1;
        (usize::from(number) + round) % bound.max(1)
    }
}

/// The attempts that services have received.
#[derive(Default)]
struct Services {
    /// The attempts without a result.
    open: Vec<Dispatch>,
    known: BTreeSet<(TaskRunId, u32)>,
    /// The results so far, to be sent again as duplicates.
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

/// Runs an execution until nothing is left to do. With `kill`, the execution is killed after this number of steps.
fn drive(
    world: &mut World,
    shape: &Shape,
    chance: &mut Chance,
    kill: Option<usize>,
) -> Result<(), TestCaseError> {
    let mut services = Services::default();
    world.manual = true;
    world.at_once = chance.below(2) == 0;
    for step in 0..5_000 {
        if kill == Some(step) {
            world.send(Event::KillRequested { cascade: true });
        }
        world.settle_events();
        services.take(world);
        check(world, shape)?;
        if world.execution.is_over() && world.timers().is_empty() {
            // Late results of killed attempts are accepted and change nothing.
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
                prop_assert_eq!(services.known.len(), known, "a duplicate starts no attempt");
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
                prop_assert!(
                    fired || !world.is_at_rest(),
                    "open, but no event or timer is left: {:?}",
                    world.runs()
                );
            }
        }
    }
    Err(TestCaseError::fail(format!("the execution does not end: {:?}", world.runs())))
}

fn runs(world: &World) -> Vec<TaskRun> {
    world.execution.task_runs().cloned().collect()
}

/// Checks the rules that apply at every moment.
fn check(world: &World, shape: &Shape) -> Result<(), TestCaseError> {
    let all: Vec<&TaskRun> = world.execution.task_runs().collect();
    let mut levels: HashMap<Option<&TaskRunId>, Vec<&TaskRun>> = HashMap::new();
    for run in &all {
        levels.entry(run.parent_task_run_id.as_ref()).or_default().push(run);
    }
    let stored: BTreeMap<_, _> = world.stored.values().map(|(_, run)| (&run.id, run)).collect();
    prop_assert_eq!(stored.len(), all.len());
    for run in &all {
        prop_assert_eq!(stored.get(&run.id), Some(run), "the stored task run is not the decided one");
    }
    let is_stopped = matches!(world.state(), State::Killed);
    for (level, children) in levels {
        let parent = level.and_then(|id| all.iter().find(|run| run.id == *id));
        prop_assert_eq!(level.is_some(), parent.is_some(), "a task run has no parent");
        let name = parent.map_or("", |run| run.task_id.as_str());
        let is_open = |run: &&&TaskRun| !run.current().is_terminal();
        prop_assert!(
            parent.is_none_or(|run| !run.current().is_terminal())
                || !children.iter().any(|run| is_open(&run)),
            "{name} ended before its children"
        );
        let rules = shape.level(name);
        let main: Vec<&&TaskRun> = children.iter().filter(|run| rules.is_main(&run.task_id)).collect();
        // A restart starts all failed task runs at once, so the limit applies only to the first attempt of the
        // execution.
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

/// Every run uses the same flows, so a test fails only because of a change. Set `PROPTEST_RNG_SEED` for other flows,
/// and `PROPTEST_CASES` for more flows.
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
        // A task has a fixed number of failures. After enough restarts, it succeeds.
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
