//! Parses and checks any text as a file of flows. The result is flows or problems, never a panic. A parsed flow can be
//! parsed again from its own source.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segue_engine::Plan;
use segue_engine::check::check;
use segue_engine::inline::inline_types;
use segue_model::catalog::Catalog;
use segue_model::flowable_types::flowable_types;
use segue_model::parse::{flow_document, parse_flows};
use std::sync::{Arc, LazyLock};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let mut types = flowable_types();
    types.extend(inline_types());
    Catalog::new(types)
});

fuzz_target!(|text: &str| {
    let _ = flow_document(text);
    for mut parsed in parse_flows(text, &CATALOG) {
        let found = check(&parsed, &CATALOG);
        parsed.add(found);
        assert!(parsed.flow.is_some() || parsed.has_errors(), "no flow, and no problem");
        if let Some(flow) = parsed.flow {
            let _ = Plan::new(Arc::new(flow), &CATALOG);
        }
    }
});
