//! `segue flow`: the flows of a server.
//!
//! - `manage`: list, get, delete and export the flows of the server
//! - `deploy`: send one source to the server
//! - `diff`: what a deployment would change
//! - `import` and `watch`: choose the sources that are sent
//! - `folder`: find which files of a folder changed

mod deploy;
mod diff;
mod folder;
mod import;
mod manage;
mod watch;

use crate::client::{Format, Needs, Reach};

/// The flows of a server.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue flow import flows/
  segue flow list --namespace zoomcamp
  segue flow watch flows/ --delete")]
pub(crate) struct Args {
    #[command(flatten)]
    format: Format,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Creates or updates flows from files.
    ///
    /// A file with a problem is refused as a whole. The other files are still saved. The exit code is 2 if a file was
    /// refused.
    #[command(after_help = "Examples:
  segue flow import hello.yaml
  segue flow import flows/ more/taxi.yaml
  segue flow import flows/ --dry-run
  segue flow import flows.zip")]
    Import(import::Import),
    /// Shows what an import of files would change, or what changed between two revisions of a flow.
    #[command(after_help = "Examples:
  segue flow diff flows/
  segue flow diff hello.yaml --exit-code
  segue flow diff tutorial.hello --revisions 2..5")]
    Diff(diff::Diff),
    /// Lists the revisions of a flow.
    #[command(after_help = "Example:
  segue flow revisions tutorial.hello")]
    Revisions(diff::Revisions),
    /// Lists flows.
    #[command(
        visible_alias = "ls",
        after_help = "Examples:
  segue flow list
  segue flow list --namespace zoomcamp
  segue flow list -q taxi --output json"
    )]
    List(manage::List),
    /// Prints the source of a flow, or the whole flow with --output json.
    #[command(after_help = "Examples:
  segue flow get tutorial.hello > hello.yaml
  segue flow get tutorial hello --revision 2")]
    Get(manage::Get),
    /// Checks flow files on a server and prints their problems. Saves nothing.
    ///
    /// The exit code is 2 if a flow would be refused.
    #[command(after_help = "Example:
  segue flow validate flows/")]
    Validate(import::Files),
    /// Deletes flows. Their executions are kept.
    #[command(
        visible_alias = "rm",
        after_help = "Example:
  segue flow delete tutorial.hello tutorial.goodbye"
    )]
    Delete(manage::Delete),
    /// Deploys the flows of a folder, and again whenever a file is saved.
    #[command(after_help = "Examples:
  segue flow watch flows/
  segue flow watch flows/ --delete")]
    Watch(watch::Watch),
    /// Writes the source of each flow into a zip file.
    #[command(after_help = "Examples:
  segue flow export -o flows.zip
  segue flow export --namespace zoomcamp -o zoomcamp.zip")]
    Export(manage::Export),
}

impl Verb {
    fn needs(&self) -> Needs {
        match self {
            Self::Import(_) => Needs::NewData,
            Self::List(_)
            | Self::Get(_)
            | Self::Validate(_)
            | Self::Delete(_)
            | Self::Export(_)
            | Self::Diff(_)
            | Self::Revisions(_) => Needs::Data,
            Self::Watch(_) => Needs::Server,
        }
    }
}

pub(crate) async fn run(args: Args, reach: &Reach) -> anyhow::Result<u8> {
    let session = reach.open(args.format.output, args.verb.needs()).await?;
    let reply = match args.verb {
        Verb::Import(args) => import::run(&session, &args).await?,
        Verb::Diff(args) => diff::run(&session, &args).await?,
        Verb::Revisions(args) => diff::revisions(&session, &args).await?,
        Verb::Validate(files) => import::validate(&session, &files).await?,
        Verb::List(list) => manage::list(&session, &list).await?,
        Verb::Get(get) => manage::get(&session, &get).await?,
        Verb::Delete(delete) => manage::delete(&session, &delete).await?,
        Verb::Export(export) => manage::export(&session, &export).await?,
        Verb::Watch(watch) => return watch::run(&session, &watch).await,
    };
    reply.show(session.output)
}
