//! The time to read and check a flow must grow linearly with every part of the flow. A part that is 8 times as long
//! must take about 8 times as long. Quadratic work would take 64 times as long.

#![allow(clippy::unwrap_used, reason = "this is test code outside of test functions")]

use segue_engine::check::check;
use segue_engine::inline::inline_types;
use segue_model::catalog::Catalog;
use segue_model::flowable_types::flowable_types;
use segue_model::parse_flow;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

const SMALL: usize = 200;
const TIMES: usize = 8;
/// The largest allowed ratio. Linear work has the ratio 8, quadratic work 64. A busy machine must not change the
/// result.
const MOST: f64 = 28.0;
const LOG: &str = "type: io.kestra.plugin.core.log.Log";

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, at| {
        writeln!(text, "{}", line(at)).unwrap();
        text
    })
}

fn flow(parts: &str) -> String {
    let tasks = if parts.contains("tasks:") {
        String::new()
    } else {
        format!("tasks: [{{id: a, {LOG}, message: m}}]\n")
    };
    format!("id: f\nnamespace: n\n{tasks}{parts}")
}

/// A name, and a function that makes a flow with `n` repetitions of one part.
type Shape = (&'static str, fn(usize) -> String);

const SHAPES: &[Shape] = &[
    ("labels as a map", |n| flow(&format!("labels:\n{}", lines(n, |at| format!("  key{at}: v"))))),
    ("labels as a list", |n| {
        flow(&format!("labels:\n{}", lines(n, |at| format!("  - {{key: key{at}, value: v}}"))))
    }),
    ("inputs that depend on the one before", |n| {
        let input = |at: usize| {
            let depends = at
                .checked_sub(1)
                .map_or_else(String::new, |other| format!(", dependsOn: {{inputs: [i{other}]}}"));
            format!("  - {{id: i{at}, type: STRING{depends}}}")
        };
        flow(&format!("inputs:\n{}", lines(n, input)))
    }),
    ("inputs that depend on nothing there is", |n| {
        flow(&format!(
            "inputs:\n{}",
            lines(n, |at| format!("  - {{id: i{at}, type: STRING, dependsOn: {{inputs: [j{at}]}}}}"))
        ))
    }),
    ("inputs and who reads them", |n| {
        let inputs = lines(n, |at| format!("  - {{id: in{at}, type: STRING}}"));
        let tasks = lines(n, |at| format!("  - {{id: t{at}, {LOG}, message: '{{{{ inputs.in{at} }}}}'}}"));
        flow(&format!("inputs:\n{inputs}tasks:\n{tasks}"))
    }),
    ("inputs that are not there", |n| {
        let inputs = lines(n, |at| format!("  - {{id: in{at}, type: STRING}}"));
        let tasks = lines(n, |at| format!("  - {{id: t{at}, {LOG}, message: '{{{{ inputs.no{at} }}}}'}}"));
        flow(&format!("inputs:\n{inputs}tasks:\n{tasks}"))
    }),
    ("tasks of one id", |n| {
        flow(&format!("tasks:\n{}", lines(n, |_| format!("  - {{id: a, {LOG}, message: m}}"))))
    }),
    ("tasks of unknown types", |n| {
        flow(&format!(
            "tasks:\n{}",
            lines(n, |at| format!("  - {{id: t{at}, type: io.kestra.plugin.core.Lgo{at}}}"))
        ))
    }),
    ("outputs of the task before", |n| {
        flow(&format!(
            "tasks:\n{}",
            lines(n, |at| format!(
                "  - {{id: t{}, {LOG}, message: '{{{{ outputs.t{at}.value }}}}'}}",
                at + 1
            ))
        ))
    }),
    ("outputs of no task", |n| {
        flow(&format!(
            "tasks:\n{}",
            lines(n, |at| format!("  - {{id: t{at}, {LOG}, message: '{{{{ outputs.x{at}.value }}}}'}}"))
        ))
    }),
    ("outputs in a chain of a Dag", |n| {
        let task = |at: usize| {
            let depends =
                at.checked_sub(1).map_or_else(String::new, |other| format!(", dependsOn: [t{other}]"));
            format!(
                "      - {{task: {{id: t{at}, {LOG}, message: '{{{{ outputs.t{}.value }}}}'}}{depends}}}",
                n / 2
            )
        };
        flow(&format!(
            "tasks:\n  - id: d\n    type: io.kestra.plugin.core.flow.Dag\n    tasks:\n{}",
            lines(n, task)
        ))
    }),
    ("a Dag of unknown dependencies", |n| {
        let task =
            |at: usize| format!("      - {{task: {{id: t{at}, {LOG}, message: m}}, dependsOn: [u{at}]}}");
        flow(&format!(
            "tasks:\n  - id: d\n    type: io.kestra.plugin.core.flow.Dag\n    tasks:\n{}",
            lines(n, task)
        ))
    }),
    ("variables and names that are none", |n| {
        let variables = lines(n, |at| format!("  var{at}: x"));
        let tasks = lines(n, |at| format!("  - {{id: t{at}, {LOG}, message: '{{{{ vars.vra{at} }}}}'}}"));
        flow(&format!("variables:\n{variables}tasks:\n{tasks}"))
    }),
    ("variables with problems", |n| {
        flow(&format!("variables:\n{}", lines(n, |at| format!("  var{at}: '{{{{ inputs.a-b }}}}'"))))
    }),
    ("names with dashes", |n| {
        let tasks =
            lines(n, |at| format!("  - {{id: t-{at}, {LOG}, message: '{{{{ outputs.t-{at}.value }}}}'}}"));
        flow(&format!("tasks:\n{tasks}"))
    }),
    ("a task of many properties", |n| {
        let properties = lines(n, |at| format!("    key{at}: '{{{{ nobody{at} }}}}'"));
        flow(&format!("tasks:\n  - id: a\n    {LOG}\n    message: m\n{properties}"))
    }),
    ("a long list of messages", |n| {
        let messages = lines(n, |at| format!("      - '{{{{ nobody{at} }}}}'"));
        flow(&format!("tasks:\n  - id: a\n    {LOG}\n    message:\n{messages}"))
    }),
    ("one line", |n| {
        let tasks = lines(n, |at| format!("{{id: t{at}, {LOG}, message: '{{{{ nobody{at} }}}}'}}"));
        flow(&format!("tasks: [{}]\n", tasks.trim().replace('\n', ", ")))
    }),
    ("a text of many expressions", |n| {
        let text = lines(n, |at| format!("        {{{{ inputs.no{at} ~ outputs.none{at} }}}}"));
        flow(&format!("tasks:\n  - id: a\n    {LOG}\n    message: |\n{text}"))
    }),
    ("plugin defaults of many values", |n| {
        let values = lines(n, |at| format!("      key{at}: v"));
        let own = lines(n, |at| format!("    own{at}: v"));
        flow(&format!(
            "pluginDefaults:\n  - type: io.kestra\n    values:\n{values}tasks:\n  - id: a\n    {LOG}\n    message: m\n{own}"
        ))
    }),
    ("keys that stand twice", |n| {
        let pairs = lines(n, |at| format!("  key{}: v", at / 2));
        flow(&format!("variables:\n{pairs}"))
    }),
    ("cases of a Switch", |n| {
        let cases = lines(n, |at| {
            format!("      case{at}: [{{id: t{at}, {LOG}, message: '{{{{ outputs.t0.x }}}}'}}]")
        });
        flow(&format!(
            "tasks:\n  - id: s\n    type: io.kestra.plugin.core.flow.Switch\n    value: x\n    cases:\n{cases}"
        ))
    }),
    ("triggers", |n| {
        let triggers = lines(n, |at| {
            format!(
                "  - {{id: t{at}, type: io.kestra.plugin.core.trigger.Schedule, cron: '* * * * *', labels: {{a{at}: '{{{{ x }}}}'}}}}"
            )
        });
        flow(&format!("triggers:\n{triggers}"))
    }),
    ("unknown keys", |n| flow(&lines(n, |at| format!("key{at}: v")))),
];

fn catalog() -> Catalog {
    let mut types = flowable_types();
    types.extend(inline_types());
    Catalog::new(types)
}

/// The shortest time of several attempts. Other work of the machine can only make an attempt longer.
fn time(source: &str, catalog: &Catalog, attempts: usize) -> Duration {
    let attempt = |_| {
        let start = Instant::now();
        let parsed = parse_flow(source, catalog);
        let found = check(&parsed, catalog);
        std::hint::black_box(&found);
        start.elapsed()
    };
    (0..attempts).map(attempt).min().unwrap()
}

#[test]
fn no_flow_takes_work_that_grows_with_its_square() {
    let catalog = catalog();
    let mut wrong = Vec::new();
    for (name, shape) in SHAPES {
        let (small, large) = (shape(SMALL), shape(SMALL * TIMES));
        let mut ratio = f64::INFINITY;
        // The machine may be busy for a moment. So the test fails only if all three attempts are slow.
        for _ in 0..3 {
            let (short, long) = (time(&small, &catalog, 3), time(&large, &catalog, 1));
            ratio = ratio.min(long.as_secs_f64() / short.as_secs_f64().max(1e-6));
            if ratio < MOST {
                break;
            }
        }
        println!("{ratio:6.1}  {name}");
        if ratio >= MOST {
            wrong.push(format!("{name}: {TIMES} times as long takes {ratio:.0} times the time"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_hundred_thousand_labels_are_read() {
    let source = flow(&format!("labels:\n{}", lines(100_000, |at| format!("  key{at}: v"))));
    let parsed = parse_flow(&source, &catalog());
    assert_eq!(parsed.flow.unwrap().labels.len(), 100_000);
}
