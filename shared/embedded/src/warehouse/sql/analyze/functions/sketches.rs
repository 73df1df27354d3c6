//! Functions of sketches. `sketches` beside this folder has those that aggregate.

use super::Function;

pub(super) const TABLE: &[Function] =
    &[("HLL_COUNT.EXTRACT", &[("B:I", "COALESCE(CAST(bqf('hll_extract', {0h}) AS BIGINT), 0)")])];
