//! External tables: the declaration, the files that match now, and the query that reads them.
//!
//! NUMERIC is read as an eighteen-digit decimal, which is exact and as fast as a float. The full 38 digits are ten
//! times slower. If a value does not fit, the statement runs again with [`Care::Full`], which reads text and converts
//! it field by field, with BigQuery's messages.
//!
//! The module must not know jobs and transactions. To add a format, add a branch in [`ExternalTable::query`].

use super::source_file::SourceFile;
use super::sql::datatype::{DataType, NARROW_NUMERIC};
use super::sql::ddl::ColumnSpec;
use super::sql::names::{literal, quote};
use super::sql::{invalid, ranges};
use crate::objects::files;
use segue_ports::PortError;
use segue_ports::object::ObjectAddress;
use segue_ports::warehouse::WarehouseError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::io::BufRead as _;
use std::path::{Path, PathBuf};

/// How the fields of a file are converted to the types of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Care {
    /// DuckDB's reader converts the fields. The reader refuses a field that it cannot convert exactly.
    Fast,
    /// The fields are read as text, and macros convert each field.
    Full,
}

/// The declaration of an external table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ExternalTable {
    pub(crate) columns: Vec<ColumnSpec>,
    format: String,
    uris: Vec<String>,
    skip_leading_rows: u64,
    quote: String,
    field_delimiter: String,
    ignore_unknown_values: bool,
    allow_jagged_rows: bool,
    null_marker: Option<String>,
    max_bad_records: u64,
    encoding: Option<String>,
}

