//! `serdes.xml.XmlToIon`.

use super::tree;
use crate::charset::Charset;
use crate::convert::{Converted, Source, convert};
use crate::failure::Failure;
use crate::rows;
use schemars::JsonSchema;
use segue_model::Json;
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;
use std::collections::HashSet;
use std::io::{BufReader, Read};

/// The longest XML file, in bytes. It is held in memory.
const LONGEST: u64 = 128 << 20;

/// Converts XML to Ion. The document is one row, or `query` names the part of which the items are the rows. Attributes and
/// elements are keys; elements with the same name are a list.
///
/// ```yaml
/// id: to_ion
/// type: io.kestra.plugin.serdes.xml.XmlToIon
/// from: "{{ outputs.download.uri }}"
/// query: /catalog/book
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct XmlToIon {
    /// The XML file of at most 128 MiB: `kestra:///…`, or `nsfile:///…` of the flow's namespace.
    pub from: String,
    /// The path of the rows, with the names of the elements: `/catalog/book`. Default: the whole document is one row.
    pub query: Option<String>,
    /// How elements are read.
    pub parser_configuration: Option<ParserConfiguration>,
    /// The charset of the file. Default: UTF-8.
    pub charset: Option<String>,
}

/// How elements are read.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParserConfiguration {
    /// The names of elements that are lists, also if there is only one.
    #[serde(default)]
    pub force_list: HashSet<String>,
}

impl Task for XmlToIon {
    const TYPE: &'static str = "io.kestra.plugin.serdes.xml.XmlToIon";
    const ALIASES: &'static [&'static str] = &["io.kestra.plugin.serdes.xml.XmlReader"];
    type Output = Converted;

    async fn run(self, context: &TaskContext) -> Result<Converted, TaskError> {
        let charset = Charset::named(self.charset.as_deref())?;
        let query = self.query.clone().filter(|query| !query.trim().is_empty());
        let path = query.as_deref().map(|query| {
            let names = query.trim().trim_start_matches('#').trim_matches('/');
            if names.is_empty() { String::new() } else { format!("/{names}") }
        });
        let lists = self.parser_configuration.map(|parser| parser.force_list).unwrap_or_default();
        let converted = convert(context, &self.from, "ion", move |source, sink| {
            let source: Source =
                Box::new(BufReader::new(Limited { source: charset.decode(source)?, left: LONGEST }));
            let document = Json::Object(tree::read(source, &lists)?);
            let found = match &path {
                Some(path) => document.pointer(path),
                None => Some(&document),
            };
            let items = match found {
                None => &[],
                Some(Json::Array(items)) => items.as_slice(),
                Some(one) => std::slice::from_ref(one),
            };
            for item in items {
                rows::write(item, sink)?;
            }
            Ok::<_, Failure>(items.len() as u64)
        })
        .await?;
        if let Some(query) = query.filter(|_| converted.size == 0) {
            context.warn(format!("the document has nothing at '{query}', so there are no rows"));
        }
        Ok(converted)
    }
}

/// A file of at most so many bytes.
struct Limited {
    source: Source,
    left: u64,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            let why = format!("the file has more than {} MiB", LONGEST >> 20);
            std::io::Error::new(std::io::ErrorKind::InvalidData, why)
        })?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use serde_json::json;

    const CATALOG: &str = "<?xml version=\"1.0\"?>\n<!DOCTYPE catalog>\n<catalog year=\"2024\">\n  \
        <book id=\"7\"><title>A &amp; B &#233;</title><price>1.50</price></book>\n  \
        <book id=\"008\" lang='en'>text <![CDATA[<x>]]><sub/></book>\n  <one>x</one>\n</catalog>\n";

    async fn ion(properties: Json) -> String {
        Platform::new().converted(XmlToIon::TYPE, CATALOG, properties).await
    }

    #[tokio::test]
    async fn elements_become_values() {
        let books =
            "{id:7,title:\"A & B é\",price:1.5e0}\n{id:\"008\",lang:\"en\",sub:\"\",content:\"text <x>\"}\n";
        assert_eq!(ion(json!({"query": "/catalog/book"})).await, books);
        assert_eq!(
            ion(json!({"query": "/catalog/book/1"})).await,
            books.lines().nth(1).unwrap().to_owned() + "\n"
        );
        assert_eq!(ion(json!({"query": "/catalog/one"})).await, "\"x\"\n");
        let whole = ion(json!({"parserConfiguration": {"forceList": ["one"]}})).await;
        assert!(
            whole.starts_with("{catalog:{year:2024,book:[{id:7,") && whole.ends_with(",one:[\"x\"]}}\n"),
            "{whole}"
        );
        let run =
            Platform::new().convert(XmlToIon::TYPE, CATALOG.as_bytes(), json!({"query": "/nowhere"})).await;
        assert!(run.log_text().contains("nothing at '/nowhere', so there are no rows"), "{}", run.log_text());
    }

    #[tokio::test]
    async fn what_is_not_xml_is_refused() {
        let platform = Platform::new();
        for (text, expected) in [
            ("<a><b></a>", "the file is not XML at byte"),
            ("<a>", "the element <a> does not end"),
            ("<a>&bomb;</a>", "the entity &bomb; is not known, and is not expanded"),
            ("plain", "there is text outside of the first element"),
            ("<a>\u{e9}</a>", ""),
        ] {
            let run = platform.convert(XmlToIon::TYPE, text.as_bytes(), json!({})).await;
            if expected.is_empty() {
                run.outputs();
            } else {
                let error = run.error();
                assert!(error.contains(expected), "{error}");
            }
        }
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a b='\xE9'>\xE9</a>";
        let properties = json!({"charset": "ISO-8859-1"});
        let outputs = platform.convert(XmlToIon::TYPE, latin, properties).await.outputs();
        assert_eq!(platform.stored(&outputs).await, "{a:{b:\"é\",content:\"é\"}}\n".as_bytes());
        let deep = "<a>".repeat(600);
        let error = platform.convert(XmlToIon::TYPE, deep.as_bytes(), json!({})).await.error();
        assert!(error.contains("nested more than 512 deep"), "{error}");
    }
}
