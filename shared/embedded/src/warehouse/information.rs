//! The views of INFORMATION_SCHEMA, and `__TABLES__`: BigQuery's columns and types, as far as the local warehouse knows
//! their values. A column that it does not know, such as the creation time of a table, is left out, so a query that
//! names it is refused.
//!
//! The module must not know how a query uses a view. To add a view, add a branch in [`read`].

use super::catalog::{self, Record};
use super::column_types::ColumnTypes;
use super::engine::Engine;
use super::error::internal;
use super::partitions::Ids;
use super::sql::analyze::Information;
use super::sql::analyze::value::text_literal;
use super::sql::datatype::{self, DataType};
use super::sql::lex::lex;
use super::sql::names::duckdb_name;
use super::sql::routine::{Procedure, Routine};
use super::tables::{self, TableDetails};
use DataType::{Bool, Int64, String as Text, Timestamp};
use segue_ports::warehouse::{
    Column, DatasetInfo, Mode, TableInfo, TableKind, TableReference, WarehouseError,
};
use serde_json::Value;

/// A row as texts in DuckDB's syntax.
type Row = Vec<String>;

/// Reads a view. `dataset`: only this dataset. `None` if there is no such view here.
///
/// # Errors
/// The dataset does not exist, or the catalogue cannot be read.
pub(crate) fn read(
    engine: &Engine,
    view: &str,
    project: &str,
    dataset: Option<&str>,
) -> Result<Option<Information>, WarehouseError> {
    let reader = Reader { engine, project, dataset };
    let (columns, rows) = match view {
        "__TABLES__" => (TABLES_META, reader.each_table(|table| vec![tables_meta(table)])?),
        "TABLES" => (TABLES, reader.each_table(|table| vec![tables_row(table)])?),
        "TABLE_STORAGE" => (STORAGE, reader.each_table(storage)?),
        "COLUMNS" => (COLUMNS, reader.columns()?),
        "COLUMN_FIELD_PATHS" => (PATHS, reader.field_paths()?),
        "TABLE_OPTIONS" => (OPTIONS, reader.options()?),
        "VIEWS" => (VIEWS, reader.views()?),
        "MATERIALIZED_VIEWS" => (MATERIALIZED, Vec::new()),
        "PARTITIONS" => (PARTITIONS, reader.partitions()?),
        "ROUTINES" => (ROUTINES, reader.routines()?),
        "SCHEMATA" => (SCHEMATA, reader.schemata()?),
        "SCHEMATA_OPTIONS" => (SCHEMATA_OPTIONS, reader.schemata_options()?),
        _ => return Ok(None),
    };
    let is_schemata = view.starts_with("SCHEMATA");
    let project = text(project);
    // Every view begins with the project.
    let rows = rows.into_iter().map(|row| [vec![project.clone()], row].concat()).collect();
    let named = |(name, ty): &(&str, DataType)| ((*name).to_owned(), ty.clone());
    let first = match view {
        "__TABLES__" | "TABLE_STORAGE" => "project_id",
        "ROUTINES" => "specific_catalog",
        _ if is_schemata => "catalog_name",
        _ => "table_catalog",
    };
    let first = (first.to_owned(), DataType::String);
    Ok(Some(Information { columns: std::iter::once(first).chain(columns.iter().map(named)).collect(), rows }))
}

const TABLES_META: &[(&str, DataType)] =
    &[("dataset_id", Text), ("table_id", Text), ("row_count", Int64), ("size_bytes", Int64), ("type", Int64)];
