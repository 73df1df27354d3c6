//! The languages of scripts, one row each.

/// How to run scripts of one language.
#[derive(Debug)]
pub(crate) struct Language {
    /// The default image, used if there are containers.
    pub(crate) image: &'static str,
    /// The file of a script. None if the script is the shell text itself.
    pub(crate) file: Option<ScriptFile>,
    /// The default interpreter of commands.
    pub(crate) interpreter: &'static [&'static str],
    /// The command that makes the interpreter end at the first failure.
    pub(crate) fail_fast: &'static str,
    /// Environment variables of its processes.
    pub(crate) env: &'static [(&'static str, &'static str)],
    /// The module with which scripts report outputs and metrics.
    pub(crate) helper: Helper,
}

/// A script that is run from a file.
#[derive(Debug)]
pub(crate) struct ScriptFile {
    /// The file's ending.
    pub(crate) extension: &'static str,
    /// Programs that run the file. The first one on the machine is used.
    pub(crate) programs: &'static [&'static str],
    /// Arguments before the file's name.
    pub(crate) arguments: &'static [&'static str],
}

/// The helper module that is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Helper {
    /// No helper. The script prints the output protocol itself.
    None,
    /// `from kestra import Kestra`.
    Python,
    /// `require("@kestra-io/libs")`.
    Node,
}

const SHELL_INTERPRETER: &[&str] = &["/bin/sh", "-c"];
const SHELL_FAIL_FAST: &str = "set -e";

const fn language(
    image: &'static str,
    extension: &'static str,
    programs: &'static [&'static str],
    arguments: &'static [&'static str],
) -> Language {
    Language {
        image,
        file: Some(ScriptFile { extension, programs, arguments }),
        interpreter: SHELL_INTERPRETER,
        fail_fast: SHELL_FAIL_FAST,
        env: &[],
        helper: Helper::None,
    }
}

/// POSIX shell.
pub(crate) const SHELL: Language = Language {
    image: "ubuntu",
    file: None,
    interpreter: SHELL_INTERPRETER,
    fail_fast: SHELL_FAIL_FAST,
    env: &[],
    helper: Helper::Python,
};
/// Python.
pub(crate) const PYTHON: Language = Language {
    env: &[
        ("PYTHONUNBUFFERED", "true"),
        ("PIP_ROOT_USER_ACTION", "ignore"),
        ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
    ],
    helper: Helper::Python,
    ..language("python:3.13-slim", "py", &["python", "python3"], &[])
};
/// Node.js.
pub(crate) const NODE: Language = Language { helper: Helper::Node, ..language("node", "js", &["node"], &[]) };
/// R.
pub(crate) const R: Language = language("r-base", "R", &["Rscript"], &[]);
/// Ruby.
pub(crate) const RUBY: Language = language("ruby", "rb", &["ruby"], &[]);
/// Julia.
pub(crate) const JULIA: Language = language("julia", "jl", &["julia"], &[]);
/// PowerShell.
pub(crate) const POWERSHELL: Language = Language {
    interpreter: &["pwsh", "-NoProfile", "-NonInteractive", "-Command"],
    fail_fast: "$ErrorActionPreference = \"Stop\"",
    ..language("ghcr.io/kestra-io/powershell:latest", "ps1", &["pwsh"], &["-NoProfile", "-File"])
};
/// Perl.
pub(crate) const PERL: Language = language("perl", "pl", &["perl"], &[]);
/// PHP.
pub(crate) const PHP: Language = language("php", "php", &["php"], &[]);
/// Lua.
pub(crate) const LUA: Language = language("nickblah/lua", "lua", &["lua"], &[]);
/// Go.
pub(crate) const GO: Language = language("golang", "go", &["go"], &["run"]);
/// Deno.
pub(crate) const DENO: Language = language("denoland/deno", "ts", &["deno"], &["run", "--allow-all"]);
/// Bun.
pub(crate) const BUN: Language = language("oven/bun", "ts", &["bun"], &["run"]);

impl ScriptFile {
    /// The first program that exists on this machine. If no program exists, the first name, for the error message.
    /// `path` is a `PATH` variable.
    pub(crate) fn program(&self, path: Option<&std::ffi::OsStr>) -> &'static str {
        let folders: Vec<_> = path.map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
        let is_there = |program: &&&str| folders.iter().any(|folder| folder.join(program).is_file());
        self.programs.iter().find(is_there).or(self.programs.first()).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_program_that_is_there_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let file = PYTHON.file.as_ref().unwrap();
        assert_eq!(file.program(Some(dir.path().as_os_str())), "python");
        std::fs::write(dir.path().join("python3"), "").unwrap();
        assert_eq!(file.program(Some(dir.path().as_os_str())), "python3");
        std::fs::write(dir.path().join("python"), "").unwrap();
        assert_eq!(file.program(Some(dir.path().as_os_str())), "python");
        assert_eq!(file.program(None), "python");
    }
}
