//! `segue backfill`: runs past fire times (slots) of a schedule.
//!
//! `request` has the arguments of a backfill, `show` the display of the answers.

mod request;
mod show;

use crate::client::{Format, Needs, Reach, Reply, Session, date, page as table};
use request::Which;
use segue_api_types::{Backfill, BackfillPreview, Page};
use segue_model::Json;
use show::{describe, has_ended, has_failed, progress};
use std::time::Duration;

/// How often `--wait` reads the backfill.
const PERIOD: Duration = Duration::from_secs(1);

/// Runs past slots of a schedule.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue backfill preview zoomcamp.monthly --start 2021-01-01 --end 2021-07-31
  segue backfill start zoomcamp.monthly --start 2021-01-01 --end 2021-07-31 --label backfill=true
  segue backfill list")]
pub(crate) struct Args {
    #[command(flatten)]
    format: Format,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Starts a backfill. The first and the last slot are included.
    ///
    /// With --wait, the exit code is 1 if a slot ended in another state than SUCCESS and WARNING.
    #[command(after_help = "Examples:
  segue backfill start zoomcamp.monthly --start 2021-01-01 --end 2021-07-31
  segue backfill start zoomcamp.monthly --trigger yellow --start 2023-01-01 --end 2024-12-31 \\
      -i taxi=yellow --label backfill=true --max-active 4 --wait
  segue backfill start zoomcamp.monthly --start 2021-01-01 --mode failed")]
    Start {
        #[command(flatten)]
        which: Which,
        /// Waits for the end of all slots.
        #[arg(short, long)]
        wait: bool,
    },
    /// Shows which slots a backfill would run. Starts nothing.
    #[command(after_help = "Example:
  segue backfill preview zoomcamp.monthly --start 2021-01-01 --end 2021-07-31 --mode missing")]
    Preview(Which),
    /// Lists all backfills, with those that have ended.
    #[command(
        visible_alias = "ls",
        after_help = "Examples:
  segue backfill list
  segue backfill list --namespace zoomcamp --flow monthly"
    )]
    List(List),
    /// Prints a backfill with its progress.
    #[command(after_help = "Example:
  segue backfill get 3kXfW2")]
    Get(Id),
    /// Pauses a backfill. Running executions continue, and no new ones start.
    #[command(after_help = "Example:
  segue backfill pause 3kXfW2")]
    Pause(Id),
    /// Resumes a paused backfill.
    #[command(after_help = "Example:
  segue backfill resume 3kXfW2")]
    Resume(Id),
    /// Cancels a backfill. Running executions continue.
    #[command(after_help = "Example:
  segue backfill cancel 3kXfW2")]
    Cancel(Id),
}

/// Selects backfills.
#[derive(Debug, clap::Args)]
struct List {
    /// Only this namespace and the namespaces below it.
    #[arg(short, long, value_name = "NAMESPACE", add = crate::complete::namespaces())]
    namespace: Option<String>,
    /// Only this flow.
    #[arg(long, value_name = "ID")]
    flow: Option<String>,
}

/// Names a backfill.
#[derive(Debug, clap::Args)]
struct Id {
    /// The backfill.
    #[arg(value_name = "ID", add = crate::complete::backfills())]
    id: String,
}

impl Verb {
    fn needs(&self) -> Needs {
        match self {
            Self::Preview(_) | Self::List(_) | Self::Get(_) => Needs::Data,
            Self::Start { .. } | Self::Pause(_) | Self::Resume(_) | Self::Cancel(_) => Needs::Server,
        }
    }
}

pub(crate) async fn run(args: Args, reach: &Reach) -> anyhow::Result<u8> {
    let session = reach.open(args.format.output, args.verb.needs()).await?;
    let reply = match args.verb {
        Verb::Start { which, wait } => start(&session, &which, wait.then_some(PERIOD)).await?,
        Verb::Preview(which) => preview(&session, &which).await?,
        Verb::List(list) => self::list(&session, &list).await?,
        Verb::Get(Id { id }) => {
            let answer = session.client.get(&["backfills", &id]).read::<Backfill>().await?;
            let text = describe(&session, &answer.value);
            Reply::new(answer.json, text)
        }
        Verb::Pause(Id { id }) => act(&session, &id, "pause").await?,
        Verb::Resume(Id { id }) => act(&session, &id, "resume").await?,
        Verb::Cancel(Id { id }) => act(&session, &id, "cancel").await?,
    };
    reply.show(session.output)
}

