//! Provides the version of Python that a task asks for, under the name `python` and with the packages of the task.

use crate::language::PYTHON;
use crate::program::find_program;
use crate::properties::PythonProperties;
use crate::runner::Local;
use crate::shell::{before_path, shell_word};
use crate::venv;
use segue_task::{TaskContext, TaskError};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// The Python of one task.
pub(crate) struct Python<'a> {
    pub(crate) context: &'a TaskContext,
    pub(crate) properties: &'a PythonProperties,
    /// A folder that is removed after the run.
    pub(crate) scratch: &'a Path,
}

impl Python<'_> {
    /// Provides Python. Returns the name of the provided command. None if the machine already has the right `python`.
    /// Also none in a container, where a first command installs the packages.
    pub(crate) async fn provide(
        &self,
        runner: Option<&Local>,
        env: &mut BTreeMap<String, OsString>,
        before: &mut Vec<String>,
    ) -> Result<Option<&'static str>, TaskError> {
        let packages = &self.properties.dependencies.0;
        if !matches!(runner, Some(Local::Process { .. })) {
            if !packages.is_empty() {
                let quoted: Vec<String> = packages.iter().map(|package| shell_word(package)).collect();
                before.insert(0, format!("python -m pip install --quiet -- {}", quoted.join(" ")));
            }
            return Ok(None);
        }
        let path = env.get("PATH").cloned().or_else(|| segue_process::environment::own("PATH"));
        let program = self.program(path.as_deref());
        let bin = if packages.is_empty() {
            if program == "python" {
                return Ok(None);
            }
            // Commands use the name `python`, as in the images. Many machines have only `python3`.
            let bin = self.scratch.join("bin");
            alias(&program, path.as_deref(), &bin).map_err(|error| {
                TaskError::failed(format!("cannot provide '{program}' as python: {error}"))
            })?;
            bin
        } else {
            let folder = venv::prepare(self.context, self.properties, &program, self.scratch).await?;
            env.insert("VIRTUAL_ENV".to_owned(), folder.clone().into());
            folder.join("bin")
        };
        env.insert("PATH".to_owned(), before_path(&bin, path));
        Ok(Some("python"))
    }

    fn program(&self, path: Option<&OsStr>) -> String {
        if let Some(version) = &self.properties.python_version {
            let name = format!("python{}", version.trim());
            if find_program(&name, path).is_some() {
                return name;
            }
            let note = format!("there is no '{name}' on this machine; another Python is used");
            self.context.warn(note);
        }
        PYTHON.file.as_ref().map_or("python3", |file| file.program(path)).to_owned()
    }
}

fn alias(program: &str, path: Option<&OsStr>, bin: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(bin)?;
    match find_program(program, path) {
        Some(found) => std::os::unix::fs::symlink(found, bin.join("python")),
        // Without a program, the shell reports that `python` does not exist.
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_name_is_put_in_reach_as_python() {
        let (here, bin) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(here.path().join("python9"), "").unwrap();
        alias("python9", Some(here.path().as_os_str()), bin.path()).unwrap();
        assert_eq!(std::fs::read_link(bin.path().join("python")).unwrap(), here.path().join("python9"));
        alias("python8", Some(here.path().as_os_str()), &bin.path().join("x")).unwrap();
        assert!(!bin.path().join("x/python").exists());
    }
}
