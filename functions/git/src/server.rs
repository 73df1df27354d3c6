//! A Git server for tests: git's own HTTP backend behind a small server, with a login.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use segue_process::environment::own;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;

/// The user of the server.
pub const USER: &str = "ada";
/// The password of the user.
pub const PASSWORD: &str = "hunter2-of-ada";

/// A server with its repositories. The server ends with the test.
pub struct GitServer {
    folder: Arc<TempDir>,
    /// `http://127.0.0.1:port`.
    pub address: String,
}

impl GitServer {
    /// Starts a server without repositories. None if git's HTTP backend is not installed.
    pub async fn start() -> Option<Self> {
        if !backend().is_some_and(|path| path.exists()) {
            #[expect(clippy::print_stderr, reason = "the reason for a skipped test")]
            {
                eprintln!("skipped: git with git-http-backend is not installed");
            }
            return None;
        }
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(serve).with_state(folder.path().to_path_buf());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Some(Self { folder, address })
    }

    /// Makes an empty repository with the default branch `main`, and returns its address.
    pub fn repository(&self, name: &str) -> String {
        let bare = self.bare(name);
        git(
            self.folder.path(),
            &["init", "--quiet", "--bare", "--initial-branch=main", bare.to_str().unwrap()],
        );
        git(&bare, &["config", "http.receivepack", "true"]);
        format!("{}/{name}.git", self.address)
    }

    /// Commits files to a branch, as somebody else does. Returns the commit. A file without content is removed.
    pub fn commit(&self, name: &str, branch: &str, files: &[(&str, Option<&str>)]) -> String {
        let work = tempfile::tempdir().unwrap();
        let at = work.path();
        git(at, &["init", "--quiet", &format!("--initial-branch={branch}"), "."]);
        git(at, &["remote", "add", "origin", self.bare(name).to_str().unwrap()]);
        if self.try_ask(name, &["rev-parse", "--verify", "--quiet", branch]).is_some() {
            git(at, &["fetch", "--quiet", "origin", branch]);
            git(at, &["reset", "--quiet", "--hard", "FETCH_HEAD"]);
        }
        for (path, content) in files {
            let path = at.join(path);
            match content {
                Some(content) => {
                    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                    std::fs::write(path, content).unwrap();
                }
                None => std::fs::remove_file(path).unwrap(),
            }
        }
        git(at, &["add", "--all"]);
        git(at, &["commit", "--quiet", "--message=by somebody else"]);
        git(at, &["push", "--quiet", "origin", &format!("HEAD:refs/heads/{branch}")]);
        git(at, &["rev-parse", "HEAD"])
    }

    /// Commits a symbolic link to the branch `main`.
    pub fn link(&self, name: &str, path: &str, target: &str) {
        let work = tempfile::tempdir().unwrap();
        let at = work.path();
        git(at, &["clone", "--quiet", self.bare(name).to_str().unwrap(), "."]);
        std::os::unix::fs::symlink(target, at.join(path)).unwrap();
        git(at, &["add", "--all"]);
        git(at, &["commit", "--quiet", "--message=a link"]);
        git(at, &["push", "--quiet", "origin", "HEAD:main"]);
    }

    /// Runs a shell command in a repository whenever the server gets a push, before the server takes the push.
    pub fn before_push(&self, name: &str, command: &str) {
        let hook = self.bare(name).join("hooks/pre-receive");
        // What a hook does to references is refused as long as the pushed objects are not taken.
        std::fs::write(&hook, format!("#!/bin/sh\nunset GIT_QUARANTINE_PATH\n{command}\n")).unwrap();
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What a git command says in a repository.
    pub fn ask(&self, name: &str, arguments: &[&str]) -> String {
        git(&self.bare(name), arguments)
    }

    /// As [`Self::ask`]. None if the command fails.
    pub fn try_ask(&self, name: &str, arguments: &[&str]) -> Option<String> {
        try_git(&self.bare(name), arguments).ok()
    }

    /// The folder of a repository.
    pub fn bare(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.git"))
    }
}

/// Runs git as a person with a name, without the configuration of the machine.
pub fn git(at: &Path, arguments: &[&str]) -> String {
    try_git(at, arguments).unwrap()
}

fn try_git(at: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(at)
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")])
        .envs([("GIT_AUTHOR_NAME", "Bob"), ("GIT_AUTHOR_EMAIL", "bob@example.com")])
        .envs([("GIT_COMMITTER_NAME", "Bob"), ("GIT_COMMITTER_EMAIL", "bob@example.com")])
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn backend() -> Option<PathBuf> {
    let output = Command::new("git").arg("--exec-path").output().ok()?;
    Some(Path::new(String::from_utf8_lossy(&output.stdout).trim()).join("git-http-backend"))
}

/// One request by CGI. A repository with a name that begins with `open` needs no login for reading.
async fn serve(State(folder): State<PathBuf>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let is_write = query.contains("receive-pack") || path.ends_with("receive-pack");
    let is_open = path.starts_with("/open") && !is_write;
    if !is_open && !logged_in(&parts.headers) {
        let challenge = [("WWW-Authenticate", "Basic realm=\"git\"")];
        return (StatusCode::UNAUTHORIZED, challenge, "log in").into_response();
    }
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let header = |name: &str| {
        parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    let mut command = tokio::process::Command::new(backend().unwrap());
    command
        .env_clear()
        .envs(own("PATH").map(|path| ("PATH", path)))
        .envs([("GIT_PROJECT_ROOT", folder.as_os_str()), ("GIT_HTTP_EXPORT_ALL", "1".as_ref())])
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("REMOTE_USER", USER)])
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("PATH_INFO", &path)
        .env("QUERY_STRING", &query)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = tokio::spawn(async move {
        // A backend that refuses the request does not read it.
        let _closed = stdin.write_all(&body).await;
    });
    let output = child.wait_with_output().await.unwrap();
    writer.await.unwrap();
    answer(&output.stdout)
}

fn logged_in(headers: &HeaderMap) -> bool {
    let expected = format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")));
    headers.get("authorization").is_some_and(|value| value.as_bytes() == expected.as_bytes())
}

/// The answer in the output of a CGI program.
fn answer(output: &[u8]) -> Response {
    let end = output.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let (head, body) = output.split_at(end);
    let mut response = Bytes::copy_from_slice(body.get(4..).unwrap()).into_response();
    response.headers_mut().clear();
    for line in String::from_utf8_lossy(head).lines() {
        let (name, value) = line.split_once(": ").unwrap();
        if name == "Status" {
            let code = value.split(' ').next().unwrap().parse::<u16>().unwrap();
            *response.status_mut() = StatusCode::from_u16(code).unwrap();
        } else {
            let name: axum::http::HeaderName = name.parse().unwrap();
            response.headers_mut().insert(name, value.parse().unwrap());
        }
    }
    response
}
