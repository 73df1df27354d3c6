//! Runs the examples of docs/testing.md.

use segue_engine::check::read_flow;
use segue_model::flow::Flow;
use segue_model::parse::parse_suites;
use segue_simulation::suite::{Files, Subject, Verdict, run_case};
use segue_template::Renderer;

const PAGE: &str = include_str!("../../../docs/testing.md");

/// The YAML examples of the page.
fn examples() -> Vec<&'static str> {
    PAGE.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_examples_pass() {
    let catalog = segue_catalog::catalog().unwrap();
    let renderer = Renderer::new();
    let flows: Vec<Flow> = examples()
        .into_iter()
        .filter(|text| !text.contains("testCases"))
        .map(|text| {
            let parsed = read_flow(text, &catalog);
            assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
            parsed.flow.unwrap()
        })
        .collect();
    let mut cases = 0;
    for parsed in examples().into_iter().flat_map(parse_suites) {
        let suite = parsed.suite.unwrap_or_else(|| panic!("{:?}", parsed.diagnostics));
        let flow = flows.iter().find(|flow| flow.id == suite.flow_id).unwrap();
        let subject = Subject { flow, others: &flows, catalog: &catalog, renderer: &renderer };
        for case in &suite.cases {
            assert_eq!(run_case(&subject, case, &Files::new()), Verdict::Success, "{}", case.id);
            cases += 1;
        }
    }
    assert_eq!(cases, 3);
}
