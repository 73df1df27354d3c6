//! Shows progress while an execution runs: a tree on a terminal, plain lines elsewhere.

use super::{text, tree};
use console::{Term, style};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use segue_model::execution::Execution;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::log::{LogEntry, LogLevel};
use segue_model::task_run::TaskRun;
use segue_ports::{Clock as _, SystemClock};
use segue_standalone::Change;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

/// How often a terminal is redrawn while nothing changes.
const REDRAW: Duration = Duration::from_millis(100);

/// The deepest nesting of task runs that is shown.
const MOST_DEPTH: usize = 64;

/// Shows progress. On a terminal, the tree goes to standard error, and standard output has only the result.
/// Elsewhere, each task run is one line of standard output, printed when the task run ends.
pub(crate) struct Live {
    term: Term,
    is_terminal: bool,
    runs: BTreeMap<u64, TaskRun>,
    /// The positions of task runs by id.
    places: HashMap<TaskRunId, u64>,
    printed: HashSet<(TaskRunId, usize)>,
    drawn: usize,
    last_draw: Option<Instant>,
    settings: Settings,
}

/// What is shown of an execution.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The lowest level of log lines.
    pub(crate) level: LogLevel,
    /// Whether only log lines and the result are shown.
    pub(crate) quiet: bool,
    /// The time zone of the time before each log line. None: no time is shown.
    pub(crate) timestamps: Option<TimeZone>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { level: LogLevel::Trace, quiet: false, timestamps: None }
    }
}

impl Live {
    /// Draws on a terminal if there is one.
    pub(crate) fn new(settings: Settings) -> Self {
        let term = Term::stderr();
        let is_terminal = term.is_term();
        Self {
            term,
            is_terminal,
            runs: BTreeMap::new(),
            places: HashMap::new(),
            printed: HashSet::new(),
            drawn: 0,
            last_draw: None,
            settings,
        }
    }

    /// Prints the id of the execution.
    pub(crate) fn begin(&mut self, execution: &Execution) {
        if self.settings.quiet {
            return;
        }
        if self.is_terminal {
            self.say(&heading(execution));
        } else {
            crate::print::line_if_read(heading(execution));
        }
    }

    /// Shows a change. Of subflows, only log lines are shown.
    pub(crate) fn show(&mut self, change: &Change, is_main: bool) {
        let logs = change.logs.iter().map(|entry| (entry.clone(), is_main)).collect();
        let runs = if is_main { change.task_runs.as_slice() } else { &[] };
        self.show_all(logs, runs);
    }

    /// Shows log lines, each with whether it is of the main execution, and changed task runs of the main execution, in
    /// the order in which they happened.
    pub(crate) fn show_all(&mut self, logs: Vec<(LogEntry, bool)>, runs: &[(u64, TaskRun)]) {
        if logs.is_empty() && runs.is_empty() {
            return;
        }
        self.clear();
        let mut ends = Vec::new();
        for (place, run) in runs {
            self.runs.insert(*place, run.clone());
            self.places.insert(run.id.clone(), *place);
            let is_news = run.current().is_terminal()
                && self.printed.insert((run.id.clone(), run.state.histories().len()));
            if is_news && !self.is_terminal {
                ends.push(run);
            }
        }
        for item in self.in_order(&logs, ends) {
            match item {
                Item::Log(entry, is_main) if entry.level >= self.settings.level => {
                    self.say(&self.log_line(entry, is_main));
                }
                Item::Log(..) => {}
                Item::End(..) if self.settings.quiet => {}
                Item::End(run) => {
                    let ancestors = self.ancestors(run);
                    let shown = TaskRun { value: values(run, &ancestors), ..run.clone() };
                    crate::print::line_if_read(tree::line(&shown, ancestors.len() + 1, SystemClock.now()));
                }
            }
        }
        self.draw();
    }

