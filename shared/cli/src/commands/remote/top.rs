//! `segue top`: what a server does now, updated every second.

use crate::client::{Needs, Reach, Session, date, elapsed, state};
use crate::report::{Output, table};
use console::{Term, style};
use segue_api_types::{Execution, Page};
use segue_model::state::State;
use segue_ports::{Clock as _, SystemClock};
use serde_json::json;
use std::time::Duration;

/// How often the display is updated.
const PERIOD: Duration = Duration::from_secs(1);
/// The most rows of each part. The last executions fill the rest of the terminal.
const MOST_OPEN: u32 = 50;
const MOST_ENDED: u32 = 50;
/// The height where there is no terminal.
const ROWS: usize = 40;

/// Shows what a server does now: running, waiting and paused executions, and the last ones that ended.
///
/// On a terminal, the display is updated every second until Ctrl-C. Elsewhere, it is printed once.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue top
  segue top --namespace zoomcamp
  segue top --once --output json")]
pub(crate) struct Args {
    /// Only this namespace and the namespaces below it.
    #[arg(short, long, value_name = "NAMESPACE", add = crate::complete::namespaces())]
    namespace: Option<String>,
    /// Prints the display once.
    #[arg(long)]
    once: bool,
    /// The format of the output. JSON is printed once.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// What is shown at one moment.
struct Moment {
    open: Page<Execution>,
    ended: Page<Execution>,
}

pub(crate) async fn run(args: Args, reach: &Reach) -> anyhow::Result<u8> {
    let session = reach.open(args.output, Needs::Server).await?;
    let term = Term::stdout();
    if args.output == Output::Json {
        let moment = read(&session, &args).await?;
        let document = json!({"open": moment.open.results, "ended": moment.ended.results});
        crate::print::line(serde_json::to_string_pretty(&document)?);
        return Ok(crate::OK);
    }
    if args.once || !term.is_term() {
        crate::print::text(shown(&session, &read(&session, &args).await?, ROWS));
        return Ok(crate::OK);
    }
    loop {
        let height = usize::from(term.size().0);
        let text = match read(&session, &args).await {
            Ok(moment) => shown(&session, &moment, height.saturating_sub(1)),
            // A server that restarts comes back.
            Err(error) => format!("{}\n", style(format!("{error:#}")).red()),
        };
        term.clear_screen()?;
        let width = usize::from(term.size().1);
        for line in text.lines() {
            term.write_line(&console::truncate_str(line, width.saturating_sub(1), "…"))?;
        }
        tokio::time::sleep(PERIOD).await;
    }
}

async fn read(session: &Session, args: &Args) -> anyhow::Result<Moment> {
    let search = |states: Vec<State>, size| {
        session
            .client
            .get(&["executions", "search"])
            .maybe("namespace", args.namespace.as_ref())
            .each("state", states.into_iter().map(State::as_str))
            .with("sort", "state.startDate:desc")
            .with("page", 1)
            .with("size", size)
            .read::<Page<Execution>>()
    };
    let ended = State::ALL.into_iter().filter(|state| state.is_terminal()).collect();
    let (open, ended) =
        tokio::try_join!(search(State::open().collect(), MOST_OPEN), search(ended, MOST_ENDED))?;
    Ok(Moment { open: open.value, ended: ended.value })
}

/// The display as text with at most `height` lines.
fn shown(session: &Session, moment: &Moment, height: usize) -> String {
    let now = SystemClock.now();
    let count = |state: State| {
        moment.open.results.iter().filter(|execution| execution.state.current == state).count()
    };
    let heading = format!(
        "{}  {}  {} open ({} running, {} queued, {} paused), {} ended",
        style(session.client.address()).bold(),
        style(date(Some(now), &session.zone)).dim(),
        moment.open.total,
        count(State::Running),
        count(State::Queued),
        count(State::Paused),
        moment.ended.total,
    );
    let row = |execution: &Execution| {
        vec![
            state(execution.state.current),
            format!("{}.{}", execution.namespace, execution.flow_id),
            execution.trigger.as_ref().map(|trigger| trigger.id.clone()).unwrap_or_default(),
            date(execution.state.start_date, &session.zone),
            elapsed(&execution.state, now),
            execution.id.clone(),
        ]
    };
    // The heading, an empty line and the heads of the columns are no rows.
    let rows = height.saturating_sub(3);
    let all = moment.open.results.iter().chain(&moment.ended.results).take(rows).map(row);
    let text = table(&["state", "flow", "trigger", "started", "duration", "id"], all);
    format!("{heading}\n\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::stub::{Stub, json as ok};

    fn execution(id: &str, state: &str) -> serde_json::Value {
        json!({"id": id, "namespace": "n.s", "flowId": "f", "state": {"current": state, "histories": [],
            "startDate": "2024-01-01T00:00:00Z", "endDate": "2024-01-01T00:00:02Z"}})
    }

    #[tokio::test]
    async fn open_executions_come_before_the_last_that_ended() {
        let stub = Stub::new([
            ok(json!({"total": 1, "results": [execution("e2", "RUNNING")]})),
            ok(json!({"total": 9, "results": [execution("e1", "FAILED"), execution("e0", "SUCCESS")]})),
        ])
        .await;
        // The two requests run at the same time. The stub answers in the order of arrival.
        let args = Args { namespace: Some("n".into()), once: true, output: Output::Text };
        let moment = read(&stub.session, &args).await.unwrap();
        let text = shown(&stub.session, &moment, 5);
        let text = console::strip_ansi_codes(&text).into_owned();
        assert!(text.contains("1 open (1 running, 0 queued, 0 paused), 9 ended"), "{text}");
        let rows: Vec<&str> = text.lines().skip(3).collect();
        assert_eq!(rows.len(), 2, "{text}");
        assert!(rows[0].starts_with("RUNNING  n.s.f") && rows[1].starts_with("FAILED"), "{text}");
        let paths = stub.paths();
        assert!(paths[0].contains("state=RUNNING") && !paths[0].contains("state=FAILED"), "{paths:?}");
    }
}
