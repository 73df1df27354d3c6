//! Reads the lines of dbt's log in JSON.

use crate::sink::ReadText;
use segue_model::log::LogLevel;
use segue_task::TaskContext;
use serde::Deserialize;

/// Events that say something about the installed dbt and nothing about the project. Their warnings are no reason to end
/// the task with WARNING.
const ABOUT_THE_INSTALLATION: &[&str] = &["DepsUpdateAvailable", "UpdateAvailable"];

/// The event with which dbt ends before it runs a node, as for a project that cannot be compiled.
const END: &str = "MainEncounteredError";

/// One line of the log.
#[derive(Debug, Deserialize)]
struct Event {
    info: Info,
}

#[derive(Debug, Deserialize)]
struct Info {
    level: String,
    msg: String,
    #[serde(default)]
    name: String,
}

/// Reads a line of dbt's log. None for a line that is no JSON of dbt. A warning makes the task end with WARNING.
pub(super) fn read_line(context: &TaskContext, line: &str) -> Option<ReadText> {
    let (read, warns) = parse(line)?;
    if warns {
        context.end_with_warning();
    }
    Some(read)
}

/// What a line says, and whether the line is a warning about the project.
fn parse(line: &str) -> Option<(ReadText, bool)> {
    let line = line.trim();
    if !line.starts_with('{') {
        return None;
    }
    let Event { info } = serde_json::from_str(line).ok()?;
    let level = match info.level.as_str() {
        "debug" => LogLevel::Debug,
        "warn" => LogLevel::Warn,
        "error" => LogLevel::Error,
        _ => LogLevel::Info,
    };
    let warns = level == LogLevel::Warn && !ABOUT_THE_INSTALLATION.contains(&info.name.as_str());
    let text = without_colours(info.msg);
    let cause = (info.name == END).then(|| cause(&text).to_owned());
    Some((ReadText { level, text, cause }, warns))
}

/// The text of dbt's last event without its first line, which only says that there is an error.
fn cause(text: &str) -> &str {
    text.split_once('\n').map_or(text, |(_, cause)| cause).trim()
}

/// A text without the sequences that colour it on a terminal.
fn without_colours(text: String) -> String {
    if !text.contains('\u{1b}') {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, sequence)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = sequence.split_once('m').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(level: LogLevel, text: &str) -> ReadText {
        ReadText { level, text: text.to_owned(), cause: None }
    }

    #[test]
    fn a_line_of_dbt_has_a_level_and_a_text() {
        let line = r#"{"data": {"version": "=1.10.1"}, "info": {"category": "", "code": "A001", "level": "info", "msg": "Running with dbt=1.10.1", "name": "MainReportVersion", "pid": 1, "thread": "MainThread", "ts": "2026-11-01T00:00:00Z"}}"#;
        assert_eq!(parse(line), Some((text(LogLevel::Info, "Running with dbt=1.10.1"), false)));
        let of = |level: &str, name: &str| {
            parse(&format!(r#"{{"info": {{"level": "{level}", "msg": "m", "name": "{name}"}}}}"#)).unwrap()
        };
        assert_eq!(of("warn", "LogTestResult"), (text(LogLevel::Warn, "m"), true));
        assert_eq!(of("warn", "UpdateAvailable"), (text(LogLevel::Warn, "m"), false));
        assert_eq!(of("error", "").0.level, LogLevel::Error);
        assert_eq!(of("debug", "").0.level, LogLevel::Debug);
    }

    #[test]
    fn the_last_event_says_why_dbt_ends() {
        let line = r#"{"info": {"level": "error", "msg": "Encountered an error:\nCompilation Error\n  Model 'm' (models/m.sql) depends on a node named 'x'", "name": "MainEncounteredError"}}"#;
        let cause = parse(line).unwrap().0.cause.unwrap();
        assert_eq!(cause, "Compilation Error\n  Model 'm' (models/m.sql) depends on a node named 'x'");
    }

    #[test]
    fn colours_are_left_out() {
        let line = r#"{"info": {"level": "error", "msg": "1 of 2 [\u001b[31mERROR\u001b[0m in 0.1s]"}}"#;
        assert_eq!(parse(line).unwrap().0.text, "1 of 2 [ERROR in 0.1s]");
    }

    #[test]
    fn other_lines_stay_as_they_are() {
        for line in ["", "hello", "{}", "{\"info\": 3}", "{\"level\": \"info\"}", "[1]"] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
