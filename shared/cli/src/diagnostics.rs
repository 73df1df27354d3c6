//! Prints problems of flow files in the format of compilers.

use segue_model::diagnostic::Diagnostic;
use std::path::Path;

/// Prints problems to standard error, `file:line:column: error[CODE]: …`.
pub(crate) fn print(file: &Path, found: &[Diagnostic]) {
    for diagnostic in found {
        eprintln!("{}:{diagnostic}", file.display());
    }
}
