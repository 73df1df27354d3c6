//! Reads a connector's file and checks what its types cannot say.

use crate::format::{Connector, Kind};
use schemars::generate::SchemaSettings;
use segue_model::Json;
use thiserror::Error;

/// A file that is not a connector.
#[derive(Debug, Error)]
#[error("{file} is not a connector: {why}")]
pub struct ConnectorError {
    /// The path of the file.
    pub file: String,
    /// What is wrong, and where.
    pub why: String,
}

impl Connector {
    /// Reads the text of a file. `file` names the file in errors.
    ///
    /// # Errors
    /// [`ConnectorError`] if the text is not YAML, has an unknown or missing field, or is wrong in itself.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConnectorError> {
        let wrong = |why: String| ConnectorError { file: file.to_owned(), why };
        let connector: Self = serde_saphyr::from_str(text).map_err(|error| wrong(error.to_string()))?;
        connector.check().map_err(wrong)?;
        Ok(connector)
    }

    fn check(&self) -> Result<(), String> {
        for name in std::iter::once(&self.name).chain(&self.aliases) {
            let last = name.rsplit('.').next().unwrap_or_default();
            if !name.contains('.') || !last.starts_with(|letter: char| letter.is_ascii_uppercase()) {
                return Err(format!("'{name}' is not a name of a type; write com.example.name.Type"));
            }
        }
        if !self.title.trim_end().ends_with('.') {
            return Err("title: write a sentence that ends with a full stop".to_owned());
        }
        for (name, property) in &self.properties {
            if property.required && property.default.is_some() {
                return Err(format!("properties.{name} is required, so its default is never used"));
            }
            if property.items.is_some() && property.kind != Kind::Array {
                return Err(format!("properties.{name} has items, but its type is not array"));
            }
        }
        for step in &self.before {
            if self.before.iter().filter(|other| other.name == step.name).count() > 1 {
                return Err(format!("before: two steps have the name '{}'", step.name));
            }
        }
        for request in self.before.iter().map(|step| &step.request).chain([&self.request]) {
            if [request.body.is_some(), request.file.is_some(), request.form.is_some()]
                .iter()
                .filter(|is| **is)
                .count()
                > 1
            {
                return Err(format!(
                    "the request {} has several bodies; keep one of body, file and form",
                    request.url
                ));
            }
            let is_secret = |name: &str| self.properties.get(name).map(|property| property.secret);
            let has_credentials = is_secret("secretKeyId") == Some(true)
                && is_secret("accessKeyId").and(is_secret("region")).is_some();
            if request.aws.is_some() && (!has_credentials || request.form.is_some()) {
                return Err(format!(
                    "the request {} is signed for AWS: add the properties accessKeyId, secretKeyId (secret) and region, and \
                     no form",
                    request.url
                ));
            }
        }
        let requests = self.before.iter().map(|step| &step.request).chain([&self.request]);
        let requests =
            requests.chain(self.poll.iter().flat_map(|poll| poll.stop.iter().chain([&poll.request])));
        if let Some(other) =
            requests.filter(|request| !request.google.is_empty()).find(|one| !is_google(&one.url))
        {
            return Err(format!(
                "url is '{}', but a request with a token of Google must go to https://NAME.googleapis.com/ or \
                 https://{{{{ properties.region | slugify }}}}-NAME.googleapis.com/",
                other.url
            ));
        }
        if self.tests.is_empty() {
            return Err("tests: write at least one test".to_owned());
        }
        Ok(())
    }
}

/// Whether the address belongs to Google, whatever its expressions render to. The host may begin with a property that
/// `slugify` makes a part of a name, as services of a region have it.
fn is_google(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let Some((host, _)) = without_region(rest).split_once('/') else { return false };
    let is_plain = host.chars().all(|letter| letter.is_ascii_alphanumeric() || "-.".contains(letter));
    is_plain && host.ends_with(".googleapis.com")
}

/// An address without the region at its beginning.
fn without_region(address: &str) -> &str {
    let rest = address.strip_prefix("{{ properties.").and_then(|rest| rest.split_once(" | slugify }}-"));
    match rest {
        Some((name, rest)) if name.chars().all(|letter| letter.is_ascii_alphanumeric()) => rest,
        _ => address,
    }
}

