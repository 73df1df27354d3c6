//! Executes DDL statements: creates, changes and drops tables, external tables, views and datasets, and their records.
//!
//! The module must not know queries and their results.

use super::catalog::{self, Record};
use super::column_types::{self, ColumnTypes};
use super::engine::{Engine, Failure};
use super::execute::expression;
use super::external::ExternalTable;
use super::ingestion;
use super::rows::written;
use super::sql::alter::Alteration;
use super::sql::analyze::{Catalog, Relation, coerce};
use super::sql::datatype::DataType;
use super::sql::ddl::ColumnSpec;
use super::sql::invalid;
use super::sql::names::{check_column, duckdb_name, literal, message_name, quote};
use super::sql::statement::{CreateTable, OnExisting};
use super::tables::{self, TableDetails};
use segue_ports::warehouse::{QueryResult, TableKind, TableReference, WarehouseError};
use segue_ports::{Clock as _, SystemClock};
use serde_json::{Map, Value};

fn column_list(engine: &Engine, columns: &[ColumnSpec]) -> Result<String, Failure> {
    let mut parts = Vec::new();
    for column in columns {
        let default = match &column.default {
            Some(default) => format!(" DEFAULT {}", expression(engine, default, &column.data_type)?),
            None => String::new(),
        };
        let required = if column.required { " NOT NULL" } else { "" };
        parts.push(format!("{} {}{default}{required}", quote(&column.name), column.data_type.column()));
    }
    Ok(format!("({})", parts.join(", ")))
}

/// Removes an existing table or view to make place for a new one. Returns `false` if the existing one must be kept.
fn make_way(
    engine: &Engine,
    table: &TableReference,
    on_existing: OnExisting,
    own: TableKind,
) -> Result<bool, Failure> {
    tables::require_dataset(&engine.connection, table)?;
    let Some(kind) = engine.kind(table)? else { return Ok(true) };
    match on_existing {
        OnExisting::Keep => Ok(false),
        OnExisting::Refuse => {
            Err(WarehouseError::AlreadyExists { what: "Table".into(), name: message_name(table) }.into())
        }
        OnExisting::Replace if kind == own && kind != TableKind::External => Ok(true),
        OnExisting::Replace => {
            drop_table(engine, table, false)?;
            Ok(true)
        }
    }
}

pub(crate) fn create_table(
    engine: &Engine,
    create: &CreateTable,
    relation: Option<&Relation>,
    outcome: &mut QueryResult,
) -> Result<(), Failure> {
    if !make_way(engine, &create.table, create.on_existing, TableKind::Table)? {
        return Ok(());
    }
    let verb =
        if create.on_existing == OnExisting::Replace { "CREATE OR REPLACE TABLE" } else { "CREATE TABLE" };
    let name = duckdb_name(&create.table);
    let connection = &engine.connection;
    let is_ingested = ingestion::unit(create.partition_by.as_deref()).is_some();
    if is_ingested && create.query.is_some() {
        let message = "A table that is partitioned by ingestion time cannot be created with AS SELECT";
        return Err(
            invalid(message, None, Some("create the table with its columns, and INSERT the rows")).into()
        );
    }
    for column in create.columns.iter().flatten() {
        check_column(&column.name, None)?;
    }
    let mut details = TableDetails {
        partition_by: create.partition_by.clone(),
        cluster_by: create.cluster_by.clone(),
        options: create.options.clone(),
        view_query: None,
        column_types: match (&create.columns, relation) {
            (Some(columns), _) => {
                column_types::lost(columns.iter().map(|column| (column.name.as_str(), &column.data_type)))
            }
            (None, Some(relation)) => column_types::of_query(relation),
            (None, None) => ColumnTypes::new(),
        },
    };
    if let Some((source, _)) = &create.source {
        // A table that is made like another one has its partitions.
        let known: Option<TableDetails> = catalog::get(connection, Record::Table, &catalog::key(source))?;
        let known = known.unwrap_or_default();
        details.column_types = known.column_types;
        details.partition_by = details.partition_by.or(known.partition_by);
        if details.cluster_by.is_empty() {
            details.cluster_by = known.cluster_by;
        }
        for (option, value) in known.options {
            details.options.entry(option).or_insert(value);
        }
    }
    let has_collation = |name: &&String| matches!(details.column_types.get(&name.to_lowercase()), Some(ty) if ty.uncollated() != *ty);
    if let Some(name) = details.cluster_by.iter().find(has_collation) {
        let message = format!("CLUSTER BY cannot name the column {name}, which has a collation");
        return Err(invalid(&message, None, Some("cluster by another column")).into());
    }
    let declared = create.columns.as_deref().unwrap_or_default();
    let fitted = relation.map(|relation| {
        relation.fitted(|index, _| declared.get(index).map(|column| column.data_type.clone()))
    });
    let query = fitted.transpose()?.or_else(|| {
        create.source.as_ref().map(|(source, rows)| {
            format!("SELECT * FROM {}{}", duckdb_name(source), if *rows { "" } else { " WHERE false" })
        })
    });
    match (&create.columns, query) {
        (Some(columns), query) => {
            connection.execute_batch(&format!("{verb} {name} {}", column_list(engine, columns)?))?;
            if let Some(query) = query {
                if let Some(relation) = relation {
                    check_columns(columns, relation)?;
                }
                outcome.affected_rows =
                    Some(connection.execute(&format!("INSERT INTO {name} {query}"), [])? as u64);
            }
            for column in columns.iter().filter(|column| column.description.is_some()) {
                comment(engine, &create.table, &column.name, column.description.as_deref())?;
            }
        }
        (None, Some(query)) => {
            outcome.affected_rows = Some(written(engine, &format!("{verb} {name} AS {query}"))?);
        }
        (None, None) => {}
    }
    if create.query.is_some() {
        outcome.destination_table = Some(create.table.clone());
        outcome.total_rows = outcome.affected_rows.unwrap_or_default();
    }
    ingestion::prepare(engine, &create.table, details.partition_by.as_deref())?;
    catalog::put(connection, Record::Table, &catalog::key(&create.table), &details)?;
    Ok(())
}

