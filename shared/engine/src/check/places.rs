//! From a place in a template to the place in the source.

use super::readings::Reading;
use segue_model::diagnostic::Position;
use segue_model::parse::{Parsed, Positions};
use std::cell::RefCell;

/// In a line of more bytes only the beginning of a text is given, not the place within.
const LONGEST_LINE: usize = 10_000;

/// Where templates stand.
pub(super) struct Places<'a> {
    positions: &'a Positions,
    lines: Vec<&'a str>,
    /// The text asked for last, by its path, and where its lines begin: one text often has many places.
    last: RefCell<(String, Vec<usize>)>,
    /// The line of the file on which the document begins, less one.
    first: u32,
}

impl<'a> Places<'a> {
    pub(super) fn new(parsed: &'a Parsed) -> Self {
        let lines: Vec<&str> = parsed.source.lines().collect();
        let is_content = |line: &&str| {
            let text = line.trim();
            !text.is_empty() && !text.starts_with(['#', '%']) && text != "---"
        };
        // A document is a part of its file, and positions are those of the file.
        let content = lines.iter().position(is_content).unwrap_or(0);
        let root = parsed.positions.of("").line;
        let first = root.saturating_sub(1).saturating_sub(u32::try_from(content).unwrap_or(0));
        Self { positions: &parsed.positions, lines, last: RefCell::default(), first }
    }

    /// The place of a line and column of a template. Where the source writes the text in another way than the
    /// template has it (escapes, folded lines), the place is that of the whole text.
    pub(super) fn within(&self, reading: &Reading<'_>, line: u32, column: u32) -> Position {
        let start = self.positions.of(&reading.at.path);
        self.find(start, reading, line, column).unwrap_or(start)
    }

    /// The place of a property.
    pub(super) fn of(&self, path: &str) -> Position {
        self.positions.of(path)
    }

    /// None, too, in a very long line: each place in it would be a walk along all of it.
    fn find(&self, start: Position, reading: &Reading<'_>, line: u32, column: u32) -> Option<Position> {
        let wanted = self.line_of(reading, usize::try_from(line).ok()?.checked_sub(1)?)?;
        let from = usize::try_from(start.column).ok()?.checked_sub(1)?;
        let head: String = self.line(start.line)?.chars().skip(from).collect();
        // The text of a block begins on the line after its sign.
        let is_block = head.starts_with(['|', '>']);
        let at = start.line.checked_add(line)?.checked_sub(u32::from(!is_block))?;
        let source = self.line(at)?;
        let skipped = if at == start.line { from } else { 0 };
        let rest = source.chars().skip(skipped).collect::<String>();
        let found = rest.find(wanted.trim_end())?;
        let before = rest.get(..found)?.chars().count().checked_add(skipped)?;
        Some(Position { line: at, column: u32::try_from(before).ok()?.checked_add(column)? })
    }

    /// A line of a text, from 0.
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
        // Escapes make the text another one than the source's.
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