    /// Log lines and ends of task runs in the order in which they happened. At the same instant, their order is the one in
    /// which an engine walks through the tree: the log of a task comes before its end, the end of a child before its
    /// parent's, and everything in an iteration before the next iteration.
    fn in_order<'a>(&self, logs: &'a [(LogEntry, bool)], ends: Vec<&'a TaskRun>) -> Vec<Item<'a>> {
        let path = |run: Option<&TaskRun>, last: u64| -> Vec<u64> {
            let place = |run: &TaskRun| self.places.get(&run.id).copied().unwrap_or_default();
            let around = run.map(|run| self.ancestors(run)).unwrap_or_default().into_iter().rev();
            around.map(place).chain(run.map(place)).chain([last]).collect()
        };
        let log = |(entry, is_main): &'a (LogEntry, bool)| {
            let run = entry.task_run_id.as_ref().and_then(|id| self.run(id));
            (entry.timestamp, path(run, 0), Item::Log(entry, *is_main))
        };
        let end = |run: &'a TaskRun| {
            (run.state.end_date().unwrap_or(Timestamp::MAX), path(Some(run), u64::MAX), Item::End(run))
        };
        let mut items: Vec<_> = logs.iter().map(log).chain(ends.into_iter().map(end)).collect();
        items.sort_by(|(at, path, _), (other_at, other_path, _)| (at, path).cmp(&(other_at, other_path)));
        items.into_iter().map(|(_, _, item)| item).collect()
    }

    fn run(&self, id: &TaskRunId) -> Option<&TaskRun> {
        self.runs.get(self.places.get(id)?)
    }

    /// The task runs around a task run, the nearest one first.
    fn ancestors(&self, run: &TaskRun) -> Vec<&TaskRun> {
        let mut found: Vec<&TaskRun> = Vec::new();
        let mut parent = run.parent_task_run_id.as_ref();
        while let Some(id) = parent
            && found.len() < MOST_DEPTH
        {
            let Some(next) = self.run(id) else { break };
            found.push(next);
            parent = next.parent_task_run_id.as_ref();
        }
        found
    }

    /// The task runs of the main execution on a terminal, to mark those that a worker has begun. Elsewhere only ends
    /// are shown.
    pub(crate) fn drawn_runs(&mut self) -> impl Iterator<Item = &mut TaskRun> {
        let is_drawn = self.is_terminal;
        self.runs.values_mut().filter(move |_| is_drawn)
    }

    /// Updates durations on a terminal.
    pub(crate) fn tick(&mut self) {
        if self.is_terminal && self.last_draw.is_none_or(|last| last.elapsed() >= REDRAW) {
            self.clear();
            self.draw();
        }
    }

    /// Prints the final state.
    pub(crate) fn end(&mut self, execution: &Execution, runs: &[&TaskRun]) {
        self.clear();
        let now = SystemClock.now();
        if self.is_terminal && !self.settings.quiet {
            crate::print::line_if_read(heading(execution));
            for line in tree::lines(runs, now) {
                crate::print::line_if_read(line);
            }
        }
        let state = execution.state.current();
        crate::print::line_if_read(format_args!(
            "{} {} in {}",
            tree::mark(state),
            tree::paint(state).apply_to(state),
            text::duration(tree::elapsed(&execution.state, now))
        ));
        if let Some(outputs) = execution.outputs.as_ref().filter(|outputs| !outputs.is_empty()) {
            for (name, value) in outputs {
                crate::print::line_if_read(format_args!(
                    "  {name}: {}",
                    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
                ));
            }
        }
    }

    /// A line of the log. The further lines of a message stand below its first one.
    fn log_line(&self, entry: &LogEntry, is_main: bool) -> String {
        let level = match entry.level {
            LogLevel::Error => style(entry.level.as_str()).red(),
            LogLevel::Warn => style(entry.level.as_str()).yellow(),
            LogLevel::Info | LogLevel::Debug | LogLevel::Trace => style(entry.level.as_str()).dim(),
        };
        let origin = match (&entry.task_id, is_main) {
            (Some(task), true) => {
                let run = entry.task_run_id.as_ref().and_then(|id| self.run(id));
                tree::name(task, run.and_then(|run| values(run, &self.ancestors(run))).as_deref())
            }
            (Some(task), false) => format!("{}/{task}", entry.flow_id),
            (None, _) => entry.flow_id.clone(),
        };
        let time = match &self.settings.timestamps {
            Some(zone) => {
                let time = entry.timestamp.to_zoned(zone.clone()).strftime("%H:%M:%S%.3f ").to_string();
                style(time).dim().to_string()
            }
            None => String::new(),
        };
        let mut lines = entry.message.lines().filter(|line| !line.trim().is_empty());
        let first = lines.next().unwrap_or_default();
        let mut text = format!("  {time}{level:<5} {} {first}", style(origin).dim());
        for line in lines {
            text.push_str(&format!("\n        {line}"));
        }
        text
    }

    fn say(&self, line: &str) {
        // A closed standard error is no reason to stop the execution.
        let _ = self.term.write_line(line);
    }

    fn clear(&mut self) {
        if self.drawn > 0 {
            let _ = self.term.clear_last_lines(self.drawn);
            self.drawn = 0;
        }
    }

    fn draw(&mut self) {
        if !self.is_terminal || self.settings.quiet {
            return;
        }
        let (height, width) = self.term.size();
        let runs: Vec<&TaskRun> = self.runs.values().collect();
        let lines = tree::lines(&runs, SystemClock.now());
        let most = usize::from(height).saturating_sub(2);
        let skipped = lines.len().saturating_sub(most);
        for line in lines.iter().skip(skipped) {
            self.say(&console::truncate_str(line, usize::from(width).saturating_sub(1), "…"));
            self.drawn += 1;
        }
        self.last_draw = Some(Instant::now());
    }
}

