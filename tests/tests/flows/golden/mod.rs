//! Golden flows: each folder of `tests/flows` is a flow that is run to its end on the embedded platform.
//!
//! - `flow.yaml` is the flow, `inputs.json` has its inputs, and `load/` has the flows that it calls.
//! - `expect.json` has the expected end, in terms that a reader can compare with the flow.
//! - `timeline.snap` has all events, to show the effect of a change.
//!
//! To add a golden flow, add a folder `<nn>-<name>` with `flow.yaml` and `expect.json`. `cargo insta review`, or
//! `INSTA_UPDATE=always`, writes the timeline.

mod case;
mod suite;
mod timeline;

use crate::platform::{End, Platform};
use case::Case;
use futures::StreamExt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The number of flows that run at the same time.
const AT_ONCE: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn every_flow_ends_as_expected() {
    let cases = Case::all();
    assert!(cases.len() > 40, "{} golden flows", cases.len());
    let ends: Vec<_> = futures::stream::iter(cases)
        .map(|case| async move {
            let end = run(&case).await;
            (case, end)
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut wrong = Vec::new();
    for (case, end) in &ends {
        let (end, differences) = match end {
            Ok(end) => end,
            Err(error) => {
                wrong.push(format!("{}: {error:#}", case.name));
                continue;
            }
        };
        let found = case.expect.compare(end).into_iter().chain(differences.iter().cloned());
        wrong.extend(found.map(|text| format!("{}: {text}", case.name)));
        let snapshot = catch_unwind(AssertUnwindSafe(|| timeline::check(case, end)));
        if snapshot.is_err() {
            wrong.push(format!("{}: the timeline is another than timeline.snap", case.name));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Runs a flow, and repeats the run as a test. The end, and the differences between both.
async fn run(case: &Case) -> anyhow::Result<(End, Vec<String>)> {
    let platform = Platform::start()?;
    for source in &case.load {
        platform.put(source).await?;
    }
    let end = platform.run(&case.flow, case.inputs.clone()).await;
    let end = end.map(|end| {
        let wrong = suite::compare(case, &end, platform.parts());
        (end, wrong)
    });
    platform.stop().await;
    end
}
