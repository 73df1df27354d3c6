//! Names of topics and subscriptions.

use crate::error::PortError;
use std::fmt;

/// The longest name of a topic or subscription, in characters.
const LONGEST: usize = 255;

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $kind:literal, $collection:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type {
            project: String,
            id: String,
        }

        impl $type {
            /// The name with this id in a project.
            ///
            /// # Errors
            /// [`PortError::Invalid`] for a name that Google would refuse.
            pub fn new(project: &str, id: &str) -> Result<Self, PortError> {
                check(project, id, $kind)?;
                Ok(Self { project: project.to_owned(), id: id.to_owned() })
            }

            /// Parses a full name, or an id in `project`.
            ///
            /// # Errors
            /// As [`Self::new`].
            pub fn parse(text: &str, project: &str) -> Result<Self, PortError> {
                let text = text.trim();
                match text.strip_prefix("projects/") {
                    None => Self::new(project, text),
                    Some(rest) => match rest.split_once(concat!("/", $collection, "/")) {
                        Some((project, id)) => Self::new(project, id),
                        None => Err(PortError::invalid(format!(
                            "'{text}' is not the name of a {}; write projects/<project>/{}/<name>",
                            $kind, $collection
                        ))),
                    },
                }
            }

            /// The project.
            pub fn project(&self) -> &str {
                &self.project
            }

            /// The name without its project.
            pub fn id(&self) -> &str {
                &self.id
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "projects/{}/{}/{}", self.project, $collection, self.id)
            }
        }
    };
}

name!(
    /// The name of a topic: `projects/PROJECT/topics/ID`.
    TopicName, "topic", "topics"
);
name!(
    /// The name of a subscription: `projects/PROJECT/subscriptions/ID`.
    SubscriptionName, "subscription", "subscriptions"
);

/// Google's rules: 3 to 255 letters, digits and `-_.~+%`, a letter first, and not `goog`.
fn check(project: &str, id: &str, kind: &str) -> Result<(), PortError> {
    let in_project = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    if project.is_empty() || project.starts_with('.') || !project.bytes().all(in_project) {
        return Err(PortError::invalid(format!(
            "'{}' is not the id of a project, which the {kind} '{}' belongs to",
            project.escape_debug(),
            id.escape_debug()
        )));
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~+%".contains(&byte);
    let is_right = (3..=LONGEST).contains(&id.len())
        && id.bytes().all(allowed)
        && id.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && !id.starts_with("goog");
    if is_right {
        return Ok(());
    }
    Err(PortError::invalid(format!(
        "'{}' cannot be the name of a {kind}; use 3 to 255 letters, digits and -_.~+%, a letter first, and not 'goog'",
        id.escape_debug()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_given_in_full_or_without_its_project() {
        let full = "projects/p-1/topics/orders.v2";
        assert_eq!(TopicName::parse(full, "other").unwrap().to_string(), full);
        assert_eq!(TopicName::parse(" orders.v2 ", "p-1").unwrap().to_string(), full);
        let name = SubscriptionName::parse("sub", "domain.com:p").unwrap();
        assert_eq!(name.to_string(), "projects/domain.com:p/subscriptions/sub");
        assert_eq!((name.project(), name.id()), ("domain.com:p", "sub"));
    }

    #[test]
    fn a_name_that_google_refuses_is_refused() {
        let long = "a".repeat(256);
        for wrong in ["", "ab", "1abc", "goog-x", "a b c", "a/b/c", &long, "projects/p/subscriptions/abc"] {
            assert!(TopicName::parse(wrong, "p").is_err(), "{wrong}");
        }
        for project in ["", "..", "a/b", "a b"] {
            assert!(TopicName::new(project, "abc").is_err(), "{project}");
        }
    }
}
