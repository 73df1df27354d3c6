//! `segue trigger`: triggers of flows, and their states.

use crate::client::{Format, Needs, Reach, Reply, Session, date, flow_name, page as table};
use segue_api_types::{Page, Trigger, TriggerDeclaration, TriggerHit, TriggerKey, TriggerUpdate};

/// The triggers of flows.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue trigger list
  segue trigger disable zoomcamp.monthly schedule")]
pub(crate) struct Args {
    #[command(flatten)]
    format: Format,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Lists triggers with their last and next slots.
    #[command(
        visible_alias = "ls",
        after_help = "Examples:
  segue trigger list
  segue trigger list --namespace zoomcamp --output json"
    )]
    List(List),
    /// Enables a trigger.
    #[command(after_help = "Example:
  segue trigger enable zoomcamp.monthly schedule")]
    Enable(Which),
    /// Disables a trigger.
    #[command(after_help = "Example:
  segue trigger disable zoomcamp.monthly schedule")]
    Disable(Which),
    /// Unlocks a trigger that waits for the end of an execution.
    #[command(after_help = "Example:
  segue trigger unlock zoomcamp.monthly schedule")]
    Unlock(Which),
}

/// Selects triggers.
#[derive(Debug, clap::Args)]
struct List {
    /// Only this namespace and the namespaces below it.
    #[arg(short, long, value_name = "NAMESPACE", add = crate::complete::namespaces())]
    namespace: Option<String>,
    /// Only this flow.
    #[arg(long, value_name = "ID")]
    flow: Option<String>,
    /// The largest number of entries.
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
}

/// Names a trigger.
#[derive(Debug, clap::Args)]
struct Which {
    /// The flow.
    #[arg(value_name = "NAMESPACE.FLOW", add = crate::complete::flows())]
    flow: String,
    /// The id of the trigger.
    #[arg(value_name = "TRIGGER", add = crate::complete::triggers())]
    trigger: String,
}

impl Verb {
    fn needs(&self) -> Needs {
        match self {
            Self::List(_) | Self::Enable(_) | Self::Disable(_) | Self::Unlock(_) => Needs::Data,
        }
    }
}

pub(crate) async fn run(args: Args, reach: &Reach) -> anyhow::Result<u8> {
    let session = reach.open(args.format.output, args.verb.needs()).await?;
    let reply = match args.verb {
        Verb::List(list) => self::list(&session, &list).await?,
        Verb::Enable(which) => set_disabled(&session, &which, false).await?,
        Verb::Disable(which) => set_disabled(&session, &which, true).await?,
        Verb::Unlock(which) => unlock(&session, &which).await?,
    };
    reply.show(session.output)
}

async fn list(session: &Session, args: &List) -> anyhow::Result<Reply> {
    let answer = session
        .client
        .get(&["triggers", "search"])
        .maybe("namespace", args.namespace.as_ref())
        .maybe("flowId", args.flow.as_ref())
        .with("page", 1)
        .with("size", args.limit)
        .read::<Page<TriggerHit>>()
        .await?;
    let heading = ["flow", "trigger", "type", "when", "last slot", "next slot", "held by", ""];
    let text = table(&answer.value, &heading, "there are no such triggers", |entry| {
        let (state, declared) = (&entry.trigger_context, entry.abstract_trigger.as_ref());
        let kind = declared.map(|trigger| short(&trigger.type_name));
        vec![
            format!("{}.{}", state.namespace, state.flow_id),
            state.trigger_id.clone(),
            kind.unwrap_or_default().to_owned(),
            declared.map(when).unwrap_or_default(),
            date(state.date, &session.zone),
            date(state.next_execution_date, &session.zone),
            state.execution_id.clone().unwrap_or_default(),
            note(state, declared),
        ]
    });
    let text = match answer.value.results.is_empty() {
        true => text,
        false => format!("{text}dates are in the time zone {}\n", session.zone_name()),
    };
    Ok(Reply::new(answer.json, text))
}

/// The end of a type's name. Every service calls its polling trigger `Trigger`, so the part before is shown too.
fn short(type_name: &str) -> &str {
    let Some((package, last)) = type_name.rsplit_once('.') else { return type_name };
    let before = package.rsplit('.').next().unwrap_or(package);
    match last {
        "Trigger" => type_name.get(type_name.len() - before.len() - 1 - last.len()..).unwrap_or(last),
        _ => last,
    }
}

/// When a trigger is evaluated: its cron, or the interval between two looks.
fn when(trigger: &TriggerDeclaration) -> String {
    let interval = || trigger.properties.get("interval")?.as_str().map(|text| format!("every {text}"));
    trigger.cron.clone().or_else(interval).unwrap_or_default()
}

fn note(state: &Trigger, declared: Option<&TriggerDeclaration>) -> String {
    if state.disabled || declared.is_some_and(|trigger| trigger.disabled) {
        return "disabled".to_owned();
    }
    let first_line = state.last_error.as_deref().and_then(|error| error.lines().next());
    first_line.map(|line| format!("cannot look: {line}")).unwrap_or_default()
}

