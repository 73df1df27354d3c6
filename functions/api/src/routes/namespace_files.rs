//! Namespace files (docs/kestra.md 6.6). A directory exists while it has a file, or after it was created. An empty
//! directory is stored as a file of no bytes, which is not listed.

use super::flows::save;
use crate::endpoint::{Content, Endpoint, Kind, Param, delete, get, post, put};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::namespace_files::{
    self as queries, HOLDER, clean, covered, file_path, is_holder, missing,
};
use crate::request::{Form, Part, Query};
use crate::source;
use crate::view::download;
use crate::view::zip::{Unpacked, answer, unpack};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use futures::TryStreamExt as _;
use segue_api_types as types;
use segue_files::namespace::{folder, list as list_files, storage_path};
use segue_ports::{InternalStorage, PortError};

/// The name of the form's part with a file.
const PART: &str = "fileContent";
/// A directory that does not exist. A file written there is saved as a flow.
const FLOWS: &str = "_flows/";
/// The number of the present content of a file. Older contents are not kept.
const PRESENT: u32 = 1;
/// The largest size of an export, in bytes.
const LARGEST_EXPORT: u64 = 256 * 1024 * 1024;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let path = Param::new("path", Kind::Text, "The path, which begins with a slash.");
    let base = "/namespaces/{namespace}/files";
    vec![
        get(base, read)
            .is("namespaceFile", "Returns the content of a file.")
            .takes(&[
                path.required(),
                Param::new("revision", Kind::Number(1), "The revision. Only the present one, 1, is kept."),
            ])
            .answers(Content::Bytes)
            .refuses(&[404]),
        get("/namespaces/{namespace}/files/revisions", revisions)
            .is("namespaceFileRevisions", "Lists the revisions of a file. Only the present content is kept, as revision 1.")
            .takes(&[path.required()])
            .refuses(&[404]),
        post(base, write)
            .is(
                "putNamespaceFile",
                "Writes a file. A zip is unpacked. A file below /_flows is imported as a flow.",
            )
            .takes(&[
                path.required(),
                Param::new(
                    "lastModified",
                    Kind::Number(0),
                    "Writes only if the file still has this `lastModifiedTime`, or does not exist if the number is 0.",
                ),
            ])
            .body(Content::Form(Some(PART)))
            .refuses(&[409]),
        put(base, rename)
            .is("moveNamespaceFile", "Moves a file, or a directory with everything in it, to a path that is free.")
            .takes(&[
                Param::new("from", Kind::Text, "The present path.").required(),
                Param::new("to", Kind::Text, "The new path.").required(),
            ])
            .refuses(&[404, 409]),
        delete(base, remove)
            .is("deleteNamespaceFile", "Deletes a file, or a directory with everything in it.")
            .takes(&[path.required()])
            .refuses(&[404]),
        get("/namespaces/{namespace}/files/search", search)
            .is("searchNamespaceFiles", "Searches the paths of files.")
            .takes(&[Param::new("q", Kind::Text, "Only paths that contain this text.")]),
        get("/namespaces/{namespace}/files/stats", stats)
            .is("namespaceFileStats", "Returns the size and the times of a file or directory.")
            .takes(&[path])
            .refuses(&[404]),
        get("/namespaces/{namespace}/files/directory", directory)
            .is("namespaceDirectory", "Lists the files of a directory.")
            .takes(&[path])
            .refuses(&[404]),
        post("/namespaces/{namespace}/files/directory", make_directory)
            .is("makeNamespaceDirectory", "Creates a directory.")
            .takes(&[path.required()]),
        get("/namespaces/{namespace}/files/export", export)
            .is("exportNamespaceFiles", "Returns all files and flows of a namespace as a zip.")
            .answers(Content::Zip)
            .refuses(&[413, 422]),
    ]
}

async fn read(State(api): State<Api>, Path(namespace): Path<String>, query: Query) -> Answer<Response> {
    let path = file_path(&namespace, query.required("path")?)?;
    if let Some(revision) = query.number("revision")?.filter(|revision| *revision != PRESENT) {
        return Err(ApiError::not_found(format!("Revision {revision} of file '/{path}'")));
    }
    let uri = InternalStorage::uri(&storage_path(&namespace, &path)?);
    match api.ports.storage.get(&uri).await {
        Ok((_, stream)) => Ok(download::file(&path, stream)),
        Err(PortError::NotFound { .. }) => Err(missing(&path)),
        Err(error) => Err(error.into()),
    }
}

async fn revisions(
    State(api): State<Api>,
    Path(namespace): Path<String>,
    query: Query,
) -> Answer<Json<Vec<types::FileRevision>>> {
    let path = file_path(&namespace, query.required("path")?)?;
    let uri = InternalStorage::uri(&storage_path(&namespace, &path)?);
    if api.ports.storage.head(&uri).await?.is_none() {
        return Err(missing(&path));
    }
    Ok(Json(vec![types::FileRevision { revision: PRESENT }]))
}

async fn write(
    State(api): State<Api>,
    Path(namespace): Path<String>,
    query: Query,
    mut form: Form,
) -> Answer<StatusCode> {
    let path = clean(&namespace, query.required("path")?)?;
    if let Some(known) = query.text("lastModified") {
        let known: i64 = known.parse().map_err(|_| {
            ApiError::argument(format!(
                "lastModified is '{known}': milliseconds since 1970-01-01 are expected"
            ))
        })?;
        queries::unchanged(&api, &namespace, &path, known).await?;
    }
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
        "Required argument [{PART}] is missing: send the file as the part '{PART}' of a multipart form"
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
    // Check all names first, so that an invalid name changes nothing.
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

async fn import_flow(api: &Api, namespace: &str, text: &str) -> Answer<()> {
    let parsed = source::read(api, text);
    let flow = source::accepted(&parsed)?;
    if flow.namespace != namespace {
        return Err(ApiError::invalid(
            "Invalid entity: flow.namespace: Flow namespace is invalid",
            Vec::new(),
        ));
    }
    save::save(api, flow, text).await.map(drop)
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
    queries::free(&api, &namespace, &to).await?;
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
    queries::search(&api, &namespace, query.text("q").unwrap_or_default()).await.map(Json)
}

async fn stats(
    State(api): State<Api>,
    Path(namespace): Path<String>,
    query: Query,
) -> Answer<Json<types::NamespaceFile>> {
    queries::stats(&api, &namespace, query.text("path").unwrap_or_default()).await.map(Json)
}

async fn directory(
    State(api): State<Api>,
    Path(namespace): Path<String>,
    query: Query,
) -> Answer<Json<Vec<types::NamespaceFile>>> {
    queries::directory(&api, &namespace, query.text("path").unwrap_or_default()).await.map(Json)
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
