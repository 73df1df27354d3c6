use super::*;
use segue_model::flow::Flow;
use std::fs;

const FLOW: &str =
    "id: f\nnamespace: n\ntasks:\n  - {id: t, type: io.kestra.plugin.core.debug.Return, format: hi}\n";
const TEST: &str = "id: s\nnamespace: n\nflowId: f\ntestCases:\n  - id: c\n    assertions:\n      - {value: '{{ outputs.t.value }}', equalTo: hi}\n";

fn names(flows: &[Flow]) -> Vec<String> {
    flows.iter().map(|flow| format!("{}.{}", flow.namespace, flow.id)).collect()
}

fn exit(folder: &Path, paths: &[&str], filter: Option<&str>) -> u8 {
    let args = Args {
        paths: paths.iter().map(|path| folder.join(path)).collect(),
        filter: filter.map(str::to_owned),
        output: Format::Text,
    };
    run(&args, Some(folder.to_owned())).unwrap()
}

#[test]
fn the_exit_code_says_whether_all_passed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("f.yaml"), FLOW).unwrap();
    assert_eq!(exit(folder, &["."], None), crate::REFUSED, "no test");
    fs::write(folder.join("f.test.yaml"), TEST).unwrap();
    fs::write(folder.join("compose.yaml"), "services: {}\n").unwrap();
    assert_eq!(exit(folder, &["."], None), crate::OK);
    assert_eq!(exit(folder, &["f.test.yaml"], Some("n.f/s/c")), crate::OK);
    assert_eq!(exit(folder, &["."], Some("other")), crate::REFUSED);
    fs::write(folder.join("f.test.yaml"), TEST.replace("equalTo: hi", "equalTo: ho")).unwrap();
    assert_eq!(exit(folder, &["."], None), crate::FAILED);
    fs::write(folder.join("f.test.yaml"), TEST.replace("equalTo: hi", "equal: hi")).unwrap();
    assert_eq!(exit(folder, &["."], None), crate::REFUSED);
    fs::write(folder.join("f.test.yaml"), TEST.replace("flowId: f", "flowId: g")).unwrap();
    assert_eq!(exit(folder, &["."], None), crate::REFUSED);
    assert_eq!(exit(folder, &["nothing.yaml"], None), crate::REFUSED);
}

#[test]
fn a_broken_flow_is_named_with_its_problem() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("f.yaml"), FLOW.replace("Return", "Retorn")).unwrap();
    fs::write(folder.join("f.test.yaml"), TEST).unwrap();
    let catalog = segue_standalone::catalog_with(&[]).unwrap();
    let found = find::find(&[folder.to_owned()], &catalog).unwrap();
    assert!(names(&found.flows).is_empty());
    let (_, suite) = found.suites().next().unwrap();
    let line = find::missing_flow(&found, suite);
    assert!(line.contains("flow n.f is refused") && line.contains("SEG0210"), "{line}");
}

#[test]
fn files_of_fixtures_are_read_beside_the_test() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("data")).unwrap();
    fs::write(folder.join("data/a.txt"), "hi").unwrap();
    fs::write(folder.join("f.yaml"), FLOW.replace("format: hi", "format: \"{{ read('a.txt') }}\"")).unwrap();
    let with_file =
        TEST.replace("    assertions", "    fixtures: {files: {a.txt: {path: data/a.txt}}}\n    assertions");
    fs::write(folder.join("f.test.yaml"), &with_file).unwrap();
    assert_eq!(exit(folder, &["."], None), crate::OK);
    fs::write(folder.join("f.test.yaml"), with_file.replace("data/a.txt", "data/b.txt")).unwrap();
    assert_eq!(exit(folder, &["."], None), crate::FAILED);
}

#[test]
fn the_tests_of_the_flows_of_this_repository_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../flows");
    let catalog = segue_standalone::catalog_with(&[]).unwrap();
    let found = find::find(std::slice::from_ref(&folder), &catalog).unwrap();
    let tested: std::collections::BTreeSet<_> =
        found.suites().map(|(_, suite)| format!("{}.{}", suite.namespace, suite.flow_id)).collect();
    let flows: std::collections::BTreeSet<_> = names(&found.flows).into_iter().collect();
    assert_eq!(tested, flows, "every flow has tests");
    let data = tempfile::tempdir().unwrap();
    assert_eq!(exit(&folder, &["."], None), crate::OK, "{}", data.path().display());
}
