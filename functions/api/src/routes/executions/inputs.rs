//! Reads inputs from a form. Files go directly to internal storage.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::{Form, Part};
use segue_files::path::{plain, storage_name};
use segue_model::input::{Input, InputKind};
use segue_model::{Json, Map};

/// The name that older clients give to every file part. The file name is then the name of the input.
const FILES: &str = "files";

/// The submitted inputs.
#[derive(Default)]
pub(super) struct Submitted {
    /// Values by id of the input. The value of a file is its URI.
    pub(super) values: Map,
    /// The URIs of the stored files.
    files: Vec<String>,
}

impl Submitted {
    /// Deletes the stored files, for a request that failed.
    pub(super) async fn discard(&self, api: &Api) {
        for uri in &self.files {
            if let Err(error) = api.ports.storage.delete(uri).await {
                tracing::warn!(%error, uri, "a file of a refused request stays behind");
            }
        }
    }
}

/// Reads a form. Files go below `prefix` in internal storage. Parts that are no input are ignored.
pub(super) async fn submitted(
    api: &Api,
    mut form: Form,
    declared: &[Input],
    prefix: &str,
) -> Answer<Submitted> {
    let mut submitted = Submitted::default();
    match read(api, &mut form, declared, prefix, &mut submitted).await {
        Ok(()) => Ok(submitted),
        Err(error) => {
            submitted.discard(api).await;
            Err(error)
        }
    }
}

async fn read(
    api: &Api,
    form: &mut Form,
    declared: &[Input],
    prefix: &str,
    submitted: &mut Submitted,
) -> Answer<()> {
    while let Some(part) = form.next().await? {
        let Some(input) = input_of(&part, declared) else { continue };
        let is_file = matches!(input.kind, InputKind::File { .. });
        let value = match &part.file_name {
            Some(name) if is_file => {
                let name = plain(name)
                    .map_err(|error| ApiError::argument(format!("input '{}': {error}", input.id)))?;
                let path = format!("{prefix}/inputs/{}/{}", storage_name(&input.id), storage_name(&name));
                let (stream, fault) = part.stream();
                let stored = api.ports.storage.put(&path, stream).await;
                let (uri, _) = stored.map_err(|error| fault.or(error))?;
                submitted.files.push(uri.clone());
                uri
            }
            _ => part.text().await?,
        };
        submitted.values.insert(input.id.clone(), Json::String(value));
    }
    Ok(())
}

/// The id of the input that a part belongs to.
fn input_of<'a>(part: &Part, declared: &'a [Input]) -> Option<&'a Input> {
    let of = |id: &str| declared.iter().find(|input| input.id == id);
    of(&part.name).or_else(|| {
        let name = part.file_name.as_deref().filter(|_| part.name == FILES)?;
        of(name).filter(|input| matches!(input.kind, InputKind::File { .. }))
    })
}
