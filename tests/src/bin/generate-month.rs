//! Writes a full month of generated yellow taxi trips, the same every time, in the publisher's format: a
//! gzipped CSV.

use anyhow::Context;
use clap::Parser;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// Write a month of made-up trips to `<file>`. The default number of trips is that of January 2019.
#[derive(Parser)]
struct Arguments {
    /// The file to write, gzipped.
    file: PathBuf,
    /// The number of trips.
    #[arg(long, default_value_t = 7_667_792)]
    rows: u64,
}

const HEADER: &str = "VendorID,tpep_pickup_datetime,tpep_dropoff_datetime,passenger_count,trip_distance,RatecodeID,\
store_and_fwd_flag,PULocationID,DOLocationID,payment_type,fare_amount,extra,mta_tax,tip_amount,tolls_amount,\
improvement_surcharge,total_amount,congestion_surcharge";

/// Seconds of a month of 31 days.
const MONTH: u64 = 31 * 24 * 3600;

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let fresh = arguments.file.with_extension("partial");
    let file = File::create(&fresh).with_context(|| format!("{} cannot be written", fresh.display()))?;
    let mut out = BufWriter::with_capacity(1 << 20, GzEncoder::new(file, Compression::fast()));
    writeln!(out, "{HEADER}")?;
    for row in 0..arguments.rows {
        trip(&mut out, row, arguments.rows)?;
    }
    out.into_inner()?.finish()?;
    std::fs::rename(&fresh, &arguments.file)?;
    Ok(())
}

/// One line of the file. Trips are in the order of their start, as in the published files. One of 40 trips lacks the
/// values that only a taximeter reports.
fn trip(out: &mut impl Write, row: u64, rows: u64) -> std::io::Result<()> {
    let mut dice = Dice(row);
    let pickup = (row * MONTH / rows.max(1)).min(MONTH - 1);
    let dropoff = pickup + dice.below(3600) + 60;
    let metered = dice.below(40) != 0;
    if metered {
        write!(out, "{},", dice.below(2) + 1)?;
    } else {
        out.write_all(b",")?;
    }
    date_time(out, pickup)?;
    date_time(out, dropoff)?;
    if metered {
        write!(out, "{},", dice.below(6) + 1)?;
    } else {
        out.write_all(b",")?;
    }
    let fare = (dice.below(120) + 5) * 50;
    let extra = dice.below(7) * 50;
    let tip = if dice.below(3) == 0 { 0 } else { dice.below(1500) };
    let tolls = if dice.below(20) == 0 { 612 } else { 0 };
    let congestion = if dice.below(4) == 0 { 0 } else { 250 };
    cents(out, dice.below(2500))?;
    out.write_all(if metered { b"1,N," } else { b",," })?;
    write!(out, "{},{},", dice.below(265) + 1, dice.below(265) + 1)?;
    if metered {
        write!(out, "{},", dice.below(4) + 1)?;
    } else {
        out.write_all(b",")?;
    }
    for amount in [fare, extra, 50, tip, tolls, 30, fare + extra + 50 + tip + tolls + 30 + congestion] {
        cents(out, amount)?;
    }
    writeln!(out, "{}", if congestion == 0 { "0" } else { "2.5" })
}

/// A time in January 2019, followed by a comma.
fn date_time(out: &mut impl Write, second: u64) -> std::io::Result<()> {
    let (day, month) = match second / 86_400 + 1 {
        day if day > 31 => (day - 31, 2),
        day => (day, 1),
    };
    let (hour, minute, second) = (second / 3600 % 24, second / 60 % 60, second % 60);
    write!(out, "2019-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02},")
}

/// An amount without needless zeros, followed by a comma: `8`, `0.5`, `6.12`.
fn cents(out: &mut impl Write, amount: u64) -> std::io::Result<()> {
    match (amount / 100, amount % 100) {
        (whole, 0) => write!(out, "{whole},"),
        (whole, part) if part % 10 == 0 => write!(out, "{whole}.{},", part / 10),
        (whole, part) => write!(out, "{whole}.{part:02},"),
    }
}

/// Evenly distributed numbers that depend only on the seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}
