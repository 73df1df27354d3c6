//! The columns of tables, for the analysis of statements.

use super::catalog::{self, Record};
use super::engine::Engine;
use super::error::{Context, internal, translate};
use super::external::{Care, ExternalTable};
use super::source_file::SourceFile;
use super::sql::analyze::{Catalog, Information, TableShape};
use super::sql::datatype::DataType;
use super::sql::names::{PARTITION_TIME, duckdb_name};
use super::sql::routine::Routine;
use super::tables::{self, TableDetails};
use super::{column_types, information, ingestion};
use duckdb::params;
use segue_ports::warehouse::{TableKind, TableReference, WarehouseError};
use serde_json::Value;

impl Catalog for Engine {
    fn table(&self, table: &TableReference) -> Result<TableShape, WarehouseError> {
        let kind = tables::require(&self.connection, table)?;
        let key = catalog::key(table);
        let columns = match kind {
            TableKind::External => {
                let external: Option<ExternalTable> = catalog::get(&self.connection, Record::External, &key)?;
                match external {
                    Some(external) => {
                        if let Some(source) = &self.source {
                            external.uris().iter().try_for_each(|uri| source.fetch(uri))?;
                        }
                        let columns = external.shape(&self.object_root)?;
                        if columns.is_empty() {
                            // The file itself says what its columns are.
                            let files = external.files(&self.object_root)?;
                            self.described(&external.query(&files, Care::Fast, false), &files)?
                        } else {
                            columns
                        }
                    }
                    None => Vec::new(),
                }
            }
            TableKind::View => {
                let found = self.described(&format!("SELECT * FROM {}", duckdb_name(table)), &[])?;
                let types = column_types::of(&self.connection, table)?;
                let known = |(name, found): (String, DataType)| {
                    let ty = column_types::known(&types, &name, found);
                    (name, ty)
                };
                found.into_iter().map(known).collect()
            }
            TableKind::Table => self.columns(table)?,
        };
        let details: Option<TableDetails> = catalog::get(&self.connection, Record::Table, &key)?;
        let details = details.unwrap_or_default();
        let partition_column = details.partition_by.as_deref().map(partition_column);
        let required = details.options.get("require_partition_filter").and_then(Value::as_bool);
        Ok(TableShape {
            columns,
            partition_filter: partition_column.filter(|_| required == Some(true)),
            ingested_by: ingestion::unit(details.partition_by.as_deref()),
        })
    }

    fn tables(&self, dataset: &str, prefix: &str) -> Result<Vec<String>, WarehouseError> {
        if !tables::dataset_exists(&self.connection, dataset)? {
            return Err(tables::missing_dataset(&self.connection, None, dataset));
        }
        let read = || -> duckdb::Result<Vec<String>> {
            let mut statement = self.connection.prepare(
                "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database() AND lower(schema_name) = \
                 lower(?) AND starts_with(table_name, ?)",
            )?;
            let rows = statement.query_map(params![dataset, prefix], |row| row.get(0))?;
            rows.collect()
        };
        read().map_err(|error| internal(&error))
    }

    fn information(
        &self,
        view: &str,
        project: &str,
        dataset: Option<&str>,
    ) -> Result<Option<Information>, WarehouseError> {
        information::read(self, view, project, dataset)
    }

    fn routine(&self, name: &TableReference) -> Result<Option<Routine>, WarehouseError> {
        catalog::get(&self.connection, Record::Function, &catalog::key(name))
    }
}

impl Engine {
    pub(crate) fn columns(&self, table: &TableReference) -> Result<Vec<(String, DataType)>, WarehouseError> {
        let types = column_types::of(&self.connection, table)?;
        let read = || -> duckdb::Result<Vec<(String, DataType)>> {
            let mut statement = self.connection.prepare_cached(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = current_database() AND \
                 lower(schema_name) = lower(?) AND lower(table_name) = lower(?) AND column_name <> ? ORDER BY column_index",
            )?;
            let of = params![table.dataset, table.table, PARTITION_TIME];
            let rows = statement.query_map(of, |row| {
                let (name, data_type): (String, String) = (row.get(0)?, row.get(1)?);
                let data_type = column_types::known(&types, &name, DataType::from_duckdb(&data_type));
                Ok((name, data_type))
            })?;
            rows.collect()
        };
        read().map_err(|error| internal(&error))
    }

    /// The columns of a query, as DuckDB finds them now.
    fn described(&self, sql: &str, files: &[SourceFile]) -> Result<Vec<(String, DataType)>, WarehouseError> {
        let read = || -> duckdb::Result<Vec<(String, DataType)>> {
            let mut statement = self.connection.prepare(&format!("DESCRIBE {sql}"))?;
            let rows = statement.query_map([], |row| {
                let data_type: String = row.get(1)?;
                Ok((row.get(0)?, DataType::from_duckdb(&data_type)))
            })?;
            rows.collect()
        };
        read().map_err(|error| translate(&error, &Context { script: "", files }))
    }
}

/// The column in `DATE(at)` or `RANGE_BUCKET(n, …)`, or the column itself.
pub(crate) fn partition_column(expression: &str) -> String {
    let inner = expression.split_once('(').map_or(expression, |(_, inner)| inner);
    inner.split([',', ')']).next().unwrap_or(inner).trim().to_owned()
}
