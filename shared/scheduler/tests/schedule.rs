//! Schedules: ticks, the lock, missed slots, conditions, inputs and labels.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod world;

use jiff::civil::{Date, date};
use segue_model::Json;
use segue_model::label::Label;
use segue_model::state::State;
use segue_ports::Verdict;
use segue_ports::wire::Message;
use segue_scheduler::{NamedSlot, SchedulerError};
use serde_json::json;
use world::{World, at, flow, key, label, schedule, variable, waiting_flow};

#[tokio::test]
async fn a_slot_becomes_an_execution_once() {
    let mut world = World::new("2024-01-10T08:30:00Z");
    world.deliveries = 2;
    world.save(&flow("f", &schedule("t", "0 9 * * *", ", timezone: Europe/Paris"))).await;
    assert_eq!(
        world.trigger("f", "t").await.next_execution_date,
        Some(at("2024-01-11T08:00:00Z")),
        "never at once"
    );
    world.tick("2024-01-11T07:59:59Z").await;
    assert!(world.executions("f").await.is_empty());
    world.tick("2024-01-11T08:00:00Z").await;
    world.tick("2024-01-11T08:00:01Z").await;
    assert_eq!(world.send(Message::Tick(key("f", "t"))).await, Verdict::Done);
    world.settle().await;
    let made = world.executions("f").await;
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].state.current(), State::Success);
    assert_eq!(variable(&made[0], "date"), "2024-01-11T09:00:00+01:00");
    assert_eq!(variable(&made[0], "next"), "2024-01-12T09:00:00+01:00");
    assert_eq!(variable(&made[0], "previous"), "2024-01-10T09:00:00+01:00");
    let state = world.trigger("f", "t").await;
    assert_eq!(state.date, Some(at("2024-01-11T08:00:00Z")));
    assert_eq!(state.next_execution_date, Some(at("2024-01-12T08:00:00Z")));
    assert_eq!(state.execution_id, None, "the end has freed it");
}

#[tokio::test]
async fn a_late_tick_fires_every_slot_in_order() {
    let world = World::new("2024-01-10T00:00:00Z");
    world.save(&flow("f", &schedule("t", "0 * * * *", ""))).await;
    world.tick("2024-01-10T04:30:00Z").await;
    assert_eq!(
        world.dates("f").await,
        ["2024-01-10T01:00:00Z", "2024-01-10T02:00:00Z", "2024-01-10T03:00:00Z", "2024-01-10T04:00:00Z"]
    );
}

#[tokio::test]
async fn one_at_a_time_and_no_slot_lost() {
    let world = World::new("2024-01-10T00:00:00Z");
    world.save(&waiting_flow("f", &schedule("t", "0 * * * *", ""))).await;
    world.tick("2024-01-10T01:00:00Z").await;
    let holder = world.trigger("f", "t").await.execution_id;
    assert_eq!(holder.as_ref(), world.executions("f").await.first().map(|one| &one.id));
    world.tick("2024-01-10T02:00:00Z").await;
    world.tick("2024-01-10T03:00:00Z").await;
    assert_eq!(world.send(Message::Tick(key("f", "t"))).await, Verdict::Done);
    assert_eq!(world.dates("f").await, ["2024-01-10T01:00:00Z"], "it is paused, which is no end");
    for expected in 2..=3 {
        assert_eq!(world.resume_all("f").await, 1);
        assert_eq!(world.executions("f").await.len(), expected, "the next slot has its turn");
    }
    assert_eq!(world.resume_all("f").await, 1);
    assert_eq!(world.states("f").await, [State::Success; 3]);
    assert_eq!(world.trigger("f", "t").await.execution_id, None);
}

#[tokio::test]
async fn allow_concurrent_does_not_wait() {
    let world = World::new("2024-01-10T00:00:00Z");
    world.save(&waiting_flow("f", &schedule("t", "0 * * * *", ", allowConcurrent: true"))).await;
    world.tick("2024-01-10T03:00:00Z").await;
    assert_eq!(world.states("f").await, [State::Paused; 3]);
}

