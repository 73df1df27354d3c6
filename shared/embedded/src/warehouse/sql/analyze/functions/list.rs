//! The names of all functions of GoogleSQL, for messages and for the table in `docs/warehouse.md`.
//!
//! When BigQuery gets a function, add its name to [`OTHERS`], or add the function.

use super::super::{aggregate, json, ranges, special, windows};

/// Functions of BigQuery that the embedded warehouse refuses.
const OTHERS: &[&str] = &[
    "AEAD.DECRYPT_BYTES",
    "AEAD.DECRYPT_STRING",
    "AEAD.ENCRYPT",
    "AI.CLASSIFY",
    "AI.GENERATE",
    "AI.GENERATE_BOOL",
    "AI.GENERATE_DOUBLE",
    "AI.GENERATE_INT",
    "AI.IF",
    "AI.SCORE",
    "APPENDS",
    "BAG_OF_WORDS",
    "BOOL_ARRAY",
    "CHANGES",
    "DETERMINISTIC_DECRYPT_BYTES",
    "DETERMINISTIC_DECRYPT_STRING",
    "DETERMINISTIC_ENCRYPT",
    "DLP_DETERMINISTIC_DECRYPT",
    "DLP_DETERMINISTIC_ENCRYPT",
    "DLP_KEY_CHAIN",
    "DOUBLE_ARRAY",
    "EXTERNAL_OBJECT_TRANSFORM",
    "EXTERNAL_QUERY",
    "FLOAT64_ARRAY",
    "GAP_FILL",
    "INT64_ARRAY",
    "KEYS.ADD_KEY_FROM_RAW_BYTES",
    "KEYS.KEYSET_CHAIN",
    "KEYS.KEYSET_FROM_JSON",
    "KEYS.KEYSET_LENGTH",
    "KEYS.KEYSET_TO_JSON",
    "KEYS.NEW_KEYSET",
    "KEYS.NEW_WRAPPED_KEYSET",
    "KEYS.REWRAP_KEYSET",
    "KEYS.ROTATE_KEYSET",
    "KEYS.ROTATE_WRAPPED_KEYSET",
    "KLL_QUANTILES.EXTRACT_FLOAT64",
    "KLL_QUANTILES.EXTRACT_INT64",
    "KLL_QUANTILES.EXTRACT_POINT_FLOAT64",
    "KLL_QUANTILES.EXTRACT_POINT_INT64",
    "KLL_QUANTILES.INIT_FLOAT64",
    "KLL_QUANTILES.INIT_INT64",
    "KLL_QUANTILES.MERGE_FLOAT64",
    "KLL_QUANTILES.MERGE_INT64",
    "KLL_QUANTILES.MERGE_PARTIAL",
    "LAX_BOOL_ARRAY",
    "LAX_DOUBLE_ARRAY",
    "LAX_FLOAT64_ARRAY",
    "LAX_INT64_ARRAY",
    "LAX_STRING_ARRAY",
    "ML.PREDICT",
    "OBJ.FETCH_METADATA",
    "OBJ.GET_ACCESS_URL",
    "OBJ.MAKE_REF",
    "S2_COVERINGCELLIDS",
    "SEARCH",
    "STRING_ARRAY",
    "ST_BOUNDARY",
    "ST_BOUNDINGBOX",
    "ST_BUFFER",
    "ST_BUFFERWITHTOLERANCE",
    "ST_CLOSESTPOINT",
    "ST_CLUSTERDBSCAN",
    "ST_CONVEXHULL",
    "ST_DIFFERENCE",
    "ST_EXTENT",
    "ST_HAUSDORFFDISTANCE",
    "ST_HAUSDORFFDWITHIN",
    "ST_INTERSECTION",
    "ST_INTERSECTSBOX",
    "ST_LINESUBSTRING",
    "ST_MAKEPOLYGONORIENTED",
    "ST_REGIONSTATS",
    "ST_SIMPLIFY",
    "ST_SNAPTOGRID",
    "TEXT_ANALYZE",
    "TF_IDF",
    "VECTOR_SEARCH",
];

/// The functions that the embedded warehouse has.
fn supported() -> Vec<&'static str> {
    let mut found: Vec<&'static str> = super::names()
        .chain(special::NAMES.iter().copied())
        .chain(json::NAMES.iter().copied())
        .chain(aggregate::NAMES.iter().copied())
        .chain(windows::NAMES.iter().copied())
        .chain(ranges::NAMES.iter().copied())
        .chain(["ARRAY", "CAST", "EXISTS", "EXTRACT", ranges::SESSIONIZE, "SAFE_CAST", "STRUCT", "UNNEST"])
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// All functions, each with whether the embedded warehouse has it.
pub(crate) fn documented() -> Vec<(&'static str, bool)> {
    let mut found: Vec<(&'static str, bool)> = supported().into_iter().map(|name| (name, true)).collect();
    found.extend(OTHERS.iter().map(|name| (*name, false)));
    found.sort_unstable();
    found
}

/// Whether BigQuery has the function.
pub(crate) fn exists_in_bigquery(name: &str) -> bool {
    documented().iter().any(|(own, _)| *own == name)
}
