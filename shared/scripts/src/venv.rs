//! Installs the Python packages of a task in a virtual environment. Tasks with the same packages share the environment.

use crate::process;
use crate::program::find_program;
use crate::properties::PythonProperties;
use segue_task::{TaskContext, TaskError};
use sha2::{Digest as _, Sha256};
use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use tokio::process::Command;
use tokio::time::Instant;

/// The number of last lines of an installation that an error message repeats.
const LAST_LINES: usize = 15;

/// Returns the folder of the virtual environment with the packages. An environment without a cache is made in `scratch`.
pub(crate) async fn prepare(
    context: &TaskContext,
    properties: &PythonProperties,
    program: &str,
    scratch: &Path,
) -> Result<PathBuf, TaskError> {
    let packages = &properties.dependencies.0;
    if let Some(bad) = packages.iter().find(|package| package.trim_start().starts_with('-')) {
        return Err(TaskError::failed(format!(
            "'{bad}' in dependencies is an option, not a package; name only packages, like 'polars==1.9'"
        )));
    }
    if properties.dependency_cache_enabled == Some(false) {
        let folder = scratch.join("venv");
        build(context, program, &folder, packages).await?;
        return Ok(folder);
    }
    let cache = cache_dir().join("venvs");
    tokio::fs::create_dir_all(&cache).await.map_err(|error| {
        TaskError::failed(format!("cannot make the folder '{}': {error}", cache.display()))
    })?;
    let key = key(&identity(context, program).await?, packages);
    let folder = cache.join(&key);
    // Two runs that ask for the same packages wait for each other. The lock is released with the file handle.
    let _lock = lock(cache.join(format!("{key}.lock"))).await?;
    let complete = folder.join(".complete");
    if complete.is_file() {
        context.debug(format!("{} packages are already installed", packages.len()));
        return Ok(folder);
    }
    // A run that was killed can leave an incomplete environment.
    let _ = tokio::fs::remove_dir_all(&folder).await;
    build(context, program, &folder, packages).await?;
    tokio::fs::write(&complete, packages.join("\n"))
        .await
        .map_err(|error| TaskError::failed(format!("cannot write '{}': {error}", complete.display())))?;
    Ok(folder)
}

/// The folder of the cache: `SEGUE_CACHE_DIR`, or else the user's own cache.
fn cache_dir() -> PathBuf {
    let variable = |name: &str| {
        segue_process::environment::own(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    };
    variable("SEGUE_CACHE_DIR")
        .or_else(|| variable("XDG_CACHE_HOME").map(|cache| cache.join("segue")))
        .or_else(|| variable("HOME").map(|home| home.join(".cache/segue")))
        .unwrap_or_else(|| std::env::temp_dir().join("segue-cache"))
}

fn key(identity: &str, packages: &[String]) -> String {
    let mut packages: Vec<&str> = packages.iter().map(|package| package.trim()).collect();
    packages.sort_unstable();
    let digest = Sha256::digest(format!("{identity}\n{}", packages.join("\n")));
    digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// The path and version of a Python. Another path or version needs another environment.
async fn identity(context: &TaskContext, program: &str) -> Result<String, TaskError> {
    let mut command = Command::new(program);
    command.args(["-c", "import sys; print(sys.executable, sys.version)"]);
    let mut printed = String::new();
    let code = process::run(command, &context.cancelled(), |_, line| printed.push_str(&line.text)).await;
    match code {
        Ok(0) => Ok(printed),
        Ok(_) => Err(TaskError::failed(format!("'{program}' is not a working Python: {printed}"))),
        Err(error) => Err(error.into()),
    }
}

async fn lock(path: PathBuf) -> Result<File, TaskError> {
    let name = path.display().to_string();
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        file.lock()?;
        Ok::<_, std::io::Error>(file)
    });
    match locked.await {
        Ok(Ok(file)) => Ok(file),
        Ok(Err(error)) => Err(TaskError::failed(format!("cannot lock '{name}': {error}"))),
        Err(error) => Err(TaskError::failed(format!("cannot lock '{name}': {error}"))),
    }
}

async fn build(
    context: &TaskContext,
    program: &str,
    folder: &Path,
    packages: &[String],
) -> Result<(), TaskError> {
    let began = Instant::now();
    context.info(format!("installing {}", packages.join(", ")));
    let path = segue_process::environment::own("PATH");
    let [venv, install] = match find_program("uv", path.as_deref()) {
        Some(uv) => with_uv(&uv, program, folder),
        None => with_pip(program, folder),
    };
    step(context, venv, "make a virtual environment").await?;
    let mut install = install;
    install.arg("--").args(packages);
    step(context, install, "install the packages").await?;
    context.info(format!("the packages are installed, after {:.0} s", began.elapsed().as_secs_f64()));
    Ok(())
}

/// The commands that make an environment, and install packages in it, with `venv` and `pip`.
fn with_pip(program: &str, folder: &Path) -> [Command; 2] {
    let mut venv = Command::new(program);
    venv.args(["-m", "venv"]).arg(folder);
    let mut install = Command::new(folder.join("bin/python"));
    install.args(["-m", "pip", "install", "--progress-bar", "off", "--disable-pip-version-check"]);
    install.env("PIP_ROOT_USER_ACTION", "ignore");
    [venv, install]
}

/// The same with `uv`, which is much faster. The environment has `pip` too, because commands may call `pip`.
fn with_uv(uv: &Path, program: &str, folder: &Path) -> [Command; 2] {
    let mut venv = Command::new(uv);
    venv.args(["venv", "--seed", "--no-project", "--no-config", "--python", program]).arg(folder);
    let mut install = Command::new(uv);
    install
        .args(["pip", "install", "--no-progress", "--no-config", "--python"])
        .arg(folder.join("bin/python"));
    [venv, install]
}

async fn step(context: &TaskContext, command: Command, what: &str) -> Result<(), TaskError> {
    let mut last = VecDeque::new();
    let stop = context.cancelled();
    let code = process::run(command, &stop, |_, line| {
        context.debug(line.text.clone());
        if last.len() == LAST_LINES {
            last.pop_front();
        }
        last.push_back(line.text);
    });
    match code.await {
        Ok(0) => Ok(()),
        Ok(code) => {
            let said: Vec<String> = last.into();
            Err(TaskError::failed(format!(
                "Python could not {what} (exit code {code}):\n{}",
                said.join("\n")
            )))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_packages_of_the_same_python_share_an_environment() {
        let of = |identity: &str, packages: &[&str]| {
            key(identity, &packages.iter().map(|&package| package.to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(of("3.12", &["a", "b==1"]), of("3.12", &["b==1 ", "a"]));
        assert_ne!(of("3.12", &["a"]), of("3.13", &["a"]));
        assert_ne!(of("3.12", &["a", "b"]), of("3.12", &["a"]));
    }
}
