//! The definition of a table in the format of the REST API, as SQL.
//!
//! What the SQL of the warehouse cannot say is refused by name.

use super::super::BigQuery;
use super::super::parameters::literal;
use super::super::transfer::{list, string};
use crate::fields;
use crate::refusal::Refusal;
use segue_ports::warehouse::{Column, Mode, TableInfo, TableReference};
use serde_json::Value;

/// The fields of a table that are read, and those that only the server sets.
const FIELDS: &[&str] = &[
    "kind",
    "id",
    "etag",
    "selfLink",
    "tableReference",
    "schema",
    "description",
    "timePartitioning",
    "rangePartitioning",
    "clustering",
    "view",
    "externalDataConfiguration",
    "type",
    "numRows",
    "numBytes",
    "creationTime",
    "lastModifiedTime",
    "location",
    "requirePartitionFilter",
];
const FIELD_FIELDS: &[&str] = &[
    "name",
    "type",
    "mode",
    "fields",
    "description",
    "maxLength",
    "precision",
    "scale",
    "rangeElementType",
    "defaultValueExpression",
];
const EXTERNAL_FIELDS: &[&str] = &[
    "sourceUris",
    "sourceFormat",
    "autodetect",
    "schema",
    "csvOptions",
    "ignoreUnknownValues",
    "maxBadRecords",
    "compression",
];
const CSV_FIELDS: &[&str] =
    &["skipLeadingRows", "fieldDelimiter", "quote", "allowJaggedRows", "allowQuotedNewlines", "encoding"];

/// A table to be made.
pub(in super::super) struct Definition {
    pub(in super::super) table: TableReference,
    pub(in super::super) columns: Vec<Column>,
    /// `PARTITION BY … CLUSTER BY …`, or nothing.
    pub(in super::super) clauses: String,
    pub(in super::super) description: Option<String>,
}

impl Definition {
    /// Makes the table.
    pub(in super::super) async fn create(&self, bigquery: &BigQuery) -> Result<(), Refusal> {
        let columns = self.columns.iter().map(declaration).collect::<Result<Vec<_>, _>>()?;
        let options =
            self.description.as_ref().map(|text| format!(" OPTIONS(description={})", literal(text)));
        let sql = format!(
            "CREATE TABLE {} ({}){}{}",
            quoted(&self.table)?,
            columns.join(", "),
            self.clauses,
            options.unwrap_or_default()
        );
        bigquery.run_sql(sql).await
    }

    /// Adds the columns that the table does not have.
    pub(in super::super) async fn add_columns(
        &self,
        bigquery: &BigQuery,
        known: &TableInfo,
    ) -> Result<(), Refusal> {
        let is_new =
            |column: &&Column| !known.columns.iter().any(|own| own.name.eq_ignore_ascii_case(&column.name));
        let mut added = Vec::new();
        for column in self.columns.iter().filter(is_new) {
            added.push(format!("ADD COLUMN {}", declaration(column)?));
        }
        if added.is_empty() {
            return Ok(());
        }
        bigquery.run_sql(format!("ALTER TABLE {} {}", quoted(&self.table)?, added.join(", "))).await
    }
}

/// Makes the table, view or external table of `tables.insert`.
pub(super) async fn create(
    bigquery: &BigQuery,
    project: &str,
    dataset: &str,
    name: &str,
    body: &Value,
) -> Result<(), Refusal> {
    fields::only(body, "", FIELDS)?;
    let table = TableReference {
        project: Some(project.to_owned()),
        dataset: dataset.to_owned(),
        table: name.to_owned(),
    };
    let description = body.get("description").and_then(string);
    if let Some(view) = body.get("view").filter(|view| !view.is_null()) {
        let query = view_query(view)?;
        let options = description.map(|text| format!(" OPTIONS(description={})", literal(&text)));
        let sql = format!("CREATE VIEW {}{} AS {query}", quoted(&table)?, options.unwrap_or_default());
        return bigquery.run_sql(sql).await;
    }
    if let Some(external) = body.get("externalDataConfiguration").filter(|external| !external.is_null()) {
        return bigquery.run_sql(external_table(&table, external, body)?).await;
    }
    let columns = columns_of(body.get("schema").unwrap_or(&Value::Null))?;
    if columns.is_empty() {
        return Err(Refusal::unsupported("a table without a schema"));
    }
    let clauses = partition_clauses(body)?;
    Definition { table, columns, clauses, description }.create(bigquery).await
}