async fn set_disabled(session: &Session, args: &Which, disabled: bool) -> anyhow::Result<Reply> {
    let (namespace, flow_id) = flow_name(&args.flow)?;
    let key = TriggerKey {
        namespace: namespace.clone(),
        flow_id: flow_id.clone(),
        trigger_id: args.trigger.clone(),
    };
    let body = serde_json::to_value(TriggerUpdate { key, disabled: Some(disabled), backfill: None })?;
    let answer = session.client.put(&["triggers"]).json_body(&body).read::<Trigger>().await?;
    let next = date(answer.value.next_execution_date, &session.zone);
    if !disabled && is_off_in_flow(session, args, &namespace, &flow_id).await? {
        let text = format!(
            "{} {} stays disabled: the flow has 'disabled: true'; remove this line and save the flow\n",
            args.flow, args.trigger
        );
        return Ok(Reply::new(answer.json, text));
    }
    let text = match (disabled, next.is_empty()) {
        (true, _) => format!("disabled {} {}\n", args.flow, args.trigger),
        (false, true) => format!("enabled {} {}\n", args.flow, args.trigger),
        (false, false) => format!("enabled {} {}, next slot {next}\n", args.flow, args.trigger),
    };
    Ok(Reply::new(answer.json, text))
}

/// Whether the source of the flow disables the trigger. The source counts more than the switch.
async fn is_off_in_flow(
    session: &Session,
    args: &Which,
    namespace: &str,
    flow_id: &str,
) -> anyhow::Result<bool> {
    let found = session
        .client
        .get(&["triggers", "search"])
        .with("namespace", namespace)
        .with("flowId", flow_id)
        .with("page", 1)
        .with("size", 1000)
        .read::<Page<TriggerHit>>()
        .await?;
    Ok(found.value.results.iter().any(|hit| {
        hit.trigger_context.trigger_id == args.trigger
            && hit.abstract_trigger.as_ref().is_some_and(|declared| declared.disabled)
    }))
}

async fn unlock(session: &Session, args: &Which) -> anyhow::Result<Reply> {
    let (namespace, flow) = flow_name(&args.flow)?;
    let json = session.client.post(&["triggers", &namespace, &flow, &args.trigger, "unlock"]).json().await?;
    Ok(Reply::new(json, format!("unlocked {} {}\n", args.flow, args.trigger)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::stub::{Stub, error, json as ok};
    use serde_json::json;

    #[tokio::test]
    async fn triggers_are_a_table() {
        let stub = Stub::new([ok(json!({"total": 1, "results": [{
            "abstractTrigger": {"id": "monthly", "type": "io.kestra.plugin.core.trigger.Schedule", "cron": "0 9 1 * *"},
            "triggerContext": {"namespace": "n.s", "flowId": "f", "triggerId": "monthly", "disabled": true,
                "date": "2024-01-01T09:00:00Z", "nextExecutionDate": "2024-02-01T09:00:00Z"},
        }]}))])
        .await;
        let reply = list(&stub.session, &List { namespace: None, flow: None, limit: 100 }).await.unwrap();
        assert_eq!(
            reply.text,
            "flow   trigger  type      when       last slot            next slot            held by\n\
             n.s.f  monthly  Schedule  0 9 1 * *  2024-01-01 09:00:00  2024-02-01 09:00:00           disabled\n\
             dates are in the time zone UTC\n"
        );
    }

    #[tokio::test]
    async fn switching_and_unlocking_name_the_trigger() {
        let state = json!({"namespace": "n.s", "flowId": "f", "triggerId": "t",
            "nextExecutionDate": "2024-02-01T09:00:00Z"});
        let hits = |off: bool| {
            json!({"total": 1, "results": [{
                "abstractTrigger": {"id": "t", "type": "io.kestra.plugin.core.trigger.Schedule", "disabled": off},
                "triggerContext": state,
            }]})
        };
        let stub = Stub::new([
            ok(state.clone()),
            ok(hits(false)),
            ok(state.clone()),
            error(409, "Illegal state: it is not locked"),
            ok(state.clone()),
            ok(hits(true)),
        ])
        .await;
        let which = Which { flow: "n.s.f".into(), trigger: "t".into() };
        let on = set_disabled(&stub.session, &which, false).await.unwrap();
        assert_eq!(on.text, "enabled n.s.f t, next slot 2024-02-01 09:00:00\n");
        assert_eq!(set_disabled(&stub.session, &which, true).await.unwrap().text, "disabled n.s.f t\n");
        let refused = unlock(&stub.session, &which).await.unwrap_err();
        assert_eq!(crate::client::exit_code(&refused), crate::REFUSED);
        let stays = set_disabled(&stub.session, &which, false).await.unwrap();
        assert!(stays.text.starts_with("n.s.f t stays disabled: "), "{}", stays.text);
        let asked = stub.asked();
        assert_eq!(
            asked[2].json(),
            json!({"namespace": "n.s", "flowId": "f", "triggerId": "t", "disabled": true})
        );
        assert_eq!(asked[3].what, "POST /triggers/n.s/f/t/unlock");
    }
}
