//! Very large documents, and documents that attack the parser.

use super::*;
use crate::parse::parse_flows;
use proptest::prelude::*;

#[test]
fn a_large_flow_is_read_in_linear_time() {
    let tasks: String = (0..20_000)
        .map(|index| format!("  - {{id: t{index}, type: io.kestra.plugin.core.log.Log, message: hi}}\n"))
        .collect();
    assert_eq!(flow(&with_tasks(&tasks)).tasks.len(), 20_000);
}

#[test]
fn the_deepest_flow_needs_no_deep_stack() {
    // A flowable takes two levels of nesting. The flow itself takes two more.
    let nested = |levels: usize| {
        let mut source = String::from("id: f\nnamespace: n\ntasks:\n");
        for level in 0..levels {
            let indent = " ".repeat(level * 2 + 2);
            source.push_str(&format!(
                "{indent}- id: s{level}\n{indent}  type: io.kestra.plugin.core.flow.Sequential\n{indent}  tasks:\n"
            ));
        }
        let indent = " ".repeat(levels * 2 + 2);
        source
            .push_str(&format!("{indent}- {{id: log, type: io.kestra.plugin.core.log.Log, message: hi}}\n"));
        source
    };
    assert!(flow(&nested(48)).task("log").is_some());
    assert!(told(&nested(60)).contains("SEG0104"));
}

#[test]
fn defaults_cannot_make_a_flow_grow_without_bound() {
    let tasks: String = (0..2_000)
        .map(|index| format!("  - {{id: t{index}, type: io.kestra.plugin.core.debug.Any}}\n"))
        .collect();
    let values: String = (0..2_000).map(|index| format!("      k{index}: v\n")).collect();
    let source = format!("{}pluginDefaults:\n  - type: io.kestra\n    values:\n{values}", with_tasks(&tasks));
    assert!(told(&source).contains("SEG0104"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_text_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = parse_flows(&text, &catalog());
    }

    #[test]
    fn random_yaml_never_panics(text in "([a-c]: |- |  |\\[|\\]|\\{|\\}|&a |\\*a|<<: |\n|\"|'|[|>]\n|---\n|\\{\\{ |#|!!str |é|: |, |id|type){0,60}") {
        let _ = parse_flows(&text, &catalog());
    }

    #[test]
    fn a_flow_with_a_piece_missing_never_panics(start in 0_usize..900, length in 0_usize..40) {
        let source = format!(
            "id: f\nnamespace: n\ninputs:\n  - {{id: a, type: SELECT, values: [x]}}\ntasks:\n{LOG}  - id: s\n    type: io.kestra.plugin.core.flow.Switch\n    value: '{{{{ inputs.a }}}}'\n    cases:\n      a: [{{id: x, type: io.kestra.plugin.core.log.Log, message: m}}]\n  - id: d\n    type: io.kestra.plugin.core.flow.Dag\n    tasks:\n      - task: {{id: d1, type: io.kestra.plugin.core.log.Log, message: m}}\n        dependsOn: [d1]\ntriggers:\n  - {{id: t, type: io.kestra.plugin.core.trigger.Schedule, cron: '* * * * *'}}\n"
        );
        let kept: String = source.chars().take(start).chain(source.chars().skip(start + length)).collect();
        let parsed = parse_flow(&kept, &catalog());
        prop_assert!(parsed.flow.is_some() || parsed.has_errors());
    }
}
