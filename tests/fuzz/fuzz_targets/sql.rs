//! Takes any text as a script of BigQuery SQL. The script is translated or refused. The stack is as large as that of
//! the warehouse's thread. So a text with too deep nesting ends this process too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segue_embedded::warehouse;

fuzz_target!(|sql: &str| {
    let sql = sql.to_owned();
    let thread = std::thread::Builder::new().stack_size(warehouse::STACK_BYTES);
    let translated = thread.spawn(move || warehouse::check_sql(&sql)).unwrap().join();
    if let Ok(statements) = translated.unwrap() {
        assert!(statements > 0, "a script without statements is refused");
    }
});
