//! A forecast as text for people.

use console::{measure_text_width, style};
use segue_model::Json;
use segue_simulation::forecast::{Access, Certainty, Forecast, Planned};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The number of iterations of a loop that are shown.
const MOST_ITERATIONS: u64 = 3;
/// The number of lines of a text that are shown without `--full`.
const MOST_LINES: usize = 3;
/// The number of characters of a line that are shown without `--full`.
const LONGEST_LINE: usize = 160;

/// The forecast as text.
pub(super) fn text(forecast: &Forecast, full: bool) -> String {
    let mut text = String::new();
    let end = if forecast.problems.is_empty() {
        format!("would end {}, if no task fails", forecast.state)
    } else {
        "would not succeed as it is".to_owned()
    };
    let _ = writeln!(text, "{}  {end}", style(&forecast.flow).bold());
    if !forecast.inputs.is_empty() {
        let inputs = forecast.inputs.iter().map(|(id, value)| format!("{id}={}", plain(value)));
        let _ = writeln!(text, "{} {}", style("inputs ").dim(), inputs.collect::<Vec<_>>().join("  "));
    }
    tasks(&forecast.tasks, 1, full, &mut text);
    if !forecast.outputs.is_empty() {
        let _ = writeln!(text, "{}", style("outputs").bold());
        for (id, value) in &forecast.outputs {
            property(id, value, 2, full, &mut text);
        }
    }
    touches(forecast, &mut text);
    if !forecast.problems.is_empty() {
        let _ = writeln!(text, "{}", style("missing or wrong").bold());
        for problem in &forecast.problems {
            let task = problem.task_id.as_ref().map(|task| format!("{task}: ")).unwrap_or_default();
            let _ = writeln!(text, "  {} {task}{}", style("✗").red(), problem.message);
        }
    }
    let cost = &forecast.cost;
    let _ = writeln!(text, "{}", style("on Google Cloud").bold());
    let mut parts = vec![
        format!("{} task runs, {} of them in services", cost.task_runs, cost.service_task_runs),
        format!("{} messages", cost.messages),
        format!("{} writes and {} reads of Firestore", cost.writes, cost.reads),
    ];
    if cost.delayed_messages > 0 {
        parts.push(format!("{} delayed messages", cost.delayed_messages));
    }
    if cost.containers > 0 {
        parts.push(format!("{} containers", cost.containers));
    }
    let _ = writeln!(text, "  about {}", parts.join(", "));
    let _ = writeln!(
        text,
        "  about ${:.2} for a million such runs, and the work of the tasks themselves (docs/cost.md)",
        cost.dollars_per_million
    );
    text
}

fn tasks(list: &[Planned], depth: usize, full: bool, text: &mut String) {
    let mut hidden: BTreeMap<u64, ()> = BTreeMap::new();
    for planned in list {
        if let Some(iteration) = planned.iteration.filter(|iteration| *iteration >= MOST_ITERATIONS && !full)
        {
            hidden.insert(iteration, ());
            continue;
        }
        task(planned, depth, full, text);
    }
    if !hidden.is_empty() {
        let _ = writeln!(text, "{}… {} more iterations", "  ".repeat(depth), hidden.len());
    }
}

fn task(planned: &Planned, depth: usize, full: bool, text: &mut String) {
    let sign = match planned.certainty {
        Certainty::Certain => style("✓").green(),
        Certainty::Maybe => style("?").yellow(),
        Certainty::Skipped => style("-").dim(),
        Certainty::OnFailure => style("!").red(),
    };
    let name = match &planned.value {
        Some(value) => format!("{} [{value}]", planned.task_id),
        None => planned.task_id.clone(),
    };
    let kind = planned.type_name.rsplit('.').take(2).collect::<Vec<_>>();
    let kind = kind.into_iter().rev().collect::<Vec<_>>().join(".");
    let mut notes = vec![kind];
    notes.extend(planned.service.as_ref().map(|service| format!("service {service}")));
    notes.extend(planned.note.clone());
    let indent = "  ".repeat(depth);
    let width = 36_usize.saturating_sub(2 * depth).saturating_sub(measure_text_width(&name));
    let _ = writeln!(
        text,
        "{indent}{sign} {name}{} {}",
        " ".repeat(width),
        style(notes.iter().filter(|note| !note.is_empty()).cloned().collect::<Vec<_>>().join("  ")).dim()
    );
    let is_shown = matches!(planned.certainty, Certainty::Certain | Certainty::Maybe) || full;
    if let Some(properties) = planned.properties.as_object().filter(|_| is_shown) {
        for (property_name, value) in properties {
            property(property_name, value, 2 * depth + 4, full, text);
        }
    }
    tasks(&planned.tasks, depth + 1, full, text);
    if let Some(subflow) = &planned.subflow {
        let _ = writeln!(text, "{indent}    {} {}", style("runs").dim(), style(&subflow.flow).bold());
        tasks(&subflow.tasks, depth + 3, full, text);
    }
}

fn property(name: &str, value: &Json, indent: usize, full: bool, text: &mut String) {
    if let Json::Object(map) = value
        && !map.is_empty()
    {
        for (key, inner) in map {
            property(&format!("{name}.{key}"), inner, indent, full, text);
        }
        return;
    }
    let shown = plain(value);
    let space = " ".repeat(indent);
    let lines: Vec<&str> = shown.trim_end().lines().collect();
    let most = if full { lines.len() } else { MOST_LINES };
    match lines.as_slice() {
        [] => drop(writeln!(text, "{space}{}", style(name).dim())),
        [line] => drop(writeln!(text, "{space}{}  {}", style(name).dim(), short(line, full))),
        lines => {
            let _ = writeln!(text, "{space}{}", style(name).dim());
            for line in lines.iter().take(most) {
                let _ = writeln!(text, "{space}  {}", short(line, full));
            }
            if lines.len() > most {
                let _ = writeln!(text, "{space}  … {} lines in all", lines.len());
            }
        }
    }
}

fn short(line: &str, full: bool) -> String {
    if full || line.chars().count() <= LONGEST_LINE {
        return line.to_owned();
    }
    line.chars().take(LONGEST_LINE).chain(['…']).collect()
}

fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What is read and written: one line for each thing, with the tasks.
fn touches(forecast: &Forecast, text: &mut String) {
    for (access, title) in [(Access::Read, "reads"), (Access::Write, "writes")] {
        let mut things: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for touch in forecast.touches.iter().filter(|touch| touch.access == access) {
            things.entry((touch.kind, &touch.name)).or_default().push(&touch.task_id);
        }
        if things.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{}", style(title).bold());
        for ((kind, name), tasks) in things {
            let tasks = if tasks.len() > 3 { format!("{} tasks", tasks.len()) } else { tasks.join(", ") };
            let _ = writeln!(text, "  {kind:<10} {name}  {}", style(tasks).dim());
        }
    }
}
