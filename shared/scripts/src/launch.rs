//! Converts rendered commands to one process: the shell text, its interpreter, its variables.

use crate::directories::Folder;
use crate::language::{Language, ScriptFile};
use crate::properties::ScriptProperties;
use crate::runner::Local;
use crate::shell::shell_word;
use segue_task::TaskError;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// The longest text in a variable, in bytes. Linux accepts less than 128 KiB. Longer text is passed in a file.
const MAX_VARIABLE: usize = 100_000;
/// The variable with the commands for a container of this machine.
const COMMANDS: &str = "SEGUE_COMMANDS";

/// The command for a script file, as words of a shell text or as arguments.
pub(crate) fn script_command(file: &ScriptFile, program: &str, name: &str) -> Vec<String> {
    let mut command = vec![program.to_owned()];
    command.extend(file.arguments.iter().map(|&argument| argument.to_owned()));
    command.push(name.to_owned());
    command
}

/// Program and arguments for commands.
pub(crate) struct Arguments<'a> {
    /// The language of the commands.
    pub(crate) language: &'a Language,
    /// The properties of the task.
    pub(crate) properties: &'a ScriptProperties,
    /// Commands that run first.
    pub(crate) before: Vec<String>,
    /// The commands.
    pub(crate) commands: Vec<String>,
}

/// Program and arguments, and who can see them.
pub(crate) struct Built {
    /// Program and arguments.
    pub(crate) arguments: Vec<String>,
    /// Why all users of this machine can see the commands in a list of processes. None if they cannot.
    pub(crate) shown: Option<String>,
}

impl Arguments<'_> {
    /// Builds program and arguments. The text of the commands is no argument, because all users of this machine could
    /// read the text, with its secrets, in a list of processes. The text is in a file in `folder`. For a container of
    /// this machine the text is in a variable, because the user of the container may have no access to the folder.
    pub(crate) async fn build(
        self,
        folder: &Folder,
        runner: Option<&Local>,
        env: &mut BTreeMap<String, OsString>,
    ) -> Result<Built, TaskError> {
        let interpreter: Vec<String> = match &self.properties.interpreter {
            Some(given) => given.0.clone(),
            None => self.language.interpreter.iter().map(|&part| part.to_owned()).collect(),
        };
        let mut parts = Vec::new();
        if interpreter.is_empty() {
            parts.extend(self.before);
            parts.extend(self.commands);
            if parts.is_empty() {
                return Err(TaskError::failed("commands and interpreter are empty; add a command"));
            }
            return Ok(Built { arguments: parts, shown: None });
        }
        if self.properties.fail_fast != Some(false)
            && (is_shell(&interpreter) || self.properties.interpreter.is_none())
        {
            parts.push(self.language.fail_fast.to_owned());
        }
        parts.extend(self.before);
        parts.extend(self.commands);
        let text = parts.join("\n");
        if text.contains('\0') {
            return Err(TaskError::failed(
                "the commands contain a NUL character, which no interpreter accepts",
            ));
        }
        let Some(reader) = reader(&interpreter) else {
            let shown = format!(
                "the commands are an argument of '{}', so all users of this machine can read them while they run, including \
                 secrets; pass secrets in env",
                interpreter.join(" ")
            );
            let arguments = interpreter.into_iter().chain([text]).collect();
            return Ok(Built { arguments, shown: Some(shown) });
        };
        let is_variable = matches!(runner, Some(Local::Docker { .. }))
            && matches!(reader, Reader::Shell)
            && text.len() <= MAX_VARIABLE;
        let read = if is_variable {
            env.insert(COMMANDS.to_owned(), text.into());
            format!("eval \"unset {COMMANDS};${COMMANDS}\"")
        } else {
            let file = folder.join(reader.file_name());
            write_private(&file.here, text).await?;
            reader.read(&file.seen_text())
        };
        Ok(Built { arguments: interpreter.into_iter().chain([read]).collect(), shown: None })
    }
}

