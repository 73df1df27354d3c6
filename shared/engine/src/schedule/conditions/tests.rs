use super::*;
use jiff::Timestamp;
use segue_model::label::Label;
use segue_model::state::StateHistory;
use segue_model::task_run::Attempt;
use segue_template::Ambient;
use serde_json::json;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn execution() -> Execution {
    Execution {
        labels: vec![Label::new("env", "prod"), Label::new("n", "1")],
        state: StateHistory::new(State::Failed, at("2024-01-01T00:00:00Z")),
        ..Execution::created("e1".into(), "company.team", "load", 3, Timestamp::UNIX_EPOCH)
    }
}

fn scope(context: Json) -> Scope {
    let ambient = Ambient { now: Timestamp::UNIX_EPOCH, seed: 0, time_zone: TimeZone::UTC };
    Scope::of_variables(context, ambient)
}

fn condition(name: &str, properties: Json) -> Json {
    let mut condition = json!({"type": format!("io.kestra.plugin.core.condition.{name}")});
    let Json::Object(properties) = properties else { panic!("properties are an object") };
    condition.as_object_mut().unwrap().extend(properties);
    condition
}

/// Evaluates a condition at a slot in Paris.
fn ask_at(slot: &str, name: &str, properties: Json) -> Result<bool, ConditionError> {
    let zone = segue_template::time_zone("Europe/Paris").unwrap();
    let slot = at(slot);
    let facts = Facts {
        renderer: &Renderer::new(),
        scope: &scope(json!({"trigger": date_only(slot, &zone), "n": 5})),
        namespace: "company.team",
        flow_id: "daily",
        slot: Some((slot, &zone)),
        execution: None,
    };
    holds(&condition(name, properties), &facts)
}

/// Evaluates a condition on an execution.
fn ask_of(
    execution: &Execution,
    runs: &[TaskRun],
    name: &str,
    properties: Json,
) -> Result<bool, ConditionError> {
    let outputs = json!({"trigger": {"outputs": execution.outputs}});
    let facts = Facts {
        renderer: &Renderer::new(),
        scope: &scope(outputs),
        namespace: "company.other",
        flow_id: "after",
        slot: None,
        execution: Some((execution, runs)),
    };
    holds(&condition(name, properties), &facts)
}

#[test]
fn conditions_on_dates() {
    // 2024-06-07 is the first Friday; at 22:30 UTC it is Saturday in Paris.
    let cases = [
        ("2024-06-07T08:00:00Z", "DayWeek", json!({"dayOfWeek": "FRIDAY"}), true),
        ("2024-06-07T22:30:00Z", "DayWeek", json!({"dayOfWeek": "FRIDAY"}), false),
        (
            "2024-06-07T22:30:00Z",
            "DayWeek",
            json!({"dayOfWeek": "FRIDAY", "date": "2024-06-07T22:30:00Z"}),
            true,
        ),
        (
            "2024-06-07T22:30:00Z",
            "DayWeek",
            json!({"dayOfWeek": "SATURDAY", "date": "{{ trigger.date }}"}),
            true,
        ),
        ("2024-06-07T22:30:00Z", "Weekend", json!({}), true),
        ("2024-06-07T08:00:00Z", "Weekend", json!({}), false),
        (
            "2024-06-07T08:00:00Z",
            "DayWeekInMonth",
            json!({"dayOfWeek": "FRIDAY", "dayInMonth": "FIRST"}),
            true,
        ),
        (
            "2024-06-14T08:00:00Z",
            "DayWeekInMonth",
            json!({"dayOfWeek": "FRIDAY", "dayInMonth": "FIRST"}),
            false,
        ),
        (
            "2024-06-14T08:00:00Z",
            "DayWeekInMonth",
            json!({"dayOfWeek": "FRIDAY", "dayInMonth": "SECOND"}),
            true,
        ),
        (
            "2024-06-28T08:00:00Z",
            "DayWeekInMonth",
            json!({"dayOfWeek": "FRIDAY", "dayInMonth": "FOURTH"}),
            true,
        ),
        (
            "2024-06-28T08:00:00Z",
            "DayWeekInMonth",
            json!({"dayOfWeek": "FRIDAY", "dayInMonth": "LAST"}),
            true,
        ),
        (
            "2024-05-24T08:00:00Z",
            "DayWeekInMonth",
            json!({"dayOfWeek": "FRIDAY", "dayInMonth": "LAST"}),
            false,
        ),
        ("2024-06-07T08:00:00Z", "DateTimeBetween", json!({"after": "2024-06-07T09:59:59+02:00"}), true),
        ("2024-06-07T08:00:00Z", "DateTimeBetween", json!({"after": "2024-06-07T08:00:00Z"}), false),
        (
            "2024-06-07T08:00:00Z",
            "DateTimeBetween",
            json!({"after": "2024-06-01T00:00:00Z", "before": "2024-06-07T08:00:00Z"}),
            false,
        ),
        ("2024-06-07T08:00:00Z", "TimeBetween", json!({"after": "07:00:00Z", "before": "08:30:00Z"}), true),
        ("2024-06-07T08:00:00Z", "TimeBetween", json!({"after": "10:00:00+02:00"}), false),
        ("2024-06-07T08:00:00Z", "TimeBetween", json!({"before": "10:01:00+02:00"}), true),
    ];
    for (slot, name, properties, expected) in cases {
        assert_eq!(ask_at(slot, name, properties.clone()), Ok(expected), "{name} {properties} at {slot}");
    }
}

