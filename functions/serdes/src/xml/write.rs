//! `serdes.xml.IonToXml`.

use crate::charset::Charset;
use crate::convert::{Converted, convert};
use crate::failure::Failure;
use crate::rows::Rows;
use quick_xml::escape::partial_escape;
use schemars::JsonSchema;
use segue_model::Json;
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;
use std::io::Write;

/// Converts a file of rows to XML. Each row is an element `item` below the root. A list is its element several times.
///
/// ```yaml
/// id: to_xml
/// type: io.kestra.plugin.serdes.xml.IonToXml
/// from: "{{ outputs.query.uri }}"
/// rootName: books
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IonToXml {
    /// The file of rows: Ion, or JSON lines.
    pub from: String,
    /// The name of the root element. Default: `items`.
    pub root_name: Option<String>,
    /// The charset of the XML file. Default: UTF-8.
    pub charset: Option<String>,
    /// Accepted, and has no effect: times in rows have their zone.
    pub time_zone_id: Option<String>,
}

impl Task for IonToXml {
    const TYPE: &'static str = "io.kestra.plugin.serdes.xml.IonToXml";
    const ALIASES: &'static [&'static str] = &["io.kestra.plugin.serdes.xml.XmlWriter"];
    type Output = Converted;

    async fn run(self, context: &TaskContext) -> Result<Converted, TaskError> {
        let charset = Charset::named(self.charset.as_deref())?;
        let root = self.root_name.unwrap_or_else(|| "items".to_owned());
        if !is_name(&root) {
            return Err(TaskError::failed(format!("rootName is '{root}', which is no name of an element")));
        }
        convert(context, &self.from, "xml", move |source, sink| {
            let mut out = charset.encode(sink)?;
            let mut rows = Rows::new(source);
            let mut count = 0;
            writeln!(out, "<?xml version='1.0' encoding='{}'?>\n<{root}>", charset.name())?;
            while let Some(row) = rows.next()? {
                element("item", &row, 1, &mut out).map_err(|failure| match failure {
                    Failure::Refused(why) => Failure::refused(format!("line {}: {why}", rows.line())),
                    other => other,
                })?;
                count += 1;
            }
            writeln!(out, "</{root}>")?;
            Ok(count)
        })
        .await
    }
}

fn element(name: &str, value: &Json, depth: usize, out: &mut impl Write) -> Result<(), Failure> {
    if !is_name(name) {
        return Err(Failure::refused(format!("'{name}' is no name of an element; rename the field")));
    }
    let indent = "  ".repeat(depth);
    match value {
        Json::Array(values) => {
            return values.iter().try_for_each(|value| element(name, value, depth, out));
        }
        Json::Null => writeln!(out, "{indent}<{name}/>")?,
        Json::Object(fields) if fields.is_empty() => writeln!(out, "{indent}<{name}/>")?,
        Json::Object(fields) => {
            writeln!(out, "{indent}<{name}>")?;
            for (name, value) in fields {
                element(name, value, depth + 1, out)?;
            }
            writeln!(out, "{indent}</{name}>")?;
        }
        Json::String(text) => {
            if let Some(bad) = text.chars().find(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
                return Err(Failure::refused(format!(
                    "'{name}' has the character {bad:?}, which XML cannot have"
                )));
            }
            writeln!(out, "{indent}<{name}>{}</{name}>", partial_escape(text.as_str()))?;
        }
        other => writeln!(out, "{indent}<{name}>{other}</{name}>")?,
    }
    Ok(())
}

/// Whether a text can be the name of an element.
fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use crate::xml::XmlToIon;
    use serde_json::json;

    const ROWS: &str = "{id:1,name:\"a < b & c\",tags:[\"x\",\"y\"],none:null}\n{id:2,sub:{ok:true}}\n";

    #[tokio::test]
    async fn rows_become_elements_and_back() {
        let platform = Platform::new();
        let xml = platform.converted(IonToXml::TYPE, ROWS, json!({"rootName": "rows"})).await;
        let expected = "<?xml version='1.0' encoding='UTF-8'?>\n<rows>\n  <item>\n    <id>1</id>\n    \
                        <name>a &lt; b &amp; c</name>\n    <tags>x</tags>\n    <tags>y</tags>\n    <none/>\n  </item>\n  \
                        <item>\n    <id>2</id>\n    <sub>\n      <ok>true</ok>\n    </sub>\n  </item>\n</rows>\n";
        assert_eq!(xml, expected);
        let back = platform.converted(XmlToIon::TYPE, &xml, json!({"query": "/rows/item"})).await;
        assert_eq!(back, ROWS.replace("none:null", "none:\"\""));
    }

    #[tokio::test]
    async fn what_xml_cannot_have_is_refused() {
        let platform = Platform::new();
        for (rows, properties, expected) in [
            ("{a:1}\n{'b c':1}\n", json!({}), "line 2: 'b c' is no name of an element; rename the field"),
            ("{a:\"\\x01\"}\n", json!({}), "line 1: 'a' has the character '\\u{1}', which XML cannot have"),
            ("{a:1}\n", json!({"rootName": "1"}), "rootName is '1', which is no name of an element"),
        ] {
            let error = platform.convert(IonToXml::TYPE, rows.as_bytes(), properties).await.error();
            assert!(error.contains(expected), "{error}");
        }
    }
}
