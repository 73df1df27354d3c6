//! The source of a flow in Git and in Segue: its namespace is changed, and everything else stays as it is written.

use segue_engine::check::read_flow;
use segue_model::catalog::Catalog;
use segue_model::diagnostic::Severity;
use segue_model::flow::Flow;

/// The source with another namespace. Comments and the order of lines stay.
pub(crate) fn with_namespace(source: &str, namespace: &str) -> String {
    let mut changed = String::with_capacity(source.len());
    let mut is_done = false;
    for line in source.split_inclusive('\n') {
        match value_of_namespace(line).filter(|_| !is_done) {
            Some(rest) => {
                is_done = true;
                let end = line.get(line.trim_end().len()..).unwrap_or_default();
                let comment =
                    rest.find(" #").and_then(|at| rest.get(at..)).map(str::trim_end).unwrap_or_default();
                changed.push_str(&format!("namespace: {namespace}{comment}{end}"));
            }
            None => changed.push_str(line),
        }
    }
    if is_done { changed } else { format!("namespace: {namespace}\n{source}") }
}

/// What is written after the key `namespace` of the flow itself. The keys of a flow are not indented.
fn value_of_namespace(line: &str) -> Option<&str> {
    let rest = ["namespace", "\"namespace\"", "'namespace'"].iter().find_map(|key| line.strip_prefix(key))?;
    rest.trim_start()
        .strip_prefix(':')
        .filter(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

/// Reads a flow, and checks it as the API does.
///
/// # Errors
/// The first problem with its position, and the number of further problems.
pub(crate) fn checked(source: &str, catalog: &Catalog) -> Result<Flow, String> {
    let parsed = read_flow(source, catalog);
    let errors: Vec<_> =
        parsed.diagnostics.iter().filter(|found| found.severity == Severity::Error).collect();
    let Some(first) = errors.first() else {
        return parsed.flow.ok_or_else(|| "the file contains no flow".to_owned());
    };
    let place = format!("line {}, column {}: {}", first.position.line, first.position.column, first.message);
    Err(match errors.len() {
        1 => place,
        several => format!("{place} (and {} more problems)", several - 1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_namespace_of_the_flow_changes() {
        let source = "id: f\nnamespace: dev # of the team\ntasks:\n  - id: t\n    namespace: dev\n";
        let expect = "id: f\nnamespace: prod.a # of the team\ntasks:\n  - id: t\n    namespace: dev\n";
        assert_eq!(with_namespace(source, "prod.a"), expect);
        assert_eq!(
            with_namespace("id: f\r\nnamespace: \"dev\"\r\nx: 1", "p"),
            "id: f\r\nnamespace: p\r\nx: 1"
        );
        assert_eq!(with_namespace("id: f\nnamespaces: x\n", "p"), "namespace: p\nid: f\nnamespaces: x\n");
        assert_eq!(with_namespace(expect, "prod.a"), expect);
    }

    #[test]
    fn a_flow_with_problems_is_refused_with_the_first() {
        let catalog = segue_catalog::catalog().unwrap();
        let good = "id: f\nnamespace: a\ntasks:\n  - id: t\n    type: io.kestra.plugin.core.log.Log\n    message: m\n";
        assert_eq!(checked(good, &catalog).unwrap().id, "f");
        let error = checked(&good.replace("log.Log", "log.Lag"), &catalog).unwrap_err();
        assert!(error.starts_with("line 5, column"), "{error}");
        assert!(checked("", &catalog).is_err() && checked("- a\n", &catalog).is_err());
    }
}
