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
/// The number of months. Those of yellow trips begin in January 2023.
pub const MONTHS: usize = 24;

/// The columns of a file of green trips.
const GREEN: &str = "VendorID,lpep_pickup_datetime,lpep_dropoff_datetime,store_and_fwd_flag,RatecodeID,PULocationID,\
                     DOLocationID,passenger_count,trip_distance,fare_amount,extra,mta_tax,tip_amount,tolls_amount,ehail_fee,\
                     improvement_surcharge,total_amount,payment_type,trip_type,congestion_surcharge";

/// Files of trips, one for each month. Each row of the sample is in exactly one file.
#[derive(Clone, Copy)]
struct Months {
    taxi: &'static str,
    first_year: usize,
}

impl Months {
    /// The head of a file and a row of it, made of those of the sample. The sample has yellow trips. A green trip has the
    /// same values in another order, no fee for a booking, and was hailed in the street.
    fn line(self, yellow: &str, is_head: bool) -> String {
        if self.taxi == "yellow" {
            return yellow.to_owned();
        }
        if is_head {
            return GREEN.to_owned();
        }
        let values: Vec<&str> = yellow.split(',').collect();
        let value = |place: usize| values.get(place).copied().unwrap_or_default();
        let places = [0, 1, 2, 6, 5, 7, 8, 3, 4, 10, 11, 12, 13, 14];
        let mut green: Vec<&str> = places.into_iter().map(value).collect();
        green.extend(["", value(15), value(16), value(9), "1", value(17)]);
        green.join(",")
    }
}

/// Writes the files.
///
/// # Errors
/// An error if the sample cannot be read, or a file cannot be written.
fn write_months(folder: &Path, months: Months) -> anyhow::Result<()> {
    let sample = std::fs::read_to_string(sample_data().join("yellow_tripdata_2021-01.sample.csv"))?;
    let mut lines = sample.lines();
    let head = months.line(lines.next().context("the sample is empty")?, true);
    let rows: Vec<String> = lines.map(|row| months.line(row, false)).collect();
    for month in 0..MONTHS {
        let (year, number) = (months.first_year + month / 12, month % 12 + 1);
        let name = format!("{}_tripdata_{year}-{number:02}.csv", months.taxi);
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
    serve(Months { taxi: "yellow", first_year: 2023 }).await
}

/// As [`serve_months`], with green trips from January 2019.
///
/// # Errors
/// As [`serve_months`].
pub async fn serve_green_months() -> anyhow::Result<(String, TempDir)> {
    serve(Months { taxi: "green", first_year: 2019 }).await
}

async fn serve(months: Months) -> anyhow::Result<(String, TempDir)> {
    let folder = tempfile::tempdir()?;
    write_months(folder.path(), months)?;
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
