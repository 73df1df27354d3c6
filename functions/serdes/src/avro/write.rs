//! `serdes.avro.IonToAvro`.

use crate::columns::{TypedRows, Typing};
use crate::convert::{Converted, convert};
use crate::failure::Failure;
use apache_avro::Writer;
use schemars::JsonSchema;
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;

/// Converts a file of rows to Avro. Without `schema`, the types of the columns follow from the first rows.
///
/// ```yaml
/// id: to_avro
/// type: io.kestra.plugin.serdes.avro.IonToAvro
/// from: "{{ outputs.query.uri }}"
/// schema: |
///   {
///     "type": "record",
///     "name": "Ride",
///     "fields": [
///       {"name": "id", "type": "string"},
///       {"name": "started_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
///       {"name": "distance", "type": ["null", "double"], "default": null}
///     ]
///   }
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IonToAvro {
    /// The file of rows: Ion, or JSON lines.
    pub from: String,
    /// How values become typed values.
    #[serde(flatten)]
    pub typing: Typing,
}

impl Task for IonToAvro {
    const TYPE: &'static str = "io.kestra.plugin.serdes.avro.IonToAvro";
    const ALIASES: &'static [&'static str] = &["io.kestra.plugin.serdes.avro.AvroWriter"];
    type Output = Converted;

    async fn run(self, context: &TaskContext) -> Result<Converted, TaskError> {
        let (preparation, warnings) = self.typing.prepare()?;
        let converted = convert(context, &self.from, "avro", move |source, sink| {
            let mut rows = TypedRows::new(preparation, source)?;
            let schema = rows.schema()?;
            let mut writer = Writer::new(&schema, sink).map_err(|error| refused(&error))?;
            let mut count = 0;
            while let Some(row) = rows.next()? {
                writer.append_value(row).map_err(|error| refused(&error))?;
                count += 1;
            }
            // A file without rows has a header too.
            writer.flush().map_err(|error| refused(&error))?;
            Ok(count)
        })
        .await;
        warnings.log(context);
        converted
    }
}

fn refused(error: &apache_avro::Error) -> Failure {
    Failure::of_library(error, format!("the rows cannot be written as Avro: {error}; change schema"))
}
