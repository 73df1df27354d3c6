//! The connectors in `connectors/`, which are a part of the program.

use rust_embed::RustEmbed;
use segue_connectors::{Connector, ConnectorError};
use std::sync::LazyLock;

/// The files of all connectors.
#[derive(RustEmbed)]
#[folder = "connectors"]
#[include = "*.yaml"]
struct Files;

/// All connectors, in the order of their files. They are read on first use.
pub fn all() -> &'static [Connector] {
    static ALL: LazyLock<Vec<Connector>> = LazyLock::new(|| {
        let known = |read: Result<Connector, ConnectorError>| {
            read.inspect_err(|error| tracing::error!(%error, "a connector is left out")).ok()
        };
        read().into_iter().filter_map(known).collect()
    });
    &ALL
}

/// All files, in alphabetical order, each as the connector it describes.
pub fn read() -> Vec<Result<Connector, ConnectorError>> {
    let mut paths: Vec<_> = Files::iter().collect();
    paths.sort();
    paths.iter().map(|path| parse(path)).collect()
}

fn parse(path: &str) -> Result<Connector, ConnectorError> {
    let file = Files::get(path).map(|file| file.data).unwrap_or_default();
    Connector::parse(path, &String::from_utf8_lossy(&file))
}
