use super::*;
use jiff::tz::TimeZone;
use segue_model::execution::Execution;
use segue_model::state::StateHistory;
use segue_template::{Ambient, Renderer, Scope};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn trigger(properties: Json, conditions: Json) -> FlowTrigger {
    let trigger = json!({
        "id": "t", "type": "io.kestra.plugin.core.trigger.Flow", "description": null, "disabled": false,
        "conditions": conditions, "labels": [], "inputs": {}, "stop_after": [], "log_level": null,
        "properties": properties,
    });
    FlowTrigger::from_trigger(&serde_json::from_value(trigger).unwrap()).unwrap()
}

fn execution(flow: &str, state: State) -> Execution {
    let id = ExecutionId::from(flow);
    Execution {
        state: StateHistory::new(state, Timestamp::UNIX_EPOCH),
        ..Execution::created(id, "company", flow, 1, Timestamp::UNIX_EPOCH)
    }
}

fn tell(
    trigger: &FlowTrigger,
    windows: &mut Windows,
    flow: &str,
    state: State,
    date: &str,
) -> Option<Vec<String>> {
    let event = format!("{flow}@{date}");
    let execution = execution(flow, state);
    let ambient = Ambient { now: Timestamp::UNIX_EPOCH, seed: 0, time_zone: TimeZone::UTC };
    let scope = Scope::of_variables(json!({"trigger": variables(&execution, state)}), ambient);
    let facts = Facts {
        renderer: &Renderer::new(),
        scope: &scope,
        namespace: "company",
        flow_id: "after",
        slot: None,
        execution: Some((&execution, &[])),
    };
    let matched = trigger.matched(&facts, windows, &event, at(date)).unwrap();
    *windows = matched.windows;
    matched.fires.then_some(matched.causes)
}

fn flows(reset: bool) -> FlowTrigger {
    let preconditions = json!({
        "id": "both", "resetOnSuccess": reset, "timeWindow": {"type": "DURATION_WINDOW", "window": "P1D"},
        "flows": [
            {"namespace": "company", "flowId": "a", "states": ["SUCCESS"]},
            {"namespace": "company", "flowId": "b"},
        ],
    });
    trigger(json!({"preconditions": preconditions}), json!([]))
}

#[test]
fn states_and_conditions_decide_alone() {
    let any = trigger(json!({}), json!([]));
    let mut none = Windows::new();
    assert_eq!(
        tell(&any, &mut none, "a", State::Failed, "2024-01-01T00:00:00Z"),
        Some(vec!["a@2024-01-01T00:00:00Z".to_owned()])
    );
    assert_eq!(
        tell(&any, &mut none, "a", State::Paused, "2024-01-01T00:00:00Z"),
        None,
        "PAUSED has to be named"
    );
    assert_eq!(tell(&any, &mut none, "a", State::Running, "2024-01-01T00:00:00Z"), None);
    let paused = trigger(
        json!({"states": ["PAUSED"]}),
        json!([{"type": "x.ExecutionFlow", "namespace": "company", "flowId": "a"}]),
    );
    assert!(tell(&paused, &mut none, "a", State::Paused, "2024-01-01T00:00:00Z").is_some());
    assert!(tell(&paused, &mut none, "b", State::Paused, "2024-01-01T00:00:00Z").is_none());
    assert!(tell(&paused, &mut none, "a", State::Success, "2024-01-01T00:00:00Z").is_none());
    assert!(none.is_empty());
}

#[test]
fn preconditions_fire_once_a_set() {
    let both = flows(true);
    let mut windows = Windows::new();
    let mut tell = |flow, state, date| tell(&both, &mut windows, flow, state, date);
    assert_eq!(tell("a", State::Failed, "2024-01-01T01:00:00Z"), None, "not in its states");
    assert_eq!(tell("b", State::Success, "2024-01-01T02:00:00Z"), None);
    assert_eq!(tell("c", State::Success, "2024-01-01T02:30:00Z"), None, "of no interest");
    assert_eq!(
        tell("a", State::Success, "2024-01-01T03:00:00Z"),
        Some(vec!["a@2024-01-01T03:00:00Z".to_owned(), "b@2024-01-01T02:00:00Z".to_owned()])
    );
    assert_eq!(tell("a", State::Success, "2024-01-01T03:00:00Z"), None, "reported twice");
    assert_eq!(tell("b", State::Success, "2024-01-01T04:00:00Z"), None, "the set starts again");
    assert!(tell("a", State::Success, "2024-01-01T05:00:00Z").is_some());
}

