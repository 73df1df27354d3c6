use super::*;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use segue_template::{Ambient, Answer, JsonMap, Lookup, LookupTable, Renderer};
use serde_json::json;
use std::sync::Arc;

fn string() -> InputKind {
    InputKind::String { validator: None }
}

fn int() -> InputKind {
    InputKind::Int { min: None, max: None }
}

fn input(id: &str, kind: InputKind) -> Input {
    Input {
        id: id.to_owned(),
        kind,
        description: None,
        display_name: None,
        required: true,
        defaults: None,
        prefill: None,
        depends_on: None,
    }
}

fn optional(input: Input) -> Input {
    Input { required: false, ..input }
}

fn defaults(input: Input, value: Json) -> Input {
    Input { defaults: Some(value), ..input }
}

fn depends_on(input: Input, inputs: &[&str], condition: Option<&str>) -> Input {
    let inputs = inputs.iter().map(|id| (*id).to_owned()).collect();
    Input { depends_on: Some(DependsOn { inputs, condition: condition.map(str::to_owned) }), ..input }
}

fn select(values: &[&str], expression: Option<&str>, auto_select_first: bool) -> InputKind {
    InputKind::Select {
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        expression: expression.map(str::to_owned),
        allow_custom_value: false,
        auto_select_first,
    }
}

fn resolve_with(table: &LookupTable, inputs: &[Input], submitted: Json) -> Result<Json, ResolveError> {
    let context = json!({"flow": {"id": "f", "namespace": "ns"}, "inputs": {"leaked": 1}});
    let renderer = Renderer::new();
    let scope = InputScope {
        renderer: &renderer,
        variables: Arc::new(JsonMap::new(context.as_object().unwrap().clone())),
        lookups: Arc::new(table.clone()),
        ambient: Ambient { now: Timestamp::UNIX_EPOCH, seed: 1, time_zone: TimeZone::UTC },
    };
    resolve(inputs, submitted.as_object().unwrap(), &scope).map(Json::Object)
}

fn resolved(inputs: &[Input], submitted: Json) -> Json {
    resolve_with(&LookupTable::new(), inputs, submitted).unwrap()
}

