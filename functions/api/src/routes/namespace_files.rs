//! Namespace files (docs/kestra.md 6.6). A directory is there as long as a file is in it, or since it was made: one
//! that was made empty is held by a file of no bytes, which is not shown.

use super::flows::save;
use crate::endpoint::{Content, Endpoint, Kind, Param, delete, get, json, post, put};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::{Form, Part, Query};
use crate::view::download;
use crate::view::zip::{Unpacked, answer, unpack};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use futures::TryStreamExt as _;
use segue_api_types as types;
use segue_files::namespace::{NamespaceFile, folder, list as list_files, storage_path};
use segue_ports::{InternalStorage, PortError};
use std::collections::BTreeSet;

/// The part that holds a file.
const PART: &str = "fileContent";
/// The name of the file that holds an empty directory.
const HOLDER: &str = ".directory";
/// Not a real folder: a file written there is saved as a flow.
const FLOWS: &str = "_flows/";
/// The most bytes of an export.
const LARGEST_EXPORT: u64 = 256 * 1024 * 1024;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let path = Param::new("path", Kind::Text, "The path, beginning with a slash.");
    let base = "/namespaces/{namespace}/files";
    vec![
        get(base, read)
            .is("namespaceFile", "What is in a file.")
            .takes(&[path.required()])
            .answers(Content::Bytes)
            .refuses(&[404]),
        post(base, write)
            .is(
                "putNamespaceFile",
                "Writes a file; a zip is unpacked, a file below /_flows is imported as a flow.",
            )
            .takes(&[path.required()])
            .body(Content::Form(Some(PART))),
        put(base, rename)
            .is("moveNamespaceFile", "Moves a file, or a directory with all in it.")
            .takes(&[
                Param::new("from", Kind::Text, "Its path.").required(),
                Param::new("to", Kind::Text, "Its new path.").required(),
            ])
            .refuses(&[404]),
        delete(base, remove)
            .is("deleteNamespaceFile", "Removes a file, or a directory with all in it.")
            .takes(&[path.required()])
            .refuses(&[404]),
        get("/namespaces/{namespace}/files/search", search)
            .is("searchNamespaceFiles", "The paths of files.")
            .takes(&[Param::new("q", Kind::Text, "A part of the path.")])
            .answers(json::<Vec<String>>()),
        get("/namespaces/{namespace}/files/stats", stats)
            .is("namespaceFileStats", "What is known of a file or directory.")
            .takes(&[path])
            .answers(json::<types::NamespaceFile>())
            .refuses(&[404]),
        get("/namespaces/{namespace}/files/directory", directory)
            .is("namespaceDirectory", "What is in a directory.")
            .takes(&[path])
            .answers(json::<Vec<types::NamespaceFile>>())
            .refuses(&[404]),
        post("/namespaces/{namespace}/files/directory", make_directory)
            .is("makeNamespaceDirectory", "Makes a directory.")
            .takes(&[path.required()]),
        get("/namespaces/{namespace}/files/export", export)
            .is("exportNamespaceFiles", "All files and flows of a namespace as a zip.")
            .answers(Content::Zip)
            .refuses(&[413, 422]),
    ]
}

/// A path below the namespace, without a leading slash; empty for its root.
fn clean(namespace: &str, path: &str) -> Answer<String> {
    folder(namespace)?;
    let inner = path.trim_matches('/');
    if inner.is_empty() {
        return Ok(String::new());
    }
    let plain = segue_files::path::plain(inner)
        .map_err(|error| ApiError::argument(format!("Invalid path: {error}")))?;
    if plain.contains('\\') || plain.chars().any(char::is_control) {
        return Err(ApiError::argument(format!(
            "Invalid path: '{path}' has letters a file name must not have"
        )));
    }
    Ok(plain)
}

/// A path that names a file.
fn file_path(namespace: &str, path: &str) -> Answer<String> {
    let clean = clean(namespace, path)?;
    if clean.is_empty() {
        return Err(ApiError::argument("Invalid path: it names no file"));
    }
    Ok(clean)
}

fn missing(path: &str) -> ApiError {
    ApiError::not_found(format!("File '/{path}'"))
}

