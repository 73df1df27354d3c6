//! `segue server`: API, triggers and all task types in one process.

mod console;

use crate::commands::local::{google, stop};
use crate::credentials;
use crate::environment::environment;
use anyhow::{Context as _, bail};
use segue_model::parse::Parsed;
use segue_ports::Environment;
use segue_standalone::{
    Access, AllowedHost, BasicAuth, Durability, GoogleAccess, Hosts, Options, PutFlowError, Server,
    Standalone, Token,
};
use serde_json::json;
use std::io::{ErrorKind, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

/// The default address.
const DEFAULT_PORT: u16 = 8080;
/// The file in the data directory with the address of the server, for other commands.
pub(crate) const ADDRESS_FILE: &str = "server.json";

/// Serves the API and runs triggers, until it is stopped.
///
/// Every accepted request is on the disk before it is answered. If the server is killed at any moment and started
/// again, every execution continues.
///
/// Ctrl-C or SIGTERM stops the server. Task runs have ten seconds to end (SEGUE_STOP_SECONDS). The next start repeats
/// task runs that did not end in this time. A second Ctrl-C ends the server at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue server
  segue server --data-dir .segue --port 9000
  segue server --flows flows/
  segue server --token --open
  segue server --host 0.0.0.0 --auth @auth.txt --allowed-host segue.example.com
  eval \"$(tests/tools/emulators.sh env)\"; segue server --platform gcp")]
pub(crate) struct Args {
    /// The address to listen on. An address that other machines can reach needs --auth.
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    host: IpAddr,
    /// The port. 0 takes a free port. Default: 8080, or a free port if 8080 is taken.
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// The user of the API, by basic authentication: @FILE with USER:PASSWORD in the file, - for standard input, or
    /// USER:PASSWORD itself.
    ///
    /// Every user of the machine can read the command line. Without this option the server reads SEGUE_AUTH
    /// (USER:PASSWORD or @FILE), or SEGUE_USERNAME and SEGUE_PASSWORD.
    #[arg(long, value_name = "@FILE")]
    auth: Option<String>,
    /// Demands a token from every caller, other users of this machine too.
    ///
    /// The token is new at each start. The server writes the token to server.json in the data directory, which only
    /// its own user can read. Other commands read the token there. Callers with the password of --auth need no token,
    /// and webhooks need only their key.
    #[arg(
        long,
        env = "SEGUE_REQUIRE_TOKEN",
        value_parser = clap::builder::FalseyValueParser::new(),
        action = clap::ArgAction::SetTrue
    )]
    token: bool,
    /// Prints a link to the server, and opens the link in a browser. With --token, the link lets one browser in, once,
    /// within ten minutes.
    #[arg(long)]
    open: bool,
    /// How many proxies are in front of the server. Each adds the address of its caller to X-Forwarded-For. The server
    /// slows down addresses that send wrong passwords.
    #[arg(long, env = "SEGUE_PROXIES", default_value_t = 0, value_name = "NUMBER")]
    proxies: usize,
    /// One more host name of the server, in addition to localhost and its address. May be repeated.
    ///
    /// The server refuses requests to other names, because a web page can point its own name to this machine. Behind a
    /// proxy, give the name that users type.
    #[arg(long = "allowed-host", env = "SEGUE_ALLOWED_HOSTS", value_name = "NAME")]
    allowed_hosts: Vec<String>,
    /// What an answered write survives: a loss of power (full), or only the end of the process (normal), which is
    /// faster on slow disks. SEGUE_DURABILITY sets the same.
    #[arg(long, value_name = "full|normal")]
    durability: Option<Durability>,
    /// Starts even if a part of the data directory is lost or damaged, with the rest.
    #[arg(long)]
    accept_loss: bool,
    /// Saves flows before the start: of this folder and of the folders below it, or of one file.
    #[arg(long, value_name = "DIR|FILE")]
    flows: Option<PathBuf>,
    /// Prints no starts and ends of executions.
    ///
    /// Without this option, standard error shows them: in colour on a terminal, and elsewhere as one JSON document on
    /// each line.
    #[arg(short, long)]
    quiet: bool,
    /// Where data is stored: on this machine, or in the Google Cloud project or emulators that the environment
    /// names (SEGUE_PROJECT, *_EMULATOR_HOST).
    #[arg(long, env = "SEGUE_PLATFORM", value_enum, default_value_t = Platform::Local, value_name = "PLATFORM")]
    platform: Platform,
    /// The port of Google's APIs for programs of this machine, or off. 0 takes a free port. Default: 8088, or a free port
    /// if 8088 is taken.
    ///
    /// BigQuery and Cloud Storage answer there, with the tables and buckets of the flows: `segue env` prints the settings
    /// of dbt, bq and Google's client libraries. They are never on another address than 127.0.0.1.
    #[arg(long, env = google::PORT, value_name = "PORT|off")]
    google_port: Option<String>,
}

/// Where data is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Platform {
    /// In the data directory.
    Local,
    /// On Google Cloud.
    Gcp,
}