/// Refuses a query if its columns do not fit the declared ones.
fn check_columns(columns: &[ColumnSpec], relation: &Relation) -> Result<(), Failure> {
    if columns.len() != relation.columns.len() {
        let message = format!(
            "The number of columns in the column definition list does not match the number of columns produced by the query: {} and {}",
            columns.len(),
            relation.columns.len()
        );
        return Err(invalid(&message, None, None).into());
    }
    for (column, own) in columns.iter().zip(&relation.columns) {
        let (wanted, found) = (column.data_type.plain().uncollated(), own.ty.uncollated());
        if !coerce::same(&found, &wanted) && !coerce::converts(&found, &wanted) && !own.is_null() {
            let message = format!(
                "Column {} has type {}, and the query produces {}",
                column.name,
                column.data_type.bigquery(),
                own.ty.bigquery()
            );
            return Err(invalid(&message, None, Some("CAST the value in the query")).into());
        }
    }
    Ok(())
}

fn comment(engine: &Engine, table: &TableReference, column: &str, text: Option<&str>) -> Result<(), Failure> {
    let text = text.map_or_else(|| "NULL".to_owned(), literal);
    let sql = format!("COMMENT ON COLUMN {}.{} IS {text}", duckdb_name(table), quote(column));
    Ok(engine.connection.execute_batch(&sql)?)
}

pub(crate) fn create_external(
    engine: &Engine,
    table: &TableReference,
    on_existing: OnExisting,
    columns: &[ColumnSpec],
    options: &Map<String, Value>,
) -> Result<(), Failure> {
    let external = ExternalTable::declare(columns.to_vec(), options)?;
    if !make_way(engine, table, on_existing, TableKind::External)? {
        return Ok(());
    }
    engine.connection.execute_batch(&format!(
        "CREATE VIEW {} AS {}",
        duckdb_name(table),
        external.placeholder()
    ))?;
    let key = catalog::key(table);
    catalog::put(&engine.connection, Record::External, &key, &external)?;
    let details = TableDetails { options: options.clone(), ..TableDetails::default() };
    catalog::put(&engine.connection, Record::Table, &key, &details)?;
    Ok(())
}

pub(crate) fn create_view(
    engine: &Engine,
    table: &TableReference,
    on_existing: OnExisting,
    sql: &str,
    sources: &[TableReference],
    details: &TableDetails,
) -> Result<(), Failure> {
    if !make_way(engine, table, on_existing, TableKind::View)? {
        return Ok(());
    }
    engine.connection.execute_batch(&format!("CREATE OR REPLACE VIEW {} AS {sql}", duckdb_name(table)))?;
    let key = catalog::key(table);
    catalog::put(&engine.connection, Record::View, &key, &sources)?;
    catalog::put(&engine.connection, Record::Table, &key, details)?;
    Ok(())
}

