//! YAML: documents with `---` between them.

use crate::charset::Charset;
use crate::convert::{Converted, convert};
use crate::failure::Failure;
use crate::rows::{self, Rows};
use schemars::JsonSchema;
use segue_task::{Task, TaskContext, TaskError, yaml};
use serde::Deserialize;
use std::io::{Read as _, Write as _};

/// The longest YAML file, in bytes. It is held in memory, because no reader of YAML takes parts.
const LONGEST: u64 = 64 << 20;

/// Converts YAML to Ion. Each document is a row.
///
/// ```yaml
/// id: to_ion
/// type: io.kestra.plugin.serdes.yaml.YamlToIon
/// from: "{{ outputs.write.uri }}"
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct YamlToIon {
    /// The YAML file of at most 64 MiB: `kestra:///…`, or `nsfile:///…` of the flow's namespace.
    pub from: String,
    /// The charset of the file. Default: UTF-8.
    pub charset: Option<String>,
}

impl Task for YamlToIon {
    const TYPE: &'static str = "io.kestra.plugin.serdes.yaml.YamlToIon";
    type Output = Converted;

    async fn run(self, context: &TaskContext) -> Result<Converted, TaskError> {
        let charset = Charset::named(self.charset.as_deref())?;
        convert(context, &self.from, "ion", move |source, sink| {
            let mut bytes = Vec::new();
            charset.decode(source)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > LONGEST {
                return Err(Failure::refused(format!("the file has more than {} MiB", LONGEST >> 20)));
            }
            let text = String::from_utf8(bytes).map_err(|error| {
                Failure::refused(format!(
                    "the file is not UTF-8 ({error}); set charset, like charset: ISO-8859-1"
                ))
            })?;
            let mut count = 0;
            for document in yaml::documents(&text) {
                let row = document
                    .map_err(|why| Failure::refused(format!("document {} is not YAML: {why}", count + 1)))?;
                rows::write(&row, sink)?;
                count += 1;
            }
            Ok(count)
        })
        .await
    }
}

/// Converts a file of rows to YAML. Each row is a document.
///
/// ```yaml
/// id: to_yaml
/// type: io.kestra.plugin.serdes.yaml.IonToYaml
/// from: "{{ outputs.query.uri }}"
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IonToYaml {
    /// The file of rows: Ion, or JSON lines.
    pub from: String,
    /// The charset of the YAML file. Default: UTF-8.
    pub charset: Option<String>,
}

impl Task for IonToYaml {
    const TYPE: &'static str = "io.kestra.plugin.serdes.yaml.IonToYaml";
    type Output = Converted;

    async fn run(self, context: &TaskContext) -> Result<Converted, TaskError> {
        let charset = Charset::named(self.charset.as_deref())?;
        convert(context, &self.from, "yaml", move |source, sink| {
            let mut writer = charset.encode(sink)?;
            let mut rows = Rows::new(source);
            let mut waiting = rows.next()?;
            let mut count = 0;
            while let Some(row) = waiting {
                waiting = rows.next()?;
                // A document alone has no line before it.
                if count > 0 || waiting.is_some() {
                    writer.write_all(b"---\n")?;
                }
                writer.write_all(yaml::to_string(&row).as_bytes())?;
                count += 1;
            }
            Ok(count)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use serde_json::json;

    #[tokio::test]
    async fn documents_become_rows_and_back() {
        let platform = Platform::new();
        let text = "---\nid: 1\nname: Apple\nprice: 1.2\n---\nid: 2\ntags:\n- a\n- b\n";
        let rows = "{id:1,name:\"Apple\",price:1.2e0}\n{id:2,tags:[\"a\",\"b\"]}\n";
        assert_eq!(platform.converted(YamlToIon::TYPE, text, json!({})).await, rows);
        let written = text.replace("- ", " - ");
        assert_eq!(platform.converted(IonToYaml::TYPE, rows, json!({})).await, written);
        assert_eq!(platform.converted(IonToYaml::TYPE, "{a:1}", json!({})).await, "a: 1\n");
        assert_eq!(
            platform.converted(YamlToIon::TYPE, "a: 1\n---\n---\nb\n", json!({})).await,
            "{a:1}\nnull\n\"b\"\n"
        );
        assert_eq!(platform.converted(YamlToIon::TYPE, "", json!({})).await, "");
    }

    #[tokio::test]
    async fn what_is_not_yaml_is_refused() {
        let platform = Platform::new();
        let error = platform.convert(YamlToIon::TYPE, b"a: 1\n---\nb: [\n", json!({})).await.error();
        assert!(error.contains("document 2 is not YAML: "), "{error}");
        let error = platform.convert(YamlToIon::TYPE, b"a: \xE9\n", json!({})).await.error();
        assert!(error.contains("the file is not UTF-8"), "{error}");
    }
}
