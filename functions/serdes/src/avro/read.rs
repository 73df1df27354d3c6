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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::avro::IonToAvro;
    use crate::testing::Platform;
    use serde_json::json;

    /// Files of another writer, with the same rows.
    const FILES: [&[u8]; 5] = [
        include_bytes!("../../tests/data/all-null.avro"),
        include_bytes!("../../tests/data/all-deflate.avro"),
        include_bytes!("../../tests/data/all-snappy.avro"),
        include_bytes!("../../tests/data/all-bzip2.avro"),
        include_bytes!("../../tests/data/all-zstandard.avro"),
    ];

    async fn ion(file: &[u8], properties: Json) -> String {
        let platform = Platform::new();
        let outputs = platform.convert(AvroToIon::TYPE, file, properties).await.outputs();
        String::from_utf8(platform.stored(&outputs).await).unwrap()
    }

    #[tokio::test]
    async fn every_type_and_every_compression() {
        let first = "{b:true,i:-5,l:1099511627776,f:0.1e0,d:1e+300,by:\"AP8=\",s:\"é\\n\",n:null,fx:\"YWJjZA==\",\
                     again:\"AQIDBA==\",e:\"HEARTS\",arr:[1,null,3],m:{z:1.5e0,a:2.0e0},u:null,r:{x:0},\
                     date:\"2024-01-31\",tm:\"10:20:30.123\",tu:\"10:20:30.123456\",\
                     tsm:\"2024-01-31T10:20:30.123Z\",tsu:\"2024-01-31T10:20:30.123456Z\",\
                     ltm:\"2024-01-31T10:20:30.123\",ltu:\"2024-01-31T10:20:30.123456\",\
                     dec:\"1234567890123456789012345678.25\",decf:-12.5e0,\
                     id:\"00112233-4455-6677-8899-aabbccddeeff\"}";
        for file in FILES {
            let rows = ion(file, json!({})).await;
            let rows: Vec<&str> = rows.lines().collect();
            assert_eq!(rows.len(), 4);
            assert_eq!(rows[0], first);
            assert!(rows[1].contains("d:\"NaN\",") && rows[1].contains("arr:[],m:{},u:7,"), "{}", rows[1]);
            assert!(rows[2].contains("u:\"t\",") && rows[2].contains("dec:-0.07e0,"), "{}", rows[2]);
            assert!(rows[3].contains("u:{x:1},r:{x:3},"), "{}", rows[3]);
        }
    }

    #[tokio::test]
    async fn a_cut_file_is_refused_at_every_byte() {
        let platform = Platform::new();
        let file = FILES[1];
        let header = file.len() - 300;
        for length in [0, 3, 4, 100, header, file.len() - 17, file.len() - 1] {
            let error = platform.convert(AvroToIon::TYPE, &file[..length], json!({})).await.error();
            let expected = if length < 4 { "the file is not an Avro file" } else { "write the file again" };
            assert!(error.contains(expected), "{length}: {error}");
        }
        for (place, expected) in [(file.len() - 1, "marker of the file"), (file.len() - 40, "in block 1")] {
            let mut damaged = file.to_vec();
            damaged[place] ^= 0xff;
            let error =
                platform.convert(AvroToIon::TYPE, &damaged, json!({"onBadLines": "SKIP"})).await.error();
            assert!(error.contains("the file is damaged in block 1") && error.contains(expected), "{error}");
        }
        let error = platform.convert(AvroToIon::TYPE, b"id,name\n1,a\n", json!({})).await.error();
        assert!(error.contains("the file is not an Avro file: it does not begin with 'Obj'"), "{error}");
        assert_eq!(platform.files().await, 1, "a conversion that failed leaves no file");
    }

    #[tokio::test]
    async fn rows_with_a_wrong_value() {
        let platform = Platform::new();
        let schema = "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"a\",\"type\":\"string\"}]}";
        let rows = "{a:\"one\"}\n{a:\"bad\"}\n{a:\"two\"}\n";
        let outputs =
            platform.convert(IonToAvro::TYPE, rows.as_bytes(), json!({"schema": schema})).await.outputs();
        let mut file = platform.stored(&outputs).await;
        let place = file.windows(3).position(|bytes| bytes == b"bad").unwrap();
        file[place] = 0xff;
        let error = platform.convert(AvroToIon::TYPE, &file, json!({})).await.error();
        let expected = "row 2: column 'a' is not UTF-8 (invalid utf-8 sequence of 1 bytes from index 0); write the \
                        file again, or set onBadLines: SKIP to leave out such rows";
        assert!(error.ends_with(expected), "{error}");
        let kept = "{a:\"one\"}\n{a:\"two\"}\n";
        assert_eq!(ion(&file, json!({"onBadLines": "SKIP"})).await, kept);
        let run = platform.convert(AvroToIon::TYPE, &file, json!({"onBadLines": "WARN"})).await;
        assert!(run.log_text().contains("row 2: column 'a' is not UTF-8"), "{}", run.log_text());
        // A length that is beyond the block: where the next row begins is not known.
        file[place - 1] = 0x7e;
        let error = platform.convert(AvroToIon::TYPE, &file, json!({})).await.error();
        assert!(error.contains("row 2: column 'a' ends after its block"), "{error}");
        assert_eq!(ion(&file, json!({"onBadLines": "SKIP"})).await, "{a:\"one\"}\n");
    }
}
