//! `segue execution`: runs of flows on a server.
//!
//! - `run`: start an execution
//! - `follow`: show an execution while it runs
//! - `manage`: list, get and delete executions
//! - `act`: kill, restart, replay, pause and resume executions
//! - `logs`: print the log of an execution
//! - `form`: how inputs are sent
//! - `why`: the errors of a failed execution

mod act;
mod follow;
mod form;
mod logs;
mod manage;
mod run;
mod why;

use crate::client::{Format, Needs, Reach};

/// Runs of flows on a server.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue execution run tutorial.hello -i name=Ada --follow
  segue execution list --state FAILED --state KILLED
  segue execution logs -f 5Y8ps5bWJwcBWVBMVmJpGZ")]
pub(crate) struct Args {
    #[command(flatten)]
    format: Format,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Starts an execution.
    ///
    /// With --wait or --follow, the exit code is 0 for SUCCESS and WARNING, and 1 for any other state. It is 2 if the
    /// server refuses to start the execution.
    #[command(after_help = "Examples:
  segue execution run tutorial.hello -i name=Ada
  segue execution run zoomcamp gcp_taxi -i taxi=green -i month=03 --label team=data --follow
  segue execution run tutorial.load -i data=@trips.csv --wait --output json
  segue execution run zoomcamp.monthly --date 2024-03-01T09:00:00Z")]
    Run(run::Run),
    /// Lists executions, newest first.
    #[command(
        visible_alias = "ls",
        after_help = "Examples:
  segue execution list --limit 5
  segue execution list --namespace zoomcamp --flow gcp_taxi --state RUNNING
  segue execution list --label team=data --output json"
    )]
    List(manage::List),
    /// Prints an execution with its task runs.
    #[command(after_help = "Example:
  segue execution get 5Y8ps5bWJwcBWVBMVmJpGZ")]
    Get(manage::Get),
    /// Kills executions and their subflows.
    #[command(after_help = "Examples:
  segue execution kill 5Y8ps5bWJwcBWVBMVmJpGZ
  segue execution kill 5Y8ps5bWJwcBWVBMVmJpGZ --no-cascade")]
    Kill(act::Kill),
    /// Restarts an execution from its failed tasks. Successful task runs are kept.
    #[command(after_help = "Examples:
  segue execution restart 5Y8ps5bWJwcBWVBMVmJpGZ --follow
  segue execution restart 5Y8ps5bWJwcBWVBMVmJpGZ --revision 4")]
    Restart(act::Restart),
    /// Starts a new execution with the same inputs, from the beginning or from a task run.
    #[command(after_help = "Examples:
  segue execution replay 5Y8ps5bWJwcBWVBMVmJpGZ
  segue execution replay 5Y8ps5bWJwcBWVBMVmJpGZ --task-run 2f8xq0 --revision 4 --follow")]
    Replay(act::Replay),
    /// Pauses an execution. No new tasks start until a resume.
    #[command(after_help = "Example:
  segue execution pause 5Y8ps5bWJwcBWVBMVmJpGZ")]
    Pause(act::Ids),
    /// Resumes a paused execution.
    #[command(after_help = "Examples:
  segue execution resume 5Y8ps5bWJwcBWVBMVmJpGZ
  segue execution resume 5Y8ps5bWJwcBWVBMVmJpGZ -i approved=true -i reason='looks right'")]
    Resume(act::Resume),
    /// Prints the log of an execution.
    #[command(after_help = "Examples:
  segue execution logs 5Y8ps5bWJwcBWVBMVmJpGZ --level WARN
  segue execution logs -f 5Y8ps5bWJwcBWVBMVmJpGZ")]
    Logs(logs::Logs),
    /// Deletes executions with their logs and files.
    #[command(
        visible_alias = "rm",
        after_help = "Example:
  segue execution delete 5Y8ps5bWJwcBWVBMVmJpGZ"
    )]
    Delete(manage::Delete),
}

impl Verb {
    fn needs(&self) -> Needs {
        match self {
            Self::List(_) | Self::Get(_) | Self::Delete(_) => Needs::Data,
            Self::Logs(logs) if !logs.follows() => Needs::Data,
            Self::Run(_)
            | Self::Restart(_)
            | Self::Replay(_)
            | Self::Logs(_)
            | Self::Kill(_)
            | Self::Pause(_)
            | Self::Resume(_) => Needs::Server,
        }
    }
}

pub(crate) async fn run(args: Args, reach: &Reach) -> anyhow::Result<u8> {
    let session = reach.open(args.format.output, args.verb.needs()).await?;
    let reply = match args.verb {
        Verb::Run(run) => return run::run(&session, &run).await,
        Verb::Restart(restart) => return act::restart(&session, &restart).await,
        Verb::Replay(replay) => return act::replay(&session, &replay).await,
        Verb::Logs(logs) => return logs::run(&session, &logs).await,
        Verb::List(list) => manage::list(&session, &list).await?,
        Verb::Get(get) => manage::get(&session, &get).await?,
        Verb::Delete(delete) => manage::delete(&session, &delete).await?,
        Verb::Kill(kill) => act::kill(&session, &kill).await?,
        Verb::Pause(ids) => act::pause(&session, &ids).await?,
        Verb::Resume(resume) => act::resume(&session, &resume).await?,
    };
    reply.show(session.output)
}