/// Writes a file that only this user can read.
async fn write_private(path: &Path, text: String) -> Result<(), TaskError> {
    let wrong =
        |error: std::io::Error| TaskError::failed(format!("cannot write '{}': {error}", path.display()));
    let mut file = tokio::fs::File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .await
        .map_err(wrong)?;
    file.write_all(text.as_bytes()).await.map_err(wrong)?;
    file.flush().await.map_err(wrong)
}

/// Interpreters that can read the text of their last argument from a file. `$0`, the arguments and the exit
/// code stay the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    Shell,
    PowerShell,
    Python,
}

impl Reader {
    fn file_name(self) -> &'static str {
        match self {
            Self::Shell => "commands.sh",
            Self::PowerShell => "commands.ps1",
            Self::Python => "commands.py",
        }
    }

    /// The replacement for the text.
    fn read(self, path: &str) -> String {
        match self {
            Self::Shell => format!(". {}", shell_word(path)),
            Self::PowerShell => format!(". '{}'", path.replace('\'', "''")),
            Self::Python => {
                format!("exec(compile(open({path:?}, encoding='utf-8').read(), '<string>', 'exec'))")
            }
        }
    }
}

/// How an interpreter with the commands as its last argument can read the commands from a file instead. None if the
/// interpreter cannot.
fn reader(interpreter: &[String]) -> Option<Reader> {
    let last = interpreter.last()?;
    let option = last.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
    // The option is `-c`, or has more letters before the `c`, such as `-euc`.
    let takes_text = option.is_some_and(|letters| letters.ends_with('c'));
    if takes_text && is_shell(interpreter) {
        return Some(Reader::Shell);
    }
    let program = program_of(interpreter);
    if takes_text && program.starts_with("python") {
        return Some(Reader::Python);
    }
    let is_command =
        option.is_some_and(|word| ["command", "c"].contains(&word.to_ascii_lowercase().as_str()));
    (is_command && ["pwsh", "powershell"].contains(&program)).then_some(Reader::PowerShell)
}

/// The name of the program, without its folder and without `env` before it.
fn program_of(interpreter: &[String]) -> &str {
    let name = |part: &String| -> usize { part.rfind('/').map_or(0, |at| at + 1) };
    let mut names = interpreter.iter().map(|part| part.get(name(part)..).unwrap_or_default());
    match names.next().unwrap_or_default() {
        "env" => names.next().unwrap_or_default(),
        program => program,
    }
}

/// Whether an interpreter understands `set -e`.
fn is_shell(interpreter: &[String]) -> bool {
    matches!(program_of(interpreter), "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" | "busybox")
}

/// Builds the command for a process of this machine.
pub(crate) fn process(
    arguments: &[String],
    dir: &Path,
    env: &BTreeMap<String, OsString>,
) -> Result<Command, TaskError> {
    let Some((program, rest)) = arguments.split_first() else {
        return Err(TaskError::failed("the task has no command; add a command"));
    };
    let mut command = Command::new(program);
    command.args(rest).current_dir(dir).envs(env);
    Ok(command)
}

