//! A Chromium without a window, and a server for the pages that it opens.

#![expect(
    clippy::disallowed_methods,
    reason = "a test passes its own environment on, or has its settings there"
)]

use axum::Router;
use axum::extract::Query;
use axum::response::Html;
use axum::routing::get;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::Command;
use tokio::sync::{Mutex, mpsc};

/// The time limit of a page.
const PATIENCE: Duration = Duration::from_secs(120);
/// The names of Chromium's program on different systems.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// Resolves the host names of the attacks to this machine.
const RESOLVE: &str = "--host-resolver-rules=MAP evil.example 127.0.0.1, MAP rebind.example 127.0.0.1";

/// A browser with a new profile for each page.
pub(crate) struct Chromium {
    program: PathBuf,
    folder: PathBuf,
}

impl Chromium {
    /// Finds the browser of this machine. Its profiles are below `folder`. `None` if no browser is installed, and the
    /// reason is printed.
    pub(crate) fn installed(folder: &Path) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let program = std::env::split_paths(&path)
            .flat_map(|folder| NAMES.map(|name| folder.join(name)))
            .find(|program| program.is_file());
        if program.is_none() {
            eprintln!("skipped: no Chromium is installed (none of {} is in PATH)", NAMES.join(", "));
        }
        program.map(|program| Self { program, folder: folder.to_owned() })
    }

    fn open(&self, address: &str, more: &[&str]) -> Command {
        let profile = tempfile::Builder::new().prefix("profile").tempdir_in(&self.folder).unwrap().keep();
        let mut command = Command::new(&self.program);
        command
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-dev-shm-usage", "--no-proxy-server", RESOLVE])
            .arg(format!("--user-data-dir={}", profile.display()))
            .args(more)
            .arg(address)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Opens a page, and waits until the page reports its result to `home`.
    pub(crate) async fn visit(&self, home: &Home, address: &str) -> String {
        let mut browser =
            self.open(address, &["--remote-debugging-port=0"]).stdout(Stdio::null()).spawn().unwrap();
        let told = tokio::time::timeout(PATIENCE, async { home.told.lock().await.recv().await }).await;
        browser.kill().await.unwrap();
        told.unwrap_or_else(|_| panic!("the page {address} tells nothing")).unwrap()
    }

    /// The HTML of an address, as the browser shows it.
    pub(crate) async fn read(&self, address: &str) -> String {
        let output = tokio::time::timeout(PATIENCE, self.open(address, &["--dump-dom"]).output()).await;
        let output = output.unwrap_or_else(|_| panic!("{address} is not shown")).unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// A server for one page. The page reports its result with a request to `/done?result=…`.
pub(crate) struct Home {
    address: SocketAddr,
    told: Mutex<mpsc::UnboundedReceiver<String>>,
}

impl Home {
    /// Starts a server for this page.
    pub(crate) async fn new(page: String) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        let page = Arc::new(page);
        let done = move |Query(query): Query<BTreeMap<String, String>>| async move {
            tell.send(query.get("result").cloned().unwrap_or_default()).unwrap();
        };
        let show = move || async move { Html((*page).clone()) };
        let router = Router::new().route("/", get(show)).route("/done", get(done));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, told: Mutex::new(told) }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }
}
