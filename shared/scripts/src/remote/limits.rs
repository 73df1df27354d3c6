//! The processors and the memory of a container outside: whole processors, and enough of them for its memory.

use crate::docker::DockerOptions;
use segue_model::Json;
use segue_task::TaskError;

const MIB: f64 = 1024.0 * 1024.0;
/// The default memory in MiB. The container's files count as memory too.
const USUAL_MEMORY: u64 = 2048;
/// The smallest memory in MiB.
const LEAST_MEMORY: u64 = 512;
/// The possible numbers of processors, each with the largest memory in MiB.
const SIZES: [(u64, u64); 5] = [(1, 4096), (2, 8192), (4, 16_384), (6, 24_576), (8, 32_768)];

/// Processors and memory as Cloud Run writes them.
pub(super) fn limits(options: &DockerOptions) -> Result<(Option<String>, Option<String>), TaskError> {
    let cpus = options.cpu.as_ref().and_then(|cpu| cpu.cpus.as_ref());
    let memory = options.memory.as_ref().and_then(|memory| memory.memory.as_ref());
    let cpus = match given(cpus) {
        None => 1.0,
        Some(text) => text.parse::<f64>().ok().filter(|cpus| *cpus > 0.0).ok_or_else(|| {
            TaskError::failed(format!(
                "cpus: '{text}' is not a number of processors; write a number such as 0.5 or 2"
            ))
        })?,
    };
    let memory = match given(memory) {
        None => USUAL_MEMORY,
        Some(text) => mebibytes(&text).map(|asked| asked.max(LEAST_MEMORY)).ok_or_else(|| {
            TaskError::failed(format!(
                "memory: '{text}' is not an amount of memory; write an amount such as 512MB or 2GB"
            ))
        })?,
    };
    let fits = |&&(processors, most): &&(u64, u64)| processors as f64 >= cpus && most >= memory;
    let Some((processors, _)) = SIZES.iter().find(fits) else {
        return Err(TaskError::failed(format!(
            "a container can have at most 8 processors and 32 GiB of memory, but the task asks for {cpus} and {memory} MiB"
        )));
    };
    Ok((Some(processors.to_string()), Some(format!("{memory}Mi"))))
}

fn given(value: Option<&Json>) -> Option<String> {
    match value? {
        Json::Null => None,
        Json::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }
}

/// An amount in bytes or with a unit, in Docker's syntax, rounded up to MiB.
fn mebibytes(text: &str) -> Option<u64> {
    let text = text.replace(' ', "").to_ascii_lowercase();
    let digits = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let factor = match unit.trim_end_matches("ib").trim_end_matches('b') {
        "" => 1.0,
        "k" => 1024.0,
        "m" => MIB,
        "g" => 1024.0 * MIB,
        _ => return None,
    };
    let bytes = number.parse::<f64>().ok()? * factor;
    (bytes > 0.0).then(|| (bytes / MIB).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(options: Json) -> Result<(String, String), String> {
        let options = DockerOptions::parse(options.as_object().unwrap().clone()).unwrap();
        limits(&options)
            .map(|(cpu, memory)| (cpu.unwrap(), memory.unwrap()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn there_are_always_enough_processors_for_the_memory() {
        let cases = [
            (json!({}), "1", "2048Mi"),
            (json!({"cpu": {"cpus": 0.5}}), "1", "2048Mi"),
            (json!({"cpu": {"cpus": "3"}, "memory": {"memory": "1 GB"}}), "4", "1024Mi"),
            (json!({"memory": {"memory": 1_000_000}}), "1", "512Mi"),
            (json!({"memory": {"memory": "6GiB"}}), "2", "6144Mi"),
            (json!({"memory": {"memory": "32g"}}), "8", "32768Mi"),
        ];
        for (options, cpu, memory) in cases {
            assert_eq!(of(options.clone()).unwrap(), (cpu.to_owned(), memory.to_owned()), "{options}");
        }
    }

    #[test]
    fn what_no_container_has_is_refused() {
        for options in [
            json!({"cpu": {"cpus": 9}}),
            json!({"cpu": {"cpus": "many"}}),
            json!({"memory": {"memory": "64g"}}),
            json!({"memory": {"memory": "1 elephant"}}),
        ] {
            assert!(of(options.clone()).is_err(), "{options}");
        }
    }
}