/// Refuses variables with names or values that an operating system cannot pass on unchanged.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{POWERSHELL, PYTHON, SHELL};
    use serde_json::json;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    fn folder(here: &Path) -> Folder {
        Folder { here: here.to_path_buf(), seen: PathBuf::from("/elsewhere") }
    }

    /// The arguments, and the text of the file they name.
    async fn build_with(
        language: &Language,
        properties: serde_json::Value,
        [before, commands]: [&[&str]; 2],
        runner: &Local,
    ) -> (Vec<String>, Option<String>, BTreeMap<String, OsString>) {
        let scratch = tempfile::tempdir().unwrap();
        let properties = serde_json::from_value(properties).unwrap();
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        let arguments =
            Arguments { language, properties: &properties, before: owned(before), commands: owned(commands) };
        let mut env = BTreeMap::new();
        let built = arguments.build(&folder(scratch.path()), Some(runner), &mut env).await.unwrap();
        let written = std::fs::read_dir(scratch.path()).unwrap().next().map(|entry| {
            let path = entry.unwrap().path();
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::read_to_string(path).unwrap()
        });
        (built.arguments, written, env)
    }

    async fn build(
        language: &Language,
        properties: serde_json::Value,
        before: &[&str],
        commands: &[&str],
    ) -> (Vec<String>, String) {
        let (arguments, written, _) =
            build_with(language, properties, [before, commands], &Local::Process { image: None }).await;
        (arguments, written.unwrap_or_default())
    }

    #[tokio::test]
    async fn commands_are_a_file_and_no_argument() {
        let (arguments, text) = build(&SHELL, json!({}), &["a"], &["b \"c\"", "d\ne"]).await;
        assert_eq!(arguments, ["/bin/sh", "-c", ". '/elsewhere/commands.sh'"]);
        assert_eq!(text, "set -e\na\nb \"c\"\nd\ne");
        assert_eq!(build(&SHELL, json!({"failFast": false}), &[], &["b"]).await.1, "b");
        let bash = json!({"interpreter": ["/usr/bin/env", "bash", "-xc"]});
        let (arguments, text) = build(&SHELL, bash, &[], &["b"]).await;
        assert_eq!(arguments, ["/usr/bin/env", "bash", "-xc", ". '/elsewhere/commands.sh'"]);
        assert_eq!(text, "set -e\nb");
    }

    #[tokio::test]
    async fn commands_for_a_container_of_this_machine_are_a_variable() {
        let docker = Local::Docker { image: "alpine".to_owned(), options: Box::default() };
        let (arguments, written, env) = build_with(&SHELL, json!({}), [&[], &["b"]], &docker).await;
        assert_eq!(arguments, ["/bin/sh", "-c", "eval \"unset SEGUE_COMMANDS;$SEGUE_COMMANDS\""]);
        assert_eq!((written, env["SEGUE_COMMANDS"].to_str()), (None, Some("set -e\nb")));
        let long = format!(": {}", "x".repeat(300_000));
        let (arguments, written, env) = build_with(&SHELL, json!({}), [&[], &[&long]], &docker).await;
        assert_eq!(arguments, ["/bin/sh", "-c", ". '/elsewhere/commands.sh'"]);
        assert_eq!((written.unwrap(), env.len()), (format!("set -e\n{long}"), 0));
    }

    #[tokio::test]
    async fn without_an_interpreter_commands_are_the_arguments() {
        assert_eq!(build(&SHELL, json!({"interpreter": []}), &[], &["echo", "a b"]).await.0, ["echo", "a b"]);
    }

    #[tokio::test]
    async fn other_interpreters_are_not_told_to_set_e() {
        let (arguments, text) =
            build(&PYTHON, json!({"interpreter": ["python3", "-c"]}), &[], &["print(1)"]).await;
        assert_eq!(
            arguments[2],
            "exec(compile(open(\"/elsewhere/commands.py\", encoding='utf-8').read(), '<string>', 'exec'))"
        );
        assert_eq!((arguments.len(), text.as_str()), (3, "print(1)"));
        let (arguments, text) = build(&POWERSHELL, json!({}), &[], &["Get-Date"]).await;
        assert_eq!(arguments.last().unwrap(), ". '/elsewhere/commands.ps1'");
        assert_eq!(text, "$ErrorActionPreference = \"Stop\"\nGet-Date");
        let (arguments, text) =
            build(&SHELL, json!({"interpreter": ["perl", "-e"]}), &[], &["print 1"]).await;
        assert_eq!((arguments, text.as_str()), (["perl", "-e", "print 1"].map(str::to_owned).to_vec(), ""));
    }

    #[test]
    fn odd_variables_are_refused() {
        for (name, value) in [("", "x"), ("A=B", "x"), ("A\0", "x"), ("A", "\0")] {
            assert!(check_variables(&BTreeMap::from([(name.to_owned(), value.to_owned())])).is_err());
        }
        assert!(check_variables(&BTreeMap::from([("A".to_owned(), "ü\n=".to_owned())])).is_ok());
    }
}
