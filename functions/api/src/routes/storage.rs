//! Buckets and objects. Segue's own endpoints.

use super::PREVIEW;
use crate::endpoint::{Content, Endpoint, Kind, Param, delete, get, post};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::{preview, storage as queries};
use crate::request::{Form, Query};
use crate::view::download;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use segue_api_types as types;
use segue_ports::object::ObjectAttributes;

/// The name of the form's part with the content of an object.
const PART: &str = "fileContent";

pub(super) fn endpoints() -> Vec<Endpoint> {
    let key = Param::new("key", Kind::Text, "The key of the object.").required();
    let prefix = Param::new("prefix", Kind::Text, "Only objects with keys that begin with this text.");
    let object = "/storage/buckets/{bucket}/object";
    vec![
        get("/storage/buckets", buckets).is("buckets", "Lists the buckets, internal storage first."),
        get("/storage/buckets/{bucket}/objects", objects)
            .is(
                "bucketObjects",
                "Lists the objects of a bucket, part by part. Keys with a further slash are folded into prefixes.",
            )
            .takes(&[
                prefix,
                Param::new("recursive", Kind::Flag, "Lists all objects below the prefix, without prefixes."),
                Param::new("from", Kind::Text, "`next` of the part before. Default: the first part."),
                Param::new("size", Kind::Number(1), "The largest number of objects and prefixes. Default: 100."),
            ])
            .refuses(&[404, 422]),
        get("/storage/buckets/{bucket}/total", total)
            .is("bucketTotal", "Counts the objects below a prefix, and adds their sizes.")
            .takes(&[prefix])
            .refuses(&[404]),
        get(object, read)
            .is("bucketObject", "Returns the content of an object.")
            .takes(&[key])
            .answers(Content::Bytes)
            .refuses(&[403, 404]),
        get("/storage/buckets/{bucket}/object/details", details)
            .is("bucketObjectDetails", "Describes an object.")
            .takes(&[key])
            .refuses(&[404]),
        get("/storage/buckets/{bucket}/object/preview", show)
            .is("bucketObjectPreview", "Returns the beginning of an object: rows, text or a picture.")
            .takes(&[key])
            .takes(&PREVIEW)
            .refuses(&[403, 404]),
        post(object, write)
            .is("putBucketObject", "Writes an object, or replaces it.")
            .takes(&[key])
            .body(Content::Form(Some(PART)))
            .refuses(&[403, 404]),
        delete(object, remove)
            .is("deleteBucketObject", "Deletes an object.")
            .takes(&[key])
            .refuses(&[403, 404]),
    ]
}

async fn buckets(State(api): State<Api>) -> Answer<Json<Vec<types::Bucket>>> {
    queries::buckets(&api).await.map(Json)
}

async fn objects(
    State(api): State<Api>,
    Path(bucket): Path<String>,
    query: Query,
) -> Answer<Json<types::BucketObjects>> {
    queries::objects(&api, &bucket, &query).await.map(Json)
}

async fn total(
    State(api): State<Api>,
    Path(bucket): Path<String>,
    query: Query,
) -> Answer<Json<types::BucketTotal>> {
    queries::total(&api, &bucket, query.text("prefix").unwrap_or_default()).await.map(Json)
}

async fn read(State(api): State<Api>, Path(bucket): Path<String>, query: Query) -> Answer<Response> {
    let address = queries::named(&bucket, &query)?;
    let (_, stream) = queries::open(&api, &address).await?;
    Ok(download::file(&address.key, stream))
}

async fn details(
    State(api): State<Api>,
    Path(bucket): Path<String>,
    query: Query,
) -> Answer<Json<types::BucketObject>> {
    let address = queries::named(&bucket, &query)?;
    let found = api.ports.objects.head(&address).await?.ok_or_else(|| queries::missing(&address))?;
    Ok(Json(queries::object(found)))
}

async fn show(
    State(api): State<Api>,
    Path(bucket): Path<String>,
    query: Query,
) -> Answer<Json<types::FilePreview>> {
    let (wanted, address) = (preview::wanted(&query)?, queries::named(&bucket, &query)?);
    let (info, stream) = queries::open(&api, &address).await?;
    preview::preview(&address.key, info.size, stream, wanted).await.map(Json)
}

async fn write(
    State(api): State<Api>,
    Path(bucket): Path<String>,
    query: Query,
    mut form: Form,
) -> Answer<Json<types::BucketObject>> {
    let address = queries::named(&bucket, &query)?;
    queries::changeable(&api, &address)?;
    while let Some(part) = form.next().await? {
        if part.name == PART {
            let attributes =
                ObjectAttributes { content_type: part.content_type(), ..ObjectAttributes::default() };
            let (stream, fault) = part.stream();
            let written = api.ports.objects.put(&address, stream, attributes).await;
            return Ok(Json(queries::object(written.map_err(|error| fault.or(error))?)));
        }
    }
    Err(ApiError::bad_request(format!(
        "Required argument [{PART}] is missing: send the file as the part '{PART}' of a multipart form"
    )))
}

async fn remove(State(api): State<Api>, Path(bucket): Path<String>, query: Query) -> Answer<StatusCode> {
    let address = queries::named(&bucket, &query)?;
    queries::changeable(&api, &address)?;
    if api.ports.objects.delete(&address).await? {
        return Ok(StatusCode::OK);
    }
    Err(queries::missing(&address))
}
