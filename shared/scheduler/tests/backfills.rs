//! Backfills: exact slots, modes, progress, pause, resume, cancel, several at once, crashes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod world;

use segue_model::backfill::{Backfill, BackfillRequest, BackfillState};
use segue_model::state::State;
use segue_ports::bus::GivenUp;
use segue_ports::schedule::BackfillFilter;
use segue_ports::wire::Message;
use segue_ports::{DeadLetterHandler as _, Verdict};
use segue_scheduler::{NamedSlot, SchedulerError};
use serde_json::json;
use world::{World, at, flow, key, label, request, schedule, variable, waiting_flow};

/// Starts a backfill and runs it as far as possible.
async fn run(world: &World, request: BackfillRequest) -> Backfill {
    let id = world.scheduler.start_backfill(request).await.unwrap().id;
    world.settle().await;
    world.backfill(&id).await
}

#[tokio::test]
async fn both_ends_are_included() {
    let world = World::new("2025-01-10T00:00:00Z");
    let two = format!("{}{}", schedule("green", "0 9 1 * *", ""), schedule("yellow", "@monthly", ""));
    world.save(&flow("taxi", &two)).await;
    let green = run(
        &world,
        request("taxi", json!({"triggerId": "green", "start": "2021-01-01", "end": "2021-07-31"})),
    )
    .await;
    assert_eq!((green.state, green.total), (BackfillState::Finished, 7));
    assert_eq!(green.ended.get(&State::Success), Some(&7));
    let yellow = json!({"triggerId": "yellow", "start": "2023-01-01", "end": "2024-12-31"});
    let preview = world.scheduler.preview_backfill(&request("taxi", yellow.clone())).await.unwrap();
    assert_eq!((preview.total, preview.slots.len(), preview.timezone.as_str()), (24, 24, "UTC"));
    assert!(preview.slots.iter().all(|slot| slot.run && slot.execution.is_none()));
    let yellow = run(&world, request("taxi", yellow)).await;
    assert_eq!((yellow.state, yellow.total, yellow.next), (BackfillState::Finished, 24, None));
    let dates = world.dates("taxi").await;
    assert_eq!(dates.len(), 31);
    let yellow: Vec<_> = preview.slots.iter().map(|slot| slot.date.to_string()).collect();
    assert_eq!((yellow[0].as_str(), yellow[23].as_str()), ("2023-01-01T00:00:00Z", "2024-12-01T00:00:00Z"));
    assert!(yellow.iter().all(|slot| dates.contains(slot)));
    assert!(world.executions("taxi").await.iter().all(|one| label(one, "backfill") == Some("true")));
    assert_eq!(world.trigger("taxi", "yellow").await.date, None, "the schedule itself has not moved");
}

#[tokio::test]
async fn inputs_labels_and_conditions() {
    let world = World::new("2025-01-10T00:00:00Z");
    let more = ", inputs: {month: \"{{ trigger.date | date('MM') }}\", taxi: green}, labels: {kind: slot}, lateMaximumDelay: PT1H, conditions: [{type: io.kestra.plugin.core.condition.Weekend}]";
    let inputs = "inputs:\n  - {id: month, type: STRING}\n  - {id: taxi, type: STRING}\n";
    world.save(&format!("{inputs}{}", flow("f", &schedule("t", "0 9 * * *", more)))).await;
    let asked = json!({"start": "2024-06-01", "end": "2024-06-09", "inputs": {"taxi": "yellow"}, "labels": {"why": "gap"}});
    let done = run(&world, request("f", asked)).await;
    assert_eq!((done.total, &done.ended), (9, &[(State::Success, 4), (State::Skipped, 5)].into()));
    let made = &world.executions("f").await[0];
    assert_eq!(made.inputs, *json!({"month": "06", "taxi": "yellow"}).as_object().unwrap());
    for (key, value) in [("kind", "slot"), ("why", "gap"), ("backfill", "true")] {
        assert_eq!(label(made, key), Some(value));
    }
    assert_eq!(variable(made, "date"), "2024-06-01T09:00:00Z");
    let trigger = made.trigger.as_ref().unwrap();
    assert_eq!(
        (trigger.slot, trigger.backfill.as_deref()),
        (Some(at("2024-06-01T09:00:00Z")), Some(done.id.as_str()))
    );
}

