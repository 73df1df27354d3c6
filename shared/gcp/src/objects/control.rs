//! Requests for objects without their bytes: describe, list, remove and copy, with the JSON API.

use super::buckets::named;
use super::wire::{AttributesResource, OBJECT_FIELDS, ObjectResource, Page, Rewrite};
use super::{CloudObjectStore, PORT, names};
use crate::rest::{Request, RestError};
use reqwest::Method;
use segue_ports::PortError;
use segue_ports::object::{Listing, ObjectAddress, ObjectAttributes, ObjectInfo};

/// The number of objects in a page, which is Cloud Storage's limit.
const PAGE: &str = "1000";
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
        let bucket = names::bucket(bucket)?;
        let fields = format!("items({OBJECT_FIELDS}),prefixes,nextPageToken");
        let delimiter = delimiter.map(String::from);
        let (mut listing, mut token) = (Listing::default(), None::<String>);
        loop {
            let request = self.access.rest.get(["b", bucket, "o"]).query("fields", &fields);
            let request = request.query("maxResults", PAGE);
            let request = request.query_if("prefix", Some(prefix).filter(|prefix| !prefix.is_empty()));
            let request = request.query_if("delimiter", delimiter.as_deref());
            self.counters.class_a();
            let page: Page = request
                .query_if("pageToken", token.as_deref())
                .send()
                .await
                .map_err(|error| error.about(PORT, named(bucket)))?;
            for object in page.items {
                listing.objects.push(object.info()?);
            }
            listing.prefixes.extend(page.prefixes);
            token = page.next_page_token.filter(|token| !token.is_empty());
            if token.is_none() {
                // A prefix may be at the end of one page and at the beginning of the next.
                listing.prefixes.dedup();
                return Ok(listing);
            }
        }
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