#[test]
fn a_window_ends() {
    let both = flows(true);
    let mut windows = Windows::new();
    let mut tell = |flow, date| tell(&both, &mut windows, flow, State::Success, date).is_some();
    assert!(!tell("a", "2024-01-01T23:00:00Z"));
    assert!(!tell("b", "2024-01-02T01:00:00Z"), "another day");
    assert!(!tell("a", "2024-01-01T23:30:00Z"), "too late: its day is over");
    assert!(tell("a", "2024-01-02T02:00:00Z"));
}

#[test]
fn without_a_reset_it_fires_on() {
    let both = flows(false);
    let mut windows = Windows::new();
    let mut tell = |flow, date| tell(&both, &mut windows, flow, State::Success, date).is_some();
    assert!(!tell("a", "2024-01-01T01:00:00Z"));
    assert!(tell("b", "2024-01-01T02:00:00Z"));
    assert!(!tell("b", "2024-01-01T02:00:00Z"), "reported twice");
    assert!(tell("b", "2024-01-01T03:00:00Z"));
}

#[test]
fn filters_look_at_the_execution() {
    let of = |filters: Json, operand: &str| {
        let preconditions =
            json!({"id": "p", "where": [{"id": "w", "operand": operand, "filters": filters}]});
        trigger(json!({"preconditions": preconditions}), json!([]))
    };
    let ask = |filters, operand| {
        tell(&of(filters, operand), &mut Windows::new(), "sales", State::Warning, "2024-01-01T00:00:00Z")
            .is_some()
    };
    let cases = [
        (json!([{"field": "FLOW_ID", "type": "EQUAL_TO", "value": "sales"}]), true),
        (json!([{"field": "FLOW_ID", "type": "STARTS_WITH", "value": "sal"}]), true),
        (json!([{"field": "FLOW_ID", "type": "REGEX", "value": "s.*s"}]), true),
        (json!([{"field": "FLOW_ID", "type": "REGEX", "value": "s"}]), false),
        (json!([{"field": "NAMESPACE", "type": "NOT_EQUAL_TO", "value": "company"}]), false),
        (json!([{"field": "STATE", "type": "IN", "values": ["SUCCESS", "WARNING"]}]), true),
        (json!([{"field": "STATE", "type": "NOT_IN", "values": ["SUCCESS", "WARNING"]}]), false),
        (
            json!([{"field": "EXPRESSION", "type": "IS_TRUE", "value": "{{ trigger.flowId == 'sales' }}"}]),
            true,
        ),
        (json!([{"field": "EXPRESSION", "type": "IS_NULL", "value": "{{ trigger.outputs.x ?? '' }}"}]), true),
    ];
    for (filters, expected) in cases {
        assert_eq!(ask(filters.clone(), "AND"), expected, "{filters}");
    }
    let two = json!([
        {"field": "FLOW_ID", "type": "CONTAINS", "value": "ale"},
        {"field": "FLOW_ID", "type": "ENDS_WITH", "value": "x"},
    ]);
    assert!(!ask(two.clone(), "AND"));
    assert!(ask(two, "OR"));
}

#[test]
fn the_older_multiple_condition_is_read() {
    let flow = |id: &str| json!({"type": "x.ExecutionFlow", "namespace": "company", "flowId": id});
    let multiple = json!([
        {"type": "x.ExecutionStatus", "in": ["SUCCESS"]},
        {"type": "x.MultipleCondition", "id": "m", "window": "PT1H", "conditions": {"a": flow("a"), "b": flow("b")}},
    ]);
    let both = trigger(json!({}), multiple);
    let mut windows = Windows::new();
    let mut tell = |flow, state, date| tell(&both, &mut windows, flow, state, date).is_some();
    assert!(!tell("a", State::Success, "2024-01-01T01:10:00Z"));
    assert!(!tell("b", State::Failed, "2024-01-01T01:20:00Z"), "the other condition");
    assert!(tell("b", State::Success, "2024-01-01T01:30:00Z"));
}