#[tokio::test]
async fn unlock_lets_the_next_slot_go() {
    let world = World::new("2024-01-10T00:00:00Z");
    world.save(&waiting_flow("f", &schedule("t", "0 * * * *", ""))).await;
    assert!(matches!(world.scheduler.unlock(&key("f", "t")).await, Err(SchedulerError::IllegalState(_))));
    assert!(matches!(world.scheduler.unlock(&key("f", "x")).await, Err(SchedulerError::NotFound(_))));
    world.tick("2024-01-10T02:00:00Z").await;
    world.scheduler.unlock(&key("f", "t")).await.unwrap();
    world.settle().await;
    assert_eq!(world.executions("f").await.len(), 2);
}

#[tokio::test]
async fn cut_short_anywhere_it_is_the_same() {
    for failing in 1..12 {
        let world = World::new("2024-01-10T00:00:00Z");
        world.save(&flow("f", &schedule("t", "0 * * * *", ""))).await;
        world.set("2024-01-10T03:00:00Z");
        world.scheduler.publish_due().await.unwrap();
        world.fail_publishing(failing);
        world.settle().await;
        assert_eq!(world.states("f").await, [State::Success; 3], "publishing {failing} failed");
        let state = world.trigger("f", "t").await;
        assert_eq!((state.execution_id, state.date), (None, Some(at("2024-01-10T03:00:00Z"))));
    }
}

#[tokio::test]
async fn two_schedulers_at_once_make_one_execution_a_slot() {
    let world = World::new("2024-01-10T00:00:00Z");
    world.save(&flow("f", &schedule("t", "*/10 * * * *", ", allowConcurrent: true"))).await;
    world.set("2024-01-10T03:00:00Z");
    let tick = || world.send(Message::Tick(key("f", "t")));
    let verdicts = tokio::join!(tick(), tick(), tick());
    assert_eq!(verdicts, (Verdict::Done, Verdict::Done, Verdict::Done));
    world.settle().await;
    assert_eq!(world.executions("f").await.len(), 18);
}

#[tokio::test]
async fn a_lost_end_is_repaired_at_start() {
    let mut world = World::new("2024-01-10T00:00:00Z");
    world.save(&waiting_flow("f", &schedule("t", "0 * * * *", ""))).await;
    world.tick("2024-01-10T01:00:00Z").await;
    let id = world.executions("f").await[0].id.clone();
    world.executor.resume(&id, segue_model::Map::new()).await.unwrap();
    assert!(world.lose_messages() > 0);
    assert_eq!(world.states("f").await, [State::Success]);
    assert_eq!(world.trigger("f", "t").await.execution_id, Some(id), "nobody reported the end");
    world.restart();
    world.scheduler.recover().await.unwrap();
    assert_eq!(world.trigger("f", "t").await.execution_id, None);
    world.tick("2024-01-10T02:00:00Z").await;
    assert_eq!(world.executions("f").await.len(), 2);
}

#[tokio::test]
async fn missed_slots_are_all_run_the_last_or_none() {
    for (mode, expected) in [
        ("", vec!["2024-01-10T01:00:00Z", "2024-01-10T02:00:00Z", "2024-01-10T03:00:00Z"]),
        (", recoverMissedSchedules: LAST", vec!["2024-01-10T03:00:00Z"]),
        (", recoverMissedSchedules: NONE", vec![]),
    ] {
        let mut world = World::new("2024-01-10T00:30:00Z");
        world.save(&flow("f", &schedule("t", "0 * * * *", mode))).await;
        world.restart();
        world.set("2024-01-10T03:20:00Z");
        world.scheduler.recover().await.unwrap();
        world.tick("2024-01-10T03:20:01Z").await;
        assert_eq!(world.dates("f").await, expected, "at start{mode}");
        let next = world.trigger("f", "t").await.next_execution_date;
        assert_eq!(next, Some(at("2024-01-10T04:00:00Z")), "at start{mode}");
    }
}

