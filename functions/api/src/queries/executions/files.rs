//! Finds and opens the files of an execution.

use super::stored;
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::Query;
use segue_api_types as types;
use segue_model::execution::Execution;
use segue_ports::object::{ByteStream, ObjectInfo};
use segue_ports::{InternalStorage, PortError};

/// A requested file: the URI of a file of this execution, or the id of the other execution that has the file.
pub(crate) enum Named {
    Own(String),
    Other(String),
}

/// Reads `path`. Only files of executions are allowed. A file of another execution has its own address.
pub(crate) fn named(api: &Api, execution: &Execution, query: &Query) -> Answer<Named> {
    let uri = query.required("path")?;
    let invalid =
        || ApiError::argument(format!("Invalid prefix path: '{uri}' is not a file of an execution"));
    if !InternalStorage::is_uri(uri) {
        return Err(invalid());
    }
    // Refuses `..` and similar paths.
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

/// A file, or an error if it does not exist.
pub(crate) async fn open(api: &Api, uri: &str) -> Answer<(ObjectInfo, ByteStream)> {
    match api.ports.storage.get(uri).await {
        Err(PortError::NotFound { .. }) => Err(ApiError::not_found(format!("The file '{uri}'"))),
        other => Ok(other?),
    }
}

/// A file of exactly this execution.
pub(crate) async fn own(api: &Api, id: &str, query: &Query) -> Answer<String> {
    let execution = stored(api, id).await?.execution;
    match named(api, &execution, query)? {
        Named::Own(uri) => Ok(uri),
        Named::Other(other) => Err(ApiError::argument(format!(
            "Invalid prefix path: the file belongs to the execution '{other}'"
        ))),
    }
}

/// The size of a file.
pub(crate) async fn metas(api: &Api, id: &str, query: &Query) -> Answer<types::FileMetas> {
    let uri = own(api, id, query).await?;
    let info = api.ports.storage.head(&uri).await?;
    let info = info.ok_or_else(|| ApiError::not_found(format!("The file '{uri}'")))?;
    Ok(types::FileMetas { size: info.size })
}
