//! Prints problems of flow files in the format of compilers.

use segue_model::diagnostic::{Diagnostic, Severity};
use std::path::Path;

/// Prints errors and warnings to standard error, `file:line:column: error[CODE]: …`. Notes need no action, so only
/// `segue validate` prints them.
pub(crate) fn print(file: &Path, found: &[Diagnostic]) {
    for diagnostic in found.iter().filter(|found| found.severity != Severity::Note) {
        eprintln!("{}:{diagnostic}", file.display());
    }
}
