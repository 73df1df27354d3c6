//! Namespace files. A directory exists while it has a file, or after it was created. An empty directory is stored as a
//! file of no bytes, which is not listed.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use segue_api_types as types;
use segue_files::namespace::{NamespaceFile, folder, list as list_files, storage_path};
use segue_ports::InternalStorage;
use std::collections::BTreeSet;

/// The name of the file that holds an empty directory.
pub(crate) const HOLDER: &str = ".directory";

/// A path below the namespace, without a leading slash. Empty for the root of the namespace.
pub(crate) fn clean(namespace: &str, path: &str) -> Answer<String> {
    folder(namespace)?;
    let inner = path.trim_matches('/');
    if inner.is_empty() {
        return Ok(String::new());
    }
    let plain = segue_files::path::plain(inner)
        .map_err(|error| ApiError::argument(format!("Invalid path: {error}")))?;
    if plain.contains('\\') || plain.chars().any(char::is_control) {
        return Err(ApiError::argument(format!(
            "Invalid path: '{path}' has characters that a file name must not have"
        )));
    }
    Ok(plain)
}

/// A path of a file, never of the root.
pub(crate) fn file_path(namespace: &str, path: &str) -> Answer<String> {
    let clean = clean(namespace, path)?;
    if clean.is_empty() {
        return Err(ApiError::argument("Invalid path: the path of a file is missing"));
    }
    Ok(clean)
}

pub(crate) fn missing(path: &str) -> ApiError {
    ApiError::not_found(format!("File '/{path}'"))
}

/// The files of a path: the file itself, or all files of a directory.
pub(crate) async fn covered(api: &Api, namespace: &str, path: &str) -> Answer<Vec<NamespaceFile>> {
    let below = format!("{path}/");
    let mut files = list_files(&api.ports.storage, namespace).await?;
    files.retain(|file| file.path == path || file.path.starts_with(&below));
    if files.is_empty() { Err(missing(path)) } else { Ok(files) }
}

/// Refuses with 409 if a file has another date than `known`, in milliseconds since 1970-01-01. The file of a person who
/// edits an older text is not overwritten then.
pub(crate) async fn unchanged(api: &Api, namespace: &str, path: &str, known: i64) -> Answer<()> {
    let uri = InternalStorage::uri(&storage_path(namespace, path)?);
    let found = api.ports.storage.head(&uri).await?.map_or(0, |info| info.updated.as_millisecond());
    match (found, known) {
        (found, known) if found == known => Ok(()),
        (0, _) => Err(ApiError::illegal_state(format!("the file '/{path}' was deleted meanwhile"))),
        (_, 0) => Err(ApiError::illegal_state(format!("the file '/{path}' exists already"))),
        _ => Err(ApiError::illegal_state(format!("the file '/{path}' was changed meanwhile"))),
    }
}

/// Refuses with 409 if a file or directory has this path.
pub(crate) async fn free(api: &Api, namespace: &str, path: &str) -> Answer<()> {
    let below = format!("{path}/");
    let files = list_files(&api.ports.storage, namespace).await?;
    if files.iter().any(|file| file.path == path || file.path.starts_with(&below)) {
        return Err(ApiError::illegal_state(format!("'/{path}' exists already: choose another path")));
    }
    Ok(())
}

/// The paths that contain a text.
pub(crate) async fn search(api: &Api, namespace: &str, part: &str) -> Answer<Vec<String>> {
    folder(namespace)?;
    let part = part.to_lowercase();
    let files = list_files(&api.ports.storage, namespace).await?;
    Ok(files
        .iter()
        .filter(|file| !is_holder(&file.path) && file.path.to_lowercase().contains(&part))
        .map(|file| format!("/{}", file.path))
        .collect())
}

/// Whether a file only marks an empty directory.
pub(crate) fn is_holder(path: &str) -> bool {
    path == HOLDER || path.ends_with(&format!("/{HOLDER}"))
}

async fn file_view(api: &Api, file: &NamespaceFile) -> Answer<types::NamespaceFile> {
    let info = api.ports.storage.head(&file.uri).await?;
    let updated = info.map(|info| info.updated.as_millisecond()).unwrap_or_default();
    Ok(types::NamespaceFile::file(segue_files::path::last_part(&file.path), file.size, updated))
}

/// The size and the times of a file or directory.
pub(crate) async fn stats(api: &Api, namespace: &str, path: &str) -> Answer<types::NamespaceFile> {
    let path = clean(namespace, path)?;
    if path.is_empty() {
        return Ok(types::NamespaceFile::directory(""));
    }
    let files = covered(api, namespace, &path).await?;
    match files.iter().find(|file| file.path == path) {
        Some(file) => file_view(api, file).await,
        None => Ok(types::NamespaceFile::directory(segue_files::path::last_part(&path))),
    }
}

/// The files of a directory.
pub(crate) async fn directory(api: &Api, namespace: &str, path: &str) -> Answer<Vec<types::NamespaceFile>> {
    let path = clean(namespace, path)?;
    let files = if path.is_empty() {
        list_files(&api.ports.storage, namespace).await?
    } else {
        covered(api, namespace, &path).await?
    };
    let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
    let mut directories = BTreeSet::new();
    let mut views = Vec::new();
    for file in &files {
        let Some(rest) = file.path.strip_prefix(&prefix) else { continue };
        match rest.split_once('/') {
            Some((name, _)) => {
                directories.insert(name.to_owned());
            }
            None if is_holder(rest) => {}
            None => views.push(file_view(api, file).await?),
        }
    }
    Ok(directories.iter().map(|name| types::NamespaceFile::directory(name)).chain(views).collect())
}
