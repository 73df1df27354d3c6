//! Secrets reach the task. Log, outputs, errors and metrics show none.

use crate::Bench;
use segue_model::state::State;
use segue_ports::Verdict;
use segue_task::testing;
use serde_json::json;

#[tokio::test]
async fn secrets_reach_the_task_and_nothing_else() {
    let bench = Bench::new().await;
    let say = json!(["{{ secret('PASSWORD') }}", "{{ secret('PASSWORD') | upper }}"]);
    let plain = testing::message("test.Probe", json!({"name": "secret", "mode": "", "say": say}));
    assert_eq!(bench.run(plain).await, Verdict::Done);
    assert_eq!(bench.only().outputs["said"], "****** ******");
    assert_eq!(bench.log().await, ["******", "******"]);
    let mut failing = testing::message(
        "test.Probe",
        json!({"name": "secret", "mode": "fail", "say": ["{{ secret('PASSWORD') }}"]}),
    );
    failing.task_run_id = "taskrun2".into();
    assert_eq!(bench.run(failing).await, Verdict::Done);
    assert_eq!(bench.published()[1].error.as_deref(), Some("refused: ******"));
    let mut counting = testing::message(
        "test.Probe",
        json!({"name": "secret", "mode": "count", "say": ["rows", "{{ secret('PASSWORD') }}"]}),
    );
    counting.task_run_id = "taskrun3".into();
    assert_eq!(bench.run(counting).await, Verdict::Done);
    let counted: Vec<_> = bench.published()[2].metrics.iter().map(|metric| metric.name.clone()).collect();
    assert_eq!(counted, ["rows.******", "rows"]);
}

#[tokio::test]
async fn secrets_of_another_namespace_are_not_found() {
    let bench = Bench::new().await;
    let say = json!(["{{ secret('PASSWORD', namespace='company') }}"]);
    let parent = testing::message("test.Probe", json!({"name": "secret", "mode": "", "say": say}));
    assert_eq!(bench.run(parent).await, Verdict::Done);
    assert_eq!(bench.log().await, ["******"]);
    for (at, other) in ["rival.team", "company.team.inner", "compan", ""].into_iter().enumerate() {
        let say = json!([format!("{{{{ secret('PASSWORD', namespace='{other}') }}}}")]);
        let mut asks = testing::message("test.Probe", json!({"name": "secret", "mode": "", "say": say}));
        asks.task_run_id = format!("other{at}").into();
        assert_eq!(bench.run(asks).await, Verdict::Done);
        let error = bench.published().last().unwrap().error.clone().unwrap();
        assert!(error.contains(&format!("of the namespace '{other}'")), "{error}");
    }
}

#[tokio::test]
async fn secret_inputs_reach_the_task_and_nothing_else() {
    let bench = Bench::new().await;
    let token = bench.ports.cipher.seal(&json!("hunter2"), &["execution1", "token"]).unwrap();
    let say = json!(["{{ inputs.token }}", "{{ inputs.token | upper }}"]);
    let mut message = testing::message("test.Probe", json!({"name": "sealed", "mode": "", "say": say}));
    message.context["inputs"] = json!({"token": token});
    assert_eq!(bench.run(message.clone()).await, Verdict::Done);
    assert_eq!(bench.only().outputs["said"], "****** ******");
    assert_eq!(bench.log().await, ["******", "******"]);
    // Made with another key.
    let other = segue_model::Cipher::from_base64("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    message.context["inputs"] = json!({"token": other.seal(&json!("hunter2"), &[]).unwrap()});
    message.task_run_id = "taskrun2".into();
    assert_eq!(bench.run(message).await, Verdict::Done);
    let refused = &bench.published()[1];
    assert_eq!(refused.state, State::Failed);
    assert!(refused.error.as_deref().unwrap().contains("encrypted with another key"), "{:?}", refused.error);
}
