//! Schedules on a platform where no process always runs: jobs of the platform, and delayed ticks.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod world;

use segue_ports::Verdict;
use segue_ports::wire::{FlowChanged, Message};
use std::sync::Arc;
use world::{FakeJobs, World, flow, key, schedule, waiting_flow};

fn daily(more: &str) -> String {
    flow("f", &schedule("t", "0 9 * * *", more))
}

#[tokio::test]
async fn a_flow_saved_a_minute_before_its_slot_fires_in_time() {
    for jobs in [None, Some(Arc::new(FakeJobs::default()))] {
        let world = World::deployed("2024-01-10T08:59:00Z", jobs.as_ref());
        world.save(&daily("")).await;
        world.pass("2024-01-10T09:00:00Z").await;
        assert_eq!(world.dates("f").await, ["2024-01-10T09:00:00Z"], "jobs: {}", jobs.is_some());
    }
}

#[tokio::test]
async fn without_jobs_each_slot_is_ticked_at_its_time_once() {
    let mut world = World::deployed("2024-01-10T08:59:58Z", None);
    world.deliveries = 2;
    world.save(&flow("f", &schedule("t", "*/10 * * * * *", ", withSeconds: true"))).await;
    world.pass("2024-01-10T09:00:25Z").await;
    let dates = ["2024-01-10T09:00:00Z", "2024-01-10T09:00:10Z", "2024-01-10T09:00:20Z"];
    assert_eq!(world.dates("f").await, dates);
    assert_eq!(world.due(), ["2024-01-10T09:00:30Z"], "one message waits, and not more");
}

#[tokio::test]
async fn jobs_follow_what_happens_to_a_flow() {
    let jobs = Arc::new(FakeJobs::default());
    let world = World::deployed("2024-01-10T08:00:00Z", Some(&jobs));
    world.save(&daily(", timezone: Europe/Paris")).await;
    world.settle().await;
    let made = jobs.jobs.lock().unwrap().values().next().unwrap().clone();
    assert_eq!(
        (made.key, &*made.cron, made.time_zone.as_deref()),
        (key("f", "t"), "0 9 * * *", Some("Europe/Paris"))
    );
    world.save(&flow("f", &schedule("t", "0 10 * * *", ""))).await;
    world.settle().await;
    assert_eq!(jobs.crons(), ["0 10 * * *"], "changed");
    world.scheduler.set_disabled(&key("f", "t"), true).await.unwrap();
    world.settle().await;
    assert!(jobs.crons().is_empty(), "switched off");
    world.scheduler.set_disabled(&key("f", "t"), false).await.unwrap();
    world.settle().await;
    assert_eq!(jobs.crons(), ["0 10 * * *"], "switched on");
    world.save(&daily(", disabled: true")).await;
    world.settle().await;
    assert!(jobs.crons().is_empty(), "disabled in the flow");
    world.save(&flow("f", &(schedule("t", "0 9 * * *", "") + &schedule("u", "0 8 * * *", "")))).await;
    world.settle().await;
    assert_eq!(jobs.crons(), ["0 9 * * *", "0 8 * * *"]);
    world.save(&flow("f", &schedule("u", "0 8 * * *", ""))).await;
    world.settle().await;
    assert_eq!(jobs.crons(), ["0 8 * * *"], "one trigger was removed");
    world.ports.state.delete_flow("company", "f", world.ports.clock.now()).await.unwrap();
    world.scheduler.forget_flow("company", "f").await.unwrap();
    world.settle().await;
    assert!(jobs.crons().is_empty(), "the flow was deleted");
}

#[tokio::test]
async fn a_schedule_with_a_job_needs_no_messages() {
    let jobs = Arc::new(FakeJobs::default());
    let world = World::deployed("2024-01-10T08:00:00Z", Some(&jobs));
    world.save(&daily("")).await;
    world.pass("2024-01-10T09:00:00Z").await;
    assert_eq!(world.dates("f").await.len(), 1, "the first slot does not wait for the job");
    assert!(world.due().is_empty(), "{:?}", world.due());
    world.set("2024-01-11T09:00:00Z");
    world.send(Message::Tick(key("f", "t"))).await;
    world.settle().await;
    assert_eq!(world.dates("f").await.len(), 2);
    assert!(world.due().is_empty(), "{:?}", world.due());
}

#[tokio::test]
async fn what_has_no_job_is_ticked_by_messages_until_it_has_one() {
    let jobs = Arc::new(FakeJobs::default());
    *jobs.most.lock().unwrap() = Some(0);
    let world = World::deployed("2024-01-10T08:00:00Z", Some(&jobs));
    world.save(&daily("")).await;
    world.pass("2024-01-12T10:00:00Z").await;
    assert_eq!(world.dates("f").await.len(), 3);
    assert_eq!(world.due(), ["2024-01-13T09:00:00Z"]);
    *jobs.most.lock().unwrap() = None;
    world.send(Message::Sweep {}).await;
    world.settle().await;
    assert_eq!(jobs.crons(), ["0 9 * * *"], "the sweep tries again");
    world.pass("2024-01-13T09:00:00Z").await;
    assert_eq!(world.dates("f").await.len(), 4);
    assert!(world.due().is_empty(), "the job ticks now");
}

