//! The `serdes` service: conversions between file formats and Ion, the format in which tasks pass rows to each other
//! (docs/kestra.md 4.10).
//!
//! What it is: one folder for each format, with one file for each direction. A conversion is a function from a reader
//! to a writer of bytes; `convert` runs the function on a thread of its own, while the file is read from internal
//! storage and the result is written to it. So the size of a file does not matter.
//!
//! What it must not know: which adapter is behind internal storage.
//!
//! How to add one more: a folder with the properties structs, their doc comments with examples, and `impl Task`; one
//! line for each type in [`tasks`].

pub mod avro;
mod charset;
pub mod columns;
mod convert;
pub mod csv;
pub mod excel;
mod failure;
pub mod json;
pub mod parquet;
mod rows;
#[cfg(test)]
mod testing;
mod times;
pub mod xml;
pub mod yaml;

use segue_task::TaskList;

/// The task types of this service.
pub fn tasks() -> TaskList {
    TaskList::new("serdes")
        .deployed_as(include_str!("../function.yaml"))
        .add::<avro::AvroToIon>()
        .add::<avro::IonToAvro>()
        .add::<csv::CsvToIon>()
        .add::<csv::IonToCsv>()
        .add::<excel::ExcelToIon>()
        .add::<excel::IonToExcel>()
        .add::<json::IonToJson>()
        .add::<json::JsonToIon>()
        .add::<parquet::IonToParquet>()
        .add::<parquet::ParquetToIon>()
        .add::<xml::IonToXml>()
        .add::<xml::XmlToIon>()
        .add::<yaml::IonToYaml>()
        .add::<yaml::YamlToIon>()
}
