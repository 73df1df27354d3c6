//! XML: elements.

mod number;
mod read;
mod tree;
mod write;

pub use read::{ParserConfiguration, XmlToIon};
pub use write::IonToXml;