async fn read(State(api): State<Api>, Path(namespace): Path<String>, query: Query) -> Answer<Response> {
    let path = file_path(&namespace, query.required("path")?)?;
    let uri = InternalStorage::uri(&storage_path(&namespace, &path)?);
    match api.ports.storage.get(&uri).await {
        Ok((info, stream)) => Ok(download::file(&path, info.size, stream)),
        Err(PortError::NotFound { .. }) => Err(missing(&path)),
        Err(error) => Err(error.into()),
    }
}

async fn write(
    State(api): State<Api>,
    Path(namespace): Path<String>,
    query: Query,
    mut form: Form,
) -> Answer<StatusCode> {
    let path = clean(&namespace, query.required("path")?)?;
    while let Some(part) = form.next().await? {
        if part.name == PART {
            let is_zip = part.file_name.as_deref().is_some_and(|name| name.to_lowercase().ends_with(".zip"));
            if is_zip && !path.to_lowercase().ends_with(".zip") {
                unpack_into(&api, &namespace, &path, part).await?;
            } else {
                write_one(&api, &namespace, &path, part).await?;
            }
            return Ok(StatusCode::OK);
        }
    }
    Err(ApiError::bad_request(format!(
        "Required argument [{PART}] is not there: send the file as a part of that name of a multipart form"
    )))
}

async fn write_one(api: &Api, namespace: &str, path: &str, part: Part) -> Answer<()> {
    if path.starts_with(FLOWS) {
        return import_flow(api, namespace, &part.text().await?).await;
    }
    let target = storage_path(namespace, &file_path(namespace, path)?)?;
    let (stream, fault) = part.stream();
    api.ports.storage.put(&target, stream).await.map_err(|error| fault.or(error))?;
    Ok(())
}

async fn unpack_into(api: &Api, namespace: &str, path: &str, part: Part) -> Answer<()> {
    let files = unpack(part).await?;
    // All names first, so that a bad one leaves nothing half done.
    let mut targets = Vec::new();
    for Unpacked { name, file } in files {
        let plain = segue_files::path::plain(&name)
            .map_err(|error| ApiError::argument(format!("Invalid path: {error}")))?;
        let inside = if path.is_empty() { plain } else { format!("{path}/{plain}") };
        targets.push((clean(namespace, &inside)?, file));
    }
    for (inside, file) in targets {
        if inside.starts_with(FLOWS) {
            let source = tokio::fs::read_to_string(file.path()).await;
            let source = source.map_err(|error| ApiError::argument(format!("'{inside}': {error}")))?;
            import_flow(api, namespace, &source).await?;
        } else {
            api.ports.storage.put_file(&storage_path(namespace, &inside)?, file.path()).await?;
        }
    }
    Ok(())
}

async fn import_flow(api: &Api, namespace: &str, source: &str) -> Answer<()> {
    let parsed = save::read(api, source);
    let flow = save::accepted(&parsed)?;
    if flow.namespace != namespace {
        return Err(ApiError::invalid(
            "Invalid entity: flow.namespace: Flow namespace is invalid",
            Vec::new(),
        ));
    }
    save::save(api, flow, source).await.map(drop)
}

/// The files a path stands for: itself, or all below it.
async fn covered(api: &Api, namespace: &str, path: &str) -> Answer<Vec<NamespaceFile>> {
    let below = format!("{path}/");
    let mut files = list_files(&api.ports.storage, namespace).await?;
    files.retain(|file| file.path == path || file.path.starts_with(&below));
    if files.is_empty() { Err(missing(path)) } else { Ok(files) }
}

async fn rename(State(api): State<Api>, Path(namespace): Path<String>, query: Query) -> Answer<StatusCode> {
    let from = file_path(&namespace, query.required("from")?)?;
    let to = file_path(&namespace, query.required("to")?)?;
    if to == from {
        return Ok(StatusCode::OK);
    }
    if to.starts_with(&format!("{from}/")) {
        return Err(ApiError::argument("Invalid path: a directory cannot be moved into itself"));
    }
    let storage = &api.ports.storage;
    for file in covered(&api, &namespace, &from).await? {
        let rest = file.path.strip_prefix(&from).unwrap_or_default();
        let (_, stream) = storage.get(&file.uri).await?;
        storage.put(&storage_path(&namespace, &format!("{to}{rest}"))?, stream).await?;
        storage.delete(&file.uri).await?;
    }
    Ok(StatusCode::OK)
}

