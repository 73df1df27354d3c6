//! The program git, for the repository of one task.
//!
//! Nothing of the machine counts: no configuration, no hooks, no credentials, no prompts, no repositories that are
//! folders. Secrets go to the program in its environment, and only for the server that the task names.

use crate::address::{Address, Protocol};
use crate::refusal;
use crate::remote::{Remote, given};
use segue_process::{Child, Output, Program, StartError, environment};
use segue_task::{TaskContext, TaskError};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{OpenOptions, Permissions};
use std::io::Write as _;
use std::net::IpAddr;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::process::Command;

/// The protocols that the program may use, also for submodules.
const PROTOCOLS: &str = "http:https:ssh";
/// The variables of this process that the program sees.
const SEEN: [&str; 5] = ["PATH", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "NO_PROXY"];
/// Addresses of proxies. Their names are in small letters too.
const PROXIES: [&str; 3] = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"];
/// Answers with the login from the environment.
const HELPER: &str = r#"!f() { test "$1" != get || printf 'username=%s\npassword=%s\n' "$GIT_LOGIN_USER" "$GIT_LOGIN_PASSWORD"; }; f"#;
/// Answers the prompts of ssh from the environment.
const ASKPASS: &str = "#!/bin/sh\ncase \"$1\" in\n*assphrase*) printf '%s\\n' \"$GIT_LOGIN_PASSPHRASE\" ;;\n\
                       *) printf '%s\\n' \"$GIT_LOGIN_PASSWORD\" ;;\nesac\n";
/// The longest output of a command, in bytes.
const LONGEST: u64 = 256 * 1024 * 1024;

/// The program git, ready for one repository.
pub(crate) struct Session {
    context: TaskContext,
    address: Address,
    /// A private directory, deleted with the session: the key, and clones that are needed for a moment.
    dir: TempDir,
    variables: Vec<(&'static str, OsString)>,
    settings: Vec<(String, String)>,
}

/// How a command ended.
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) out: Vec<u8>,
    pub(crate) error: String,
}

/// References of a repository that is elsewhere.
#[derive(Debug, Default)]
pub(crate) struct References {
    /// The default branch. None if the repository is empty.
    pub(crate) head: Option<String>,
    /// Objects by the full name of the reference.
    pub(crate) found: BTreeMap<String, String>,
}

impl Session {
    /// Prepares the program, and checks that the server can be reached and may be.
    ///
    /// # Errors
    /// [`TaskError::Failed`] with a sentence about the properties or the network.
    pub(crate) async fn open(remote: &Remote, context: &TaskContext) -> Result<Self, TaskError> {
        let address = Address::parse(&remote.url).map_err(TaskError::failed)?;
        let password = given(remote.password.as_ref()).or(address.password.as_deref()).map(str::to_owned);
        let user = given(remote.username.as_ref()).or(address.user.as_deref()).map(str::to_owned);
        let secrets =
            [password.as_deref(), given(remote.private_key.as_ref()), given(remote.passphrase.as_ref())];
        secrets.into_iter().flatten().for_each(|secret| context.mask(secret));
        if user.iter().chain(&password).any(|text| text.contains(['\n', '\r', '\0'])) {
            return Err(TaskError::failed("username or password has several lines; write each on one line"));
        }
        let found = reach(&address, remote, context).await?;
        let around = context.working_dir().parent().unwrap_or_else(|| context.working_dir());
        let dir = tempfile::Builder::new().prefix("git-").tempdir_in(around).map_err(disk)?;
        let mut session =
            Self { context: context.clone(), address, dir, variables: Vec::new(), settings: Vec::new() };
        session.settle(remote, &found);
        if let Some(password) = password {
            session.log_in(user.as_deref().unwrap_or("git"), &password);
        }
        if session.address.protocol == Protocol::Ssh {
            session.use_ssh(remote)?;
        }
        Ok(session)
    }

    /// The address without a password.
    pub(crate) fn url(&self) -> &str {
        &self.address.url
    }

