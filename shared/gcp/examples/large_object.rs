//! Sends a large object from a stream and from a file, fetches both, and prints the speed and the largest
//! memory (Linux). With the emulator: `make emulators` first, then `cargo run --release --package segue-gcp
//! --example large_object -- 1024`. The number is the size in MiB.
#![allow(clippy::print_stdout, reason = "it is a program that prints what it measured")]

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use segue_gcp::{CloudObjectStore, PlatformConfig};
use segue_ports::object::{BucketSpec, ObjectAddress, ObjectAttributes, ObjectStore as _};
use std::io::Write as _;
use std::time::Instant;

const MIB: u64 = 1 << 20;
/// The example fails above this memory, in MiB.
const MOST: u64 = 100;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mib: u64 = std::env::args().nth(1).as_deref().unwrap_or("1024").parse().context("how many MiB")?;
    #[expect(clippy::disallowed_methods, reason = "a composition root: an example is a program")]
    let environment = segue_ports::Environment::of_process();
    let config = PlatformConfig::from_variables(|name| environment.get(name))?;
    let store = CloudObjectStore::connect(&config)?;
    let bucket = format!("{}-large", config.project);
    if store.bucket(&bucket).await?.is_none() {
        store.create_bucket(BucketSpec { name: bucket.clone(), ..BucketSpec::default() }).await?;
    }
    let [streamed, filed] = ["streamed", "file"].map(|key| ObjectAddress::new(&bucket, key));
    println!("before: {} MiB at most", peak()?);

    let begun = Instant::now();
    let chunks = futures::stream::iter((0..mib).map(|number| Ok(chunk(number)))).boxed();
    store.put(&streamed, chunks, ObjectAttributes::default()).await?;
    report("sent from a stream", mib, begun)?;

    let begun = Instant::now();
    let (_, mut bytes) = store.get(&streamed).await?;
    let (mut size, mut sum) = (0, 0_u32);
    while let Some(chunk) = bytes.try_next().await? {
        size += chunk.len() as u64;
        sum = crc32c::crc32c_append(sum, &chunk);
    }
    report("received", mib, begun)?;
    let expected = (0..mib).fold(0, |sum, number| crc32c::crc32c_append(sum, &chunk(number)));
    ensure!((size, sum) == (mib * MIB, expected), "other bytes came than were sent");

    let directory = tempfile::tempdir()?;
    let (source, target) = (directory.path().join("in"), directory.path().join("out"));
    let mut file = std::fs::File::create(&source)?;
    for number in 0..mib {
        file.write_all(&chunk(number))?;
    }
    drop(file);
    let begun = Instant::now();
    store.put_file(&filed, &source, ObjectAttributes::default()).await?;
    report("sent from a file", mib, begun)?;
    let begun = Instant::now();
    let info = store.get_file(&filed, &target).await?;
    report("received into a file", mib, begun)?;
    ensure!(info.size == mib * MIB && std::fs::metadata(&target)?.len() == info.size, "another size");
    for address in [&streamed, &filed] {
        store.delete(address).await?;
    }
    ensure!(peak()? < MOST, "more than {MOST} MiB of memory were taken");
    Ok(())
}

/// A MiB that differs from all others.
fn chunk(number: u64) -> Bytes {
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let words = std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.take(MIB as usize / 8).flatten().collect()
}

fn report(what: &str, mib: u64, begun: Instant) -> anyhow::Result<()> {
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{what}: {mib} MiB in {seconds:.1} s, {:.0} MiB/s, {} MiB at most",
        mib as f64 / seconds,
        peak()?
    );
    Ok(())
}

/// The largest memory of this process so far, in MiB.
fn peak() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("this is measured on Linux only")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024)
}