#[tokio::test]
async fn as_many_are_open_as_may_be() {
    let world = World::new("2025-01-10T00:00:00Z");
    world.save(&waiting_flow("f", &schedule("t", "@daily", ""))).await;
    let started =
        run(&world, request("f", json!({"start": "2024-06-01", "end": "2024-06-05", "maxActive": 2}))).await;
    assert_eq!((started.total, started.active.len(), started.next), (5, 2, Some(at("2024-06-03T00:00:00Z"))));
    assert_eq!(world.resume_all("f").await, 2);
    let on = world.backfill(&started.id).await;
    assert_eq!((on.active.len(), on.ended.get(&State::Success)), (2, Some(&2)));
    assert_eq!((world.resume_all("f").await, world.resume_all("f").await), (2, 1));
    assert_eq!(world.backfill(&started.id).await.state, BackfillState::Finished);
    assert_eq!(world.executions("f").await.len(), 5);
}

#[tokio::test]
async fn the_schedule_and_other_backfills_run_beside() {
    let world = World::new("2024-06-10T12:00:00Z");
    world.save(&waiting_flow("f", &schedule("t", "@daily", ""))).await;
    let one = run(&world, request("f", json!({"start": "2024-06-01", "end": "2024-06-02"}))).await;
    let two =
        run(&world, request("f", json!({"start": "2024-06-01", "end": "2024-06-02", "labels": {"n": 2}})))
            .await;
    assert_ne!(one.id, two.id);
    world.tick("2024-06-11T00:00:00Z").await;
    let dates = world.dates("f").await;
    assert_eq!(dates, ["2024-06-01T00:00:00Z", "2024-06-01T00:00:00Z", "2024-06-11T00:00:00Z"]);
    while world.resume_all("f").await > 0 {}
    for id in [&one.id, &two.id] {
        assert_eq!(world.backfill(id).await.state, BackfillState::Finished);
    }
    assert_eq!(world.executions("f").await.len(), 5);
    let all = world.ports.state.backfills(&BackfillFilter::default()).await.unwrap();
    assert_eq!(all.len(), 2, "history stays");
}

#[tokio::test]
async fn paused_resumed_cancelled() {
    let world = World::new("2025-01-10T00:00:00Z");
    world.save(&waiting_flow("f", &schedule("t", "@daily", ""))).await;
    let id = run(&world, request("f", json!({"start": "2024-06-01", "end": "2024-06-09"}))).await.id;
    let scheduler = &world.scheduler;
    assert_eq!(scheduler.pause_backfill(&id).await.unwrap().state, BackfillState::Paused);
    assert_eq!(scheduler.pause_backfill(&id).await.unwrap().state, BackfillState::Paused);
    world.resume_all("f").await;
    let paused = world.backfill(&id).await;
    assert_eq!(
        (paused.active.len(), paused.ended.get(&State::Success)),
        (0, Some(&1)),
        "counted, and nothing made"
    );
    assert_eq!(scheduler.resume_backfill(&id).await.unwrap().active.len(), 1);
    world.settle().await;
    assert_eq!(scheduler.cancel_backfill(&id).await.unwrap().state, BackfillState::Cancelled);
    assert_eq!(world.states("f").await, [State::Success, State::Paused], "what runs, runs on");
    world.resume_all("f").await;
    let cancelled = world.backfill(&id).await;
    assert_eq!((cancelled.state, cancelled.ended.get(&State::Success)), (BackfillState::Cancelled, Some(&2)));
    assert_eq!(world.executions("f").await.len(), 2);
    for refused in [scheduler.resume_backfill(&id).await, scheduler.pause_backfill(&id).await] {
        assert!(matches!(refused, Err(SchedulerError::IllegalState(why)) if why.contains("it is CANCELLED")));
    }
    assert!(matches!(scheduler.cancel_backfill("none").await, Err(SchedulerError::NotFound(_))));
}

