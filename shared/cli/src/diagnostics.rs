//! Prints problems of flow files in the format of compilers.

use segue_model::diagnostic::{Diagnostic, Severity};
use std::path::Path;

/// Prints errors and warnings to standard error, `file:line:column: error[CODE]: …`. Notes need no action, so only
/// [`print_all`] prints them.
pub(crate) fn print(file: &Path, found: &[Diagnostic]) {
    lines(file, found.iter().filter(|found| found.severity != Severity::Note));
}

/// Prints errors, warnings and notes, for `segue validate`.
pub(crate) fn print_all(file: &Path, found: &[Diagnostic]) {
    lines(file, found.iter());
}

fn lines<'a>(file: &Path, found: impl Iterator<Item = &'a Diagnostic>) {
    for diagnostic in found {
        eprintln!("{}:{diagnostic}", file.display());
    }
}
