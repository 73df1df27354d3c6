//! The shell script that a container runs. The script copies the task's files to the container's own disk, runs the
//! commands there, and copies the results back. So the commands have a real file system: with links, locks, times and
//! folders that can be renamed.
//!
//! The script uses a shell and the usual small programs (`cp`, `mkdir`, `mkfifo`, `rm`, `sleep`, `tee`). Small images have
//! no `find`.

use super::patterns;
use super::program::Program;
use super::record::RECORD;
use crate::directories::{Directories, OUT, WORK};
use crate::shell::shell_word;
use segue_files::glob::CONTEXT_FILE;
use segue_ports::container::{KEY_VARIABLE, LABELS_VARIABLE};
use segue_task::TaskError;
use std::collections::BTreeMap;
use std::path::Path;

/// The file with the exit code, in the runner's own folder. The script writes this file last.
pub(super) const EXIT: &str = "exit";
/// The file with the standard output.
pub(super) const STDOUT: &str = "stdout";
/// The file with the standard error.
pub(super) const STDERR: &str = "stderr";
/// The file with the shell script.
pub(super) const MAIN: &str = "main.sh";
/// The variable with the name of the start ([`super::record::Record::turn`]).
pub(super) const TURN: &str = "SEGUE_TURN";
/// The file with the variables. Variables may contain secrets, and many people can read the description of a container.
/// The script removes the file from internal storage before the commands start, and the variables of the execution too.
const VARIABLES: &str = "env.sh";

/// The first part of the script: brings the files. `$files` is the folder in internal storage.
const BRING: &str = r#"read -r turn <"$files/$name/$record"
[ "$turn" = "$SEGUE_TURN" ] || { echo "another container does this work" >&2; exit 75; }
rm -rf "$root"
lost=
mkdir -p "$work" || lost=1
: >"$root/begun"
if [ -d "$files/$dir" ]; then cp -R "$files/$dir/." "$work/" || lost=1; fi
cp -R "$files/$name" "$root/" || lost=1
rm -f "$files/$name/$env" "$files/$dir/$context"
if [ -n "$lost" ]; then
  echo "the task's files could not be copied to the container's disk: does it need more memory?" >"$files/$name/stderr"
  echo 1 >"$files/$name/exit"
  exit 1
fi
: >"$root/ready"
"#;

/// Keeps a second name of every file that was brought, so that [`TAKE`] knows the files that did not change.
const REMEMBER: &str = r#"cp -Rl "$work" "$root/before" 2>/dev/null
"#;

/// The second part of the script: runs the commands. Output also goes to the container's own log. Background processes
/// may hold the pipes open, so the script waits at most two more seconds for the rest of the output.
const RUN: &str = r#"mkdir -p "$own/$out_dir" "$root/pipes"
mkfifo "$root/pipes/out" "$root/pipes/err"
tee "$own/stdout" <"$root/pipes/out" & out=$!
tee "$own/stderr" <"$root/pipes/err" >&2 & err=$!
( . "$own/$env"; rm -f "$own/$env"; cd "$work" && exec "$@" ) >"$root/pipes/out" 2>"$root/pipes/err"
code=$?
( sleep 2; kill "$out" "$err" ) >/dev/null 2>&1 & late=$!
wait "$out" "$err"
kill "$late" 2>/dev/null
"#;

/// Takes the files of the working directory back. Files that did not change stay as they are in internal storage, and
/// files that were removed are removed there. A file did not change if it still is the file that was brought, and was
/// written while the files were brought.
const TAKE: &str = r#"each() {
  for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    if [ -d "$entry" ] && [ ! -L "$entry" ]; then each "$entry" "$2"
    elif [ -f "$entry" ]; then "$2" "$entry"
    fi
  done
}
take() {
  path=${1#"$work"/}
  is_wanted || return 0
  if [ "$1" -ef "$root/before/$path" ] && [ "$1" -ot "$root/ready" ] && [ ! "$1" -ot "$root/begun" ]; then return 0; fi
  case $path in */*) mkdir -p "$files/$dir/${path%/*}" ;; *) mkdir -p "$files/$dir" ;; esac
  cp "$1" "$files/$dir/$path" || lost=1
}
gone() {
  path=${1#"$files/$dir"/}
  [ -e "$work/$path" ] || [ -L "$work/$path" ] || rm -f "$1" || lost=1
}
each "$work" take
[ ! -d "$files/$dir" ] || each "$files/$dir" gone
"#;

/// The last part of the script: takes the output and the exit code.
const END: &str = r#"cp -R "$own/$out_dir" "$files/$name/" || lost=1
if [ -n "$lost" ]; then
  echo "files of the task could not be copied to internal storage" >>"$own/stderr"
  [ "$code" -ne 0 ] || code=1
fi
cp "$own/stdout" "$own/stderr" "$files/$name/"
echo "$code" >"$files/$name/exit"
rm -rf "$root"
exit "$code"
"#;

/// Writes the script into the runner's own folder. Returns the variables with names that no shell accepts. `root` is the
/// directory on the container's disk, and `working_dir` the path of the working directory in other properties. All files
/// of a shared directory are taken back.
pub(super) async fn write(
    directories: &Directories,
    program: &Program<'_>,
    (root, working_dir): (&Path, &Path),
    is_shared: bool,
    env: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, TaskError> {
    let own = directories.own();
    let (plain, odd): (BTreeMap<_, _>, BTreeMap<_, _>) = env.into_iter().partition(|(name, _)| is_name(name));
    let exports: String =
        plain.iter().map(|(name, value)| format!("export {name}={}\n", shell_word(value))).collect();
    let word = |path: &Path| shell_word(&path.to_string_lossy());
    let words: Vec<String> = program.arguments.iter().map(|argument| shell_word(argument)).collect();
    let [dir, _] = directories.seen();
    let name = own.seen.file_name().unwrap_or_default().to_string_lossy();
    let wanted = match is_shared {
        true => Some("*".to_owned()),
        false => patterns::of_shell(&program.outputs.0, &[working_dir, &dir]),
    };
    let mut text = format!("files=$1\nroot={}\nwork={}\nown={}\n", word(root), word(&dir), word(&own.seen));
    let names = [
        ("name", &*name),
        ("dir", WORK),
        ("out_dir", OUT),
        ("env", VARIABLES),
        ("context", CONTEXT_FILE),
        ("record", RECORD),
    ];
    for (variable, value) in names {
        text.push_str(&format!("{variable}={}\n", shell_word(value)));
    }
    text.push_str(BRING);
    text.push_str(&format!("unset {TURN} {KEY_VARIABLE} {LABELS_VARIABLE}\n"));
    if wanted.is_some() {
        text.push_str(REMEMBER);
    }
    text.push_str(&format!("set -- {}\n{RUN}", words.join(" ")));
    for name in program.removed.iter().filter_map(|file| file.file_name()) {
        text.push_str(&format!("rm -f {}\n", word(&dir.join(name))));
    }
    if let Some(wanted) = wanted {
        text.push_str(&format!(
            "is_wanted() {{\n  case $path in {wanted}) ;; *) return 1 ;; esac\n}}\n{TAKE}"
        ));
    }
    text.push_str(END);
    for (name, text) in [(VARIABLES, exports), (MAIN, text)] {
        let file = own.join(name);
        tokio::fs::write(&file.here, text)
            .await
            .map_err(|error| TaskError::failed(format!("cannot write '{}': {error}", file.here.display())))?;
    }
    Ok(odd)
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