#[tokio::test]
async fn modes_choose_the_slots() {
    let world = World::new("2024-06-01T00:00:00Z");
    // The execution of 2 June fails, 3 June has no execution, and a person starts the execution of 4 June.
    let tasks = "  - {id: a, type: io.kestra.plugin.core.execution.Fail, condition: \"{{ trigger.date == '2024-06-02T00:00:00Z' and (labels.backfill ?? 'no') == 'no' }}\"}\n";
    let source = world::with_tasks("f", tasks, &schedule("t", "@daily", ", recoverMissedSchedules: NONE"));
    let saved = world.save(&source).await;
    world.tick("2024-06-02T00:00:00Z").await;
    world.set("2024-06-05T12:00:00Z");
    world.scheduler.recover().await.unwrap();
    let slot = NamedSlot::At(at("2024-06-04T00:00:00Z"));
    let manual = world.scheduler.manual_run(&saved, None, Some(slot)).await.unwrap();
    let new = segue_executor::NewExecution {
        namespace: "company".into(),
        flow_id: "f".into(),
        trigger: manual.map(|manual| manual.trigger),
        ..Default::default()
    };
    world.executor.create(new).await.unwrap();
    world.settle().await;
    let asked = |mode: &str| request("f", json!({"start": "2024-06-02", "end": "2024-06-04", "mode": mode}));
    for (mode, expected) in [("MISSING", vec![3]), ("failed", vec![2, 3]), ("ALL", vec![2, 3, 4])] {
        let preview = world.scheduler.preview_backfill(&asked(mode)).await.unwrap();
        let run: Vec<_> =
            preview.slots.iter().filter(|slot| slot.run).map(|slot| slot.date.to_string()).collect();
        let expected: Vec<_> = expected.iter().map(|day| format!("2024-06-0{day}T00:00:00Z")).collect();
        assert_eq!((run, preview.slots.len()), (expected, 3), "{mode}");
    }
    let preview = world.scheduler.preview_backfill(&asked("ALL")).await.unwrap();
    let states: Vec<_> =
        preview.slots.iter().map(|slot| slot.execution.as_ref().map(|one| one.state)).collect();
    assert_eq!(states, [Some(State::Failed), None, Some(State::Success)]);
    let missing = run(&world, asked("MISSING")).await;
    assert_eq!((missing.total, missing.ended.get(&State::Success)), (1, Some(&1)));
    let failed = run(&world, asked("FAILED")).await;
    assert_eq!((failed.total, &failed.ended), (1, &[(State::Success, 1)].into()), "only the second is left");
    assert_eq!(run(&world, asked("FAILED")).await.total, 0, "none is left");
    let all = run(&world, asked("ALL")).await;
    assert_eq!((all.total, all.state), (3, BackfillState::Finished));
    assert_eq!(world.executions("f").await.len(), 2 + 1 + 1 + 3);
}

#[tokio::test]
async fn a_message_starts_one_backfill_and_a_bad_one_is_kept_as_refused() {
    let world = World::new("2025-01-10T00:00:00Z");
    world.save(&flow("f", &schedule("t", "@daily", ""))).await;
    let good = request("f", json!({"id": "june", "start": "2024-06-01", "end": "2024-06-03"}));
    for _ in 0..2 {
        assert_eq!(world.send(Message::Backfill(Box::new(good.clone()))).await, Verdict::Done);
        world.settle().await;
    }
    assert_eq!(world.executions("f").await.len(), 3, "delivered twice, even after its end");
    assert_eq!(world.backfill("june").await.state, BackfillState::Finished);
    let bad = [
        (request("none", json!({"id": "b1", "start": "2024-06-01"})), "there is no flow company.none"),
        (
            request("f", json!({"id": "b2", "triggerId": "x", "start": "2024-06-01"})),
            "there is no trigger 'x'",
        ),
        (request("f", json!({"id": "b3", "start": "soon"})), "'soon' is not a date"),
        (
            request("f", json!({"id": "b4", "start": "2024-06-02", "end": "2024-06-01"})),
            "is before the start",
        ),
        (request("f", json!({"id": "b5", "start": "2024-06-01", "maxActive": 0})), "maxActive"),
        (
            request("f", json!({"id": "b6", "start": "2024-06-01", "labels": {"system.x": "y"}})),
            "is reserved",
        ),
    ];
    for (request, why) in bad {
        let id = request.id.clone().unwrap();
        assert!(world.scheduler.start_backfill(request.clone()).await.unwrap_err().to_string().contains(why));
        assert_eq!(world.send(Message::Backfill(Box::new(request))).await, Verdict::Done);
        let refused = world.backfill(&id).await;
        assert_eq!(refused.state, BackfillState::Refused);
        assert!(refused.message.as_deref().unwrap().contains(why), "{refused:?}");
    }
    let nameless = request("f", json!({"id": "../x", "start": "2024-06-01"}));
    world.send(Message::Backfill(Box::new(nameless))).await;
    let newest =
        world.ports.state.backfills(&BackfillFilter { limit: 1, ..Default::default() }).await.unwrap();
    assert!(newest[0].message.as_deref().unwrap().contains("is not the id of a backfill"));
    assert_eq!(world.executions("f").await.len(), 3);
}

