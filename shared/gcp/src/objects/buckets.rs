//! Buckets, with the JSON API.

use super::wire::{BucketChange, BucketPage, BucketResource, IamConfiguration};
use super::{CloudObjectStore, PORT, names};
use crate::rest::{Request, RestError};
use reqwest::Method;
use segue_ports::PortError;
use segue_ports::object::{BucketInfo, BucketSpec, check_bucket_name};
use std::collections::BTreeMap;

/// How often a change is repeated after another process changed the bucket first.
const TRIES: u8 = 5;

/// The name of a bucket in errors.
pub(super) fn named(name: &str) -> String {
    format!("the bucket '{name}'")
}

impl CloudObjectStore {
    fn of_bucket(&self, method: Method, name: &str) -> Request<'_> {
        self.access.rest.request(method, ["b", name])
    }

    pub(super) async fn make_bucket(&self, spec: BucketSpec) -> Result<BucketInfo, PortError> {
        let name = spec.name.as_str();
        check_bucket_name(name)?;
        let said = |error: RestError| error.about(PORT, named(name));
        let body = BucketChange {
            name: Some(name),
            location: spec.location.as_deref(),
            storage_class: spec.storage_class.as_deref(),
            labels: spec.labels.iter().map(|(key, value)| (key.as_str(), Some(value.as_str()))).collect(),
            iam_configuration: Some(IamConfiguration::CLOSED),
        };
        self.counters.class_a();
        let request =
            self.access.rest.post(["b"]).query("project", &self.project).json(&body).map_err(said)?;
        let made: BucketResource = request.send().await.map_err(said)?;
        Ok(made.info()?.0)
    }

    /// A bucket, and the number of its last change.
    pub(super) async fn look_at_bucket(&self, name: &str) -> Result<Option<(BucketInfo, String)>, PortError> {
        let name = names::bucket(name)?;
        self.counters.class_b();
        match self.of_bucket(Method::GET, name).send::<BucketResource>().await {
            Ok(found) => found.info().map(Some),
            Err(error) if error.is_status(404) => Ok(None),
            Err(error) => Err(error.about(PORT, named(name))),
        }
    }

    /// Replaces labels as a whole. Cloud Storage itself would add to them.
    pub(super) async fn change_bucket(&self, spec: BucketSpec) -> Result<BucketInfo, PortError> {
        let name = names::bucket(&spec.name)?;
        let said = |error: RestError| error.about(PORT, named(name));
        let mut tries = 0;
        loop {
            tries += 1;
            let (found, change) =
                self.look_at_bucket(name).await?.ok_or_else(|| PortError::not_found(named(name)))?;
            stays_where_it_is(&found, &spec)?;
            let mut labels: BTreeMap<&str, Option<&str>> =
                found.labels.keys().map(|key| (key.as_str(), None)).collect();
            labels.extend(spec.labels.iter().map(|(key, value)| (key.as_str(), Some(value.as_str()))));
            let body = BucketChange {
                name: None,
                location: None,
                storage_class: spec.storage_class.as_deref(),
                labels,
                iam_configuration: None,
            };
            let request = self.of_bucket(Method::PATCH, name).query("ifMetagenerationMatch", &change);
            self.counters.class_a();
            match request.json(&body).map_err(said)?.send::<BucketResource>().await {
                Ok(changed) => return Ok(changed.info()?.0),
                Err(error) if error.is_status(412) && tries < TRIES => {}
                Err(error) => return Err(said(error)),
            }
        }
    }

    /// The buckets of the project, by name.
    pub(super) async fn all_buckets(&self) -> Result<Vec<BucketInfo>, PortError> {
        let (mut found, mut token) = (Vec::new(), None::<String>);
        loop {
            let request = self.access.rest.get(["b"]).query("project", &self.project);
            self.counters.class_a();
            let page: BucketPage = request
                .query_if("pageToken", token.as_deref())
                .send()
                .await
                .map_err(|error| error.about(PORT, format!("the project {}", self.project)))?;
            for bucket in page.items {
                found.push(bucket.info()?.0);
            }
            token = page.next_page_token.filter(|token| !token.is_empty());
            if token.is_none() {
                found.sort_by(|one, other| one.name.cmp(&other.name));
                return Ok(found);
            }
        }
    }

    pub(super) async fn remove_bucket(&self, name: &str) -> Result<(), PortError> {
        let name = names::bucket(name)?;
        self.counters.free();
        match self.of_bucket(Method::DELETE, name).done().await {
            // Google answers 409. fake-gcs-server answers 412, although no condition was set.
            Err(error) if error.is_status(409) || error.is_status(412) => {
                Err(PortError::invalid(format!("the bucket '{name}' is not empty; delete its objects first")))
            }
            other => other.map_err(|error| error.about(PORT, named(name))),
        }
    }
}

/// Refuses to change the location of a bucket: it is set once, at creation.
fn stays_where_it_is(found: &BucketInfo, spec: &BucketSpec) -> Result<(), PortError> {
    match (&found.location, &spec.location) {
        (Some(is), Some(asked)) if !is.eq_ignore_ascii_case(asked) => Err(PortError::invalid(format!(
            "the bucket '{}' is in {is} and cannot be moved to {asked}; make another one there",
            spec.name
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PlatformConfig;
    use axum::Router;
    use axum::http::StatusCode;
    use axum::routing::post;
    use serde_json::{Value, json};

    /// An organisation with uniform access as a policy: it refuses other buckets with 412.
    async fn make(body: axum::Json<Value>) -> (StatusCode, String) {
        let closed =
            json!({"uniformBucketLevelAccess": {"enabled": true}, "publicAccessPrevention": "enforced"});
        if body["iamConfiguration"] == closed && body["name"] == "good" {
            let made = json!({"name": "good", "metageneration": "1", "timeCreated": "2024-01-01T00:00:00Z",
                "updated": "2024-01-01T00:00:00Z"});
            return (StatusCode::OK, made.to_string());
        }
        let refused = json!({"error": {"code": 412, "message": "Request violates constraint", "errors":
            [{"reason": "conditionNotMet"}]}});
        (StatusCode::PRECONDITION_FAILED, refused.to_string())
    }

    #[tokio::test]
    async fn a_new_bucket_is_closed_and_a_policy_is_not_taken_for_a_conflict() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let router = Router::new().route("/storage/v1/b", post(make));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let config = PlatformConfig::from_variables(|name| match name {
            "SEGUE_PROJECT" => Some("p".to_owned()),
            "STORAGE_EMULATOR_HOST" => Some(address.clone()),
            _ => None,
        });
        let store = CloudObjectStore::connect(&config.unwrap()).unwrap();
        let spec = |name: &str| BucketSpec { name: name.to_owned(), ..BucketSpec::default() };
        assert_eq!(store.make_bucket(spec("good")).await.unwrap().name, "good");
        let refused = store.make_bucket(spec("other")).await.unwrap_err();
        assert!(
            matches!(&refused, PortError::Invalid { message } if message.contains("policy")),
            "{refused}"
        );
    }
}