#[tokio::test]
async fn a_trigger_is_switched_off_and_on() {
    for (mode, expected) in [
        ("", vec!["2024-01-10T01:00:00Z", "2024-01-10T02:00:00Z", "2024-01-10T03:00:00Z"]),
        (", recoverMissedSchedules: LAST", vec!["2024-01-10T01:00:00Z", "2024-01-10T03:00:00Z"]),
        (", recoverMissedSchedules: NONE", vec!["2024-01-10T01:00:00Z"]),
    ] {
        let world = World::new("2024-01-10T00:30:00Z");
        world.save(&flow("f", &schedule("t", "0 * * * *", mode))).await;
        world.tick("2024-01-10T01:00:00Z").await;
        let off = world.scheduler.set_disabled(&key("f", "t"), true).await.unwrap();
        assert!(off.disabled && off.next_execution_date.is_none());
        world.tick("2024-01-10T03:20:00Z").await;
        assert_eq!(world.send(Message::Tick(key("f", "t"))).await, Verdict::Done);
        assert_eq!(world.executions("f").await.len(), 1, "it is off");
        let on = world.scheduler.set_disabled(&key("f", "t"), false).await.unwrap();
        assert!(!on.disabled);
        world.tick("2024-01-10T03:20:00Z").await;
        assert_eq!(world.dates("f").await, expected, "{mode}");
    }
}

#[tokio::test]
async fn switched_off_in_the_flow_wins() {
    let world = World::new("2024-01-10T00:30:00Z");
    world.save(&flow("f", &schedule("t", "0 * * * *", ""))).await;
    world.save(&flow("f", &schedule("t", "0 * * * *", ", disabled: true"))).await;
    assert_eq!(world.trigger("f", "t").await.next_execution_date, None);
    world.scheduler.set_disabled(&key("f", "t"), true).await.unwrap();
    world.scheduler.set_disabled(&key("f", "t"), false).await.unwrap();
    world.tick("2024-01-10T02:10:00Z").await;
    assert!(world.executions("f").await.is_empty());
    world.save(&flow("f", &schedule("t", "0 * * * *", ""))).await;
    world.tick("2024-01-10T02:10:00Z").await;
    assert_eq!(world.executions("f").await.len(), 2, "missed slots are all run by default");
    let off = format!("disabled: true\n{}", flow("f", &schedule("t", "0 * * * *", "")));
    world.save(&off).await;
    world.tick("2024-01-10T05:00:00Z").await;
    assert_eq!(world.executions("f").await.len(), 2, "the whole flow is off");
}

#[tokio::test]
async fn another_cron_starts_again_and_a_removed_trigger_has_no_state() {
    let world = World::new("2024-01-10T00:30:00Z");
    world
        .save(&flow("f", &format!("{}{}", schedule("a", "0 * * * *", ""), schedule("b", "@daily", ""))))
        .await;
    world.set("2024-01-10T03:10:00Z");
    world.save(&flow("f", &schedule("a", "30 * * * *", ""))).await;
    assert_eq!(world.trigger("f", "a").await.next_execution_date, Some(at("2024-01-10T03:30:00Z")));
    assert_eq!(world.ports.state.trigger(&key("f", "b")).await.unwrap(), None);
    world.save(&format!("description: same slots\n{}", flow("f", &schedule("a", "30 * * * *", "")))).await;
    world.tick("2024-01-10T04:30:00Z").await;
    assert_eq!(world.dates("f").await, ["2024-01-10T03:30:00Z", "2024-01-10T04:30:00Z"]);
    world.ports.state.delete_flow("company", "f", at("2024-01-10T05:00:00Z")).await.unwrap();
    world.scheduler.forget_flow("company", "f").await.unwrap();
    assert_eq!(world.ports.state.trigger(&key("f", "a")).await.unwrap(), None);
    assert_eq!(world.send(Message::Tick(key("f", "a"))).await, Verdict::Done, "a tick that comes late");
}

