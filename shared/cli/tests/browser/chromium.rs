//! A browser without a window, and the server of the pages it looks at.

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

/// Longer than any page here takes.
const PATIENCE: Duration = Duration::from_secs(120);
/// The programs that are Chromium, by what systems call it.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// Every name of the attacks is an address of this machine.
const RESOLVE: &str = "--host-resolver-rules=MAP evil.example 127.0.0.1, MAP rebind.example 127.0.0.1";

/// A browser that forgets everything between two pages.
pub(crate) struct Chromium {
    program: PathBuf,
    folder: PathBuf,
}

impl Chromium {
    /// The browser of this machine, with its profiles below `folder`; none, with the reason printed, where there is
    /// none.
    pub(crate) fn installed(folder: &Path) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let program = std::env::split_paths(&path)
            .flat_map(|folder| NAMES.map(|name| folder.join(name)))
            .find(|program| program.is_file());
        if program.is_none() {
            eprintln!("passed over: no Chromium is installed (none of {} is in PATH)", NAMES.join(", "));
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

    /// Looks at a page until it tells its home what it found.
    pub(crate) async fn visit(&self, home: &Home, address: &str) -> String {
        let mut browser =
            self.open(address, &["--remote-debugging-port=0"]).stdout(Stdio::null()).spawn().unwrap();
        let told = tokio::time::timeout(PATIENCE, async { home.told.lock().await.recv().await }).await;
        browser.kill().await.unwrap();
        told.unwrap_or_else(|_| panic!("the page {address} tells nothing")).unwrap()
    }

    /// What is seen at an address.
    pub(crate) async fn read(&self, address: &str) -> String {
        let output = tokio::time::timeout(PATIENCE, self.open(address, &["--dump-dom"]).output()).await;
        let output = output.unwrap_or_else(|_| panic!("{address} is not shown")).unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// Where a page is from, and where it tells what it found: `/done?result=…`.
pub(crate) struct Home {
    address: SocketAddr,
    told: Mutex<mpsc::UnboundedReceiver<String>>,
}

impl Home {
    /// Serves that page.
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
