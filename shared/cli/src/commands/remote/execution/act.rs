//! `segue execution kill|restart|replay|pause|resume`: changes executions.

use super::follow::{self, Ending};
use super::form;
use crate::client::{Reply, Session, pair};
use reqwest::multipart::Form;
use segue_model::Json;

/// Names executions.
#[derive(Debug, clap::Args)]
pub(crate) struct Ids {
    /// The executions.
    #[arg(required = true, value_name = "ID", add = crate::complete::executions())]
    ids: Vec<String>,
}

/// Names executions, and says whether subflows are included.
#[derive(Debug, clap::Args)]
pub(crate) struct Kill {
    #[command(flatten)]
    which: Ids,
    /// Lets subflows continue.
    #[arg(long)]
    no_cascade: bool,
}

/// Names an execution and a revision.
#[derive(Debug, clap::Args)]
pub(crate) struct Restart {
    /// The execution.
    #[arg(value_name = "ID", add = crate::complete::executions())]
    id: String,
    /// Runs the failed tasks in a new execution with this revision of the flow. Default: the same execution continues.
    #[arg(long, value_name = "N")]
    revision: Option<u32>,
    #[command(flatten)]
    ending: Ending,
}

/// Names an execution, a task run and a revision.
#[derive(Debug, clap::Args)]
pub(crate) struct Replay {
    /// The execution.
    #[arg(value_name = "ID", add = crate::complete::executions())]
    id: String,
    /// The first task run to repeat. Earlier task runs are copied. Default: everything is repeated.
    #[arg(long, value_name = "ID")]
    task_run: Option<String>,
    /// The revision of the flow. Default: the revision of the replayed execution.
    #[arg(long, value_name = "N")]
    revision: Option<u32>,
    #[command(flatten)]
    ending: Ending,
}

/// Names an execution, and gives the inputs of its pause.
#[derive(Debug, clap::Args)]
pub(crate) struct Resume {
    /// The execution.
    #[arg(value_name = "ID", add = crate::complete::executions())]
    id: String,
    /// An input of the pause. A file is written as name=@path. May be repeated.
    #[arg(short, long = "input", value_name = "KEY=VALUE", value_parser = pair)]
    inputs: Vec<(String, String)>,
}

pub(super) async fn kill(session: &Session, args: &Kill) -> anyhow::Result<Reply> {
    let mut reply = Reply::new(Json::Null, "");
    for id in &args.which.ids {
        let call = session.client.delete(&["executions", id, "kill"]);
        call.with("isOnKillCascade", !args.no_cascade).send().await?;
        reply.text.push_str(&format!("killing {id}\n"));
    }
    Ok(reply)
}

pub(super) async fn pause(session: &Session, args: &Ids) -> anyhow::Result<Reply> {
    let mut reply = Reply::new(Json::Null, "");
    for id in &args.ids {
        session.client.post(&["executions", id, "pause"]).send().await?;
        reply.text.push_str(&format!("paused {id}\n"));
    }
    Ok(reply)
}

pub(super) async fn restart(session: &Session, args: &Restart) -> anyhow::Result<u8> {
    let call = session.client.post(&["executions", &args.id, "restart"]);
    let execution = call.maybe("revision", args.revision.as_ref()).read().await?;
    follow::to_its_end(session, execution, &args.ending).await
}

pub(super) async fn replay(session: &Session, args: &Replay) -> anyhow::Result<u8> {
    let execution = session
        .client
        .post(&["executions", &args.id, "replay"])
        .maybe("taskRunId", args.task_run.as_ref())
        .maybe("revision", args.revision.as_ref())
        .read()
        .await?;
    follow::to_its_end(session, execution, &args.ending).await
}

pub(super) async fn resume(session: &Session, args: &Resume) -> anyhow::Result<Reply> {
    let call = session.client.post(&["executions", &args.id, "resume"]);
    let call = if args.inputs.is_empty() {
        call
    } else {
        // The API does not list the inputs of a pause. So every value with an @ in front is a file.
        let form: Form = form::inputs(&args.inputs, |_| true).await?;
        call.form(form)
    };
    call.send().await?;
    Ok(Reply::new(Json::Null, format!("resumed {}\n", args.id)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::stub::{Stub, error, json as ok};
    use serde_json::json;

    #[tokio::test]
    async fn each_verb_asks_what_it_says() {
        let execution =
            json!({"id": "e2", "namespace": "n", "flowId": "f", "state": {"current": "RESTARTED"}});
        let nothing = || (204, "text/plain", String::new());
        let stub = Stub::new([nothing(), nothing(), nothing(), ok(execution.clone()), ok(execution)]).await;
        let which = || Ids { ids: vec!["e1".into()] };
        let ending = Ending { wait: false, follow: false };
        let session = &stub.session;
        assert_eq!(
            kill(session, &Kill { which: which(), no_cascade: true }).await.unwrap().text,
            "killing e1\n"
        );
        pause(session, &which()).await.unwrap();
        resume(session, &Resume { id: "e1".into(), inputs: vec![("ok".into(), "yes".into())] })
            .await
            .unwrap();
        restart(session, &Restart { id: "e1".into(), revision: Some(4), ending }).await.unwrap();
        let again = Replay { id: "e1".into(), task_run: Some("r1".into()), revision: None, ending };
        replay(session, &again).await.unwrap();
        assert_eq!(
            stub.paths(),
            [
                "DELETE /executions/e1/kill?isOnKillCascade=false",
                "POST /executions/e1/pause",
                "POST /executions/e1/resume",
                "POST /executions/e1/restart?revision=4",
                "POST /executions/e1/replay?taskRunId=r1",
            ]
        );
        assert!(stub.asked()[2].body.contains("name=\"ok\""));
    }

    #[tokio::test]
    async fn what_its_state_does_not_allow_is_refused() {
        let stub = Stub::new([error(409, "Illegal state: execution e1 is not PAUSED")]).await;
        let refused =
            resume(&stub.session, &Resume { id: "e1".into(), inputs: Vec::new() }).await.unwrap_err();
        assert_eq!(refused.to_string(), "Illegal state: execution e1 is not PAUSED");
        assert_eq!(crate::client::exit_code(&refused), crate::REFUSED);
    }
}
