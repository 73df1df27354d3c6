//! The search over the logs of many executions.

use super::{at, execution, label};
use crate::error::PortError;
use crate::log_line::{FoundLines, LineFilter, LinesAt, Moment};
use crate::state::{LogFilter, StateStore};
use jiff::{SignedDuration, Timestamp};
use segue_model::execution::Execution;
use segue_model::log::{LogEntry, LogLevel};

/// A search finds the text of messages as it was written, in any case of letters, newest line first, and counts all
/// lines.
pub async fn lines_are_found_by_their_text(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let made = execution(scope, "searched", "a", at(0));
    store.create_execution(&made).await?;
    let messages = [
        "Loads 50% of table_a",
        "loads 500 of tableXa",
        "says \"no\" to C:\\dir",
        "two\nlines of Käse!",
        "nothing else, taskId",
    ];
    let line = |message: &str| LogEntry {
        namespace: scope.to_owned(),
        flow_id: "searched".to_owned(),
        execution_id: made.id.clone(),
        task_id: Some("load".to_owned()),
        task_run_id: None,
        attempt_number: None,
        timestamp: at(1),
        level: LogLevel::Info,
        message: message.to_owned(),
    };
    store.append_logs(messages.iter().map(|message| line(message)).collect()).await?;
    for (text, numbers) in [
        ("loads 50", vec![2, 1]),
        ("50%", vec![1]),
        ("table_a", vec![1]),
        ("\"NO\"", vec![3]),
        ("c:\\dir", vec![3]),
        ("two\nlines", vec![4]),
        ("käse!", vec![4]),
        ("taskid", vec![5]),
        // The names of fields are no text of a line.
        ("executionId", vec![]),
        ("load\"", vec![]),
    ] {
        let filter = LogFilter {
            namespace: Some(scope.to_owned()),
            flow_id: Some("searched".to_owned()),
            text: Some(text.to_owned()),
            ..LogFilter::default()
        };
        let FoundLines { lines, total, moments } = store.search_logs(&filter).await?;
        assert!(moments.is_empty(), "nobody asked for moments");
        let found: Vec<u64> = lines.iter().map(|line| line.number).collect();
        assert_eq!((&found, total), (&numbers, numbers.len() as u64), "{text}");
        let page = LogFilter { limit: 1, offset: 1, ..filter };
        let FoundLines { lines, total, .. } = store.search_logs(&page).await?;
        let found: Vec<u64> = lines.iter().map(|line| line.number).collect();
        let second: Vec<u64> = numbers.iter().skip(1).take(1).copied().collect();
        assert_eq!((found, total), (second, numbers.len() as u64), "the second line with {text}");

        let filter = LineFilter { text: Some(text.to_owned()), ..LineFilter::default() };
        let index = store.log_index(&made.id, &filter, 10).await?;
        let mut in_order = numbers.clone();
        in_order.reverse();
        assert_eq!(
            (index.total, index.found, &index.numbers),
            (5, numbers.len() as u64, &in_order),
            "{text}"
        );
        let lines = store.log_lines(&made.id, &filter, LinesAt::After(0), 10).await?;
        assert_eq!(lines.iter().map(|line| line.number).collect::<Vec<_>>(), in_order, "{text}");
    }
    Ok(())
}

/// A search by labels and times finds exactly those lines, and tells when each counted line was written.
pub async fn lines_are_found_by_labels_and_times(
    store: &dyn StateStore,
    scope: &str,
) -> Result<(), PortError> {
    let mut wanted = execution(scope, "timed", "wanted", at(0));
    wanted.labels.extend([label("team", "data"), label("kind", "load")]);
    let mut other = execution(scope, "timed", "other", at(0));
    other.labels.push(label("team", "data"));
    for made in [&wanted, &other] {
        store.create_execution(made).await?;
    }
    let after =
        |micros: i64| at(1).checked_add(SignedDuration::from_micros(micros)).unwrap_or_else(|_| at(1));
    let line = |made: &Execution, timestamp: Timestamp, level: LogLevel| LogEntry {
        namespace: scope.to_owned(),
        flow_id: "timed".to_owned(),
        execution_id: made.id.clone(),
        task_id: None,
        task_run_id: None,
        attempt_number: None,
        timestamp,
        level,
        message: "a line".to_owned(),
    };
    let written =
        [(0, LogLevel::Info), (1, LogLevel::Warn), (999_999, LogLevel::Error), (1_000_000, LogLevel::Info)];
    let mut lines: Vec<_> =
        written.iter().map(|(micros, level)| line(&wanted, after(*micros), *level)).collect();
    lines.push(line(&other, at(1), LogLevel::Info));
    store.append_logs(lines).await?;
    let filter = LogFilter {
        namespace: Some(scope.to_owned()),
        flow_id: Some("timed".to_owned()),
        labels: vec![("team".to_owned(), "data".to_owned()), ("kind".to_owned(), "load".to_owned())],
        moments: true,
        limit: 1,
        ..LogFilter::default()
    };
    let moments: Vec<Moment> =
        written.iter().rev().map(|(micros, level)| Moment { at: after(*micros), level: *level }).collect();
    let found = store.search_logs(&filter).await?;
    let numbers: Vec<u64> = found.lines.iter().map(|line| line.number).collect();
    assert_eq!((numbers, found.total), (vec![4], 4), "the page has one line, and all are counted");
    assert_eq!(found.moments, moments, "the newest line is first");
    let between = LogFilter {
        start: Some(after(1)),
        end: after(1_000_000).checked_sub(SignedDuration::from_nanos(1)).ok(),
        ..filter
    };
    let found = store.search_logs(&between).await?;
    let wanted: Vec<Moment> = moments.iter().skip(1).take(2).copied().collect();
    assert_eq!((found.moments, found.total), (wanted, 2), "both ends are exact");
    Ok(())
}
