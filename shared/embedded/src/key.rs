//! The key for SECRET inputs and outputs. It comes from `SEGUE_ENCRYPTION_KEY`. Without this variable it comes from a
//! file in the data directory, which is created if it does not exist.
//!
//! What it must not know: what is encrypted with the key. It never prints a key.

use crate::secrets::ENCRYPTION_KEY;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use segue_model::Cipher;
use segue_ports::PortError;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use tempfile::NamedTempFile;

/// The name of the file with the key. Only its owner can read the file.
const FILE: &str = "secret.key";

/// The cipher of a data directory. `variable` is the key from the environment; `None` if it is not set. The caller must
/// be the only user of the directory.
pub(crate) fn cipher(data_dir: &Path, variable: Option<&str>) -> Result<Cipher, PortError> {
    if let Some(text) = variable {
        return Cipher::from_base64(text)
            .map_err(|error| PortError::invalid(format!("{ENCRYPTION_KEY}: {error}")));
    }
    let path = data_dir.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => make(data_dir, &path).map_err(failed(&path))?,
        Err(error) => return Err(failed(&path)(error)),
    };
    Cipher::from_base64(&text).map_err(|error| {
        PortError::invalid(format!(
            "{}: {error}. Put the old file back, or remove it to get a new key: SECRET values of earlier \
             executions are then lost",
            path.display()
        ))
    })
}

/// Creates a key and its file. The file appears with its whole content, and only its owner can read it.
fn make(data_dir: &Path, path: &Path) -> Result<String, std::io::Error> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a new key is random; it is made once for a data directory"
    )]
    let text = STANDARD.encode(rand::random::<[u8; 32]>());
    let mut file = NamedTempFile::new_in(data_dir)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(text)
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> PortError {
    let shown = path.display().to_string();
    move |error| PortError::unavailable("encryption key", format!("{shown}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_key_is_made_once_and_is_its_owners() {
        let dir = tempfile::tempdir().unwrap();
        let sealed = cipher(dir.path(), None).unwrap().seal(&json!("sesame"), &["e"]).unwrap();
        let mode = std::fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mut opened = sealed;
        cipher(dir.path(), None).unwrap().open(&mut opened, &mut |_| {}).unwrap();
        assert_eq!(opened, json!("sesame"));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
        let other = tempfile::tempdir().unwrap();
        cipher(other.path(), None).unwrap();
        let key = |dir: &Path| std::fs::read_to_string(dir.join(FILE)).unwrap();
        assert_ne!(key(dir.path()), key(other.path()));
    }

    #[test]
    fn the_variable_counts_more_and_no_file_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let key = STANDARD.encode([7; 32]);
        let owner = ["e"];
        let sealed = cipher(dir.path(), Some(&key)).unwrap().seal(&json!("sesame"), &owner).unwrap();
        assert_eq!(sealed, Cipher::from_base64(&key).unwrap().seal(&json!("sesame"), &owner).unwrap());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_bad_key_says_where_and_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let refused = cipher(dir.path(), Some("c2hvcnQ=")).unwrap_err().to_string();
        assert!(refused.contains("SEGUE_ENCRYPTION_KEY: ") && refused.contains("32 bytes"), "{refused}");
        std::fs::write(dir.path().join(FILE), "c2hvcnQ=").unwrap();
        let refused = cipher(dir.path(), None).unwrap_err().to_string();
        assert!(refused.contains("secret.key") && refused.contains("remove it"), "{refused}");
        assert!(!refused.contains("c2hv"), "{refused}");
    }
}
