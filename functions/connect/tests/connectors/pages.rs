//! The pages in `docs/connectors`, one for each type, and the JSON Schema of the files. `make task-types` writes them.

use segue_connectors::file_schema;
use segue_fn_connect::tasks;
use segue_model::Json;
use segue_model::catalog::ServiceType;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The longest line of a page, in characters.
const WIDTH: usize = 120;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// With UPDATE_CATALOG, the test writes the files.
#[test]
#[expect(clippy::disallowed_methods, reason = "the variable is a switch of this test, not of the program")]
fn the_pages_are_those_of_the_types() {
    let folder = here("../../docs/connectors");
    let types = tasks().types().types;
    let mut files: BTreeMap<PathBuf, String> =
        types.iter().map(|kind| (folder.join(format!("{}.md", kind.name)), page(kind))).collect();
    files.insert(folder.join("README.md"), index(&types));
    let schema = serde_json::to_string_pretty(&file_schema()).unwrap() + "\n";
    files.insert(here("connector.schema.json"), schema);
    if std::env::var_os("UPDATE_CATALOG").is_some() {
        let _absent = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        files.iter().for_each(|(file, text)| fs::write(file, text).unwrap());
    }
    for (file, text) in &files {
        let found = fs::read_to_string(file).unwrap_or_default();
        assert!(&found == text, "{} is out of date: run `make task-types`", file.display());
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), types.len() + 1, "a page without a type");
}

fn page(kind: &ServiceType) -> String {
    let mut text = format!("# {}\n\n", kind.name);
    text.push_str(&wrapped(about(&kind.schema)));
    if !kind.aliases.is_empty() {
        let names: Vec<String> = kind.aliases.iter().map(|name| format!("`{name}`")).collect();
        text.push_str(&wrapped(&format!("\nOlder names: {}.", names.join(", "))));
    }
    text.push_str("\n## Properties\n\n");
    let required = kind.schema["required"].as_array().cloned().unwrap_or_default();
    for (name, property) in kind.schema["properties"].as_object().unwrap() {
        let mut facts = vec![type_of(property)];
        if required.iter().any(|one| one == name) {
            facts.push("required".to_owned());
        }
        if property["writeOnly"] == true {
            facts.push("secret".to_owned());
        }
        let about = about(property).replace('\n', " ");
        let mut line = format!("- `{name}` ({}): {about}", facts.join(", "));
        if let Some(default) = property.get("default").filter(|default| !default.is_null()) {
            line.push_str(&format!(" Default: `{}`.", plain(default)));
        }
        let values = property["enum"].as_array().cloned().unwrap_or_default();
        let values: Vec<String> = values
            .iter()
            .filter(|value| !value.is_null())
            .map(|value| format!("`{}`", plain(value)))
            .collect();
        if !values.is_empty() {
            line.push_str(&format!(" One of {}.", values.join(", ")));
        }
        text.push_str(&wrapped(&line));
    }
    text.push_str("\nEvery task also has the properties of [all tasks](../kestra.md). A task is delivered at least once:\n");
    text.push_str(
        "see [what every connector does](../../functions/connect/README.md#what-every-connector-does).\n",
    );
    text
}

fn index(types: &[ServiceType]) -> String {
    let mut text = "# Connectors\n\nTask types of the service `connect`, one page each.\n\
        [functions/connect](../../functions/connect/README.md) says how to add one more.\n\n"
        .to_owned();
    let mut lines: Vec<String> = types
        .iter()
        .map(|kind| {
            let title = about(&kind.schema).lines().next().unwrap_or_default();
            let short = kind.name.trim_start_matches("io.kestra.plugin.");
            format!("- [{short}]({}.md): {title}", kind.name)
        })
        .collect();
    lines.sort();
    lines.iter().for_each(|line| text.push_str(&wrapped(line)));
    text
}

fn about(schema: &Json) -> &str {
    schema["description"].as_str().unwrap_or_default()
}

fn type_of(property: &Json) -> String {
    let name = match &property["type"] {
        Json::String(name) => name.clone(),
        Json::Array(names) => names[0].as_str().unwrap().to_owned(),
        _ => "any".to_owned(),
    };
    match property["items"]["type"].as_str() {
        Some(items) => format!("{name} of {items}"),
        None => name,
    }
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The text with lines of at most [`WIDTH`] characters. Code is left as it is.
fn wrapped(text: &str) -> String {
    let mut wrapped = String::new();
    let mut is_code = false;
    for line in text.lines() {
        is_code ^= line.starts_with("```");
        if is_code || line.chars().count() <= WIDTH {
            wrapped.push_str(line);
            wrapped.push('\n');
            continue;
        }
        let indent = if line.starts_with("- ") { "  " } else { "" };
        let mut length = 0;
        for word in line.split(' ') {
            let needed = word.chars().count() + 1;
            if length > 0 && length + needed > WIDTH {
                wrapped.push('\n');
                wrapped.push_str(indent);
                length = indent.len();
            } else if length > 0 {
                wrapped.push(' ');
            }
            wrapped.push_str(word);
            length += needed;
        }
        wrapped.push('\n');
    }
    wrapped
}
