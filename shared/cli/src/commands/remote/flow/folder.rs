//! Finds the changes in a folder of flows since the last look. Reads no files itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Namespace and id of a flow.
pub(super) type Name = (String, String);

/// A known file.
#[derive(Debug, Default)]
struct Known {
    /// The text at the last deployment.
    text: String,
    /// The flows of the last successful deployment.
    flows: Vec<Name>,
}

/// The known files of a folder.
#[derive(Debug, Default)]
pub(super) struct Folder {
    files: BTreeMap<PathBuf, Known>,
    /// Flows of removed files, until the flows are deleted.
    orphans: BTreeSet<Name>,
}

impl Folder {
    /// The files that are new or have another text.
    pub(super) fn changed<'a>(&self, look: &'a BTreeMap<PathBuf, String>) -> Vec<(&'a Path, &'a str)> {
        look.iter()
            .filter(|(path, text)| self.files.get(*path).is_none_or(|known| known.text != **text))
            .map(|(path, text)| (path.as_path(), text.as_str()))
            .collect()
    }

    /// Records a deployed file. `flows` are its saved flows. None if the file was refused; then the flows of the last
    /// successful deployment stay.
    pub(super) fn done(&mut self, path: &Path, text: &str, flows: Option<Vec<Name>>) {
        let known = self.files.entry(path.to_owned()).or_default();
        text.clone_into(&mut known.text);
        if let Some(flows) = flows {
            let before = std::mem::replace(&mut known.flows, flows);
            self.orphans.extend(before);
        }
    }

    /// Records the removed files, and returns them.
    pub(super) fn gone(&mut self, look: &BTreeMap<PathBuf, String>) -> Vec<PathBuf> {
        let gone: Vec<PathBuf> =
            self.files.keys().filter(|path| !look.contains_key(*path)).cloned().collect();
        for path in &gone {
            if let Some(known) = self.files.remove(path) {
                self.orphans.extend(known.flows);
            }
        }
        gone
    }

    /// The flows that no file contains any more. A flow that moved to another file is not returned.
    pub(super) fn orphans(&mut self) -> Vec<Name> {
        let held: BTreeSet<&Name> = self.files.values().flat_map(|known| &known.flows).collect();
        self.orphans.retain(|name| !held.contains(name));
        self.orphans.iter().cloned().collect()
    }

    /// Forgets an orphan after it was deleted or reported.
    pub(super) fn forget(&mut self, name: &Name) {
        self.orphans.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(files: &[(&str, &str)]) -> BTreeMap<PathBuf, String> {
        files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect()
    }

    fn name(id: &str) -> Name {
        ("n".to_owned(), id.to_owned())
    }

    #[test]
    fn a_file_is_dealt_with_once_for_each_text() {
        let mut folder = Folder::default();
        let first = look(&[("a", "1"), ("b", "1")]);
        assert_eq!(folder.changed(&first).len(), 2);
        for (path, text) in folder.changed(&first) {
            folder.done(path, text, Some(Vec::new()));
        }
        assert!(folder.changed(&first).is_empty());
        let second = look(&[("a", "1"), ("b", "2")]);
        assert_eq!(folder.changed(&second), [(Path::new("b"), "2")]);
    }

    #[test]
    fn a_flow_is_an_orphan_when_no_file_holds_it() {
        let mut folder = Folder::default();
        folder.done("a".as_ref(), "1", Some(vec![name("x"), name("y")]));
        folder.done("a".as_ref(), "2", Some(vec![name("x")]));
        assert_eq!(folder.orphans(), [name("y")]);
        folder.forget(&name("y"));
        assert_eq!(folder.gone(&look(&[])), [PathBuf::from("a")]);
        assert_eq!(folder.orphans(), [name("x")]);
    }

    #[test]
    fn a_renamed_file_leaves_no_orphan_and_a_refused_one_keeps_its_flows() {
        let mut folder = Folder::default();
        folder.done("a".as_ref(), "1", Some(vec![name("x")]));
        folder.gone(&look(&[("b", "1")]));
        folder.done("b".as_ref(), "1", Some(vec![name("x")]));
        assert!(folder.orphans().is_empty());
        folder.done("b".as_ref(), "broken", None);
        assert!(folder.orphans().is_empty());
        folder.gone(&look(&[]));
        assert_eq!(folder.orphans(), [name("x")]);
    }
}
