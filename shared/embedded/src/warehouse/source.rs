//! Where the files of external tables come from when they do not lie below the object root already.

use segue_ports::warehouse::WarehouseError;

/// Brings objects of elsewhere below the object root, before a statement reads them.
pub trait ObjectSource: Send + Sync {
    /// Makes the files below the object root those that `uri` means now, as `<bucket>/<key>`; `gs://bucket/key`, with
    /// `*` for any letters of the key. Called on a thread that may block. An object that is not there is no error: the
    /// statement says so.
    ///
    /// # Errors
    /// [`WarehouseError::Unavailable`] when the objects cannot be had.
    fn fetch(&self, uri: &str) -> Result<(), WarehouseError>;
}