pub(crate) async fn run(args: Args, data_dir: Option<PathBuf>) -> anyhow::Result<u8> {
    let environment = environment();
    let user = match credentials::user("--auth", args.auth.as_deref(), |name| environment.get(name)) {
        Ok(user) => user,
        Err(error) => {
            eprintln!("error: {error:#}");
            return Ok(crate::REFUSED);
        }
    };
    let basic = match user {
        Some((username, password)) => Some(BasicAuth { username, password }),
        None if args.token => None,
        None if args.host.is_loopback() => None,
        None => {
            eprintln!(
                "error: other machines can reach {}, and no caller would have to log in; name the user of the \
                 API with --auth @FILE or SEGUE_AUTH, or require a token with --token",
                args.host
            );
            return Ok(crate::REFUSED);
        }
    };
    let names = AllowedHost::list(&args.allowed_hosts.join(","))?;
    let hosts = Hosts::listed(args.host, names);
    let access = Access { basic, hosts, proxies: args.proxies, ..Access::default() };
    let flows = match args.flows.as_deref().map(flow_files).transpose() {
        Ok(flows) => flows.unwrap_or_default(),
        Err(error) => {
            eprintln!("error: {error:#}");
            return Ok(crate::REFUSED);
        }
    };
    let data_dir = crate::kept_data_dir(data_dir);
    if args.platform == Platform::Gcp {
        return on_google_cloud(&args, &environment, &data_dir, access, flows).await;
    }
    let grace = stop::grace(&environment)?;
    // The port is known before the first task runs, because messages of tasks link to the server.
    let listener = listen(&args).await?;
    let address = listener.local_addr()?;
    let url = format!("http://{}", reachable(address));
    let is_guarded = access.basic.is_some() || args.token || !args.host.is_loopback();
    let options = Options {
        google: google::options(args.google_port.as_deref(), is_guarded)?,
        data_dir: data_dir.clone(),
        environment,
        isolate: is_guarded,
        triggers: true,
        durability: args.durability,
        url: Some(url.clone()),
        accept_loss: args.accept_loss,
    };
    let standalone = Arc::new(Standalone::open(&options)?);
    if let Some(note) = standalone.note() {
        eprintln!("note: {note}");
    }
    let access = Access { token: args.token.then(|| Arc::new(Token::new(address.port()))), ..access };
    let token = access.token.clone();

    let shutdown = CancellationToken::new();
    let (at_work, stopping) = (standalone.clone(), shutdown.clone());
    let announced = move |_| {
        stop::announce(&at_work, grace);
        stopping.cancel();
    };
    stop::on_signals(announced, || eprintln!("stopped at once; the next start continues the running work"))?;
    let served_google = standalone.clone();
    let server = Server::new(standalone.clone(), url.clone(), access);
    if !save_flows(&flows, async |source| server.save_flow(source).await).await? {
        return Ok(crate::REFUSED);
    }
    let google = served_google.start_google().await?;
    let told = AddressFile::write(&data_dir, &url, token.as_deref(), google.as_ref())?;
    crate::print::line_if_read(format_args!("Segue answers at {url} (data in {})", data_dir.display()));
    if let Some(google) = &google {
        crate::print::line_if_read(format_args!("Google's clients: {} (settings: segue env)", google.url));
    }
    open(&args, &url, token.as_deref());
    let console = (!args.quiet).then(|| console::Console::start(&standalone));
    let served = server.serve(listener, shutdown, grace).await;
    if let Some(console) = console {
        console.abort();
    }
    drop(told);
    let stopped = served?;
    if stopped > 0 {
        eprintln!("{} stopped; the next start runs them again", stop::counted(stopped));
    }
    Ok(crate::OK)
}

/// Refuses a platform that is not in this program.
#[cfg(not(feature = "gcp"))]
async fn on_google_cloud(
    _: &Args,
    _: &Environment,
    _: &Path,
    _: Access,
    _: Vec<PathBuf>,
) -> anyhow::Result<u8> {
    eprintln!(
        "error: this program was built without Google Cloud (`make demo` does so); `make build` builds all of it"
    );
    Ok(crate::REFUSED)
}

/// Runs the server on the ports of Google Cloud. The data directory has only the address.
#[cfg(feature = "gcp")]
async fn on_google_cloud(
    args: &Args,
    environment: &Environment,
    data_dir: &Path,
    access: Access,
    flows: Vec<PathBuf>,
) -> anyhow::Result<u8> {
    let listener = listen(args).await?;
    let address = listener.local_addr()?;
    let server = segue_standalone::CloudServer::connect(environment, address).await?;
    let url = format!("http://{}", reachable(address));
    let access = Access { token: args.token.then(|| Arc::new(Token::new(address.port()))), ..access };
    let token = access.token.clone();
    let shutdown = CancellationToken::new();
    let stopping = shutdown.clone();
    let announced = move |_| {
        eprintln!("stopping; a second Ctrl-C ends at once");
        stopping.cancel();
    };
    stop::on_signals(announced, || eprintln!("stopped at once; the next start continues the running work"))?;
    if !save_flows(&flows, async |source| server.save_flow(source).await).await? {
        return Ok(crate::REFUSED);
    }
    std::fs::create_dir_all(data_dir)?;
    let told = AddressFile::write(data_dir, &url, token.as_deref(), None)?;
    let project = server.project();
    let work = if server.is_on_emulators() {
        format!("on the emulators of project {project}, with every function")
    } else {
        format!("next to the functions deployed in project {project}")
    };
    crate::print::line_if_read(format_args!("Segue answers at {url} ({work})"));
    open(args, &url, token.as_deref());
    let served = server.serve(listener, url, access, shutdown).await;
    drop(told);
    served?;
    Ok(crate::OK)
}