const TABLES: &[(&str, DataType)] = &[
    ("table_schema", Text),
    ("table_name", Text),
    ("table_type", Text),
    ("is_insertable_into", Text),
    ("is_typed", Text),
    ("is_change_history_enabled", Text),
    ("default_collation_name", Text),
];
const STORAGE: &[(&str, DataType)] = &[
    ("table_catalog", Text),
    ("table_schema", Text),
    ("table_name", Text),
    ("total_rows", Int64),
    ("total_logical_bytes", Int64),
    ("active_logical_bytes", Int64),
    ("long_term_logical_bytes", Int64),
    ("table_type", Text),
    ("deleted", Bool),
];
const COLUMNS: &[(&str, DataType)] = &[
    ("table_schema", Text),
    ("table_name", Text),
    ("column_name", Text),
    ("ordinal_position", Int64),
    ("is_nullable", Text),
    ("data_type", Text),
    ("is_generated", Text),
    ("generation_expression", Text),
    ("is_stored", Text),
    ("is_hidden", Text),
    ("is_updatable", Text),
    ("is_system_defined", Text),
    ("is_partitioning_column", Text),
    ("clustering_ordinal_position", Int64),
    ("collation_name", Text),
    ("column_default", Text),
    ("rounding_mode", Text),
];
const PATHS: &[(&str, DataType)] = &[
    ("table_schema", Text),
    ("table_name", Text),
    ("column_name", Text),
    ("field_path", Text),
    ("data_type", Text),
    ("description", Text),
    ("collation_name", Text),
    ("rounding_mode", Text),
];
const OPTIONS: &[(&str, DataType)] = &[
    ("table_schema", Text),
    ("table_name", Text),
    ("option_name", Text),
    ("option_type", Text),
    ("option_value", Text),
];
const VIEWS: &[(&str, DataType)] = &[
    ("table_schema", Text),
    ("table_name", Text),
    ("view_definition", Text),
    ("check_option", Text),
    ("use_standard_sql", Text),
];
const MATERIALIZED: &[(&str, DataType)] = &[
    ("table_schema", Text),
    ("table_name", Text),
    ("last_refresh_time", Timestamp),
    ("refresh_watermark", Timestamp),
];
const PARTITIONS: &[(&str, DataType)] = &[
    ("table_schema", Text),
    ("table_name", Text),
    ("partition_id", Text),
    ("total_rows", Int64),
    ("storage_tier", Text),
];
const ROUTINES: &[(&str, DataType)] = &[
    ("specific_schema", Text),
    ("specific_name", Text),
    ("routine_catalog", Text),
    ("routine_schema", Text),
    ("routine_name", Text),
    ("routine_type", Text),
    ("data_type", Text),
    ("routine_body", Text),
    ("routine_definition", Text),
    ("external_language", Text),
    ("is_deterministic", Text),
    ("security_type", Text),
];
const SCHEMATA: &[(&str, DataType)] = &[
    ("schema_name", Text),
    ("schema_owner", Text),
    ("creation_time", Timestamp),
    ("location", Text),
    ("default_collation_name", Text),
];
const SCHEMATA_OPTIONS: &[(&str, DataType)] =
    &[("schema_name", Text), ("option_name", Text), ("option_type", Text), ("option_value", Text)];

fn text(text: &str) -> String {
    text_literal(text)
}

fn maybe(own: Option<&str>) -> String {
    own.map_or_else(|| "CAST(NULL AS VARCHAR)".to_owned(), text)
}

fn number(own: Option<u64>) -> String {
    own.map_or_else(|| "CAST(NULL AS BIGINT)".to_owned(), |own| format!("CAST({own} AS BIGINT)"))
}

fn yes(own: bool) -> String {
    text(if own { "YES" } else { "NO" })
}

/// The beginning of a row about a table.
fn named(table: &TableInfo) -> Row {
    vec![text(&table.dataset), text(&table.table)]
}

fn table_type(kind: TableKind) -> &'static str {
    match kind {
        TableKind::Table => "BASE TABLE",
        TableKind::View => "VIEW",
        TableKind::External => "EXTERNAL",
    }
}

fn tables_meta(table: &TableInfo) -> Row {
    let kind = match table.kind {
        TableKind::Table => 1,
        TableKind::View => 2,
        TableKind::External => 3,
    };
    [
        named(table),
        vec![
            number(Some(table.rows.unwrap_or_default())),
            number(Some(table.bytes.unwrap_or_default())),
            number(Some(kind)),
        ],
    ]
    .concat()
}

fn tables_row(table: &TableInfo) -> Row {
    let rest = vec![
        text(table_type(table.kind)),
        yes(table.kind == TableKind::Table),
        yes(false),
        yes(false),
        text("NULL"),
    ];
    [named(table), rest].concat()
}