/// Applies `tables.patch` or `tables.update`.
pub(super) async fn change(
    bigquery: &BigQuery,
    project: &str,
    known: &TableInfo,
    body: &Value,
) -> Result<(), Refusal> {
    fields::only(body, "", FIELDS)?;
    let table = TableReference {
        project: Some(project.to_owned()),
        dataset: known.dataset.clone(),
        table: known.table.clone(),
    };
    if let Some(view) = body.get("view").filter(|view| !view.is_null()) {
        bigquery
            .run_sql(format!("CREATE OR REPLACE VIEW {} AS {}", quoted(&table)?, view_query(view)?))
            .await?;
    } else if let Some(schema) = body.get("schema").filter(|schema| !schema.is_null()) {
        let columns = columns_of(schema)?;
        let lost = known
            .columns
            .iter()
            .find(|own| !columns.iter().any(|new| new.name.eq_ignore_ascii_case(&own.name)));
        if let Some(lost) = lost {
            return Err(Refusal::invalid(format!(
                "Provided Schema does not match Table {}.{}. Field {} is missing in new schema",
                known.dataset, known.table, lost.name
            )));
        }
        let definition =
            Definition { table: table.clone(), columns, clauses: String::new(), description: None };
        definition.add_columns(bigquery, known).await?;
        describe(bigquery, &definition, known).await?;
    }
    if let Some(description) =
        body.get("description").filter(|new| new.as_str() != known.description.as_deref())
    {
        let text = description.as_str().map_or_else(|| "NULL".to_owned(), literal);
        bigquery.run_sql(format!("ALTER TABLE {} SET OPTIONS(description={text})", quoted(&table)?)).await?;
    }
    Ok(())
}

/// Changes the descriptions of columns.
async fn describe(bigquery: &BigQuery, definition: &Definition, known: &TableInfo) -> Result<(), Refusal> {
    for column in &definition.columns {
        let own = known.columns.iter().find(|own| own.name.eq_ignore_ascii_case(&column.name));
        if own.is_none_or(|own| own.description == column.description) {
            continue;
        }
        let text = column.description.as_deref().map_or_else(|| "NULL".to_owned(), literal);
        let sql = format!(
            "ALTER TABLE {} ALTER COLUMN `{}` SET OPTIONS(description={text})",
            quoted(&definition.table)?,
            column.name
        );
        bigquery.run_sql(sql).await?;
    }
    Ok(())
}

fn view_query(view: &Value) -> Result<String, Refusal> {
    fields::only(view, "view.", &["query", "useLegacySql"])?;
    if view.get("useLegacySql").and_then(Value::as_bool) == Some(true) {
        return Err(Refusal::unsupported("views in legacy SQL"));
    }
    view.get("query").and_then(string).ok_or_else(|| Refusal::new("required", "view.query is missing"))
}

fn external_table(table: &TableReference, external: &Value, body: &Value) -> Result<String, Refusal> {
    fields::only(external, "externalDataConfiguration.", EXTERNAL_FIELDS)?;
    let csv = external.get("csvOptions").cloned().unwrap_or_default();
    fields::only(&csv, "externalDataConfiguration.csvOptions.", CSV_FIELDS)?;
    let schema = external.get("schema").or_else(|| body.get("schema")).unwrap_or(&Value::Null);
    let columns = columns_of(schema)?.iter().map(declaration).collect::<Result<Vec<_>, _>>()?;
    let columns = if columns.is_empty() { String::new() } else { format!(" ({})", columns.join(", ")) };
    let uris: Vec<String> =
        list(external, "sourceUris").iter().filter_map(Value::as_str).map(literal).collect();
    let format = external.get("sourceFormat").and_then(Value::as_str).unwrap_or("CSV");
    let mut options = vec![format!("format={}", literal(format)), format!("uris=[{}]", uris.join(", "))];
    for (of, name, option) in [
        (&csv, "skipLeadingRows", "skip_leading_rows"),
        (&csv, "fieldDelimiter", "field_delimiter"),
        (&csv, "quote", "quote"),
        (&csv, "allowJaggedRows", "allow_jagged_rows"),
        (&csv, "allowQuotedNewlines", "allow_quoted_newlines"),
        (&csv, "encoding", "encoding"),
        (external, "ignoreUnknownValues", "ignore_unknown_values"),
        (external, "maxBadRecords", "max_bad_records"),
    ] {
        let value = match of.get(name) {
            None | Some(Value::Null) => continue,
            Some(Value::String(text)) if name != "skipLeadingRows" => literal(text),
            Some(Value::String(number)) => number.clone(),
            Some(other) => other.to_string(),
        };
        options.push(format!("{option}={value}"));
    }
    Ok(format!("CREATE EXTERNAL TABLE {}{columns} OPTIONS({})", quoted(table)?, options.join(", ")))
}