/// The values of the loops around a task run, outermost first, and its own. A line without a tree needs them all to tell
/// iterations apart. `ancestors` are the task runs around it, the nearest one first. `None` outside a loop.
fn values(run: &TaskRun, ancestors: &[&TaskRun]) -> Option<String> {
    let around = ancestors.iter().rev().copied().chain([run]);
    let values: Vec<&str> = around.filter_map(|run| run.value.as_deref()).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// The line above an execution.
pub(crate) fn heading(execution: &Execution) -> String {
    format!(
        "{} {}",
        style(format!("{}.{}", execution.namespace, execution.flow_id)).bold(),
        style(short(&execution.id)).dim()
    )
}

fn short(id: &ExecutionId) -> &str {
    id.as_str()
}

/// Something to print, at its time.
enum Item<'a> {
    Log(&'a LogEntry, bool),
    End(&'a TaskRun),
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::state::State;

    fn months() -> [TaskRun; 4] {
        let run = |id: &str, parent: Option<&str>, value: Option<&str>| TaskRun {
            parent_task_run_id: parent.map(TaskRunId::from),
            value: value.map(str::to_owned),
            ..TaskRun::created(TaskRunId::from(id), id, Timestamp::UNIX_EPOCH)
        };
        [
            run("years", None, None),
            run("months", Some("years"), Some("2024")),
            run("branch", Some("months"), Some("03")),
            run("leaf", Some("branch"), None),
        ]
    }

    fn live(runs: &[TaskRun]) -> Live {
        let mut live = Live::new(Settings::default());
        for (place, run) in (0..).zip(runs) {
            live.places.insert(run.id.clone(), place);
            live.runs.insert(place, run.clone());
        }
        live
    }

    #[test]
    fn a_line_has_the_values_of_all_loops_around_it() {
        let all = months();
        let live = live(&all);
        let found: Vec<_> = all.iter().map(|run| values(run, &live.ancestors(run))).collect();
        assert_eq!(found, [None, Some("2024".into()), Some("2024, 03".into()), Some("2024, 03".into())]);
    }

    #[test]
    fn lines_of_one_instant_are_in_the_order_of_the_tree() {
        let run = |id: &str, parent: Option<&str>| {
            let mut run = TaskRun::created(TaskRunId::from(id), id, Timestamp::UNIX_EPOCH);
            run.parent_task_run_id = parent.map(TaskRunId::from);
            run.state.enter(State::Success, Timestamp::UNIX_EPOCH);
            run
        };
        let all = [
            run("loop", None),
            run("first", Some("loop")),
            run("task", Some("first")),
            run("second", Some("loop")),
            run("last", Some("second")),
        ];
        let live = live(&all);
        let logs = [(log(Some("last")), true), (log(Some("task")), true)];
        let shown = live.in_order(&logs, all.iter().collect());
        let names: Vec<String> = shown
            .iter()
            .map(|item| match item {
                Item::Log(entry, _) => format!("log of {}", entry.task_run_id.as_ref().unwrap()),
                Item::End(run) => run.id.to_string(),
            })
            .collect();
        assert_eq!(names, ["log of task", "task", "first", "log of last", "last", "second", "loop"]);
    }

    fn log(task_run: Option<&str>) -> LogEntry {
        LogEntry {
            namespace: "n".to_owned(),
            flow_id: "f".to_owned(),
            execution_id: "e".into(),
            task_id: Some("leaf".to_owned()),
            task_run_id: task_run.map(TaskRunId::from),
            attempt_number: None,
            timestamp: Timestamp::UNIX_EPOCH,
            level: LogLevel::Info,
            message: "loaded\n\n3 rows".to_owned(),
        }
    }

    #[test]
    fn a_log_line_has_the_iteration_of_its_task_run() {
        let live = live(&months());
        let line = |task_run: Option<&str>| {
            console::strip_ansi_codes(&live.log_line(&log(task_run), true)).into_owned()
        };
        assert_eq!(line(Some("leaf")), "  INFO  leaf [2024, 03] loaded\n        3 rows");
        assert_eq!(line(Some("unknown")), "  INFO  leaf loaded\n        3 rows");
        assert_eq!(line(None), "  INFO  leaf loaded\n        3 rows");
    }
}