fn storage(table: &TableInfo) -> Vec<Row> {
    if table.kind != TableKind::Table {
        return Vec::new();
    }
    let rest = vec![
        number(table.rows),
        number(table.bytes),
        number(table.bytes),
        number(Some(0)),
        text(table_type(table.kind)),
        "FALSE".to_owned(),
    ];
    // The project of the table is that of the view.
    vec![[vec![PROJECT.to_owned()], named(table), rest].concat()]
}

/// Stands for the project in a row.
const PROJECT: &str = "@project";

/// The type of a column as BigQuery prints it, with the array of a repeated column.
fn type_name(column: &Column) -> String {
    match column.mode {
        Mode::Repeated => format!("ARRAY<{}>", column.data_type),
        _ => column.data_type.clone(),
    }
}

fn field_paths(table: &TableInfo, types: &ColumnTypes) -> Vec<Row> {
    // The columns of external tables are not in this view, as in BigQuery.
    if table.kind == TableKind::External {
        return Vec::new();
    }
    let mut rows = Vec::new();
    for column in &table.columns {
        let recorded = types.get(&column.name.to_lowercase()).cloned();
        let ty =
            recorded.or_else(|| lex(&type_name(column)).and_then(|tokens| datatype::parse(&tokens)).ok());
        let mut paths = vec![(column.name.clone(), type_name(column), collation(ty.as_ref()))];
        if let Some(ty) = &ty {
            inner_paths(&column.name, ty, &mut paths);
        }
        for (path, ty, collation) in paths {
            let description = column.description.as_deref().filter(|_| path == column.name);
            let rest = vec![
                text(&column.name),
                text(&path),
                text(&ty),
                maybe(description),
                text(collation),
                maybe(None),
            ];
            rows.push([named(table), rest].concat());
        }
    }
    rows
}

/// The name of the collation of a column or field of this type.
fn collation(ty: Option<&DataType>) -> &'static str {
    match ty {
        Some(DataType::Collated) => "und:ci",
        Some(DataType::Array(own) | DataType::Limited(own, _)) => collation(Some(own)),
        _ => "NULL",
    }
}

/// The paths of the fields inside of a type, with their types and collations.
fn inner_paths(path: &str, ty: &DataType, found: &mut Vec<(String, String, &'static str)>) {
    match ty {
        DataType::Array(element) => inner_paths(path, element, found),
        DataType::Struct(fields) => {
            for (name, own) in fields {
                let inner = format!("{path}.{name}");
                found.push((inner.clone(), own.uncollated().bigquery(), collation(Some(own))));
                inner_paths(&inner, own, found);
            }
        }
        _ => {}
    }
}

/// The name, type and value of an option as BigQuery prints them.
fn option(name: &str, value: &Value) -> Option<Row> {
    let quoted = |text: &str| Value::from(text).to_string();
    let (ty, shown) = match value {
        Value::Null => return None,
        Value::String(own) => ("STRING", quoted(own)),
        Value::Bool(own) => ("BOOL", own.to_string()),
        Value::Number(own) if own.is_f64() || name.ends_with("_days") => ("FLOAT64", own.to_string()),
        Value::Number(own) => ("INT64", own.to_string()),
        Value::Array(items) if items.iter().all(Value::is_array) && !items.is_empty() => {
            let pair = |item: &Value| {
                let parts: Vec<String> =
                    item.as_array().into_iter().flatten().map(Value::to_string).collect();
                format!("STRUCT({})", parts.join(", "))
            };
            let items: Vec<String> = items.iter().map(pair).collect();
            ("ARRAY<STRUCT<STRING, STRING>>", format!("[{}]", items.join(", ")))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(Value::to_string).collect();
            ("ARRAY<STRING>", format!("[{}]", items.join(", ")))
        }
        Value::Object(_) => return None,
    };
    Some(vec![text(name), text(ty), text(&shown)])
}

struct Reader<'a> {
    engine: &'a Engine,
    project: &'a str,
    dataset: Option<&'a str>,
}

