//! From rendered commands to one process to start: the shell text, its interpreter, its variables.

use crate::language::{Language, ScriptFile};
use crate::place::Folder;
use crate::properties::ScriptProperties;
use segue_task::TaskError;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use tokio::process::Command;

/// Linux takes no single argument of 128 KiB or more; longer text goes through a file.
const MAX_ARGUMENT: usize = 100_000;
/// Variables of the service that its scripts do not see: they hold secrets, which scripts get by `secret()`.
const HIDDEN: &str = "SECRET_";
/// What opens the state store's sealed values and the API is no script's business either.
const OWN: [&str; 3] = ["SEGUE_ENCRYPTION_KEY", "SEGUE_AUTH", "SEGUE_PASSWORD"];

fn is_hidden(name: &str) -> bool {
    name.starts_with(HIDDEN) || OWN.contains(&name)
}

/// Names a script file in a shell text, or as arguments.
pub(crate) fn script_command(file: &ScriptFile, program: &str, name: &str) -> Vec<String> {
    let mut command = vec![program.to_owned()];
    command.extend(file.arguments.iter().map(|&argument| argument.to_owned()));
    command.push(name.to_owned());
    command
}

/// Program and arguments for commands.
pub(crate) struct Arguments<'a> {
    /// How the language runs them.
    pub(crate) language: &'a Language,
    /// The task's own properties.
    pub(crate) properties: &'a ScriptProperties,
    /// Commands that come first.
    pub(crate) before: Vec<String>,
    /// The commands.
    pub(crate) commands: Vec<String>,
}

impl Arguments<'_> {
    /// The whole of it. A text too long for an argument is written into `folder`.
    pub(crate) async fn build(self, folder: &Folder) -> Result<Vec<String>, TaskError> {
        let interpreter: Vec<String> = match &self.properties.interpreter {
            Some(given) => given.0.clone(),
            None => self.language.interpreter.iter().map(|&part| part.to_owned()).collect(),
        };
        let mut parts = Vec::new();
        if interpreter.is_empty() {
            parts.extend(self.before);
            parts.extend(self.commands);
            if parts.is_empty() {
                return Err(TaskError::failed(
                    "there is nothing to run: commands is empty, and so is interpreter",
                ));
            }
            return Ok(parts);
        }
        if self.properties.fail_fast != Some(false)
            && (is_shell(&interpreter) || self.properties.interpreter.is_none())
        {
            parts.push(self.language.fail_fast.to_owned());
        }
        parts.extend(self.before);
        parts.extend(self.commands);
        let text = parts.join("\n");
        let mut arguments = interpreter;
        if text.len() > MAX_ARGUMENT && arguments.last().is_some_and(|last| last == "-c") {
            let file = folder.join("commands.sh");
            tokio::fs::write(&file.here, &text).await.map_err(|error| {
                TaskError::failed(format!("cannot write '{}': {error}", file.here.display()))
            })?;
            arguments.pop();
            arguments.push(file.seen_text());
        } else {
            arguments.push(text);
        }
        Ok(arguments)
    }
}

/// Whether `set -e` means something to an interpreter.
fn is_shell(interpreter: &[String]) -> bool {
    let program = interpreter.first().map_or("", String::as_str);
    matches!(program.rsplit('/').next(), Some("sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" | "busybox"))
}

