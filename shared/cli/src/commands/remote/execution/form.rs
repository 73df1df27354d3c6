//! Inputs as the API takes them: a form with a part for each.

use anyhow::Context as _;
use reqwest::multipart::{Form, Part};
use std::path::Path;

/// A form of inputs. `is_file` tells which are files; theirs is the content of the file that `@path` names, and
/// of all others the value is meant as it stands.
///
/// # Errors
/// When a file cannot be read.
pub(super) async fn inputs(
    values: &[(String, String)],
    is_file: impl Fn(&str) -> bool,
) -> anyhow::Result<Form> {
    let mut form = Form::new();
    for (name, value) in values {
        form = match value.strip_prefix('@') {
            Some(path) if is_file(name) => {
                let path = Path::new(path);
                let part = Part::file(path)
                    .await
                    .with_context(|| format!("cannot read {} for the input {name}", path.display()))?;
                form.part(name.clone(), part)
            }
            _ => form.text(name.clone(), value.clone()),
        };
    }
    Ok(form)
}