pub(crate) fn create_schema(
    engine: &Engine,
    dataset: &str,
    on_existing: OnExisting,
    options: &Map<String, Value>,
) -> Result<(), Failure> {
    if tables::dataset_exists(&engine.connection, dataset)? {
        if on_existing == OnExisting::Keep {
            return Ok(());
        }
        return Err(WarehouseError::AlreadyExists { what: "Dataset".into(), name: dataset.to_owned() }.into());
    }
    let text = |name: &str| options.get(name).and_then(Value::as_str).map(str::to_owned);
    let info = segue_ports::warehouse::DatasetInfo {
        dataset: dataset.to_owned(),
        created_at: Some(SystemClock.now()),
        location: text("location"),
        description: text("description"),
        friendly_name: text("friendly_name"),
        ..Default::default()
    };
    engine.connection.execute_batch(&format!("CREATE SCHEMA {}", quote(dataset)))?;
    catalog::put(&engine.connection, Record::Dataset, &dataset.to_lowercase(), &info)?;
    Ok(())
}

pub(crate) fn drop_table(engine: &Engine, table: &TableReference, if_exists: bool) -> Result<(), Failure> {
    let Some(kind) = engine.kind(table)? else {
        if if_exists {
            return Ok(());
        }
        tables::require(&engine.connection, table)?;
        return Ok(());
    };
    let what = if kind == TableKind::Table { "TABLE" } else { "VIEW" };
    engine.connection.execute_batch(&format!("DROP {what} {}", duckdb_name(table)))?;
    for record in [Record::External, Record::Table, Record::View] {
        catalog::remove(&engine.connection, record, &catalog::key(table))?;
    }
    Ok(())
}

/// Stores a function or a procedure.
pub(crate) fn create_routine<T: serde::Serialize>(
    engine: &Engine,
    name: &TableReference,
    on_existing: OnExisting,
    record: Record,
    content: &T,
) -> Result<(), Failure> {
    tables::require_dataset(&engine.connection, name)?;
    let key = catalog::key(name);
    let known: Option<Value> = catalog::get(&engine.connection, record, &key)?;
    match on_existing {
        OnExisting::Keep if known.is_some() => Ok(()),
        OnExisting::Refuse if known.is_some() => {
            Err(WarehouseError::AlreadyExists { what: "Routine".into(), name: message_name(name) }.into())
        }
        _ => Ok(catalog::put(&engine.connection, record, &key, content)?),
    }
}

/// Removes a function or a procedure.
pub(crate) fn drop_routine(
    engine: &Engine,
    name: &TableReference,
    if_exists: bool,
    record: Record,
) -> Result<(), Failure> {
    let key = catalog::key(name);
    if catalog::get::<Value>(&engine.connection, record, &key)?.is_none() && !if_exists {
        tables::require_dataset(&engine.connection, name)?;
        let name = format!("{} was not found", message_name(name));
        return Err(WarehouseError::NotFound { what: "Routine".into(), name, hint: None }.into());
    }
    Ok(catalog::remove(&engine.connection, record, &key)?)
}

pub(crate) fn drop_schema(
    engine: &Engine,
    dataset: &str,
    if_exists: bool,
    cascade: bool,
) -> Result<(), Failure> {
    if !tables::dataset_exists(&engine.connection, dataset)? {
        if if_exists {
            return Ok(());
        }
        return Err(tables::missing_dataset(&engine.connection, None, dataset).into());
    }
    if !cascade && !tables::list(&engine.connection, dataset)?.is_empty() {
        return Err(WarehouseError::Conflict {
            message: format!("Dataset {dataset} is still in use"),
            hint: Some("drop its tables first, or delete it with its contents (CASCADE)".into()),
        }
        .into());
    }
    engine.connection.execute_batch(&format!("DROP SCHEMA {} CASCADE", quote(dataset)))?;
    catalog::remove_dataset(&engine.connection, dataset)?;
    Ok(())
}