#[tokio::test]
async fn a_request_that_is_given_up_is_refused() {
    let world = World::new("2025-01-10T00:00:00Z");
    let asked = request("f", json!({"id": "b", "start": "2024-06-01"}));
    for message in [Message::Backfill(Box::new(asked)), Message::Tick(key("f", "t"))] {
        let letter = GivenUp {
            message: Some(message),
            execution_id: None,
            subscription: "segue-backfills".to_owned(),
            deliveries: 100,
            deadly: false,
            since: None,
        };
        for _ in 0..2 {
            assert_eq!(world.scheduler.given_up(letter.clone()).await, Verdict::Done);
        }
    }
    let refused = world.backfill("b").await;
    assert_eq!(refused.state, BackfillState::Refused);
    assert!(refused.message.is_some_and(|why| why.contains("in 100 deliveries")));
}

#[tokio::test]
async fn the_same_again_is_one_while_it_runs_and_another_after() {
    let world = World::new("2025-01-10T00:00:00Z");
    world.save(&waiting_flow("f", &schedule("t", "@daily", ""))).await;
    let asked = request("f", json!({"start": "2024-06-01", "end": "2024-06-01"}));
    let one = run(&world, asked.clone()).await;
    assert_eq!(run(&world, asked.clone()).await.id, one.id);
    world.resume_all("f").await;
    let two = run(&world, asked).await;
    assert_ne!(two.id, one.id);
    assert_eq!(world.executions("f").await.len(), 2);
}

#[tokio::test]
async fn cut_short_anywhere_every_slot_is_run_once() {
    for failing in 1..16 {
        let world = World::new("2025-01-10T00:00:00Z");
        world.save(&flow("f", &schedule("t", "@daily", ""))).await;
        world.fail_publishing(failing);
        let asked =
            request("f", json!({"id": "b", "start": "2024-06-01", "end": "2024-06-05", "maxActive": 2}));
        while world.send(Message::Backfill(Box::new(asked.clone()))).await == Verdict::Retry {}
        world.settle().await;
        let done = world.backfill("b").await;
        assert_eq!((done.state, done.total), (BackfillState::Finished, 5), "publishing {failing} failed");
        assert_eq!(world.states("f").await, [State::Success; 5], "publishing {failing} failed");
        assert_eq!(done.ended, [(State::Success, 5)].into());
    }
}

#[tokio::test]
async fn lost_messages_are_repaired_at_start() {
    for lost_after in 0..6 {
        let mut world = World::new("2025-01-10T00:00:00Z");
        world.save(&waiting_flow("f", &schedule("t", "@daily", ""))).await;
        let asked = request("f", json!({"id": "b", "start": "2024-06-01", "end": "2024-06-03"}));
        world.scheduler.start_backfill(asked).await.unwrap();
        world.settle().await;
        for round in 0..6 {
            let open: Vec<_> = world
                .executions("f")
                .await
                .into_iter()
                .filter(|one| one.state.current() == State::Paused)
                .collect();
            for one in open {
                world.executor.resume(&one.id, segue_model::Map::new()).await.unwrap();
            }
            if round == lost_after {
                world.lose_messages();
                world.restart();
                world.executor.recover().await.unwrap();
                world.scheduler.recover().await.unwrap();
            }
            world.settle().await;
        }
        let done = world.backfill("b").await;
        assert_eq!(
            (done.state, done.ended.get(&State::Success)),
            (BackfillState::Finished, Some(&3)),
            "{lost_after}"
        );
        assert_eq!(world.executions("f").await.len(), 3);
    }
}

