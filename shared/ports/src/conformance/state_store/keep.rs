//! Flows, logs, KV values and timers.

use super::{at, execution};
use crate::error::PortError;
use crate::kv::{KvType, KvWrite};
use crate::log_line::{LineFilter, LineIndex, LinesAt, choose_lines, index_lines};
use crate::state::{StateStore, Timer};
use jiff::Timestamp;
use segue_model::id::ExecutionId;
use segue_model::log::{LogEntry, LogLevel};
use serde_json::json;

/// Revisions count up, the same source makes no new revision, and a deleted flow keeps its old revisions.
pub async fn flows_count_revisions(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let (id, space) = ("taxi", format!("{scope}.flows"));
    assert_eq!(store.flow(&space, id, None).await?, None);
    let mark = store.flows_mark().await?;
    assert_eq!(store.put_flow(&space, id, "one", at(0)).await?.revision, 1);
    let saved = store.flows_mark().await?;
    assert!(mark.is_none() || saved != mark, "the mark follows the flows");
    assert_eq!(store.put_flow(&space, id, "one", at(1)).await?.revision, 1, "the same source");
    assert_eq!(store.put_flow(&space, id, "two", at(2)).await?.revision, 2);
    assert_eq!(store.put_flow(&space, id, "one", at(3)).await?.revision, 3, "an old source is new again");
    store.put_flow(&space, "other", "x", at(3)).await?;
    a_change_is_not_overwritten(store, &space).await?;
    let latest = store.flow(&space, id, None).await?;
    assert_eq!(latest.as_ref().map(|flow| (flow.revision, flow.source.as_str())), Some((3, "one")));
    assert_eq!(latest.map(|flow| flow.updated), Some(at(3)));
    let second = store.flow(&space, id, Some(2)).await?;
    assert_eq!(second.map(|flow| flow.source), Some("two".to_owned()));
    assert_eq!(store.flow(&space, id, Some(9)).await?, None);
    let listed: Vec<_> =
        store.flows(Some(&space)).await?.into_iter().map(|flow| (flow.id, flow.revision)).collect();
    assert_eq!(listed, [("other".to_owned(), 1), ("taxi".to_owned(), 3)]);
    assert!(store.flows(None).await?.len() >= 2, "of all namespaces");
    assert!(store.count_flows().await? >= 2, "and counted");
    let mark = store.flows_mark().await?;
    assert!(store.flows(Some(scope)).await?.iter().all(|flow| flow.namespace == scope), "exactly that one");
    assert!(store.delete_flow(&space, id, at(4)).await?);
    assert!(mark.is_none() || store.flows_mark().await? != mark, "the mark follows a deletion");
    assert!(!store.delete_flow(&space, id, at(5)).await?, "it is gone already");
    assert_eq!(store.flow(&space, id, None).await?, None);
    assert!(store.flow(&space, id, Some(3)).await?.is_some(), "a running execution has its revision still");
    assert_eq!(store.flows(Some(&space)).await?.len(), 1);
    assert_eq!(store.put_flow(&space, id, "one", at(6)).await?.revision, 5, "the removal was a revision");
    Ok(())
}

async fn a_change_is_not_overwritten(store: &dyn StateStore, space: &str) -> Result<(), PortError> {
    let replace = |source: &'static str, expected| store.replace_flow(space, "mine", source, expected, at(3));
    let is_refused = |answer: Result<_, PortError>| matches!(answer, Err(PortError::Conflict { .. }));
    assert!(is_refused(replace("one", 0).await), "there is no such flow");
    store.put_flow(space, "mine", "one", at(3)).await?;
    assert_eq!(replace("two", 1).await?.revision, 2);
    assert_eq!(replace("two", 1).await?.revision, 2, "tried again, because the answer was lost");
    assert!(is_refused(replace("three", 1).await), "somebody else was faster");
    let both = futures::join!(replace("left", 2), replace("right", 2));
    assert!(both.0.is_ok() != both.1.is_ok(), "one of two at the same time");
    assert!(store.delete_flow(space, "mine", at(3)).await?);
    assert!(is_refused(replace("four", 3).await), "it is deleted");
    assert!(is_refused(replace("four", 4).await), "and the deletion is no revision to replace");
    Ok(())
}

