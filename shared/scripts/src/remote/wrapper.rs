//! The shell script that a container runs: the commands, with their output and exit code written to files.

use super::program::Program;
use crate::directories::Directories;
use crate::shell::shell_word;
use segue_task::TaskError;
use std::collections::BTreeMap;

/// The file in the runner's own folder with the exit code. It is written last.
pub(super) const EXIT: &str = "exit";
/// The file with the standard output.
pub(super) const STDOUT: &str = "stdout";
/// The file with the standard error.
pub(super) const STDERR: &str = "stderr";
/// The shell script itself.
const MAIN: &str = "main.sh";
/// The variables. They may contain secrets, and many people can read the description of a container.
const VARIABLES: &str = "env.sh";

/// Output also goes to the container's own log. Background processes of the commands may keep the pipes open,
/// so the script waits two more seconds for them.
const TEXT: &str = r#"mkdir -p "$work" "$own/out"
rm -rf "$pipes"
mkdir -p "$pipes"
mkfifo "$pipes/out" "$pipes/err"
tee "$own/stdout" <"$pipes/out" & out=$!
tee "$own/stderr" <"$pipes/err" >&2 & err=$!
( . "$own/env.sh"; cd "$work" && exec "$@" ) >"$pipes/out" 2>"$pipes/err"
code=$?
( sleep 2; kill "$out" "$err" ) >/dev/null 2>&1 & late=$!
wait "$out" "$err"
kill "$late" 2>/dev/null
rm -rf "$pipes"
"#;

/// Writes the script into the runner's own folder. Returns its path in the container, and the variables with
/// names that no shell accepts.
pub(super) async fn write(
    directories: &Directories,
    program: &Program<'_>,
    env: BTreeMap<String, String>,
) -> Result<(String, BTreeMap<String, String>), TaskError> {
    let own = directories.own();
    let (plain, odd): (BTreeMap<_, _>, BTreeMap<_, _>) = env.into_iter().partition(|(name, _)| is_name(name));
    let exports: String =
        plain.iter().map(|(name, value)| format!("export {name}={}\n", shell_word(value))).collect();
    let word = |path: &std::path::Path| shell_word(&path.to_string_lossy());
    let words: Vec<String> = program.arguments.iter().map(|argument| shell_word(argument)).collect();
    let [dir, _] = directories.seen();
    let mut text = format!("own={}\nwork={}\n", word(&own.seen), word(&dir));
    text.push_str("pipes=\"/tmp/$$.pipes\"\n");
    text.push_str(&format!("set -- {}\n{TEXT}", words.join(" ")));
    if let Some(name) = program.script.and_then(|script| script.file_name()) {
        text.push_str(&format!("rm -f {}\n", word(&dir.join(name))));
    }
    text.push_str("echo \"$code\" >\"$own/exit\"\nexit \"$code\"\n");
    for (name, text) in [(VARIABLES, exports), (MAIN, text)] {
        let file = own.join(name);
        tokio::fs::write(&file.here, text)
            .await
            .map_err(|error| TaskError::failed(format!("cannot write '{}': {error}", file.here.display())))?;
    }
    Ok((own.join(MAIN).seen_text(), odd))
}

/// Whether a shell accepts the name of a variable.
fn is_name(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    name.starts_with(is_letter) && name.chars().all(|letter| is_letter(letter) || letter.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_a_shell_takes() {
        for (name, expected) in [
            ("A", true),
            ("_a1", true),
            ("1a", false),
            ("a-b", false),
            ("a b", false),
            ("ä", false),
            ("", false),
        ] {
            assert_eq!(is_name(name), expected, "{name}");
        }
    }
}
