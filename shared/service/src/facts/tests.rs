use super::*;

const WHOLE: &str = "\
kind: tasks
memory: 1Gi
cpu: 1
timeout_s: 600
concurrency: 20 # each
max_instances: 10
ingress: internal
subscriptions:
  - topic: task-http
    path: /
    ack_deadline_s: 600
    minimum_backoff_s: 0.1
    maximum_backoff_s: 10
    max_delivery_attempts: 5
act_as: [tasks]
roles:
  - role: roles/datastore.user
    target: database
    why: reads
  - role: roles/pubsub.publisher
    target: topic/execution-events
    why: reports
  - permissions: [run.jobs.create, run.jobs.get]
    target: project
    why: runs
";

fn refusal(from: &str, to: &str) -> String {
    assert!(WHOLE.contains(from));
    FunctionFacts::parse(&WHOLE.replace(from, to)).unwrap_err().to_string()
}

#[test]
fn every_fact_is_read() {
    let facts = FunctionFacts::parse(WHOLE).unwrap();
    assert_eq!(
        (facts.kind, facts.concurrency.get(), facts.timeout),
        (FunctionKind::Tasks, 20, Duration::from_secs(600))
    );
    let [subscription] = &facts.subscriptions[..] else { panic!("one subscription is written") };
    assert_eq!(subscription.name("http"), "http-task-http");
    assert_eq!(subscription.minimum_backoff, Duration::from_millis(100));
    assert_eq!(subscription.max_delivery_attempts, Some(5));
    assert_eq!(facts.act_as, [ActAs::Tasks]);
    assert_eq!((facts.ingress, facts.disk), (Ingress::Internal, None));
    let roles: Vec<_> = facts.roles.iter().map(|grant| (grant.role.as_deref(), &*grant.target)).collect();
    let database = (Some("roles/datastore.user"), "database");
    let topic = (Some("roles/pubsub.publisher"), "topic/execution-events");
    assert_eq!(roles, [database, topic, (None, "project")]);
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let error = refusal("concurrency: 20", "concurency: 20");
    assert!(error.contains("concurency") && error.contains("line 5"), "{error}");
    let error = refusal("    path: /\n", "    paths: /\n");
    assert!(error.contains("paths"), "{error}");
}

#[test]
fn a_missing_key_is_named() {
    let error = refusal("memory: 1Gi\n", "");
    assert!(error.contains("memory"), "{error}");
}

#[test]
fn values_that_google_cloud_refuses_are_refused() {
    let cases = [
        ("memory: 1Gi", "memory: 1G", "memory: 1G; it must be"),
        ("timeout_s: 600", "timeout_s: 3601", "timeout_s: 3601"),
        ("ack_deadline_s: 600", "ack_deadline_s: 601", "subscriptions.ack_deadline_s: 601"),
        ("minimum_backoff_s: 0.1", "minimum_backoff_s: 11", "subscriptions.minimum_backoff_s: 11"),
        ("max_delivery_attempts: 5", "max_delivery_attempts: 4", "subscriptions.max_delivery_attempts: 4"),
        ("topic: task-http", "topic: Task", "subscriptions.topic: Task"),
        ("path: /", "path: push", "subscriptions.path: push"),
        ("role: roles/datastore.user", "role: datastore.user", "roles.role: datastore.user"),
        ("role: roles/datastore.user", "role: roles/run.viewer", "roles: roles/run.viewer, roles/pubsub"),
        ("target: database", "target: databases", "roles.target: databases"),
        ("target: topic/execution-events", "target: topic/", "roles.target: topic/"),
        ("why: reads", "why: ''", "roles.why: empty"),
        ("  - role: roles/datastore.user\n    target", "  - target", "roles.target: database"),
        (
            "[run.jobs.create, run.jobs.get]",
            "[run.jobs.get, run.jobs.create]",
            "roles.permissions: run.jobs.get",
        ),
        ("ingress: internal", "ingress: internal\ndisk: 10G", "disk: 10G; it must be"),
        ("ingress: internal", "ingress: public", "function.yaml cannot be read"),
        ("concurrency: 20", "concurrency: 0", "function.yaml cannot be read"),
    ];
    for (from, to, part) in cases {
        let error = refusal(from, to);
        assert!(error.contains(part), "{to}: {error}");
    }
}

#[test]
fn a_message_may_be_tried_forever() {
    let facts =
        FunctionFacts::parse(&WHOLE.replace("max_delivery_attempts: 5", "max_delivery_attempts: null"));
    assert_eq!(facts.unwrap().subscriptions.first().unwrap().max_delivery_attempts, None);
}
