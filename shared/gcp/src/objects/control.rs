//! Requests for objects without their bytes: describe, list, remove and copy, with the JSON API.

use super::buckets::named;
use super::wire::{AttributesResource, OBJECT_FIELDS, ObjectResource, Page, Rewrite};
use super::{CloudObjectStore, PORT, names};
use crate::rest::{Request, RestError};
use reqwest::Method;
use segue_ports::PortError;
use segue_ports::object::{Listing, ListingPage, ObjectAddress, ObjectAttributes, ObjectInfo};
use serde_json::json;

/// The number of objects in a page, which is Cloud Storage's limit.
const PAGE: usize = 1000;
/// The most objects that Cloud Storage joins in one request.
const JOINED: usize = 32;
/// The media type of an object if the writer set none.
pub(super) const UNSAID: &str = "application/octet-stream";

impl CloudObjectStore {
    fn of_object(&self, method: Method, (bucket, key): (&str, &str)) -> Request<'_> {
        self.access.rest.request(method, ["b", bucket, "o", key])
    }

    pub(super) async fn look_at(&self, address: &ObjectAddress) -> Result<Option<ObjectInfo>, PortError> {
        let request = self.of_object(Method::GET, names::object(address)?);
        self.counters.class_b();
        match request.query("fields", OBJECT_FIELDS).send::<ObjectResource>().await {
            Ok(found) => found.info().map(Some),
            Err(error) if error.is_status(404) => Ok(None),
            Err(error) => Err(error.about(PORT, address.to_string())),
        }
    }

    pub(super) async fn pages(
        &self,
        bucket: &str,
        prefix: &str,
        delimiter: Option<char>,
    ) -> Result<Listing, PortError> {
        let (mut listing, mut token) = (Listing::default(), None::<String>);
        loop {
            let page = self.page(bucket, prefix, delimiter, token.as_deref(), PAGE).await?;
            listing.objects.extend(page.listing.objects);
            listing.prefixes.extend(page.listing.prefixes);
            token = page.next;
            if token.is_none() {
                // A prefix may be at the end of one page and at the beginning of the next.
                listing.prefixes.dedup();
                return Ok(listing);
            }
        }
    }

    /// One page of a listing, in one request. `token` is Cloud Storage's own.
    pub(super) async fn page(
        &self,
        bucket: &str,
        prefix: &str,
        delimiter: Option<char>,
        token: Option<&str>,
        most: usize,
    ) -> Result<ListingPage, PortError> {
        let bucket = names::bucket(bucket)?;
        let fields = format!("items({OBJECT_FIELDS}),prefixes,nextPageToken");
        let (delimiter, most) = (delimiter.map(String::from), most.clamp(1, PAGE).to_string());
        let request = self.access.rest.get(["b", bucket, "o"]).query("fields", &fields);
        let request = request.query("maxResults", &most);
        let request = request.query_if("prefix", Some(prefix).filter(|prefix| !prefix.is_empty()));
        let request = request.query_if("delimiter", delimiter.as_deref());
        self.counters.class_a();
        let page: Page = request
            .query_if("pageToken", token)
            .send()
            .await
            .map_err(|error| error.about(PORT, named(bucket)))?;
        let objects = page.items.into_iter().map(ObjectResource::info);
        Ok(ListingPage {
            listing: Listing { objects: objects.collect::<Result<_, _>>()?, prefixes: page.prefixes },
            next: page.next_page_token.filter(|token| !token.is_empty()),
        })
    }

    pub(super) async fn remove(&self, address: &ObjectAddress) -> Result<bool, PortError> {
        let request = self.of_object(Method::DELETE, names::object(address)?);
        self.counters.free();
        match request.done().await {
            Ok(()) => Ok(true),
            Err(error) if error.is_status(404) => Ok(false),
            Err(error) => Err(error.about(PORT, address.to_string())),
        }
    }

    /// Copies inside Cloud Storage. A large object, or one that goes to another location, needs several
    /// requests.
    pub(super) async fn rewrite(
        &self,
        from: &ObjectAddress,
        to: &ObjectAddress,
        attributes: Option<ObjectAttributes>,
    ) -> Result<ObjectInfo, PortError> {
        let ((bucket, key), (to_bucket, to_key)) = (names::object(from)?, names::object(to)?);
        let path = ["b", bucket, "o", key, "rewriteTo", "b", to_bucket, "o", to_key];
        // Without a body, the copy has its source's attributes. An empty body counts as no body.
        let body = attributes.map(|mut said| {
            said.content_type.get_or_insert_with(|| UNSAID.to_owned());
            AttributesResource::from(said)
        });
        let mut token = None::<String>;
        loop {
            let mut request = self.access.rest.post(path).query_if("rewriteToken", token.as_deref());
            if let Some(body) = &body {
                request = request.json(body).map_err(|error| error.about(PORT, to.to_string()))?;
            }
            self.counters.class_a();
            let answer: Rewrite = match request.send().await {
                Ok(answer) => answer,
                Err(error) => return Err(self.not_copied(error, from, to).await),
            };
            match answer {
                Rewrite { done: true, resource: Some(copied), .. } => return copied.info(),
                Rewrite { done: false, rewrite_token: Some(next), .. } => token = Some(next),
                _ => {
                    return Err(PortError::unavailable(
                        PORT,
                        format!("the copy of {from} neither ends nor goes on"),
                    ));
                }
            }
        }
    }

    /// Joins objects of one bucket inside Cloud Storage. None if there are too many, or if one is in another bucket.
    pub(super) async fn join(
        &self,
        from: &[ObjectAddress],
        to: &ObjectAddress,
    ) -> Result<Option<ObjectInfo>, PortError> {
        let (bucket, key) = names::object(to)?;
        if from.is_empty() || from.len() > JOINED || from.iter().any(|source| source.bucket != bucket) {
            return Ok(None);
        }
        let mut sources = Vec::with_capacity(from.len());
        for source in from {
            sources.push(json!({"name": names::object(source)?.1}));
        }
        let said = |error: RestError| error.about(PORT, format!("the parts of {to}"));
        let body = json!({"sourceObjects": sources, "destination": {"contentType": UNSAID}});
        self.counters.class_a();
        let request = self.access.rest.post(["b", bucket, "o", key, "compose"]).json(&body).map_err(said)?;
        match request.send::<ObjectResource>().await {
            Ok(joined) => joined.info().map(Some),
            Err(error) if error.is_status(404) => Err(self.not_joined(error, from, to).await),
            Err(error) => Err(said(error)),
        }
    }

    /// What is missing: a part, or the bucket.
    async fn not_joined(&self, error: RestError, from: &[ObjectAddress], to: &ObjectAddress) -> PortError {
        for source in from {
            if let Ok(None) = self.look_at(source).await {
                return PortError::not_found(source.to_string());
            }
        }
        error.about(PORT, named(&to.bucket))
    }

    /// The reason why there is no copy. Which of the two is missing decides what to do.
    async fn not_copied(&self, error: RestError, from: &ObjectAddress, to: &ObjectAddress) -> PortError {
        if !error.is_status(404) {
            return error.about(PORT, format!("the copy of {from} to {to}"));
        }
        match self.look_at(from).await {
            Ok(Some(_)) => PortError::not_found(named(&to.bucket)),
            Ok(None) => PortError::not_found(from.to_string()),
            Err(other) => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PlatformConfig;
    use axum::extract::Path;
    use axum::http::StatusCode;
    use axum::routing::{get, post};
    use axum::{Json, Router};
    use serde_json::Value;

    /// Joins two parts. The part `gone` does not exist.
    async fn compose(Path(key): Path<String>, Json(body): Json<Value>) -> (StatusCode, String) {
        assert_eq!(key, "a/whole");
        if body["sourceObjects"] != json!([{"name": "p/1"}, {"name": "p/2"}]) {
            return (StatusCode::NOT_FOUND, json!({"error": {"code": 404, "message": "no"}}).to_string());
        }
        let joined = json!({"name": key, "bucket": "b-1", "size": "7", "generation": "1",
            "updated": "2024-01-01T00:00:00Z"});
        (StatusCode::OK, joined.to_string())
    }

    #[tokio::test]
    async fn parts_are_joined_inside_cloud_storage() {
        let router = Router::new()
            .route("/storage/v1/b/b-1/o/{key}/compose", post(compose))
            .route("/storage/v1/b/b-1/o/{key}", get(|| async { StatusCode::NOT_FOUND }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let config = PlatformConfig::from_variables(|name| match name {
            "SEGUE_PROJECT" => Some("p".to_owned()),
            "STORAGE_EMULATOR_HOST" => Some(address.clone()),
            _ => None,
        });
        let store = CloudObjectStore::connect(&config.unwrap()).unwrap();
        let object = |key: &str| ObjectAddress::new("b-1", key);
        let to = object("a/whole");
        let joined = store.join(&[object("p/1"), object("p/2")], &to).await.unwrap().unwrap();
        assert_eq!((joined.size, store.operation_counts().class_a), (7, 1));
        let gone = store.join(&[object("gone")], &to).await.unwrap_err();
        assert!(matches!(&gone, PortError::NotFound { what } if what == "gs://b-1/gone"), "{gone}");
        let elsewhere = ObjectAddress::new("b-2", "p/1");
        for parts in [vec![elsewhere], vec![object("p"); 33], Vec::new()] {
            assert!(store.join(&parts, &to).await.unwrap().is_none());
        }
    }
}
