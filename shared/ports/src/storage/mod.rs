//! Internal storage: a bucket, or a prefix in a bucket, for the files of executions. The address of a file is
//! `kestra:///…` (docs/kestra.md 2.8).

mod foreign;
mod owner;

pub use foreign::ForeignFiles;
pub use owner::PLATFORM_FOLDER;

use crate::error::PortError;
use crate::object::{ByteStream, ObjectAddress, ObjectAttributes, ObjectInfo, ObjectStore};
use crate::state::StateStore;
use foreign::Reader;
use segue_model::id::ExecutionId;
use std::path::Path;
use std::sync::Arc;

/// The scheme of internal storage.
pub const SCHEME: &str = "kestra://";

/// Internal storage. Cheap to clone.
#[derive(Clone)]
pub struct InternalStorage {
    objects: Arc<dyn ObjectStore>,
    bucket: String,
    prefix: String,
    foreign: ForeignFiles,
    /// The execution that reads the storage. `None` for the platform, which may use every file.
    reader: Option<Reader>,
}

impl InternalStorage {
    /// Internal storage in `bucket`, under `prefix`. The prefix is empty or ends with a slash.
    pub fn new(objects: Arc<dyn ObjectStore>, bucket: impl Into<String>, prefix: impl Into<String>) -> Self {
        let (bucket, prefix) = (bucket.into(), prefix.into());
        Self { objects, bucket, prefix, foreign: ForeignFiles::default(), reader: None }
    }

    /// The same storage with another rule for the files of foreign namespaces.
    #[must_use]
    pub fn with_foreign_files(self, foreign: ForeignFiles) -> Self {
        Self { foreign, ..self }
    }

    /// The same storage for an execution of a namespace: files that the execution may not use are refused.
    #[must_use]
    pub fn for_execution(
        &self,
        state: Arc<dyn StateStore>,
        namespace: &str,
        execution_id: &ExecutionId,
    ) -> Self {
        let (namespace, execution_id) = (namespace.to_owned(), execution_id.clone());
        Self { reader: Some(Reader { state, namespace, execution_id }), ..self.clone() }
    }

    /// Whether a text is an address of internal storage.
    pub fn is_uri(text: &str) -> bool {
        text.starts_with("kestra:///")
    }

    /// The URI of a path (`a/b/c.csv`).
    pub fn uri(path: &str) -> String {
        format!("{SCHEME}/{}", path.trim_start_matches('/'))
    }

