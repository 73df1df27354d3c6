//! The task runs of an execution as a tree of lines.

use super::text;
use console::{Style, style};
use jiff::{SignedDuration, Timestamp};
use segue_model::event::MetricKind;
use segue_model::id::TaskRunId;
use segue_model::metric;
use segue_model::state::{State, StateHistory};
use segue_model::task_run::TaskRun;
use std::collections::HashMap;

/// The largest number of children that one level shows in full. Of more children, the tree shows the first and the
/// last. Between them, it shows only failed and unfinished children.
const MOST_SHOWN: usize = 24;

/// The lines of a tree, parents before children.
pub(crate) fn lines(runs: &[&TaskRun], now: Timestamp) -> Vec<String> {
    let mut children: HashMap<Option<&TaskRunId>, Vec<&TaskRun>> = HashMap::new();
    for run in runs {
        children.entry(run.parent_task_run_id.as_ref()).or_default().push(run);
    }
    let mut lines = Vec::new();
    level(&children, None, 1, now, &mut lines);
    lines
}

fn level(
    children: &HashMap<Option<&TaskRunId>, Vec<&TaskRun>>,
    parent: Option<&TaskRunId>,
    depth: usize,
    now: Timestamp,
    lines: &mut Vec<String>,
) {
    let Some(list) = children.get(&parent) else { return };
    let hidden = list.len().saturating_sub(MOST_SHOWN);
    for (place, run) in list.iter().enumerate() {
        let is_middle = place >= MOST_SHOWN / 2 && place < MOST_SHOWN / 2 + hidden;
        if is_middle && run.current().is_terminal() && run.current() != State::Failed {
            continue;
        }
        lines.push(line(run, depth, now));
        level(children, Some(&run.id), depth + 1, now, lines);
    }
    if hidden > 0 {
        lines.push(format!("{}… {} in all", "  ".repeat(depth), list.len()));
    }
}

/// The name of a task run: the id of its task, and the value of its iteration.
pub(super) fn name(task_id: &str, value: Option<&str>) -> String {
    value.map_or_else(|| task_id.to_owned(), |value| format!("{task_id} [{}]", shorten(value)))
}

/// One task run as a line.
pub(crate) fn line(run: &TaskRun, depth: usize, now: Timestamp) -> String {
    let name = name(&run.task_id, run.value.as_deref());
    let mut line = format!(
        "{}{} {:<width$} {:<9}",
        "  ".repeat(depth),
        mark(run.current()),
        name,
        paint(run.current()).apply_to(run.current()),
        width = 34_usize.saturating_sub(2 * depth),
    );
    line.push_str(&format!(" {:>9}", text::duration(elapsed(&run.state, now))));
    if run.attempts.len() > 1 {
        line.push_str(&format!("  {} attempts", run.attempts.len()));
    }
    for fact in facts(run) {
        line.push_str("  ");
        line.push_str(&fact);
    }
    line
}

/// The duration of a state so far.
pub(crate) fn elapsed(state: &StateHistory, now: Timestamp) -> SignedDuration {
    let end = if state.current().is_terminal() { state.end_date().unwrap_or(now) } else { now };
    end.duration_since(state.start_date()).max(SignedDuration::ZERO)
}

/// The sign of a state.
pub(crate) fn mark(state: State) -> String {
    let sign = match state {
        State::Success => "✓",
        State::Warning => "!",
        State::Failed | State::Killed | State::Cancelled => "✗",
        State::Skipped | State::Retried => "-",
        State::Paused | State::Breakpoint | State::Retrying | State::Queued => "…",
        State::Created | State::Running | State::Restarted | State::Killing => "▸",
    };
    style(sign).fg(colour(state)).to_string()
}

/// The style of a state's name.
pub(crate) fn paint(state: State) -> Style {
    Style::new().fg(colour(state))
}

fn colour(state: State) -> console::Color {
    match state {
        State::Success => console::Color::Green,
        State::Warning | State::Paused | State::Breakpoint | State::Retrying | State::Queued => {
            console::Color::Yellow
        }
        State::Failed | State::Killed | State::Killing | State::Cancelled => console::Color::Red,
        State::Skipped | State::Retried => console::Color::White,
        State::Created | State::Running | State::Restarted => console::Color::Cyan,
    }
}

/// The metrics of a task, one of each kind: rows, changed rows, bytes.
fn facts(run: &TaskRun) -> Vec<String> {
    let metrics = run.memo.get("metrics").map(metric::read).unwrap_or_default();
    let sum = |name: &&str| {
        let of_it = metrics.iter().filter(|metric| metric.name == *name && metric.kind != MetricKind::Timer);
        of_it.map(|metric| metric.value).reduce(|left, right| left + right)
    };
    let first = |names: &[&str]| names.iter().find_map(sum).filter(|value| *value > 0.0);
    let changed = ["affected.rows", "num.dml.affected.rows"];
    let has_changed = changed.iter().any(|name| sum(name).is_some());
    let mut facts = Vec::new();
    match first(&changed) {
        Some(rows) => facts.push(format!("{} rows changed", text::count(rows))),
        None if has_changed => facts.push("0 rows changed".to_owned()),
        None => facts.extend(first(&["rows", "records"]).map(|rows| format!("{} rows", text::count(rows)))),
    }
    facts.extend(
        first(&["size", "file.size", "response.length", "bytes", "total.bytes.processed"]).map(text::bytes),
    );
    facts
}

fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(24).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
