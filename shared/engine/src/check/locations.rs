//! Converts a position in a template to the position in the source.

use super::readings::Reading;
use segue_model::diagnostic::Position;
use segue_model::parse::{Parsed, Positions};
use std::cell::RefCell;

/// In a line with more bytes, a problem gets the position of the text, not the position inside the text.
const LONGEST_LINE: usize = 10_000;

/// The positions of templates.
pub(super) struct Locations<'a> {
    positions: &'a Positions,
    lines: Vec<&'a str>,
    /// The last requested text: its path, and the positions of its lines. It is kept because one text often has many
    /// problems.
    last: RefCell<(String, Vec<usize>)>,
    /// The line of the file on which the document begins, minus one.
    first: u32,
}

impl<'a> Locations<'a> {
    pub(super) fn new(parsed: &'a Parsed) -> Self {
        let lines: Vec<&str> = parsed.source.lines().collect();
        let is_content = |line: &&str| {
            let text = line.trim();
            !text.is_empty() && !text.starts_with(['#', '%']) && text != "---"
        };
        // The document is a part of the file. Its positions are relative to the file.
        let content = lines.iter().position(is_content).unwrap_or(0);
        let root = parsed.positions.of("").line;
        let first = root.saturating_sub(1).saturating_sub(u32::try_from(content).unwrap_or(0));
        Self { positions: &parsed.positions, lines, last: RefCell::default(), first }
    }

    /// The source position of a line and column in a template. If the source writes the text in another way (escapes,
    /// folded lines), the result is the position of the whole text.
    pub(super) fn within(&self, reading: &Reading<'_>, line: u32, column: u32) -> Position {
        let start = self.positions.of(&reading.at.path);
        self.find(start, reading, line, column).unwrap_or(start)
    }

    /// The position of a property.
    pub(super) fn of(&self, path: &str) -> Position {
        self.positions.of(path)
    }

    /// The source position, or `None` if the source writes the text in another way. Also `None` for a very long line,
    /// because each search would read the whole line.
    fn find(&self, start: Position, reading: &Reading<'_>, line: u32, column: u32) -> Option<Position> {
        let wanted = self.line_of(reading, usize::try_from(line).ok()?.checked_sub(1)?)?;
        let from = usize::try_from(start.column).ok()?.checked_sub(1)?;
        let head: String = self.line(start.line)?.chars().skip(from).collect();
        // The text of a block scalar begins on the line after `|` or `>`.
        let is_block = head.starts_with(['|', '>']);
        let at = start.line.checked_add(line)?.checked_sub(u32::from(!is_block))?;
        let source = self.line(at)?;
        let skipped = if at == start.line { from } else { 0 };
        let rest = source.chars().skip(skipped).collect::<String>();
        let found = rest.find(wanted.trim_end())?;
        let before = rest.get(..found)?.chars().count().checked_add(skipped)?;
        Some(Position { line: at, column: u32::try_from(before).ok()?.checked_add(column)? })
    }

    /// A line of a text, counted from 0.
    fn line_of<'r>(&self, reading: &Reading<'r>, line: usize) -> Option<&'r str> {
        let text = reading.at.text;
        let mut last = self.last.borrow_mut();
        if last.1.is_empty() || last.0 != reading.at.path {
            let starts = text.match_indices('\n').map(|(at, _)| at + 1);
            *last = (reading.at.path.clone(), std::iter::once(0).chain(starts).collect());
        }
        text.get(*last.1.get(line)?..)?.lines().next()
    }

    fn line(&self, number: u32) -> Option<&'a str> {
        let index = number.checked_sub(1)?.checked_sub(self.first)?;
        let line = self.lines.get(usize::try_from(index).ok()?).copied();
        line.filter(|line| line.len() <= LONGEST_LINE)
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{told, with_tasks};

    #[test]
    fn places_are_those_of_the_expression() {
        let told_at = |tasks: &str| {
            told(&with_tasks(tasks))
                .lines()
                .map(|line| line.split(' ').next().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(told_at("  - {id: a, type: test.Any, x: \"ü {{ inputs.y }}\"}\n"), ["6:38:"]);
        assert_eq!(
            told_at("  - id: a\n    type: test.Any\n    x: |\n      one\n      two {{ inputs.y }}\n"),
            ["10:14:"]
        );
        // The source has an escape, so its text differs from the value.
        assert_eq!(told_at("  - {id: a, type: test.Any, x: \"\\t{{ inputs.y }}\"}\n"), ["6:32:"]);
    }

    #[test]
    fn positions_are_those_of_the_file() {
        let one = with_tasks("  - {id: a, type: test.Any, x: '{{ inputs.y }}'}\n");
        let flows = segue_model::parse_flows(
            &format!("# a file\n---\n{one}---\n{one}"),
            &crate::check::testing::catalog(),
        );
        let lines: Vec<u32> = flows
            .iter()
            .flat_map(|parsed| crate::check::check(parsed, &crate::check::testing::catalog()))
            .map(|found| found.position.line)
            .collect();
        assert_eq!(lines, [8, 15]);
    }
}