/// A command that runs as a process of this machine: with the service's own variables, save the hidden ones.
pub(crate) fn process(
    arguments: &[String],
    dir: &Path,
    env: &BTreeMap<String, OsString>,
) -> Result<Command, TaskError> {
    let Some((program, rest)) = arguments.split_first() else {
        return Err(TaskError::failed("there is nothing to run"));
    };
    let mut command = Command::new(program);
    command.args(rest).current_dir(dir);
    for (name, _) in std::env::vars_os() {
        if is_hidden(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
    command.envs(env);
    Ok(command)
}

/// Refuses names the system would misread.
pub(crate) fn check_variables(env: &BTreeMap<String, String>) -> Result<(), TaskError> {
    let bad = |name: &str| name.is_empty() || name.contains(['=', '\0']);
    match env.iter().find(|(name, value)| bad(name) || value.contains('\0')) {
        Some((name, _)) => Err(TaskError::failed(format!(
            "the variable '{}' in env is refused: a name is not empty and has no '=', and neither name nor value \
             has a NUL character",
            name.replace('\0', "\\0")
        ))),
        None => Ok(()),
    }
}

/// A text as one word of a shell.
pub(crate) fn shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A search path with one more folder before it.
pub(crate) fn before_path(folder: &Path, rest: Option<OsString>) -> OsString {
    let mut path = folder.as_os_str().to_owned();
    if let Some(rest) = rest.filter(|rest| !rest.is_empty()) {
        path.push(":");
        path.push(rest);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{POWERSHELL, PYTHON, SHELL};
    use serde_json::json;
    use std::path::PathBuf;

    fn folder(here: &Path) -> Folder {
        Folder { here: here.to_path_buf(), seen: PathBuf::from("/elsewhere") }
    }

    async fn build(
        language: &Language,
        properties: serde_json::Value,
        before: &[&str],
        commands: &[&str],
    ) -> Vec<String> {
        let properties = serde_json::from_value(properties).unwrap();
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        let arguments =
            Arguments { language, properties: &properties, before: owned(before), commands: owned(commands) };
        arguments.build(&folder(&std::env::temp_dir())).await.unwrap()
    }

    #[tokio::test]
    async fn commands_are_one_argument() {
        assert_eq!(
            build(&SHELL, json!({}), &["a"], &["b \"c\"", "d\ne"]).await,
            ["/bin/sh", "-c", "set -e\na\nb \"c\"\nd\ne"]
        );
        assert_eq!(build(&SHELL, json!({"failFast": false}), &[], &["b"]).await, ["/bin/sh", "-c", "b"]);
        assert_eq!(
            build(&SHELL, json!({"interpreter": ["/bin/bash", "-c"]}), &[], &["b"]).await,
            ["/bin/bash", "-c", "set -e\nb"]
        );
    }

    #[tokio::test]
    async fn without_an_interpreter_commands_are_the_arguments() {
        assert_eq!(build(&SHELL, json!({"interpreter": []}), &[], &["echo", "a b"]).await, ["echo", "a b"]);
    }

    #[tokio::test]
    async fn other_interpreters_are_not_told_to_set_e() {
        assert_eq!(
            build(&PYTHON, json!({"interpreter": ["python3", "-c"]}), &[], &["print(1)"]).await,
            ["python3", "-c", "print(1)"]
        );
        let powershell = build(&POWERSHELL, json!({}), &[], &["Get-Date"]).await;
        assert_eq!(powershell.last().unwrap(), "$ErrorActionPreference = \"Stop\"\nGet-Date");
    }

    #[tokio::test]
    async fn a_text_too_long_for_an_argument_goes_through_a_file() {
        let scratch = tempfile::tempdir().unwrap();
        let long = format!(": {}", "x".repeat(300_000));
        let properties = ScriptProperties::default();
        let arguments = Arguments {
            language: &SHELL,
            properties: &properties,
            before: vec![],
            commands: vec![long.clone()],
        };
        let built = arguments.build(&folder(scratch.path())).await.unwrap();
        assert_eq!(built, ["/bin/sh", "/elsewhere/commands.sh"]);
        let written = std::fs::read_to_string(scratch.path().join("commands.sh")).unwrap();
        assert_eq!(written, format!("set -e\n{long}"));
    }

    #[test]
    fn what_holds_secrets_is_hidden_from_scripts() {
        for name in ["SECRET_TOKEN", "SEGUE_ENCRYPTION_KEY", "SEGUE_AUTH", "SEGUE_PASSWORD"] {
            assert!(is_hidden(name), "{name}");
        }
        for name in ["PATH", "MY_SECRET_NAME", "SEGUE_DATA_DIR", "secret_x"] {
            assert!(!is_hidden(name), "{name}");
        }
    }

    #[test]
    fn a_word_stays_one_word() {
        assert_eq!(shell_word("a'b; $c"), "'a'\\''b; $c'");
    }

    #[test]
    fn odd_variables_are_refused() {
        for (name, value) in [("", "x"), ("A=B", "x"), ("A\0", "x"), ("A", "\0")] {
            assert!(check_variables(&BTreeMap::from([(name.to_owned(), value.to_owned())])).is_err());
        }
        assert!(check_variables(&BTreeMap::from([("A".to_owned(), "ü\n=".to_owned())])).is_ok());
    }
}