pub(crate) fn alter(
    engine: &Engine,
    table: &TableReference,
    if_exists: bool,
    changes: &[Alteration],
) -> Result<(), Failure> {
    if if_exists && engine.kind(table)?.is_none() {
        return Ok(());
    }
    let kind = tables::require(&engine.connection, table)?;
    let what = if kind == TableKind::Table { "TABLE" } else { "VIEW" };
    let name = duckdb_name(table);
    for change in changes {
        match change {
            Alteration::AddColumn { column, if_not_exists } => {
                check_column(&column.name, None)?;
                let maybe = if *if_not_exists { "IF NOT EXISTS " } else { "" };
                let list = column_list(engine, std::slice::from_ref(column))?;
                let spec = list.trim_start_matches('(').strip_suffix(')').unwrap_or(&list);
                engine.connection.execute_batch(&format!("ALTER TABLE {name} ADD COLUMN {maybe}{spec}"))?;
                if column.description.is_some() {
                    comment(engine, table, &column.name, column.description.as_deref())?;
                }
                let own = [(column.name.as_str(), &column.data_type)];
                let types = column_types::lost(own.into_iter());
                column_types::change(&engine.connection, table, |known| known.extend(types))?;
            }
            Alteration::Other(text) => {
                engine.connection.execute_batch(&format!("ALTER {what} {name} {text}"))?;
                let columns = engine.columns(table)?;
                let is_there =
                    |known: &String| columns.iter().any(|(name, _)| name.eq_ignore_ascii_case(known));
                column_types::change(&engine.connection, table, |known| {
                    known.retain(|name, _| is_there(name))
                })?;
            }
            Alteration::Default(column, default) => {
                let ty = column_type(engine, table, column)?;
                let default = expression(engine, default, &ty)?;
                let sql = format!("ALTER TABLE {name} ALTER COLUMN {} SET DEFAULT {default}", quote(column));
                engine.connection.execute_batch(&sql)?;
            }
            Alteration::Type(column, wanted) => {
                let own = column_type(engine, table, column)?;
                let values = coerce::widened(column, &own, wanted).ok_or_else(|| {
                    let (own, wanted) = (own.bigquery(), wanted.bigquery());
                    let message = format!("ALTER TABLE ALTER COLUMN SET DATA TYPE requires that the existing column type ({own}) is assignable to the new type ({wanted})");
                    invalid(&message, None, Some("make the table again with CREATE OR REPLACE TABLE … AS SELECT CAST(…)"))
                })?;
                let (quoted, ty) = (quote(column), wanted.column());
                let sql = format!("ALTER TABLE {name} ALTER COLUMN {quoted} TYPE {ty} USING {values}");
                engine.connection.execute_batch(&sql)?;
                let types = column_types::lost([(column.as_str(), wanted)].into_iter());
                column_types::change(&engine.connection, table, |known| {
                    known.retain(|name, _| !name.eq_ignore_ascii_case(column));
                    known.extend(types);
                })?;
            }
            Alteration::RenameColumn(from, to) => {
                let renamed = format!("RENAME COLUMN {} TO {}", quote(from), quote(to));
                engine.connection.execute_batch(&format!("ALTER {what} {name} {renamed}"))?;
                column_types::change(&engine.connection, table, |known| {
                    column_types::rename(known, from, to);
                })?;
            }
            Alteration::RenameTable(new) => rename(engine, table, what, new)?,
            Alteration::ColumnDescription(column, text) => comment(engine, table, column, text.as_deref())?,
            Alteration::Description(text) => {
                let key = catalog::key(table);
                let mut details: TableDetails =
                    catalog::get(&engine.connection, Record::Table, &key)?.unwrap_or_default();
                details.options.insert("description".into(), text.clone().map_or(Value::Null, Value::from));
                catalog::put(&engine.connection, Record::Table, &key, &details)?;
            }
        }
    }
    Ok(())
}

/// The type of a column.
fn column_type(engine: &Engine, table: &TableReference, column: &str) -> Result<DataType, Failure> {
    let shape = Catalog::table(engine, table)?;
    let own = shape.columns.iter().find(|(name, _)| name.eq_ignore_ascii_case(column));
    let missing = || {
        let message = format!("Column {column} is not present in table {}", message_name(table));
        invalid(&message, None, None).into()
    };
    own.map(|(_, ty)| ty.clone()).ok_or_else(missing)
}

fn rename(engine: &Engine, table: &TableReference, what: &str, new: &str) -> Result<(), Failure> {
    let target = TableReference { table: new.to_owned(), ..table.clone() };
    engine.connection.execute_batch(&format!(
        "ALTER {what} {} RENAME TO {}",
        duckdb_name(table),
        quote(new)
    ))?;
    let (old_key, new_key) = (catalog::key(table), catalog::key(&target));
    for record in [Record::External, Record::Table, Record::View] {
        if let Some(content) = catalog::get::<Value>(&engine.connection, record, &old_key)? {
            catalog::put(&engine.connection, record, &new_key, &content)?;
            catalog::remove(&engine.connection, record, &old_key)?;
        }
    }
    Ok(())
}