    /// A path in the private directory of the session.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Adds a setting of the program for this session.
    pub(crate) fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.settings.push((name.into(), value.into()));
    }

    /// Sets the author and the date of the commits of this session. The date is `SECONDS +0000`.
    pub(crate) fn author(&mut self, name: &str, email: &str, date: &str) {
        for (variable, value) in [
            ("GIT_AUTHOR_NAME", name),
            ("GIT_AUTHOR_EMAIL", email),
            ("GIT_AUTHOR_DATE", date),
            ("GIT_COMMITTER_NAME", name),
            ("GIT_COMMITTER_EMAIL", email),
            ("GIT_COMMITTER_DATE", date),
        ] {
            self.variables.push((variable, value.into()));
        }
    }

    fn settle(&mut self, remote: &Remote, found: &[IpAddr]) {
        let seconds = remote.read_time().as_secs().max(1);
        for (name, value) in [
            ("core.hooksPath", "/dev/null"),
            ("core.fsmonitor", "false"),
            ("core.quotePath", "false"),
            ("core.autocrlf", "false"),
            ("gc.auto", "0"),
            ("maintenance.auto", "false"),
            ("advice.detachedHead", "false"),
            ("init.defaultBranch", "main"),
            // A shallow clone would need all objects of a changed default.
            ("fetch.recurseSubmodules", "false"),
            ("http.lowSpeedLimit", "1"),
        ] {
            self.set(name, value);
        }
        self.set("http.lowSpeedTime", seconds.to_string());
        if !found.is_empty() && self.address.protocol == Protocol::Http {
            // The checked addresses, and not those that the name has a moment later.
            let found: Vec<String> = found.iter().map(IpAddr::to_string).collect();
            self.set(
                "http.curloptResolve",
                format!("{}:{}:{}", self.address.host, self.address.port, found.join(",")),
            );
        }
        if let Some(file) = given(remote.trusted_ca_pem_path.as_ref()) {
            let file = self.context.working_dir().join(file);
            self.set("http.sslCAInfo", file.to_string_lossy());
        }
        let home = self.dir.path().as_os_str().to_owned();
        self.variables = vec![
            ("HOME", home.clone()),
            ("XDG_CONFIG_HOME", home.clone()),
            ("TMPDIR", home),
            ("LC_ALL", "C.UTF-8".into()),
            ("LANGUAGE", "en".into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
            ("GIT_ATTR_NOSYSTEM", "1".into()),
            ("GIT_TERMINAL_PROMPT", "0".into()),
            ("GIT_ASKPASS", "".into()),
            ("GIT_ALLOW_PROTOCOL", PROTOCOLS.into()),
            ("GIT_LFS_SKIP_SMUDGE", "1".into()),
            // A server that asks for something unforeseen gets no answer.
            ("GIT_SSH_COMMAND", "false".into()),
        ];
    }

    fn log_in(&mut self, user: &str, password: &str) {
        if let Some(origin) = self.address.origin() {
            self.set(format!("credential.{origin}.helper"), HELPER);
        }
        self.variables.push(("GIT_LOGIN_USER", user.into()));
        self.variables.push(("GIT_LOGIN_PASSWORD", password.into()));
    }

    fn use_ssh(&mut self, remote: &Remote) -> Result<(), TaskError> {
        let askpass = self.path("askpass");
        std::fs::write(&askpass, ASKPASS).map_err(disk)?;
        std::fs::set_permissions(&askpass, Permissions::from_mode(0o700)).map_err(disk)?;
        let mut command =
            "ssh -F none -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=\"$HOME/known_hosts\" \
                           -o GlobalKnownHostsFile=/dev/null -o IdentityAgent=none -o IdentitiesOnly=yes \
                           -o NumberOfPasswordPrompts=1"
                .to_owned();
        command.push_str(&format!(
            " -o ConnectTimeout={} -o ServerAliveInterval={}",
            remote.connect_time().as_secs().max(1),
            remote.read_time().as_secs().max(1)
        ));
        if let Some(key) = given(remote.private_key.as_ref()) {
            let file = self.path("key");
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(disk)?;
            writeln!(file, "{}", key.replace('\r', "")).map_err(disk)?;
            command.push_str(" -i \"$HOME/key\"");
        } else {
            command.push_str(" -o IdentityFile=none");
        }
        self.variables.retain(|(name, _)| *name != "GIT_SSH_COMMAND");
        self.variables.extend([
            ("GIT_SSH_COMMAND", command.into()),
            ("GIT_SSH_VARIANT", "ssh".into()),
            ("SSH_ASKPASS", askpass.into()),
            ("SSH_ASKPASS_REQUIRE", "force".into()),
        ]);
        if let Some(passphrase) = given(remote.passphrase.as_ref()) {
            self.variables.push(("GIT_LOGIN_PASSPHRASE", passphrase.into()));
        }
        Ok(())
    }

    /// Runs a command in a directory to its end.
    ///
    /// # Errors
    /// [`TaskError::Failed`] if git is not installed. [`TaskError::Stopped`] if the task is stopped.
    pub(crate) async fn attempt(&self, at: &Path, arguments: &[&str]) -> Result<Answer, TaskError> {
        let (mut child, out, error) = Child::start(self.program(at, arguments)).await.map_err(not_started)?;
        let work = async {
            let (out, error) = tokio::join!(all(out), all(error));
            let code = child.ended().await.map_err(disk)?;
            Ok(Answer { code, out: out?, error: String::from_utf8_lossy(&error?).into_owned() })
        };
        let cancelled = self.context.cancelled();
        tokio::select! {
            answer = work => answer,
            () = cancelled.cancelled() => Err(TaskError::Stopped),
        }
    }

    /// Runs a command that must succeed, and returns its output.
    ///
    /// # Errors
    /// [`TaskError::Failed`] with a sentence about what git or the server says.
    pub(crate) async fn run(&self, at: &Path, arguments: &[&str]) -> Result<Vec<u8>, TaskError> {
        let answer = self.attempt(at, arguments).await?;
        if answer.code == 0 { Ok(answer.out) } else { Err(self.refused(&answer)) }
    }

    /// Runs a command that must succeed, and returns its output as text without the last line break.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub(crate) async fn ask(&self, at: &Path, arguments: &[&str]) -> Result<String, TaskError> {
        let out = self.run(at, arguments).await?;
        Ok(String::from_utf8_lossy(&out).trim_end().to_owned())
    }

    /// The error of a command that failed.
    pub(crate) fn refused(&self, answer: &Answer) -> TaskError {
        TaskError::failed(refusal::sentence(&self.address.url, &answer.error))
    }

    /// The default branch of the repository, and the references with these full names.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub(crate) async fn references(&self, names: &[String]) -> Result<References, TaskError> {
        let mut arguments = vec!["ls-remote", "--symref", "--", self.url(), "HEAD"];
        arguments.extend(names.iter().map(String::as_str));
        let out = self.ask(self.dir.path(), &arguments).await?;
        let mut references = References::default();
        for (left, name) in out.lines().filter_map(|line| line.split_once('\t')) {
            if let Some(head) = left.strip_prefix("ref: ").filter(|_| name == "HEAD") {
                references.head = head.strip_prefix("refs/heads/").map(str::to_owned);
            } else if names.iter().any(|wanted| wanted == name) {
                references.found.insert(name.to_owned(), left.to_owned());
            }
        }
        Ok(references)
    }

    fn program(&self, at: &Path, arguments: &[&str]) -> Program {
        let mut command = Command::new("git");
        for (name, _) in environment::for_children() {
            let known = name.to_string_lossy().to_ascii_uppercase();
            if !SEEN.contains(&known.as_str()) && !PROXIES.contains(&known.as_str()) {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .current_dir(at)
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.env("GIT_CONFIG_COUNT", self.settings.len().to_string());
        for (number, (name, value)) in self.settings.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{number}"), name);
            command.env(format!("GIT_CONFIG_VALUE_{number}"), value);
        }
        Program::new(command)
    }
}