#[tokio::test]
async fn flows_that_a_task_saves_and_deletes_are_followed() {
    let jobs = Arc::new(FakeJobs::default());
    let world = World::deployed("2024-01-10T08:00:00Z", Some(&jobs));
    let state = &world.ports.state;
    let now = "2024-01-10T08:00:00Z".parse().unwrap();
    let changed =
        || Message::FlowChanged(FlowChanged { namespace: "company".to_owned(), flow_id: "f".to_owned() });
    state.put_flow("company", "f", &daily(""), now).await.unwrap();
    for _ in 0..2 {
        assert_eq!(world.send(changed()).await, Verdict::Done);
        world.settle().await;
        assert_eq!(jobs.crons(), ["0 9 * * *"]);
    }
    state.delete_flow("company", "f", now).await.unwrap();
    for _ in 0..2 {
        assert_eq!(world.send(changed()).await, Verdict::Done);
        world.settle().await;
        assert!(jobs.crons().is_empty() && state.trigger(&key("f", "t")).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_platform_that_does_not_answer_delays_no_slot() {
    let jobs = Arc::new(FakeJobs::default());
    *jobs.down.lock().unwrap() = true;
    let world = World::deployed("2024-01-10T08:59:00Z", Some(&jobs));
    world.save(&daily("")).await;
    assert_eq!(world.send(Message::ScheduleChanged(key("f", "t"))).await, Verdict::Retry);
    assert_eq!(world.due(), ["2024-01-10T09:00:00Z"]);
    *jobs.down.lock().unwrap() = false;
    world.settle().await;
    assert_eq!(jobs.crons(), ["0 9 * * *"]);
}

#[tokio::test]
async fn the_sweep_repairs_jobs_and_lost_messages() {
    let jobs = Arc::new(FakeJobs::default());
    let world = World::deployed("2024-01-10T08:00:00Z", Some(&jobs));
    world.save(&daily("")).await;
    world.save(&flow("g", &schedule("t", "0 0 9 * * *", ", withSeconds: true"))).await;
    world.settle().await;
    // Somebody deletes the job, makes another one by hand, and the delayed messages are lost.
    let job = jobs.jobs.lock().unwrap().remove(&key("f", "t")).unwrap();
    jobs.jobs.lock().unwrap().insert(key("gone", "t"), job);
    world.lose_delayed();
    world.set("2024-01-10T09:07:00Z");
    world.send(Message::Sweep {}).await;
    world.settle().await;
    assert_eq!(jobs.jobs.lock().unwrap().keys().collect::<Vec<_>>(), [&key("f", "t")]);
    assert_eq!((world.dates("f").await.len(), world.dates("g").await.len()), (1, 1));
    world.pass("2024-01-10T09:08:00Z").await;
    assert_eq!(world.due(), ["2024-01-11T09:00:00Z", "2024-01-11T09:00:00Z"], "the next ticks of both");
}

#[tokio::test]
async fn each_sweep_uses_the_delays() {
    let world = World::deployed("2024-01-10T08:00:00Z", None);
    assert_eq!(world.send(Message::Sweep {}).await, Verdict::Done);
    assert_eq!(world.due(), ["2024-01-10T08:00:02Z"]);
    world.pass("2024-01-10T08:00:02Z").await;
    assert!(world.due().is_empty(), "the message that comes back changes nothing");
}

#[tokio::test]
async fn a_tick_that_comes_before_its_slot_comes_again() {
    let jobs = Arc::new(FakeJobs::default());
    let world = World::deployed("2024-01-10T08:00:00Z", Some(&jobs));
    world.save(&daily("")).await;
    world.settle().await;
    world.lose_delayed();
    // The clock of this machine is behind the clock of the platform.
    world.set("2024-01-10T08:59:59.5Z");
    world.send(Message::Tick(key("f", "t"))).await;
    assert_eq!(world.due(), ["2024-01-10T09:00:01Z"]);
    world.pass("2024-01-10T09:00:01Z").await;
    assert_eq!(world.dates("f").await.len(), 1);
}

#[tokio::test]
async fn near_a_change_of_the_clock_a_message_comes_too() {
    let jobs = Arc::new(FakeJobs::default());
    let world = World::deployed("2024-03-28T00:00:00Z", Some(&jobs));
    world.save(&flow("f", &schedule("t", "30 2 * * *", ", timezone: Europe/Paris"))).await;
    // The job ticks on the first days, and skips the hour between 2 and 3 of the 31st.
    for now in ["2024-03-28T01:30:00Z", "2024-03-29T01:30:00Z", "2024-03-30T01:30:00Z"] {
        world.pass(now).await;
        world.send(Message::Tick(key("f", "t"))).await;
    }
    assert_eq!(world.due(), ["2024-03-31T01:00:00Z"]);
    world.pass("2024-03-31T12:00:00Z").await;
    let dates = world.dates("f").await;
    assert_eq!(dates.len(), 4, "{dates:?}");
    assert_eq!(dates[3], "2024-03-31T03:00:00+02:00");
}

#[tokio::test]
async fn the_message_of_a_slot_waits_for_the_execution_before_it() {
    let world = World::deployed("2024-01-10T08:30:00Z", None);
    world.save(&waiting_flow("f", &schedule("t", "0 * * * *", ""))).await;
    world.pass("2024-01-10T11:30:00Z").await;
    assert_eq!(world.dates("f").await.len(), 1, "it is still open");
    world.resume_all("f").await;
    world.resume_all("f").await;
    world.resume_all("f").await;
    assert_eq!(world.dates("f").await.len(), 3, "what was missed");
    assert_eq!(world.due(), ["2024-01-10T12:00:00Z"]);
}