/// `PARTITION BY … CLUSTER BY …` of a table or a load, or nothing.
pub(in super::super) fn partition_clauses(of: &Value) -> Result<String, Refusal> {
    let mut clauses = String::new();
    if let Some(time) = of.get("timePartitioning").filter(|time| !time.is_null()) {
        fields::only(time, "timePartitioning.", &["type", "field"])?;
        let kind = time.get("type").and_then(Value::as_str).unwrap_or("DAY");
        let field = time.get("field").and_then(Value::as_str);
        let data_type = field.and_then(|name| {
            let schema = list(of.get("schema")?, "fields");
            let own = schema.iter().find(|own| own.get("name").and_then(Value::as_str) == Some(name))?;
            own.get("type").and_then(Value::as_str)
        });
        clauses = format!(" PARTITION BY {}", time_partition(kind, field, data_type)?);
    }
    if let Some(range) = of.get("rangePartitioning").filter(|range| !range.is_null()) {
        let text = |pointer: &str| match range.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let (start, end, step) = (text("/range/start"), text("/range/end"), text("/range/interval"));
        if [&start, &end, &step].iter().any(|number| number.parse::<i64>().is_err()) {
            return Err(Refusal::invalid("rangePartitioning needs a range with start, end and interval"));
        }
        let field = text("/field");
        let field = name(&field)?;
        clauses = format!(" PARTITION BY RANGE_BUCKET(`{field}`, GENERATE_ARRAY({start}, {end}, {step}))");
    }
    if of.get("requirePartitionFilter").and_then(Value::as_bool) == Some(true) {
        return Err(Refusal::unsupported("requirePartitionFilter"));
    }
    let clustering = of.get("clustering").map(|clustering| list(clustering, "fields")).unwrap_or_default();
    let names: Vec<_> = clustering.iter().filter_map(Value::as_str).map(name).collect::<Result<_, _>>()?;
    if !names.is_empty() {
        clauses.push_str(&format!(" CLUSTER BY `{}`", names.join("`, `")));
    }
    Ok(clauses)
}

fn time_partition(kind: &str, field: Option<&str>, data_type: Option<&str>) -> Result<String, Refusal> {
    if !matches!(kind, "HOUR" | "DAY" | "MONTH" | "YEAR") {
        return Err(Refusal::invalid(format!(
            "timePartitioning.type is '{kind}'; it is HOUR, DAY, MONTH or YEAR"
        )));
    }
    let Some(field) = field else {
        return Ok(match kind {
            "DAY" => "_PARTITIONDATE".to_owned(),
            _ => format!("TIMESTAMP_TRUNC(_PARTITIONTIME, {kind})"),
        });
    };
    let field = format!("`{}`", name(field)?);
    Ok(match (data_type.unwrap_or("DATE"), kind) {
        ("DATE", "DAY") => field,
        ("DATE", _) => format!("DATE_TRUNC({field}, {kind})"),
        (_, "DAY") => format!("DATE({field})"),
        ("DATETIME", _) => format!("DATETIME_TRUNC({field}, {kind})"),
        _ => format!("TIMESTAMP_TRUNC({field}, {kind})"),
    })
}

/// The columns of a schema.
pub(in super::super) fn columns_of(schema: &Value) -> Result<Vec<Column>, Refusal> {
    list(schema, "fields").iter().map(column).collect()
}

