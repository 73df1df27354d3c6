//! The work of tests with faults: the taxi flows, and months of trips without equal rows.

use crate::server::Ended;
use crate::{sample_data, sample_server};
use anyhow::{Context as _, ensure};
use std::io::Write as _;
use std::path::Path;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// The flow that loads a month when its schedule fires.
pub const SCHEDULED: &str = "04_gcp_taxi_scheduled";
/// The number of months, from January 2023.
pub const MONTHS: usize = 24;

/// Writes a file of trips for each month. Each row of the sample is in exactly one file.
///
/// # Errors
/// An error if the sample cannot be read, or a file cannot be written.
fn write_months(folder: &Path) -> anyhow::Result<()> {
    let sample = std::fs::read_to_string(sample_data().join("yellow_tripdata_2021-01.sample.csv"))?;
    let mut lines = sample.lines();
    let head = lines.next().context("the sample is empty")?;
    let rows: Vec<&str> = lines.collect();
    for month in 0..MONTHS {
        let name = format!("yellow_tripdata_{}-{:02}.csv", 2023 + month / 12, month % 12 + 1);
        let mut file = std::fs::File::create(folder.join(name))?;
        writeln!(file, "{head}")?;
        for row in rows.iter().skip(month).step_by(MONTHS) {
            writeln!(file, "{row}")?;
        }
    }
    Ok(())
}

/// Writes the files and serves them on loopback until the process ends. Returns the address for the flows, and the
/// folder. Dropping the folder removes it.
///
/// # Errors
/// An error if the sample cannot be read, a file cannot be written, or no port is free.
pub async fn serve_months() -> anyhow::Result<(String, TempDir)> {
    let folder = tempfile::tempdir()?;
    write_months(folder.path())?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}/taxi", listener.local_addr()?);
    let served = folder.path().to_owned();
    tokio::spawn(async move { axum::serve(listener, sample_server::app(served)).await });
    Ok((url, folder))
}

/// Checks that exactly one execution ran for each month.
///
/// # Errors
/// An error if no execution, or more than one, ran for a month.
pub fn slots_ran_once(ends: &[Ended]) -> anyhow::Result<()> {
    let mut slots: Vec<_> = ends.iter().filter(|end| end.flow == SCHEDULED).map(|end| &end.slot).collect();
    let ran = slots.len();
    slots.sort();
    slots.dedup();
    ensure!(
        ran == MONTHS && slots.len() == MONTHS,
        "{ran} executions for {} slots, and not {MONTHS}",
        slots.len()
    );
    Ok(())
}

/// Checks that all executions ended as in the run without faults.
///
/// # Errors
/// An error that names an unexpected end, or the number of missing ends.
pub fn same_ends(peace: &[Ended], other: &[Ended]) -> anyhow::Result<()> {
    for end in other {
        ensure!(peace.contains(end), "this is an end that peace does not know: {end:#?}");
    }
    ensure!(peace == other, "in peace there are {} executions, and here {}", peace.len(), other.len());
    Ok(())
}