impl ExternalTable {
    /// Parses the declaration of an external table.
    pub(crate) fn declare(
        columns: Vec<ColumnSpec>,
        options: &Map<String, Value>,
    ) -> Result<Self, WarehouseError> {
        // The table that the rows are written to checks their lengths.
        let unlimited = |column: ColumnSpec| ColumnSpec {
            data_type: column.data_type.without_lengths().uncollated(),
            ..column
        };
        let columns: Vec<ColumnSpec> = columns.into_iter().map(unlimited).collect();
        let text = |name: &str| options.get(name).and_then(Value::as_str).map(str::to_owned);
        let flag = |name: &str| options.get(name).and_then(Value::as_bool).unwrap_or_default();
        let number = |name: &str| options.get(name).and_then(Value::as_u64).unwrap_or_default();
        let uris: Vec<String> = match options.get("uris") {
            Some(Value::Array(uris)) => uris.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(Value::String(uri)) => vec![uri.clone()],
            _ => Vec::new(),
        };
        if uris.is_empty() {
            return Err(invalid(
                "Option uris is required for an external table",
                None,
                Some("uris = ['gs://bucket/file.csv']"),
            ));
        }
        for uri in &uris {
            files::check_uri(uri).map_err(|error| wrong(uri, &error))?;
        }
        let format = text("format").unwrap_or_else(|| "CSV".into()).to_uppercase();
        if !matches!(format.as_str(), "CSV" | "JSON" | "NEWLINE_DELIMITED_JSON" | "PARQUET") {
            return Err(invalid(
                &format!("Unsupported format: {format}"),
                None,
                Some("CSV, JSON or PARQUET"),
            ));
        }
        let known = [
            "uris",
            "format",
            "skip_leading_rows",
            "quote",
            "field_delimiter",
            "ignore_unknown_values",
            "allow_quoted_newlines",
            "allow_jagged_rows",
            "null_marker",
            "max_bad_records",
            "encoding",
            "description",
            "labels",
            "compression",
            "preserve_ascii_control_characters",
            "expiration_timestamp",
            "friendly_name",
        ];
        if let Some(unknown) = options.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(invalid(&format!("Unknown option: {unknown}"), None, None));
        }
        let nested = |column: &&ColumnSpec| {
            column.data_type.has_bignumeric() && column.data_type != DataType::BigNumeric
        };
        if let Some(column) = columns.iter().find(nested) {
            let message = format!(
                "BIGNUMERIC in the list or record {} of a file is not supported by the embedded warehouse",
                column.name
            );
            return Err(invalid(&message, None, Some("declare STRING, and CAST it in a query")));
        }
        let ranged = |column: &&ColumnSpec| {
            let is_plain = matches!(column.data_type, DataType::Range(_)) && format != "PARQUET";
            column.data_type.has_range() && !is_plain
        };
        if let Some(column) = columns.iter().find(ranged) {
            let message = format!(
                "RANGE in Parquet, and in a list or record of a file, is not supported by the embedded warehouse: {}",
                column.name
            );
            return Err(invalid(&message, None, Some("keep the start and the end in two columns")));
        }
        let delimiter = match text("field_delimiter").as_deref() {
            None => ",".to_owned(),
            Some("tab" | "\\t") => "\t".to_owned(),
            Some(own) => own.to_owned(),
        };
        Ok(Self {
            columns,
            format,
            uris,
            skip_leading_rows: number("skip_leading_rows"),
            quote: text("quote").unwrap_or_else(|| "\"".into()),
            field_delimiter: delimiter,
            ignore_unknown_values: flag("ignore_unknown_values"),
            allow_jagged_rows: flag("allow_jagged_rows"),
            null_marker: text("null_marker"),
            max_bad_records: number("max_bad_records"),
            encoding: text("encoding"),
        })
    }

    /// The URIs of the table's files, as declared.
    pub(crate) fn uris(&self) -> &[String] {
        &self.uris
    }

    /// The files that match the URIs now. A `*` in a URI stands for any characters, also slashes. Every URI is checked
    /// again like in the object store, because somebody may have created a link since the declaration.
    pub(crate) fn files(&self, object_root: &Path) -> Result<Vec<SourceFile>, WarehouseError> {
        let mut found = Vec::new();
        for uri in &self.uris {
            let matching = files::files(object_root, uri).map_err(|error| wrong(uri, &error))?;
            if matching.is_empty() {
                return Err(WarehouseError::NotFound {
                    what: "URI".into(),
                    name: uri.clone(),
                    hint: Some("upload the file first, or correct uris of the external table".into()),
                });
            }
            let named =
                |(address, path): (ObjectAddress, PathBuf)| SourceFile { path, uri: address.to_string() };
            found.extend(matching.into_iter().map(named));
        }
        Ok(found)
    }

    /// The columns of the table. Without declared columns, those of a CSV file; none for other formats.
    pub(crate) fn shape(&self, object_root: &Path) -> Result<Vec<(String, DataType)>, WarehouseError> {
        let named = |columns: &[ColumnSpec]| {
            columns.iter().map(|column| (column.name.clone(), column.data_type.clone())).collect()
        };
        if !self.columns.is_empty() {
            return Ok(named(&self.columns));
        }
        if self.format != "CSV" {
            return Ok(Vec::new());
        }
        Ok(named(&self.header(&self.files(object_root)?)))
    }

    /// A query with the columns of the table and no rows, used until a file is read.
    pub(crate) fn placeholder(&self) -> String {
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|column| format!("CAST(NULL AS {}) AS {}", column.data_type.duckdb(), quote(&column.name)))
            .collect();
        if columns.is_empty() {
            "SELECT NULL AS unread WHERE false".into()
        } else {
            format!("SELECT {} WHERE false", columns.join(", "))
        }
    }

    /// The query that reads `files`.
    pub(crate) fn query(&self, files: &[SourceFile], care: Care, skip_bad: bool) -> String {
        if self.format == "PARQUET" {
            return self.typed(&format!("read_parquet({}, union_by_name = true)", paths(files)));
        }
        let (packed, plain): (Vec<_>, Vec<_>) = files.iter().cloned().partition(SourceFile::is_gzip);
        let parts =
            [("uncompressed", plain), ("gzip", packed)].into_iter().filter(|(_, files)| !files.is_empty());
        let parts: Vec<String> = parts
            .map(|(compression, files)| {
                if self.is_json() {
                    self.json(&paths(&files), compression)
                } else {
                    self.csv(&files, compression, care, skip_bad)
                }
            })
            .collect();
        parts.join(" UNION ALL BY NAME ")
    }

    fn is_json(&self) -> bool {
        matches!(self.format.as_str(), "JSON" | "NEWLINE_DELIMITED_JSON")
    }

    /// The queries for the structure of JSON files with declared columns, in which every field must be declared. The
    /// answer of each is for [`ExternalTable::unknown_field`].
    pub(crate) fn structures(&self, files: &[SourceFile]) -> Vec<(String, String)> {
        if !self.is_json() || self.columns.is_empty() || self.ignore_unknown_values {
            return Vec::new();
        }
        let structure = "CAST(json_group_structure(json) AS VARCHAR)";
        files.iter().map(|file| (file.uri.clone(), of_objects(file, structure))).collect()
    }

    /// The queries for numbers of JSON files that DuckDB's reader would change, because it makes a FLOAT64 of a number
    /// before it makes a decimal. The answer of each is such a number, or NULL.
    pub(crate) fn long_numbers(&self, files: &[SourceFile]) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        for column in &self.columns {
            decimals(&column.name, &column.data_type, &mut fields);
        }
        if !self.is_json() || fields.is_empty() {
            return Vec::new();
        }
        let number = format!("max(bqf('long_number', CAST(json AS VARCHAR), {}))", fields.join(", "));
        files.iter().map(|file| (file.uri.clone(), of_objects(file, &number))).collect()
    }

    /// A field that JSON files have, and that is not declared. `structure` is DuckDB's description of their objects.
    pub(crate) fn unknown_field(&self, structure: &str) -> Option<String> {
        let fields: Vec<(&str, &DataType)> =
            self.columns.iter().map(|column| (column.name.as_str(), &column.data_type)).collect();
        unknown(&serde_json::from_str(structure).ok()?, &fields)
    }

    fn typed(&self, source: &str) -> String {
        if self.columns.is_empty() {
            return format!("SELECT * FROM {source}");
        }
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|column| {
                let name = quote(&column.name);
                let value = match column.data_type {
                    DataType::BigNumeric => format!("bq_bignumeric_of({name})"),
                    DataType::Geography => geography(&format!("CAST({name} AS VARCHAR)")),
                    ref own => format!("CAST({name} AS {})", own.duckdb()),
                };
                format!("{value} AS {name}")
            })
            .collect();
        format!("SELECT {} FROM {source}", columns.join(", "))
    }

    /// A declared field that no row has is NULL. The bytes of BYTES are in base64.
    fn json(&self, paths: &str, compression: &str) -> String {
        let source =
            format!("read_json({paths}, format = 'newline_delimited', compression = '{compression}'");
        if self.columns.is_empty() {
            return format!("SELECT * FROM {source})");
        }
        let (mut types, mut values) = (Vec::new(), Vec::new());
        for column in &self.columns {
            let (name, target) = (quote(&column.name), column.data_type.duckdb());
            let (read, value) = match column.data_type {
                DataType::Bytes => ("VARCHAR".to_owned(), format!("from_base64({name})")),
                DataType::BigNumeric => ("VARCHAR".to_owned(), format!("bqf_bignumeric({name})")),
                DataType::Geography => (target.clone(), geography(&name)),
                DataType::Range(ref element) => {
                    let bound =
                        |part: &str| format!("coalesce(struct_extract({name}, '{part}'), 'UNBOUNDED')");
                    let text = format!(
                        "CASE WHEN {name} IS NOT NULL THEN '[' || {} || ', ' || {} || ')' END",
                        bound("start"),
                        bound("end")
                    );
                    (
                        r#"STRUCT("start" VARCHAR, "end" VARCHAR)"#.to_owned(),
                        ranges::of_text(element, &text, false),
                    )
                }
                _ => (target.clone(), name.clone()),
            };
            types.push(format!("{}: {}", literal(&column.name), literal(&read)));
            values.push(format!("CAST({value} AS {target}) AS {name}"));
        }
        format!("SELECT {} FROM {source}, columns = {{{}}})", values.join(", "), types.join(", "))
    }

    fn csv(&self, files: &[SourceFile], compression: &str, care: Care, skip_bad: bool) -> String {
        let declared = if self.columns.is_empty() { self.header(files) } else { self.columns.clone() };
        let mut types = Vec::new();
        let mut values = Vec::new();
        for (position, column) in declared.iter().enumerate() {
            let name = quote(&column.name);
            types.push(format!(
                "{}: {}",
                literal(&column.name),
                literal(&reader_type(&column.data_type, care))
            ));
            let location = literal(&format!("{} (position {position})", column.name));
            let target = column.data_type.duckdb();
            values.push(match (&column.data_type, care) {
                (DataType::String, _) => name.clone(),
                (DataType::Geography, _) => format!("{} AS {name}", geography(&name)),
                (DataType::Range(element), _) => format!(
                    "bq_csv_value({name}, {}, {}, {location}) AS {name}",
                    ranges::of_text(element, &name, true),
                    literal(&column.data_type.bigquery())
                ),
                (DataType::Int64, _) => format!("bq_csv_int64({name}, {location}) AS {name}"),
                (DataType::Bytes, _) => format!("from_base64({name}) AS {name}"),
                (DataType::BigNumeric, _) => {
                    format!("bq_csv_value({name}, bqf_safe_bignumeric({name}), 'BIGNUMERIC', {location}) AS {name}")
                }
                (_, Care::Fast) => name.clone(),
                (own, Care::Full) => {
                    let type_name = literal(&own.bigquery());
                    format!(
                        "bq_csv_value({name}, TRY_CAST({name} AS {target}), {type_name}, {location}) AS {name}"
                    )
                }
            });
        }
        if self.ignore_unknown_values {
            for extra in declared.len()..self.header(files).len() {
                types.push(format!("'segue_unknown_{extra}': 'VARCHAR'"));
            }
        }
        let mut options = vec![
            "header = false".to_owned(),
            format!("compression = '{compression}'"),
            "auto_detect = false".to_owned(),
            format!("skip = {}", self.skip_leading_rows),
            format!("delim = {}", literal(&self.field_delimiter)),
            format!("quote = {}", literal(&self.quote)),
            format!("escape = {}", literal(&self.quote)),
            format!("nullstr = {}", literal(self.null_marker.as_deref().unwrap_or_default())),
            "allow_quoted_nulls = false".to_owned(),
            format!("columns = {{{}}}", types.join(", ")),
        ];
        if self.allow_jagged_rows {
            options.push("null_padding = true".to_owned());
        }
        if skip_bad {
            options.push("ignore_errors = true".to_owned());
        }
        if care == Care::Full {
            // BigQuery accepts rows of 100 MB. Buffers of this size are used only in the second attempt.
            let longest =
                files.iter().filter_map(|file| file.path.metadata().ok()).map(|data| data.len()).max();
            options.push(format!(
                "max_line_size = {}",
                longest.unwrap_or_default().clamp(2_097_152, 104_857_600)
            ));
        }
        if self.encoding.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("ISO-8859-1")) {
            options.push("encoding = 'latin-1'".to_owned());
        }
        format!("SELECT {} FROM read_csv({}, {})", values.join(", "), paths(files), options.join(", "))
    }

    /// Whether the reader may skip bad rows.
    pub(crate) fn tolerates_bad_rows(&self) -> bool {
        self.max_bad_records > 0
    }

    /// The columns of the first line of the first file, all as text. Used for a table declared without
    /// columns, and to count columns beyond the declared ones.
    fn header(&self, files: &[SourceFile]) -> Vec<ColumnSpec> {
        let mut line = String::new();
        if let Some(mut file) = files.first().and_then(|file| file.open().ok()) {
            // A line that is not UTF-8 gives no header. The reader reports it later.
            let _unread = file.read_line(&mut line);
        }
        let mut fields = vec![String::new()];
        let mut quoted = false;
        for c in line.trim_end_matches(['\r', '\n']).chars() {
            if self.quote.starts_with(c) {
                quoted = !quoted;
            } else if self.field_delimiter.starts_with(c) && !quoted {
                fields.push(String::new());
            } else if let Some(last) = fields.last_mut() {
                last.push(c);
            }
        }
        let named = self.skip_leading_rows > 0;
        fields
            .into_iter()
            .enumerate()
            .map(|(index, name)| ColumnSpec {
                name: if named && !name.trim().is_empty() {
                    name.trim().to_owned()
                } else {
                    format!("string_field_{index}")
                },
                data_type: DataType::String,
                required: false,
                default: None,
                description: None,
            })
            .collect()
    }
}

