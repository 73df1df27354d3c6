//! A disk that keeps what was synced, told by the lines of strace what a process asks of it.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// The calls that change what is on a disk, or say that it must be there; and those by which the process speaks.
pub(crate) const CALLS: &str = "trace=openat,open,creat,write,writev,pwrite64,pwritev,ftruncate,truncate,fallocate,fsync,\
                         fdatasync,sync_file_range,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,\
                         rmdir,copy_file_range,sendfile";

/// What a line told.
pub(crate) enum Happened {
    /// The process said this on its standard output.
    Said(String),
}

#[derive(Default)]
struct File {
    now: Vec<u8>,
    /// As of the last sync.
    kept: Vec<u8>,
    /// Where the next write goes that names no place.
    end: usize,
}

/// The disk below one folder.
pub(crate) struct Disk {
    top: PathBuf,
    files: Vec<File>,
    /// Which file has which name, as the process sees it; none is a folder.
    names: BTreeMap<PathBuf, Option<usize>>,
    /// The same as the disk has it.
    kept: BTreeMap<PathBuf, Option<usize>>,
    /// Beginnings of calls that were cut in two, by thread.
    begun: HashMap<String, String>,
}

impl Disk {
    pub(crate) fn new(top: &Path) -> Self {
        Self {
            top: top.to_owned(),
            files: Vec::new(),
            names: BTreeMap::new(),
            kept: BTreeMap::new(),
            begun: HashMap::new(),
        }
    }

    /// Takes in a line.
    pub(crate) fn take(&mut self, line: &str) -> Option<Happened> {
        let (thread, rest) = line.split_once(' ')?;
        let rest = rest.trim_start();
        if let Some(begun) = rest.strip_suffix("<unfinished ...>") {
            self.begun.insert(thread.to_owned(), begun.trim_end().to_owned());
            return None;
        }
        let whole = match rest.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>")) {
            Some((_, end)) => self.begun.remove(thread)? + end,
            None => rest.to_owned(),
        };
        let (call, rest) = whole.split_once('(')?;
        let (arguments, result) = rest.rsplit_once(" = ")?;
        if result.starts_with('-') || result.starts_with('?') {
            return None;
        }
        self.call(call, arguments.trim_end().strip_suffix(')')?, result)
    }

    fn call(&mut self, call: &str, arguments: &str, result: &str) -> Option<Happened> {
        let texts = texts(arguments);
        let at = |index: usize| self.below(texts.get(index)?);
        let open = path_of(arguments).and_then(|path| self.below(&path));
        let number = |text: &str| text.trim().parse::<usize>().ok();
        let last = || arguments.rsplit(", ").next().and_then(number);
        match call {
            "openat" if arguments.contains("O_CREAT") || arguments.contains("O_TRUNC") => {
                let path = path_of(result).and_then(|path| self.below(&path))?;
                let file = self.file(&path);
                if arguments.contains("O_TRUNC") {
                    file.now.clear();
                }
                file.end = 0;
            }
            "mkdir" => {
                self.names.insert(at(0)?, None);
            }
            "write" | "pwrite64" => {
                let bytes = bytes_of(arguments);
                let Some(path) = open else {
                    let is_said = call == "write" && arguments.starts_with("1<");
                    return is_said.then(|| Happened::Said(String::from_utf8_lossy(&bytes).into_owned()));
                };
                let place = if call == "pwrite64" { last() } else { None };
                let file = self.file(&path);
                let from = place.unwrap_or(file.end);
                if file.now.len() < from + bytes.len() {
                    file.now.resize(from + bytes.len(), 0);
                }
                file.now[from..from + bytes.len()].copy_from_slice(&bytes);
                if place.is_none() {
                    file.end = from + bytes.len();
                }
            }
            "ftruncate" => {
                let (path, size) = (open?, last()?);
                self.file(&path).now.resize(size, 0);
            }
            "fsync" | "fdatasync" => {
                let path = open?;
                match self.names.get(&path) {
                    Some(Some(file)) => {
                        let file = &mut self.files[*file];
                        file.kept.clone_from(&file.now);
                    }
                    // A folder: its own names, not those further below.
                    _ => {
                        let inside = |name: &PathBuf| name.parent() == Some(path.as_path());
                        self.kept.retain(|name, _| !inside(name));
                        let now = self.names.iter().filter(|(name, _)| inside(name));
                        self.kept.extend(now.map(|(name, file)| (name.clone(), *file)));
                    }
                }
            }
            "rename" | "renameat" | "renameat2" => {
                let (from, to) = (at(0)?, at(1)?);
                let moved: Vec<_> =
                    self.names.keys().filter(|name| name.starts_with(&from)).cloned().collect();
                for name in moved {
                    let target = name
                        .strip_prefix(&from)
                        .map(|rest| if rest.as_os_str().is_empty() { to.clone() } else { to.join(rest) });
                    let file = self.names.remove(&name)?;
                    self.names.insert(target.ok()?, file);
                }
            }
            "link" | "linkat" => {
                let file = self.names.get(&at(0)?).copied()?;
                self.names.insert(at(1)?, file);
            }
            "unlink" | "unlinkat" | "rmdir" => {
                self.names.remove(&at(0)?);
            }
            "openat" | "open" => {}
            // A call this disk does not know would make it wrong without a word.
            other => {
                assert!(open.is_none() && at(0).is_none(), "the disk does not know {other}({arguments})")
            }
        }
        None
    }

    /// A path below the folder, relative to it.
    fn below(&self, path: &str) -> Option<PathBuf> {
        Path::new(path).strip_prefix(&self.top).ok().map(Path::to_owned)
    }

    fn file(&mut self, path: &Path) -> &mut File {
        let next = self.files.len();
        let index = self.names.get(path).copied().flatten().unwrap_or(next);
        if index == next {
            self.files.push(File::default());
            self.names.insert(path.to_owned(), Some(next));
        }
        &mut self.files[index]
    }

    /// Lays what the disk has kept into `folder`.
    pub(crate) fn cut(&self, folder: &Path) {
        for (name, file) in &self.kept {
            // A name in a folder that was not kept is gone with it.
            let above = name.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty());
            if above.into_iter().any(|above| !self.kept.contains_key(above)) {
                continue;
            }
            match file {
                None => std::fs::create_dir_all(folder.join(name)).unwrap(),
                Some(file) => std::fs::write(folder.join(name), &self.files[*file].kept).unwrap(),
            }
        }
    }
}

/// The path that strace names behind a descriptor: `3</a/b>`. With -xx its letters are written as numbers.
fn path_of(text: &str) -> Option<String> {
    let (number, rest) = text.split_once('<')?;
    number.trim().parse::<u32>().ok()?;
    let (path, _) = rest.split_once('>')?;
    Some(if path.starts_with("\\x") { String::from_utf8(unescaped(path)).ok()? } else { path.to_owned() })
}

/// The texts among the arguments.
fn texts(arguments: &str) -> Vec<String> {
    let quoted = arguments.split('"').skip(1).step_by(2);
    quoted.map(|text| String::from_utf8_lossy(&unescaped(text)).into_owned()).collect()
}

/// What is written.
fn bytes_of(arguments: &str) -> Vec<u8> {
    let text = arguments.split('"').nth(1).unwrap_or_default();
    assert!(!arguments.contains("\"..."), "strace cut a write short");
    unescaped(text)
}

fn unescaped(text: &str) -> Vec<u8> {
    text.split("\\x")
        .skip(1)
        .map(|byte| u8::from_str_radix(byte.get(..2).unwrap_or_default(), 16).unwrap())
        .collect()
}
