//! Fetches the files of external tables that are not yet below the object root.

use segue_ports::warehouse::WarehouseError;

/// Copies remote objects below the object root before a statement reads them.
pub trait ObjectSource: Send + Sync {
    /// Makes the files below the object root equal to the objects that match `uri` now. The path of a file is
    /// `<bucket>/<key>`. `uri` is `gs://bucket/key`, with `*` for any characters of the key. The warehouse calls this
    /// method on a thread that may block. A missing object is not an error here, because the statement reports it.
    ///
    /// # Errors
    /// [`WarehouseError::Unavailable`] if the objects cannot be fetched.
    fn fetch(&self, uri: &str) -> Result<(), WarehouseError>;
}
