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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::avro::AvroToIon;
    use crate::testing::Platform;
    use segue_model::Json;
    use serde_json::json;

    /// The rows after both conversions.
    async fn there_and_back(rows: &str, properties: Json) -> String {
        let platform = Platform::new();
        let outputs = platform.convert(IonToAvro::TYPE, rows.as_bytes(), properties).await.outputs();
        assert!(outputs["uri"].as_str().unwrap().ends_with(".avro"));
        let file = platform.stored(&outputs).await;
        let outputs = platform.convert(AvroToIon::TYPE, &file, json!({})).await.outputs();
        String::from_utf8(platform.stored(&outputs).await).unwrap()
    }

    fn schema(fields: &Json) -> String {
        json!({"type": "record", "name": "Row", "namespace": "a.b", "fields": fields}).to_string()
    }

    #[tokio::test]
    async fn a_schema_follows_from_the_rows() {
        let rows = "{id:1,x:2,ok:true,tags:[\"a\",null],sub:{a:\"1\",list:[{b:1}]},mix:\"t\",none:null,e:{}}\n\
                    {id:-2,x:2.5e0,sub:{a:null,list:[]},mix:3,late:1e3}\n";
        let expected = "{id:1,x:2.0e0,ok:true,tags:[\"a\",null],sub:{a:\"1\",list:[{b:1}]},mix:\"t\",none:null,e:{},\
                        late:null}\n{id:-2,x:2.5e0,ok:null,tags:null,sub:{a:null,list:[]},mix:3,none:null,e:null,\
                        late:1000.0e0}\n";
        assert_eq!(there_and_back(rows, json!({})).await, expected);
        assert_eq!(there_and_back("[1,2]\n[]\n", json!({})).await, "[1,2]\n[]\n");
        // What the first row does not have is not in the schema.
        let one = json!({"numberOfRowsToScan": 1});
        assert_eq!(there_and_back("{a:1}\n{a:2,b:3}\n", one).await, "{a:1}\n{a:2}\n");
    }

    #[tokio::test]
    async fn every_type_of_a_schema() {
        let fields = json!([
            {"name": "i", "type": "int"}, {"name": "l", "type": "long"}, {"name": "f", "type": "float"},
            {"name": "d", "type": "double"}, {"name": "ok", "type": "boolean"}, {"name": "s", "type": "string"},
            {"name": "by", "type": "bytes"}, {"name": "n", "type": "null"},
            {"name": "fx", "type": {"type": "fixed", "name": "Four", "size": 4}}, {"name": "fy", "type": "Four"},
            {"name": "e", "type": {"type": "enum", "name": "Suit", "symbols": ["SPADES", "HEARTS"]}},
            {"name": "list", "type": {"type": "array", "items": "int"}},
            {"name": "map", "type": {"type": "map", "values": ["null", "double"]}},
            {"name": "u", "type": ["null", "int", "string"]}, {"name": "v", "type": ["null", "int", "string"]},
            {"name": "new", "aliases": ["old"], "type": "int"},
            {"name": "day", "type": {"type": "int", "logicalType": "date"}},
            {"name": "tm", "type": {"type": "int", "logicalType": "time-millis"}},
            {"name": "tu", "type": {"type": "long", "logicalType": "time-micros"}},
            {"name": "sm", "type": {"type": "long", "logicalType": "timestamp-millis"}},
            {"name": "su", "type": {"type": "long", "logicalType": "timestamp-micros"}},
            {"name": "lm", "type": {"type": "long", "logicalType": "local-timestamp-millis"}},
            {"name": "lu", "type": {"type": "long", "logicalType": "local-timestamp-micros"}},
            {"name": "dec", "type": {"type": "bytes", "logicalType": "decimal", "precision": 30, "scale": 2}},
            {"name": "dex", "type":
                {"type": "fixed", "name": "Dex", "size": 5, "logicalType": "decimal", "precision": 9, "scale": 1}},
            {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
        ]);
        let row = "{i:\"-5\",l:7e0,f:\"0,1\",d:3,ok:\"Yes\",s:12,by:\"AP8=\",n:\"NA\",fx:\"abcd\",fy:\"AQIDBA==\",\
                   e:\"HEARTS\",list:[1,\"2\"],map:{a:1,b:null},u:\"\",v:5,old:3,day:\"31.01.2024\",\
                   tm:\"10:20:30.123\",tu:\"10:20:30.123456\",sm:\"2024-01-31T11:20:30.123\",\
                   su:\"2024-01-31T10:20:30.123456Z\",lm:\"2024-01-31T10:20:30.123\",\
                   lu:\"2024-01-31T09:20:30.123456Z\",dec:\"1234567890123456789012345678,255\",dex:-12.5,\
                   id:\"00112233-4455-6677-8899-AABBCCDDEEFF\",more:1}\n";
        let expected = "{i:-5,l:7,f:0.1e0,d:3.0e0,ok:true,s:\"12\",by:\"AP8=\",n:null,fx:\"YWJjZA==\",\
                        fy:\"AQIDBA==\",e:\"HEARTS\",list:[1,2],map:{a:1.0e0,b:null},u:null,v:5,new:3,\
                        day:\"2024-01-31\",tm:\"10:20:30.123\",tu:\"10:20:30.123456\",\
                        sm:\"2024-01-31T10:20:30.123Z\",su:\"2024-01-31T10:20:30.123456Z\",\
                        lm:\"2024-01-31T10:20:30.123\",lu:\"2024-01-31T10:20:30.123456\",\
                        dec:\"1234567890123456789012345678.26\",dex:-12.5e0,\
                        id:\"00112233-4455-6677-8899-aabbccddeeff\"}\n";
        let properties = json!({"schema": schema(&fields), "decimalSeparator": ",", "dateFormat": "dd.MM.yyyy",
            "timeZoneId": "Europe/Paris"});
        let found = there_and_back(row, properties).await;
        // Maps of Avro have no order.
        assert_eq!(found.replace("{b:null,a:1.0e0}", "{a:1.0e0,b:null}"), expected);
    }

    #[tokio::test]
    async fn texts_that_are_null_or_booleans() {
        let union = schema(&json!([{"name": "a", "type": ["string", "null", "boolean"]}]));
        let rows = "{a:\"n/a\"}\n{a:\"ON\"}\n{a:\"x\"}\n";
        let as_it_is = there_and_back(rows, json!({"schema": union})).await;
        assert_eq!(as_it_is, rows);
        let inferred = there_and_back(rows, json!({"schema": union, "inferAllFields": true})).await;
        assert_eq!(inferred, "{a:null}\n{a:true}\n{a:\"x\"}\n");
        let own = json!({"schema": schema(&json!([{"name": "a", "type": ["null", "boolean"]}])),
            "trueValues": ["oui"], "falseValues": ["non"], "nullValues": ["rien"]});
        let rows = there_and_back("{a:\"OUI\"}\n{a:\"non\"}\n{a:\"rien\"}\n", own).await;
        assert_eq!(rows, "{a:true}\n{a:false}\n{a:null}\n");
    }

    #[tokio::test]
    async fn rows_that_do_not_fit() {
        let platform = Platform::new();
        let fields = json!([{"name": "a", "type": "int"}, {"name": "b", "type": ["null", {"type": "array",
            "items": {"type": "record", "name": "Item", "fields": [{"name": "c", "type": "boolean"}]}}]}]);
        let schema = schema(&fields);
        for (row, strict, expected) in [
            (
                "{a:\"x\"}",
                false,
                "line 2: column 'a' is 'x', which is not an int; correct the row or the schema, or set \
                                  onBadLines: SKIP to leave out such rows",
            ),
            ("{b:[]}", false, "line 2: column 'a' is null or missing, and must be an int"),
            ("{a:2147483648}", false, "line 2: column 'a' is 2147483648, which is not an int"),
            (
                "{a:1,b:[{c:true},{c:\"maybe\"}]}",
                false,
                "line 2: column 'b[1].c' is 'maybe', which is not a boolean",
            ),
            ("{a:1,z:1}", true, "line 2: has the field 'z', which is not in the schema"),
            ("[1,[],3]", true, "line 2: has 3 values, and the schema has 2 fields"),
            ("5", false, "line 2: is 5, and a row must be a map or a list"),
        ] {
            let rows = format!("{{a:1}}\n{row}\n[3,[{{c:1}}]]\n");
            let with = |rule: &str| json!({"schema": schema, "strictSchema": strict, "onBadLines": rule});
            let error = platform.convert(IonToAvro::TYPE, rows.as_bytes(), with("ERROR")).await.error();
            assert!(error.contains(expected), "{error}");
            let run = platform.convert(IonToAvro::TYPE, rows.as_bytes(), with("WARN")).await;
            assert!(run.log_text().contains(&expected[..30]), "{}", run.log_text());
            assert_eq!(run.outputs()["size"], 2);
            let kept = there_and_back(&rows, with("SKIP")).await;
            assert_eq!(kept, "{a:1,b:null}\n{a:3,b:[{c:true}]}\n");
        }
    }

    #[tokio::test]
    async fn wrong_properties_are_refused() {
        let platform = Platform::new();
        for (rows, properties, expected) in [
            ("{a:1}", json!({"schema": "{"}), "schema is not a schema of Avro: "),
            ("{a:1}", json!({"schema": "\"int\""}), "schema is not that of a record"),
            (
                "{a:1}",
                json!({"schema": schema(&json!([{"name": "a", "type": ["null", "Row"]}]))}),
                "schema: the record 'Row' contains itself",
            ),
            ("{a:1}", json!({"timeZoneId": "Mars"}), "timeZoneId is 'Mars', which is not a time zone"),
            ("{a:1}", json!({"decimalSeparator": ".,"}), "decimalSeparator is '.,'; write one character"),
            ("{a:1}", json!({"datetimeFormat": "QX{"}), "datetimeFormat is no format of dates"),
            ("{a:1}", json!({"numberOfRowsToScan": 0}), "numberOfRowsToScan is 0"),
            ("", json!({}), "there are no rows from which the schema could follow; set schema"),
            ("{'b c':1}", json!({}), "the column 'b c' has no name for Avro; rename the column"),
            ("{a:\n", json!({}), "line 1 is not Ion"),
        ] {
            let error = platform.convert(IonToAvro::TYPE, rows.as_bytes(), properties).await.error();
            assert!(error.contains(expected), "{error}");
        }
        assert_eq!(platform.files().await, 1, "a conversion that failed leaves no file");
    }

    #[tokio::test]
    async fn a_large_file_is_a_stream() {
        let rows: String =
            (0..200_000).map(|row| format!("{{id:{row},text:\"text of row {row}\"}}\n")).collect();
        assert_eq!(there_and_back(&rows, json!({})).await, rows);
    }
}