fn column(field: &Value) -> Result<Column, Refusal> {
    fields::only(field, "schema.fields.", FIELD_FIELDS)?;
    if field.get("defaultValueExpression").is_some_and(|default| !default.is_null()) {
        return Err(Refusal::unsupported(
            "schema.fields.defaultValueExpression; write CREATE TABLE … DEFAULT instead",
        ));
    }
    Ok(Column {
        name: name(field.get("name").and_then(Value::as_str).unwrap_or_default())?.to_owned(),
        data_type: data_type(field)?,
        mode: match field.get("mode").and_then(Value::as_str) {
            Some("REPEATED") => Mode::Repeated,
            Some("REQUIRED") => Mode::Required,
            _ => Mode::Nullable,
        },
        description: field.get("description").and_then(string),
    })
}

/// The type in SQL.
fn data_type(field: &Value) -> Result<String, Refusal> {
    let kind = field.get("type").and_then(Value::as_str).unwrap_or("STRING").to_uppercase();
    if matches!(kind.as_str(), "RECORD" | "STRUCT") {
        let mut members = Vec::new();
        for member in list(field, "fields") {
            let column = column(member)?;
            members.push(match column.mode {
                Mode::Repeated => format!("{} ARRAY<{}>", column.name, column.data_type),
                _ => format!("{} {}", column.name, column.data_type),
            });
        }
        return Ok(format!("STRUCT<{}>", members.join(", ")));
    }
    if kind == "RANGE" {
        let element = field.pointer("/rangeElementType/type").and_then(Value::as_str).unwrap_or_default();
        let element = element.to_uppercase();
        if !matches!(element.as_str(), "DATE" | "DATETIME" | "TIMESTAMP") {
            return Err(Refusal::invalid(format!(
                "rangeElementType.type is '{element}'; it is DATE, DATETIME or TIMESTAMP"
            )));
        }
        return Ok(format!("RANGE<{element}>"));
    }
    let kind = match kind.as_str() {
        "INTEGER" => "INT64",
        "FLOAT" => "FLOAT64",
        "BOOLEAN" => "BOOL",
        "DECIMAL" => "NUMERIC",
        "BIGDECIMAL" => "BIGNUMERIC",
        other => other,
    };
    if !kind.chars().all(|letter| letter.is_ascii_alphanumeric()) {
        return Err(Refusal::invalid(format!("'{kind}' is not a type")));
    }
    let sizes = ["maxLength", "precision", "scale"]
        .into_iter()
        .filter_map(|name| super::super::run::number(field.get(name)?));
    let sizes: Vec<_> = sizes.map(|size| size.to_string()).collect();
    Ok(if sizes.is_empty() { kind.to_owned() } else { format!("{kind}({})", sizes.join(", ")) })
}

fn declaration(column: &Column) -> Result<String, Refusal> {
    let data_type = match column.mode {
        Mode::Repeated => format!("ARRAY<{}>", column.data_type),
        _ => column.data_type.clone(),
    };
    let required = if column.mode == Mode::Required { " NOT NULL" } else { "" };
    let described =
        column.description.as_ref().map(|text| format!(" OPTIONS(description={})", literal(text)));
    Ok(format!("`{}` {data_type}{required}{}", name(&column.name)?, described.unwrap_or_default()))
}

/// A name that can be written in SQL.
fn name(text: &str) -> Result<&str, Refusal> {
    let mut letters = text.chars();
    let begins = letters.next().is_some_and(|first| first.is_alphabetic() || first == '_');
    if begins && letters.all(|letter| letter.is_alphanumeric() || letter == '_') {
        return Ok(text);
    }
    Err(Refusal::invalid(format!(
        "Invalid field name \"{}\". Fields must contain only letters, numbers, and underscores, \
                                  start with a letter or underscore",
        text.escape_debug()
    )))
}

/// A table in backticks.
pub(in super::super) fn quoted(table: &TableReference) -> Result<String, Refusal> {
    let parts = [&table.dataset, &table.table];
    if parts.iter().any(|part| part.trim().is_empty() || part.contains(['`', '\\', '\n', '.'])) {
        let name = format!("{}.{}", table.dataset, table.table);
        return Err(Refusal::invalid(format!("Invalid table ID \"{}\"", name.escape_debug())));
    }
    Ok(format!("`{}.{}`", table.dataset, table.table))
}