#[test]
fn expressions_and_their_combinations() {
    let expression = |text: &str| condition("Expression", json!({"expression": text}));
    let ask = |name, properties| ask_at("2024-06-07T08:00:00Z", name, properties);
    for (text, expected) in
        [("{{ n == 5 }}", true), ("{{ n > 5 }}", false), ("  ", false), ("no", true), ("0", true)]
    {
        assert_eq!(ask("Expression", json!({"expression": text})), Ok(expected), "{text}");
    }
    let (yes, no) = (expression("true"), expression("false"));
    assert_eq!(ask("Not", json!({"conditions": [no, no]})), Ok(true));
    assert_eq!(ask("Not", json!({"conditions": [no, yes]})), Ok(false));
    assert_eq!(ask("Or", json!({"conditions": [no, yes]})), Ok(true));
    assert_eq!(ask("Or", json!({"conditions": [no, no]})), Ok(false));
    assert_eq!(ask("FlowCondition", json!({"namespace": "company.team", "flowId": "daily"})), Ok(true));
    assert_eq!(ask("FlowNamespaceCondition", json!({"namespace": "company"})), Ok(false));
    assert_eq!(ask("FlowNamespaceCondition", json!({"namespace": "company", "prefix": true})), Ok(true));
}

#[test]
fn conditions_on_executions() {
    let failed = execution();
    let done = Execution { outputs: json!({"rows": 3}).as_object().cloned(), ..execution() };
    let ask = |name, properties| ask_of(&failed, &[], name, properties);
    let cases = [
        ("ExecutionFlow", json!({"namespace": "company.team", "flowId": "load"}), true),
        ("ExecutionFlow", json!({"namespace": "company", "flowId": "load"}), false),
        ("ExecutionNamespace", json!({"namespace": "company.team"}), true),
        ("ExecutionNamespace", json!({"namespace": "company"}), false),
        ("ExecutionNamespace", json!({"namespace": "company", "comparison": "PREFIX"}), true),
        ("ExecutionNamespace", json!({"namespace": "company", "prefix": true}), true),
        ("ExecutionNamespace", json!({"namespace": "team", "comparison": "SUFFIX"}), true),
        ("ExecutionStatus", json!({"in": ["FAILED"]}), true),
        ("ExecutionStatus", json!({"in": ["SUCCESS", "WARNING"]}), false),
        ("ExecutionStatus", json!({"notIn": ["FAILED"]}), false),
        ("ExecutionLabels", json!({"labels": {"env": "prod", "n": 1}}), true),
        ("ExecutionLabels", json!({"labels": [{"key": "env", "value": "dev"}]}), false),
        ("ExecutionOutputs", json!({"expression": "{{ trigger.outputs.rows > 1 }}"}), false),
    ];
    for (name, properties, expected) in cases {
        assert_eq!(ask(name, properties.clone()), Ok(expected), "{name} {properties}");
    }
    let outputs = json!({"expression": "{{ trigger.outputs.rows > 1 }}"});
    assert_eq!(ask_of(&done, &[], "ExecutionOutputs", outputs), Ok(true));
    let attempt = |state| Attempt { state: StateHistory::new(state, Timestamp::UNIX_EPOCH), log_file: None };
    let run = |attempts| TaskRun { attempts, ..TaskRun::created("r".into(), "t", Timestamp::UNIX_EPOCH) };
    let once = [run(vec![attempt(State::Failed)])];
    let twice = [run(vec![attempt(State::Failed), attempt(State::Success)])];
    assert_eq!(ask_of(&failed, &once, "HasRetryAttempt", json!({"in": ["FAILED"]})), Ok(false));
    assert_eq!(ask_of(&failed, &twice, "HasRetryAttempt", json!({"in": ["FAILED"]})), Ok(true));
    assert_eq!(ask_of(&failed, &twice, "HasRetryAttempt", json!({"in": ["KILLED"]})), Ok(false));
}

#[test]
fn what_cannot_be_told_is_an_error() {
    let error = |name, properties| match ask_at("2024-06-07T08:00:00Z", name, properties) {
        Err(ConditionError::Failed(message)) => message,
        other => panic!("{other:?}"),
    };
    assert!(error("PublicHoliday", json!({})).contains("not supported"));
    assert!(error("DateTimeBetween", json!({})).contains("needs 'after'"));
    assert!(error("DayWeek", json!({"dayOfWeek": "MONDAY", "date": "soon"})).contains("is not a date"));
    assert!(error("TimeBetween", json!({"after": "noon"})).contains("is not a time of day"));
    assert!(error("ExecutionFlow", json!({})).contains("needs an execution"));
    assert!(error("Expression", json!({"expression": "{{ missing.x }}"})).contains("missing"));
    let kv = json!({"expression": "{{ kv('a') }}"});
    assert_eq!(ask_at("2024-06-07T08:00:00Z", "Expression", kv), Err(ConditionError::Pending));
    let none = ask_of(&execution(), &[], "DayWeek", json!({"dayOfWeek": "MONDAY"}));
    assert!(matches!(none, Err(ConditionError::Failed(message)) if message.contains("has a 'date'")));
}