#[tokio::test]
async fn too_late_is_passed_over() {
    let world = World::new("2024-01-10T00:30:00Z");
    world.save(&flow("f", &schedule("t", "0 * * * *", ", lateMaximumDelay: PT30M"))).await;
    world.tick("2024-01-10T03:20:00Z").await;
    assert_eq!(world.dates("f").await, ["2024-01-10T03:00:00Z"]);
}

#[tokio::test]
async fn stop_after_switches_off_once() {
    let world = World::new("2024-01-10T00:30:00Z");
    let failing = world::with_tasks(
        "f",
        "  - {id: no, type: io.kestra.plugin.core.execution.Fail}\n",
        &schedule("t", "0 * * * *", ", stopAfter: [FAILED]"),
    );
    world.save(&failing).await;
    world.tick("2024-01-10T03:00:00Z").await;
    assert_eq!(world.states("f").await, [State::Failed], "the first has stopped it");
    assert!(world.trigger("f", "t").await.disabled);
    let id = world.executions("f").await[0].id.clone();
    world.scheduler.set_disabled(&key("f", "t"), false).await.unwrap();
    let reached = segue_ports::wire::ExecutionStateReached {
        version: 1,
        execution_id: id,
        namespace: "company".into(),
        flow_id: "f".into(),
        state: State::Failed,
    };
    assert_eq!(world.send(Message::ExecutionStateReached(reached)).await, Verdict::Done);
    assert!(!world.trigger("f", "t").await.disabled, "reported twice, it stops once");
}

#[tokio::test]
async fn conditions_decide_and_one_that_fails_is_a_failed_execution() {
    let world = World::new("2024-01-05T00:00:00Z");
    let weekend = ", conditions: [{type: io.kestra.plugin.core.condition.Weekend}]";
    world.save(&flow("weekend", &schedule("t", "0 9 * * *", weekend))).await;
    let broken =
        ", conditions: [{type: io.kestra.plugin.core.condition.Expression, expression: '{{ no.such }}'}]";
    world.save(&waiting_flow("broken", &schedule("t", "0 9 * * *", broken))).await;
    world.tick("2024-01-08T10:00:00Z").await;
    assert_eq!(world.dates("weekend").await, ["2024-01-06T09:00:00Z", "2024-01-07T09:00:00Z"]);
    assert_eq!(variable(&world.executions("weekend").await[1], "next"), "2024-01-13T09:00:00Z");
    assert_eq!(world.states("broken").await, [State::Failed; 4], "it does not lock the trigger");
    let log = world.log(&world.executions("broken").await[0].id).await;
    assert!(log.contains("conditions of trigger 't' cannot be evaluated") && log.contains("no"), "{log}");
}

#[tokio::test]
async fn inputs_and_labels_are_rendered() {
    let world = World::new("2024-01-10T00:00:00Z");
    let inputs = "inputs:\n  - {id: month, type: STRING, defaults: none}\n  - {id: n, type: INT, defaults: 1}\n  - {id: kv, type: STRING, required: false}\n";
    let more = ", inputs: {month: \"{{ trigger.date | date('yyyy-MM') }}\", kv: \"{{ kv('known') }}\"}, labels: {day: \"{{ trigger.date | date('dd') }}\", lost: '{{ no.such }}'}";
    let two =
        format!("{}{}", schedule("a", "0 1 * * *", more), schedule("b", "0 2 * * *", ", inputs: {n: many}"));
    world.save(&format!("labels: {{team: data}}\n{inputs}{}", flow("f", &two))).await;
    world.tick("2024-01-10T03:00:00Z").await;
    let made = world.executions("f").await;
    assert_eq!(made[0].inputs, *json!({"month": "2024-01", "n": 1, "kv": "from kv"}).as_object().unwrap());
    assert_eq!(
        (label(&made[0], "team"), label(&made[0], "day"), label(&made[0], "lost")),
        (Some("data"), Some("10"), None)
    );
    assert_eq!(made[1].state.current(), State::Failed);
    let log = world.log(&made[1].id).await;
    assert!(log.contains("the trigger's inputs are refused") && log.contains('n'), "{log}");
    assert_eq!(label(&made[1], "team"), Some("data"));
}

