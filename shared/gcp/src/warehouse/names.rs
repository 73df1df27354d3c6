//! Names of datasets and tables, with their project or without.

use segue_ports::warehouse::{TableReference, WarehouseError};

/// The project (if named) and the dataset in `dataset`, `project.dataset` or `project:dataset`.
pub(super) fn dataset(name: &str) -> (Option<&str>, &str) {
    let name = name.trim_matches('`');
    match name.rsplit_once(['.', ':']) {
        Some((project, dataset)) => (Some(project), dataset),
        None => (None, name),
    }
}

/// Parses `dataset.table` or `project.dataset.table`, with an optional `$partition`, which stays part of the
/// table's name. The dataset may be missing if there is a default.
///
/// # Errors
/// [`WarehouseError::InvalidQuery`] for a name without a dataset.
pub(super) fn table(name: &str, default_dataset: Option<&str>) -> Result<TableReference, WarehouseError> {
    let plain = name.replace('`', "");
    let (before, table) = match plain.rsplit_once(['.', ':']) {
        Some((before, table)) => (before.to_owned(), table.to_owned()),
        None => (default_dataset.unwrap_or_default().to_owned(), plain),
    };
    let (project, dataset) = dataset(&before);
    if dataset.is_empty() || table.is_empty() {
        return Err(WarehouseError::InvalidQuery {
            message: format!("Table \"{name}\" must be qualified with a dataset (e.g. dataset.table)"),
            line: None,
            column: None,
            hint: None,
        });
    }
    Ok(TableReference { project: project.map(str::to_owned), dataset: dataset.to_owned(), table })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_their_end() {
        for (name, project, set, of) in [
            ("d.t", None, "d", "t"),
            ("p.d.t$20240101", Some("p"), "d", "t$20240101"),
            ("`p:d.t`", Some("p"), "d", "t"),
            ("example.com:p.d.t", Some("example.com:p"), "d", "t"),
        ] {
            let read = table(name, None).unwrap();
            assert_eq!(
                (read.project.as_deref(), read.dataset.as_str(), read.table.as_str()),
                (project, set, of)
            );
        }
        assert_eq!(table("t", Some("p.d")).unwrap().project.as_deref(), Some("p"));
        assert!(table("t", None).unwrap_err().to_string().contains("qualified with a dataset"));
    }
}