#[tokio::test]
async fn the_sweep_finds_ends_of_which_the_message_was_lost() {
    let world = World::new("2025-01-10T00:00:00Z");
    world.save(&waiting_flow("f", &schedule("t", "@daily", ""))).await;
    world.tick("2025-01-11T00:00:00Z").await;
    let asked = request("f", json!({"id": "b", "start": "2024-06-01", "end": "2024-06-01"}));
    world.scheduler.start_backfill(asked).await.unwrap();
    world.settle().await;
    for one in world.executions("f").await {
        world.executor.resume(&one.id, segue_model::Map::new()).await.unwrap();
    }
    assert!(world.lose_messages() > 0);
    world.tick("2025-01-12T00:00:00Z").await;
    assert_eq!(world.executions("f").await.len(), 2, "the trigger waits for an execution that has ended");
    assert_eq!(world.backfill("b").await.state, BackfillState::Running);
    world.send(Message::Sweep {}).await;
    world.settle().await;
    assert_eq!(world.backfill("b").await.state, BackfillState::Finished);
    assert_eq!(world.executions("f").await.len(), 3);
}

#[tokio::test]
async fn every_message_twice_is_the_same() {
    let mut world = World::new("2025-01-10T00:00:00Z");
    world.deliveries = 2;
    world.save(&flow("f", &schedule("t", "@monthly", ""))).await;
    let done =
        run(&world, request("f", json!({"start": "2023-01-01", "end": "2024-12-31", "maxActive": 3}))).await;
    assert_eq!(
        (done.state, done.total, done.ended.get(&State::Success)),
        (BackfillState::Finished, 24, Some(&24))
    );
    assert_eq!(world.executions("f").await.len(), 24);
}

#[tokio::test]
async fn a_flow_that_goes_away_ends_it() {
    let world = World::new("2025-01-10T00:00:00Z");
    let source = waiting_flow("f", &schedule("t", "@daily", ""));
    world.save(&source).await;
    let id = run(&world, request("f", json!({"start": "2024-06-01", "end": "2024-06-05"}))).await.id;
    world.save(&format!("disabled: true\n{source}")).await;
    world.resume_all("f").await;
    let off = world.backfill(&id).await;
    assert_eq!((off.state, off.message.as_deref()), (BackfillState::Paused, Some("the flow is disabled")));
    let refused = world.scheduler.start_backfill(request("f", json!({"start": "2024-01-01"}))).await;
    assert!(matches!(refused, Err(SchedulerError::IllegalState(_))));
    world.save(&source).await;
    world.scheduler.resume_backfill(&id).await.unwrap();
    world.settle().await;
    world.save(&waiting_flow("f", &schedule("other", "@daily", ""))).await;
    world.resume_all("f").await;
    let gone = world.backfill(&id).await;
    assert_eq!(gone.state, BackfillState::Cancelled);
    assert!(gone.message.unwrap().contains("'t' no longer exists"));
}

#[test]
fn the_message_of_the_documentation_can_be_read() {
    let page = include_str!("../../../docs/backfills.md");
    let example = page.split("```json").nth(1).unwrap().split("```").next().unwrap();
    let message: Message = serde_json::from_str(example).unwrap();
    let Message::Backfill(request) = message else { panic!("{message:?}") };
    assert_eq!((request.id.as_deref(), request.flow_id.as_str()), (Some("taxi-2021"), "taxi_schedule"));
    assert_eq!((request.max_active, request.labels.len()), (1, 1));
    let unknown = example.replace("maxActive", "maxactive");
    assert!(serde_json::from_str::<Message>(&unknown).is_err(), "a field that is not known");
}