impl Reader<'_> {
    fn datasets(&self) -> Vec<String> {
        let all = tables::datasets(&self.engine.connection);
        match self.dataset {
            Some(own) => all.into_iter().filter(|name| name.eq_ignore_ascii_case(own)).collect(),
            None => all,
        }
    }

    fn tables(&self) -> Result<Vec<TableInfo>, WarehouseError> {
        let mut found = Vec::new();
        for dataset in self.datasets() {
            found.extend(tables::list(&self.engine.connection, &dataset)?);
        }
        Ok(found)
    }

    fn each_table(&self, rows: impl Fn(&TableInfo) -> Vec<Row>) -> Result<Vec<Row>, WarehouseError> {
        let mut found: Vec<Row> = self.tables()?.iter().flat_map(rows).collect();
        for cell in found.iter_mut().flatten().filter(|cell| *cell == PROJECT) {
            *cell = text(self.project);
        }
        Ok(found)
    }

    fn details(&self, table: &TableInfo) -> Result<TableDetails, WarehouseError> {
        let name = reference(table);
        let details = catalog::get(&self.engine.connection, Record::Table, &catalog::key(&name))?;
        Ok(details.unwrap_or_default())
    }

    fn field_paths(&self) -> Result<Vec<Row>, WarehouseError> {
        let mut rows = Vec::new();
        for table in self.tables()? {
            rows.extend(field_paths(&table, &self.details(&table)?.column_types));
        }
        Ok(rows)
    }

    fn columns(&self) -> Result<Vec<Row>, WarehouseError> {
        let mut rows = Vec::new();
        let defaults = self.defaults()?;
        for table in self.tables()? {
            let partition = table.partition_by.as_deref().map(super::shapes::partition_column);
            let types = self.details(&table)?.column_types;
            for (index, column) in table.columns.iter().enumerate() {
                let same = |name: &String| name.eq_ignore_ascii_case(&column.name);
                let cluster = table.cluster_by.iter().position(same).map(|index| index as u64 + 1);
                let default = defaults.iter().find(|[dataset, name, own, _]| {
                    *dataset == table.dataset && *name == table.table && *own == column.name
                });
                let rest = vec![
                    text(&column.name),
                    number(Some(index as u64 + 1)),
                    yes(column.mode != Mode::Required),
                    text(&type_name(column)),
                    text("NEVER"),
                    maybe(None),
                    maybe(None),
                    yes(false),
                    maybe(None),
                    yes(false),
                    yes(partition.as_ref().is_some_and(same)),
                    number(cluster),
                    text(collation(types.get(&column.name.to_lowercase()))),
                    text(default.map_or("NULL", |[.., value]| value)),
                    maybe(None),
                ];
                rows.push([named(&table), rest].concat());
            }
        }
        Ok(rows)
    }

    /// The default values of all columns: dataset, table, column and value.
    fn defaults(&self) -> Result<Vec<[String; 4]>, WarehouseError> {
        let read = || -> duckdb::Result<Vec<[String; 4]>> {
            let mut statement = self.engine.connection.prepare(
                "SELECT schema_name, table_name, column_name, column_default FROM duckdb_columns() WHERE \
                 database_name = current_database() AND column_default IS NOT NULL",
            )?;
            let rows =
                statement.query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))?;
            rows.collect()
        };
        read().map_err(|error| internal(&error))
    }

    fn options(&self) -> Result<Vec<Row>, WarehouseError> {
        let mut rows = Vec::new();
        for table in self.tables()? {
            for (name, value) in &self.details(&table)?.options {
                rows.extend(option(name, value).map(|row| [named(&table), row].concat()));
            }
        }
        Ok(rows)
    }

    fn views(&self) -> Result<Vec<Row>, WarehouseError> {
        let mut rows = Vec::new();
        for table in self.tables()?.into_iter().filter(|table| table.kind == TableKind::View) {
            let definition = self.details(&table)?.view_query;
            rows.push([named(&table), vec![maybe(definition.as_deref()), maybe(None), yes(true)]].concat());
        }
        Ok(rows)
    }

    fn partitions(&self) -> Result<Vec<Row>, WarehouseError> {
        let mut rows = Vec::new();
        for table in self.tables()?.into_iter().filter(|table| table.kind == TableKind::Table) {
            let Some(by) = &table.partition_by else {
                rows.push([named(&table), vec![maybe(None), number(table.rows), text("ACTIVE")]].concat());
                continue;
            };
            let Some(ids) = Ids::of(by) else {
                let message = format!(
                    "The partitions of {}.{} by {by} are not supported by the embedded warehouse",
                    table.dataset, table.table
                );
                return Err(super::sql::invalid(&message, None, None));
            };
            let sql = format!(
                "SELECT {} AS p, count(*) FROM {} GROUP BY p ORDER BY p",
                ids.sql,
                duckdb_name(&reference(&table))
            );
            let read = || -> duckdb::Result<Vec<(String, i64)>> {
                let mut statement = self.engine.connection.prepare(&sql)?;
                statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
            };
            for (partition, count) in read().map_err(|error| internal(&error))? {
                let rest = vec![text(&partition), number(u64::try_from(count).ok()), text("ACTIVE")];
                rows.push([named(&table), rest].concat());
            }
        }
        Ok(rows)
    }

    fn routines(&self) -> Result<Vec<Row>, WarehouseError> {
        let connection = &self.engine.connection;
        let mut rows = Vec::new();
        for (key, own) in catalog::all::<Routine>(connection, Record::Function)? {
            let kind = if own.is_table { "TABLE FUNCTION" } else { "FUNCTION" };
            let returns = own.returns.as_ref().filter(|_| !own.is_table).map(DataType::bigquery);
            rows.extend(self.routine(&key, &own.name, kind, returns.as_deref(), &own.body));
        }
        for (key, own) in catalog::all::<Procedure>(connection, Record::Procedure)? {
            rows.extend(self.routine(&key, &own.name, "PROCEDURE", None, &own.body));
        }
        Ok(rows)
    }

    fn routine(&self, key: &str, name: &str, kind: &str, returns: Option<&str>, body: &str) -> Option<Row> {
        let dataset = key.split('.').next().unwrap_or_default();
        let dataset = self.datasets().into_iter().find(|own| own.eq_ignore_ascii_case(dataset))?;
        Some(vec![
            text(&dataset),
            text(name),
            text(self.project),
            text(&dataset),
            text(name),
            text(kind),
            maybe(returns),
            text("SQL"),
            text(body),
            maybe(None),
            maybe(None),
            maybe(None),
        ])
    }

    fn dataset_info(&self, name: &str) -> Result<DatasetInfo, WarehouseError> {
        let known = catalog::get(&self.engine.connection, Record::Dataset, &name.to_lowercase())?;
        Ok(known.unwrap_or_default())
    }

    fn schemata(&self) -> Result<Vec<Row>, WarehouseError> {
        let mut rows = Vec::new();
        for dataset in self.datasets() {
            let info = self.dataset_info(&dataset)?;
            let created = match info.created_at {
                Some(at) => format!("make_timestamptz(CAST({} AS BIGINT))", at.as_microsecond()),
                None => "CAST(NULL AS TIMESTAMPTZ)".to_owned(),
            };
            let location = info.location.as_deref().unwrap_or("US");
            rows.push(vec![text(&dataset), maybe(None), created, text(location), text("NULL")]);
        }
        Ok(rows)
    }

    fn schemata_options(&self) -> Result<Vec<Row>, WarehouseError> {
        let mut rows = Vec::new();
        for dataset in self.datasets() {
            let info = self.dataset_info(&dataset)?;
            let labels: Vec<Value> = info
                .labels
                .iter()
                .map(|(key, value)| Value::from(vec![key.clone(), value.clone()]))
                .collect();
            let found = [
                ("description", info.description.map(Value::from)),
                ("friendly_name", info.friendly_name.map(Value::from)),
                ("location", info.location.map(Value::from)),
                ("labels", (!labels.is_empty()).then_some(Value::Array(labels))),
            ];
            for (name, value) in found {
                let row = value.and_then(|value| option(name, &value));
                rows.extend(row.map(|row| [vec![text(&dataset)], row].concat()));
            }
        }
        Ok(rows)
    }
}

fn reference(table: &TableInfo) -> TableReference {
    TableReference { project: None, dataset: table.dataset.clone(), table: table.table.clone() }
}