fn refused(inputs: &[Input], submitted: Json) -> Vec<String> {
    match resolve_with(&LookupTable::new(), inputs, submitted) {
        Err(ResolveError::Refused(problems)) => problems.into_iter().map(|problem| problem.message).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn submitted_defaulted_and_absent_values() {
    let inputs = [
        input("s", string()),
        defaults(input("d", string()), json!("x")),
        defaults(input("n", int()), json!(5)),
        optional(input("o", string())),
        defaults(input("e", string()), json!("x")),
    ];
    assert_eq!(
        resolved(&inputs, json!({"s": "a", "d": null, "e": "", "unknown": 1})),
        json!({"s": "a", "d": "x", "n": 5, "o": null, "e": ""})
    );
    assert_eq!(
        resolved(&inputs, json!({"s": "a", "d": "b", "n": "7", "o": "c"})),
        json!({"s": "a", "d": "b", "n": 7, "o": "c", "e": "x"})
    );
}

#[test]
fn all_problems_are_told_in_order() {
    let inputs = [
        input("a", string()),
        input("b", int()),
        input("c", InputKind::Int { min: Some(10), max: None }),
        input("ok", string()),
        input("d", InputKind::Date { after: None, before: None }),
    ];
    let messages = refused(&inputs, json!({"b": "x", "c": 3, "ok": "", "d": "now"}));
    assert_eq!(messages.len(), 4);
    assert_eq!(messages[0], "Invalid input for `a`, missing required input, but received `null`");
    assert_eq!(
        messages[1],
        "Invalid input for `b`, it must be a whole number between -2147483648 and 2147483647, but received `x`"
    );
    assert_eq!(messages[2], "Invalid input for `c`, it must be more than `10`, but received `3`");
    assert_eq!(
        messages[3],
        "Invalid input for `d`, it must be a date such as 2024-01-31, but received `now`"
    );
    let error = resolve_with(&LookupTable::new(), &inputs, json!({})).unwrap_err();
    assert_eq!(error.to_string(), "Invalid input for `a`, missing required input, but received `null`");
}

#[test]
fn a_secret_is_not_told() {
    let pin = InputKind::Secret { validator: Some("[0-9]{4}".to_owned()) };
    assert_eq!(
        refused(&[input("pin", pin)], json!({"pin": "hunter2"})),
        ["Invalid input for `pin`, it must match the pattern `[0-9]{4}`, but received `******`"]
    );
}

#[test]
fn dotted_ids_nest() {
    let inputs = [input("a.b", int()), defaults(input("a.c.d", string()), json!("{{ inputs.a.b }}"))];
    assert_eq!(resolved(&inputs, json!({"a.b": 1})), json!({"a": {"b": 1, "c": {"d": "1"}}}));
    assert_eq!(resolved(&inputs, json!({"a": {"b": 2}})), json!({"a": {"b": 2, "c": {"d": "2"}}}));
}

#[test]
fn defaults_are_rendered() {
    let inputs = [
        input("who", string()),
        defaults(input("greeting", string()), json!("Hi {{ inputs.who }} from {{ flow.namespace }}")),
        defaults(input("n", int()), json!("{{ 1 + 2 }}")),
        defaults(input("j", InputKind::Json), json!({"who": "{{ inputs.who }}"})),
        defaults(input("l", InputKind::Array { item_type: "INT".to_owned() }), json!(["{{ 4 }}", 5])),
    ];
    assert_eq!(
        resolved(&inputs, json!({"who": "Ada"})),
        json!({"who": "Ada", "greeting": "Hi Ada from ns", "n": 3, "j": {"who": "Ada"}, "l": [4, 5]})
    );
    let leaked = [defaults(input("x", string()), json!("{{ inputs.leaked }}"))];
    let messages = refused(&leaked, json!({}));
    assert!(
        messages[0].starts_with("Invalid input for `x`, Cannot render 'defaults'. Cause: Unable to find")
    );
}

#[test]
fn submitted_values_are_not_rendered() {
    let inputs = [input("s", string())];
    assert_eq!(resolved(&inputs, json!({"s": "{{ flow.id }}"})), json!({"s": "{{ flow.id }}"}));
}

#[test]
fn a_condition_decides_whether_an_input_is_asked_for() {
    let inputs = [
        depends_on(input("region", string()), &["cloud"], Some("{{ inputs.cloud }}")),
        input("cloud", InputKind::Boolean),
        depends_on(input("zone", string()), &["region"], None),
    ];
    let all = json!({"cloud": "true", "region": "eu", "zone": "a"});
    assert_eq!(resolved(&inputs, all), json!({"region": "eu", "cloud": true, "zone": "a"}));
    let none = json!({"cloud": "false", "region": "eu", "zone": "a"});
    assert_eq!(resolved(&inputs, none), json!({"cloud": false}), "dropped, though submitted and required");
    assert_eq!(
        refused(&inputs, json!({"cloud": true})),
        ["Invalid input for `region`, missing required input, but received `null`"],
        "inputs that depend on a refused input are not reported"
    );
}

#[test]
fn only_true_enables() {
    for (condition, is_enabled) in [
        ("{{ inputs.n == 1 }}", true),
        ("{{ inputs.n == 2 }}", false),
        ("{{ inputs.n }}", false),
        ("yes", false),
        ("{{ inputs.n == 1 and flow.id == 'f' }}", true),
    ] {
        let inputs = [input("n", int()), depends_on(input("x", string()), &["n"], Some(condition))];
        let map = resolved(&inputs, json!({"n": 1, "x": "v"}));
        assert_eq!(map.get("x").is_some(), is_enabled, "{condition}");
    }
}

#[test]
fn a_condition_sees_only_what_is_listed() {
    let inputs = [
        input("a", int()),
        input("b", int()),
        depends_on(input("x", string()), &["a"], Some("{{ inputs.b == 1 }}")),
    ];
    let messages = refused(&inputs, json!({"a": 1, "b": 1, "x": "v"}));
    assert!(
        messages[0].starts_with("Invalid input for `x`, Invalid condition: Unable to find"),
        "{messages:?}"
    );
}

#[test]
fn a_circle_is_told() {
    let inputs =
        [depends_on(input("a", string()), &["b"], None), depends_on(input("b", string()), &["a"], None)];
    let messages = refused(&inputs, json!({"a": "1", "b": "2"}));
    assert_eq!(messages.len(), 1);
    assert!(messages[0].contains("`dependsOn` leads back to itself"), "{messages:?}");
}

#[test]
fn choices_may_come_from_an_expression() {
    let kind = || select(&[], Some("{{ [inputs.first, 'b', 3] }}"), false);
    let inputs = [input("first", string()), input("s", kind())];
    assert_eq!(resolved(&inputs, json!({"first": "a", "s": "a"})), json!({"first": "a", "s": "a"}));
    assert_eq!(
        refused(&inputs, json!({"first": "a", "s": "c"})),
        ["Invalid input for `s`, it must match the values `[a, b, 3]`, but received `c`"]
    );
    for (expression, class) in [("{{ 'text' }}", "String"), ("{{ null }}", "<null>"), ("{{ 1 }}", "Long")] {
        let messages = refused(&[input("s", select(&[], Some(expression), false))], json!({"s": "a"}));
        let expected = format!(
            "Invalid input for `s`, Invalid expression result. Expected a list of strings, but received {class}, \
             but received `null`"
        );
        assert_eq!(messages, [expected]);
    }
    let broken = refused(&[input("s", select(&[], Some("{{ inputs.none }}"), false))], json!({"s": "a"}));
    assert!(
        broken[0].starts_with("Invalid input for `s`, Cannot render 'expression'. Cause: Unable to find")
    );
}

#[test]
fn the_first_choice_may_select_itself() {
    let inputs = [input("s", select(&["x", "y"], None, true))];
    assert_eq!(resolved(&inputs, json!({})), json!({"s": "x"}));
    assert_eq!(resolved(&inputs, json!({"s": "y"})), json!({"s": "y"}));
    let from_expression = [input("s", select(&[], Some("{{ ['p', 'q'] }}"), true))];
    assert_eq!(resolved(&from_expression, json!({})), json!({"s": "p"}));
    let with_default = [defaults(input("s", select(&["x", "y"], None, true)), json!("y"))];
    assert_eq!(resolved(&with_default, json!({})), json!({"s": "y"}));
}

#[test]
fn answers_are_waited_for_all_at_once() {
    let inputs = [
        defaults(input("a", string()), json!("{{ kv('a') }}")),
        defaults(input("b", string()), json!("{{ kv('b') }}")),
        input("c", int()),
    ];
    let table = LookupTable::new();
    assert_eq!(resolve_with(&table, &inputs, json!({})), Err(ResolveError::Pending));
    let asked = table.take_pending();
    let keys = ["a", "b"].map(|key| Lookup::Kv { namespace: None, key: key.to_owned() });
    assert_eq!(asked, keys);
    for key in keys {
        table.insert(key, Answer::Found(json!("v")));
    }
    assert_eq!(resolve_with(&table, &inputs, json!({"c": 1})), Ok(json!({"a": "v", "b": "v", "c": 1})));
}
