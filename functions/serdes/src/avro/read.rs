//! `serdes.avro.AvroToIon`.

use super::container::{Block, Container};
use super::decode::Decoder;
use crate::columns::{BadRows, Field, OnBadLines, Shape};
use crate::convert::{Converted, Sink, Source, convert};
use crate::failure::Failure;
use crate::rows;
use apache_avro::Schema;
use schemars::JsonSchema;
use segue_model::Json;
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;

/// Converts an Avro file to Ion. Dates and times are ISO texts, and bytes are base64. A decimal is a number, or a text if a
/// number would lose a digit.
///
/// ```yaml
/// id: to_ion
/// type: io.kestra.plugin.serdes.avro.AvroToIon
/// from: "{{ outputs.download.uri }}"
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AvroToIon {
    /// The Avro file: `kestra:///…`, or `nsfile:///…` of the flow's namespace.
    pub from: String,
    /// What happens to a row with a value that does not fit into the schema of the file.
    #[serde(default)]
    pub on_bad_lines: OnBadLines,
}

impl Task for AvroToIon {
    const TYPE: &'static str = "io.kestra.plugin.serdes.avro.AvroToIon";
    const ALIASES: &'static [&'static str] = &["io.kestra.plugin.serdes.avro.AvroReader"];
    type Output = Converted;

    async fn run(self, context: &TaskContext) -> Result<Converted, TaskError> {
        let (bad, warnings) = BadRows::new(self.on_bad_lines);
        let converted = convert(context, &self.from, "ion", move |source, sink| {
            let reading = Reading { bad, row: 0, count: 0 };
            reading.convert(source, sink)
        })
        .await;
        warnings.log(context);
        converted
    }
}

/// A conversion.
struct Reading {
    bad: BadRows,
    /// The number of the row in the file, from 1.
    row: u64,
    /// The number of rows that were written.
    count: u64,
}

impl Reading {
    fn convert(mut self, source: Source, sink: &mut Sink) -> Result<u64, Failure> {
        let mut container = Container::open(source)?;
        let shape = Shape::of(&container.schema)
            .map_err(|why| Failure::refused(format!("the schema of the file cannot be read: {why}")))?;
        let is_wrapped = is_wrapped(&container.schema, &shape);
        while let Some(block) = container.next()? {
            self.block(&block, &shape, is_wrapped, sink)?;
        }
        Ok(self.count)
    }

    fn block(
        &mut self,
        block: &Block,
        shape: &Shape,
        is_wrapped: bool,
        sink: &mut Sink,
    ) -> Result<(), Failure> {
        let mut decoder = Decoder::new(&block.bytes);
        for left in (1..=block.rows).rev() {
            self.row += 1;
            let row = match decoder.row(shape) {
                Ok(row) => row,
                Err(why) => {
                    let why = self.sentence(&why);
                    self.row += left - 1;
                    return self.bad.leave_out(&why, &format!("the rest of block {}", block.number));
                }
            };
            if let Some(why) = row.wrong {
                let why = self.sentence(&why);
                self.bad.leave_out(&why, "such rows")?;
                continue;
            }
            rows::write(&if is_wrapped { unwrapped(row.value) } else { row.value }, sink)?;
            self.count += 1;
        }
        if decoder.rest() > 0 {
            return Err(Failure::refused(format!(
                "the file is damaged in block {}: {} bytes are left after its rows",
                block.number,
                decoder.rest()
            )));
        }
        Ok(())
    }

    fn sentence(&self, why: &str) -> String {
        format!("row {}: {why}; write the file again", self.row)
    }
}

/// Whether a record stands for a list. Rows that are lists are written so, because a row of Avro is a record.
fn is_wrapped(schema: &Schema, shape: &Shape) -> bool {
    let is_root = matches!(schema, Schema::Record(record) if record.name.name() == "root");
    let Shape::Record(fields) = shape else { return false };
    is_root && matches!(fields.as_slice(), [Field { name, shape: Shape::List(_), .. }] if name == "value")
}

/// The list of a record that stands for it.
fn unwrapped(row: Json) -> Json {
    match row {
        Json::Object(mut row) => row.remove("value").unwrap_or_default(),
        other => other,
    }
}
