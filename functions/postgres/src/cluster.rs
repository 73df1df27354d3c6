//! A PostgreSQL server of its own for tests, in a temporary folder and on a free port. The server ends with the process
//! of the test, also when that is killed. Where PostgreSQL is not installed, such tests say so and pass.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The user and the password of the server.
const USER: &str = "kestra";
const PASSWORD: &str = "k3str4";
/// How long a server may take to start.
const START: Duration = Duration::from_secs(60);

/// Runs the server until standard input ends, which it does with the process of the test. Then removes the folder.
const KEEPER: &str = r#"folder=$1; shift; "$@" </dev/null & server=$!; cat >/dev/null; kill -INT $server; wait $server; rm -rf "$folder""#;

/// A server.
pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
    _keeper: Child,
}

/// An empty database of a server.
#[derive(Clone, Debug)]
pub struct Database {
    /// The JDBC URL.
    pub url: String,
    /// The user.
    pub user: &'static str,
    /// The password.
    pub password: &'static str,
    /// The port on loopback.
    pub port: u16,
    /// The name.
    pub name: String,
}

impl Cluster {
    /// The server of this process, started by the first call. None if PostgreSQL is not installed.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| programs().map(Self::start));
        if shared.is_none() {
            // Not `eprintln`, which the test would keep to itself.
            let why = "skipped: PostgreSQL is not installed (Debian: apt-get install postgresql)\n";
            std::io::stderr().write_all(why.as_bytes()).unwrap();
        }
        shared.as_ref()
    }

    fn start(programs: PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap().keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let user = unprivileged();
        if let Some((user, group)) = user {
            chown(&folder, Some(user), Some(group)).unwrap();
        }
        let as_user = |program: &Path| {
            let mut command = Command::new(program);
            if let Some((user, group)) = user {
                command.uid(user).gid(group);
            }
            command.current_dir(&folder).env("TZ", "UTC");
            command
        };
        let password = folder.join("password");
        let mut file = fs::File::create(&password).unwrap();
        writeln!(file, "{PASSWORD}").unwrap();
        if let Some((user, group)) = user {
            chown(&password, Some(user), Some(group)).unwrap();
        }
        let data = folder.join("data");
        let made = as_user(&programs.join("initdb"))
            .args(["--no-sync", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--username", USER])
            .arg("--pwfile")
            .arg(&password)
            .arg("--pgdata")
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = fs::File::create(folder.join("log")).unwrap();
        let settings = [
            format!("port={port}"),
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={}", folder.display()),
            "fsync=off".to_owned(),
            "max_connections=50".to_owned(),
            "lc_monetary=C".to_owned(),
        ];
        let encrypted = certificate(&folder, user).then(|| {
            [
                "ssl=on".to_owned(),
                format!("ssl_cert_file={}", folder.join("cert.pem").display()),
                format!("ssl_key_file={}", folder.join("key.pem").display()),
            ]
        });
        let keeper = as_user(Path::new("/bin/sh"))
            .args(["-c", KEEPER, "sh"])
            .arg(&folder)
            .arg(programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(
                settings
                    .iter()
                    .chain(encrypted.iter().flatten())
                    .flat_map(|setting| ["-c", setting.as_str()]),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let cluster = Self { folder, programs, port, _keeper: keeper };
        let begin = Instant::now();
        while !cluster.psql("postgres", "SELECT 1").status.success() {
            let log = fs::read_to_string(cluster.folder.join("log")).unwrap_or_default();
            assert!(begin.elapsed() < START, "PostgreSQL did not start: {log}");
            std::thread::sleep(Duration::from_millis(50));
        }
        cluster
    }

    /// A new, empty database.
    pub fn database(&self) -> Database {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let made = self.psql("postgres", &format!("CREATE DATABASE {name}"));
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Database {
            url: format!("jdbc:postgresql://127.0.0.1:{}/{name}", self.port),
            user: USER,
            password: PASSWORD,
            port: self.port,
            name,
        }
    }

    /// The folder with the socket of the server, and with its certificate `cert.pem` if it has one.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What `psql` prints about a statement: one line for each row, `|` between the columns.
    pub fn ask(&self, database: &Database, sql: &str) -> String {
        let output = self.psql(&database.name, sql);
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// The command `psql` with the login of a database.
    pub fn psql_command(&self, database: &str) -> Command {
        let mut command = Command::new(self.programs.join("psql"));
        command
            .args(["--no-psqlrc", "--tuples-only", "--no-align", "--quiet", "--host=127.0.0.1"])
            .args(["--port", &self.port.to_string(), "--username", USER, "--dbname", database])
            .env("PGPASSWORD", PASSWORD);
        command
    }

    fn psql(&self, database: &str, sql: &str) -> std::process::Output {
        self.psql_command(database).args(["--set=ON_ERROR_STOP=1", "--command", sql]).output().unwrap()
    }
}

/// The folder with the newest server's programs: that of Debian, or the folder of `postgres` in PATH.
#[expect(clippy::disallowed_methods, reason = "a test looks for a program as a shell does")]
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let whole =
        |folder: &PathBuf| ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).is_file());
    folders.into_iter().rev().find(whole)
}

/// The user and group for the server if this process is root's: `postgres`, or else `nobody`. The server refuses root.
fn unprivileged() -> Option<(u32, u32)> {
    let own = fs::metadata("/proc/self").ok()?;
    if std::os::unix::fs::MetadataExt::uid(&own) != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let number = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2).map(|field| field.parse().ok());
        Some((fields.next()??, fields.next()??))
    };
    Some(number("postgres").or_else(|| number("nobody")).expect("root's tests need a user for the server"))
}

/// Makes a certificate for `localhost` that is its own authority. False without `openssl`.
fn certificate(folder: &Path, user: Option<(u32, u32)>) -> bool {
    let (key, cert) = (folder.join("key.pem"), folder.join("cert.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&cert)
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        return false;
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    if let Some((user, group)) = user {
        chown(&key, Some(user), Some(group)).unwrap();
        chown(&cert, Some(user), Some(group)).unwrap();
    }
    true
}