/// The JSON Schema of connector files.
pub fn file_schema() -> Json {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Connector>().to_value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FILE: &str = "
type: com.example.pager.Ring
service: Pager
title: Rings a pager.
properties:
  number: {type: string, required: true, about: The number of the pager.}
  times: {type: integer, default: 1, about: How often it rings.}
request: {url: \"https://pager.example.com/{{ properties.number }}\"}
example: |
  id: ring
  type: com.example.pager.Ring
  number: \"1\"
tests: [{name: rings, properties: {number: \"1\"}, exchanges: []}]
";

    #[test]
    fn a_file_is_read() {
        let connector = Connector::parse("ring.yaml", FILE).unwrap();
        assert_eq!(connector.request.method, "GET");
        assert_eq!(connector.retries.on, [429, 500, 502, 503, 504]);
        let schema = connector.schema();
        assert_eq!(schema["required"], json!(["number"]));
        assert_eq!(schema["properties"]["times"]["type"], json!(["integer", "null"]));
        assert_eq!(schema["properties"]["options"]["properties"]["readTimeout"]["type"][0], "string");
        assert!(schema["description"].as_str().unwrap().contains("```yaml\nid: ring\n"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let why = |from: &str, to: &str| {
            let text = FILE.replace(from, to);
            assert_ne!(text, FILE);
            Connector::parse("ring.yaml", &text).unwrap_err().to_string()
        };
        assert!(why("service: Pager\n", "").contains("service"));
        assert!(why("service: Pager", "service: Pager\nsevrice: x").contains("sevrice"));
        assert!(
            why("type: com.example.pager.Ring\nservice", "type: ring\nservice").contains("'ring' is not")
        );
        assert!(why("pager.\n", "pager\n").contains("full stop"));
        assert!(why("required: true", "required: true, default: x").contains("properties.number"));
        assert!(why("type: integer,", "type: integer, items: string,").contains("properties.times"));
        let bodies = why("{url: ", "{body: {}, file: x, url: ");
        assert!(bodies.contains("several bodies"), "{bodies}");
        let unsigned = why("{url: ", "{aws: s3, url: ");
        assert!(unsigned.contains("add the properties accessKeyId"), "{unsigned}");
        for host in [
            "pager.example.com",
            "x.googleapis.com.example.com",
            "{{ properties.number }}.googleapis.com",
            "{{ properties.number | slugify }}.example.com",
            "{{ properties.number | slugify }}-x.example.com",
            "{{ properties.number }}/{{ properties.number | slugify }}-x.googleapis.com",
        ] {
            let request = format!("{{google: [s], url: \"https://{host}/{{{{ properties.number }}}}\"}}");
            let found = why("{url: \"https://pager.example.com/{{ properties.number }}\"}", &request);
            assert!(found.contains("https://NAME.googleapis.com/"), "{found}");
        }
        let stop = "poll: {request: {url: x}, until: x, every: x, stop: {google: [s], url: \"https://example.com/\"}}";
        let found = why("request: {", &format!("{stop}\nrequest: {{"));
        assert!(found.contains("https://NAME.googleapis.com/"), "{found}");
        let region = FILE.replace(
            "{url: \"https://pager.example.com/",
            "{google: [s], url: \"https://{{ properties.number | slugify }}-x.googleapis.com/",
        );
        Connector::parse("ring.yaml", &region).unwrap();
    }

    #[test]
    fn values_are_checked() {
        let connector = Connector::parse("ring.yaml", FILE).unwrap();
        let values = |value: Json| connector.values(value.as_object().cloned().unwrap());
        assert_eq!(
            Json::Object(values(json!({"number": "7"})).unwrap().0),
            json!({"number": "7", "times": null})
        );
        assert!(values(json!({})).unwrap_err().contains("'number' is missing: The number"));
        assert!(values(json!({"number": "7", "times": "x"})).unwrap_err().contains("'times' is not a whole"));
        let (known, unknown) = values(json!({"number": "7", "time": 1, "options": {}})).unwrap();
        assert!(known.contains_key("options"));
        assert_eq!(unknown, ["time"]);
    }
}