fn reader_type(own: &DataType, care: Care) -> String {
    match (own, care) {
        (DataType::Int64 | DataType::Bytes | DataType::BigNumeric | DataType::Range(_), _)
        | (_, Care::Full) => "VARCHAR".into(),
        (DataType::Numeric, Care::Fast) => NARROW_NUMERIC.into(),
        (other, Care::Fast) => other.duckdb(),
    }
}

/// The query for an aggregate of the objects of a JSON file.
fn of_objects(file: &SourceFile, aggregate: &str) -> String {
    let compression = if file.is_gzip() { "gzip" } else { "uncompressed" };
    let path = literal(&exactly(&file.path));
    format!(
        "SELECT {aggregate} FROM read_json_objects({path}, format = 'newline_delimited', compression = '{compression}')"
    )
}

/// The names of the fields with decimals, as literals.
fn decimals(name: &str, ty: &DataType, found: &mut Vec<String>) {
    match ty {
        DataType::Array(element) => decimals(name, element, found),
        DataType::Struct(fields) => fields.iter().for_each(|(name, ty)| decimals(name, ty, found)),
        own if matches!(own.plain(), DataType::Numeric | DataType::BigNumeric) => found.push(literal(name)),
        _ => {}
    }
}

/// A field of an object that is not declared, with the fields around it. An object in a list is like the object alone.
fn unknown(structure: &Value, declared: &[(&str, &DataType)]) -> Option<String> {
    structure.as_object()?.iter().find_map(|(name, inner)| {
        let Some((_, ty)) = declared.iter().find(|(own, _)| own == name) else { return Some(name.clone()) };
        let (ty, inner) = match ty {
            DataType::Array(element) => (&**element, inner.get(0)?),
            own => (*own, inner),
        };
        let DataType::Struct(fields) = ty else { return None };
        let fields: Vec<(&str, &DataType)> = fields.iter().map(|(name, ty)| (name.as_str(), ty)).collect();
        unknown(inner, &fields).map(|own| format!("{name}.{own}"))
    })
}

/// The paths of files as a list for DuckDB.
fn paths(files: &[SourceFile]) -> String {
    let paths: Vec<String> = files.iter().map(|file| literal(&exactly(&file.path))).collect();
    format!("[{}]", paths.join(", "))
}

/// A path for DuckDB. Each wildcard of DuckDB is put in square brackets, so that DuckDB takes it literally.
fn exactly(path: &Path) -> String {
    let mut pattern = String::new();
    for letter in path.to_string_lossy().chars() {
        match letter {
            '*' | '?' | '[' => pattern.extend(['[', letter, ']']),
            plain => pattern.push(plain),
        }
    }
    pattern
}

/// The error for an address that matches no objects.
fn wrong(uri: &str, error: &PortError) -> WarehouseError {
    match error {
        PortError::Invalid { message } => {
            invalid(&format!("Invalid source URI: {uri}: {message}"), None, Some("write gs://bucket/path"))
        }
        other => WarehouseError::Unavailable { message: format!("{uri} cannot be read: {other}") },
    }
}

/// A text of a file as a GEOGRAPHY: WKT or GeoJSON.
fn geography(text: &str) -> String {
    format!("bqf('st_geogfrom', {text})")
}
