//! Whether a statement changes data, as far as its words say.

use crate::lexer::{Part, parts};
use segue_model::{Json, Map};

/// Words of statements that change data. A name of a column that is one of them only makes a look a bit dearer.
const CHANGING: [&str; 10] =
    ["ALTER", "CALL", "COPY", "CREATE", "DELETE", "DROP", "INSERT", "MERGE", "TRUNCATE", "UPDATE"];

/// Whether the query of a trigger takes rows away: the properties `sql` and `afterSQL` as the flow has them.
pub fn changes_data(properties: &Map) -> bool {
    let text = |name: &str| properties.get(name).and_then(Json::as_str).unwrap_or_default();
    let changes = |(part, word): (Part, &str)| {
        part == Part::Word && CHANGING.iter().any(|changing| changing.eq_ignore_ascii_case(word))
    };
    !text("afterSQL").trim().is_empty() || parts(text("sql")).any(changes)
}