#[tokio::test]
async fn dates_fire_once_each() {
    let world = World::new("2024-01-10T00:00:00Z");
    let dates = "  - id: t\n    type: io.kestra.plugin.core.trigger.ScheduleOnDates\n    timezone: Europe/Paris\n    dates: ['2024-01-09T00:00:00Z', '2024-01-11T10:00:00+01:00', '2024-01-10T12:00:00']\n";
    world.save(&flow("f", dates)).await;
    world.tick("2024-01-12T00:00:00Z").await;
    let made = world.executions("f").await;
    let slots: Vec<_> = made.iter().filter_map(|one| one.schedule_date).collect();
    assert_eq!(
        slots,
        [at("2024-01-10T11:00:00Z"), at("2024-01-11T09:00:00Z")],
        "what is past at its making is past"
    );
    assert!(made.iter().all(|one| one.trigger.as_ref().unwrap().variables.is_empty()));
    assert_eq!(world.trigger("f", "t").await.next_execution_date, None);
}

#[tokio::test]
async fn a_retry_of_the_flow_holds_the_trigger() {
    let world = World::new("2024-01-10T00:00:00Z");
    let retried = world::with_tasks(
        "f",
        "  - {id: no, type: io.kestra.plugin.core.execution.Fail}\n",
        &schedule("t", "0 * * * *", ""),
    );
    let retry = "retry: {type: constant, behavior: CREATE_NEW_EXECUTION, interval: PT10M, maxAttempts: 2}\n";
    world.save(&format!("{retry}{retried}")).await;
    world.tick("2024-01-10T01:00:00Z").await;
    for minute in 1..=3 {
        world.executor.fire_timers().await.unwrap();
        world.tick(&format!("2024-01-10T01:{minute}5:00Z")).await;
    }
    let states = world.states("f").await;
    assert!(states.contains(&State::Retried) && states.contains(&State::Failed), "{states:?}");
    assert_eq!(world.trigger("f", "t").await.execution_id, None, "freed at the end of the last");
}

#[tokio::test]
async fn a_manual_run_has_a_slot() {
    let world = World::new("2024-01-10T12:00:00Z");
    let scheduled = world.save(&flow("f", &schedule("t", "0 9 * * *", ", timezone: Europe/Paris"))).await;
    let plain = world.save("id: plain\nnamespace: company\ntasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n").await;
    let scheduler = &world.scheduler;
    let latest = scheduler.manual_run(&scheduled, None, None).await.unwrap().unwrap().trigger;
    assert_eq!(latest.variables["date"], "2024-01-10T09:00:00+01:00");
    assert_eq!((latest.slot, latest.id.as_str()), (None, "t"));
    let slot = at("2023-07-01T07:00:00Z");
    let at_slot = Some(NamedSlot::At(slot));
    let named = scheduler.manual_run(&scheduled, Some("t"), at_slot).await.unwrap().unwrap().trigger;
    assert_eq!((named.slot, &named.variables["date"]), (Some(slot), &json!("2023-07-01T09:00:00+02:00")));
    let no_slot = Some(NamedSlot::At(at("2023-07-01T08:00:00Z")));
    let wrong = scheduler.manual_run(&scheduled, None, no_slot).await.unwrap_err();
    assert!(
        wrong
            .to_string()
            .contains("nearest slots are 2023-07-01T09:00:00+02:00 and 2023-07-02T09:00:00+02:00"),
        "{wrong}"
    );
    assert!(matches!(
        scheduler.manual_run(&scheduled, Some("x"), None).await,
        Err(SchedulerError::NotFound(_))
    ));
    assert!(scheduler.manual_run(&plain, None, None).await.unwrap().is_none());
    assert!(matches!(scheduler.manual_run(&plain, None, at_slot).await, Err(SchedulerError::Invalid(_))));
}

