//! The JSON Schema of the files, for editors. `make task-types` writes it.

use segue_connectors::file_schema;
use std::fs;
use std::path::Path;

/// With UPDATE_CATALOG, the test writes the file.
#[test]
#[expect(clippy::disallowed_methods, reason = "the variable is a switch of this test, not of the program")]
fn the_schema_is_that_of_the_format() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("connector.schema.json");
    let text = serde_json::to_string_pretty(&file_schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_CATALOG").is_some() {
        fs::write(&file, &text).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(found == text, "{} is out of date: run `make task-types`", file.display());
}
