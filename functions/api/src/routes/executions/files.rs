//! Files of an execution.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::executions::stored;
use crate::request::Query;
use crate::view::download;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use segue_api_types as types;
use segue_model::execution::Execution;
use segue_ports::InternalStorage;
use segue_ports::object::{ByteStream, ObjectInfo};

/// The file a query names, where it is one of the execution; else the execution it is of.
pub(super) enum Named {
    Own(String),
    Other(String),
}

/// Reads `path`. Only files of executions are given out: that of another execution is at its own address.
pub(super) fn named(api: &Api, execution: &Execution, query: &Query) -> Answer<Named> {
    let uri = query.required("path")?;
    let invalid =
        || ApiError::argument(format!("Invalid prefix path: '{uri}' is not a file of an execution"));
    if !InternalStorage::is_uri(uri) {
        return Err(invalid());
    }
    // Refuses `..` and its like.
    api.ports.storage.address(uri)?;
    if uri.starts_with(&format!("{}/", InternalStorage::uri(&execution.storage_prefix()))) {
        return Ok(Named::Own(uri.to_owned()));
    }
    let mut parts = uri.split('/').skip_while(|part| *part != "executions").skip(1);
    match (parts.next(), parts.next()) {
        (Some(id), Some(_)) if id != execution.id.as_str() => Ok(Named::Other(id.to_owned())),
        _ => Err(invalid()),
    }
}

pub(super) async fn download(
    State(api): State<Api>,
    Path(id): Path<String>,
    query: Query,
) -> Answer<Response> {
    let execution = stored(&api, &id).await?.execution;
    let uri = match named(&api, &execution, &query)? {
        Named::Own(uri) => uri,
        Named::Other(other) => {
            stored(&api, &other).await?;
            let path: String =
                url::form_urlencoded::byte_serialize(query.required("path")?.as_bytes()).collect();
            let other: String = url::form_urlencoded::byte_serialize(other.as_bytes()).collect();
            let address = format!("/api/v1/main/executions/{other}/file?path={path}");
            return Ok(Redirect::to(&address).into_response());
        }
    };
    let (info, stream) = open(&api, &uri).await?;
    Ok(download::file(&uri, info.size, stream))
}

/// A file that must be there.
pub(crate) async fn open(api: &Api, uri: &str) -> Answer<(ObjectInfo, ByteStream)> {
    match api.ports.storage.get(uri).await {
        Err(segue_ports::PortError::NotFound { .. }) => Err(ApiError::not_found(format!("The file '{uri}'"))),
        other => Ok(other?),
    }
}

/// A file of exactly that execution.
pub(crate) async fn own(api: &Api, id: &str, query: &Query) -> Answer<String> {
    let execution = stored(api, id).await?.execution;
    match named(api, &execution, query)? {
        Named::Own(uri) => Ok(uri),
        Named::Other(other) => Err(ApiError::argument(format!(
            "Invalid prefix path: the file is one of the execution '{other}'"
        ))),
    }
}

pub(super) async fn metas(
    State(api): State<Api>,
    Path(id): Path<String>,
    query: Query,
) -> Answer<Json<types::FileMetas>> {
    let uri = own(&api, &id, &query).await?;
    let info = api.ports.storage.head(&uri).await?;
    let info = info.ok_or_else(|| ApiError::not_found(format!("The file '{uri}'")))?;
    Ok(Json(types::FileMetas { size: info.size }))
}
