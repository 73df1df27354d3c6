//! What is in the images that flows name most. Where there is no Docker, a task that asks for one of them runs as a
//! process with the same Python packages (docs/kestra.md 4.4).
//!
//! What it must not know: how packages are installed, and which task asks.
//!
//! How to add one more: a row in [`IMAGES`]. Images of dbt are known by their name, `dbt-ADAPTER`.

/// The Python and the packages of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KnownImage {
    /// Packages, as `pip` takes them.
    pub(crate) packages: Vec<String>,
    /// The version of Python, as in `3.12`. None if the image does not promise one.
    pub(crate) python: Option<String>,
}

/// Images by the end of their name, with their packages.
const IMAGES: &[(&str, &[&str])] = &[
    ("python", &[]),
    ("kestra-io/kestrapy", &["requests"]),
    ("kestra-io/pydata", &["requests", "pandas", "polars", "pyarrow", "duckdb", "boto3"]),
    ("kestra-io/pandas", &["requests", "pandas", "pyarrow"]),
    ("kestra-io/polars", &["requests", "polars", "pyarrow"]),
    ("kestra-io/ansible", &["ansible"]),
    ("cytopia/ansible", &["ansible"]),
    ("kestra-io/sqlmesh", &["sqlmesh"]),
    ("kestra-io/modal", &["modal"]),
    ("amazon/aws-cli", &["awscli"]),
    ("azure-cli", &["azure-cli"]),
];

/// The adapters of dbt that have a package `dbt-ADAPTER`.
const ADAPTERS: &[&str] = &[
    "athena",
    "bigquery",
    "clickhouse",
    "databricks",
    "duckdb",
    "fabric",
    "mysql",
    "postgres",
    "redshift",
    "snowflake",
    "spark",
    "sqlite",
    "sqlserver",
    "trino",
];
/// The adapters of an image that is only called `dbt`.
const USUAL_ADAPTERS: &[&str] = &["bigquery", "duckdb", "postgres"];
/// The dbt of an image without a version. dbt 1.11 and later fetch some of their parts from a place that is no package
/// registry, and many networks refuse that.
const LATEST_DBT: &str = "dbt-core>=1.8,<1.11";

/// What is in an image. None if that is not known.
pub(crate) fn known(image: &str) -> Option<KnownImage> {
    let (name, tag) = split(image);
    let last = name.rsplit('/').next().unwrap_or(name);
    if let Some(packages) = dbt(last, tag) {
        return Some(KnownImage { packages, python: None });
    }
    let is_named = |end: &str| name == end || name.strip_suffix(end).is_some_and(|rest| rest.ends_with('/'));
    let (found, packages) = IMAGES.iter().find(|(end, _)| is_named(end))?;
    Some(KnownImage {
        packages: packages.iter().map(|&package| package.to_owned()).collect(),
        python: (*found == "python").then(|| version(tag, 2)).flatten(),
    })
}

/// The packages of dbt with adapters. With a version, as in `1.9`, both have this version.
pub(crate) fn dbt_packages<'a>(
    adapters: impl IntoIterator<Item = &'a str>,
    version: Option<&str>,
) -> Vec<String> {
    let core = version.map_or_else(|| LATEST_DBT.to_owned(), |version| format!("dbt-core~={version}.0"));
    let adapter = |name: &str| match version {
        Some(version) => format!("dbt-{name}~={version}.0"),
        None => format!("dbt-{name}"),
    };
    std::iter::once(core).chain(adapters.into_iter().map(adapter)).collect()
}

/// Whether dbt has a package for this adapter.
pub(crate) fn is_adapter(name: &str) -> bool {
    ADAPTERS.contains(&name)
}

fn dbt(last: &str, tag: Option<&str>) -> Option<Vec<String>> {
    let adapters = match last.strip_prefix("dbt")? {
        "" => USUAL_ADAPTERS,
        rest => {
            let name = rest.strip_prefix('-')?;
            let at = ADAPTERS.iter().position(|&adapter| adapter == name)?;
            ADAPTERS.get(at..=at)?
        }
    };
    Some(dbt_packages(adapters.iter().copied(), version(tag, 2).as_deref()))
}

/// Divides an image into its name and its tag. A digest says nothing about the packages.
fn split(image: &str) -> (&str, Option<&str>) {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        // A colon before a slash belongs to the port of the registry.
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (image, None),
    }
}

/// The first numbers of a tag, as in `3.12` for `v3.12.1-slim`. None if the tag does not begin with so many numbers.
fn version(tag: Option<&str>, numbers: usize) -> Option<String> {
    let tag = tag?.trim_start_matches('v');
    let tag = tag.split(['-', '_', '+']).next().unwrap_or(tag);
    let parts: Vec<&str> = tag.split('.').take(numbers).collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
    (parts.len() == numbers && parts.iter().all(is_number)).then(|| parts.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(image: &str) -> Vec<String> {
        known(image).unwrap().packages
    }

    #[test]
    fn an_image_of_dbt_is_known_by_its_adapter_and_version() {
        assert_eq!(
            packages("ghcr.io/kestra-io/dbt-bigquery:latest"),
            ["dbt-core>=1.8,<1.11", "dbt-bigquery"]
        );
        assert_eq!(
            packages("ghcr.io/kestra-io/dbt-bigquery"),
            packages("ghcr.io/kestra-io/dbt-bigquery:latest")
        );
        assert_eq!(
            packages("ghcr.io/dbt-labs/dbt-postgres:1.9.latest"),
            ["dbt-core~=1.9.0", "dbt-postgres~=1.9.0"]
        );
        assert_eq!(packages("localhost:5000/dbt-duckdb:1.8.2"), ["dbt-core~=1.8.0", "dbt-duckdb~=1.8.0"]);
        assert_eq!(packages("ghcr.io/kestra-io/dbt").len(), 4);
        assert_eq!(known("ghcr.io/kestra-io/dbt-something"), None);
        assert_eq!(known("dbtx"), None);
    }

    #[test]
    fn an_image_of_python_has_its_version() {
        let python = |image: &str| known(image).unwrap().python;
        assert_eq!(python("python:3.13-slim").as_deref(), Some("3.13"));
        assert_eq!(python("docker.io/library/python:3.11.4").as_deref(), Some("3.11"));
        assert_eq!(python("python"), None);
        assert_eq!(python("python:slim"), None);
        assert_eq!(python("python@sha256:12"), None);
        assert_eq!(packages("python:3.11"), [""; 0]);
    }

    #[test]
    fn other_images_are_known_by_the_end_of_their_name() {
        assert!(packages("ghcr.io/kestra-io/pydata:latest").contains(&"pandas".to_owned()));
        assert_eq!(packages("mcr.microsoft.com/azure-cli"), ["azure-cli"]);
        for unknown in ["rj24/spotify-pipeline:v3.0", "ubuntu", "", "mypython", "me/other-python:3"] {
            assert_eq!(known(unknown), None, "{unknown}");
        }
    }
}
