//! Files of an execution.

use crate::error::Answer;
use crate::parts::Api;
use crate::queries::executions::files::{Named, metas as metas_of, named, open, own};
use crate::queries::executions::stored;
use crate::queries::preview;
use crate::request::Query;
use crate::view::download;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use segue_api_types as types;

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
    let (_, stream) = open(&api, &uri).await?;
    Ok(download::file(&uri, stream))
}

pub(super) async fn metas(
    State(api): State<Api>,
    Path(id): Path<String>,
    query: Query,
) -> Answer<Json<types::FileMetas>> {
    metas_of(&api, &id, &query).await.map(Json)
}

pub(super) async fn preview(
    State(api): State<Api>,
    Path(id): Path<String>,
    query: Query,
) -> Answer<Json<types::FilePreview>> {
    let wanted = preview::wanted(&query)?;
    let uri = own(&api, &id, &query).await?;
    let (info, stream) = open(&api, &uri).await?;
    preview::preview(&uri, info.size, stream, wanted).await.map(Json)
}