async fn remove(State(api): State<Api>, Path(namespace): Path<String>, query: Query) -> Answer<StatusCode> {
    let path = file_path(&namespace, query.required("path")?)?;
    for file in covered(&api, &namespace, &path).await? {
        api.ports.storage.delete(&file.uri).await?;
    }
    Ok(StatusCode::OK)
}

async fn search(
    State(api): State<Api>,
    Path(namespace): Path<String>,
    query: Query,
) -> Answer<Json<Vec<String>>> {
    folder(&namespace)?;
    let part = query.text("q").unwrap_or_default().to_lowercase();
    let files = list_files(&api.ports.storage, &namespace).await?;
    Ok(Json(
        files
            .iter()
            .filter(|file| !is_holder(&file.path) && file.path.to_lowercase().contains(&part))
            .map(|file| format!("/{}", file.path))
            .collect(),
    ))
}

fn is_holder(path: &str) -> bool {
    path == HOLDER || path.ends_with(&format!("/{HOLDER}"))
}

async fn file_view(api: &Api, file: &NamespaceFile) -> Answer<types::NamespaceFile> {
    let info = api.ports.storage.head(&file.uri).await?;
    let updated = info.map(|info| info.updated.as_millisecond()).unwrap_or_default();
    Ok(types::NamespaceFile::file(segue_files::path::last_part(&file.path), file.size, updated))
}

async fn stats(
    State(api): State<Api>,
    Path(namespace): Path<String>,
    query: Query,
) -> Answer<Json<types::NamespaceFile>> {
    let path = clean(&namespace, query.text("path").unwrap_or_default())?;
    if path.is_empty() {
        return Ok(Json(types::NamespaceFile::directory("")));
    }
    let files = covered(&api, &namespace, &path).await?;
    match files.iter().find(|file| file.path == path) {
        Some(file) => Ok(Json(file_view(&api, file).await?)),
        None => Ok(Json(types::NamespaceFile::directory(segue_files::path::last_part(&path)))),
    }
}

async fn directory(
    State(api): State<Api>,
    Path(namespace): Path<String>,
    query: Query,
) -> Answer<Json<Vec<types::NamespaceFile>>> {
    let path = clean(&namespace, query.text("path").unwrap_or_default())?;
    let files = if path.is_empty() {
        list_files(&api.ports.storage, &namespace).await?
    } else {
        covered(&api, &namespace, &path).await?
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
            None => views.push(file_view(&api, file).await?),
        }
    }
    Ok(Json(directories.iter().map(|name| types::NamespaceFile::directory(name)).chain(views).collect()))
}

async fn make_directory(
    State(api): State<Api>,
    Path(namespace): Path<String>,
    query: Query,
) -> Answer<StatusCode> {
    let path = file_path(&namespace, query.required("path")?)?;
    api.ports.storage.put_text(&storage_path(&namespace, &format!("{path}/{HOLDER}"))?, "").await?;
    Ok(StatusCode::OK)
}

async fn export(State(api): State<Api>, Path(namespace): Path<String>) -> Answer<Response> {
    folder(&namespace)?;
    let files = list_files(&api.ports.storage, &namespace).await?;
    if files.iter().map(|file| file.size).sum::<u64>() > LARGEST_EXPORT {
        return Err(ApiError::too_large(
            "the files of the namespace are more than 256 MiB: fetch them one by one",
        ));
    }
    let mut packed = Vec::new();
    for file in files.iter().filter(|file| !is_holder(&file.path)) {
        let (_, stream) = api.ports.storage.get(&file.uri).await?;
        let bytes = stream
            .try_fold(Vec::new(), |mut bytes, chunk| async move {
                bytes.extend_from_slice(&chunk);
                Ok(bytes)
            })
            .await?;
        packed.push((file.path.clone(), bytes));
    }
    for flow in api.state().flows(Some(&namespace)).await? {
        packed.push((format!("{FLOWS}{}.yml", flow.id), flow.source.into_bytes()));
    }
    answer("files.zip", &packed)
}
