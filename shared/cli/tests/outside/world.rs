//! A folder with files, and the program in it.

#![expect(clippy::disallowed_methods, reason = "a test passes its own environment on")]

use serde_json::Value;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The longest time that a server may take to start, or an execution to get somewhere.
const LIMIT: Duration = Duration::from_secs(60);

/// A folder with files.
pub(crate) struct World {
    folder: TempDir,
    server: Option<Child>,
}

/// The end of a command.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// Fails unless the exit code is this one and the output, standard error included, has all parts.
    #[track_caller]
    pub(crate) fn says(&self, code: i32, parts: &[&str]) -> &Self {
        let all = format!("{}{}", self.out, self.err);
        for part in parts {
            assert!(all.contains(part), "'{part}' is missing:\n{all}");
        }
        assert_eq!(self.code, code, "{all}");
        self
    }

    /// Fails if the output has this part.
    #[track_caller]
    pub(crate) fn does_not_say(&self, part: &str) -> &Self {
        let all = format!("{}{}", self.out, self.err);
        assert!(!all.contains(part), "'{part}' is there:\n{all}");
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), server: None }
    }

    /// A world with a server on the data directory `.segue`.
    pub(crate) fn with_server() -> Self {
        let mut world = Self::new();
        let console = std::fs::File::create(world.path().join("console")).unwrap();
        let mut command = world.command(&["server", "--port", "0", "--google-port", "off"], &[]);
        world.server = Some(command.stdout(Stdio::null()).stderr(console).spawn().unwrap());
        world.until("the server answers", |world| world.path().join(".segue/server.json").exists());
        world
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file.
    pub(crate) fn file(&self, name: &str, text: &str) -> &Self {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Reads a file. A missing file is empty.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap_or_default()
    }

    /// Writes a flow of the namespace `t` to `ID.yaml`.
    pub(crate) fn flow(&self, id: &str, rest: &str) -> &Self {
        self.file(&format!("{id}.yaml"), &format!("id: {id}\nnamespace: t\n{rest}\n"))
    }

    fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_segue"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SEGUE_")) {
            command.env_remove(name);
        }
        command.args(arguments).envs(variables.iter().copied());
        command.current_dir(self.path()).stdin(Stdio::null());
        command
    }

    /// Runs the program.
    pub(crate) fn segue(&self, arguments: &[&str]) -> Ended {
        self.segue_with(arguments, &[])
    }

    /// Runs the program with variables.
    pub(crate) fn segue_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
        let output = self.command(arguments, variables).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ended {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// The id of an execution that is started on the server.
    pub(crate) fn start(&self, arguments: &[&str]) -> String {
        let words: Vec<&str> =
            ["execution", "run"].iter().chain(arguments).chain(&["--output", "json"]).copied().collect();
        let started = self.segue(&words);
        started.json()["id"].as_str().unwrap().to_owned()
    }

    /// An execution of the server.
    pub(crate) fn execution(&self, id: &str) -> Value {
        self.segue(&["execution", "get", id, "--output", "json"]).json()
    }

    /// Waits until a condition holds. `what` names it in the error.
    pub(crate) fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let begin = Instant::now();
        while !condition(self) {
            assert!(begin.elapsed() < LIMIT, "too late: {what}\n{}", self.read("console"));
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}