/// Prints a link to the server and opens the link in a browser, with `--open`.
fn open(args: &Args, url: &str, token: Option<&Token>) {
    if !args.open {
        return;
    }
    let link = format!("{url}{}", token.map_or_else(|| "/".to_owned(), Token::link));
    crate::print::line_if_read(format_args!("Open {link}"));
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut browser = Command::new(program);
    browser.arg(&link).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match browser.spawn() {
        // The program ends when the browser has the link. Without the wait, the program would stay as a zombie.
        Ok(mut program) => drop(tokio::spawn(async move { program.wait().await })),
        Err(error) => eprintln!("cannot open a browser ({program}: {error}); open the link yourself"),
    }
}

/// Listens on the given port. Without one, on 8080, or on a free port if 8080 is taken.
async fn listen(args: &Args) -> anyhow::Result<TcpListener> {
    let port = args.port.unwrap_or(DEFAULT_PORT);
    match TcpListener::bind((args.host, port)).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == ErrorKind::AddrInUse && args.port.is_none() => {
            eprintln!("port {port} is taken, so the server uses a free port; choose a port with --port");
            Ok(TcpListener::bind((args.host, 0)).await?)
        }
        Err(error) => Err(error).with_context(|| {
            format!("port {port} of {} cannot be used; choose another port with --port", args.host)
        }),
    }
}

/// The address of the server for clients on this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        ip if !ip.is_unspecified() => address,
        IpAddr::V4(_) => SocketAddr::from(([127, 0, 0, 1], address.port())),
        IpAddr::V6(_) => SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], address.port())),
    }
}

/// Writes the address of the server for other commands. The file is deleted with this value.
struct AddressFile(PathBuf);

impl AddressFile {
    fn write(
        data_dir: &Path,
        url: &str,
        token: Option<&Token>,
        google: Option<&GoogleAccess>,
    ) -> anyhow::Result<Self> {
        let file = data_dir.join(ADDRESS_FILE);
        let content = json!({"url": url, "token": token.map(Token::secret), "google": google});
        // A temporary file is made for its user alone (0600) and then renamed, so nobody reads a part of the file or
        // opens the file before its mode is set.
        let write = || -> std::io::Result<()> {
            let mut written = tempfile::NamedTempFile::new_in(data_dir)?;
            written.write_all(content.to_string().as_bytes())?;
            written.persist(&file)?;
            Ok(())
        };
        write().with_context(|| format!("{} cannot be written", file.display()))?;
        Ok(Self(file))
    }
}

impl Drop for AddressFile {
    fn drop(&mut self) {
        // A leftover file names an address where nothing answers. Its readers tolerate this.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The flow files of `--flows`.
///
/// # Errors
/// An error if the folder or file cannot be read, or has no flow.
fn flow_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let files = crate::flow_files::below(folder)?;
    if files.is_empty() {
        bail!("there is no flow in {}; name a folder with .yaml or .yml files", folder.display());
    }
    Ok(files)
}

/// Saves the flows of files. If one is refused, prints the problems and returns false.
async fn save_flows(
    files: &[PathBuf],
    save: impl AsyncFn(&str) -> Result<Parsed, PutFlowError>,
) -> anyhow::Result<bool> {
    let mut all = true;
    for file in files {
        let source =
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        match save(&source).await {
            Ok(parsed) => crate::diagnostics::print(file, &parsed.diagnostics),
            Err(PutFlowError::Refused(found)) => {
                crate::diagnostics::print(file, &found);
                all = false;
            }
            Err(PutFlowError::Port(error)) => return Err(error.into()),
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_come_from_a_folder_or_a_file_and_there_must_be_one() {
        let folder = tempfile::tempdir().unwrap();
        let error = flow_files(folder.path()).unwrap_err();
        assert!(error.to_string().starts_with("there is no flow in"), "{error}");
        let file = folder.path().join("a.yaml");
        std::fs::write(&file, "id: a").unwrap();
        assert_eq!(flow_files(folder.path()).unwrap(), std::slice::from_ref(&file));
        assert_eq!(flow_files(&file).unwrap(), [file]);
        assert!(flow_files(&folder.path().join("nowhere")).is_err());
    }
}
