//! The processors and the memory of a remote container. Processors are whole numbers, large enough for the memory, and
//! the memory is large enough for the processors.

use crate::docker::DockerOptions;
use segue_model::Json;
use segue_task::TaskError;

const MIB: f64 = 1024.0 * 1024.0;
/// The default memory in MiB. The container's files count as memory too.
const USUAL_MEMORY: u64 = 2048;

/// A possible number of processors.
struct Size {
    processors: u64,
    /// The smallest and the largest memory with this number of processors, in MiB.
    memory: (u64, u64),
}

/// The sizes of a container, as Cloud Run has them.
const SIZES: [Size; 5] = [
    Size { processors: 1, memory: (512, 4096) },
    Size { processors: 2, memory: (512, 8192) },
    Size { processors: 4, memory: (2048, 16_384) },
    Size { processors: 6, memory: (4096, 24_576) },
    Size { processors: 8, memory: (4096, 32_768) },
];

/// Returns processors and memory in the syntax of Cloud Run.
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
        Some(text) => mebibytes(&text).ok_or_else(|| {
            TaskError::failed(format!(
                "memory: '{text}' is not an amount of memory; write an amount such as 512MB or 2GB"
            ))
        })?,
    };
    let fits = |size: &&Size| size.processors as f64 >= cpus && size.memory.1 >= memory;
    let Some(Size { processors, memory: (least, _) }) = SIZES.iter().find(fits) else {
        return Err(TaskError::failed(format!(
            "a container can have at most 8 processors and 32 GiB of memory, but the task asks for {cpus} and {memory} MiB"
        )));
    };
    Ok((Some(processors.to_string()), Some(format!("{}Mi", memory.max(*least)))))
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
    fn processors_and_memory_go_together() {
        let cases = [
            (json!({}), "1", "2048Mi"),
            (json!({"cpu": {"cpus": 0.5}}), "1", "2048Mi"),
            (json!({"cpu": {"cpus": "3"}, "memory": {"memory": "1 GB"}}), "4", "2048Mi"),
            (json!({"cpu": {"cpus": 4}, "memory": {"memory": "3 GB"}}), "4", "3072Mi"),
            (json!({"cpu": {"cpus": 6}}), "6", "4096Mi"),
            (json!({"cpu": {"cpus": 8}, "memory": {"memory": "512MB"}}), "8", "4096Mi"),
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
