//! A model of a disk that keeps only what was synced. It learns from the lines of strace which system calls a process
//! makes.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// The system calls to trace: calls that change or sync the disk, and calls that write to the standard output.
pub(crate) const CALLS: &str = "trace=openat,open,creat,write,writev,pwrite64,pwritev,ftruncate,truncate,fallocate,fsync,\
                         fdatasync,sync_file_range,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,\
                         rmdir,copy_file_range,sendfile";

/// What a line of strace reports.
pub(crate) enum Happened {
    /// The process printed this text to its standard output.
    Said(String),
}

#[derive(Default)]
struct File {
    now: Vec<u8>,
    /// The content at the last sync.
    kept: Vec<u8>,
    /// The position of the next write without an offset.
    end: usize,
}

/// The state of the disk below one folder.
pub(crate) struct Disk {
    top: PathBuf,
    files: Vec<File>,
    /// The names of files, as the process sees them. The number is the index of the file. `None` for a folder.
    names: BTreeMap<PathBuf, Option<usize>>,
    /// The names of files that were synced, in the same form as `names`.
    kept: BTreeMap<PathBuf, Option<usize>>,
    /// The beginnings of calls that strace printed in two parts, by thread.
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

    /// Applies one line of strace to the disk. Returns what the line reports.
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
                let offset = if call == "pwrite64" { last() } else { None };
                let file = self.file(&path);
                let from = offset.unwrap_or(file.end);
                if file.now.len() < from + bytes.len() {
                    file.now.resize(from + bytes.len(), 0);
                }
                file.now[from..from + bytes.len()].copy_from_slice(&bytes);
                if offset.is_none() {
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
                    // Syncing a folder keeps the names directly in the folder, not the names in its subfolders.
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
            // The disk does not know this call. To ignore the call could make the disk wrong.
            other => {
                assert!(open.is_none() && at(0).is_none(), "the disk does not know {other}({arguments})")
            }
        }
        None
    }

    /// The path relative to the folder. `None` if the path is not below the folder.
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

    /// Writes everything that the disk has kept to `folder`, as after a power cut.
    pub(crate) fn cut(&self, folder: &Path) {
        for (name, file) in &self.kept {
            // If the name of the folder above was not kept, the file is lost too.
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

/// The path that strace prints after a file descriptor: `3</a/b>`. With -xx, the letters of the path are hexadecimal
/// numbers.
fn path_of(text: &str) -> Option<String> {
    let (number, rest) = text.split_once('<')?;
    number.trim().parse::<u32>().ok()?;
    let (path, _) = rest.split_once('>')?;
    Some(if path.starts_with("\\x") { String::from_utf8(unescaped(path)).ok()? } else { path.to_owned() })
}

/// The quoted texts in the arguments of a call.
fn texts(arguments: &str) -> Vec<String> {
    let quoted = arguments.split('"').skip(1).step_by(2);
    quoted.map(|text| String::from_utf8_lossy(&unescaped(text)).into_owned()).collect()
}

/// The bytes that a call writes.
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