/// A reader who follows a log continues after the last line read, at the same level.
pub async fn logs_are_followed(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let made = execution(scope, "logs", "a", at(0));
    let line = |message: &str, level| LogEntry {
        namespace: scope.to_owned(),
        flow_id: "logs".to_owned(),
        execution_id: made.id.clone(),
        task_id: Some("say".to_owned()),
        task_run_id: None,
        attempt_number: None,
        timestamp: at(1),
        level,
        message: message.to_owned(),
    };
    let texts = |lines: Vec<LogEntry>| lines.into_iter().map(|line| line.message).collect::<Vec<_>>();
    assert!(store.logs(&made.id, LogLevel::Trace, 0).await?.is_empty());
    let mark = store.log_mark(&made.id).await?;
    store.append_logs(vec![line("a", LogLevel::Info), line("b", LogLevel::Debug)]).await?;
    store.append_logs(vec![line("c", LogLevel::Error), line("d\n'\"ü", LogLevel::Warn)]).await?;
    let changed = store.log_mark(&made.id).await?;
    assert!(changed.is_none() || changed != mark, "the mark follows the log");
    assert_eq!(store.log_mark(&made.id).await?, changed, "and changes with it alone");
    let all = store.logs(&made.id, LogLevel::Trace, 0).await?;
    assert_eq!(all.first(), Some(&line("a", LogLevel::Info)), "a line comes back as it was");
    assert_eq!(texts(all), ["a", "b", "c", "d\n'\"ü"]);
    assert_eq!(texts(store.logs(&made.id, LogLevel::Info, 0).await?), ["a", "c", "d\n'\"ü"]);
    assert_eq!(texts(store.logs(&made.id, LogLevel::Trace, 3).await?), ["d\n'\"ü"]);
    assert_eq!(texts(store.logs(&made.id, LogLevel::Info, 1).await?), ["c", "d\n'\"ü"]);
    assert!(store.logs(&made.id, LogLevel::Trace, 4).await?.is_empty(), "nothing new");
    for level in [LogLevel::Trace, LogLevel::Info] {
        let (mut paged, mut from) = (Vec::new(), 0);
        loop {
            let page = store.log_page(&made.id, level, from, 3).await?;
            paged.extend(page.lines);
            from = page.next;
            if !page.more {
                break;
            }
        }
        assert_eq!(
            paged,
            store.logs(&made.id, level, 0).await?,
            "the pages have the same lines as the whole log"
        );
        let end = store.log_page(&made.id, level, from, 3).await?;
        assert!(end.lines.is_empty() && end.next == from && !end.more, "{end:?}");
    }
    parts_are_chosen_by_number(store, &made.id).await?;
    let other = execution(scope, "logs", "other", at(0));
    store.append_logs(vec![LogEntry { execution_id: other.id.clone(), ..line("e", LogLevel::Info) }]).await?;
    assert_eq!(store.delete_logs(&made.id).await?, 4, "its lines are counted");
    assert_eq!(store.delete_logs(&made.id).await?, 0, "they are gone");
    assert!(store.logs(&made.id, LogLevel::Trace, 0).await?.is_empty());
    assert_eq!(
        store.logs(&other.id, LogLevel::Trace, 0).await?.len(),
        1,
        "the log of another execution is not changed"
    );
    Ok(())
}

/// Each part of a log is the same as the part that is chosen from the whole log.
async fn parts_are_chosen_by_number(store: &dyn StateStore, id: &ExecutionId) -> Result<(), PortError> {
    let all = store.logs(id, LogLevel::Trace, 0).await?;
    let run = Some("no-such-run".to_owned());
    let text = |text: &str| LineFilter { text: Some(text.to_owned()), ..LineFilter::default() };
    let filters = [
        LineFilter::default(),
        LineFilter { min_level: LogLevel::Info, ..LineFilter::default() },
        LineFilter { task_run: run, ..LineFilter::default() },
        LineFilter { attempt: Some(0), ..LineFilter::default() },
        LineFilter { attempt: Some(1), ..LineFilter::default() },
        text("C"),
        text("nothing has this"),
        text("'"),
    ];
    for filter in &filters {
        for at in [LinesAt::After(0), LinesAt::After(2), LinesAt::Before(4), LinesAt::Before(u64::MAX)] {
            for limit in [1, 2, 100] {
                let found = store.log_lines(id, filter, at, limit).await?;
                assert_eq!(found, choose_lines(all.clone(), filter, at, limit), "{filter:?} {at:?} {limit}");
            }
        }
        for most in [0, 1, 100] {
            let found = store.log_index(id, filter, most).await?;
            assert_eq!(found, index_lines(all.clone(), filter, most), "{filter:?} {most}");
        }
    }
    let last = store.log_lines(id, &LineFilter::default(), LinesAt::Before(u64::MAX), 1).await?;
    assert_eq!(last.first().map(|line| line.number), Some(4));
    let unknown = ExecutionId::derive(&["no", "such", "log"]);
    assert_eq!(store.log_index(&unknown, &LineFilter::default(), 9).await?, LineIndex::default());
    Ok(())
}

