//! The owner of a file of internal storage, and whether one namespace is a parent of another. The rules follow the
//! addresses of docs/kestra.md 2.8 and read nothing.
//!
//! How to add one more kind of file: a variant of [`Owner`], and its address in [`Owner::from_path`].

/// The folder of files that only the platform uses, such as the variables of containers. No namespace has this name.
pub const PLATFORM_FOLDER: &str = "_segue";

/// The owner of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner<'a> {
    /// A namespace. The file is one of its namespace files.
    Namespace(String),
    /// An execution. The file is an input, an output or a log.
    Execution {
        /// The namespace of its flow.
        namespace: String,
        /// Its id.
        id: &'a str,
    },
    /// A flow. The file is the cache of a WorkingDirectory.
    Flow {
        /// Its namespace.
        namespace: String,
    },
    /// The platform. No execution may use the file.
    Platform,
    /// No owner: Segue stores no file at such a path.
    Nobody,
}

impl<'a> Owner<'a> {
    /// The owner of the file at a path without a leading slash.
    pub(super) fn from_path(path: &'a str) -> Self {
        let parts: Vec<&str> = path.split('/').collect();
        if parts.first().is_some_and(|first| *first == PLATFORM_FOLDER) {
            return Self::Platform;
        }
        let namespace = |length: usize| parts.iter().take(length).copied().collect::<Vec<_>>().join(".");
        for (at, part) in parts.iter().enumerate() {
            let next = parts.get(at + 1).copied();
            match *part {
                "_files" if at >= 1 => return Self::Namespace(namespace(at)),
                // A flow may be called 'executions'.
                "executions" if at >= 2 && next.is_some_and(|next| next != "executions") => {
                    return Self::Execution { namespace: namespace(at - 1), id: next.unwrap_or_default() };
                }
                "cache" if at >= 3 => return Self::Flow { namespace: namespace(at - 2) },
                _ => {}
            }
        }
        Self::Nobody
    }

    /// The namespace that the file belongs to.
    pub(super) fn namespace(&self) -> Option<&str> {
        match self {
            Self::Namespace(namespace) | Self::Execution { namespace, .. } | Self::Flow { namespace } => {
                Some(namespace)
            }
            Self::Platform | Self::Nobody => None,
        }
    }
}

/// Whether two namespaces are the same, or one is a parent of the other: `company` and `company.team`.
pub(super) fn in_line(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_address_has_its_owner() {
        let execution = |namespace: &str, id| Owner::Execution { namespace: namespace.to_owned(), id };
        let of_namespace = |namespace: &str| Owner::Namespace(namespace.to_owned());
        let table = [
            ("company/team/etl/executions/4qEe/tasks/a/5ALA/x.csv", execution("company.team", "4qEe")),
            ("company/team/etl/executions/4qEe/inputs/file/x.csv", execution("company.team", "4qEe")),
            ("solo/etl/executions/4qEe/tasks/a/5ALA/executions/b", execution("solo", "4qEe")),
            ("solo/executions/executions/4qEe/tasks/a/5ALA/x", execution("solo", "4qEe")),
            ("company/team/_files/sql/q.sql", of_namespace("company.team")),
            ("company/_files/etl/executions/1/x", of_namespace("company")),
            ("company/team/etl/load/cache/cache.zip", Owner::Flow { namespace: "company.team".to_owned() }),
            ("_segue/containers/1/executions/2/x", Owner::Platform),
            ("_segue", Owner::Platform),
            ("a/x.csv", Owner::Nobody),
            ("_files/x", Owner::Nobody),
            ("etl/executions", Owner::Nobody),
        ];
        for (path, owner) in table {
            assert_eq!(Owner::from_path(path), owner, "{path}");
        }
    }

    #[test]
    fn a_namespace_is_in_line_with_those_around_and_below_it() {
        let table = [
            ("company.team", "company.team", true),
            ("company.team", "company", true),
            ("company", "company.team.data", true),
            ("company.team", "company.teams", false),
            ("company.team", "company.other", false),
            ("company", "other", false),
        ];
        for (one, other, expect) in table {
            assert_eq!(in_line(one, other), expect, "{one} {other}");
            assert_eq!(in_line(other, one), expect, "{other} {one}");
        }
    }
}