    /// The bucket of the storage. Below a prefix, other objects of the bucket are no files of the storage.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The path of an object in this storage. None if the object is not in it.
    pub fn path_of<'a>(&self, address: &'a ObjectAddress) -> Option<&'a str> {
        address.key.strip_prefix(&self.prefix).filter(|_| address.bucket == self.bucket)
    }

    /// The address of the object that a URI names. Only for URIs that Segue made. For a URI from a flow, use
    /// [`Self::admitted`].
    ///
    /// # Errors
    /// [`PortError::Invalid`] if the text is not a `kestra:///` URI, or the path contains `..`.
    pub fn address(&self, uri: &str) -> Result<ObjectAddress, PortError> {
        let path = uri.strip_prefix("kestra:///").ok_or_else(|| {
            PortError::invalid(format!(
                "'{uri}' is not a file of internal storage; its URI must begin with kestra:///"
            ))
        })?;
        if path.is_empty() || path.split('/').any(|part| part == ".." || part == "." || part.is_empty()) {
            return Err(PortError::invalid(format!("'{uri}' is not a plain path in internal storage")));
        }
        Ok(ObjectAddress::new(&self.bucket, format!("{}{path}", self.prefix)))
    }

    /// The address of the object that a URI names, if the execution that reads the storage may use the file.
    ///
    /// # Errors
    /// As [`Self::address`]. [`PortError::Invalid`] for a file of a foreign namespace.
    pub async fn admitted(&self, uri: &str) -> Result<ObjectAddress, PortError> {
        let address = self.address(uri)?;
        if let Some(reader) = &self.reader {
            reader.admit(uri.trim_start_matches("kestra:///"), self.foreign).await?;
        }
        Ok(address)
    }

    /// Writes a stream to a path and returns its URI.
    ///
    /// # Errors
    /// As [`ObjectStore::put`].
    pub async fn put(&self, path: &str, bytes: ByteStream) -> Result<(String, ObjectInfo), PortError> {
        let uri = Self::uri(path);
        let info = self.objects.put(&self.admitted(&uri).await?, bytes, ObjectAttributes::default()).await?;
        Ok((uri, info))
    }

    /// Writes a text to a path and returns its URI.
    ///
    /// # Errors
    /// As [`ObjectStore::put`].
    pub async fn put_text(&self, path: &str, text: impl Into<bytes::Bytes>) -> Result<String, PortError> {
        let bytes = text.into();
        let stream = Box::pin(futures::stream::once(async move { Ok(bytes) }));
        Ok(self.put(path, stream).await?.0)
    }

    /// Moves a local file to a path and returns its URI.
    ///
    /// # Errors
    /// As [`ObjectStore::put_file`].
    pub async fn put_file(&self, path: &str, file: &Path) -> Result<(String, ObjectInfo), PortError> {
        let uri = Self::uri(path);
        let info =
            self.objects.put_file(&self.admitted(&uri).await?, file, ObjectAttributes::default()).await?;
        Ok((uri, info))
    }

    /// Reads the file that a URI names.
    ///
    /// # Errors
    /// As [`ObjectStore::get`].
    pub async fn get(&self, uri: &str) -> Result<(ObjectInfo, ByteStream), PortError> {
        self.objects.get(&self.admitted(uri).await?).await
    }

    /// Reads the file that a URI names as text of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`ObjectStore::get`]. [`PortError::Invalid`] if the file is larger or is not UTF-8.
    pub async fn get_text(&self, uri: &str, limit: u64) -> Result<String, PortError> {
        use futures::TryStreamExt as _;
        let (info, mut stream) = self.get(uri).await?;
        if info.size > limit {
            return Err(PortError::invalid(format!(
                "{uri} has {} bytes; at most {limit} can be read into an expression",
                info.size
            )));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.try_next().await? {
            bytes.extend_from_slice(&chunk);
        }
        String::from_utf8(bytes).map_err(|_| PortError::invalid(format!("{uri} is not UTF-8 text")))
    }

    /// Copies the file that a URI names into a local file.
    ///
    /// # Errors
    /// As [`ObjectStore::get_file`].
    pub async fn get_file(&self, uri: &str, file: &Path) -> Result<ObjectInfo, PortError> {
        self.objects.get_file(&self.admitted(uri).await?, file).await
    }

    /// The description of the file that a URI names. None if it does not exist.
    ///
    /// # Errors
    /// As [`ObjectStore::head`].
    pub async fn head(&self, uri: &str) -> Result<Option<ObjectInfo>, PortError> {
        self.objects.head(&self.admitted(uri).await?).await
    }

    /// Removes the file that a URI names. Returns false if it did not exist.
    ///
    /// # Errors
    /// As [`ObjectStore::delete`].
    pub async fn delete(&self, uri: &str) -> Result<bool, PortError> {
        self.objects.delete(&self.admitted(uri).await?).await
    }

    /// The names of the folders directly below a folder. The folder is empty, or ends with a slash.
    ///
    /// # Errors
    /// As [`ObjectStore::list`].
    pub async fn folders(&self, folder: &str) -> Result<Vec<String>, PortError> {
        if let Some(reader) = &self.reader {
            reader.admit(folder, self.foreign).await?;
        }
        let above = format!("{}{folder}", self.prefix);
        let listing = self.objects.list(&self.bucket, &above, Some('/')).await?;
        let name = |prefix: String| Some(prefix.strip_prefix(&above)?.trim_end_matches('/').to_owned());
        Ok(listing.prefixes.into_iter().filter_map(name).collect())
    }

    /// The URIs and sizes of all files under a path.
    ///
    /// # Errors
    /// As [`ObjectStore::list`].
    pub async fn list(&self, path: &str) -> Result<Vec<(String, u64)>, PortError> {
        let path = path.trim_start_matches('/');
        if let Some(reader) = &self.reader {
            reader.admit(path, self.foreign).await?;
        }
        let prefix = format!("{}{path}", self.prefix);
        let listing = self.objects.list(&self.bucket, &prefix, None).await?;
        Ok(listing
            .objects
            .into_iter()
            .filter_map(|object| {
                let path = object.address.key.strip_prefix(&self.prefix)?;
                Some((Self::uri(path), object.size))
            })
            .collect())
    }
}
