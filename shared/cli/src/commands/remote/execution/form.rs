//! The form with the inputs of an execution, one part for each input.

use anyhow::Context as _;
use reqwest::multipart::{Form, Part};
use std::path::Path;

/// Builds the form. `is_file` says which inputs are files. The value `@path` of a file stands for the content of this
/// file. Any other value is sent as it is.
///
/// # Errors
/// An error if a file cannot be read.
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
