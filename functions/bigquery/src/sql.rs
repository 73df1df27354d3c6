//! Parts of GoogleSQL statements that tasks write: names, texts, columns. Everything that is written into a
//! statement is escaped here.

use schemars::JsonSchema;
use segue_ports::warehouse::{Column, Mode, TableReference};
use segue_task::TaskError;
use serde::Deserialize;

/// The columns of a table.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct Schema {
    /// The columns, in order.
    #[serde(default)]
    pub fields: Vec<Field>,
}

/// A column.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// Its name.
    pub name: String,
    /// The type, in either of BigQuery's spellings: INTEGER or INT64, RECORD or STRUCT.
    #[serde(rename = "type")]
    pub kind: String,
    /// NULLABLE (default), REQUIRED or REPEATED.
    pub mode: Option<String>,
    /// A description for people.
    pub description: Option<String>,
    /// The columns of a record.
    #[serde(alias = "fields")]
    #[schemars(with = "Option<Vec<serde_json::Value>>")]
    pub sub_fields: Option<Vec<Field>>,
}

impl Field {
    /// The declaration of the column in a statement.
    ///
    /// # Errors
    /// An invalid name or type.
    pub fn declaration(&self) -> Result<String, TaskError> {
        let mode = self.mode.as_deref().unwrap_or("NULLABLE").trim().to_ascii_uppercase();
        let required = match mode.as_str() {
            "NULLABLE" | "" | "REPEATED" => "",
            "REQUIRED" => " NOT NULL",
            _ => {
                return Err(TaskError::failed(format!(
                    "the column '{}' has the mode '{mode}'; write NULLABLE, REQUIRED or REPEATED",
                    self.name
                )));
            }
        };
        let described =
            self.description.as_ref().map(|text| format!(" OPTIONS(description={})", literal(text)));
        Ok(format!(
            "{} {}{required}{}",
            quoted(&self.name)?,
            self.data_type()?,
            described.unwrap_or_default()
        ))
    }

    /// The column, for a load.
    ///
    /// # Errors
    /// An invalid name or type.
    pub fn column(&self) -> Result<Column, TaskError> {
        // Checks the name and the mode too.
        self.declaration()?;
        let mode = match self.mode.as_deref().unwrap_or_default().trim().to_ascii_uppercase().as_str() {
            "REQUIRED" => Mode::Required,
            "REPEATED" => Mode::Repeated,
            _ => Mode::Nullable,
        };
        Ok(Column {
            name: self.name.clone(),
            data_type: self.element_type()?,
            mode,
            description: self.description.clone(),
        })
    }

    /// The type in a statement.
    ///
    /// # Errors
    /// An invalid type.
    pub fn data_type(&self) -> Result<String, TaskError> {
        let own = self.element_type()?;
        let repeated = self.mode.as_deref().is_some_and(|mode| mode.trim().eq_ignore_ascii_case("REPEATED"));
        Ok(if repeated { format!("ARRAY<{own}>") } else { own })
    }

    fn element_type(&self) -> Result<String, TaskError> {
        let kind = self.kind.trim().to_ascii_uppercase();
        Ok(match kind.as_str() {
            "INTEGER" | "INT" => "INT64".to_owned(),
            "FLOAT" | "DOUBLE" => "FLOAT64".to_owned(),
            "BOOLEAN" => "BOOL".to_owned(),
            "DECIMAL" => "NUMERIC".to_owned(),
            "BIGDECIMAL" => "BIGNUMERIC".to_owned(),
            "RECORD" | "STRUCT" => {
                let mut parts = Vec::new();
                for field in self.sub_fields.iter().flatten() {
                    parts.push(format!("{} {}", quoted(&field.name)?, field.data_type()?));
                }
                format!("STRUCT<{}>", parts.join(", "))
            }
            plain
                if plain.chars().all(|letter| letter.is_ascii_alphanumeric() || "(), ".contains(letter)) =>
            {
                plain.to_owned()
            }
            _ => {
                return Err(TaskError::failed(format!(
                    "the column '{}' has the type '{}', which BigQuery does not have",
                    self.name, self.kind
                )));
            }
        })
    }
}