/// A value belongs to exactly one namespace, keeps the date it was first set, and disappears when it expires.
pub async fn kv_values_expire(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let space = format!("{scope}.kv");
    let set = |key: &str, value, expires: Option<Timestamp>| KvWrite::Set {
        namespace: space.clone(),
        key: key.to_owned(),
        kind: KvType::Json,
        value,
        description: Some("why".to_owned()),
        expires,
    };
    let value = json!({"a": [1, 2.5, "x"], "z": null});
    store.write_kv(vec![set("b", value.clone(), None), set("a", json!("t"), Some(at(10)))], at(0)).await?;
    store.write_kv(vec![set("b", value.clone(), None)], at(5)).await?;
    let entry = store.kv(&space, "b", at(6)).await?.ok_or_else(|| PortError::not_found("the value b"))?;
    assert_eq!((entry.value, entry.kind), (value, KvType::Json));
    assert_eq!((entry.created, entry.updated, entry.expires), (at(0), at(5), None));
    assert_eq!(entry.description.as_deref(), Some("why"));
    assert_eq!(store.kv(scope, "b", at(6)).await?, None, "only values of exactly this namespace");
    let keys = |entries: Vec<crate::kv::KvEntry>| entries.into_iter().map(|one| one.key).collect::<Vec<_>>();
    assert_eq!(keys(store.kv_entries(&space, at(9)).await?), ["a", "b"]);
    assert!(store.kv(&space, "a", at(9)).await?.is_some());
    assert_eq!(store.kv(&space, "a", at(10)).await?, None, "it has expired");
    assert_eq!(keys(store.kv_entries(&space, at(10)).await?), ["b"]);
    store.write_kv(vec![set("a", json!(1), None)], at(11)).await?;
    assert_eq!(
        store.kv(&space, "a", at(12)).await?.map(|entry| entry.created),
        Some(at(11)),
        "an expired value does not appear again"
    );
    let gone = |key: &str| KvWrite::Delete { namespace: space.clone(), key: key.to_owned() };
    store.write_kv(vec![gone("a"), gone("never")], at(12)).await?;
    assert_eq!(keys(store.kv_entries(&space, at(12)).await?), ["b"]);
    let own = format!(":{scope}");
    let mut write = set("b", json!(2), None);
    if let KvWrite::Set { namespace, .. } = &mut write {
        namespace.clone_from(&own);
    }
    store.write_kv(vec![write], at(13)).await?;
    assert_eq!(keys(store.kv_entries(&own, at(14)).await?), ["b"]);
    let spaces = store.kv_namespaces().await?;
    assert!(
        spaces.contains(&space) && !spaces.contains(&own),
        "Segue's own namespaces are hidden: {spaces:?}"
    );
    Ok(())
}

/// Timers are returned when they are due, earliest first. Clearing a timer that was set again in the meantime
/// keeps it.
pub async fn timers_fire_once(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let id = execution(scope, "timers", "a", at(0)).id;
    let timer = |key: &str, due| Timer { execution_id: id.clone(), key: key.to_owned(), due: at(due) };
    let due = |now| {
        let id = &id;
        async move {
            let due = store.due_timers(at(now), u32::MAX).await?;
            Ok::<_, PortError>(due.into_iter().filter(|one| one.execution_id == *id).collect::<Vec<_>>())
        }
    };
    store.set_timers(vec![timer("late", 30), timer("early", 10), timer("mid", 20)]).await?;
    assert!(due(9).await?.is_empty(), "nothing is due");
    assert_eq!(due(20).await?, [timer("early", 10), timer("mid", 20)]);
    assert!(store.due_timers(at(20), 1).await?.len() <= 1, "no more timers than the limit");
    assert!(store.next_timer().await?.is_some_and(|next| next <= at(10)));
    assert_eq!(store.timer(&id, "mid").await?, Some(timer("mid", 20)));
    assert_eq!(store.timer(&id, "none").await?, None);
    store.set_timers(vec![timer("mid", 40)]).await?;
    store.clear_timer(&timer("mid", 20)).await?;
    store.clear_timer(&timer("early", 10)).await?;
    assert_eq!(
        due(50).await?,
        [timer("late", 30), timer("mid", 40)],
        "the timer that was set again is still there"
    );
    store.clear_timer(&timer("late", 30)).await?;
    store.clear_timer(&timer("mid", 40)).await?;
    assert_eq!(store.timer(&id, "mid").await?, None);
    assert!(due(50).await?.is_empty());
    Ok(())
}

/// Old revisions of a flow are removed for good. The latest revision stays, and no number is given twice.
pub async fn old_revisions_are_removed(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let (id, space) = ("taxi", format!("{scope}.revisions"));
    assert_eq!(store.delete_flow_revisions(&space, id, &[1]).await?, 0, "there is no such flow");
    for (second, source) in (0..).zip(["one", "two", "three"]) {
        store.put_flow(&space, id, source, at(second)).await?;
    }
    let mark = store.flows_mark().await?;
    assert_eq!(store.delete_flow_revisions(&space, id, &[1, 3, 9]).await?, 1, "the latest revision stays");
    assert_eq!(store.delete_flow_revisions(&space, id, &[1]).await?, 0, "it is gone already");
    assert_eq!(store.flow(&space, id, Some(1)).await?, None);
    let left: Vec<u32> =
        store.flow_revisions(&space, id).await?.into_iter().map(|flow| flow.revision).collect();
    assert_eq!(left, [2, 3]);
    assert_eq!(store.put_flow(&space, id, "four", at(4)).await?.revision, 4);
    assert!(mark.is_none() || store.flows_mark().await? != mark, "the mark still follows the flows");
    Ok(())
}
