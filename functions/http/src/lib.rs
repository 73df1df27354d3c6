//! The `http` service: requests URLs and returns or stores the answers (docs/kestra.md 4.1).
//!
//! What it is: [`request::Request`], [`download::Download`] and [`trigger::Trigger`], with their common properties and
//! behaviour in [`properties`], [`body`] and [`exchange`]; and [`oauth_access_token::OauthAccessToken`], for requests to
//! Google.
//!
//! What it must not know: what is done with the answer, which adapter is behind internal storage.
//!
//! How to add one more: a file with the properties struct, its doc comment with an example, and `impl Task`;
//! one line in [`tasks`].

pub mod body;
mod digest;
pub mod download;
pub mod exchange;
mod file_name;
pub mod oauth_access_token;
pub mod properties;
pub mod request;
#[cfg(test)]
mod testing;
pub mod trigger;

use segue_task::TaskList;

/// The task types of this service.
pub fn tasks() -> TaskList {
    TaskList::new("http")
        .deployed_as(include_str!("../function.yaml"))
        .add::<download::Download>()
        .add::<request::Request>()
        .add::<oauth_access_token::OauthAccessToken>()
        .add_trigger::<trigger::Trigger>()
}

#[cfg(test)]
mod tests {
    #[test]
    fn types_and_legacy_names() {
        let mut types = super::tasks().types().types;
        assert_eq!(types.pop().map(|kind| kind.name), Some("io.kestra.plugin.gcp.auth.OauthAccessToken"));
        let names: Vec<_> = types.iter().map(|kind| (kind.name, kind.aliases.as_slice())).collect();
        assert_eq!(
            names,
            [
                ("io.kestra.plugin.core.http.Download", &["io.kestra.plugin.fs.http.Download"][..]),
                ("io.kestra.plugin.core.http.Request", &["io.kestra.plugin.fs.http.Request"][..]),
            ]
        );
        for kind in &types {
            assert!(kind.schema.pointer("/properties/uri/description").is_some(), "{}", kind.schema);
            assert!(kind.schema.pointer("/properties/options").is_some());
        }
    }
}