/// Connects to the server once, because git waits minutes for a server that does not answer. Returns the addresses of
/// the server, or none if a proxy knows them.
async fn reach(address: &Address, remote: &Remote, context: &TaskContext) -> Result<Vec<IpAddr>, TaskError> {
    let is_proxied = || {
        let set = |name: &str| environment::for_child(name).is_some_and(|value| !value.is_empty());
        PROXIES.iter().any(|name| set(name) || set(&name.to_ascii_lowercase()))
    };
    if address.protocol == Protocol::Http && is_proxied() {
        context.clients().url(&address.url)?;
        return Ok(Vec::new());
    }
    let Address { host, port, .. } = address;
    let found = context.clients().addresses(host).await?;
    let most = remote.connect_time();
    let mut last = format!("no answer within {} ms", most.as_millis());
    for one in &found {
        match tokio::time::timeout(most, TcpStream::connect((*one, *port))).await {
            Ok(Ok(_)) => return Ok(found),
            Ok(Err(error)) => last = error.to_string(),
            Err(_) => {}
        }
    }
    Err(TaskError::failed(format!(
        "the Git server {host} cannot be reached at port {port}: {last}; check url, and whether the server is running"
    )))
}

async fn all(output: Option<Output>) -> Result<Vec<u8>, TaskError> {
    let mut bytes = Vec::new();
    if let Some(output) = output {
        output.take(LONGEST).read_to_end(&mut bytes).await.map_err(disk)?;
    }
    Ok(bytes)
}

fn not_started(error: StartError) -> TaskError {
    TaskError::failed(match error {
        StartError::Program(error) if error.kind() == std::io::ErrorKind::NotFound => {
            "the program git was not found; install git on this machine".to_owned()
        }
        StartError::Program(error) | StartError::System(error) => format!("git cannot be started: {error}"),
    })
}

/// The error for a failure of the local disk or a pipe.
fn disk(error: std::io::Error) -> TaskError {
    TaskError::failed(format!("the directory for the repository cannot be used: {error}"))
}