#[tokio::test]
async fn a_day_names_its_only_slot_in_the_zone_of_the_schedule() {
    let world = World::new("2024-01-10T12:00:00Z");
    let of = async |cron: &str, day: Date| {
        let zone = ", timezone: America/New_York";
        let saved = world.save(&flow("f", &schedule("t", cron, zone))).await;
        let found = world.scheduler.manual_run(&saved, None, Some(NamedSlot::On(day))).await;
        found.map(|run| run.unwrap().trigger.slot.unwrap().to_string()).map_err(|error| error.to_string())
    };
    // 21:00 in New York is already the next day in UTC.
    assert_eq!(of("0 21 * * *", date(2023, 7, 1)).await.unwrap(), "2023-07-02T01:00:00Z");
    assert_eq!(of("@hourly", date(2023, 7, 1)).await.unwrap(), "2023-07-01T04:00:00Z", "its start is a slot");
    let none = of("0 9 1 * *", date(2023, 7, 2)).await.unwrap_err();
    assert!(
        none.contains("has no slot on 2023-07-02; the nearest slots are 2023-07-01T09:00:00-04:00"),
        "{none}"
    );
    let several = of("0 9-18 * * *", date(2023, 7, 2)).await.unwrap_err();
    assert!(several.contains("with its time: 2023-07-02T09:00:00-04:00, "), "{several}");
    assert!(several.ends_with(", …"), "{several}");
}

#[tokio::test]
async fn a_manual_run_that_names_its_schedule_has_the_inputs_and_labels_of_the_trigger() {
    let world = World::new("2024-01-10T12:00:00Z");
    let more =
        ", inputs: {region: us, day: \"{{ trigger.date | date('yyyy-MM-dd') }}\"}, labels: {by: trigger}";
    let saved = world.save(&flow("f", &schedule("t", "0 9 * * *", more))).await;
    let scheduler = &world.scheduler;
    let slot = Some(NamedSlot::On(date(2024, 1, 9)));
    for (id, slot, day) in
        [(None, slot, "2024-01-09"), (Some("t"), None, "2024-01-10"), (Some("t"), slot, "2024-01-09")]
    {
        let run = scheduler.manual_run(&saved, id, slot).await.unwrap().unwrap();
        assert_eq!(Json::Object(run.inputs), json!({"region": "us", "day": day}));
        assert_eq!(run.labels, [Label::new("by", "trigger")]);
    }
    let plain = scheduler.manual_run(&saved, None, None).await.unwrap().unwrap();
    assert!(plain.inputs.is_empty() && plain.labels.is_empty(), "it runs no slot of the schedule");
}

/// The clock jumps a day ahead and back. The schedule fires at its next slot, and does not wait a day.
#[tokio::test]
async fn a_clock_that_is_set_back_does_not_stall_schedules() {
    let world = World::new("2024-01-10T00:00:00Z");
    world.save(&flow("f", &schedule("t", "0 * * * *", ""))).await;
    world.save(&flow("ahead", &schedule("t", "0 12 * * *", ""))).await;
    world.tick("2024-01-11T02:30:00Z").await;
    let before = world.dates("f").await.len();
    assert_eq!(before, 26, "every slot of the jump");
    assert_eq!(world.trigger("f", "t").await.next_execution_date, Some(at("2024-01-11T03:00:00Z")));
    world.set("2024-01-10T01:30:00Z");
    world.scheduler.clock_went_back().await.unwrap();
    assert_eq!(world.trigger("f", "t").await.next_execution_date, Some(at("2024-01-10T02:00:00Z")));
    world.tick("2024-01-10T02:00:00Z").await;
    assert_eq!(world.dates("f").await.len(), before, "a slot that has its execution gets no second one");
    assert_eq!(world.trigger("f", "t").await.next_execution_date, Some(at("2024-01-10T03:00:00Z")));
}
