//! Copies, loads and extracts, made of queries and of the object store.
//!
//! Each of them is a query job with the id of the request, and jobs with ids that follow from it. So a request that
//! arrives twice takes effect once, as a query does.
//!
//! It must not know: how a query runs.

mod copy;
pub(super) mod decimals;
pub(super) mod detect;
mod extract;
mod load;
#[cfg(test)]
mod tests;

pub(super) use copy::copy;
pub(super) use extract::{Encoder, extract, unwritable_range};
pub(super) use load::load;

use super::sql::invalid;
use segue_ports::warehouse::{JobSettings, QueryJob, TableReference, WarehouseError};

/// A query with these settings.
fn query(settings: &JobSettings, suffix: &str, sql: String) -> QueryJob {
    let job_id = match settings.job_id.as_str() {
        // A job without an id has no record.
        "" => String::new(),
        id => format!("{id}{suffix}"),
    };
    QueryJob {
        job_id,
        sql,
        project: settings.project.clone(),
        location: settings.location.clone(),
        labels: settings.labels.clone(),
        ..QueryJob::default()
    }
}

/// A name in backticks.
fn quoted(name: &str) -> Result<String, WarehouseError> {
    if name.trim().is_empty() || name.contains(['`', '\\', '\n']) {
        return Err(invalid(&format!("'{name}' is not the name of a column or table"), None, None));
    }
    Ok(format!("`{name}`"))
}

/// A table in backticks.
fn table(table: &TableReference) -> Result<String, WarehouseError> {
    quoted(&dotted(table))
}

fn dotted(table: &TableReference) -> String {
    let project = table.project.as_ref().map(|project| format!("{project}."));
    format!("{}{}.{}", project.unwrap_or_default(), table.dataset, table.table)
}

/// A text as a literal.
fn literal(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n").replace('\r', "\\r");
    format!("'{escaped}'")
}