/// The declarations of the columns in a statement, without brackets.
///
/// # Errors
/// As [`Field::declaration`].
pub fn declarations(fields: &[Field]) -> Result<String, TaskError> {
    Ok(fields.iter().map(Field::declaration).collect::<Result<Vec<_>, _>>()?.join(", "))
}

/// A name in backticks.
///
/// # Errors
/// A name that is empty or contains characters that would end the backticks.
pub fn quoted(name: &str) -> Result<String, TaskError> {
    if name.trim().is_empty() || name.contains(['`', '\\', '\n']) {
        return Err(TaskError::failed(format!("'{name}' is not the name of a column or table")));
    }
    Ok(format!("`{name}`"))
}

/// A text as a literal.
pub fn literal(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n").replace('\r', "\\r");
    format!("'{escaped}'")
}

/// Parses a table's name: `table`, `dataset.table` or `project.dataset.table`, with an optional `$partition`,
/// which is left out. `property` is the name of the property in errors.
///
/// # Errors
/// A name with other parts.
pub fn table_reference(property: &str, name: &str) -> Result<TableReference, TaskError> {
    let plain = name.trim().replace('`', "");
    let plain = plain.split('$').next().unwrap_or_default();
    let mut parts = plain.split(['.', ':']).collect::<Vec<_>>();
    let (table, dataset) = (parts.pop(), parts.pop());
    match (table, dataset, parts.is_empty()) {
        (Some(table), Some(dataset), is_short) if !table.is_empty() && !dataset.is_empty() => {
            Ok(TableReference {
                project: (!is_short).then(|| parts.join(".")),
                dataset: dataset.to_owned(),
                table: table.to_owned(),
            })
        }
        _ => Err(TaskError::failed(format!(
            "{property} is '{name}'; write dataset.table or project.dataset.table"
        ))),
    }
}

/// A table in backticks, for a statement.
///
/// # Errors
/// As [`quoted`].
pub fn table_name(table: &TableReference) -> Result<String, TaskError> {
    let project = table.project.as_ref().map(|project| format!("{project}."));
    quoted(&format!("{}{}.{}", project.unwrap_or_default(), table.dataset, table.table))
}

/// The name of a dataset for the warehouse, with its project if there is one.
pub fn dataset_name(project: Option<&str>, dataset: &str) -> String {
    project.map_or_else(|| dataset.to_owned(), |project| format!("{project}.{dataset}"))
}

/// The name of a table in outputs.
pub fn shown(table: &TableReference) -> String {
    let project = table.project.as_ref().map(|project| format!("{project}."));
    format!("{}{}.{}", project.unwrap_or_default(), table.dataset, table.table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_are_declared_in_either_spelling() {
        let schema: Schema = serde_json::from_value(json!({"fields": [
            {"name": "id", "type": "INTEGER", "mode": "REQUIRED", "description": "it's"},
            {"name": "tags", "type": "string", "mode": "REPEATED"},
            {"name": "at", "type": "RECORD", "fields": [{"name": "x", "type": "FLOAT"}]},
            {"name": "price", "type": "NUMERIC(10, 2)"},
        ]}))
        .unwrap();
        assert_eq!(
            declarations(&schema.fields).unwrap(),
            "`id` INT64 NOT NULL OPTIONS(description='it\\'s'), `tags` ARRAY<STRING>, `at` STRUCT<`x` FLOAT64>, \
             `price` NUMERIC(10, 2)"
        );
        for field in [
            json!({"name": "a`b", "type": "STRING"}),
            json!({"name": "a", "type": "STRING; DROP"}),
            json!({"name": "a", "type": "STRING", "mode": "SOMETIMES"}),
        ] {
            let field: Field = serde_json::from_value(field).unwrap();
            assert!(field.declaration().is_err(), "{field:?}");
        }
    }

    #[test]
    fn tables_are_named_in_full_or_in_part() {
        for (name, expected) in [("d.t", "d.t"), ("p.d.t", "p.d.t"), ("`p:d.t$20240101`", "p.d.t")] {
            assert_eq!(shown(&table_reference("to", name).unwrap()), expected);
        }
        for name in ["t", "", "d.", "."] {
            assert!(
                table_reference("to", name).unwrap_err().to_string().contains("write dataset.table"),
                "{name}"
            );
        }
    }
}