/// Starts a backfill. With a period, waits for the end and reads the backfill once in each period.
async fn start(session: &Session, args: &Which, wait: Option<Duration>) -> anyhow::Result<Reply> {
    let call = session.client.post(&["backfills"]).json_body(&args.request()?);
    let mut backfill = call.read::<Backfill>().await?;
    let id = backfill.value.id.clone();
    let mut shown = String::new();
    while let Some(period) = wait.filter(|_| !has_ended(&backfill.value)) {
        let now = progress(&backfill.value);
        if now != shown {
            eprintln!("{id} {now}");
            shown = now;
        }
        tokio::time::sleep(period).await;
        backfill = session.client.get(&["backfills", &id]).read().await?;
    }
    let mut reply = Reply::new(Json::Null, describe(session, &backfill.value));
    if backfill.value.total == 0 {
        eprintln!(
            "note: there is no slot to run between these dates; `segue backfill preview` lists the slots"
        );
    }
    if wait.is_some() && has_failed(&backfill.value) {
        reply.code = crate::FAILED;
    }
    reply.json = backfill.json;
    Ok(reply)
}

async fn preview(session: &Session, args: &Which) -> anyhow::Result<Reply> {
    let call = session.client.post(&["backfills", "preview"]).json_body(&args.request()?);
    let answer = call.read::<BackfillPreview>().await?;
    let text = show::preview(&answer.value);
    Ok(Reply::new(answer.json, text))
}

async fn list(session: &Session, args: &List) -> anyhow::Result<Reply> {
    let answer = session
        .client
        .get(&["backfills"])
        .maybe("namespace", args.namespace.as_ref())
        .maybe("flowId", args.flow.as_ref())
        .read::<Page<Backfill>>()
        .await?;
    let heading = ["id", "flow", "trigger", "from", "to", "mode", "progress"];
    let text = table(&answer.value, &heading, "there are no such backfills", |backfill| {
        vec![
            backfill.id.clone(),
            format!("{}.{}", backfill.namespace, backfill.flow_id),
            backfill.trigger_id.clone(),
            date(Some(backfill.start), &session.zone),
            date(Some(backfill.end), &session.zone),
            show::mode(backfill.mode).to_owned(),
            progress(backfill),
        ]
    });
    Ok(Reply::new(answer.json, text))
}

async fn act(session: &Session, id: &str, action: &str) -> anyhow::Result<Reply> {
    let answer = session.client.post(&["backfills", id, action]).read::<Backfill>().await?;
    let text = describe(session, &answer.value);
    Ok(Reply::new(answer.json, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::stub::{Stub, error, json as ok};
    use serde_json::json;

    fn backfill(state: &str, ended: Json) -> Json {
        json!({
            "id": "b1", "namespace": "n.s", "flowId": "f", "triggerId": "t", "state": state, "mode": "ALL",
            "start": "2021-01-01T09:00:00Z", "end": "2021-07-01T09:00:00Z", "total": 7, "ended": ended,
            "active": [],
        })
    }

    #[tokio::test]
    async fn a_backfill_is_asked_for_and_waited_for() {
        for (ended, code) in
            [(json!({"SUCCESS": 7}), crate::OK), (json!({"SUCCESS": 6, "FAILED": 1}), crate::FAILED)]
        {
            let stub = Stub::new([ok(backfill("RUNNING", json!({}))), ok(backfill("FINISHED", ended))]).await;
            let reply =
                start(&stub.session, &Which::of("n.s.f", "2021-01-01"), Some(Duration::ZERO)).await.unwrap();
            assert_eq!(reply.code, code);
            assert_eq!(stub.paths(), ["POST /backfills", "GET /backfills/b1"]);
            assert_eq!(
                stub.asked()[0].json(),
                json!({"namespace": "n.s", "flowId": "f", "start": "2021-01-01", "mode": "MISSING",
                    "maxActive": 2, "inputs": {"taxi": "green"}, "labels": [{"key": "backfill", "value": "true"}]})
            );
        }
    }

    #[tokio::test]
    async fn backfills_are_a_table_and_are_acted_on_by_id() {
        let one = backfill("PAUSED", json!({"SUCCESS": 2}));
        let stub = Stub::new([
            ok(json!({"results": [one], "total": 1})),
            ok(one.clone()),
            error(409, "Illegal state: it has ended"),
        ])
        .await;
        let reply = list(&stub.session, &List { namespace: None, flow: Some("f".into()) }).await.unwrap();
        assert_eq!(
            reply.text,
            "id  flow   trigger  from                 to                   mode  progress\n\
             b1  n.s.f  t        2021-01-01 09:00:00  2021-07-01 09:00:00  ALL   PAUSED 2/7 (2 SUCCESS)\n"
        );
        act(&stub.session, "b1", "pause").await.unwrap();
        let refused = act(&stub.session, "b1", "cancel").await.unwrap_err();
        assert_eq!(crate::client::exit_code(&refused), crate::REFUSED);
        assert_eq!(
            stub.paths(),
            ["GET /backfills?flowId=f", "POST /backfills/b1/pause", "POST /backfills/b1/cancel"]
        );
    }
}
